"""Words <-> numbers: count, lock, look up. Number 0 is the unknown word."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 0
_DIGIT = re.compile(r"\d")


def normal_form(token: str) -> str:
    """The form by which a token is looked up: every digit is 0, so that 10:30 and 11:45 are one word."""
    return _DIGIT.sub("0", token)


def forms(token: str) -> tuple[str, ...]:
    """The spellings under which a token is looked up, best first.

    As written, with every digit as 0, lower-cased, and lower-cased with every digit as 0.
    """
    lower = token.lower()
    return tuple(dict.fromkeys((token, normal_form(token), lower, normal_form(lower))))


class Texts:
    """A locked list of texts by number; two that number texts alike are equal."""

    first = 0  # number of the first

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)
        self._numbers = {word: number for number, word in enumerate(self.words, self.first)}

    def __len__(self) -> int:
        return self.first + len(self.words)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.words == getattr(other, "words", None)


class Vocabulary(Texts):
    """A locked list of words; made once from the training set, so nothing leaks in from development data.

    words   the words by number, without the unknown word, in order of first appearance
    counts  (words + 1,) how often each was seen in training; those seen once teach the unknown word. A model file
            does not keep them, and they play no part in whether two vocabularies are equal
    """

    first = UNKNOWN + 1

    def __init__(self, words: Iterable[str], counts: NDArray[np.int64] | None = None) -> None:
        super().__init__(words)
        self.counts = np.zeros(len(self), np.int64) if counts is None else counts

    @classmethod
    def count(cls, tokens: Iterable[str]) -> "Vocabulary":
        """Make the vocabulary of a training set."""
        counts: Counter[str] = Counter()
        for token, count in Counter(tokens).items():  # each distinct token once
            counts[normal_form(token)] += count
        return cls(counts, np.array([0, *counts.values()], np.int64))

    def number(self, token: str) -> int:
        """Look a token up: as written (digits as 0), else lower-cased, else the unknown word."""
        form = normal_form(token)
        number = self._numbers.get(form)
        return number if number is not None else self._numbers.get(form.lower(), UNKNOWN)

    def select(self, token: str) -> list[int]:
        """Return the one row of a table that stands for the token."""
        return [self.number(token)]


class Values(Texts):
    """A locked list of the values of a column, each looked up as it is; one that is not listed has no row."""

    def select(self, token: str) -> list[int]:
        """Return the row of a value, or none."""
        number = self._numbers.get(token)
        return [] if number is None else [number]


class Names(Values):
    """The words of pre-trained vectors; a token is looked up by its :func:`forms`."""

    def select(self, token: str) -> list[int]:
        """Return the row of the token's vector, or none."""
        return next(filter(None, map(super().select, forms(token))), [])
