"""Long short-term memory (LSTM).

    i, f, o = σ(a(t) + W h(t−1)),   g = tanh(a(t) + W h(t−1)), each gate with its own rows of a and W
    s(t) = f ∘ s(t−1) + i ∘ g,      h(t) = o ∘ tanh s(t)

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; f: Gers et al. 2000, "Learning to forget".
"""

import numpy as np

from rnncli.plain import Array
from rnncli.plain.activation import Function, sigmoid
from rnncli.plain.steps import backwards, previous, times


def gates(a: Array, h: Array, w: Array, bias: Array) -> list[Array]:
    """Return i, f, g and o."""
    i, f, g, o = np.split(a + h @ w.T, 4, axis=-1)
    return [sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)]


def step(a: Array, h: Array, s: Array, w: Array, bias: Array, phi: Function) -> tuple[Array, Array]:
    """Return h(t) and the cell state s(t)."""
    i, f, g, o = gates(a, h, w, bias)
    s = f * s + i * g
    return o * np.tanh(s), s


def backward(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, dh: Array, da: Array) -> None:
    """BPTT; the gates are computed again from a and h."""
    i, f, g, o = np.split(a + times(previous(h), w.T), 4, axis=-1)
    i, f, g, o, tanh = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), np.tanh(s)
    through = o * (1 - tanh * tanh)  # from h to the cell state
    # Factors from ∂/∂s to ∂/∂a of i, f and g, and from ∂/∂h to that of o.
    of_s = np.stack([g * i * (1 - i), previous(s) * f * (1 - f), i * (1 - g * g)], axis=-2)
    of_h = tanh * o * (1 - o)
    gates = da.reshape(*dh.shape[:-1], 4, dh.shape[-1])  # the columns of one direction stay views
    ds = np.zeros_like(dh[0]) if len(dh) else dh
    for t, rows in backwards(dh):
        dh_t = dh[t][..., rows, :]
        ds_t = ds[..., rows, :]
        gates_t = gates[t][..., rows, :, :]
        if t + 1 < len(dh):
            dh_t += times(da[t + 1][..., rows, :], w)
            ds_t *= f[t + 1]
        ds_t += dh_t * through[t]
        np.multiply(ds_t[..., None, :], of_s[t], out=gates_t[..., :3, :])
        np.multiply(dh_t, of_h[t], out=gates_t[..., 3, :])


def jacobian(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, t: int) -> Array:
    """∂(h, s)(t)/∂(h, s)(t−1), (2H, 2H)."""
    i, f, g, o = np.split(a[t] + w @ h[t - 1], 4)
    i, f, g, o, tanh = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), np.tanh(s[t])
    to_i, to_f, to_g, to_o = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
    wi, wf, wg, wo = np.split(w, 4)
    s_of_h = (g * to_i)[:, None] * wi + (s[t - 1] * to_f)[:, None] * wf + (i * to_g)[:, None] * wg
    h_of_s = o * (1 - tanh * tanh)
    h_of_h = h_of_s[:, None] * s_of_h + (tanh * to_o)[:, None] * wo
    return np.block([[h_of_h, np.diag(h_of_s * f)], [s_of_h, np.diag(f)]])
