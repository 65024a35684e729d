"""Letter features of a word: n-grams with boundary marks, prefixes, suffixes, the lower-cased word, its shape.

Word hashing (Huang et al. 2013, "Learning deep structured semantic models", section 3.2) without the hash: the
features of the training words are counted and listed. A feature that does not occur in training is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from rnncli.data.spelling import normal_form
from rnncli.data.vocabulary import Texts

LONGEST_AFFIX = 5
NGRAM = 3
_RUNS = re.compile(r"(.)\1+")


def shape(form: str) -> str:
    """The kinds of a word's characters: X upper case, x other letters, else itself; repeats once."""
    kinds = "".join("X" if c.isupper() else "x" if c.isalpha() else c for c in form)
    return _RUNS.sub(r"\1", kinds)


def features(token: str, digits: str = "zero") -> Iterator[str]:
    """Yield the features of a token's normal form; ``<`` and ``>`` mark where the word begins and ends.

    >>> list(features("May"))
    ['=Xx', '<may>', '<m', 'y>', '<ma', 'ay>', 'may']
    """
    form = normal_form(token, digits)
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
    def count(cls, tokens: Iterable[str], least: int = 2, digits: str = "zero") -> "Ngrams":
        """List the features that at least ``least`` distinct words of the training set have."""
        distinct = dict.fromkeys(normal_form(token, digits) for token in dict.fromkeys(tokens))
        counts = Counter(feature for form in distinct for feature in dict.fromkeys(features(form, digits)))
        return cls((feature for feature, count in counts.items() if count >= least), digits)

    def select(self, token: str) -> list[int]:
        """Numbers of the token's features that are in the list."""
        number = self._numbers.get
        return [row for feature in features(token, self.digits) if (row := number(feature)) is not None]
