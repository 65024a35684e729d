"""The Jacobian of one step of a memory, ∂m(t)/∂m(t−1), in plain NumPy: what BPTT multiplies by, step after step.

m is h of simple units and GRU, the pair (h, c) of LSTM. Where the output is kept, ŷ(t−1) hangs on h(t−1), so for
jordan and hybrid ∂h(t)/∂h(t−1) goes through Wy and V too. Equations: docs/math.md, "Gradients by distance".
"""

from collections.abc import Mapping

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.network import cells
from rnncli.network.parameters import Array
from rnncli.network.reference import Trace
from rnncli.network.sweep import SLOPES


def step(
    spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, layer: int, direction: int, t: int
) -> Array:
    """Return ∂m(t)/∂m(t−1), (M, M); for LSTM h comes before c.

    layer      from 1
    direction  0 forward, 1 backward
    t          the step in the order in which the direction reads, from 1: the first step has none before
    """
    name, count = f"layer{layer}/", spec.architecture.directions
    a, h = (cells.directions(each[layer - 1], count)[direction] for each in (trace.a, trace.h))
    weight = parameters[name + "W"][direction] if name + "W" in parameters else None
    if spec.cell == "lstm":
        assert weight is not None
        c = cells.directions(trace.c[layer - 1], count)[direction]
        return _lstm(a[t] + weight @ h[t - 1], c[t - 1], c[t], weight)
    if spec.cell == "gru":
        assert weight is not None
        return _gru(a[t], h[t - 1], weight, parameters[name + "bn"].reshape(count, -1)[direction])
    through = np.zeros((spec.hidden, spec.hidden), h.dtype) if weight is None else weight
    if spec.architecture.keeps_output and layer == spec.layers:
        y = trace.y[t - 1]
        of_softmax = np.diag(y) - np.outer(y, y)
        through = through + parameters[name + "Wy"] @ of_softmax @ parameters["output/V"]
    return np.asarray(SLOPES[spec.activation](h[t])[:, None] * through)


def _lstm(a: Array, before: Array, c: Array, w: Array) -> Array:
    """With c(t) = f ∘ c(t−1) + i ∘ g and h(t) = o ∘ tanh c(t); a (4 H) with W h(t−1) in it."""
    i, f, g, o = np.split(a, 4)
    i, f, g, o, tanh = cells.sigmoid(i), cells.sigmoid(f), np.tanh(g), cells.sigmoid(o), np.tanh(c)
    to_i, to_f, to_g, to_o = (each * (1 - each) for each in (i, f, g, o))
    to_g = 1 - g * g
    wi, wf, wg, wo = np.split(w, 4)
    c_of_h = (g * to_i)[:, None] * wi + (before * to_f)[:, None] * wf + (i * to_g)[:, None] * wg
    shown = o * (1 - tanh * tanh)
    h_of_h = shown[:, None] * c_of_h + (tanh * to_o)[:, None] * wo
    return np.block([[h_of_h, np.diag(shown * f)], [c_of_h, np.diag(f)]])


def _gru(a: Array, memory: Array, w: Array, bias: Array) -> Array:
    """With h(t) = (1 − z) ∘ n + z ∘ h(t−1), n = tanh(a_n + r ∘ (W_n h(t−1) + bias)); a (3 H) without W h(t−1)."""
    a_r, a_z, a_n = np.split(a, 3)
    wr, wz, wn = np.split(w, 3)
    u = wn @ memory + bias
    r, z = cells.sigmoid(a_r + wr @ memory), cells.sigmoid(a_z + wz @ memory)
    n = np.tanh(a_n + r * u)
    of_n = r[:, None] * wn + (u * r * (1 - r))[:, None] * wr
    gates = ((memory - n) * z * (1 - z))[:, None] * wz
    return np.asarray(np.diag(z) + gates + ((1 - z) * (1 - n * n))[:, None] * of_n)
