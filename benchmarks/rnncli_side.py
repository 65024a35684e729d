"""The rnncli side of accuracy.py and time_to_score.py: one training in a process of its own, of any version.

python rnncli_side.py JOB    a directory with job.json, see sides.py

The rnncli that is trained is the one that Python finds, so PYTHONPATH may name another checkout. It uses what that
has had for long: ``api.train``, ``Listener`` and ``evaluation``. Epochs of a refit are not scored.
"""

import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rnncli
from rnncli import api, evaluation, labelling
from rnncli.data import reading
from rnncli.model import Model
from rnncli.training import Epoch, Listener


class Curve(Listener):
    """The scores of an epoch beside the processor's seconds until then, the scoring of test data not counted."""

    def __init__(self, test: str) -> None:
        self.extra = 0.0  # seconds of scoring test data
        self.test = reading.read(test).sentences
        self.model: Model | None = None
        self.points: list[list[float]] = []  # seconds, development score, test score

    def prepared(self, model: Model, *_: Any) -> None:
        """Keep the model, whose weights are those of the moment."""
        self.model = model

    def epoch(self, epoch: Epoch) -> None:
        """Score the test data too."""
        assert self.model
        paused = time.process_time()
        score = evaluation.evaluate(self.model, self.test, with_probabilities=False).score
        self.points.append([round(paused - self.extra, 2), round(epoch.score, 5), round(score, 5)])
        self.extra += time.process_time() - paused


def tags(model: Model, path: str) -> list[Sequence[str]]:
    """The predicted tags of each sentence of a file."""
    sentences = reading.read(path).sentences
    encoded = model.encode([s.tokens for s in sentences], [s.columns for s in sentences])
    numbers = labelling.predict(model, encoded, with_probabilities=False).tags.tolist()
    starts = encoded.starts.tolist()
    return [[model.tags[n] for n in numbers[a:b]] for a, b in itertools.pairwise(starts)]


def main() -> None:
    """Train, and write the tags of the test data."""
    directory = Path(sys.argv[1])
    job = json.loads((directory / "job.json").read_text("utf-8"))
    curve = Curve(job["test"])
    model = directory / "model.npz"
    files = {"data": job["train"], "dev": job["dev"], "out": model}
    options = job["options"] | {"seed": job["seed"]}
    if job["unlabelled"]:  # an earlier version need not know it
        options["unlabelled"] = job["unlabelled"]
    trained = api.train(**files, listener=curve, **options)
    seconds = time.process_time() - curve.extra
    lines = ["\t".join(row) for row in tags(trained.model, job["test"])]
    (directory / "test.tags").write_text("\n".join(lines), "utf-8")
    refit = getattr(trained, "refit", None)
    result = {
        "seconds": seconds,
        "bytes": model.stat().st_size,
        "epochs": trained.result.epochs,
        "best_epoch": trained.result.best_epoch,
        "refit": refit.epochs if refit else 0,
        "dev": trained.dev.score,
        "sha256": trained.sha256,
        "curve": curve.points,
        "package": str(Path(rnncli.__file__).parent),
    }
    (directory / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
