"""The log of a training, ``train --log-gradients``: gradients by distance, epoch by epoch, as one JSON document.

    {"version": 1, "sample": {"sentences", "tokens"},
     "runs": [{"seed", "epochs": [{"number", "loss", "score", "steps", "clipped",
                                   "curves": [{"name", "path", "mean", "left"}]}],
               "diverged": [{"what", "epoch", "batch", "norm", "good_epoch", "rate"}]}]}

``mean[k]`` is the mean of ‖∂L(t)/∂h(t−k)‖ over the sample, the same sentences in every epoch and run; ``left[k]``
the mean share of the norm at k = 0. A number that is not finite is null; ``curves`` is empty if the weights are too
large to compute with, or if the network keeps nothing in memory. ``diverged``, which a run has only if it
is not empty, holds the fields of each :class:`.training.Divergence`.
"""

import json
import reprlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from rnncli import writing
from rnncli.data import opening
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, FileError
from rnncli.inspect.gradients import curves
from rnncli.model import Model
from rnncli.plain.limits import TooLargeError

VERSION = 1
LARGEST = 1 << 28  # bytes of a log that is read
MOST = 1e300  # of a number; powers of ten above it cannot be drawn
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
        if document["sample"] != self.document["sample"]:
            return False
        if seed not in numbers:  # it was stopped in its first epoch
            earlier = [run for run in runs if run["seed"] < seed]
            self.document["runs"] = [*earlier, *self.document["runs"]] if epochs == 0 else self.document["runs"]
            return epochs == 0
        run = runs[numbers.index(seed)]
        run["epochs"] = run["epochs"][:epochs]
        if "diverged" in run:
            run["diverged"] = run["diverged"][:lowered]
        self.document["runs"] = runs[: numbers.index(seed) + 1]
        return len(run["epochs"]) == epochs

    def add(self, model: Model, number: int, loss: float, score: float, steps: int, clipped: int) -> None:
        """Add an epoch: the arguments of :func:`epoch_row`."""
        row = epoch_row(model, self.sentences, number, loss, score, steps, clipped)
        self.document["runs"][-1]["epochs"].append(row)
        self._write()

    def add_divergence(self, values: Mapping[str, Any]) -> None:
        """Add that a number was not finite; the values are the fields of ``training.Divergence``."""
        row = {**values, "norm": _plain(values["norm"])}
        self.document["runs"][-1].setdefault("diverged", []).append(row)
        self._write()

    def _write(self) -> None:
        writing.write_text(self.path, json.dumps(self.document, ensure_ascii=False, allow_nan=False) + "\n")


def epoch_row(
    model: Model, sentences: Sequence[Sentence], number: int, loss: float, score: float, steps: int, clipped: int
) -> dict[str, Any]:
    """An epoch in a log: its numbers, which are fields of ``training.Epoch``, and the curves at the end of it."""
    norm_curves = []
    with np.errstate(all="ignore"), suppress(TooLargeError):
        norm_curves = curves(model, sentences)
    rows = [
        {"name": c.name, "path": c.path, "mean": list(map(_plain, c.mean)), "left": list(map(_plain, c.left))}
        for c in norm_curves
    ]
    means = {"loss": _plain(loss), "score": _plain(score)}
    return {"number": number, **means, "steps": steps, "clipped": clipped, "curves": rows}


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def read(path: str) -> dict[str, Any]:
    """Read the file of a :class:`Log`; any other content is a :class:`DataError` that says where it is wrong."""
    try:
        with opening.opened(path) as file:
            document = _parsed(_content(file))
        _check(document)
    except _WrongError as error:
        where = f"{opening.name_of(path)}{error.where}"
        hint = error.hint or "make one: rnncli train --log-gradients FILE"
        raise DataError(f"not a log of gradients: {error}", where=where, hint=hint) from error.__cause__
    return document


class _WrongError(Exception):
    """What is wrong in a log; ``where`` is a line and a column if they are known."""

    def __init__(self, message: str, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint


def _content(file: BinaryIO) -> bytes:
    """The bytes of a file, which must be an object of JSON; of any other file only the first are read."""
    start = file.read(opening.CHUNK)
    if not start.lstrip().startswith(b"{"):
        raise _WrongError("it does not begin with {", ":1:1")
    content = start + file.read(LARGEST + 1 - len(start))
    if len(content) > LARGEST:
        raise _WrongError(f"it has more than {LARGEST:,} bytes")
    return content


def _parsed(content: bytes) -> dict[str, Any]:
    """The document, without numbers that JSON does not have."""

    def refuse(name: str) -> None:
        raise _WrongError(f"{name} is no number of JSON")

    try:
        return dict(json.loads(content, parse_constant=refuse))
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise _WrongError(message, f":{error.lineno}:{error.colno}") from error
    except UnicodeDecodeError as error:
        raise _WrongError("it is not UTF-8") from error
    except RecursionError as error:
        raise _WrongError("it is nested too deeply") from error
    except ValueError as error:  # Python reads no integer with so many digits
        raise _WrongError("a number has too many digits") from error


def _check(document: dict[str, Any]) -> None:
    """Check the type of everything that is read later."""
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        is_newer = isinstance(version, int) and version > VERSION
        hint = f"this rnncli reads version {VERSION}; upgrade rnncli" if is_newer else ""
        raise _WrongError(f"version: {reprlib.repr(version)} is not {VERSION}", hint=hint)
    if not isinstance(_value(document, "sample", ""), dict):
        raise _WrongError("sample is not an object")
    for r, run in enumerate(_list(document, "runs", "")):
        place = f"runs[{r}]."
        _whole(run, "seed", place)
        if "diverged" in run:
            _list(run, "diverged", place)
        for e, epoch in enumerate(_list(run, "epochs", place)):
            place = f"runs[{r}].epochs[{e}]."
            for key in ("number", "steps", "clipped"):
                _whole(epoch, key, place)
            for key in ("loss", "score"):
                _number(_value(epoch, key, place), place + key, -MOST)
            for c, curve in enumerate(_list(epoch, "curves", place)):
                _check_curve(curve, f"{place}curves[{c}].")


def _check_curve(curve: Any, place: str) -> None:
    for key in ("name", "path"):
        if not isinstance(_value(curve, key, place), str):
            raise _WrongError(f"{place}{key} is not a text")
    mean = _list(curve, "mean", place)
    left = _list(curve, "left", place)
    if not mean:
        raise _WrongError(f"{place}mean is empty")
    if len(mean) != len(left):
        raise _WrongError(f"{place}left has {len(left)} numbers, and mean has {len(mean)}")
    for key, numbers in (("mean", mean), ("left", left)):
        for k, number in enumerate(numbers):
            _number(number, f"{place}{key}[{k}]", 0)


def _value(parent: Any, key: str, place: str) -> Any:
    if not isinstance(parent, dict):
        raise _WrongError(f"{place.removesuffix('.')} is not an object")
    if key not in parent:
        raise _WrongError(f"{place}{key} is missing")
    return parent[key]


def _list(parent: Any, key: str, place: str) -> list[Any]:
    value = _value(parent, key, place)
    if not isinstance(value, list):
        raise _WrongError(f"{place}{key} is not a list")
    return value


def _whole(parent: Any, key: str, place: str) -> None:
    value = _value(parent, key, place)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise _WrongError(f"{place}{key} is not a whole number from 0 on")


def _number(value: Any, place: str, least: float) -> None:
    """Check a number that may be null."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and least <= value <= MOST):
        raise _WrongError(f"{place} is not a number from {least:g} to {MOST:g}")


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
