"""JSON Lines: an object on each line, with tokens and tags, or with a text and spans in it."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rnncli.data.faults import shown
from rnncli.data.formats import records
from rnncli.data.formats.format import Format, Names
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError

KEEPS = frozenset({"names", "comments", "documents", "text", "fields"})
_OBJECT = re.compile(r"""\s*\{\s*(["'].*)?\}\s*$""")
_ESCAPED = {number: f"\\u{number:04x}" for number in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_PAIR = re.compile(r'\s*\[\s*".*\]\s*$')


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether the first line that is not blank is an object, or an array of a text and an object."""
    first = next((line for line in head if line.strip()), "")
    return bool(_OBJECT.match(first)) or (bool(_PAIR.match(first)) and "{" in first)


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """An object with tokens, tags, features by name, the text and further fields for each sentence."""
    return (line(record(sentence, names)) for sentence in sentences)


def record(sentence: Sentence, names: Names) -> dict[str, Any]:
    """The object of a sentence, as :mod:`.records` reads it."""
    if not sentence.tokens and sentence.extra.text is not None:
        return merged({"text": sentence.extra.text}, sentence)
    fields: dict[str, Any] = {"tokens": sentence.tokens, "tags": sentence.tags}
    if sentence.columns and sentence.columns[0]:
        fields[records.COLUMNS] = dict(
            zip(distinct(names.features, sentence), zip(*sentence.columns, strict=True), strict=True)
        )
    extra = sentence.extra
    if extra.text is not None:
        fields["text"] = extra.text
        if extra.starts is not None and records.find(extra.text, sentence.tokens) != list(extra.starts):
            fields[records.STARTS] = list(extra.starts)
    if extra.comments:
        fields[records.COMMENTS] = list(extra.comments)
    if extra.document is not None:
        fields[records.DOCUMENT] = extra.document
    return merged(fields, sentence)


def distinct(names: Sequence[str], sentence: Sentence) -> list[str]:
    """A name for each feature: that of the file, or its number from 1 where it has none or has it twice."""
    width = len(sentence.columns[0])
    names = [*names, *[""] * width][:width]
    return [name if name and names.count(name) == 1 else str(i + 1) for i, name in enumerate(names)]


def merged(fields: dict[str, Any], sentence: Sentence) -> dict[str, Any]:
    """These fields and the further ones of the sentence; :class:`.DataError` if both have one of a name."""
    others = sentence.extra.fields or {}
    both = next((name for name in others if name in fields), None)
    if both is not None:
        hint = "rename it in the file that is read"
        raise DataError(f"line {sentence.line}: there is a further field {shown(both)} already", hint=hint)
    return {**fields, **others}


def line(value: Any) -> str:
    """A value as a line of JSON; what some readers take for a line end is escaped, as control characters are."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
        return text if text.isascii() and "\x7f" not in text else text.translate(_ESCAPED)
    except (ValueError, RecursionError) as error:
        raise DataError(f"cannot be written as JSON: {error}", hint="a number may be too large for JSON") from error


FORMAT = Format(
    "jsonl",
    "an object of JSON on each line: tokens and tags, or a text and spans",
    fits,
    records.read,
    write,
    KEEPS,
)
