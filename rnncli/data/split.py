"""A seeded share of the training sentences for development, and what two data sets have in common."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, Scheme
from rnncli.data.vocabulary import UNKNOWN, Vocabulary

# The default development part: a tenth of the sentences, but at most 500, which are enough to compare epochs.
DEV_SHARE = 0.1
DEV_SENTENCES = 500


def usual_share(sentences: int) -> float:
    """The share of so many sentences that is kept for development if none is chosen."""
    return min(DEV_SHARE, DEV_SENTENCES / sentences)


def dev_count(sentences: int, share: float) -> int:
    """How many of so many sentences are kept for development; 0 if all are used for training and development."""
    return 0 if share == 0 or sentences < 2 else min(max(1, round(share * sentences)), sentences - 1)


def kept_apart(
    sentences: Sequence[Sentence], share: float, seed: int, scheme: Scheme
) -> tuple[list[Sentence], list[Sentence]]:
    """Divide the sentences of a training file as training does; share 0 is :func:`usual_share`."""
    return split(sentences, share or usual_share(len(sentences)), np.random.default_rng([seed, 2]), scheme)


def split(
    sentences: Sequence[Sentence], share: float, rng: np.random.Generator, scheme: Scheme = PLAIN
) -> tuple[list[Sentence], list[Sentence]]:
    """Divide sentences into training and development; development is a random share, at least one sentence.

    Every type of tag is in both parts, as far as there are sentences enough; one that a single sentence has is in
    training. Both keep the order of the file. For a share of 0, or a single sentence, both are all sentences.
    """
    count = dev_count(len(sentences), share)
    if count == 0:
        return list(sentences), list(sentences)
    order = rng.permutation(len(sentences)).tolist()
    dev = _exchanged(sentences, order, count, scheme)
    train = [sentence for i, sentence in enumerate(sentences) if i not in dev]
    return train, [sentences[i] for i in sorted(dev)]


def _exchanged(sentences: Sequence[Sentence], order: list[int], count: int, scheme: Scheme) -> set[int]:
    """The first ``count`` of ``order``; some exchanged for others where a part would miss a type of tag."""
    type_of = {tag: scheme.type_of(tag) for sentence in sentences for tag in set(sentence.tags)}
    types = [{type_of[tag] for tag in sentence.tags} - {None} for sentence in sentences]
    dev = order[:count]
    train = order[count:]
    in_dev = Counter(itertools.chain.from_iterable(types[i] for i in dev))
    in_train = Counter(itertools.chain.from_iterable(types[i] for i in train))
    total = in_train + in_dev

    def exchange(to_dev: int | None, to_train: int | None) -> bool:
        """Exchange two sentences, if there are both."""
        if to_dev is None or to_train is None:
            return False
        train[train.index(to_dev)] = to_train
        dev[dev.index(to_train)] = to_dev
        for number, sign in ((to_dev, 1), (to_train, -1)):
            for kind in types[number]:
                in_dev[kind] += sign
                in_train[kind] -= sign
        return True

    def spare(part: Iterable[int], counts: Counter[str | None]) -> int | None:
        """The first sentence without which the part misses no type that it has."""
        return next((i for i in part if all(counts[kind] > 1 for kind in types[i])), None)

    for kind in [kind for kind in total if not in_train[kind]]:  # first: it could not be learned
        if not in_train[kind]:
            exchange(spare(reversed(train), in_train), next(i for i in dev if kind in types[i]))
    missing = [kind for kind, number in total.most_common() if not in_dev[kind] and number > 1]
    carriers: dict[str | None, list[int]] = {kind: [] for kind in missing}
    for i in train:
        for kind in types[i].intersection(carriers):
            carriers[kind].append(i)
    for kind in missing:
        to_train = spare(reversed(dev), in_dev)
        if to_train is None:
            break
        if not in_dev[kind]:
            exchange(spare(carriers[kind], in_train), to_train)
    return set(dev)


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
