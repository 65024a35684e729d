"""Pre-trained word vectors: word2vec (text and binary), GloVe and fastText ``.vec``, told apart by their content.

Files may be larger than memory: they are streamed, and only rows of words that are wanted are read as numbers.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain, takewhile
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data import tsv
from rnncli.data.tsv import Fault, Faults
from rnncli.data.vocabulary import forms, normal_form
from rnncli.errors import DataError

LARGEST = 65_536  # numbers of a word
_HEAD = 1 << 22  # bytes that tell which format it is; the longest first row fits
_CHUNK = 1 << 20
_LONGEST_WORD = 10_000  # bytes
_LARGEST_NUMBER = float(np.finfo(np.float32).max)
_HEADER = re.compile(rb"(\d{1,18}) (\d{1,18})[ \t]*\r?\n")
_NUMBER = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|nan|inf)", re.IGNORECASE | re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXPECTED = "expected lines of a word and its numbers, one blank before each number"
_DAMAGED = "the file is cut off or damaged; fetch it again"
_OTHERS = {
    b"\x1f\x8b": ("is compressed by gzip", "unpack it first: gunzip FILE"),
    b"PK\x03\x04": ("is a ZIP archive", "unpack it first: unzip FILE"),
    b"\xba\x16\x4f\x2f": ("is a whole fastText model", "give its .vec file instead"),
}

Wanted = Callable[[str], bool] | AbstractSet[str]


class Vectors(NamedTuple):
    """A row of numbers for each word that is wanted and in the file; no word stands there twice.

    A word may have every digit as 0, and the numbers of the first word of the file that looks so.
    """

    words: list[str]  # (n,)
    table: NDArray[np.float32]  # (n, D)
    total: int  # rows of the file, also those left out


def wanted_by(tokens: Iterable[str]) -> set[str]:
    """All spellings under which one of these tokens may be looked up: what :func:`read` has to keep."""
    return {form for token in set(tokens) for form in forms(token)}


def read(path: str, wanted: Wanted) -> Vectors:
    """Read the rows whose words are wanted; of several rows for one word the first counts.

    A row is kept for its word as written, and for the word with every digit as 0 where no row is written so.
    Faults are reported together as one :class:`DataError`; numbers of rows that are not wanted are not looked
    at. In word2vec's binary files rows whose word is not UTF-8 are left out.
    """
    faults = Faults("stdin" if path == "-" else str(path))
    with tsv.opened(path) as file:
        head = file.read(_HEAD)
        for magic, (what, hint) in _OTHERS.items():
            if head.startswith(magic):
                raise DataError(what, where=faults.name, hint=hint)
        head = head.removeprefix(codecs.BOM_UTF8)
        header = _header(head, faults)
        keeper = _Keeper(wanted, header.size if header else 0)
        if header and _is_binary(head[header.length :], header.size):
            total = _read_binary(_raw_rows(file, head[header.length :], header, faults), keeper, faults)
        else:
            numbered = tsv.lines(chain(io.BytesIO(head + file.readline()), file), faults)
            total = _read_text(numbered, header, keeper, faults)
    if header and total != header.rows and not faults.count:
        message = f"the header says that there are {header.rows} rows, found {total}"
        faults.add(Fault(1, 1, message, hint=_DAMAGED))
    faults.raise_any()
    if not total:
        raise DataError("no word vector in this file", where=faults.name, hint=_EXPECTED)
    return Vectors(list(keeper.places), np.frombuffer(keeper.numbers, np.float32).reshape(-1, keeper.size), total)


class _Header(NamedTuple):
    """The line of two numbers that begins the files of word2vec and fastText."""

    rows: int
    size: int
    length: int  # bytes of the line


def _header(head: bytes, faults: Faults) -> _Header | None:
    found = _HEADER.match(head)
    if not found:
        return None
    header = _Header(int(found[1]), int(found[2]), found.end())
    if not 1 <= header.size <= LARGEST:
        message = f"the header says that each word has {header.size} numbers"
        faults.add(Fault(1, found.start(2) + 1, message, hint=f"from 1 to {LARGEST} are possible"))
        faults.raise_any()
    return header


def _is_binary(rows: bytes, size: int) -> bool:
    """Tell from the rows after the header whether the first has raw bytes for numbers, or writes them."""
    numbers = rows.partition(b" ")[2]
    fields = numbers.partition(b"\n")[0].decode("latin-1").split()
    written = [_NUMBER.fullmatch(field) is not None for field in fields]
    if not numbers or (len(fields) == size and all(written)):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(numbers[: 4 * size])
    except UnicodeDecodeError:
        return True
    return not any(written) or _CONTROL.search(numbers, 0, 4 * size) is not None


class _Keeper:
    """Says under which spellings a row is wanted, and keeps the numbers of those."""

    def __init__(self, wanted: Wanted, size: int) -> None:
        self.wanted = wanted if callable(wanted) else wanted.__contains__
        self.size = size
        self.places: dict[str, int] = {}
        self.borrowed: set[str] = set()  # spellings with the numbers of another word so far
        self.numbers = bytearray()  # it grows in place

    def spellings(self, word: str) -> list[str]:
        """The spellings under which a row for this word has to be kept; for most words none."""
        found = []
        if self.wanted(word) and (word not in self.places or word in self.borrowed):
            found.append(word)
        if not word.isalpha():
            form = normal_form(word)
            if form != word and self.wanted(form) and form not in self.places:
                found.append(form)
        return found

    def keep(self, word: str, spellings: list[str], row: NDArray[np.float32]) -> None:
        """Keep a row of numbers under its spellings."""
        for spelling in spellings:
            place = self.places.setdefault(spelling, len(self.places))
            self.numbers[4 * self.size * place : 4 * self.size * (place + 1)] = row.tobytes()
            if spelling == word:
                self.borrowed.discard(spelling)
            else:
                self.borrowed.add(spelling)


def _read_text(numbered: Iterator[tuple[int, str]], header: _Header | None, keeper: _Keeper, faults: Faults) -> int:
    """Keep what is wanted of rows of text; return how many rows there are."""
    total = 0
    if header:
        next(numbered)
    for number, line in numbered:
        text = line.rstrip(" ")  # word2vec writes a blank after each number
        if not text:
            continue
        total += 1
        if not keeper.size:
            keeper.size = _written_at_end(text)
            if not keeper.size:
                faults.add(Fault(number, len(text) + 1, "expected a number at the end", text, _EXPECTED))
                break
        end = text.find(" ") if text.count(" ") == keeper.size else _end_of_word(number, text, keeper.size, faults)
        if end >= 0 and (spellings := keeper.spellings(text[:end])):
            row = _numbers(number, text, end + 1, faults)
            if row is not None:
                keeper.keep(text[:end], spellings, row)
        if faults.count >= tsv.SHOWN_FAULTS:
            break  # most likely a long file of something else
    return total


def _written_at_end(text: str) -> int:
    """How many numbers end a row."""
    return sum(1 for _ in takewhile(_NUMBER.fullmatch, reversed(text.split(" ")[1:])))


def _end_of_word(number: int, text: str, size: int, faults: Faults) -> int:
    """Where the word ends in a row that does not hold ``size`` blanks; −1, with a fault, if it does not fit.

    Some words of GloVe hold blanks (". . ."); only, where the word would end in a number there is one too many.
    """
    fields = text.split(" ")
    if "" in fields[1:]:
        faults.add(Fault(number, text.index("  ") + 2, "one blank too many", text, _EXPECTED))
    elif len(fields) > size + 1 and not _NUMBER.fullmatch(fields[-size - 1]):
        return len(text) - sum(len(field) + 1 for field in fields[-size:])
    else:
        message = f"expected {size} numbers after the word, found {_written_at_end(text)}"
        faults.add(
            Fault(number, 1, message, text, "every word needs as many numbers as the first, or the header says")
        )
    return -1


def _numbers(number: int, text: str, start: int, faults: Faults) -> NDArray[np.float32] | None:
    """Read the numbers of a row; ``None``, with a fault, if one of them is none or not finite."""
    fields = text[start:].split(" ")
    try:
        values = np.array([float(field) for field in fields])
    except ValueError:
        values = np.array([np.nan])
    if (np.abs(values) <= _LARGEST_NUMBER).all():
        return values.astype(np.float32)
    column = start + 1
    for field in fields:
        if wrong := _wrong(field):
            faults.add(Fault(number, column, wrong, field or text, _EXPECTED))
            break
        column += len(field) + 1
    return None


def _wrong(field: str) -> str:
    """What is wrong with a number; nothing if it is right."""
    try:
        return "" if abs(float(field)) <= _LARGEST_NUMBER else "not a finite number"
    except ValueError:
        return "not a number"


def _read_binary(raw_rows: Iterator[tuple[bytes, bytes]], keeper: _Keeper, faults: Faults) -> int:
    """Keep what is wanted of rows of raw bytes; return how many rows there are. Row n is named as line n + 1."""
    total = 0
    for total, (spelled, raw) in enumerate(raw_rows, 1):
        try:
            word = spelled.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if spellings := keeper.spellings(word):
            row = np.frombuffer(raw, "<f4").astype(np.float32)
            if np.isfinite(row).all():
                keeper.keep(word, spellings, row)
            else:
                faults.add(Fault(total + 1, 1, "a number is not finite in the row of", word, _DAMAGED))
    return total


def _raw_rows(file: BinaryIO, buffer: bytes, header: _Header, faults: Faults) -> Iterator[tuple[bytes, bytes]]:
    """Cut a binary file into words and the bytes of their numbers; ``buffer`` is read already."""
    size, row, position = 4 * header.size, 1, 0  # in bytes; from 1; in the buffer
    while row <= header.rows:
        end = buffer.find(b" ", position, position + _LONGEST_WORD)
        if end >= 0 and len(buffer) > end + size:
            yield buffer[position:end].lstrip(b"\n"), buffer[end + 1 : end + 1 + size]
            row, position = row + 1, end + 1 + size
            continue
        more = file.read(_CHUNK)
        buffer, position = buffer[position:] + more, 0
        if end < 0 and len(buffer) >= _LONGEST_WORD and b" " not in buffer[:_LONGEST_WORD]:
            faults.add(Fault(row + 1, 1, f"row {row} does not begin with a word", hint=_DAMAGED))
            return
        if not more:
            if buffer.strip(b"\n"):
                faults.add(Fault(row + 1, 1, f"the file ends inside row {row} of {header.rows}", hint=_DAMAGED))
            return
    if (buffer[position:] + file.read(_CHUNK)).strip(b"\n"):
        faults.add(Fault(1, 1, f"the header says that there are {header.rows} rows, found more", hint=_DAMAGED))
