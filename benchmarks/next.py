"""How many sentences must be labelled for 95 % of the score of all: chosen by ``rnncli study next``, or at random.

    python benchmarks/next.py DATA_DIR [--sets atis ewt] [--ways …] [--seeds 1 2] [--sentences 1500] [--json FILE]

DATA_DIR holds atis and ud-ewt. Of each training set some sentences are drawn, the pool. The first 50 are chosen at
random, the same for every way of a seed. A model of these, with default settings, chooses the next 50 of the rest,
and so on, each model from new random weights. The score is that of the development data, which no training saw. It
ends at two scores of at least 95 % of that of a model of the whole pool. What FILE holds already is not measured
again.
"""

import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report
from labels import SETS, write

from rnncli import api, evaluation
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.model import Model
from rnncli.network.team import ThreadTeam
from rnncli.studies.priority import Candidates, choose, size
from rnncli.studies.uncertainty import ENTROPY, PATH, Judge

# By its name, how a way measures the uncertainty, and its diversity.
WAYS = {
    "random": ("", 0.0),
    "path": (PATH, 0.0),
    "path, diversity 0.3": (PATH, 0.3),
    "path, diversity 0.6": (PATH, 0.6),
    "entropy": (ENTROPY, 0.0),
}
ALL = "all"
STEP = 50
SHARE = 0.95
MOST = 900


def trained(sentences: Sequence[Sentence], folder: Path, seed: int) -> Model:
    """A model of these sentences."""
    path = write(folder / "train.tsv", sentences)
    return api.train(path, out=folder / "model.npz", seed=seed, force=True, resume=False).model


def chosen(model: Model, way: str, pool: Sequence[Sentence], left: list[int]) -> list[int]:
    """The numbers of the sentences that a way chooses of those that are left."""
    measure, diversity = WAYS[way]
    if not measure:
        return left[:STEP]
    with ThreadTeam(1) as team:
        candidates = Candidates(size(STEP))
        candidates.add(((i, pool[i]) for i in left), Judge(model, measure, team).uncertainty)
    return [choice.number for choice in choose(candidates.ordered(), STEP, diversity)]


def measure(data: Path, name: str, way: str, seed: int, count: int, full: float) -> dict[str, Any]:
    """The scores of one way by the number of sentences."""
    path = data / SETS[name][1]
    every = reading.read(str(path / "train.tsv")).sentences
    dev = reading.read(str(path / "dev.tsv")).sentences
    pool = random.Random(seed).sample(every, count)  # in a random order
    curve: list[tuple[int, float]] = []
    tokens: list[int] = []  # of the sentences, which take a person the more time the longer they are
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        if way == ALL:
            curve.append((count, evaluation.evaluate(trained(pool, folder, seed), dev).score))
        else:
            labelled = list(range(STEP))
            left = list(range(STEP, count))
            while len(labelled) <= MOST and not all(score >= SHARE * full for _, score in (curve or [(0, 0)])[-2:]):
                model = trained([pool[i] for i in labelled], folder, seed)
                curve.append((len(labelled), evaluation.evaluate(model, dev).score))
                tokens.append(sum(len(pool[i].tokens) for i in labelled))
                print(name, way, seed, curve[-1], f"{full:.4f}", flush=True)
                new = chosen(model, way, pool, left)
                labelled += new
                left = [i for i in left if i not in set(new)]
    return {
        "set": name, "way": way, "seed": seed, "sentences": count, "full": full, "curve": curve, "tokens": tokens,
    }  # fmt: skip


def needed(curve: Sequence[tuple[int, float]], wanted: float) -> float:
    """Sentences for a score, on straight lines between the points; infinite if it is not reached."""
    for (low, before), (high, score) in zip([(0, 0.0), *curve], curve, strict=False):
        if score >= wanted:
            return low + (high - low) * (wanted - before) / (score - before)
    return float("inf")


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("folder", type=Path, metavar="DATA_DIR")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--sentences", type=int, default=1500)
    options = parser.parse_args()
    records = report.saved(options.json)
    rows = []

    def record_of(name: str, way: str, seed: int, full: float = 0.0) -> Mapping[str, Any]:
        for record in records:
            if (record["set"], record["way"], record["seed"]) == (name, way, seed):
                return record
        record = measure(options.folder, name, way, seed, options.sentences, full)
        records.append(record)
        if options.json:
            report.add(options.json, "Sentences to label", record)
        return record

    for name in options.sets:
        full = {seed: record_of(name, ALL, seed)["curve"][0][1] for seed in options.seeds}
        for way in options.ways:
            curves = {seed: record_of(name, way, seed, full[seed])["curve"] for seed in options.seeds}
            numbers = [needed(curves[seed], SHARE * full[seed]) for seed in options.seeds]
            at = [dict(curves[seed]).get(200) for seed in options.seeds]
            rows.append({
                "data": SETS[name][0], "way": way,
                "score of all": f"{100 * statistics.mean(full.values()):.2f}",
                "score of 200": "–" if None in at else f"{100 * statistics.mean(filter(None, at)):.2f}",
                "sentences for 95 %": f"{statistics.mean(numbers):.0f}",
                "by seed": ", ".join(f"{number:.0f}" for number in numbers),
            })  # fmt: skip
    report.publish("Sentences to label for 95 % of the score of all", rows)


if __name__ == "__main__":
    main()
