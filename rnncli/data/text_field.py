"""JSON Lines whose texts are in one field: each line is kept as it stands, and a field is added at its end."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from rnncli.data.faults import Fault, Faults
from rnncli.data.textfile import Lines
from rnncli.json_text import json_line

ERROR = "error"  # the field of a line that cannot be labelled
_HINT = "--on-error skip writes such lines with a field error"


class Line(NamedTuple):
    """A line of a file.

    line   its number, from 1
    raw    as it stands
    text   of its field; ``None`` for a blank line, and for one that cannot be labelled
    error  why it cannot be labelled, with the place; "" else
    """

    line: int
    raw: str
    text: str | None
    error: str = ""


class ProblemError(Exception):
    """What is wrong with a line."""


def read(lines: Lines, field: str, added: str, faults: Faults, skip: bool = False) -> Iterator[Line]:
    """Yield the lines.

    field  name of the field with the text; ``a.b`` is the field b of the object a, if there is no field ``a.b``
    added  name of the field that will be added, which no object may have
    skip   whether a line that cannot be labelled is yielded with its error; else it is a fault
    """
    for number, raw in lines:
        if not raw or raw.isspace():
            yield Line(number, raw, None)
            continue
        try:
            yield Line(number, raw, _text(raw, field, added))
        except ProblemError as problem:
            fault = Fault(number, 1, str(problem), raw, _HINT)
            if skip:
                yield Line(number, raw, None, fault.located(faults.name))
            else:
                faults.add(fault)


def with_field(raw: str, name: str, value: Any) -> str:
    """The line of an object with one more field at its end; all else stays as it is written."""
    before = raw.rstrip()[:-1].rstrip()
    separator = "" if before.endswith("{") else ", "
    return f"{before}{separator}{json_line({name: value})[1:]}"


def with_error(line: Line) -> str:
    """A line that cannot be labelled, with the reason; what is no object becomes the field ``line`` of one."""
    try:
        value = _object(line.raw)
    except ProblemError:
        value = {ERROR: ""}
    if ERROR in value:
        return json_line({ERROR: line.error, "line": line.raw})
    return with_field(line.raw, ERROR, line.error)


def _text(raw: str, field: str, added: str) -> str:
    value = _object(raw)
    if added in value:
        raise ProblemError(f"there is a field {added} already; name another by --result-field")
    text: Any = value
    for name in [field] if field in value else field.split("."):
        if not isinstance(text, dict) or name not in text:
            raise ProblemError(f"there is no field {field}")
        text = text[name]
    if not isinstance(text, str):
        raise ProblemError(f"the field {field} is no text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProblemError(f"the field {field} holds half of a surrogate pair") from error
    return text


def _object(raw: str) -> dict[str, Any]:
    try:
        value = json.loads(raw, object_pairs_hook=_unique, parse_constant=_refused)
    except RecursionError as error:
        raise ProblemError("not JSON that can be read: nested too deeply") from error
    except ValueError as error:
        raise ProblemError("no object of JSON in one line") from error
    if not isinstance(value, dict):
        raise ProblemError("no object of JSON in one line")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ProblemError("a key is in an object twice")
    return value


def _refused(name: str) -> None:
    raise ProblemError(f"not JSON: {name} is no number of JSON")
