"""Checks of the arguments of public functions: a wrong one is a :class:`.UsageError` before any work is done."""

import os
import reprlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import NoReturn, TypeVar

from rnncli.errors import UsageError

T = TypeVar("T")
MOST_ENTRIES = 2_000  # of a folder, among which a similar name is searched


def refuse(name: str, expected: str, value: object, hint: str = "") -> NoReturn:
    """Raise a :class:`.UsageError` that says what was expected of an argument and what its value is."""
    raise UsageError(f"{name}: expected {expected}, got {shown(value)}", hint=hint)


def shown(value: object) -> str:
    """A value for a message: its start and its end if it is long."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of too many digits"


def whole_number(name: str, value: object, least: int, hint: str = "") -> int:
    """An integer of Python or NumPy, as an ``int``; neither 3.0 nor True."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        refuse(name, f"a whole number of at least {least}", value, hint)
    return int(value)


def instance(name: str, value: object, kind: type[T], hint: str = "") -> T:
    """An object of a class of this package."""
    if not isinstance(value, kind):
        refuse(name, f"a {kind.__name__}", value, hint)
    return value


def path(name: str, value: object) -> str:
    """The name of a file, from a text or a path; ``-`` is valid too."""
    if not isinstance(value, str | os.PathLike):
        refuse(name, "the name of a file", value, "give it as a text or a pathlib.Path")
    text = os.fspath(value)
    if not isinstance(text, str) or not text or "\0" in text:
        refuse(name, "the name of a file", value)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        refuse(name, "the name of a file", value)
    return text


def in_one_line(path: str | os.PathLike[str]) -> str:
    """The name of a file for a message whose lines matter."""
    return os.fspath(path).replace("\n", r"\n")


def nearest_path(path: str | os.PathLike[str]) -> str:
    """The existing path whose name is nearest to one that does not exist, in one line; "" if none is near.

    A file with the same name but for its suffix is nearer than any other.
    """
    wanted = Path(path)
    known = wanted
    while known != known.parent and not known.is_dir():
        known = known.parent
    first, *rest = wanted.relative_to(known).parts or ("",)
    with suppress(OSError):
        entries = [entry for entry in islice(known.iterdir(), MOST_ENTRIES) if entry.is_dir() == bool(rest)]
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        stem = Path(first).stem
        same = [name for name in names if Path(name).stem == stem]
        for name in get_close_matches(first, same, n=1, cutoff=0) or get_close_matches(first, names, n=1):
            near = known.joinpath(name, *rest)
            if near.exists():
                return in_one_line(near)
    return ""


def several(name: str, values: Iterable[T], expected: str, hint: str = "") -> Iterable[T]:
    """An iterable, but not a single text, whose items would be its letters."""
    try:
        iter(values)
    except TypeError:
        refuse(name, expected, values, hint)
    if isinstance(values, str | bytes):
        refuse(name, expected, values, hint)
    return values


def text(name: str, value: object, hint: str = "") -> str:
    """A text; not bytes, which have to be decoded first."""
    if not isinstance(value, str):
        refuse(name, "a text", value, 'decode it: value.decode("utf-8")' if isinstance(value, bytes) else hint)
    return value


def texts(name: str, values: Iterable[str], hint: str = "") -> Collection[str]:
    """A list or tuple of texts; another iterable is turned into a list."""
    collected = values if isinstance(values, list | tuple) else list(several(name, values, "a list of texts", hint))
    if not {str}.issuperset(map(type, collected)):
        for number, value in enumerate(collected, 1):
            text(f"{name}, number {number}", value)
    return collected
