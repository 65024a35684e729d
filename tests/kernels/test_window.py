"""The tokens beside a token: by hand, and against NumPy sentence by sentence."""

import itertools

import numpy as np
import pytest

from rnncli.data.batch import pack
from rnncli.kernels import window
from rnncli.kernels.parallel import SERIAL

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
    window.add_slot(y, texts, rows, a)
    assert [[2, 3], [1, 1], [11, 21], [11, 21]] == a.tolist()


def test_the_tokens_of_a_window_lie_side_by_side():
    x, out = np.arange(1.0, 7)[:, None] * [1, 10], np.full((6, 6), 9.0)
    window.look_around(SERIAL, x, OFFSETS, 1, out)
    # Sentences are rows 0, 3, 5; 1, 4; 2.
    seen = [[0, 1, 4], [0, 2, 5], [0, 3, 0], [1, 4, 6], [2, 5, 0], [4, 6, 0]]
    assert np.kron(seen, [1, 10]).tolist() == out.tolist()


@pytest.mark.parametrize("width", [0, 1, 2, 5])
def test_what_a_window_shows_is_what_its_neighbours_are(width):
    rng = np.random.default_rng(1)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 8, 20))])
    offsets = pack(starts, np.arange(20)).offsets
    x = rng.random((offsets[-1], 3))
    out = np.full((len(x), 3 * (2 * width + 1)), np.nan)
    window.look_around(SERIAL, x, offsets, width, out)
    rows = [neighbours(offsets, distance) for distance in range(-width, width + 1)]
    expected = [np.where(row[:, None] >= 0, x[row], 0) for row in rows]
    assert np.hstack(expected).tolist() == out.tolist()


@pytest.mark.parametrize("width", [0, 1, 2, 5])
def test_looking_back_is_the_transpose_of_looking_around(width):
    """⟨look_around(x), D⟩ = ⟨x, look_around_backward(D)⟩ for every x and every gradient D."""
    rng = np.random.default_rng(2)
    x, dout = rng.random((6, 3)), rng.random((6, 3 * (2 * width + 1)))
    out, dx = np.full_like(dout, np.nan), np.full_like(x, np.nan)
    window.look_around(SERIAL, x, OFFSETS, width, out)
    window.look_around_backward(SERIAL, dout, OFFSETS, width, dx)
    np.testing.assert_allclose((out * dout).sum(), (x * dx).sum(), rtol=1e-12)
