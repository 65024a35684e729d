"""The JSON values in a text, one after another: the elements of an array, or values that follow each other.

Values are decoded one by one, in time that is linear in the length of the text.
"""

import json
import re
from collections.abc import Generator, Iterator
from json import JSONDecodeError
from typing import Any, NamedTuple

from rnncli.data.faults import Fault, Faults, shown
from rnncli.data.textfile import Lines

_BLANKS = re.compile(r"[ \t\n\r]*")
_ONLY_BRACKET = re.compile(r"\[[ \t\n\r]*\Z")
_PAIR = re.compile(r'\[[ \t\n\r]*"')  # of a text and its labels, as spaCy has them: no array of records
_NEXT_VALUE = re.compile(r"\n(?=[{\[])")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_COMMA_LAST = re.compile(r",[ \t\n\r]*[}\]]")
_CUT_OFF = "the file may be cut off: get it again"
_IN_STRING = "a control character in a string, or a string without an end"
_UNKNOWN_ESCAPE = "an unknown escape"
# Those of Python's decoder, which differ between its versions, and ours.
_MESSAGES = {
    "Expecting value": "expected a value",
    "Expecting property name": "expected a key between double quotes",
    "Expecting ':'": "expected a colon after a key",
    "Expecting ','": "expected a comma or the end after a value",
    "Invalid control character": _IN_STRING,
    "Unterminated string": _IN_STRING,
    "Invalid \\": _UNKNOWN_ESCAPE,
}
_MESSAGE_HINTS = {
    _IN_STRING: "JSON writes a line end as \\n and a TAB as \\t",
    _UNKNOWN_ESCAPE: "JSON writes a backslash as \\\\",
}
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}  # of other languages


class Value(NamedTuple):
    """A value and where it begins, both from 1, the column in characters."""

    line: int
    column: int
    value: Any


