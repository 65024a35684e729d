"""Pascanu's regulariser: the norm of the gradient should stay the same from each step to the step before.

    Ω = Σ ( ‖∂L/∂a(t+1) · ∂a(t+1)/∂a(t)‖ / ‖∂L/∂a(t+1)‖ − 1 )²,    ∂a(t+1)/∂a(t) = W diag φ′(a(t))

summed over steps, layers and directions. The state x of the paper, x(t) = W φ(x(t−1)) + …, is here the input
a(t) of φ. Only the immediate derivative with respect to W is taken: ∂L/∂a and φ′(a(t)) count as constants.

Source: Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", equations 9
and 10.
"""

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, matmul, packed
from rnncli.network.forward import Activations
from rnncli.parameters import Array

# A squared norm below this counts as 0, and its step is left out. The authors' code uses 1e-20, which would leave
# out many steps of a vanishing gradient.
_SMALLEST = 1e-30


def add(spec: NetworkSpec, size: float, weight: Array, da: Array, h_before: Array, run: Activations) -> None:
    """Add the gradient of ``size`` · Ω to that of a layer's W, which is Σ ∂L/∂a(t+1) h(t)ᵀ.

    That of Ω has the same first factor, ∂Ω/∂W = Σ ∂L/∂a(t+1) e(t+1)ᵀ, so e is added to the second factor. With
    n = φ′(a(t)) ∘ Wᵀ ∂L/∂a(t+1) it is e(t+1) = 2 (ratio − 1) φ′(a(t)) ∘ n / (‖n‖ ‖∂L/∂a(t+1)‖).

    weight    (R, H, H)  W itself
    da        (N, R·H)   ∂L/∂a
    h_before  (N, R·H)   in: h of the token read before, 0 where there is none; OUT: with size · e added
    """
    arena = run.arena
    code = activation.CODES[spec.activation]
    directions, units, _ = weight.shape
    flow = arena.like(da)
    has_memory = arena.empty((len(da), directions), da.dtype)
    matmul.project_backward(arena.queue, da, weight, flow)
    activation.backward(arena.queue, flow, h_before, code)
    packed.shift(arena.queue, np.ones_like(has_memory), directions, run.offsets, has_memory)
    n = _squares(flow, directions)
    d = _squares(da, directions)
    is_counted = (has_memory > 0) & (n > _SMALLEST) & (d > _SMALLEST)
    ratio = np.sqrt(np.divide(n, d, out=np.ones_like(n), where=is_counted))
    # 0 where a step is left out: there the ratio is 1.
    factor = np.divide(2 * size * (ratio - 1), np.sqrt(n * d), out=np.zeros_like(n), where=is_counted)
    flow.reshape(len(flow), directions, units)[...] *= factor[:, :, None].astype(da.dtype)
    activation.backward(arena.queue, flow, h_before, code)
    h_before += flow


def _squares(x: Array, directions: int) -> Array:
    """‖x‖² of each row and direction in float64, (N, R)."""
    parts = x.reshape(len(x), directions, -1)
    return np.asarray(np.einsum("nrh,nrh->nr", parts, parts, dtype=np.float64))
