"""The simple cell: h(t) = φ(a(t) + W h(t−1)). Source: Elman 1990, "Finding structure in time"."""

import numpy as np

from rnncli.plain import Array
from rnncli.plain.activation import Function
from rnncli.plain.steps import backwards, times


def gates(a: Array, h: Array, w: Array, bias: Array) -> list[Array]:
    """Return nothing: a simple unit has no gate."""
    return []


def step(a: Array, h: Array, s: Array, w: Array, bias: Array, phi: Function) -> tuple[Array, Array]:
    """h(t) = φ(a(t) + W h(t−1))."""
    return phi(a + h @ w.T), s


def backward(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, dh: Array, da: Array) -> None:
    """δ(t) = ∂/∂h(t) ∘ φ′(a(t)), after Wᵀ δ(t+1) is added to ∂/∂h(t)."""
    for t, rows in backwards(dh):
        dh_t = dh[t][..., rows, :]
        if t + 1 < len(dh):
            dh_t += times(da[t + 1][..., rows, :], w)
        np.multiply(dh_t, slope[t], out=da[t][..., rows, :])


def jacobian(a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, t: int) -> Array:
    """∂h(t)/∂h(t−1) = diag φ′(a(t)) W."""
    return np.asarray(slope[t][:, None] * w)
