"""Seconds until rnncli passes the final scores of CRFsuite, of spaCy and of an earlier version of itself.

    python benchmarks/time_to_score.py [accuracy.json]

Trains nothing: the runs are those of accuracy.py, which trains the versions in turns. There the test data is
scored after every epoch, which is not counted and chooses nothing, and a score is passed by the first epoch that
reaches it. Seconds are the processor's on one thread, from the start of the process: reading, making features
and, of rnncli, scoring the development data are in them.
"""

import argparse
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

import accuracy
import report
import significance
from accuracy import DEFAULT, EARLIER, PEERS, Record
from datasets import FULL


def passed(record: Record, score: float) -> float:
    """The seconds until an epoch of a run, or its end, has this score on the test data; infinite if none has."""
    least = round(score, 5)  # as those of a curve are
    points = [(seconds, test) for seconds, _, test in record["curve"]] + [(record["seconds"], record["test"])]
    return next((seconds for seconds, test in points if test >= least), math.inf)


def shown(seconds: float) -> str:
    """Seconds as text; a dash if it never happened."""
    return f"{seconds:,.0f}" if seconds < math.inf else "–"


def mean(records: Sequence[Record]) -> float:
    """The mean score on the test data."""
    return float(statistics.mean(record["test"] for record in records))


def middle(records: Sequence[Record]) -> str:
    """The median of the seconds."""
    return shown(statistics.median(record["seconds"] for record in records))


def peers(records: Sequence[Record]) -> list[dict[str, str]]:
    """For each data set the scores and seconds of the other programs, and when the default passes them."""
    rows = []
    for data in FULL:
        if not (ours := accuracy.of(records, data, DEFAULT)):
            continue
        row = {"data": FULL[data].title}
        for name in PEERS:
            theirs = accuracy.of(records, data, name)
            score, end, after = "–", "–", "–"
            if theirs:
                score = f"{100 * mean(theirs):.2f}"
                end = middle(theirs)
                after = shown(statistics.median(passed(record, mean(theirs)) for record in ours))
            row |= {name: score, f"{name}, s": end, f"rnncli passes {name} after, s": after}
        rows.append(row | {"rnncli": f"{100 * mean(ours):.2f}", "rnncli, s": middle(ours)})
    return rows


def versions(records: Sequence[Record]) -> list[dict[str, str]]:
    """For each data set both versions' scores and seconds, and when they reach the final score of the earlier one's
    run from the same seed.
    """
    rows = []
    for data in FULL:
        earlier, now = (accuracy.of(records, data, name) for name in (EARLIER, DEFAULT))
        seeds = {record["seed"] for record in earlier} & {record["seed"] for record in now}
        if not seeds:
            continue
        earlier, now = ([r for r in group if r["seed"] in seeds] for group in (earlier, now))
        pairs = list(zip(earlier, now, strict=True))
        ends = [b["seconds"] / a["seconds"] for a, b in pairs]
        reached = [[passed(b, a["test"]) for a, b in zip(earlier, group, strict=True)] for group in (earlier, now)]
        [difference] = significance.compare(accuracy.counts(now), [accuracy.counts(earlier)])
        medians = [statistics.median(seconds) for seconds in reached]
        rows.append(
            {
                "data": FULL[data].title,
                "earlier": f"{100 * mean(earlier):.2f}",
                "now": f"{100 * mean(now):.2f}",
                "now is above by [95 %]": accuracy.shown(difference),
                "earlier, s": middle(earlier),
                "now, s": middle(now),
                "ratio": f"{statistics.median(ends):.2f}",
                "from–to": f"{min(ends):.2f}–{max(ends):.2f}",
                "earlier's score by earlier, s": shown(medians[0]),
                "by now, s": shown(medians[1]),
                "ratio of these": f"{medians[1] / medians[0]:.2f}" if max(medians) < math.inf else "–",
                "seeds": str(len(seeds)),
            }
        )
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="?", default=Path(__file__).with_name("accuracy.json"))
    records = report.saved(parser.parse_args().runs)
    for title, rows in ("Beside others", peers(records)), ("Beside the earlier version", versions(records)):
        if rows:
            report.publish(title, rows)


if __name__ == "__main__":
    main()
