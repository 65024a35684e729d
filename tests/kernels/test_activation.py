"""The polynomial of float32 is as good as float32 itself."""

import numpy as np
import pytest

from rnncli.kernels import activation
from rnncli.kernels.compile import jit
from rnncli.plain.activation import ACTIVATIONS

SIGMOID_SATURATES = -700.0  # where exp of the NumPy form would overflow in float64


@jit
def exp_all(x):
    for i in range(len(x)):
        x[i] = activation.exp(x[i])


def test_exp_in_float32_has_a_relative_error_below_1e_7():
    x = np.linspace(-87, 87, 1_000_001, dtype=np.float32)
    y = x.copy()
    exp_all(y)
    expected = np.exp(x.astype(np.float64))
    assert np.abs(y / expected - 1).max() < 1e-7


def test_exp_beyond_its_range_stays_finite():
    x = np.array([-1e30, -88, 88, 1e30], np.float32)
    exp_all(x)
    assert np.isfinite(x).all()
    assert (x[:2] < 1e-37).all()
    assert (x[2:] > 1e37).all()


@pytest.mark.parametrize("name", activation.CODES)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-7), (np.float64, 1e-15)])
def test_activations_equal_the_reference(name, dtype, tolerance):
    x = np.linspace(-20, 20, 4001, dtype=dtype)
    y = x.copy()
    activation.activate(y, activation.CODES[name])
    expected = ACTIVATIONS[name](x.astype(np.float64))
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=tolerance)
