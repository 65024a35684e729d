"""Long lists of texts in little memory: their UTF-8 bytes, and an index of about five bytes for each text.

A list of Python's texts with a dictionary takes 150 bytes for each text, which is many times a file of short words.
Here a text is decoded when it is asked for. A look-up takes about a microsecond longer.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Protocol, overload
from unicodedata import is_normalized

import numpy as np
from numpy.typing import NDArray

from rnncli.data.spelling import INVISIBLE, composed
from rnncli.errors import ModelError

LONGEST_TEXT = 2**20  # bytes
_MOST_TEXTS = 2**28
_BLOCK = 2**17  # bytes that are decoded together
_EVERY = 16  # the start of every 16th text is stored
_END = b"\n"


class PackedTexts(Sequence[str]):
    """A list of texts from the bytes of all, joined by line feeds.

    Raises :class:`.ModelError` if a text is very long, ValueError for bytes that are not UTF-8.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data
        self._length = data.count(_END) + 1 if data else 0
        starts = np.empty(-(-self._length // _EVERY), np.uint32 if len(data) < 2**32 else np.uint64)
        before = 0  # texts before a block
        for start, chunk in self._blocks():
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _END[0])
            begins = np.concatenate([[0], ends + 1])
            first = -before % _EVERY
            chosen = begins[first::_EVERY]
            at = (before + first) // _EVERY
            starts[at : at + len(chosen)] = start + chosen
            before += len(begins)
        self._starts = starts.data

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield where each block of whole texts begins, and its bytes without the last line feed."""
        start = 0 if self.data else 1
        while start <= len(self.data):
            end = len(self.data)
            if end - start > _BLOCK:
                end = self.data.rfind(_END, start, start + _BLOCK)
                if end < 0:
                    end = self.data.find(_END, start)
                if end < 0:
                    end = len(self.data)
                if end - start > LONGEST_TEXT:
                    raise ModelError("a text of a list is longer than any token may be")
            yield start, bytes(self.data[start:end])
            start = end + 1

    def blocks(self) -> Iterator[list[str]]:
        """Yield all texts in order, some at a time."""
        for _, chunk in self._blocks():
            yield chunk.decode("utf-8").split("\n")

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        for texts in self.blocks():
            yield from texts

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(self._length))]
        if not -self._length <= number < self._length:
            raise IndexError(number)
        group, place = divmod(number % self._length, _EVERY)
        start = self._starts[group]
        find = self.data.find
        for _ in range(place):
            start = find(_END, start) + 1
        end = find(_END, start)
        return self.data[start : end if end >= 0 else None].decode("utf-8")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedTexts):
            return self.data == other.data
        if not isinstance(other, list):
            return NotImplemented
        return len(self) == len(other) and all(mine == text for mine, text in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # a list has none either

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.data,)


class Texts(Protocol):
    """A list of texts that gives them one by one or in blocks."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> str: ...

    def blocks(self) -> Iterator[list[str]]:
        """Yield all texts in order, some at a time."""


class PackedNumbers:
    """The numbers of the texts of a list, from ``first``: a look-up as that of a dictionary.

    A text that is not :func:`.composed` is also found in its composed form, unless that is in the list too.

    It is a table of places, with open addressing and double hashing (Knuth, "The Art of Computer Programming",
    volume 3, 6.4, algorithm D). A place is 0, or an entry: its lowest bit says whether the text is found as it is
    (0) or composed (1); then follows 1 + the number of the text, then some bits of the hash, so that few texts need
    be compared. Hashes are Python's own, whose key is secret and differs in every process, so that no file can
    choose texts which meet in one place.

    Raises :class:`.ModelError` for a list that names a text twice.
    """

    def __init__(self, texts: Texts, first: int) -> None:
        self._texts = texts
        self._first = first
        if len(texts) >= _MOST_TEXTS:
            raise ModelError("a list has more texts than any model")
        others = sum(len(_other_spellings(block)) for block in texts.blocks())
        self._size = _prime(max(8, math.ceil(1.15 * (len(texts) + others))))
        self._bits = 1 + (len(texts) + 1).bit_length()
        table = np.zeros(self._size, np.uint32)
        self._table = table.data
        number = 1
        for block in texts.blocks():
            numbers = np.arange(number, number + len(block), dtype=np.uint32)
            self._insert(table, block, numbers << np.uint32(1))
            number += len(block)
        number = 1
        for block in texts.blocks() if others else ():
            forms: dict[str, int] = {}
            for place, form in _other_spellings(block).items():
                if self.get(form) is None:  # of many spellings of one text only the first is needed
                    forms.setdefault(form, number + place)
            numbers = np.fromiter(forms.values(), np.uint32, len(forms))
            self._insert(table, list(forms), numbers << np.uint32(1) | np.uint32(1))
            number += len(block)

    def _insert(self, table: NDArray[np.uint32], texts: list[str], numbers: NDArray[np.uint32]) -> None:
        """Put some texts into the table, with the lower bits of their entries, (texts,)."""
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)
        size = np.uint64(self._size)
        places = (hashes % size).astype(np.int64)
        steps = ((hashes >> np.uint64(32)) % (size - np.uint64(1))).astype(np.int64) + 1
        marks = (hashes >> np.uint64(32 + self._bits)).astype(np.uint32) << np.uint32(self._bits)
        values = marks | numbers
        waiting = np.arange(len(texts))
        while waiting.size:
            here = places[waiting]
            is_free = table[here] == 0
            table[here[is_free]] = values[waiting[is_free]]  # of several for one place, one stays
            taken = table[here]
            is_out = taken != values[waiting]
            waiting, here, taken = waiting[is_out], here[is_out], taken[is_out]
            is_like = (taken ^ values[waiting]) >> np.uint32(self._bits) == 0
            for mine, other in zip(waiting[is_like].tolist(), taken[is_like].tolist(), strict=True):
                if texts[mine] == self._text(other):
                    raise ModelError("a list names a text twice")
            places[waiting] = (here + steps[waiting]) % self._size

    def _text(self, entry: int) -> str:
        """The text under which an entry is found."""
        text = self._texts[((entry & ((1 << self._bits) - 1)) >> 1) - 1]
        return composed(text) if entry & 1 else text

    def get(self, text: str, default: Any = None) -> Any:
        """The number of a text, or ``default`` for a text that is not in the list."""
        key = hash(text) & 0xFFFF_FFFF_FFFF_FFFF
        bits = self._bits
        mark = key >> (32 + bits)
        step = (key >> 32) % (self._size - 1) + 1
        place = key % self._size
        while entry := self._table[place]:
            if entry >> bits == mark and self._text(entry) == text:
                return ((entry & ((1 << bits) - 1)) >> 1) - 1 + self._first
            place = (place + step) % self._size
        return default

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy may be in another process, where texts have other hashes."""
        return type(self), (self._texts, self._first)


def _other_spellings(texts: list[str]) -> dict[int, str]:
    """The composed forms of those texts that are not composed, by their position."""
    joined = "\n".join(texts)
    if joined.isascii() or (is_normalized("NFC", joined) and not any(map(joined.__contains__, INVISIBLE))):
        return {}
    forms = ((i, composed(text)) for i, text in enumerate(texts) if not text.isascii())
    return {i: form for i, form in forms if form != texts[i]}


def _prime(least: int) -> int:
    """The smallest prime of at least this size, so that a step of any length visits every place."""
    return next(n for n in count(least | 1, 2) if all(n % divisor for divisor in range(3, math.isqrt(n) + 1, 2)))
