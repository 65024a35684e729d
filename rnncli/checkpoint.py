"""The checkpoint of a training: a file beside its output from which the training goes on as if it had not stopped.

It is an archive as a model is, and is described in docs/format.md. It names the training that it belongs to; any
other is refused.
"""

import hashlib
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from rnncli import __version__, archive, arguments, writing
from rnncli.errors import FileError, ModelError, UsageError
from rnncli.parameters import Array
from rnncli.training import Failure, Progress, Result, Run, State
from rnncli.training.state import read_fields

FORMAT = 2
EVERY = 1.0  # minutes
WITHOUT_TAGS = "data without tags"  # of an identity, where there is a student
_LONGEST_NAME = 255  # bytes
# Writing takes at most this share of the time: after a slow one, the next comes later.
MOST_TIME = 0.01
# Bytes a second at which the first checkpoint is expected to be written; those after it at the speed of the last.
SPEED = 1e9
_KEYS = {
    "kind",
    "format",
    "rnncli",
    "options",
    "data",
    "parameters",
    "runs",
    "failures",
    "state",
    "sha256",
    "finished",
}


class Identity(NamedTuple):
    """What determines the result of a training."""

    options: dict[str, Any]  # by name, as they were given
    data: dict[str, str]  # SHA-256 of the contents, by what they are
    version: str = __version__

    def differences(self, other: "Identity") -> list[str]:
        """What differs from another training, in words: ``--hidden 64 → 128``."""
        texts = []
        if other.version != self.version:
            texts.append(f"rnncli {self.version} → {other.version}")
        for name in self.options | other.options:
            before, after = (values.get(name, "none") for values in (self.options, other.options))
            if before != after:
                texts.append(f"--{name.replace('_', '-')} {before!s:.80} → {after!s:.80}")
        if any(self.options.get(name) != other.options.get(name) for name in ("seed", "dev_share")):
            return texts  # which sentences are development data may depend on these
        names = [name for name in self.data | other.data if self.data.get(name) != other.data.get(name)]
        return [*texts, *(f"other {name}" for name in names)]


class Finished(NamedTuple):
    """The runs of a training from several seeds that are over."""

    runs: list[Run]
    failures: list[Failure]
    weights: Array | None  # of the best run, (parameters,)


class Saved(NamedTuple):
    """The content of a checkpoint."""

    identity: Identity
    finished: Finished
    state: State


