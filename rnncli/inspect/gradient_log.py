"""The log of a training, ``train --log-gradients``: gradients by distance, epoch by epoch, as one JSON document.

    {"version": 1, "sample": {"sentences", "tokens"},
     "runs": [{"seed", "epochs": [{"number", "loss", "score", "steps", "clipped",
                                   "curves": [{"name", "path", "mean", "left"}]}],
               "diverged": [{"what", "epoch", "batch", "norm", "good_epoch", "rate"}]}]}

``mean[k]`` is the mean of ‖∂L(t)/∂h(t−k)‖ over the sample, the same sentences in every epoch and run; ``left[k]``
the mean share of the norm at k = 0. A number that is not finite is null. ``diverged``, which a run has only if it
is not empty, holds the fields of each :class:`.training.Divergence`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncli import writing
from rnncli.data import opening
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, FileError
from rnncli.inspect.gradients import curves
from rnncli.model import Model

VERSION = 1
SAMPLE = 64  # sentences


def sample(sentences: Sequence[Sentence], seed: int) -> list[Sentence]:
    """Draw the sentences of the sample; the random numbers are independent of those of the training."""
    order = np.random.default_rng([seed, 3]).permutation(len(sentences))
    return [sentences[i] for i in sorted(order[:SAMPLE].tolist())]


class Log:
    """Writes the whole file again after every epoch; if that fails, the file of the epoch before stays."""

    def __init__(self, path: Path, sentences: Sequence[Sentence]) -> None:
        self.path = path
        self.sentences = sentences
        tokens = sum(len(sentence.tokens) for sentence in sentences)
        self.document: dict[str, Any] = {
            "version": VERSION,
            "sample": {"sentences": len(sentences), "tokens": tokens},
            "runs": [],
        }

    def begin(self, seed: int) -> None:
        """Begin the list of epochs of a new run."""
        self.document["runs"].append({"seed": seed, "epochs": []})

    def resume(self, seed: int, epochs: int, lowered: int) -> bool:
        """Take from the file what it held after so many epochs of a seed; return whether it holds all of them.

        lowered  how often the learning rate was lowered until then
        """
        try:
            document = read(str(self.path))
        except (DataError, FileError):
            return epochs == 0
        runs = document["runs"]
        numbers = [run["seed"] for run in runs]
        if document["sample"] != self.document["sample"] or seed not in numbers:
            return False
        run = runs[numbers.index(seed)]
        run["epochs"] = run["epochs"][:epochs]
        if "diverged" in run:
            run["diverged"] = run["diverged"][:lowered]
        self.document["runs"] = runs[: numbers.index(seed) + 1]
        return len(run["epochs"]) == epochs

    def add(self, model: Model, number: int, loss: float, score: float, steps: int, clipped: int) -> None:
        """Add the curves of the model at the end of an epoch; the numbers are fields of ``training.Epoch``."""
        with np.errstate(all="ignore"):
            norm_curves = curves(model, self.sentences)
        rows = [
            {"name": c.name, "path": c.path, "mean": list(map(_plain, c.mean)), "left": list(map(_plain, c.left))}
            for c in norm_curves
        ]
        epoch = {"number": number, "loss": loss, "score": score, "steps": steps, "clipped": clipped}
        self.document["runs"][-1]["epochs"].append({**epoch, "curves": rows})
        self._write()

    def add_divergence(self, values: Mapping[str, Any]) -> None:
        """Add that a number was not finite; the values are the fields of ``training.Divergence``."""
        row = {**values, "norm": _plain(values["norm"])}
        self.document["runs"][-1].setdefault("diverged", []).append(row)
        self._write()

    def _write(self) -> None:
        writing.write_text(self.path, json.dumps(self.document, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def read(path: str) -> dict[str, Any]:
    """Read the file of a :class:`Log`; any other content is a :class:`DataError`."""
    with opening.opened(path) as file:
        content = file.read()
    try:
        document = json.loads(content)
        if document["version"] != VERSION:
            raise DataError(
                f"a log of version {document['version']!r} is not known", where=path, hint="upgrade rnncli"
            )
        for run in document["runs"]:
            for epoch in run["epochs"]:
                numbers = [epoch[key] for key in ("number", "loss", "score", "steps", "clipped")]
                texts = [curve[key] for curve in epoch["curves"] for key in ("name", "path")]
                norms = [value for curve in epoch["curves"] for value in (*curve["mean"], *curve["left"])]
                numbers += [value for value in norms if value is not None]
                if not all(isinstance(n, int | float) for n in numbers) or not all(
                    isinstance(t, str) for t in texts
                ):
                    raise TypeError
            int(run["seed"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            "not a log of gradients", where=path, hint="make one: rnncli train --log-gradients FILE"
        ) from error
    return dict(document)


class Map(NamedTuple):
    """One picture of a log: for a run, a layer and direction and a path, a row for each epoch."""

    seed: int
    name: str
    path: str
    rows: list[tuple[dict[str, Any], dict[str, Any]]]  # the epoch, and its curve


def maps(document: dict[str, Any]) -> list[Map]:
    """Group the curves of a log by run, layer and direction, and path."""
    maps_by_key: dict[tuple[int, str, str], Map] = {}
    for run in document["runs"]:
        for epoch in run["epochs"]:
            for curve in epoch["curves"]:
                key = run["seed"], curve["name"], curve["path"]
                maps_by_key.setdefault(key, Map(*key, [])).rows.append((epoch, curve))
    return list(maps_by_key.values())
