"""A lexicon: phrases with types. Where one of them stands in a sentence, its tokens select rows for its types.

Phrases are compared with tokens without blanks, so it does not matter how either is cut: a token ``New York``, two
tokens, or single letters are the phrase. It begins and ends where tokens do. It is found as it is written, and with
other capitals, which selects other rows.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, zip_longest
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
_FAR = 31  # a phrase of so many characters or more
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
    phrases  texts of a phrase, a TAB and a type, sorted by :func:`key_of` the phrase; other phrases with this key
             and other types follow in the same text, sorted and each after a TAB

    Raises :class:`.ModelError` for phrases that are not so.
    """

    def __init__(self, words: Sequence[str], phrases: Sequence[str]) -> None:
        self.words = words
        self.phrases = phrases
        self._number_of = {name: number for number, name in enumerate(words)}
        # By the first characters of a key, which lengths there are; other keys may share a place.
        self._lengths = array("I", bytes(4 << max(10, min(20, len(phrases).bit_length() - 1))))
        self._longest = 0
        last = ""
        for text in phrases:
            phrase, _, name = text.partition("\t")
            key = key_of(phrase)
            is_known = name in self._number_of or self._are_pairs(text, key)
            if not (is_known and key > last and len(key) <= LONGEST):
                raise ModelError("the phrases of its lexicon are damaged")
            self._lengths[hash(key[:_BEGINNING]) % len(self._lengths)] |= 1 << min(_FAR, len(key))
            self._longest = max(self._longest, len(key))
            last = key
        self._numbers = PackedNumbers(_Keys(phrases), 0)

    def _are_pairs(self, text: str, key: str) -> bool:
        """Tell whether a text has several phrases with this key and their types, in order."""
        pairs = _pairs(text)
        are_known = all(key_of(phrase) == key and name in self._number_of for phrase, name in pairs)
        return are_known and pairs == sorted({*pairs})

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Lexicon":
        """Make a lexicon of pairs of a phrase and its type; phrases may have several types."""
        types: dict[str, None] = {}
        by_key: dict[str, set[tuple[str, str]]] = {}
        for phrase, name in pairs:
            types[name] = None
            by_key.setdefault(key_of(phrase), set()).add((" ".join(composed(phrase).split()), name))
        return cls(list(types), ["\t".join(chain.from_iterable(sorted(by_key[key]))) for key in sorted(by_key)])

    def joined(self, other: "Lexicon") -> "Lexicon":
        """The phrases of both, with the types of the other behind those of this one."""
        pairs = (pair for text in chain(self.phrases, other.phrases) for pair in _pairs(text))
        made = Lexicon.of(pairs)
        return Lexicon(list(dict.fromkeys([*self.words, *other.words])), made.phrases)

    @staticmethod
    def phrases_of(rows: Rows) -> NDArray[np.int64]:
        """Number the phrases that tokens with these rows are in, (N,); a token that is in none has any number."""
        has_rows = np.diff(rows.starts) > 0
        place = np.zeros(len(has_rows), np.int32)
        place[has_rows] = rows.rows[rows.starts[:-1][has_rows]] % len(_PLACES)
        return np.cumsum(has_rows & (place < 2))  # a phrase begins at S and B

    def name_of(self, row: int) -> str:
        """The type of a row and the place of a token in the phrase: ``city B``, ``city I, other capitals``."""
        number, place = divmod(row, ROWS)
        other = ", other capitals" if place >= len(_PLACES) else ""
        return f"{self.words[number]} {_PLACES[place % len(_PLACES)]}{other}"

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
        text = self.phrases[number]
        phrase, _, name = text.partition("\t")
        if name in self._number_of:  # the one pair of nearly all phrases
            return [ROWS * self._number_of[name] + (0 if _joined(phrase) == form else len(_PLACES))]
        pairs = _pairs(text)
        exact = [pair for pair in pairs if _joined(pair[0]) == form]
        other = 0 if exact else len(_PLACES)
        return sorted({ROWS * self._number_of[name] + other for _, name in exact or pairs})


class _Keys:
    """The keys of phrases."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._phrases = phrases

    def __len__(self) -> int:
        return len(self._phrases)

    def __getitem__(self, number: int) -> str:
        return key_of(self._phrases[number].partition("\t")[0])

    def blocks(self) -> Iterator[list[str]]:
        """Yield all keys in order, some at a time."""
        blocks = self._phrases.blocks() if isinstance(self._phrases, PackedTexts) else [self._phrases]
        for block in blocks:
            yield [key_of(text.partition("\t")[0]) for text in block]


def _pairs(text: str) -> list[tuple[str, str]]:
    cells = text.split("\t")
    return list(zip_longest(cells[::2], cells[1::2], fillvalue=""))


def _joined(text: str) -> str:
    return "".join(composed(text).split())


def key_of(text: str) -> str:
    """The letters by which a phrase is found: without blanks and capitals."""
    return _joined(text).casefold()


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