class Values:
    """Iterates over the values; what is no JSON becomes a fault.

    What follows is read from the next line on that begins with ``{`` or ``[``.
    """

    def __init__(self, lines: Lines, faults: Faults) -> None:
        self._blocks = lines.blocks()
        self._faults = faults
        self._text = ""
        self._position = 0  # in the text
        self._line = 1  # of the text at ``_counted``
        self._line_start = 0  # where this line begins; negative before the text
        self._counted = 0
        self._problems: list[str] = []  # of the value that is being decoded
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def __iter__(self) -> Iterator[Value]:
        while character := self._next():
            if character == "[" and self._is_array():
                self._position += 1
                is_whole = yield from self._elements()
            else:
                is_whole = yield from self._value()
            if not is_whole:
                self._skip()

    def _is_array(self) -> bool:
        """Whether the bracket here begins an array of records."""
        while _ONLY_BRACKET.match(self._text, self._position) and self._more():
            pass
        return not _PAIR.match(self._text, self._position)

    def _elements(self) -> Generator[Value, None, bool]:
        """Yield the elements of an array, after its bracket; return whether it is whole."""
        character = self._next()
        while character and character != "]":
            if not (yield from self._value()):
                return False
            character = self._next()
            if character == "]":
                break
            if character == ",":
                self._position += 1
                character = self._next()
                if character == "]":
                    self._add(self._position, "not JSON: a comma before ]", "remove the comma")
            elif character:
                self._add(self._position, "not JSON: expected , or ] after a value")
                return False
        if not character:
            self._add(self._position, "not JSON: the file ends inside an array", _CUT_OFF)
            return False
        self._position += 1
        return True

    def _value(self) -> Generator[Value, None, bool]:
        """Decode and yield the value that begins here, unless it has a fault; return whether it is whole."""
        while True:
            self._problems.clear()
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
                break
            except JSONDecodeError as error:
                # Lines are read whole, so a value that is not read to its end is cut between two of them.
                if not self._text[error.pos + 1 :].strip() and self._more():
                    continue
                self._add_error(error)
            except RecursionError:
                self._add(self._position, "not JSON that can be read: nested too deeply")
            except ValueError:
                self._add(self._position, "not JSON that can be read: a number has too many digits")
            return False
        start = self._position
        self._position = end
        if _SURROGATE.search(self._text, start, end) and has_half_pair(value):
            self._problems.append("half of a surrogate pair: \\ud800 to \\udfff are characters only in pairs")
        if self._problems:
            self._add(start, self._problems[0])
        else:
            self._count(start)
            yield Value(self._line, start - self._line_start + 1, value)
        return True

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) < len(pairs):
            keys = [key for key, _ in pairs]
            name = next(key for key in keys if keys.count(key) > 1)
            self._problems.append(f"the key {shown(name)} is in an object twice")
        return result

    def _constant(self, name: str) -> None:
        self._problems.append(f"not JSON: {name} is no number of JSON")

    def _next(self) -> str:
        """Go to the next character that is not blank, and return it; "" at the end."""
        while True:
            match = _BLANKS.match(self._text, self._position)
            self._position = match.end() if match else self._position
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read at least as much again as is left, so that the time for a long value stays linear."""
        left = len(self._text) - self._position
        pieces: list[str] = []
        size = 0
        while size <= left and (block := next(self._blocks, None)) is not None:
            pieces.append("\n".join(block[1]) + "\n")
            size += len(pieces[-1])
        if not pieces:
            return False
        self._count(self._position)
        self._text = "".join([self._text[self._position :], *pieces])
        self._line_start -= self._position
        self._counted = 0
        self._position = 0
        return True

    def _skip(self) -> None:
        """Go to the next line that begins with a bracket."""
        while True:
            match = _NEXT_VALUE.search(self._text, self._position)
            if match:
                self._position = match.end()
                return
            self._position = max(self._position, len(self._text) - 1)  # the bracket may be the next to be read
            if not self._more():
                self._position = len(self._text)
                return

    def _count(self, position: int) -> None:
        """Count the lines up to a position; the positions must not decrease."""
        lines = self._text.count("\n", self._counted, position)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._counted, position) + 1
        self._counted = position

    def _add(self, position: int, message: str, hint: str = "") -> None:
        if position >= len(self._text) > 0:
            position = max(self._counted, len(self._text) - 1)  # at the end of the last line
        self._count(self._position if position > self._position else position)
        line = self._line + self._text.count("\n", self._counted, position)
        start = max(self._line_start, self._text.rfind("\n", 0, position) + 1)
        text = self._text[position : position + 61].split("\n")[0]
        self._faults.add(Fault(line, position - start + 1, message, text, hint))

    def _add_error(self, error: JSONDecodeError) -> None:
        """Say what is not JSON, and what to try."""
        position = error.pos
        rest = self._text[position : position + 61]
        before = self._text[self._position : position].rstrip()
        word = next((word for word in _WORDS if rest.startswith(word)), "")
        message = next((ours for theirs, ours in _MESSAGES.items() if error.msg.startswith(theirs)), error.msg)
        hint = _MESSAGE_HINTS.get(message, "")
        if not rest.strip():
            message = "the file ends inside a value"
            hint = _CUT_OFF
        elif rest[0] in "'‘’“”":
            message = "expected a double quote"
            hint = "JSON has strings between double quotes; in Python, json.dumps writes it"
        elif rest[0] == "(":
            message = "expected a value"
            hint = "a tuple of Python is an array in JSON; in Python, json.dumps writes it"
        elif word:
            message = f"expected {_WORDS[word]}, found {word}"
            hint = "in Python, json.dumps writes JSON"
        elif rest[0] == "," and position == self._position:
            message = "expected a value"
            hint = "begin every value in a line of its own, without commas between them"
        elif rest[0] in "/#":
            message = "expected a value"
            hint = "JSON has no comments"
        elif _COMMA_LAST.match(rest) or (before.endswith(",") and rest[0] in "]}"):
            bracket = rest.lstrip(", \t\r\n")[0]
            message = f"a comma before {bracket}"
            hint = "remove the comma"
        if "\n" in (self._text[self._position : position] if rest.strip() else before):
            self._count(self._position)
            message += f", in the value that begins in line {self._line}"
        self._add(position, f"not JSON: {message}", hint)


def has_half_pair(value: Any) -> bool:
    """Whether a text in a value of JSON has half of a surrogate pair, which is no character."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=True).encode()  # which is not written
    except UnicodeEncodeError:
        return True
    return False
