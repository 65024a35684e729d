"""Train rnncli, CRFsuite and spaCy on several data sets from several seeds; mean ± standard deviation of scores.

    python benchmarks/accuracy.py DATA_DIR [--set NAME]… [--row NAME]… [--ablations] [--against DIR] [--seeds N]
        [--crf-env DIR] [--spacy-env DIR] [--json FILE]

DATA_DIR holds a folder for each of ``datasets.FULL``. The epoch is chosen on the development data, or on a seeded
share of the training sentences where there is none; nothing is chosen by the test data. Each training is a
process of its own; its seconds are the processor's, from the start of that process until the model is on the
disk. With --json every run is kept as soon as it is done, and a run that is in the file already is not made
again; several of these may write to one file at the same time.
"""

import argparse
import itertools
import math
import operator
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import report
import sides
import significance
from datasets import SETS, SMALL

TITLE = "accuracy"
Record = Mapping[str, Any]


class Row(NamedTuple):
    """A row of the table: a program and what is set; everything else is its default."""

    options: Mapping[str, Any]
    side: str = "rnncli"
    is_earlier: bool = False  # of the checkout that --against names
    has_rest: bool = False  # whether a student learns from the rest of the training file, without its tags


DEFAULT = "default"
EARLIER = "earlier version"
PEERS = ("CRFsuite", "spaCy")
ROWS = {
    DEFAULT: Row({}),
    "distilled": Row({"seeds": 3}, has_rest=True),
    "simple units": Row({"cell": "simple"}),
    EARLIER: Row({}, is_earlier=True),
    "CRFsuite": Row({}, "crf"),
    "spaCy": Row({}, "spacy"),
}
# On ATIS in the README's table, one seed.
ARCHITECTURES = {name: Row({"arch": name}) for name in ("elman", "hybrid", "jordan", "fnn")}
# Each leaves one part of the default out, or sets it otherwise.
ABLATIONS = {
    "neighbours joined": Row({"neighbours": "joined"}),
    "window 0": Row({"window": 0}),
    "without letters": Row({"features": "embedding"}),
    "without words": Row({"features": "ngram"}),
    "softmax": Row({"decoder": "softmax"}),
    "dropout 0.5": Row({"dropout": 0.5}),
    "no dropout": Row({"dropout": 0.0}),
    "no exchange of spans": Row({"exchange": 0.0}),
    "no unknown words": Row({"unknown": 0.0}),
    "no warm-up": Row({"warmup": 0.0}),
    "no clipping": Row({"clip": 0.0}),
    "the rate falls late": Row({"patience": 1_000_000}),
    "no refit": Row({"refit": "no"}),
}
ABLATED = ("atis", "chunks", "atis-300", "chunks-300")
EVERY = ROWS | ARCHITECTURES | ABLATIONS


def seeds(data: str, name: str, asked: int | None = None) -> int:
    """How many runs a row of a data set has."""
    if EVERY[name].side != "rnncli":
        return 1
    if name in ARCHITECTURES:
        return asked or 1
    return asked or (3 if data in SMALL or data == "ewt" or name == EARLIER or name in ABLATIONS else 5)


def is_possible(data: str, name: str, has_earlier: bool) -> bool:
    """Whether a row is run on a data set."""
    row = EVERY[name]
    if row.has_rest and not SETS[data].size:
        return False
    return (row.side != "spacy" or SETS[data].spacy is not None) and (has_earlier or not row.is_earlier)


def spread(values: Sequence[float], digits: int) -> str:
    """Mean ± standard deviation."""
    sd = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{sd}"


def of(records: Sequence[Record], data: str, name: str) -> list[Record]:
    """The runs of a row on a data set, by seed."""
    chosen = [record for record in records if (record["set"], record["row"]) == (data, name)]
    return sorted(chosen, key=operator.itemgetter("seed"))


def counts(records: Sequence[Record]) -> list[significance.Counts]:
    """The counts of each run."""
    return [significance.unpack(record["counts"]) for record in records]


def shown(difference: significance.Difference) -> str:
    """A difference with its interval and its p, in points."""
    value, low, high = (f"{100 * number:+.2f}".replace("-", "−") for number in difference[:3])
    p = "p < 0.001" if difference.p < 0.001 else f"p = {difference.p:.3f}"
    return f"{value} [{low}, {high}], {p}"


def cells(records: Sequence[Record]) -> dict[str, str]:
    """What a row says of its runs alone."""

    def share(key: str, digits: int) -> str:
        values = [100 * record[key] for record in records if record.get(key) is not None]
        return spread(values, digits) if values else "–"

    def middle(key: str) -> float:
        return float(statistics.median(record.get(key, math.nan) for record in records))

    seconds = middle("seconds")
    epochs = middle("epochs")
    refit = statistics.median(record.get("refit", 0) for record in records)
    return {
        "test, %": share("test", 2),
        "dev, %": share("dev", 2),
        "unknown words, %": share("unknown", 1),
        "epochs": "–" if math.isnan(epochs) else f"{epochs:.0f}" + (f" + {refit:.0f}" if refit else ""),
        "training, s": f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.1f}",
        "model, MB": f"{middle('bytes') / 1e6:.1f}",
        "seeds": str(len(records)),
    }


