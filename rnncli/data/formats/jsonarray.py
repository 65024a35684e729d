"""JSON: an array of the objects that JSON Lines has one on each line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rnncli.data.formats import jsonl, records
from rnncli.data.formats.format import Format, Names
from rnncli.data.sentence import Sentence

_OBJECT = re.compile(r"""\s*\{\s*(["'}]|$)""")
_ARRAY = re.compile(r"""\s*\[\s*([\[{"'\]]|\(["']|$)""")  # "(" as in Python


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether the file begins with an array of objects or texts, or an object of several lines."""
    lines = [line for line in head if line.strip()][:2]
    if lines and _OBJECT.match(lines[0]):
        return True
    if not lines or not _ARRAY.match(lines[0]):
        return False
    return lines[0].strip() != "[" or len(lines) < 2 or lines[1].lstrip()[0] in "{[(\"']"


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """The objects of JSON Lines between brackets, each on a line of its own."""
    return array(jsonl.record(sentence, names) for sentence in sentences)


def array(values: Iterable[Any]) -> Iterator[str]:
    """The lines of an array."""
    separator = "[\n"
    for value in values:
        yield separator + jsonl.line(value)[:-1]
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


FORMAT = Format("json", "an array of such objects", fits, records.read, write, jsonl.KEEPS)