class Checkpoint:
    """The checkpoint of the training that writes the file ``out``.

    minutes  between two checkpoints, more where writing is slow; 0: none is written
    warn     called with a message if one cannot be written; the training goes on
    """

    @classmethod
    def of(cls, out: Path, minutes: float, warn: Callable[[str], None]) -> Self | None:
        """The checkpoint of an output; ``None`` for a device or pipe, which has none."""
        is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
        if not is_number or not 0 <= minutes < math.inf:
            arguments.refuse("checkpoint_every", "a number of minutes of at least 0", minutes)
        return None if writing.is_stream(out) else cls(out, minutes, warn)

    def __init__(self, out: Path, minutes: float, warn: Callable[[str], None]) -> None:
        self.path = path_of(out)
        self._hint = f"--restart begins anew and deletes {self.path}"
        self.identity = Identity({}, {})
        self.minutes = minutes
        self._warn = warn
        self._last = time.monotonic()
        self._cost = 0.0  # seconds
        self._finished = Finished([], [], None)

    def refuse(self) -> None:
        """Refuse to begin a training where another was stopped."""
        if self.path.exists():
            message = "is the checkpoint of a training that was stopped"
            hint = "--resume goes on from it; --restart deletes it and begins anew"
            raise UsageError(message, where=str(self.path), hint=hint)

    def begin(self, finished: Finished, weights: Array) -> None:
        """Begin the run of one seed, after those that are finished."""
        self._finished = finished
        self._cost = self._cost or 5 * weights.nbytes / SPEED

    def is_due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        passed = time.monotonic() - self._last
        return self.minutes > 0 and passed >= max(60 * self.minutes, self._cost / MOST_TIME)

    def save(self, state: State) -> None:
        """Write the checkpoint, in place of the one before."""
        if self.minutes <= 0:
            return
        began = time.monotonic()
        try:
            write(self.path, Saved(self.identity, self._finished, state))
        except (FileError, ModelError) as error:
            self._warn(f"no checkpoint: {error}")
        self._last = time.monotonic()
        self._cost = self._last - began

    def load(self) -> Saved | None:
        """Read the checkpoint; ``None`` if there is none. One of another training is a :class:`.UsageError`."""
        if not self.path.exists():
            return None
        with self.naming():
            saved = read(self.path)
        if differences := saved.identity.differences(self.identity):
            message = f"a checkpoint of another training: {'; '.join(differences)}"
            raise UsageError(message, where=str(self.path), hint=self._hint)
        return saved

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Name the file in errors of its content, and what to do."""
        try:
            yield
        except ModelError as error:
            raise ModelError(error.message, where=str(self.path), hint=self._hint) from error

    def remove(self) -> None:
        """Delete the file if it is there."""
        self.path.unlink(missing_ok=True)


def path_of(out: Path) -> Path:
    """The checkpoint of the training that writes a file; it is named after a hash if its name would be too long."""
    name = f"{out.name}.checkpoint"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f"{hashlib.sha256(os.fsencode(out.name)).hexdigest()[:32]}.checkpoint"
    return out.with_name(name)


def write(path: Path, saved: Saved) -> None:
    """Write a checkpoint, whole or not at all."""
    identity, finished, state = saved
    header = {
        "kind": "checkpoint",
        "format": FORMAT,
        "rnncli": identity.version,
        "options": identity.options,
        "data": identity.data,
        "parameters": state.arrays["weights"].size,
        "runs": [{"seed": run.seed, "f1": run.f1, "result": run.result._asdict()} for run in finished.runs],
        "failures": [failure._asdict() for failure in finished.failures],
        "state": state.progress._asdict(),
        "finished": 0 if finished.weights is None else finished.weights.size,
    }
    arrays: dict[str, Array] = dict(state.arrays)
    if finished.weights is not None:
        arrays["finished"] = finished.weights
    archive.write(path, header, arrays)


def read(path: Path) -> Saved:
    """Read a checkpoint; a damaged or hostile one is a :class:`.ModelError`."""
    return archive.read(path, _build)


def _build(file: archive.Members) -> Saved:
    header = file.header
    if header.get("kind") != "checkpoint":
        raise ModelError("not a checkpoint")
    if type(header.get("format")) is not int or header["format"] != FORMAT:
        raise ModelError(f"a checkpoint of another version, {header.get('rnncli')!s:.40}; this is {__version__}")
    size = header["parameters"]
    if header.keys() != _KEYS or type(size) is not int or size < 1 or type(header["finished"]) is not int:
        raise ModelError("the header is damaged")
    identity = Identity(_mapping(header["options"]), _mapping(header["data"]), header["rnncli"])
    if not all(type(text) is str for text in (identity.version, *identity.data.values())):
        raise ModelError("the header is damaged")
    progress = read_fields(Progress, header["state"])
    runs = [_run(values) for values in _list(header["runs"])]
    failures = [read_fields(Failure, values) for values in _list(header["failures"])]
    seeds = sorted([*(run.seed for run in runs), *(failure.seed for failure in failures)])
    first = identity.options["seed"]
    most = identity.options["seeds"] + (WITHOUT_TAGS in identity.data)
    if seeds != list(range(first, first + len(seeds))) or len(seeds) > most:
        raise ModelError("the seeds of its runs are damaged")
    names = ["weights"]
    if identity.options.get("optimiser") == "adam":
        names += ["m", "v"]
    if progress.best_epoch:
        names.append("best")
    if progress.epochs > progress.best_epoch:
        names.append("good")
    if runs:
        names.append("finished")
    if bool(runs) != bool(header["finished"]):
        raise ModelError("the header is damaged")
    shapes = {name: (header["finished"] if name == "finished" else size,) for name in names}
    if file.files != [f"{name}.npy" for name in names] or not all(map(file.holds, names, shapes.values())):
        raise ModelError("members do not fit the header")
    arrays = {name: file.array(name, shape) for name, shape in shapes.items()}
    finished = Finished(runs, failures, arrays.pop("finished", None))
    return Saved(identity, finished, State(progress, arrays))


def _run(values: Any) -> Run:
    seed, f1 = values["seed"], values["f1"]
    if values.keys() != {"seed", "f1", "result"} or type(seed) is not int or type(f1) not in (float, type(None)):
        raise ModelError("a finished run is damaged")
    return Run(seed, read_fields(Result, values["result"]), f1)


def _mapping(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ModelError("the header is damaged")
    return values


def _list(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise ModelError("the header is damaged")
    return values
