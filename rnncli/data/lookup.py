"""What texts select in tables: looked up once, and remembered for a while."""

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple, Protocol

import numpy as np

from rnncli.data.batch import Ints, Longs

REMEMBERED = 2**15  # texts of a source, those that came last
LONGEST = 100  # characters of a text that is remembered: the letter n-grams of a long one take memory


class Features(Protocol):
    """A locked list of texts, each with a row in a table, and the rows that a token selects."""

    words: list[str]

    def __len__(self) -> int: ...

    def select(self, token: str) -> list[int]:
        """Rows whose sum stands for the token; none of them gives 0."""


class Rows(NamedTuple):
    """Distinct text i selects ``rows[starts[i] : starts[i + 1]]``."""

    rows: Ints
    starts: Longs


class Found(NamedTuple):
    """What texts select, which are numbered in the order in which they come."""

    ids: Ints  # (N,) for each text its number among the distinct ones
    rows: list[Rows]  # of those, in each list


class Lookup:
    """Looks texts up in some lists.

    What is remembered is what a text selects, which depends on nothing but the text. So a look-up may be broken off
    at any point, and threads may share it without a lock: the next one gives the same.
    """

    def __init__(self, lists: Sequence[Features]) -> None:
        self._lists = lists
        self._known: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()  # the oldest first

    def __call__(self, texts: Sequence[str]) -> Found:
        """Look up every distinct text once; TypeError where something is no text."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        try:
            ids = np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))
        except TypeError as fault:  # a list, say, which has no hash
            raise TypeError(f"tokens and columns are texts: {fault}") from fault
        for kind in set(map(type, numbers)):
            if not issubclass(kind, str):
                raise TypeError(f"tokens and columns are texts, not {kind.__name__}")
        selected = list(map(self._known.get, numbers))
        rows = [known or self._select(text) for text, known in zip(numbers, selected, strict=True)]
        return Found(ids, [_joined([each[i] for each in rows]) for i in range(len(self._lists))])

    def _select(self, text: str) -> tuple[bytes, ...]:
        """The rows in each list, int32 as bytes, which are small and quick to join."""
        rows = tuple(array("i", texts.select(text)).tobytes() for texts in self._lists)
        if len(text) <= LONGEST:
            self._known[text] = rows
            while len(self._known) > REMEMBERED:  # one by one, so that no call waits for many to be forgotten
                self._known.popitem(last=False)
        return rows


def _joined(selected: list[bytes]) -> Rows:
    starts = np.zeros(len(selected) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, selected), np.int64, len(selected)), out=starts[1:])
    starts //= np.dtype(np.int32).itemsize
    return Rows(np.frombuffer(bytearray().join(selected), np.int32), starts)  # of a bytearray, to be writable
