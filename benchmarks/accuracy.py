"""Train with default settings from several seeds on several data sets; mean ± standard deviation of the scores.

    python benchmarks/accuracy.py DATA_DIR [--seeds 5] [--set atis] [--network default] [--json FILE]

DATA_DIR holds a folder for each row of SETS. The best epoch is chosen on the development data, or on a seeded
share of the training sentences where there is none; the test data is looked at once, at the end. With --json every
run is kept as soon as it is done, and a run that is in the file already is not made again.
"""

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import report

from rnncli import __version__, api, evaluation
from rnncli.data import reading


class Set(NamedTuple):
    """A data set: its files below DATA_DIR."""

    title: str
    train: str
    dev: str | None
    test: str


SETS = {
    "atis": Set("ATIS, words only, span F1", "atis/train.tsv", "atis/dev.tsv", "atis/test.tsv"),
    "chunks-pos": Set(
        "CoNLL-2000, words and POS, span F1", "conll2000/train.pos.tsv", None, "conll2000/test.pos.tsv"
    ),
    "chunks": Set("CoNLL-2000, words only, span F1", "conll2000/train.tsv", None, "conll2000/test.tsv"),
    "ewt": Set("UD English EWT 2.16, UPOS accuracy", "ud-ewt/train.tsv", "ud-ewt/dev.tsv", "ud-ewt/test.tsv"),
}
# What a row of the table sets; everything else is the default.
NETWORKS: dict[str, dict[str, Any]] = {
    "default": {},
    "simple units": {"cell": "simple"},
    "elman": {"arch": "elman"},
    "jordan": {"arch": "jordan"},
    "hybrid": {"arch": "hybrid"},
    "fnn": {"arch": "fnn"},
    "gru": {"cell": "gru"},
    "without letters": {"features": "embedding"},
    "without words": {"features": "ngram"},
    "softmax": {"decoder": "softmax"},
    "window 0": {"window": 0},
    "no dropout": {"dropout": 0.0},
    "no unknown words": {"unknown": 0.0},
    "no clipping": {"clip": 0.0},
}
ABLATIONS = ["default", "simple units", "gru", "without letters", "without words", "softmax", "window 0",
             "no dropout", "no unknown words", "no clipping"]  # fmt: skip


def run(folder: Path, name: str, network: str, seed: int, threads: int) -> dict[str, Any]:
    """Train one model and score it."""
    data = SETS[name]
    with tempfile.TemporaryDirectory() as directory:
        trained = api.train(
            folder / data.train,
            folder / data.dev if data.dev else None,
            Path(directory) / "model.npz",
            threads,
            seed=seed,
            **NETWORKS[network],
        )
        size = trained.path.stat().st_size
    test = evaluation.evaluate(trained.model, reading.read(str(folder / data.test)).sentences, threads)
    return {
        "set": name, "network": network, "seed": seed, "test": test.score, "dev": trained.dev.score,
        "unknown": test.unknown_accuracy, "ece": test.calibration.ece if test.calibration else None,
        "seconds": trained.result.seconds, "epochs": trained.result.epochs,
        "best_epoch": trained.result.best_epoch, "bytes": size, "sha256": trained.sha256, "rnncli": __version__,
    }  # fmt: skip


def spread(values: Sequence[float], digits: int) -> str:
    """Mean ± standard deviation."""
    sd = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{sd}"


def row(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A line of the table: the runs of one network on one data set."""
    return {
        "data": SETS[records[0]["set"]].title,
        "network": records[0]["network"],
        "test, %": spread([100 * r["test"] for r in records], 2),
        "dev, %": spread([100 * r["dev"] for r in records], 2),
        "unknown words, %": spread([100 * (r["unknown"] or 0) for r in records], 1),
        "best epoch": spread([r["best_epoch"] for r in records], 0),
        "training, s": f"{statistics.mean(r['seconds'] for r in records):.0f}",
        "model, MB": f"{records[0]['bytes'] / 1e6:.1f}",
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--seeds", type=int, default=5, help="1 … this many")
    parser.add_argument("--set", action="append", choices=SETS, help="may be given again; else all")
    parser.add_argument("--network", action="append", choices=NETWORKS, help="may be given again; else two")
    parser.add_argument("--ablations", action="store_true", help="all that leave one thing out")
    parser.add_argument("--threads", type=int, default=2, help="change the time, not the scores")
    options = parser.parse_args()
    records = json.loads(options.json.read_text())["measurements"] if options.json and options.json.exists() else []
    networks = options.network or (ABLATIONS if options.ablations else ["default", "simple units"])
    rows = []
    for name in options.set or SETS:
        for network in networks:
            group = []
            for seed in range(1, options.seeds + 1):
                key = name, network, seed
                found = [r for r in records if (r["set"], r["network"], r["seed"]) == key]
                if not found:
                    found = [run(options.folder, *key, options.threads)]
                    records += found
                    if options.json:
                        report.save(options.json, "accuracy", records)
                group += found[:1]
            rows.append(row(group))
    report.publish(f"{options.seeds} seeds, {options.threads} threads", rows, records, options.json)


if __name__ == "__main__":
    main()
