"""Pascanu's regulariser: its gradient equals central differences of the paper's formula."""

import itertools

import numpy as np
import pytest
from networks import NETWORKS, spec_of

from rnncli.network import output
from rnncli.network.backward import backward
from rnncli.network.forward import Dropout, forward
from rnncli.network.output import Objective, Target, Weights
from rnncli.parameters import Parameters

SIMPLE = [arch for arch, cell in NETWORKS if cell == "simple" and arch not in ("fnn", "jordan")]
SLOPES = {
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0).astype(float),
    "sigmoid": lambda h: h * (1 - h),
    "identity": np.ones_like,
}


def omega(weight, chain, slope):
    """Equation 9 for one direction: the sum over sentences, given as rows in the order of reading."""
    total = 0.0
    for da, h in chain:
        for k in range(len(da) - 1):
            if not da[k + 1].any():
                continue  # units of relu can be dead: what is 0 has no direction
            jacobian = weight * slope(h[k])  # W diag φ′(a(k))
            total += (np.linalg.norm(da[k + 1] @ jacobian) / np.linalg.norm(da[k + 1]) - 1) ** 2
    return total


def gradient_of(spec, parameters, batch, weight, noise=None):
    """All gradients with the regulariser, and ∂L/∂a and h of every layer."""
    dropout = None if noise is None else Dropout(0.4, itertools.count(noise))
    seen = batch.of(spec)
    activations = forward(spec, parameters, seen, dropout)
    gradient = Parameters(parameters.rows, np.float64)
    objective = Objective(1.0, Weights(np.zeros(0)))
    loss = output.loss(spec, parameters, activations, Target.of(batch.gold, np.float64), objective, gradient)
    reached = backward(spec, parameters, activations, loss.do, gradient, weight)
    return gradient, list(zip(reached.das[::-1], [layer.h for layer in activations.layers], strict=True))


def sentences(batch, rows, direction, units):
    """The columns of one direction, sentence by sentence, in the order in which it reads."""
    text = np.empty_like(rows)
    text[batch.positions] = rows
    own = text[:, direction * units : (direction + 1) * units]
    parts = [own[start:end] for start, end in itertools.pairwise(batch.encoded.starts)]
    return [part if direction == 0 else part[::-1] for part in parts]


@pytest.mark.parametrize("noise", [None, 3])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize("arch", SIMPLE)
def test_its_gradient_equals_central_differences_of_the_formula(arch, activation, layers, noise, batch, drawn):
    spec, alpha, step = spec_of(arch, "simple", layers=layers, activation=activation), 0.7, 1e-6
    parameters = drawn(spec)
    plain, _ = gradient_of(spec, parameters, batch, 0.0, noise)
    both, rows = gradient_of(spec, parameters, batch, alpha, noise)
    for name in parameters:
        if not name.endswith("/W"):
            assert plain[name].tolist() == both[name].tolist()
    for layer, (das, hs) in enumerate(rows, 1):
        added = both[f"layer{layer}/W"] - plain[f"layer{layer}/W"]
        for r in range(spec.architecture.directions):
            da, h = (sentences(batch, each, r, spec.hidden) for each in (das, hs))
            chain, weight = list(zip(da, h, strict=True)), parameters[f"layer{layer}/W"][r]
            numeric = np.empty_like(weight)
            for place in np.ndindex(weight.shape):
                moved = [weight.copy(), weight.copy()]
                moved[0][place] += step
                moved[1][place] -= step
                above, below = (omega(each, chain, SLOPES[activation]) for each in moved)
                numeric[place] = alpha * (above - below) / (2 * step)
            assert np.linalg.norm(numeric) > 1e-3
            assert np.linalg.norm(numeric - added[r]) / np.linalg.norm(numeric) < 1e-6


@pytest.mark.parametrize("arch", SIMPLE)
def test_an_orthogonal_memory_without_a_squashing_function_has_nothing_to_correct(arch, batch, drawn):
    spec = spec_of(arch, "simple", activation="identity")
    parameters = drawn(spec)
    for r in range(spec.architecture.directions):
        q, _ = np.linalg.qr(np.random.default_rng(r).standard_normal((spec.hidden, spec.hidden)))
        parameters["layer1/W"][r] = q
    plain, both = (gradient_of(spec, parameters, batch, weight)[0]["layer1/W"] for weight in (0.0, 5.0))
    np.testing.assert_allclose(both, plain, rtol=0, atol=1e-12)
