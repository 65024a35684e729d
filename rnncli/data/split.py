"""A seeded share of the training sentences for development, and what two data sets have in common."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncli.data.sentence import Sentence
from rnncli.data.vocabulary import UNKNOWN, Vocabulary

# The default development part: a tenth of the sentences, but at most 500, which are enough to compare epochs.
DEV_SHARE = 0.1
DEV_SENTENCES = 500


def usual_share(sentences: int) -> float:
    """The share of so many sentences that is kept for development if none is chosen."""
    return min(DEV_SHARE, DEV_SENTENCES / sentences)


def split(
    sentences: Sequence[Sentence], share: float, rng: np.random.Generator
) -> tuple[list[Sentence], list[Sentence]]:
    """Divide sentences into training and development; development is a random share, at least one sentence.

    Both keep the order of the file. For a share of 0, or a single sentence, both are all sentences.
    """
    count = round(share * len(sentences))
    if share == 0 or len(sentences) < 2:
        return list(sentences), list(sentences)
    dev = set(rng.permutation(len(sentences))[: min(max(1, count), len(sentences) - 1)].tolist())
    train = [sentence for i, sentence in enumerate(sentences) if i not in dev]
    return train, [sentences[i] for i in sorted(dev)]


class Overlap(NamedTuple):
    """How development data relates to training data; counts of sentences and tokens."""

    sentences: int
    leaked: int  # sentences that are also training sentences, tags aside
    tokens: int
    unknown: int  # tokens that are not in the vocabulary
    unseen_tags: list[str]  # tags that do not occur in training, which cannot be predicted


def unseen_tags(sentences: Sequence[Sentence], known: Sequence[str]) -> list[str]:
    """Tags of these sentences that are not among the known ones, sorted; none of them can be predicted."""
    return sorted({tag for sentence in sentences for tag in sentence.tags} - set(known))


def overlap(
    train: Sequence[Sentence], dev: Sequence[Sentence], vocabulary: Vocabulary, tags: Sequence[str]
) -> Overlap:
    """Compare development data with training data."""
    tokens = Counter(token for sentence in dev for token in sentence.tokens)
    seen = {tuple(sentence.tokens) for sentence in train}
    return Overlap(
        len(dev),
        sum(tuple(sentence.tokens) in seen for sentence in dev),
        tokens.total(),
        sum(count for token, count in tokens.items() if vocabulary.number(token) == UNKNOWN),
        unseen_tags(dev, tags),
    )
