"""Look-ups of bags of rows and their gradients, by hand and against NumPy."""

import numpy as np
import pytest

from rnncli.kernels import embedding
from rnncli.kernels.optimiser import COLUMNS, OWNER
from rnncli.kernels.parallel import SERIAL

TABLE = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [4.0, -4.0]])
# Texts 0 to 3 select row 2; nothing; rows 0 and 3; row 1 four times.
ROWS = np.array([2, 0, 3, 1, 1, 1, 1], np.int32)
STARTS = np.array([0, 1, 1, 3, 7])
NONE_HIDDEN = np.zeros(0, bool)
AT = 1000  # where the table is in its vector


def test_a_bag_is_the_sum_of_its_rows_over_the_root_of_their_number():
    out = np.zeros((5, 4))
    ids = np.array([0, 1, 2, 3, -1], np.int32)
    embedding.gather(SERIAL, TABLE, ids, ROWS, STARTS, NONE_HIDDEN, 0, 1, out)
    root = np.sqrt(2)
    expected = [[100, 200], [0, 0], [5 / root, -2 / root], [4 * 10 / 2, 4 * 20 / 2], [0, 0]]
    np.testing.assert_allclose(out[:, 1:3], expected, rtol=1e-15)
    assert 0 == np.abs(out[:, [0, 3]]).max()  # only the columns asked for are touched


def test_what_is_there_already_is_added_to():
    out = np.array([[0.5, 0.25]])
    embedding.gather(SERIAL, TABLE, np.array([0], np.int32), ROWS, STARTS, NONE_HIDDEN, 0, 0, out)
    assert [[100.5, 200.25]] == out.tolist()


def test_a_hidden_token_is_the_unknown_word_whatever_it_selects():
    out = np.zeros((4, 2))
    ids, hidden = np.array([0, 0, 3, -1], np.int32), np.array([True, False, True, True])
    embedding.gather(SERIAL, TABLE, ids, ROWS, STARTS, hidden, 0, 0, out)
    assert [[1, 2], [100, 200], [1, 2], [0, 0]] == out.tolist()


def test_rows_count_from_the_first_of_a_block():
    table, out = np.concatenate([np.full_like(TABLE, np.nan), TABLE]), np.zeros((2, 2))
    ids, hidden = np.array([0, 0], np.int32), np.array([False, True])
    embedding.gather(SERIAL, table, ids, ROWS, STARTS, hidden, 4, 0, out)
    assert [[100, 200], [1, 2]] == out.tolist()


def scatter(dout, ids, hidden=NONE_HIDDEN, first=0, rows=4, column=0, steps=1):
    """The gradient of a table, and the rows that were touched by the last of several steps."""
    dtable = np.zeros((rows, dout.shape[1] - column))
    seen, blocks = np.zeros(rows, np.int64), np.full((rows, COLUMNS), -9)
    for stamp in range(1, steps + 1):
        count = 0
        for part in np.array_split(np.arange(len(ids)), 2):  # two places of a window
            texts = ids[part], ROWS, STARTS, hidden[part] if len(hidden) else hidden, first
            count = embedding.touch(*texts, dtable.shape[1], AT, seen, stamp, blocks, count)
            embedding.scatter(SERIAL, dout[part], column, *texts, dtable)
    return dtable, listed(blocks[:count], dtable.shape[1])


def listed(blocks, width):
    """The rows of a table that begins at number AT; everything else about their blocks is checked."""
    rows = blocks[:, OWNER]
    assert [[AT + r * width, 1, width, r, 0] for r in rows] == blocks.tolist()
    return rows.tolist()


def test_a_gradient_goes_to_every_row_of_the_bag_in_its_share():
    dtable, touched = scatter(np.array([[8.0, 9.0]]), np.array([2], np.int32))
    np.testing.assert_allclose(dtable, np.array([[8, 9], [0, 0], [0, 0], [8, 9]]) / np.sqrt(2), rtol=1e-15)
    assert [0, 3] == touched


def test_a_row_that_is_selected_twice_gets_both_gradients_and_is_listed_once():
    dout, ids = np.array([[1.0], [2.0], [3.0], [5.0]]), np.array([3, 0, 0, 1], np.int32)
    dtable, touched = scatter(dout, ids)
    assert [[0], [4 * 1 / 2], [2 + 3], [0]] == dtable.tolist()
    assert [1, 2] == touched  # in the order in which they were met


def test_the_gradient_of_a_hidden_token_goes_to_the_unknown_word():
    dout, ids = np.array([[1.0], [2.0], [4.0]]), np.array([3, 1, -1], np.int32)
    dtable, touched = scatter(dout, ids, np.array([True, True, True]), first=2)
    assert [[0], [0], [3], [0]] == dtable.tolist()
    assert [2] == touched


def test_each_step_lists_its_own_rows():
    dtable, touched = scatter(np.array([[1.0]]), np.array([0], np.int32), steps=3)
    assert ([[0], [0], [3], [0]], [2]) == (dtable.tolist(), touched)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_scatter_is_the_transpose_of_gather(share):
    """⟨gather(T), D⟩ = ⟨T, scatter(D)⟩ for every table T and every gradient D."""
    rng = np.random.default_rng(1)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 6, 12))])
    rows = rng.integers(0, 9, starts[-1]).astype(np.int32)
    ids = rng.integers(-1, 12, 40).astype(np.int32)
    hidden = rng.random(40) < share if share else NONE_HIDDEN
    table, dout, dtable = rng.random((11, 3)), rng.random((40, 5)), np.zeros((11, 3))
    out = np.zeros((40, 5))
    embedding.gather(SERIAL, table, ids, rows, starts, hidden, 2, 2, out)
    seen, blocks = np.zeros(11, np.int64), np.zeros((11, COLUMNS), np.int64)
    count = embedding.touch(ids, rows, starts, hidden, 2, 3, AT, seen, 1, blocks, 0)
    embedding.scatter(SERIAL, dout, 2, ids, rows, starts, hidden, 2, dtable)
    np.testing.assert_allclose((out * dout).sum(), (table * dtable).sum(), rtol=1e-12)
    assert sorted(listed(blocks[:count], 3)) == np.flatnonzero(dtable.any(axis=1)).tolist()

    expected = np.zeros((40, 3))
    for n, text in enumerate(ids):
        chosen = rows[starts[text] : starts[text + 1]] if text >= 0 else np.empty(0, np.int32)
        if share and text >= 0 and hidden[n]:
            chosen = np.zeros(1, np.int32)
        expected[n] = table[2 + chosen].sum(axis=0) / np.sqrt(max(1, len(chosen)))
    np.testing.assert_allclose(out[:, 2:], expected, rtol=1e-12)
