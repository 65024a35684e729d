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


class Vocabulary:
    """A locked list of words; made once from the training set, so nothing leaks in from development data.

    words   the words by number, without the unknown word, in order of first appearance
    once    (words + 1,) bool: seen once in training; those teach the unknown word
    """

    def __init__(self, words: Iterable[str], once: NDArray[np.bool_] | None = None) -> None:
        self.words = list(words)
        self._numbers = {word: number for number, word in enumerate(self.words, 1)}
        self.once = np.zeros(len(self), bool) if once is None else once

    @classmethod
    def count(cls, tokens: Iterable[str]) -> "Vocabulary":
        """Make the vocabulary of a training set."""
        counts = Counter(map(normal_form, tokens))
        return cls(counts, np.array([False, *(n == 1 for n in counts.values())]))

    def __len__(self) -> int:
        return len(self.words) + 1

    def number(self, token: str) -> int:
        """Look a token up: as written (digits as 0), else lower-cased, else the unknown word."""
        form = normal_form(token)
        number = self._numbers.get(form)
        return number if number is not None else self._numbers.get(form.lower(), UNKNOWN)
