"""The two products equal NumPy's for every remainder of every tile, and touch nothing beside their block."""

import numpy as np
import pytest

from rnncli.kernels import matmul
from rnncli.kernels.compile import jit
from rnncli.kernels.parallel import SERIAL

SIZES = [
    *[(1, 1, 1), (3, 2, 5), (4, 4, 4), (5, 7, 9), (8, 3, 16), (9, 17, 33), (16, 12, 8), (2, 31, 3), (6, 64, 2)],
    *[(37, 131, 67), (131, 37, 300), (70, 40, 513), (0, 4, 4), (4, 0, 4), (4, 4, 0)],
]
TYPES = [(np.float64, 1e-12), (np.float32, 1e-4)]


@jit
def add_nn(a, a_row, a_col, b, out, out_row, out_col, rows):
    matmul.add_nn(a, a_row, a_col, b, out, out_row, out_col, rows)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def guarded(rng, rows, columns, dtype):
    """An array at the very end of a larger one that is NaN elsewhere, and the larger one."""
    whole = np.full(rows * columns + 64, np.nan, dtype)
    block = whole[64:].reshape(rows, columns) if rows * columns else np.empty((rows, columns), dtype)
    block[...] = rng.standard_normal((rows, columns))
    return block, whole


@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize(("rows", "n", "k"), SIZES)
def test_add_nn(rows, n, k, dtype, tolerance, rng):
    (a, _), (b, _) = guarded(rng, rows + 3, k + 2, dtype), guarded(rng, k, n, dtype)
    out = rng.standard_normal((rows + 4, n + 3)).astype(dtype)
    expected = out.astype(np.float64)
    expected[2 : 2 + rows, 1 : 1 + n] += a[1 : 1 + rows, 2 : 2 + k].astype(np.float64) @ b
    add_nn(a, 1, 2, b, out, 2, 1, rows)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("dtype", "tolerance"), TYPES)
@pytest.mark.parametrize(("m", "n", "rows"), SIZES)
def test_add_product(m, n, rows, dtype, tolerance, directions, rng):
    (a, _), (b, _) = guarded(rng, rows, directions * m, dtype), guarded(rng, rows, directions * n, dtype)
    out, whole = guarded(rng, directions * m, n, dtype)
    expected = out + np.concatenate(
        [
            x.T.astype(np.float64) @ y
            for x, y in zip(*(np.split(c, directions, axis=1) for c in (a, b)), strict=True)
        ]
    )
    matmul.add_product(SERIAL, a, b, directions, out)
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=tolerance)
    assert np.isnan(whole[:64]).all()


def test_nothing_beside_the_block_is_read_or_written(rng):
    """What lies beside is NaN, and would spread."""
    for columns in range(1, 70):
        a, b, out = (np.full(shape, np.nan, np.float32) for shape in ((7, 9), (5, columns + 2), (7, columns + 2)))
        a[1:6, 2:7], b[:, 1:-1], out[:5, 1:-1] = rng.random((5, 5)), rng.random((5, columns)), 0
        expected = out.copy()
        expected[:5, 1:-1] = a[1:6, 2:7].T @ b[:, 1:-1]
        add_nn(a[1:6, 2:7].T.copy(), 0, 0, b[:, 1:-1].copy(), out, 0, 1, 5)
        np.testing.assert_allclose(out, expected, rtol=1e-5)


def test_a_row_does_not_depend_on_the_rows_beside_it(rng):
    a, b = rng.random((11, 37)).astype(np.float32), rng.random((37, 75)).astype(np.float32)
    together = np.zeros((11, 75), np.float32)
    add_nn(a, 0, 0, b, together, 0, 0, 11)
    for row in range(11):
        alone = np.zeros((1, 75), np.float32)
        add_nn(a, row, 0, b, alone, 0, 0, 1)
        assert alone[0].tolist() == together[row].tolist()


def test_project_adds_the_bias_to_every_row(rng):
    x, weight, bias = rng.random((5, 3)), rng.random((4, 3)), rng.random(4)
    out = np.full((5, 4), np.nan)
    matmul.project(SERIAL, x, weight.T.copy(), bias, out)
    np.testing.assert_allclose(out, x @ weight.T + bias, rtol=1e-13)


def test_the_gradients_of_a_projection(rng):
    dout, weight, out = rng.random((5, 8)), rng.random((2, 4, 3)), np.ones(8)
    dx = np.full((5, 6), np.nan)
    matmul.project_backward(SERIAL, dout, weight, dx)
    np.testing.assert_allclose(dx, np.hstack([dout[:, :4] @ weight[0], dout[:, 4:] @ weight[1]]), rtol=1e-13)
    matmul.add_sum(SERIAL, dout, out)
    np.testing.assert_allclose(out, 1 + dout.sum(axis=0), rtol=1e-13)
