"""A lexicon: phrases with types. Where one of them stands in a sentence, its tokens select rows for its types.

Phrases are compared with tokens without blanks, so it does not matter how either is cut: a token ``New York``, two
tokens, or single letters are the phrase. It begins and ends where tokens do. It is found as it is written, and with
other capitals, which selects other rows.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data import opening
from rnncli.data.faults import Fault, Faults
from rnncli.data.lookup import Rows
from rnncli.data.packed import PackedNumbers, PackedTexts
from rnncli.data.spelling import composed
from rnncli.data.textfile import Lines
from rnncli.errors import DataError, ModelError

LONGEST = 250  # characters of a phrase
MOST_TYPES = 1_000
_LONGEST_LINE = 10_000  # characters
_PLACES = ("S", "B", "I", "E")  # of a token in a phrase: alone, first, inside, last
ROWS = 2 * len(_PLACES)  # of a type: for each place as written, then for each place with other capitals
_BEGINNING = 4  # characters by which phrases are sorted out before they are looked up
_FAR = 63  # a phrase of so many characters or more
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_HINT = "separate phrase and type by one TAB character"


class Match(NamedTuple):
    """Tokens ``start`` to ``end`` are a phrase."""

    start: int
    end: int
    rows: list[int]  # of its types, for a phrase of one token


class Lexicon:
    """A fixed list of phrases with their types.

    words    the types; each has eight rows in the table
    phrases  texts of a phrase, a TAB and a type, sorted by :func:`order`

    Raises :class:`.ModelError` for phrases that are not so.
    """

    def __init__(self, words: Sequence[str], phrases: Sequence[str]) -> None:
        self.words = words
        self.phrases = phrases
        number_of = {name: number for number, name in enumerate(words)}
        keys: list[str] = []
        self._firsts = array("I")  # for each distinct key, the number of its first phrase
        self._types = array("H")  # of each phrase
        last = ("", "", "")
        for number, text in enumerate(phrases):
            phrase, _, name = text.partition("\t")
            item = order(phrase, name)
            if name not in number_of or not item > last or not 0 < len(item[0]) <= LONGEST:
                raise ModelError("the phrases of its lexicon are damaged")
            if item[0] != last[0]:
                keys.append(item[0])
                self._firsts.append(number)
            self._types.append(number_of[name])
            last = item
        self._firsts.append(len(self._types))
        self._numbers = PackedNumbers(PackedTexts("\n".join(keys).encode()), 0)
        self._longest = max(map(len, keys), default=0)
        # By the first characters of a phrase, which lengths there are; other phrases may share a place.
        self._lengths = array("Q", bytes(8 << max(10, min(20, len(keys).bit_length()))))
        for key in keys:
            self._lengths[hash(key[:_BEGINNING]) % len(self._lengths)] |= 1 << min(_FAR, len(key))

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Lexicon":
        """Make a lexicon of pairs of a phrase and its type; phrases may have several types."""
        distinct = {(" ".join(composed(phrase).split()), name): None for phrase, name in pairs}
        types = dict.fromkeys(name for _, name in distinct)
        return cls(list(types), ["\t".join(pair) for pair in sorted(distinct, key=lambda pair: order(*pair))])

    def joined(self, other: "Lexicon") -> "Lexicon":
        """The phrases of both, with the types of the other behind those of this one."""
        types = dict.fromkeys([*self.words, *other.words])
        phrases = {*self.phrases, *other.phrases}
        return Lexicon(list(types), sorted(phrases, key=lambda text: order(*text.split("\t"))))

    @staticmethod
    def phrases_of(rows: Rows) -> NDArray[np.int64]:
        """Number the phrases that tokens with these rows are in, (N,); a token that is in none has any number."""
        has_rows = np.diff(rows.starts) > 0
        place = np.zeros(len(has_rows), np.int32)
        place[has_rows] = rows.rows[rows.starts[:-1][has_rows]] % len(_PLACES)
        return np.cumsum(has_rows & (place < 2))  # a phrase begins at S and B

    def __len__(self) -> int:
        return ROWS * len(self.words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Lexicon):
            return NotImplemented
        return (self.words, self.phrases) == (other.words, other.phrases)

    __hash__ = None  # type: ignore[assignment]  # a list has none either

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy may be in another process, where texts have other hashes."""
        return type(self), (self.words, self.phrases)

    def rows_of(self, sentences: Sequence[Sequence[str]]) -> Rows:
        """The rows that each token selects, the sentences end to end."""
        form_of = {token: _joined(token) for token in dict.fromkeys(chain.from_iterable(sentences))}
        rows = array("i")
        ends = array("q", [0])
        for tokens in sentences:
            done = 0
            for start, end, of_types in self.matches([form_of[token] for token in tokens]):
                ends.extend([len(rows)] * (start - done))
                for token in range(start, end):
                    place = 0 if end - start == 1 else 1 if token == start else 3 if token == end - 1 else 2
                    rows.extend([row + place for row in of_types])
                    ends.append(len(rows))
                done = end
            ends.extend([len(rows)] * (len(tokens) - done))
        return Rows(np.array(rows, np.int32), np.array(ends, np.int64))

    def matches(self, tokens: Sequence[str]) -> Iterator[Match]:
        """Yield the phrases in a sentence of tokens without blanks, from left to right, always the longest."""
        keys = [token.casefold() for token in tokens]
        text = "".join(keys)
        ends = [0, *accumulate(map(len, keys))]
        start = 0
        while start < len(keys):
            end, number = self._longest_at(text, ends, start)
            if end > start:
                yield Match(start, end, self._rows(number, "".join(tokens[start:end])))
            start = max(end, start + 1)

    def _longest_at(self, text: str, ends: list[int], start: int) -> tuple[int, int]:
        """Where the longest phrase ends that starts with a token, and its number; 0 and 0 if there is none."""
        begin = ends[start]
        lengths = 0
        for size in range(1, _BEGINNING + 1):
            lengths |= self._lengths[hash(text[begin : begin + size]) % len(self._lengths)]
        if not lengths:
            return 0, 0
        longest = lengths.bit_length() - 1
        last = bisect_right(ends, begin + (self._longest if longest == _FAR else longest)) - 1
        for end in range(last, start, -1):
            length = ends[end] - begin
            if lengths >> min(_FAR, length) & 1:
                number = self._numbers.get(text[begin : ends[end]])
                if number is not None:
                    return end, number
        return 0, 0

    def _rows(self, number: int, form: str) -> list[int]:
        """The rows of the types of a phrase: those of the phrase as it is written, and of others if none is so."""
        entries = range(self._firsts[number], self._firsts[number + 1])
        exact = [entry for entry in entries if _joined(self.phrases[entry].partition("\t")[0]) == form]
        other = 0 if exact else len(_PLACES)
        return sorted({ROWS * self._types[entry] + other for entry in exact or entries})


