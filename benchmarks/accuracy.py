"""Train every architecture with its defaults from several seeds; mean ± standard deviation of the scores.

    python benchmarks/accuracy.py DATA_DIR [--seeds 3] [--arch elman --arch jordan] [--json FILE]

DATA_DIR holds train.tsv, test.tsv and, unless a share of the training sentences is to serve, dev.tsv. The
best epoch is chosen on the development data; the test data is looked at once, at the end.
"""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report

from rnncli import api, evaluation
from rnncli.config import ARCHITECTURES
from rnncli.data import tsv


def run(folder: Path, arch: str, seed: int, threads: int) -> dict[str, Any]:
    """Train one model and score it."""
    dev = folder / "dev.tsv"
    with tempfile.TemporaryDirectory() as directory:
        trained = api.train(
            folder / "train.tsv",
            dev if dev.exists() else None,
            Path(directory) / "model.npz",
            threads,
            arch=arch,
            seed=seed,
        )
        size = trained.path.stat().st_size
    test = evaluation.evaluate(trained.model, tsv.read(str(folder / "test.tsv")).sentences, threads)
    return {
        "arch": arch, "seed": seed, "test": test.f1, "dev": trained.dev.f1, "accuracy": test.accuracy,
        "scheme": test.scheme, "seconds": trained.result.seconds, "epochs": trained.result.epochs,
        "best_epoch": trained.result.best_epoch, "bytes": size, "sha256": trained.sha256,
    }  # fmt: skip


def spread(values: Sequence[float], digits: int) -> str:
    """Mean ± standard deviation."""
    sd = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{sd}"


def row(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A line of the table: the runs of one architecture."""
    metric = "accuracy" if records[0]["scheme"] == "plain" else "F1"
    return {
        "architecture": records[0]["arch"],
        f"test {metric}, %": spread([100 * r["test"] for r in records], 2),
        f"dev {metric}, %": spread([100 * r["dev"] for r in records], 2),
        "best epoch": spread([r["best_epoch"] for r in records], 0),
        "seconds": spread([r["seconds"] for r in records], 1),
        "model, MB": f"{records[0]['bytes'] / 1e6:.2f}",
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--seeds", type=int, default=3, help="1 … this many")
    parser.add_argument("--arch", action="append", choices=ARCHITECTURES, help="may be given again; else all")
    parser.add_argument("--threads", type=int, default=2, help="change the time, not the scores")
    options = parser.parse_args()
    groups = [
        [run(options.folder, arch, seed, options.threads) for seed in range(1, options.seeds + 1)]
        for arch in options.arch or ARCHITECTURES
    ]
    title = f"{options.folder.resolve().name}, {options.seeds} seeds, {options.threads} threads"
    records = [record for group in groups for record in group]
    report.publish(title, [row(group) for group in groups], records, options.json)


if __name__ == "__main__":
    main()
