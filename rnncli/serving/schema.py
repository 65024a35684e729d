"""Checks of JSON values against the part of JSON Schema that the service uses in its OpenAPI document.

These words are known: type, properties, required, additionalProperties: false, items, minItems, maxItems, minimum,
maximum, maxLength, pattern, enum. A word that only describes, such as description, changes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from rnncli.arguments import shown
from rnncli.serving.exchange import RefusedError
from rnncli.spec import suggestion

Schema = Mapping[str, Any]

_ANY_TEXT = {"type", "description"}  # words of the schema of a text that may be any
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def check(value: Any, schema: Schema, where: str = "") -> None:
    """Raise a :class:`.RefusedError` with status 400 unless a value fits; ``where`` is its path in the body."""
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        raise RefusedError(400, f"expected {_names(kinds)}, got {shown(value)}", where or "the body")
    if "enum" in schema and value not in schema["enum"]:
        raise RefusedError(
            400, f"expected one of {', '.join(filter(None, schema['enum']))}, got {shown(value)}", where
        )
    if isinstance(value, dict):
        _check_object(value, schema, where)
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            limits = f"{schema.get('minItems', 0):,} to {schema.get('maxItems', len(value)):,}"
            raise RefusedError(400, f"expected {limits} items, got {len(value):,}", where)
        items = schema.get("items")
        if items is not None and not _are_texts(value, items):
            for number, item in enumerate(value):
                check(item, items, f"{where}[{number}]")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RefusedError(400, "half of a surrogate pair is no character", where) from None
        if len(value) > schema.get("maxLength", len(value)):
            raise RefusedError(
                400, f"expected at most {schema['maxLength']:,} characters, got {len(value):,}", where
            )
        if not re.search(schema.get("pattern", ""), value):
            raise RefusedError(400, f"expected a string like {schema['pattern']}, got {shown(value)}", where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        least = schema.get("minimum", value)
        most = schema.get("maximum", value)
        if not least <= value <= most:
            raise RefusedError(400, f"expected {least:,} to {most:,}, got {shown(value)}", where)


def _are_texts(values: list[Any], items: Schema) -> bool:
    """Whether the items of a list are to be texts and are such, which is quick to see for many tokens."""
    if items.get("type") != "string" or not _ANY_TEXT.issuperset(items) or not {str}.issuperset(map(type, values)):
        return False
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_object(value: dict[str, Any], schema: Schema, where: str) -> None:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            raise RefusedError(400, f"the field {name} is missing", where or "the body")
    for name, item in value.items():
        if name in properties:
            check(item, properties[name], f"{where}.{name}" if where else name)
        elif schema.get("additionalProperties") is False:
            raise RefusedError(
                400, f"there is no field {shown(name)}", where or "the body", suggestion(name, properties)
            )


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _names(kinds: list[str]) -> str:
    return " or ".join(("an " if kind[0] in "aio" else "a ") + kind for kind in kinds).replace("a null", "null")
