"""Words <-> numbers: counting, fixed lists, look-up. Number 0 is the unknown word."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rnncli.data.packed import PackedNumbers, PackedTexts
from rnncli.data.spelling import composed, forms, normal_form

UNKNOWN = 0


class Numbers(Protocol):
    """The numbers of texts: a dictionary, or what needs less memory."""

    def get(self, text: str, default: Any = None, /) -> Any:
        """The number of a text, or ``default``."""


class Texts:
    """A fixed list of texts with numbers; two lists of the same texts in the same order are equal.

    digits  "zero" or "keep": how :func:`normal_form` reads them
    """

    first = 0  # the number of the first text

    def __init__(self, words: Iterable[str], digits: str = "zero") -> None:
        self.digits = digits
        self.words: Sequence[str]
        self._numbers: Numbers
        if isinstance(words, PackedTexts):
            self.words = words
            self._numbers = PackedNumbers(words, self.first)
            return
        self.words = list(words)
        numbers = {word: number for number, word in enumerate(self.words, self.first)}
        for number, word in enumerate(self.words, self.first):  # earlier versions listed words as they were written
            if not word.isascii():
                numbers.setdefault(composed(word), number)
        self._numbers = numbers

    def lists(self, text: str) -> bool:
        """Tell whether a text is in the list, letter by letter."""
        number = self._numbers.get(text)
        return number is not None and self.words[number - self.first] == text

    def name_of(self, row: int) -> str:
        """The text of a row in a table; "" for the unknown word."""
        return self.words[row - self.first] if row >= self.first else ""

    def __len__(self) -> int:
        return self.first + len(self.words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Texts):
            return NotImplemented
        return (type(self), self.digits, self.words) == (type(other), other.digits, other.words)


class Vocabulary(Texts):
    """A fixed list of words, made only from the training set, so that it has no words of development data.

    words   the words by number, without the unknown word, in order of first appearance
    counts  (words + 1,) how often each occurs in training; words that occur once are masked to train the unknown
            word. A model file does not hold the counts, and vocabularies with different counts may be equal
    """

    first = UNKNOWN + 1

    def __init__(self, words: Iterable[str], digits: str = "zero", counts: NDArray[np.int64] | None = None) -> None:
        super().__init__(words, digits)
        self._counts = counts

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word occurs in training; without counts zeros that cannot be written."""
        return np.broadcast_to(np.int64(0), len(self)) if self._counts is None else self._counts

    @classmethod
    def count(cls, tokens: Iterable[str], digits: str = "zero") -> "Vocabulary":
        """Make the vocabulary of a training set."""
        counts: Counter[str] = Counter()
        for token, count in Counter(tokens).items():  # each distinct token once
            counts[normal_form(token, digits)] += count
        return cls(counts, digits, np.array([0, *counts.values()], np.int64))

    def number(self, token: str) -> int:
        """Look a token up: in its normal form, else that in lower case, else the unknown word."""
        form = normal_form(token, self.digits)
        number = self._numbers.get(form)
        return int(self._numbers.get(form.lower(), UNKNOWN) if number is None else number)

    def select(self, token: str) -> list[int]:
        """Return the one row of the token in a table."""
        return [self.number(token)]


class Values(Texts):
    """A fixed list of the values of a column, looked up as written but :func:`composed`; others have no row."""

    @classmethod
    def count(cls, values: Iterable[str]) -> "Values":
        """List the values of a training set."""
        return cls(dict.fromkeys(map(composed, dict.fromkeys(values))))

    def select(self, token: str) -> list[int]:
        """Return the row of a value; nothing for a value that is not listed."""
        number = self._numbers.get(composed(token))
        return [] if number is None else [number]


class Names(Texts):
    """The words of pre-trained vectors; a token is looked up by its :func:`forms`."""

    def select(self, token: str) -> list[int]:
        """Return the row of the token's vector; nothing for a token without one."""
        for form in forms(token, self.digits):
            number = self._numbers.get(form)
            if number is not None:
                return [number]
        return []
