"""data/batch.py: packed batches, and the order in which sentences are taken."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import batch
from rnncli.data.batch import Bags, Encoded

lengths_of_sentences = st.lists(st.integers(0, 7), max_size=12)


def encoded(lengths: list[int]) -> Encoded:
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    words = np.arange(starts[-1], dtype=np.int32)
    return Encoded(words, words[None], [], np.full_like(words, -1), starts)


def steps(packed: batch.Packed) -> list[list[int]]:
    """The positions of each time step."""
    pairs = zip(packed.offsets[:-1], packed.offsets[1:], strict=True)
    return [packed.positions[start:end].tolist() for start, end in pairs]


def test_a_step_holds_its_token_of_every_sentence_still_running_longest_first() -> None:
    # Sentences 0, 1 and 3 are positions 0–1, 2–4 and 5; sentence 2 has no token.
    packed = batch.pack(encoded([2, 3, 0, 1]).starts, np.arange(4))
    assert [[2, 0, 5], [3, 1], [4]] == steps(packed)
    assert [0, 3, 5, 6] == packed.offsets.tolist()


@pytest.mark.parametrize(
    ("lengths", "sentences", "expected"),
    [
        ([], [], []),
        ([3, 2], [], []),
        ([0, 0], [0, 1], []),
        ([1], [0], [[0]]),
        ([4], [0], [[0], [1], [2], [3]]),
        ([1, 1, 1], [2, 0, 1], [[2, 0, 1]]),  # of equal length: the given order
        ([2, 1, 2], [2, 1, 0], [[3, 0, 2], [4, 1]]),
        ([2, 5, 2], [2], [[7], [8]]),
    ],
)
def test_packing_of_chosen_sentences(lengths: list[int], sentences: list[int], expected: list[list[int]]) -> None:
    assert expected == steps(batch.pack(encoded(lengths).starts, np.array(sentences, np.int64)))


@given(lengths_of_sentences, st.randoms(use_true_random=False))
def test_packing_equals_its_definition(lengths: list[int], random: Random) -> None:
    sentences = list(range(len(lengths)))
    random.shuffle(sentences)
    data = encoded(lengths)
    ranked = sorted(sentences, key=lambda sentence: -lengths[sentence])
    expected = [
        [int(data.starts[sentence]) + step for sentence in ranked if step < lengths[sentence]]
        for step in range(max(lengths, default=0))
    ]
    packed = batch.pack(data.starts, np.array(sentences, np.int64))
    assert expected == steps(packed)
    assert list(range(sum(lengths))) == sorted(packed.positions.tolist())


def test_a_batch_holds_the_texts_of_its_tokens_from_every_source() -> None:
    bags = [Bags(1, False, np.arange(6, dtype=np.int32), np.arange(7))]
    data = encoded([2, 3, 0, 1])._replace(ids=np.array([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]]), bags=bags)
    packed = batch.pack(data.starts, np.arange(4))
    found = data.batch(packed)
    assert [[2, 0, 5, 3, 1, 4], [3, 5, 0, 2, 4, 1]] == found.ids.tolist()
    assert (6, 3) == (found.tokens, found.sentences)  # the sentence without tokens is in no batch
    assert found.bags is bags
    assert (packed.offsets.tolist(), []) == (found.offsets.tolist(), found.masked.tolist())
    hidden = np.array([True, False, True, False, False, True])
    assert hidden.tolist() == data.batch(packed, hidden).masked.tolist()


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_a_batch_may_hold_nothing(lengths: list[int]) -> None:
    data = encoded(lengths)
    found = data.batch(batch.pack(data.starts, np.arange(len(lengths))))
    assert (0, 0) == (found.tokens, found.sentences)


@given(lengths_of_sentences, st.integers(1, 4))
def test_an_epoch_shows_every_sentence_once(lengths: list[int], size: int) -> None:
    batches = list(batch.shuffled(encoded(lengths), size, np.random.default_rng(1)))
    assert list(range(len(lengths))) == sorted(number for found in batches for number in found.tolist())
    assert all(len(found) <= size for found in batches)


def epoch(seed: int) -> list[list[int]]:
    data = encoded([1 + i % 5 for i in range(100)])
    return [found.tolist() for found in batch.shuffled(data, 4, np.random.default_rng(seed))]


def test_the_order_of_an_epoch_is_a_function_of_the_seed() -> None:
    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)


def test_epochs_of_one_generator_differ() -> None:
    data, rng = encoded([2] * 40), np.random.default_rng(1)
    first, second = ([found.tolist() for found in batch.shuffled(data, 4, rng)] for _ in range(2))
    assert first != second


def test_which_sentences_meet_in_a_batch_is_random() -> None:
    data = encoded([2] * 40)
    one, other = (
        {frozenset(found.tolist()) for found in batch.shuffled(data, 4, np.random.default_rng(seed))}
        for seed in (1, 2)
    )
    assert one != other


def test_batches_do_not_come_longest_first() -> None:
    # All 32 sentences are of one run, which is sorted by length before it is cut.
    data = encoded(list(range(1, 33)))
    longest = [max(data.lengths[found].tolist()) for found in batch.shuffled(data, 4, np.random.default_rng(1))]
    assert [4, 8, 12, 16, 20, 24, 28, 32] == sorted(longest)
    assert sorted(longest, reverse=True) != longest


def test_sentences_of_a_batch_are_of_like_length() -> None:
    # Lengths 1 and 9 by turns, 32 sentences: eight batches of four can be cut without mixing them.
    data = encoded([1, 9] * 16)
    mixed = [set(data.lengths[found].tolist()) for found in batch.shuffled(data, 4, np.random.default_rng(1))]
    assert [{1}] * 4 + [{9}] * 4 == sorted(mixed, key=min)


@given(lengths_of_sentences, st.integers(1, 10))
def test_batches_by_length_hold_every_sentence_once_longest_first(lengths: list[int], tokens: int) -> None:
    batches = [found.tolist() for found in batch.by_length(encoded(lengths), tokens)]
    # Sorting is stable, so sentences of equal length stay in order.
    expected = sorted(range(len(lengths)), key=lambda sentence: -lengths[sentence])
    assert expected == [number for found in batches for number in found]
    assert all(len(found) == 1 or sum(lengths[number] for number in found) <= tokens for found in batches)


def test_batches_by_length_are_filled() -> None:
    batches = [found.tolist() for found in batch.by_length(encoded([2, 3, 2, 9, 1]), 6)]
    assert [[3], [1, 0], [2, 4]] == batches
