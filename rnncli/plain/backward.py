"""The backward pass in plain NumPy: the gradients of many scalars of one sentence in one sweep, by BPTT.

Where :mod:`rnncli.network.backward` sums one loss over a batch, this computes the gradients of M scalars of one
sentence separately, and each step of the sweep multiplies an (M, ·) block. A scalar is given by its gradient with
respect to the scores: for the score of tag k at token t, a 1 at [t, k]. There is no dropout and no forced tag.
Equations: docs/math.md.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.plain import Array, cells
from rnncli.plain.activation import SLOPES
from rnncli.plain.forward import Linear, Trace, pairs_at_distance, slot_of
from rnncli.plain.steps import times


class Sweep(NamedTuple):
    """Gradients of M scalars s. With S sentences side by side all arrays have one more axis, before M."""

    dx: Array  # (M, T, D) ∂s/∂x̄(t), x̄ being all parts of the input but one-hot, before the window
    dlinear: Array  # (M, T, ·) ∂s/∂ what linear functions compute from the inputs: see :class:`.forward.Linear`
    dh: list[Array]  # for each layer, lowest first, (M, T, R·H): the whole ∂s/∂h(t), through all paths
    dy: Array | None  # (M, T, K) the whole ∂s/∂ŷ(t) that is fed back; None where no output is


class SweepProducts(NamedTuple):
    """Fields of :class:`Sweep` with time as the first axis, (T, …, M, ·)."""

    dlinear: Array
    dh: list[Array]
    dy: Array | None


def sweep(spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, do: Array) -> Sweep:
    """Return the gradients of M scalars.

    trace  of :func:`rnncli.plain.forward.forward`
    do     (M, T, K) ∂s/∂o, o being the scores before the softmax; S sentences side by side: (S, M, T, K)
    """
    gradients = products(spec, parameters, trace, np.moveaxis(do, -2, 0))
    dx = _inputs(spec, parameters, gradients.dlinear)
    dh = [np.moveaxis(layer, 0, -2) for layer in gradients.dh]
    dy = None if gradients.dy is None else np.moveaxis(gradients.dy, 0, -2)
    return Sweep(np.moveaxis(dx, 0, -2), np.moveaxis(gradients.dlinear, 0, -2), dh, dy)


def products(spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, do: Array) -> SweepProducts:
    """Return the gradients from the scores down to what linear functions compute from the inputs.

    do  (T, M, K); S sentences side by side: (T, S, M, K)
    """
    v = parameters["output/V"]
    do = do.astype(v.dtype, copy=False)
    hidden: list[Array] = []
    da = do
    dy = None
    for number in range(spec.layers, 0, -1):
        name = f"layer{number}/"
        # An axis for M is added, so that the arrays of the trace are broadcast.
        a, h, s = (np.expand_dims(arrays[number - 1], -2) for arrays in (trace.a, trace.h, trace.s))
        w = parameters.get(name + "W")
        slope = SLOPES[spec.activation](h)
        if spec.architecture.keeps_output and number == spec.layers:
            da, dh, dy = _feedback(slope, np.expand_dims(trace.y, -2), w, parameters[name + "Wy"], v, do)
        else:
            dh = times(do, v) if number == spec.layers else times(da, parameters[f"layer{number + 1}/U"])
            if w is None:
                da = dh * slope
            else:
                bias = parameters.get(name + spec.recurrent_bias)
                da = cells.backward(spec.cell, a, h, s, w, bias, slope, dh)
        hidden.append(dh)
    if spec.adds_neighbours:
        columns = Linear.of(spec, parameters)
        tanh = np.tanh(np.expand_dims(trace.linear[..., columns.z], -2))
        dx = times(da, parameters["layer1/U"])
        da = np.concatenate([da[..., columns.a], dx * (1 - tanh * tanh), dx], axis=-1)
    return SweepProducts(da, hidden[::-1], dy)


def _inputs(spec: NetworkSpec, parameters: Mapping[str, Array], dlinear: Array) -> Array:
    """∂s/∂x̄(t), summed over the slots of the window in which token t is read; (T, …, M, D)."""
    columns = Linear.of(spec, parameters)
    weight = parameters.get("window/P" if spec.adds_neighbours else "layer1/U")
    if weight is None:
        return np.zeros((*dlinear.shape[:-1], 0), dlinear.dtype)
    of_products = dlinear[..., columns.z if spec.adds_neighbours else columns.a]
    width = weight.shape[1] // (2 * spec.window + 1)
    dx = np.zeros((*dlinear.shape[:-1], width), dlinear.dtype)
    for slot in range(2 * spec.window + 1):
        readers, sources = pairs_at_distance(len(dlinear), slot - spec.window)
        dx[sources] += times(of_products[readers], slot_of(weight, width, slot))
    if spec.adds_neighbours:
        dx += dlinear[..., columns.own]
    return dx


def _feedback(
    slope: Array, y: Array, w: Array | None, wy: Array, v: Array, do: Array
) -> tuple[Array, Array, Array]:
    """BPTT through ŷ, and through h where it is kept; return ∂s/∂a, ∂s/∂h (T, …, M, H) and ∂s/∂ŷ (T, …, M, K)."""
    da = np.empty((*do.shape[:-1], len(wy)), do.dtype)
    dh = np.empty_like(da)
    dy = np.zeros_like(do)
    for t in range(len(do) - 1, -1, -1):
        if t + 1 < len(do):
            dy[t] = times(da[t + 1], wy)
        error = do[t] + y[t] * (dy[t] - (dy[t] * y[t]).sum(axis=-1, keepdims=True))
        dh[t] = times(error, v)
        if w is not None and t + 1 < len(do):
            dh[t] += times(da[t + 1], w[0])
        np.multiply(dh[t], slope[t], out=da[t])
    return da, dh, dy
