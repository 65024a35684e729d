"""The Jacobian of a step equals central differences of the step, written out."""

import numpy as np
import pytest
from networks import NETWORKS, spec_of

from rnncli.plain import cells, jacobian
from rnncli.plain import forward as plain
from rnncli.plain.activation import ACTIVATIONS, softmax

STEP = 1e-6


def after(spec, parameters, a, memory, direction):
    """One step of the top layer: the memory after a token whose input product is ``a``."""
    name, phi = f"layer{spec.layers}/", ACTIVATIONS[spec.activation]
    if spec.architecture.keeps_output:
        y = softmax(parameters["output/V"] @ memory + parameters["output/c"])
        kept = parameters[name + "W"][0] @ memory if spec.architecture.keeps_hidden else 0
        return phi(a + parameters[name + "Wy"] @ y + kept)
    bias = cells.biases(parameters.get(name + spec.recurrent_bias), spec.architecture.directions, a[:0])[direction]
    h, s = np.split(memory, [spec.hidden])
    return np.concatenate(cells.cell(spec.cell).step(a, h, s, parameters[name + "W"][direction], bias, phi))


def in_order(x, direction, count):
    own = np.split(x, count, axis=1)[direction]
    return own[::-1] if direction else own


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), [row for row in NETWORKS if row[0] != "fnn"])
def test_a_step_equals_central_differences(arch, cell, layers, batch, drawn):
    spec = spec_of(arch, cell, layers=layers)
    parameters, count = drawn(spec), spec.architecture.directions
    trace = plain.forward(spec, parameters, batch.of(spec, sentence=1))
    for direction in range(count):
        a, h = (in_order(each[-1], direction, count) for each in (trace.a, trace.h))
        memories = np.concatenate([h, in_order(trace.s[-1], direction, count)], axis=1)
        for t in range(1, len(h)):
            np.testing.assert_allclose(
                after(spec, parameters, a[t], memories[t - 1], direction), memories[t], atol=1e-12
            )
            numeric = np.empty((memories.shape[1],) * 2)
            for i in range(memories.shape[1]):
                moved = [memories[t - 1].copy(), memories[t - 1].copy()]
                moved[0][i] += STEP
                moved[1][i] -= STEP
                above, below = (after(spec, parameters, a[t], each, direction) for each in moved)
                numeric[:, i] = (above - below) / (2 * STEP)
            found = jacobian.step(spec, parameters, trace, spec.layers, direction, t)
            np.testing.assert_allclose(found, numeric, rtol=0, atol=1e-8)
