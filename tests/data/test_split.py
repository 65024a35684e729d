"""data/split.py: a seeded share for development, and what two data sets have in common."""

import numpy as np
import pytest

from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap, overlap, split
from rnncli.data.tags import PLAIN, Scheme
from rnncli.data.vocabulary import Vocabulary


def sentence(text: str, tags: str, line: int = 1) -> Sentence:
    tokens = text.split()
    return Sentence(tokens, tags.split(), [()] * len(tokens), line)


CORPUS = [sentence(f"w{i}", "O", i) for i in range(40)]


def parts(share: float, seed: int = 1, count: int = 40) -> tuple[list[int], list[int]]:
    """The lines of the sentences in either part."""
    train, dev = split(CORPUS[:count], share, np.random.default_rng(seed))
    return [each.line for each in train], [each.line for each in dev]


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [(0.1, 40, 4), (0.25, 40, 10), (0.9, 40, 36), (0.01, 40, 1), (0.9, 2, 1), (0.1, 2, 1), (0.9, 3, 2)],
)
def test_a_share_is_cut_off_and_both_parts_keep_the_order_of_the_file(
    share: float, count: int, expected: int
) -> None:
    train, dev = parts(share, count=count)
    assert (count - expected, expected) == (len(train), len(dev))
    assert list(range(count)) == sorted([*train, *dev])
    assert (sorted(train), sorted(dev)) == (train, dev)


def test_the_cut_is_a_function_of_the_seed() -> None:
    assert parts(0.2, seed=1) == parts(0.2, seed=1)
    assert parts(0.2, seed=1) != parts(0.2, seed=2)


def test_the_share_is_not_simply_the_end_of_the_file() -> None:
    assert list(range(36, 40)) != parts(0.1)[1]


@pytest.mark.parametrize(("share", "count"), [(0.0, 40), (0.5, 1), (0.0, 1)])
def test_what_cannot_be_cut_serves_twice(share: float, count: int) -> None:
    assert (list(range(count)), list(range(count))) == parts(share, count=count)


def types(part: list[Sentence], scheme: Scheme) -> set[str | None]:
    return {scheme.type_of(tag) for each in part for tag in each.tags} - {None}


def test_where_no_type_is_missing_the_share_is_that_of_the_permutation() -> None:
    corpus = [sentence("a b", f"B-{'xy'[i % 2]} O", i) for i in range(40)]
    expected = np.random.default_rng(3).permutation(40)[:8]
    dev = split(corpus, 0.2, np.random.default_rng(3), Scheme("IOB2"))[1]
    assert sorted(expected.tolist()) == [each.line for each in dev]


@pytest.mark.parametrize("seed", range(20))
def test_every_type_is_in_both_parts_as_far_as_there_are_sentences(seed: int) -> None:
    rare = [sentence("a b", "B-x I-x", 100), sentence("a", "B-x", 101), sentence("a", "B-once", 102)]
    corpus = [*CORPUS, *rare, *[sentence("a b", "B-y B-z", 110 + i) for i in range(4)]]
    train, dev = split(corpus, 0.1, np.random.default_rng(seed), Scheme("IOB2"))
    assert (42, 5) == (len(train), len(dev))
    assert {"x", "y", "z"} == types(dev, Scheme("IOB2"))
    assert {"x", "y", "z", "once"} == types(train, Scheme("IOB2"))
    assert sorted(each.line for each in corpus) == sorted(each.line for each in [*train, *dev])
    assert [each.line for each in dev] == sorted(each.line for each in dev)


@pytest.mark.parametrize("seed", range(20))
def test_with_too_few_sentences_training_comes_first(seed: int) -> None:
    corpus = [sentence("a", tag, i) for i, tag in enumerate(["X", "Y", "Z", "X", "Y", "Z"])]
    train, dev = split(corpus, 0.3, np.random.default_rng(seed))
    assert {"X", "Y", "Z"} == types(train, PLAIN)
    assert 2 == len(types(dev, PLAIN))


TRAIN = [sentence("leave Taipei", "O B-x"), sentence("on May 2nd", "O B-y I-y")]


def test_overlap_counts_leaks_unknown_words_and_tags_never_seen() -> None:
    dev = [
        sentence("leave Taipei", "O B-z"),  # leaked: its words count, not its tags
        sentence("Taipei leave", "B-x O"),  # the same words in another order
        sentence("leave Taipei now", "O B-x O"),
        sentence("ON may 3nd", "O B-a B-z"),  # known by lower case and digits; "may" is not
        sentence("leave Taipei", "O B-x"),
    ]
    vocabulary = Vocabulary.count(token for each in TRAIN for token in each.tokens)
    expected = Overlap(sentences=5, leaked=2, tokens=12, unknown=2, unseen_tags=["B-a", "B-z"])
    assert expected == overlap(TRAIN, dev, vocabulary, ["O", "B-x", "B-y", "I-y"])


def test_nothing_overlaps_with_nothing() -> None:
    assert Overlap(0, 0, 0, 0, []) == overlap(TRAIN, [], Vocabulary([]), ["O"])
