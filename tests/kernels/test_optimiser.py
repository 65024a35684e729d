"""Updates equal the formulas of the papers, written out in NumPy."""

import numpy as np
import pytest

from rnncli.kernels import optimiser
from rnncli.kernels.shared import ALONE

FIVE = np.array([[0, 5, 1]])


def test_adam_equals_algorithm_1_of_its_paper():
    rng = np.random.default_rng(1)
    theta, m, v = rng.random(5), np.zeros(5), np.zeros(5)
    expected, mean, square = theta.copy(), np.zeros(5), np.zeros(5)
    for step in range(1, 6):
        gradient = rng.standard_normal(5)
        optimiser.adam(ALONE, theta, 4 * gradient, 0.25, m, v, FIVE, 0.01, step)
        # Only a quarter of what is given is the gradient.
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        corrected = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        expected = expected - 0.01 * corrected
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


def test_sgd_is_a_step_against_the_gradient():
    theta, unused = np.array([1.0, 2.0]), np.zeros(2)
    optimiser.sgd(ALONE, theta, np.array([20.0, -20.0]), 0.5, unused, unused, np.array([[0, 1, 2]]), 0.1, 1)
    np.testing.assert_allclose(theta, [0.0, 3.0], atol=1e-15)


@pytest.mark.parametrize("kind", optimiser.OPTIMISERS)
def test_half_the_gradient_is_half_the_gradient(kind):
    """The scale is there so that a clipped gradient need not be written."""
    update, rng = optimiser.OPTIMISERS[kind][0], np.random.default_rng(1)
    one, other = np.ones(5), np.ones(5)
    moments = np.zeros((2, 5)), np.zeros((2, 5))
    for step in (1, 2, 3):
        gradient = rng.standard_normal(5)
        update(ALONE, one, gradient.copy(), 0.5, *moments[0], FIVE, 0.1, step)
        update(ALONE, other, 0.5 * gradient, 1.0, *moments[1], FIVE, 0.1, step)
    assert one.tolist() == other.tolist()
    assert one.tolist() != np.ones(5).tolist()


def test_only_touched_rows_of_a_table_move_and_their_gradient_is_cleared():
    for dense, rows in optimiser.OPTIMISERS.values():
        rng = np.random.default_rng(1)
        table, gradient = rng.random((4, 3)), rng.random((4, 3))
        m, v = np.zeros((4, 3)), np.zeros((4, 3))
        before, slope = table.copy(), gradient.copy()
        rows(ALONE, table, gradient, 0.5, m, v, np.array([0, 2], np.int32), 0.1, 1)
        for r in (0, 2):
            expected, given = before[r].copy(), slope[r].copy()
            dense(ALONE, expected, given, 0.5, np.zeros(3), np.zeros(3), np.array([[0, 1, 3]]), 0.1, 1)
            assert expected.tolist() == table[r].tolist()
            assert given.tolist() == [0, 0, 0]
        assert before[[1, 3]].tolist() == table[[1, 3]].tolist()
        assert gradient[[0, 2]].tolist() == np.zeros((2, 3)).tolist()
        assert slope[[1, 3]].tolist() == gradient[[1, 3]].tolist()


def test_squared_norms():
    x = np.array([[3.0, 4.0], [100.0, 100.0], [1.0, 2.0]], np.float32)
    sums = np.full(2, np.nan)
    optimiser.squared_norms_of_rows(ALONE, x, np.array([0, 2], np.int32), sums)
    assert [25, 5] == sums.tolist()
    sums = np.full(4, np.nan)
    optimiser.squared_norms(ALONE, x.reshape(-1), np.array([[0, 1, 4], [4, 1, 1], [5, 1, 1]]), sums[:3])
    assert [20025, 1, 4] == sums[:3].tolist()
    assert np.isnan(sums[3])
