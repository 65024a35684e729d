"""What a spec is: a frozen dataclass of options, each with its help, the values it may have, and their check."""

import dataclasses
import difflib
import math
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal, Self, TypeVar

from rnncli.arguments import shown
from rnncli.errors import UsageError

T = TypeVar("T")


def option(
    default: T, text: str, low: float | None = None, high: float | None = None, joins: Iterable[str] = ()
) -> T:
    """Declare a field with its help text; for numbers the inclusive range, for texts which names ``+`` joins."""
    metadata = {"help": text, "low": low, "high": high, "joins": tuple(joins)}
    return field(default=default, metadata=metadata)


# Fields of a spec that had another name, and what they are called now.
RENAMED = {"input": "features", "output": "decoder", "decoding": "transitions"}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return "did you mean …?" for a mistyped name, the new name for an old one, or the list of known names."""
    known = list(known)
    if RENAMED.get(name) in known:
        return f'it is now "{RENAMED[name]}"'
    by_lower_case = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f'did you mean "{by_lower_case[close[0]]}"?' if close else f"known: {', '.join(known)}"


@dataclass(frozen=True)
class Spec:
    """A frozen dataclass of options; every field is made by :func:`option`, and its value is checked against it."""

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for item in dataclasses.fields(self):
            value = _check(item, hints[item.name], getattr(self, item.name))
            object.__setattr__(self, item.name, value)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """Build a spec from a mapping; an unknown key is a :class:`UsageError` with a suggestion."""
        names = [item.name for item in dataclasses.fields(cls)]
        for key in values:
            if key not in names:
                raise UsageError(f'unknown setting "{key}"', where=where, hint=suggestion(key, names))
        return cls(**values)


def _check(item: dataclasses.Field[Any], kind: Any, value: Any) -> Any:
    """Return the value of a field as Python's own number or text, which a header can hold; it may be NumPy's."""
    flag = "--" + item.name.replace("_", "-")
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    if choices:
        if not isinstance(value, str) or value not in choices:
            name = value if isinstance(value, str) else shown(value)
            raise UsageError(f'{flag}: "{name}" is not one of its values', hint=suggestion(name, choices))
        return str(value)
    if not isinstance(value, {int: Integral, float: Real}.get(kind, kind)) or isinstance(value, bool):
        raise UsageError(f"{flag}: expected {kind.__name__}, got {shown(value)}")
    if item.metadata["joins"]:
        _check_joined(flag, str(value), item.metadata["joins"])
    low, high = item.metadata["low"], item.metadata["high"]
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{flag}: {shown(value)} is out of range", hint=f"give a number {bounds}")
    if kind is float and not math.isfinite(value):
        raise UsageError(f"{flag}: {value} is not a finite number")
    return int(value) if isinstance(value, Integral) else kind(value)


def _check_joined(flag: str, value: str, known: tuple[str, ...]) -> None:
    names = value.split("+")
    for name in names:
        if name not in known and value != "auto":
            raise UsageError(f'{flag}: "{name}" is not one of its values', hint=suggestion(name, known))
    if len(set(names)) < len(names):
        raise UsageError(f'{flag}: "{value}" names one thing twice')
