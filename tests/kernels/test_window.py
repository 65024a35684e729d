"""The tokens beside a token: by hand, and against NumPy sentence by sentence."""

import itertools

import numpy as np
import pytest

from rnncli.data.batch import pack
from rnncli.kernels import window

# Sentences of 3, 2 and 1 tokens: step 0 is rows 0 to 2, step 1 rows 3 and 4, step 2 row 5.
OFFSETS = np.array([0, 3, 5, 6])


def neighbours(offsets, distance):
    out = np.full(int(offsets[-1]), -9, np.int32)
    window.neighbours(offsets, distance, out)
    return out


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0, [0, 1, 2, 3, 4, 5]),
        (1, [3, 4, -1, 5, -1, -1]),
        (2, [5, -1, -1, -1, -1, -1]),
        (3, [-1] * 6),
        (-1, [-1, -1, -1, 0, 1, 3]),
        (-2, [-1, -1, -1, -1, -1, 0]),
        (-64, [-1] * 6),
    ],
)
def test_neighbours_of_a_packed_batch_by_hand(distance, expected):
    assert expected == neighbours(OFFSETS, distance).tolist()


def test_nothing_has_no_neighbours():
    assert [] == neighbours(np.array([0]), 1).tolist()


@pytest.mark.parametrize("distance", range(-8, 9))
def test_neighbours_are_those_of_the_sentence(distance):
    lengths = np.random.default_rng(1).integers(0, 8, 20)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    packed = pack(starts, np.arange(20))
    found = neighbours(packed.offsets, distance)
    beside = np.where(found < 0, -1, packed.positions[found])
    expected = np.full(int(starts[-1]), -1)
    for start, end in itertools.pairwise(starts):
        for t in range(start, end):
            if start <= t + distance < end:
                expected[t] = t + distance
    assert expected[packed.positions].tolist() == beside.tolist()


def test_what_distinct_texts_give_is_added_where_they_are_seen():
    y, a = np.array([[1.0, 2.0], [10.0, 20.0]]), np.ones((4, 2))
    texts, rows = np.array([1, 0, 0, 1]), np.array([1, -1, 3, 0], np.int32)
    window.add_seen(y, texts, rows, a)
    assert [[2, 3], [1, 1], [11, 21], [11, 21]] == a.tolist()


def test_rows_are_spread_into_their_columns():
    x, out = np.array([[1.0, 2.0], [3.0, 4.0]]), np.full((3, 4), 9.0)
    window.spread(x, np.array([1, -1, 0], np.int32), 1, out)
    assert [[9, 3, 4, 9], [9, 0, 0, 9], [9, 1, 2, 9]] == out.tolist()


def test_the_gradient_goes_back_to_the_row_that_was_seen_and_is_added():
    dout, dx = np.array([[9.0, 1, 2, 9], [9, 3, 4, 9], [9, 5, 6, 9]]), np.array([[0.5, 0], [0, 0], [7, 7]])
    window.spread_backward(dout, np.array([1, -1, 1], np.int32), 1, dx)
    assert [[0.5, 0], [1 + 5, 2 + 6], [7, 7]] == dx.tolist()


def test_spreading_back_is_the_transpose_of_spreading():
    """⟨spread(x), D⟩ = ⟨x, spread_backward(D)⟩ for every x and every gradient D."""
    rng = np.random.default_rng(2)
    for distance in (-2, 0, 1):
        rows = neighbours(OFFSETS, distance)
        x, dout, out, dx = rng.random((6, 3)), rng.random((6, 7)), np.zeros((6, 7)), np.zeros((6, 3))
        window.spread(x, rows, 2, out)
        window.spread_backward(dout, rows, 2, dx)
        np.testing.assert_allclose((out * dout).sum(), (x * dx).sum(), rtol=1e-12)
