"""Pre-trained word vectors: word2vec (text and binary), GloVe and fastText ``.vec``, recognised by their content.

Files may be larger than memory: they are streamed, and only the rows of wanted words are read as numbers.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from itertools import takewhile
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data import opening
from rnncli.data.faults import SHOWN_FAULTS, Fault, Faults
from rnncli.data.spelling import composed, forms, normal_form
from rnncli.data.textfile import Lines
from rnncli.errors import DataError

LARGEST = 65_536  # the largest size of a vector
_HEAD = 1 << 22  # bytes in which the format is recognised; they hold the longest possible first row
_CHUNK = 1 << 20
_LONGEST_WORD = 10_000  # bytes
_LONGEST_LINE = 1 << 22  # characters; a word and so many numbers with all their digits have half of it
_LARGEST_NUMBER = float(np.finfo(np.float32).max)
_HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})[ \t]*\r?\n")
_NUMBER = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf)", re.IGNORECASE | re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXPECTED = "expected lines of a word and its numbers, one blank before each number"
_DAMAGED = "the file is cut off or damaged; fetch it again"
_OTHERS = {
    b"\xba\x16\x4f\x2f": ("is a whole fastText model", "give its .vec file instead"),
}

Wanted = Callable[[str], bool] | AbstractSet[str]


class Vectors(NamedTuple):
    """A vector for each wanted word of the file; all words are distinct.

    A word with every digit as 0 that is not itself in the file has the vector of the first word of that form.
    """

    words: list[str]  # (n,)
    table: NDArray[np.float32]  # (n, D)
    total: int  # rows of the file, also those left out


def wanted_by(tokens: Iterable[str], digits: str = "zero") -> set[str]:
    """All spellings under which one of these tokens may be looked up: what :func:`read` has to keep."""
    return {form for token in set(tokens) for form in forms(token, digits)}


def read(path: str, wanted: Wanted, digits: str = "zero") -> Vectors:
    """Read the rows whose words are wanted; of several rows for one word the first is used.

    A row is used for its word, :func:`.composed`, and for the word with every digit as 0 if that has no row of its
    own. With ``digits`` "keep" it is used for its word alone.
    Faults are reported together as one :class:`DataError`; the numbers of other rows are not checked. In
    word2vec's binary files rows whose word is not UTF-8 are skipped.
    """
    faults = Faults(opening.name_of(path))
    with opening.opened(path) as file:
        head = file.read(_HEAD)
        for magic, (problem, hint) in _OTHERS.items():
            if head.startswith(magic):
                raise DataError(problem, where=faults.name, hint=hint)
        head = head.removeprefix(codecs.BOM_UTF8)
        header = _header(head, faults)
        store = _Store(wanted, header.size if header else 0, digits)
        if header and _is_binary(head[header.length :], header.size):
            total = _read_binary(_raw_rows(file, head[header.length :], header, faults), store, faults)
        else:
            lines = Lines(opening.joined(head, file, faults.name), faults, path=path, longest=_LONGEST_LINE)
            numbered = iter(lines)
            total = _read_text(numbered, header, store, faults)
    if header and total != header.rows and not faults.count:
        message = f"the header says that there are {header.rows} rows, found {total}"
        faults.add(Fault(1, 1, message, hint=_DAMAGED))
    faults.raise_any()
    if not total:
        raise DataError("no word vector in this file", where=faults.name, hint=_EXPECTED)
    return Vectors(list(store.row_numbers), np.frombuffer(store.table, np.float32).reshape(-1, store.size), total)


class _Header(NamedTuple):
    """The first line of a file of word2vec or fastText: two numbers."""

    rows: int
    size: int
    length: int  # bytes of the line


def _header(head: bytes, faults: Faults) -> _Header | None:
    match = _HEADER.match(head)
    if not match:
        return None
    header = _Header(int(match[1]), int(match[2]), match.end())
    if not 1 <= header.size <= LARGEST:
        message = f"the header says that each word has {header.size} numbers"
        faults.add(Fault(1, match.start(2) + 1, message, hint=f"from 1 to {LARGEST} are possible"))
        faults.raise_any()
    return header


def _is_binary(rows: bytes, size: int) -> bool:
    """Tell from the rows after the header whether the numbers of the first are binary or written as text."""
    numbers = rows.partition(b" ")[2]
    fields = numbers.partition(b"\n")[0].decode("latin-1").split()
    is_number = [_NUMBER.fullmatch(field) is not None for field in fields]
    if not numbers or (len(fields) == size and all(is_number)):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(numbers[: 4 * size])
    except UnicodeDecodeError:
        return True
    return not any(is_number) or _CONTROL.search(numbers, 0, 4 * size) is not None


class _Store:
    """Stores the vectors of the wanted words, each under its spellings."""

    def __init__(self, wanted: Wanted, size: int, digits: str) -> None:
        self.wanted = wanted if callable(wanted) else wanted.__contains__
        self.size = size
        self.digits = digits
        self.row_numbers: dict[str, int] = {}  # by spelling
        self.borrowed: set[str] = set()  # spellings with the vector of another word so far
        self.table = bytearray()  # so that it can grow without a copy

    def spellings(self, word: str) -> list[str]:
        """The spellings under which the vector of this word must be stored; for most words none."""
        missing = []
        if self.wanted(word) and (word not in self.row_numbers or word in self.borrowed):
            missing.append(word)
        if not word.isalpha():
            form = normal_form(word, self.digits)
            if form != word and self.wanted(form) and form not in self.row_numbers:
                missing.append(form)
        return missing

    def add(self, word: str, spellings: list[str], vector: NDArray[np.float32]) -> None:
        """Store the vector of a word under its spellings."""
        for spelling in spellings:
            row = self.row_numbers.setdefault(spelling, len(self.row_numbers))
            self.table[4 * self.size * row : 4 * self.size * (row + 1)] = vector.tobytes()
            if spelling == word:
                self.borrowed.discard(spelling)
            else:
                self.borrowed.add(spelling)


def _read_text(numbered: Iterator[tuple[int, str]], header: _Header | None, store: _Store, faults: Faults) -> int:
    """Store the wanted rows of a text file; return how many rows it has."""
    total = 0
    if header:
        next(numbered, None)  # there is none if it cannot be decoded
    for number, line in numbered:
        text = line.rstrip(" ")  # word2vec writes a blank after each number
        if not text:
            continue
        total += 1
        if not store.size:
            store.size = _numbers_at_end(text)
            if not 1 <= store.size <= LARGEST:
                problem = f"{store.size:,} numbers in a row" if store.size else "expected a number at the end"
                hint = f"from 1 to {LARGEST} are possible" if store.size else _EXPECTED
                faults.add(Fault(number, len(text) + 1, problem, text, hint))
                break
        end = text.find(" ") if text.count(" ") == store.size else _end_of_word(number, text, store.size, faults)
        if end > _LONGEST_WORD:
            faults.add(Fault(number, 1, f"a word of {end:,} characters", text, _EXPECTED))
            continue
        word = composed(text[:end])
        if end >= 0 and (spellings := store.spellings(word)):
            vector = _numbers(number, text, end + 1, faults)
            if vector is not None:
                store.add(word, spellings, vector)
        if faults.count >= SHOWN_FAULTS:
            break  # most likely a long file in another format
    return total


def _numbers_at_end(text: str) -> int:
    """How many numbers there are at the end of a row."""
    return sum(1 for _ in takewhile(_NUMBER.fullmatch, reversed(text.split(" ")[1:])))


def _end_of_word(number: int, text: str, size: int, faults: Faults) -> int:
    """Where the word ends in a row whose number of blanks is not ``size``; −1, with a fault, if there is no word.

    Some words of GloVe hold blanks (". . ."). But if the last part of the word is a number, it is one too many.
    """
    fields = text.split(" ")
    if "" in fields[1:]:
        faults.add(Fault(number, text.index("  ") + 2, "one blank too many", text, _EXPECTED))
    elif len(fields) > size + 1 and not _NUMBER.fullmatch(fields[-size - 1]):
        return len(text) - sum(len(field) + 1 for field in fields[-size:])
    else:
        message = f"expected {size} numbers after the word, found {_numbers_at_end(text)}"
        faults.add(
            Fault(number, 1, message, text, "every word needs as many numbers as the first, or the header says")
        )
    return -1


def _numbers(number: int, text: str, start: int, faults: Faults) -> NDArray[np.float32] | None:
    """Read the numbers of a row; ``None``, with a fault, if a field is not a number or not finite."""
    rest = text[start:]
    fields = rest.split(" ")
    values = np.array([np.nan])
    if _is_plain(rest):
        with suppress(ValueError):
            values = np.array([float(field) for field in fields])
    if (np.abs(values) <= _LARGEST_NUMBER).all():
        return values.astype(np.float32)
    column = start + 1
    for field in fields:
        if problem := _problem(field):
            faults.add(Fault(number, column, problem, field or text, _EXPECTED))
            break
        column += len(field) + 1
    return None


def _is_plain(text: str) -> bool:
    """Tell whether numbers have no digits of other scripts and no low lines, which Python allows."""
    return text.isascii() and "_" not in text


def _problem(field: str) -> str:
    """What is wrong with a number; "" for a correct one."""
    if not _is_plain(field):
        return "not a number"
    try:
        return "" if abs(float(field)) <= _LARGEST_NUMBER else "not a finite number"
    except ValueError:
        return "not a number"


def _read_binary(raw_rows: Iterator[tuple[bytes, bytes]], store: _Store, faults: Faults) -> int:
    """Store the wanted rows of a binary file; return how many rows it has. A fault of row n is at line n + 1."""
    total = 0
    for total, (raw_word, raw_vector) in enumerate(raw_rows, 1):
        try:
            word = composed(raw_word.decode("utf-8"))
        except UnicodeDecodeError:
            continue
        if spellings := store.spellings(word):
            vector = np.frombuffer(raw_vector, "<f4").astype(np.float32)
            if np.isfinite(vector).all():
                store.add(word, spellings, vector)
            else:
                faults.add(Fault(total + 1, 1, "a number is not finite in the row of", word, _DAMAGED))
    return total


def _raw_rows(file: BinaryIO, buffer: bytes, header: _Header, faults: Faults) -> Iterator[tuple[bytes, bytes]]:
    """Yield the words of a binary file and the bytes of their vectors; ``buffer`` holds the bytes read so far."""
    size = 4 * header.size  # bytes of a vector
    row = 1
    position = 0  # in the buffer
    while row <= header.rows:
        end = buffer.find(b" ", position, position + _LONGEST_WORD)
        if end >= 0 and len(buffer) > end + size:
            yield buffer[position:end].lstrip(b"\n"), buffer[end + 1 : end + 1 + size]
            row += 1
            position = end + 1 + size
            continue
        more = file.read(_CHUNK)
        buffer = buffer[position:] + more
        position = 0
        if end < 0 and len(buffer) >= _LONGEST_WORD and b" " not in buffer[:_LONGEST_WORD]:
            faults.add(Fault(row + 1, 1, f"row {row} does not begin with a word", hint=_DAMAGED))
            return
        if not more:
            if buffer.strip(b"\n"):
                faults.add(Fault(row + 1, 1, f"the file ends inside row {row} of {header.rows}", hint=_DAMAGED))
            return
    if (buffer[position:] + file.read(_CHUNK)).strip(b"\n"):
        faults.add(Fault(1, 1, f"the header says that there are {header.rows} rows, found more", hint=_DAMAGED))
