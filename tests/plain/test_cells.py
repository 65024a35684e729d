"""One step of each cell, with one unit, equals its equations written out with plain numbers."""

import math

import numpy as np
import pytest

from rnncli.config import CELLS
from rnncli.plain import cells
from rnncli.plain.activation import ACTIVATIONS

A = (0.3, -0.4, 0.8, 0.1)  # U x + b of up to four gates
W = (0.7, 0.2, -0.6, 1.1)
H, S, BIAS = 0.5, -0.9, 0.25  # h(t−1), the state of t−1, the bias of the last gate's recurrent part


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def simple() -> tuple[float, ...]:
    return (math.tanh(A[0] + W[0] * H),)


def lstm() -> tuple[float, ...]:
    """i, f, g, o in this order."""
    i, f, g, o = (a + w * H for a, w in zip(A, W, strict=True))
    s = sigma(f) * S + sigma(i) * math.tanh(g)
    return sigma(o) * math.tanh(s), s


def gru() -> tuple[float, ...]:
    """r, z, n in this order; r gates the product of the candidate, bias included."""
    r, z = sigma(A[0] + W[0] * H), sigma(A[1] + W[1] * H)
    n = math.tanh(A[2] + r * (W[2] * H + BIAS))
    return ((1 - z) * n + z * H,)


@pytest.mark.parametrize("equations", [simple, lstm, gru], ids=lambda function: function.__name__)
def test_a_step_is_its_equations(equations) -> None:
    name = equations.__name__
    row, expected = CELLS[name], equations()
    gates = len(row.gates)
    bias = np.array([BIAS] if row.recurrent_bias else [])
    state = np.array([S] if row.keeps_state else [])
    step = cells.cell(name).step
    h, s = step(np.array(A[:gates]), np.array([H]), state, np.array(W[:gates])[:, None], bias, ACTIVATIONS["tanh"])
    np.testing.assert_allclose(np.concatenate([h, s]), expected, rtol=1e-15)


def test_a_layer_reads_its_second_direction_from_the_end() -> None:
    a = np.random.default_rng(1).standard_normal((5, 2 * 4 * 3))
    w = np.random.default_rng(2).standard_normal((2, 4 * 3, 3))
    h, s = cells.forward("lstm", a, w, None, ACTIVATIONS["tanh"])
    there, back = (cells.forward("lstm", x, w[r : r + 1], None, ACTIVATIONS["tanh"]) for r, x in
                   enumerate((a[:, :12], a[::-1, 12:])))  # fmt: skip
    assert h.tolist() == np.hstack([there[0], back[0][::-1]]).tolist()
    assert s.tolist() == np.hstack([there[1], back[1][::-1]]).tolist()
