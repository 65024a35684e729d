"""What checkpoints cost: the same training with and without them, in turns; and the time to write one.

    python benchmarks/checkpoints.py [--epochs 25] [--rounds 3] [--json FILE]

25 epochs of the bundled corpus take about a minute on two cores; a checkpoint is written every minute.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import report

from rnncli import api, checkpoint
from rnncli.training import Listener


class Stopping(Listener):
    """Stops a training in its second epoch."""

    epochs = 0.0

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """Note how far it is."""
        self.epochs = epochs

    def should_stop(self) -> bool:
        """Whether it is in its second epoch."""
        return self.epochs > 1.5


def seconds_of_training(folder: Path, epochs: int, minutes: float) -> float:
    """Train with so many minutes between checkpoints; 0: none."""
    began = time.perf_counter()
    api.train(out=folder / "model.npz", epochs=epochs, threads=0, checkpoint_every=minutes)
    return time.perf_counter() - began


def writing(folder: Path) -> dict[str, float]:
    """The size of a checkpoint and the seconds to write it."""
    out = folder / "stopped.npz"
    api.train(out=out, threads=0, listener=Stopping())
    path = api.checkpoint_of(out)
    saved = checkpoint.read(path)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        checkpoint.write(path, saved)
        times.append(time.perf_counter() - began)
    return {"megabytes": path.stat().st_size / 1e6, "seconds": statistics.median(times)}


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = writing(folder)
        for _ in range(options.rounds):
            without = seconds_of_training(folder, options.epochs, 0)
            records.append(
                {"without": without, "with": seconds_of_training(folder, options.epochs, checkpoint.EVERY)}
            )
    ratios = [record["with"] / record["without"] for record in records]
    row = {
        "training of": f"{statistics.median(record['without'] for record in records):.0f} s",
        "with checkpoints": f"× {statistics.median(ratios):.3f}",
        "from–to": f"{min(ratios):.3f}–{max(ratios):.3f}",
        "a checkpoint": f"{one['megabytes']:.1f} MB, {1000 * one['seconds']:.0f} ms",
        "share of a minute": f"{one['seconds'] / 60:.2%}",
    }
    report.publish("Checkpoints", [row], [one, *records], options.json)


if __name__ == "__main__":
    main()