def above(records: Sequence[Record], data: str, names: Sequence[str]) -> dict[str, str]:
    """How far the default is above other rows of a data set, for those that have runs."""
    ours = of(records, data, DEFAULT)
    others = [name for name in names if name != DEFAULT and ours and of(records, data, name)]
    if not others:
        return {}
    differences = significance.compare(counts(ours), [counts(of(records, data, name)) for name in others])
    return {name: shown(each) for name, each in zip(others, differences, strict=True)}


def full(records: Sequence[Record], sets: Sequence[str], names: Sequence[str]) -> list[dict[str, str]]:
    """A line for each row of each data set that has runs, and how far the default is above it."""
    lines = []
    for data in sets:
        differences = above(records, data, names)
        title = SETS[data].heading
        for name in names:
            if runs := of(records, data, name):
                line = {"data": title, "": name, **cells(runs)}
                lines.append(line | {"default is above by [95 %]": differences.get(name, "")})
                title = ""
    return lines


def small(records: Sequence[Record]) -> list[dict[str, str]]:
    """A line for each sample: the scores of the rows side by side."""
    names = [name for name in ROWS if any(of(records, data, name) for data in SMALL)]
    lines = []
    for data in SMALL:
        runs = {name: of(records, data, name) for name in names}
        scores = {f"{name}, %": cells(runs[name])["test, %"] if runs[name] else "–" for name in names}
        differences = above(records, data, names)
        seconds = {"default, s": cells(runs[DEFAULT])["training, s"] if runs.get(DEFAULT) else "–"}
        compared = {
            f"default is above {name} by [95 %]": differences.get(name, "–")
            for name in names
            if name in (*PEERS, EARLIER)
        }
        lines.append({"data": SETS[data].heading, **scores, **seconds, **compared})
    return lines


def ablations(records: Sequence[Record]) -> list[dict[str, str]]:
    """A line for each part of the default: the score without it, and how far the default is above."""
    sets = [data for data in ABLATED if of(records, data, DEFAULT)]
    differences = {data: above(records, data, list(ABLATIONS)) for data in sets}
    lines = []
    for name in [DEFAULT, *ABLATIONS]:
        if any(of(records, data, name) for data in sets):
            line = {"": name}
            for data in sets:
                runs = of(records, data, name)
                line[data] = cells(runs)["test, %"] if runs else "–"
                line[f"{data}: default is above by [95 %]"] = differences[data].get(
                    name, "–" if name != DEFAULT else ""
                )
                line[f"{data}, s"] = cells(runs)["training, s"] if runs else "–"
            lines.append(line)
    return lines


def run_missing(options: argparse.Namespace, sets: Sequence[str], names: Sequence[str]) -> list[Record]:
    """Make the runs that the file does not hold, and return all; rows take turns, a seed after the other."""
    environments = {"crf": options.crf_env, "spacy": options.spacy_env}
    records: list[Record] = list(report.saved(options.json))
    most = max(seeds(data, name, options.seeds) for data in sets for name in names)
    for data, seed, name in itertools.product(sets, range(1, most + 1), names):
        row = EVERY[name]
        if seed > seeds(data, name, options.seeds) or not is_possible(data, name, bool(options.against)):
            continue
        if any(record["seed"] == seed for record in of(records, data, name)):
            continue
        settings = dict(row.options)
        if row.side == "spacy":
            settings = {"component": SETS[data].spacy, "language": SETS[data].language}
        code = options.against if row.is_earlier else None
        task = sides.Task(row.side, data, seed, settings, environments.get(row.side), code, row.has_rest)
        records.append({"row": name, **sides.run(task, options.folder)})
        if options.json:
            report.add(options.json, TITLE, records[-1])
    return records


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--set", action="append", choices=SETS, help="may be given again; else all")
    parser.add_argument("--row", action="append", choices=EVERY, help="may be given again; else all of ROWS")
    parts = f"the default and its parts, on {', '.join(ABLATED)}"
    parser.add_argument("--ablations", action="store_true", help=parts)
    parser.add_argument("--against", type=Path, metavar="DIR", help=f"a checkout of rnncli: the row {EARLIER!r}")
    parser.add_argument("--seeds", type=int, help="1 … this many; else 5, of EWT, small sets and ablations 3")
    parser.add_argument("--crf-env", type=Path, help="an environment with python-crfsuite; else one is made")
    parser.add_argument("--spacy-env", type=Path, help="an environment with spaCy; else one is made")
    options = parser.parse_args()
    sets = options.set or list(ABLATED if options.ablations else SETS)
    names = options.row or ([DEFAULT, *ABLATIONS] if options.ablations else list(ROWS))
    records = run_missing(options, sets, names)
    report.publish("One thread", full(records, sets, names))


if __name__ == "__main__":
    main()
