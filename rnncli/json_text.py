"""Values as text of JSON that is safe to show on a terminal."""

import json
import re
from typing import Any

from rnncli.errors import ModelError

# What can change the state of a terminal or the order of characters on it, as far as JSON does not escape it.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def json_line(value: Any) -> str:
    """A value as one line of JSON; NaN or infinity, which JSON does not have, is a :class:`.ModelError`."""
    try:
        return printable_json(json.dumps(value, ensure_ascii=False, allow_nan=False)) + "\n"
    except ValueError as error:
        hint = "the weights of the model are too large to compute with"
        raise ModelError("the result holds a number that is not finite", hint=hint) from error


def printable_json(text: str) -> str:
    """The same JSON document, with every unsafe character escaped."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
