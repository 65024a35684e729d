"""Checks whether files may be written, and can be, before the work begins."""

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rnncli.errors import FileError, UsageError
from rnncli.writing.files import nearest_folder, try_to_write
from rnncli.writing.places import Place, find, is_mount_point

_Read = str | Path | list[str] | None  # a file that is read, several, or none
_START = 2**16  # bytes of a file by which its kind is recognised


class Kind(NamedTuple):
    """A kind of file that rnncli writes.

    name       of one of them, for messages
    example    a file name
    beginning  what their first bytes match; ``None`` if that is nothing that only rnncli would write
    """

    name: str
    example: str
    beginning: re.Pattern[bytes] | None = None
    is_binary: bool = False


# An archive whose first member is an array of JSON.
_HEADER = rb"PK\x03\x04.{26}header\.npy.{0,64}\x93NUMPY[^\n]*\n\{\s*"

MODEL = Kind("a model", "model.npz", re.compile(_HEADER + b'"format":', re.DOTALL), is_binary=True)
CHECKPOINT = Kind(
    "a checkpoint", "model.npz.checkpoint", re.compile(_HEADER + b'"kind": "checkpoint"', re.DOTALL), is_binary=True
)
# Protocol Buffers: field 1, a version of one byte; field 2, the producer.
ONNX = Kind("an ONNX file of rnncli", "model.onnx", re.compile(rb"\x08.\x12\x06rnncli", re.DOTALL), is_binary=True)
LISTS = Kind("the lists of an ONNX file", "model.onnx.json", re.compile(rb'\{"version": \d+, "rnncli": '))
SAFETENSORS = Kind(
    "a file of safetensors of rnncli",
    "model.safetensors",
    re.compile(rb'.{8}\{"__metadata__":\{"rnncli":', re.DOTALL),
    is_binary=True,
)
PAGE = Kind("a page of rnncli", "page.html", re.compile(rb'.*<meta name="generator" content="rnncli', re.DOTALL))
FIGURE = Kind("a figure of rnncli", "figure.svg", re.compile(rb"<svg .*<!-- Generator: rnncli", re.DOTALL))
LOG = Kind("a log of gradients", "log.json", re.compile(rb'\{"version": \d+, "sample": \{"sentences": '))
SETTINGS = Kind("settings of rnncli study tune", "tuned.toml", re.compile(rb"# settings of rnncli study tune\n"))
TEXT = Kind("a text", "labelled.txt")  # labelled or converted


class Output(NamedTuple):
    """A file that will be written, the option that names it, and the kind of what is written."""

    option: str
    path: str | Path | None
    kind: Kind | None  # ``None`` for what goes to stdout whether it is asked for or not

    def __str__(self) -> str:
        return self.option if str(self.path) == "-" else f"{self.option} {self.path}"


def check(outputs: Sequence[Output], inputs: Mapping[str, _Read], overwrite: bool = False) -> None:
    """Raise an error now if a file must not be written, or could not be after hours of work.

    A file that is read is never written, whatever its names are; nor are two outputs one file. A file that is there
    already is replaced if it is empty or of the kind that is written, else only with ``overwrite``. Directories and
    devices are never replaced.

    outputs  those whose path is ``None`` are not written; ``-`` is stdout
    inputs   all files that the same run reads, by the options that name them; ``-`` is stdin

    Raises :class:`.UsageError` for a file of this run, :class:`.FileError` for anything else.
    """
    places = [(output, _place(output)) for output in outputs if output.path is not None]
    for number, (output, place) in enumerate(places):
        for name, paths in inputs.items():
            for path in paths if isinstance(paths, list) else [paths]:
                if path is not None and _is_read(place, path):
                    what = "stdin" if str(path) == "-" else f"{name} {path}"
                    hint = "write another file; it can be renamed afterwards"
                    raise UsageError(f"{output} would replace a file that is read: {what}", hint=hint)
        for other, other_place in places[:number]:
            is_wanted = output.option == "stdout" and other_place.descriptor == 1
            if _are_one(place, other_place) and not is_wanted:
                both = place.descriptor == other_place.descriptor == 1
                problem = "both write to stdout" if both else "are the same file"
                raise UsageError(f"{other} and {output} {problem}", hint="name another file for one of them")
    for output, place in places:
        if output.kind is None:
            continue
        _check_place(output, output.kind, place)
        if not place.is_stream and not overwrite:
            _check_kind(output, output.kind, place)


def _place(output: Output) -> Place:
    try:
        return find(str(output.path))
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else "a file's name cannot hold NUL"
        raise _refused(output, f"cannot write here: {problem}") from error


def _refused(output: Output, problem: str) -> FileError:
    return FileError(problem, where=str(output.path), hint=f"choose another {output.option}")


def _is_read(place: Place, path: str | Path) -> bool:
    """Tell whether an input is the file, no stream, that will be written."""
    if place.status is None or not stat.S_ISREG(place.status.st_mode):
        return False
    with suppress(OSError, ValueError):
        status = os.fstat(0) if str(path) == "-" else os.stat(path)  # noqa: PTH116
        return os.path.samestat(status, place.status)
    return False


def _are_one(first: Place, second: Place) -> bool:
    """Tell whether two outputs are one file, or one stream that is open."""
    if first.status and second.status and stat.S_ISREG(first.status.st_mode):
        return os.path.samestat(first.status, second.status)
    if first.is_stream or second.is_stream:
        return first.descriptor is not None and first.descriptor == second.descriptor
    # On some systems names that differ in case, or in how an accent is encoded, are one.
    names = [unicodedata.normalize("NFC", os.path.realpath(place.path)).casefold() for place in (first, second)]
    return names[0] == names[1]


def _check_place(output: Output, kind: Kind, place: Place) -> None:
    """Refuse a place that cannot be written."""
    names_folder = str(output.path).rpartition(os.sep)[2] in ("", ".", "..")
    if place.is_folder or names_folder:
        hint = f"name a file: {output.option} {kind.example}"
        raise FileError("is a directory, not a file name", where=str(output.path), hint=hint)
    if place.is_stream and (problem := place.problem(kind.is_binary)):
        if str(output.path) == "-":
            raise FileError(problem.replace("is not open for writing", "it is closed"), where="stdout")
        raise _refused(output, problem)
    try:
        if place.descriptor is None and place.status and not os.access(place.path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not place.is_stream:
            try_to_write(nearest_folder(place.path))
    except OSError as error:
        raise _refused(output, f"cannot write here: {error.strerror}") from error
    if not place.is_stream and is_mount_point(place.path):
        hint = f"mount its folder instead, or choose another {output.option}"
        raise FileError("is a mount point, which cannot be replaced", where=str(output.path), hint=hint)


def _check_kind(output: Output, kind: Kind, place: Place) -> None:
    """Refuse to replace a file that is not of the kind that is written."""
    if place.status is None or place.status.st_size == 0:
        return
    if kind.beginning:
        with suppress(OSError), place.path.open("rb") as file:
            if kind.beginning.match(file.read(_START)):
                return
    problem = f"is there already, and is not {kind.name}" if kind.beginning else "is there already"
    hint = f"choose another {output.option}, or give --overwrite to replace it"
    raise FileError(problem, where=str(output.path), hint=hint)
