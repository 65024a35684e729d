"""A job: a named function that reads files and makes one, the same wherever it runs, and what became of it."""

import importlib
import json
import time
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from rnncli import __version__
from rnncli.errors import DataError, FileError, ModelError, RnncliError

T = TypeVar("T")
Counts = dict[str, Any]  # what a function of a job returns: numbers, texts and lists of them, as JSON has them
MOST_LOADED = 4  # objects that once() keeps in a process


class Blob(NamedTuple):
    """A file that must have this content, such as a model; as an argument of a job it is checked before use.

    A function gets it with a path that this process can read and whose content it has checked. The content, not the
    path, is what makes a job the same job.
    """

    path: Path
    sha256: str

    @classmethod
    def of(cls, path: str | Path) -> "Blob":
        """Read a file, or raise a :class:`.FileError`."""
        return cls(Path(path), state_of(Path(path)).sha256)


class Job(NamedTuple):
    """One call of a pure function.

    key        a unique name, the same in every run: ``a.txt.gz``, ``fold-3/seed-1``
    function   ``module:function``, imported by the process that runs it. It is called as
               ``function(**arguments, inputs=list of Path, output=Path or None)``. It writes ``output`` by
               :mod:`rnncli.writing`, whole or not at all, and returns a small dictionary that JSON can hold.
    arguments  values that JSON can hold; a :class:`Blob` may be one of them, not inside of another value
    inputs     files that it reads
    output     the file that it makes; ``None`` if its result is what it returns
    work       how much it is to do, in any unit that all jobs of a run share; for the progress only
    """

    key: str
    function: str
    arguments: Mapping[str, Any]
    inputs: tuple[Path, ...] = ()
    output: Path | None = None
    work: float = 1.0


class FileState(NamedTuple):
    """What a file holds.

    size      bytes
    modified  time of the last change, in ns
    """

    path: str
    size: int
    sha256: str
    modified: int

    def is_still(self, path: Path) -> bool:
        """Whether a file has this content. One of the same size and time is not read again, as ``make`` does it."""
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.modified or state_of(path).sha256 == self.sha256


class Fault(NamedTuple):
    """Why a job failed.

    kind       name of the class of the exception
    traceback  "" for a :class:`.RnncliError`, which says all in its message
    """

    kind: str
    message: str
    where: str = ""
    hint: str = ""
    traceback: str = ""


class Outcome(NamedTuple):
    """What became of a job: its entry in the manifest.

    arguments  as JSON has them; of a :class:`Blob` the hash
    counts     what the function returned; empty after a fault
    seconds    that the job took, with the time to read the inputs for their hashes
    version    of rnncli
    is_new     whether the job was done by this run, not by an earlier one
    """

    key: str
    function: str
    arguments: dict[str, Any]
    inputs: tuple[FileState, ...]
    output: FileState | None
    counts: Counts
    seconds: float
    fault: Fault | None
    version: str = __version__
    is_new: bool = True


def state_of(path: Path) -> FileState:
    """Read a file, or raise a :class:`.FileError`. This process reads it again only if it has changed."""
    try:
        status = path.stat()
        sha256 = _sha256(path.absolute(), status.st_size, status.st_mtime_ns)
    except FileNotFoundError as error:
        raise FileError("no such file", where=str(path)) from error
    except OSError as error:
        raise FileError(error.strerror or str(error), where=str(path)) from error
    return FileState(str(path), status.st_size, sha256, status.st_mtime_ns)


@lru_cache(maxsize=64)  # many jobs read parts of one file
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def once(loader: Callable[..., T], blob: Blob, *arguments: Any) -> T:
    """``loader(blob.path, *arguments)``, called once in a process, for example to load a model.

    The last :data:`MOST_LOADED` objects are kept. What is loaded is shared by jobs, so nothing may change it.
    """
    return cast(T, _loaded(loader, blob, arguments))


@lru_cache(maxsize=MOST_LOADED)
def _loaded(loader: Callable[..., Any], blob: Blob, arguments: tuple[Any, ...]) -> Any:
    return loader(blob.path, *arguments)


def values_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them, or raise ``ValueError`` or ``TypeError``; of a :class:`Blob` the hash."""
    plain = {name: {"sha256": v.sha256} if isinstance(v, Blob) else v for name, v in arguments.items()}
    return cast(dict[str, Any], json.loads(json.dumps(plain, allow_nan=False, sort_keys=True)))


def perform(job: Job) -> Outcome:
    """Do a job in this process. Every exception of the function becomes a :class:`Fault`."""
    began = time.perf_counter()
    inputs: tuple[FileState, ...] = ()
    output = None
    counts: Counts = {}
    fault = None
    try:
        inputs = tuple(map(state_of, job.inputs))
        counts = _call(job)
        output = state_of(job.output) if job.output else None
        for state in inputs:
            if not state.is_still(Path(state.path)):
                raise DataError("was changed while it was read", where=state.path)
    except RnncliError as error:
        fault = Fault(type(error).__name__, error.message, error.where, error.hint)
    except Exception as error:
        fault = Fault(type(error).__name__, str(error), traceback=traceback.format_exc())
    seconds = round(time.perf_counter() - began, 3)
    values = values_of(job.arguments)
    return Outcome(job.key, job.function, values, inputs, output, {} if fault else counts, seconds, fault)


def failed(job: Job, fault: Fault) -> Outcome:
    """The outcome of a job whose process could not report one."""
    return Outcome(job.key, job.function, values_of(job.arguments), (), None, {}, 0.0, fault)


def _call(job: Job) -> Counts:
    module, _, name = job.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    arguments = {name: _checked(v) if isinstance(v, Blob) else v for name, v in job.arguments.items()}
    counts = function(**arguments, inputs=list(job.inputs), output=job.output)
    return cast(Counts, json.loads(json.dumps(counts, allow_nan=False)))


def _checked(blob: Blob) -> Blob:
    if state_of(blob.path).sha256 != blob.sha256:
        message = "is not the file that the job was made for: its SHA-256 differs"
        hint = "it was changed after the run began; begin the run again"
        raise ModelError(message, where=str(blob.path), hint=hint)
    return blob
