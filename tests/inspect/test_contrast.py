"""Two texts: which tokens are partners, how far memories lie apart, where the decision parts."""

import numpy as np
import pytest

from rnncli.inspect.contrast import Distance, align, distances, parting
from rnncli.inspect.memory import Memory, TextMemory


def made(text, tags, **memories):
    tokens = text.split()
    kept = [Memory(name.replace("_", " "), np.array(values, float)[:, None]) for name, values in memories.items()]
    return TextMemory(text, tokens, tags.split(), [1.0] * len(tokens), [], kept, [()] * len(tokens))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("arrive Taipei", "leave Taipei", [(0, 0), (1, 1)]),
        ("leave Taipei", "please leave Taipei", [(None, 0), (0, 1), (1, 2)]),
        ("please leave Taipei", "leave Taipei", [(0, None), (1, 0), (2, 1)]),
        ("a x y z b", "a u b", [(0, 0), (1, 1), (2, None), (3, None), (4, 2)]),
        ("a b", "c d", [(0, 0), (1, 1)]),
        ("a", "a", [(0, 0)]),
    ],
)
def test_tokens_are_aligned_with_insertions(a, b, expected):
    assert expected == align(a.split(), b.split())


def test_common_tokens_are_aligned_in_long_texts_too():
    """A heuristic for popular elements, difflib's default, would give up on "the" here."""
    a = ["the", "x"] * 150
    assert [(None, 0), *((n, n + 1) for n in range(300))] == align(a, ["please", *a])


def test_distances_are_euclidean_at_the_pairs_that_both_have():
    a = made("leave Taipei now", "O B O", layer_1=[1, 2, 5])
    b = made("please leave Taipei", "O O B", layer_1=[7, 3, 3])
    (distance,) = distances(a, b, align(a.tokens, b.tokens))
    assert [2, 1] == distance.values.tolist()


def test_two_texts_part_where_tokens_memories_and_tags_do():
    a = made("hi arrive Taipei on", "O O B-to O", layer_1_forward=[0, 0, 5, 9], layer_1_backward=[3, 2, 0, 0])
    b = made("hi leave Taipei on", "O O B-from O", layer_1_forward=[0, 1, 0, 0], layer_1_backward=[0, 0, 0, 0])
    pairs = align(a.tokens, b.tokens)
    found = parting(a, b, pairs, distances(a, b, pairs))
    # Forward: 0 1 5 9, from pair 1 on, over 4.5 at pair 2. Backward, read from the end: 0 0 2 3, both at pair 1.
    assert (1, 2, [("layer 1 forward", 1, 2), ("layer 1 backward", 1, 1)]) == found


def test_equal_texts_part_nowhere():
    a = made("leave now", "O O", layer_1=[1, 2])
    pairs = align(a.tokens, a.tokens)
    assert (None, None, [("layer 1", None, None)]) == parting(a, a, pairs, distances(a, a, pairs))


def test_a_token_without_partner_is_where_texts_part():
    a, b = made("now", "O"), made("please now", "O O")
    assert (0, None, []) == parting(a, b, align(a.tokens, b.tokens), [])


def test_places_count_the_gaps():
    a, b = made("leave Taipei", "O B-x"), made("please leave Taipei", "O O B-y")
    found = parting(a, b, align(a.tokens, b.tokens), [Distance("layer 1", np.array([0.0, 2.0]))])
    assert (0, 2, [("layer 1", 2, 2)]) == found
