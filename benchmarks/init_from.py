"""Go on training with other data: half of a training set, and then the other half with --init-from.

    python benchmarks/init_from.py DATA_DIR [--seeds 3] [--json FILE]

DATA_DIR holds the folder atis. Its training sentences are drawn into two halves. Every training has default
settings, and chooses its best epoch on the development data; the test data is looked at once, at the end. Seeds
that are in FILE already are not run again.
"""

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import report

from rnncli import __version__, api, evaluation
from rnncli.data import reading


class Way(NamedTuple):
    """A training: the sentences, the way whose model it begins from, and the share of the usual learning rate."""

    title: str
    data: str
    start: str = ""
    rate: float = 1.0


WAYS = {
    "first": Way("first half", "first"),
    "second": Way("second half", "second"),
    "first, second": Way("second half, from the model of the first", "second", "first"),
    "first, second, half": Way("the same, half the learning rate", "second", "first", 0.5),
    "first, second, fifth": Way("the same, a fifth of it", "second", "first", 0.2),
    "all": Way("both halves at once", "all"),
}
USUAL_RATE = 0.002


def write_parts(folder: Path, source: Path) -> None:
    """Write the training set and its two halves, drawn from a fixed seed."""
    text = source.read_text("utf-8")
    sentences = text.strip("\n").split("\n\n")
    order = np.random.default_rng(1).permutation(len(sentences))
    middle = len(order) // 2
    for name, numbers in {"first": order[:middle], "second": order[middle:]}.items():
        part = "\n\n".join(sentences[number] for number in sorted(numbers))
        (folder / f"{name}.tsv").write_text(part + "\n", "utf-8", newline="")
    (folder / "all.tsv").write_text(text, "utf-8", newline="")


def runs(data: Path, folder: Path, seed: int, threads: int) -> list[dict[str, Any]]:
    """Train every way from one seed."""
    records = []
    test = reading.read(str(data / "test.tsv")).sentences
    for name, way in WAYS.items():
        trained = api.train(
            folder / f"{way.data}.tsv",
            data / "dev.tsv",
            folder / f"{name} {seed}.npz",
            threads,
            seed=seed,
            init_from=folder / f"{way.start} {seed}.npz" if way.start else None,
            learning_rate=way.rate * USUAL_RATE,
        )
        scores = evaluation.evaluate(trained.model, test, threads)
        records.append({
            "way": name, "seed": seed, "dev": trained.dev.score, "test": scores.score,
            "best_epoch": trained.result.best_epoch, "epochs": trained.result.epochs,
            "seconds": trained.result.seconds, "rnncli": __version__,
        })  # fmt: skip
        print(records[-1], flush=True)
    return records


def row(records: list[Mapping[str, Any]]) -> dict[str, str]:
    """A line of the table: one way, from all seeds."""

    def spread(key: str) -> str:
        values = [100 * record[key] for record in records]
        return f"{statistics.mean(values):.2f} ± {statistics.stdev(values) if len(values) > 1 else 0:.2f}"

    return {
        "training on": WAYS[records[0]["way"]].title,
        "dev F1": spread("dev"),
        "test F1": spread("test"),
        "epochs": f"{statistics.mean(record['epochs'] for record in records):.0f}",
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--seeds", type=int, default=3, help="1 … this many")
    parser.add_argument("--threads", type=int, default=2, help="change the time, not the scores")
    options = parser.parse_args()
    data = options.folder / "atis"
    records = json.loads(options.json.read_text())["measurements"] if options.json and options.json.exists() else []
    done = {record["seed"] for record in records}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        write_parts(folder, data / "train.tsv")
        for seed in {*range(1, options.seeds + 1)} - done:
            records += runs(data, folder, seed, options.threads)
            if options.json:
                report.save(options.json, "init_from", records)
    rows = [row([record for record in records if record["way"] == name]) for name in WAYS]
    report.publish(f"{options.seeds} seeds", rows, records, options.json)


if __name__ == "__main__":
    main()
