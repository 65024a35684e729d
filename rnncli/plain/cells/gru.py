"""Gated recurrent units (GRU).

    r, z = σ(a(t) + W h(t−1)), each with its own rows of a and W
    n = tanh(a_n(t) + r ∘ (W_n h(t−1) + bias)),   h(t) = (1 − z) ∘ n + z ∘ h(t−1)

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder"; r applied after the product,
as in cuDNN and PyTorch.
"""

import numpy as np

from rnncli.plain import Array
from rnncli.plain.activation import Function, sigmoid
from rnncli.plain.steps import backwards, previous, times


def gates(a: Array, h: Array, w: Array, bias: Array) -> list[Array]:
    """Return r, z and n."""
    wh_r, wh_z, m = np.split(h @ w.T, 3, axis=-1)
    a_r, a_z, a_n = np.split(a, 3, axis=-1)
    r, z = sigmoid(a_r + wh_r), sigmoid(a_z + wh_z)
    return [r, z, np.tanh(a_n + r * (m + bias))]


def step(a: Array, h: Array, s: Array, w: Array, bias: Array, phi: Function) -> tuple[Array, Array]:
    """Return h(t)."""
    _, z, n = gates(a, h, w, bias)
    return (1 - z) * n + z * h, s


def backward(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, dh: Array, da: Array) -> None:
    """BPTT; the gates are computed again from a and h."""
    memory = previous(h)
    wh_r, wh_z, m = np.split(times(memory, w.T), 3, axis=-1)
    a_r, a_z, a_n = np.split(a, 3, axis=-1)
    m = m + bias
    r, z = sigmoid(a_r + wh_r), sigmoid(a_z + wh_z)
    n = np.tanh(a_n + r * m)
    # Factors from ∂/∂h to ∂/∂a of n and z, and from ∂/∂a of n to that of r.
    to_n = (1 - z) * (1 - n * n)
    to_r = m * r * (1 - r)
    to_z = (memory - n) * z * (1 - z)
    units = dh.shape[-1]
    for t, rows in backwards(dh):
        dh_t = dh[t][..., rows, :]
        da_t = da[t][..., rows, :]
        if t + 1 < len(dh):
            dwh = da[t + 1][..., rows, :].copy()
            dwh[..., 2 * units :] *= r[t + 1]
            dh_t += dh[t + 1][..., rows, :] * z[t + 1] + times(dwh, w)
        np.multiply(dh_t, to_n[t], out=da_t[..., 2 * units :])
        np.multiply(da_t[..., 2 * units :], to_r[t], out=da_t[..., :units])
        np.multiply(dh_t, to_z[t], out=da_t[..., units : 2 * units])


def jacobian(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, t: int) -> Array:
    """∂h(t)/∂h(t−1), (H, H)."""
    a_r, a_z, a_n = np.split(a[t], 3)
    memory = h[t - 1]
    wr, wz, wn = np.split(w, 3)
    m = wn @ memory + bias
    r, z = sigmoid(a_r + wr @ memory), sigmoid(a_z + wz @ memory)
    n = np.tanh(a_n + r * m)
    dinput = r[:, None] * wn + (m * r * (1 - r))[:, None] * wr  # of the input of tanh
    gates = ((memory - n) * z * (1 - z))[:, None] * wz
    return np.asarray(np.diag(z) + gates + ((1 - z) * (1 - n * n))[:, None] * dinput)
