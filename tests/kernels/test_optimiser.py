"""Updates equal the formulas of the papers, written out in NumPy."""

import numpy as np
import pytest

from rnncli.kernels import optimiser
from rnncli.kernels.optimiser import ADAM, OPTIMISERS, SGD
from rnncli.kernels.parallel import SERIAL

FIVE = np.array([[0, 1, 5, -1, 0]])


def descend(kind, theta, gradient, scale=1.0, moments=None, blocks=FIVE, rate=0.1, step=1):
    """A step in place; returns the transposed copies, NaN where there are none."""
    m, v = moments if moments is not None else (np.zeros_like(theta), np.zeros_like(theta))
    transposed = np.full_like(theta, np.nan)
    optimiser.descend(SERIAL, kind, theta, gradient, scale, m, v, transposed, blocks, rate, step)
    return transposed


def test_adam_equals_algorithm_1_of_its_paper():
    rng = np.random.default_rng(1)
    theta, m, v = rng.random(5), np.zeros(5), np.zeros(5)
    expected, mean, square = theta.copy(), np.zeros(5), np.zeros(5)
    for step in range(1, 6):
        gradient = rng.standard_normal(5)
        descend(ADAM, theta, 4 * gradient, 0.25, (m, v), rate=0.01, step=step)
        # Only a quarter of what is given is the gradient.
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        corrected = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        expected = expected - 0.01 * corrected
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


def test_sgd_is_a_step_against_the_gradient():
    theta = np.array([1.0, 2.0])
    descend(SGD, theta, np.array([20.0, -20.0]), 0.5, blocks=np.array([[0, 1, 2, -1, 0]]))
    np.testing.assert_allclose(theta, [0.0, 3.0], atol=1e-15)


@pytest.mark.parametrize("kind", OPTIMISERS.values())
def test_half_the_gradient_is_half_the_gradient(kind):
    """The scale is there so that a clipped gradient need not be written."""
    rng = np.random.default_rng(1)
    one, other = np.ones(5), np.ones(5)
    moments = np.zeros((2, 5)), np.zeros((2, 5))
    for step in (1, 2, 3):
        gradient = rng.standard_normal(5)
        descend(kind, one, gradient.copy(), 0.5, moments[0], step=step)
        descend(kind, other, 0.5 * gradient, 1.0, moments[1], step=step)
    assert one.tolist() == other.tolist()
    assert one.tolist() != np.ones(5).tolist()


@pytest.mark.parametrize("kind", OPTIMISERS.values())
def test_only_what_is_in_a_block_moves_and_its_gradient_is_cleared(kind):
    rng = np.random.default_rng(1)
    theta, gradient = rng.random(12), rng.random(12)
    whole, slope = theta.copy(), gradient.copy()
    descend(kind, whole, slope.copy(), blocks=np.array([[0, 1, 12, -1, 0]]))
    assert all(whole != theta)
    inside = np.isin(np.arange(12), [0, 1, 2, 6, 7, 8])
    expected, moments = np.where(inside, whole, theta), np.zeros((2, 12))
    descend(kind, theta, gradient, moments=moments, blocks=np.array([[6, 1, 3, 5, 0], [0, 3, 1, -1, 0]]))
    assert expected.tolist() == theta.tolist()
    assert np.where(inside, 0, slope).tolist() == gradient.tolist()
    assert not moments[:, ~inside].any()


@pytest.mark.parametrize("matrices", [1, 2, 3])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (16, 16), (33, 17), (5, 70), (150, 20)])
def test_transposed_copies_follow(height, width, matrices):
    theta = np.random.default_rng(1).random(3 + matrices * height * width)
    blocks = np.array([[0, 3, 1, -1, 0], [3, matrices * height, width, -1, height]])
    transposed = descend(SGD, theta, np.ones_like(theta), blocks=blocks)
    expected = theta[3:].reshape(matrices, height, width).swapaxes(1, 2)
    assert expected.tolist() == transposed[3:].reshape(matrices, width, height).tolist()
    assert np.isnan(transposed[:3]).all()


def test_squared_norms():
    x = np.array([3.0, 4.0, 100.0, 100.0, 1.0, 2.0], np.float32)
    sums = np.full(4, np.nan)
    optimiser.squared_norms(SERIAL, x, np.array([[0, 1, 2, 0, 0], [3, 1, 1, -1, 0], [4, 2, 1, 1, 0]]), sums)
    assert [25, 10000, 1, 4] == sums.tolist()
