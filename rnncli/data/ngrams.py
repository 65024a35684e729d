"""Letters of a word as features: n-grams with boundary marks, prefixes, suffixes, the lower-cased word, its shape.

Word hashing (Huang et al. 2013, "Learning deep structured semantic models", section 3.2) without the hash: the
features of the training words are counted and kept, so that an n-gram that training never showed adds no noise.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rnncli.data.vocabulary import Texts, normal_form

LONGEST_AFFIX = 5
NGRAM = 3
_RUNS = re.compile(r"(.)\1+")


def shape(form: str) -> str:
    """The kinds of a word's characters, runs as one: X upper case, x other letters, 0 digits, marks as they are."""
    kinds = "".join("X" if c.isupper() else "x" if c.isalpha() else c for c in form)
    return _RUNS.sub(r"\1", kinds)


def features(token: str) -> Iterator[str]:
    """Yield the features of a token; ``<`` and ``>`` mark where the word begins and ends.

    >>> list(features("May"))
    ['=Xx', '<may>', '<m', 'y>', '<ma', 'ay>', 'may']
    """
    form = normal_form(token)
    yield "=" + shape(form)
    form = form.lower()
    yield f"<{form}>"
    for length in range(1, min(LONGEST_AFFIX, len(form) - 1) + 1):
        yield "<" + form[:length]
        yield form[-length:] + ">"
    for start in range(len(form) - NGRAM + 1):
        yield form[start : start + NGRAM]


class Ngrams(Texts):
    """A locked list of features, made once from the distinct words of the training set."""

    @classmethod
    def count(cls, tokens: Iterable[str], least: int = 2) -> "Ngrams":
        """Keep the features that ``least`` distinct words of the training set have."""
        distinct = dict.fromkeys(map(normal_form, dict.fromkeys(tokens)))
        counts = Counter(feature for form in distinct for feature in dict.fromkeys(features(form)))
        return cls(feature for feature, count in counts.items() if count >= least)

    def select(self, token: str) -> list[int]:
        """Numbers of the token's features, those that are known."""
        numbers = self._numbers
        return [numbers[feature] for feature in features(token) if feature in numbers]
