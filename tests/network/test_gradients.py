"""Every gradient equals central differences, in float64, by value."""

import itertools
import typing

import numpy as np
import pytest

from rnncli.config import ARCHITECTURES, Activation, Input, NetworkSpec
from rnncli.kernels import embedding, output
from rnncli.network.backward import backward
from rnncli.network.forward import Dropout, forward
from rnncli.network.parameters import Parameters, views

SCALE = 0.3
STEP = 1e-5


def loss_of(spec, parameters, batch, noise_seed=None):
    """The loss times SCALE, the trace and the gradient of the scores; the same masks for the same seed."""
    noise = None if noise_seed is None else Dropout(0.4, itertools.count(noise_seed))
    trace = forward(spec, parameters, batch.words, batch.offsets, noise)
    do = np.empty_like(trace.y)
    return SCALE * output.cross_entropy(trace.y, batch.gold, SCALE, do), trace, do


def worst_relative_error(spec, parameters, batch, noise_seed=None):
    """The largest ‖numeric − analytic‖ / ‖numeric‖ of any parameter."""
    _, trace, do = loss_of(spec, parameters, batch, noise_seed)
    gradient = Parameters(parameters.rows, np.float64)
    rows = backward(spec, parameters, trace, do, views(gradient.rows, gradient.dense))
    embedding.scatter(rows, batch.words, gradient.table)
    errors = {}
    for name, array in parameters.items():
        flat, numeric = array.reshape(-1), np.empty(array.size)
        for i in range(array.size):
            kept = flat[i]
            flat[i] = kept + STEP
            above = loss_of(spec, parameters, batch, noise_seed)[0]
            flat[i] = kept - STEP
            below = loss_of(spec, parameters, batch, noise_seed)[0]
            flat[i] = kept
            numeric[i] = (above - below) / (2 * STEP)
        analytic = gradient[name].reshape(-1)
        assert np.linalg.norm(numeric) > 1e-6, f"{name}: a gradient of 0 would prove nothing"
        errors[name] = np.linalg.norm(numeric - analytic) / np.linalg.norm(numeric)
    return max(errors.values())


@pytest.mark.parametrize("kind", typing.get_args(Input))
@pytest.mark.parametrize("activation", typing.get_args(Activation))
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_gradients_equal_central_differences(arch, layers, activation, kind, batch, drawn):
    spec = NetworkSpec(arch=arch, layers=layers, hidden=5, activation=activation, input=kind, embedding=3)
    assert worst_relative_error(spec, drawn(spec), batch) < 1e-6


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_gradients_hold_under_dropout(arch, layers, batch, drawn):
    spec = NetworkSpec(arch=arch, layers=layers, hidden=5, embedding=3)
    assert worst_relative_error(spec, drawn(spec), batch, noise_seed=3) < 1e-6
