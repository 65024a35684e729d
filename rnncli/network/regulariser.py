"""Pascanu's regulariser: the gradient should reach the step before neither smaller nor larger than it is.

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

# A squared norm below it counts as 0, which has no direction; the authors' own code puts it at 1e-20, where a
# gradient that vanishes would soon be left alone.
_SMALLEST = 1e-30


def add(spec: NetworkSpec, size: float, weight: Array, da: Array, before: Array, run: Activations) -> None:
    """Add the gradient of ``size`` · Ω to that of a layer's W, which is Σ ∂L/∂a(t+1) before(t+1)ᵀ.

    That of Ω has the same first factor, ∂Ω/∂W = Σ ∂L/∂a(t+1) e(t+1)ᵀ, so e is added to the second one. With
    n = φ′(a(t)) ∘ Wᵀ ∂L/∂a(t+1) it is e(t+1) = 2 (ratio − 1) φ′(a(t)) ∘ n / (‖n‖ ‖∂L/∂a(t+1)‖).

    weight  (R, H, H)  W itself
    da      (N, R·H)   ∂L/∂a
    before  (N, R·H)   in: h of the token read before, 0 where there is none; OUT: with size · e added
    """
    arena = run.arena
    code = activation.CODES[spec.activation]
    directions, units, _ = weight.shape
    flow = arena.like(da)
    goes_on = arena.empty((len(da), directions), da.dtype)
    matmul.project_backward(arena.queue, da, weight, flow)
    activation.backward(arena.queue, flow, before, code)
    packed.shift(arena.queue, np.ones_like(goes_on), directions, run.offsets, goes_on)
    n, d = (_squares(each, directions) for each in (flow, da))
    counts = (goes_on > 0) & (n > _SMALLEST) & (d > _SMALLEST)
    ratio = np.sqrt(np.divide(n, d, out=np.ones_like(n), where=counts))
    # With 0 where nothing counts: there the ratio is 1.
    factor = np.divide(2 * size * (ratio - 1), np.sqrt(n * d), out=np.zeros_like(n), where=counts)
    flow.reshape(len(flow), directions, units)[...] *= factor[:, :, None].astype(da.dtype)
    activation.backward(arena.queue, flow, before, code)
    before += flow


def _squares(x: Array, directions: int) -> Array:
    """‖x‖² of each row and direction in float64, (N, R)."""
    parts = x.reshape(len(x), directions, -1)
    return np.asarray(np.einsum("nrh,nrh->nr", parts, parts, dtype=np.float64))
