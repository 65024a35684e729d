"""Whether words that differ in their digits alone are one word or several, chosen by the tags of the training data."""

from collections.abc import Sequence
from rnncli.data.tsv import Sentence
from rnncli.config import Digits


def choose_digits(sentences: Sequence[Sentence]) -> Digits:
    """Return "keep" or "zero"."""
    return "zero"
