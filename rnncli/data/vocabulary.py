"""Words <-> numbers: counting, fixed lists, look-up. Number 0 is the unknown word.

Texts are looked up in Unicode's normal form C without invisible characters, so that spellings that look the same
are one word.
"""

import re
from collections import Counter
from collections.abc import Iterable
from unicodedata import is_normalized, normalize

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 0
_DIGIT = re.compile(r"\d")
_INVISIBLE = {ord(character): None for character in "\u00ad\u200b\u2060\ufeff"}


def composed(text: str) -> str:
    """The text in normal form C, without soft hyphens, zero-width blanks, word joiners and byte order marks.

    A text of such characters alone stays as it is.
    """
    if text.isascii():
        return text
    text = text.translate(_INVISIBLE) or text
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def normal_form(token: str, digits: str = "zero") -> str:
    """The form under which a token is looked up: :func:`composed`, and every digit is 0.

    So 10:30 and 11:45 are one word. With ``digits`` "keep", digits stay.
    """
    token = composed(token)
    return token if digits == "keep" else _DIGIT.sub("0", token)


def forms(token: str, digits: str = "zero") -> tuple[str, ...]:
    """The spellings under which a token is looked up, best first.

    As written but :func:`composed`, with every digit as 0, lower-cased, and lower-cased with every digit as 0. With
    ``digits`` "keep", digits stay.
    """
    token = composed(token)
    lower = token.lower()
    return tuple(dict.fromkeys((token, normal_form(token, digits), lower, normal_form(lower, digits))))


class Texts:
    """A fixed list of texts with numbers; two lists of the same texts in the same order are equal.

    digits  "zero" or "keep": how :func:`normal_form` reads them
    """

    first = 0  # the number of the first text

    def __init__(self, words: Iterable[str], digits: str = "zero") -> None:
        self.words = list(words)
        self.digits = digits
        self._numbers = {word: number for number, word in enumerate(self.words, self.first)}
        for number, word in enumerate(self.words, self.first):  # earlier versions listed words as they were written
            if not word.isascii():
                self._numbers.setdefault(composed(word), number)

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
        self.counts = np.zeros(len(self), np.int64) if counts is None else counts

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
        return number if number is not None else self._numbers.get(form.lower(), UNKNOWN)

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