def order(phrase: str, name: str) -> tuple[str, str, str]:
    """What phrases are sorted by: first the letters without blanks and capitals, by which they are found."""
    return _joined(phrase).casefold(), phrase, name


def _joined(text: str) -> str:
    return "".join(composed(text).split())


def read(path: str, encoding: str = "") -> Lexicon:
    """Read lines of phrase<TAB>type; all faults are reported together as one :class:`DataError`.

    A phrase may have several types, on lines of their own. Blank lines are skipped.

    encoding  as in :class:`.Lines`
    """
    faults = Faults(opening.name_of(path))
    pairs: dict[tuple[str, str], None] = {}
    types: set[str] = set()
    with opening.opened(path) as file:
        for number, text in Lines(file, faults, encoding, path, _LONGEST_LINE):
            if not text.strip():
                continue
            phrase, _, name = text.partition("\t")
            fault = _fault(number, text, phrase, name.rstrip())
            if fault:
                faults.add(fault)
                continue
            types.add(name.rstrip())
            if len(types) > MOST_TYPES:
                hint = "the second column is the type of the phrase, such as city"
                message = f"more than {MOST_TYPES:,} types"
                faults.add(Fault(number, len(phrase) + 2, message, name, hint))
                break
            pairs[phrase, name.rstrip()] = None
    faults.raise_any()
    if not pairs:
        raise DataError("no phrase in this file", where=faults.name, hint="expected lines of phrase<TAB>type")
    return Lexicon.of(pairs)


def _fault(number: int, text: str, phrase: str, name: str) -> Fault | None:
    if "\t" not in text:
        return Fault(number, len(text) + 1, "expected phrase<TAB>type, found one column", text, _HINT)
    if "\t" in name:
        column = len(phrase) + name.index("\t") + 2
        return Fault(number, column, "expected phrase<TAB>type, found more columns", text, _HINT)
    key = _joined(phrase)
    if not key:
        return Fault(number, 1, "empty phrase", text, _HINT)
    if not name.strip():
        return Fault(number, len(phrase) + 2, "empty type", text, _HINT)
    if max(len(key), len(key.casefold())) > LONGEST:
        return Fault(number, 1, f"a phrase of {len(key):,} characters; {LONGEST} is the most", text[:LONGEST])
    if control := _CONTROL.search(text):
        return Fault(number, control.start() + 1, "a control character", text)
    return None
