"""The three products equal NumPy's for every remainder of every blocking, and touch nothing beside their block."""

import numpy as np
import pytest

from rnncli.kernels import matmul

SIZES = [(1, 1, 1), (3, 2, 5), (4, 4, 4), (5, 7, 9), (8, 3, 16), (9, 17, 33), (16, 12, 8), (0, 4, 4)]


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize(("rows", "n", "k"), SIZES)
def test_add_nt(rows, n, k, rng):
    a, b, out = rng.random((rows + 3, k + 2)), rng.random((n, k)), rng.random((rows + 4, n + 3))
    expected = out.copy()
    expected[2 : 2 + rows, 1 : 1 + n] += a[1 : 1 + rows, 2 : 2 + k] @ b.T
    matmul.add_nt(a, 1, 2, b, out, 2, 1, rows)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


@pytest.mark.parametrize(("rows", "n", "k"), SIZES)
def test_add_nn(rows, n, k, rng):
    a, b, out = rng.random((rows + 3, k + 2)), rng.random((k, n)), rng.random((rows + 4, n + 3))
    expected = out.copy()
    expected[2 : 2 + rows, 1 : 1 + n] += a[1 : 1 + rows, 2 : 2 + k] @ b
    matmul.add_nn(a, 1, 2, b, out, 2, 1, rows)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


@pytest.mark.parametrize(("m", "n", "rows"), SIZES)
def test_add_tn(m, n, rows, rng):
    a, b, out = rng.random((rows + 3, m + 2)), rng.random((rows + 2, n + 1)), rng.random((m, n))
    expected = out + a[1 : 1 + rows, 2 : 2 + m].T @ b[2 : 2 + rows, 1 : 1 + n]
    matmul.add_tn(a, 1, 2, b, 2, 1, out, rows)
    np.testing.assert_allclose(out, expected, rtol=1e-13)


def test_project_adds_the_bias_to_every_row(rng):
    x, weight, bias = rng.random((5, 3)), rng.random((4, 3)), rng.random(4)
    out = np.full((5, 4), np.nan)
    matmul.project(x, weight, bias, out)
    np.testing.assert_allclose(out, x @ weight.T + bias, rtol=1e-13)
