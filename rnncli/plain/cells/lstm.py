"""Long short-term memory (LSTM).

    i, f, o = σ(a(t) + W h(t−1)),   g = tanh(a(t) + W h(t−1)), each gate with its own rows of a and W
    s(t) = f ∘ s(t−1) + i ∘ g,      h(t) = o ∘ tanh s(t)

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; f: Gers et al. 2000, "Learning to forget".
"""

import numpy as np

from rnncli.plain import Array
from rnncli.plain.activation import Function, sigmoid
from rnncli.plain.steps import backwards, before, times


def step(a: Array, h: Array, s: Array, w: Array, bias: Array, phi: Function) -> tuple[Array, Array]:
    """Return h(t) and the cell state s(t)."""
    i, f, g, o = np.split(a + h @ w.T, 4, axis=-1)
    s = sigmoid(f) * s + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(s), s


def backward(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, dh: Array, da: Array) -> None:
    """BPTT; the gates are computed again from a and h."""
    i, f, g, o = np.split(a + times(before(h), w.T), 4, axis=-1)
    i, f, g, o, tanh = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), np.tanh(s)
    through = o * (1 - tanh * tanh)  # from h to the cell state
    own = np.stack([g * i * (1 - i), before(s) * f * (1 - f), i * (1 - g * g)], axis=-2)
    shown = tanh * o * (1 - o)
    gates = da.reshape(*dh.shape[:-1], 4, dh.shape[-1])  # the columns of one direction stay views
    ds = np.zeros_like(dh[0]) if len(dh) else dh
    for t, rows in backwards(dh):
        now, state, to = dh[t][..., rows, :], ds[..., rows, :], gates[t][..., rows, :, :]
        if t + 1 < len(dh):
            now += times(da[t + 1][..., rows, :], w)
            state *= f[t + 1]
        state += now * through[t]
        np.multiply(state[..., None, :], own[t], out=to[..., :3, :])
        np.multiply(now, shown[t], out=to[..., 3, :])


def jacobian(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, t: int) -> Array:
    """∂(h, s)(t)/∂(h, s)(t−1), (2H, 2H)."""
    i, f, g, o = np.split(a[t] + w @ h[t - 1], 4)
    i, f, g, o, tanh = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), np.tanh(s[t])
    to_i, to_f, to_g, to_o = i * (1 - i), f * (1 - f), 1 - g * g, o * (1 - o)
    wi, wf, wg, wo = np.split(w, 4)
    s_of_h = (g * to_i)[:, None] * wi + (s[t - 1] * to_f)[:, None] * wf + (i * to_g)[:, None] * wg
    shown = o * (1 - tanh * tanh)
    h_of_h = shown[:, None] * s_of_h + (tanh * to_o)[:, None] * wo
    return np.block([[h_of_h, np.diag(shown * f)], [s_of_h, np.diag(f)]])
