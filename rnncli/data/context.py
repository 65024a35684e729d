"""The n-grams that a token forms with its neighbours: characters of a script without blanks, or words.

Concatenated n-grams (Shao et al. 2017, "Character-based joint segmentation and POS tagging for Chinese using
bidirectional RNN-CRF", section 2.2), with a row of its own for each place of the token in the n-gram.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import numpy as np

from rnncli.data.lookup import Rows
from rnncli.data.spelling import normal_form
from rnncli.data.vocabulary import Texts

# The first and the last token of each n-gram, counted from the token that reads it.
PATTERNS = ((-1, 0), (0, 1), (-1, 1))
LEAST = 2  # times that an n-gram occurs in the training data
MOST = 2**16  # rows
LONGEST = 100  # characters of an n-gram


class Context(Texts):
    """A locked list of n-grams, each written as its first place and its tokens; "" stands beyond a sentence."""

    @classmethod
    def count(cls, sentences: Sequence[Sequence[str]], digits: str = "zero") -> "Context":
        """List the most frequent n-grams of the training sentences."""
        counts = Counter(chain.from_iterable(_ngrams(sentences, digits)))
        frequent = [(text, count) for text, count in counts.items() if count >= LEAST and len(text) <= LONGEST]
        frequent.sort(key=lambda item: -item[1])  # of equal counts the first in the data is first
        return cls((text for text, _ in frequent[:MOST]), digits)

    def rows_of(self, sentences: Sequence[Sequence[str]]) -> Rows:
        """The rows that each token selects, the sentences end to end."""
        number = self._numbers.get
        places = [[number(text, -1) for text in texts] for texts in _ngrams(sentences, self.digits)]
        rows = np.array(places, np.int32).T  # (N, patterns)
        is_listed = rows >= 0
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(is_listed.sum(axis=1), out=starts[1:])
        return Rows(rows[is_listed], starts)


def _ngrams(sentences: Sequence[Sequence[str]], digits: str) -> Iterator[Iterator[str]]:
    """Yield for each pattern the n-gram of each token, the sentences end to end."""
    form_of = {token: normal_form(token, digits) for token in dict.fromkeys(chain.from_iterable(sentences))}
    beyond = [""] * max(max(-first, last) for first, last in PATTERNS)
    forms = beyond.copy()  # of the tokens, and what lies beyond the sentences around them
    places: list[int] = []  # of the tokens
    for tokens in sentences:
        places += range(len(forms), len(forms) + len(tokens))
        forms += map(form_of.__getitem__, tokens)
        forms += beyond
    for first, last in PATTERNS:
        columns = [[forms[place + shift] for place in places] for shift in range(first, last + 1)]
        yield map(" ".join, zip(repeat(f"{first:+}"), *columns))
