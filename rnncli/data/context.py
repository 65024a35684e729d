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

# The first and the last token of each n-gram, counted from the token that reads it: of tokens, and of their kinds.
PATTERNS = (("", ((-1, 0), (0, 1), (-1, 1))), ("=", ((0, 0), (-1, 1), (-2, 2))))
REACH = 2
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


def kind(form: str) -> str:
    """The classes of a token's characters: 0 digit, X upper case, x lower case, c other letter, else itself."""
    return "".join(dict.fromkeys(map(_class, form)))


def _class(c: str) -> str:
    return "0" if c.isdecimal() else "X" if c.isupper() else "x" if c.islower() else "c" if c.isalpha() else c


def _ngrams(sentences: Sequence[Sequence[str]], digits: str) -> Iterator[Iterator[str]]:
    """Yield for each pattern the n-gram of each token, the sentences end to end."""
    beyond = [""] * REACH
    tokens = beyond.copy()  # the sentences, and what lies beyond them
    places: list[int] = []  # of their tokens
    for sentence in sentences:
        places += range(len(tokens), len(tokens) + len(sentence))
        tokens += sentence
        tokens += beyond
    form_of = {token: normal_form(token, digits) for token in dict.fromkeys(tokens)}
    kind_of = {token: kind(form) for token, form in form_of.items()}
    for (name, patterns), text_of in zip(PATTERNS, (form_of, kind_of), strict=True):
        texts = [text_of[token] for token in tokens]
        for first, last in patterns:
            columns = [[texts[place + shift] for place in places] for shift in range(first, last + 1)]
            yield map(" ".join, zip(repeat(f"{name}{first:+}"), *columns))
