"""The rows that texts select in tables: looked up once, and remembered up to a bound."""

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from itertools import count
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from rnncli.data.batch import Ints, Longs

REMEMBERED = 2**15  # texts of a source that are remembered, the latest ones
LONGEST = 100  # characters; longer texts are not remembered, because their letter n-grams take much memory


class Features(Protocol):
    """A fixed list of texts, each with a row in a table, and the rows that a token selects."""

    words: Sequence[str]

    def __len__(self) -> int: ...

    def name_of(self, row: int) -> str:
        """The text of a row, for people; "" for the unknown word."""

    def select(self, token: str) -> list[int]:
        """The rows whose sum the network reads for the token; without a row the sum is 0."""


@runtime_checkable
class ContextFeatures(Protocol):
    """A fixed list of texts, whose rows a token selects together with its neighbours."""

    words: Sequence[str]

    def __len__(self) -> int: ...

    def name_of(self, row: int) -> str:
        """The text of a row, for people; "" for the unknown word."""

    def rows_of(self, sentences: Sequence[Sequence[str]]) -> "Rows":
        """The rows that each token selects, the sentences end to end."""


class Rows(NamedTuple):
    """Distinct text i selects ``rows[starts[i] : starts[i + 1]]``."""

    rows: Ints
    starts: Longs


class Selected(NamedTuple):
    """The rows that N texts select; distinct texts are numbered in order of first appearance."""

    ids: Ints  # (N,) the number of each text among the distinct ones
    rows: list[Rows]  # for each list, of the distinct texts


class Lookup:
    """Looks texts up in some lists.

    It remembers the rows that a text selects, which depend only on the text. So a call may be interrupted at any
    point, and threads may share a look-up without a lock: later calls give the same result.
    """

    def __init__(self, lists: Sequence[Features]) -> None:
        self._lists = lists
        self._known: OrderedDict[str, tuple[bytes, ...]] = OrderedDict()  # the oldest first

    def __call__(self, texts: Sequence[str]) -> Selected:
        """Look up every distinct text once. Raises TypeError for an item that is no text."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        try:
            ids = np.fromiter(map(numbers.__getitem__, texts), np.int32, len(texts))
        except TypeError as fault:  # a list, say, which has no hash
            raise TypeError(f"tokens and columns are texts: {fault}") from fault
        for kind in set(map(type, numbers)):
            if not issubclass(kind, str):
                raise TypeError(f"tokens and columns are texts, not {kind.__name__}")
        remembered = list(map(self._known.get, numbers))
        rows_by_text = [known or self._select(text) for text, known in zip(numbers, remembered, strict=True)]
        return Selected(ids, [_joined([rows[i] for rows in rows_by_text]) for i in range(len(self._lists))])

    def _select(self, text: str) -> tuple[bytes, ...]:
        """The rows in each list, int32 as bytes, which are small and fast to join."""
        rows = tuple(array("i", features.select(text)).tobytes() for features in self._lists)
        if len(text) <= LONGEST:
            self._known[text] = rows
            while len(self._known) > REMEMBERED:  # one by one, so that no call has to delete many texts
                self._known.popitem(last=False)
        return rows


def _joined(selected: list[bytes]) -> Rows:
    starts = np.zeros(len(selected) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, selected), np.int64, len(selected)), out=starts[1:])
    starts //= np.dtype(np.int32).itemsize
    joined = bytearray().join(selected)  # a bytearray, so that the array is writable
    return Rows(np.frombuffer(joined, np.int32), starts)
