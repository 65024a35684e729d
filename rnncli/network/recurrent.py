"""A hidden layer of any cell: from its input product to its hidden units, and back."""

from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, gru, lstm, simple
from rnncli.network.parameters import Array

GATED = {"lstm": lstm, "gru": gru}


class Hidden(NamedTuple):
    """What a hidden layer did, and what its backward pass needs."""

    gates: Array  # (N, R·G·H), activated; (N, 0) for the simple cell, which needs none
    state: Array  # (N, R·H) of lstm the cell state, of gru the candidate's recurrent part; else (N, 0)
    h: Array  # (N, R·H)


def forward(spec: NetworkSpec, a: Array, weight: Array | None, bias: Array | None, offsets: Array) -> Hidden:
    """Run a layer over a packed batch.

    a       (N, R·G·H)  its input product; becomes part of the result
    weight  (R, H, G·H)  Wᵀ of each direction; ``None`` for a layer without memory
    bias    (R·H)  of the candidate's recurrent part; ``None`` where the cell has none
    """
    code, none = activation.CODES[spec.activation], np.empty((len(a), 0), a.dtype)
    if weight is None:
        activation.forward(a, code)
        return Hidden(none, none, a)
    if spec.cell == "simple":
        simple.forward(a, weight, offsets, code)
        return Hidden(none, none, a)
    shape = len(a), spec.architecture.directions * spec.hidden
    state, h = np.empty(shape, a.dtype), np.empty(shape, a.dtype)
    GATED[spec.cell].forward(a, state, h, weight, np.empty(0, a.dtype) if bias is None else bias, offsets)
    return Hidden(a, state, h)


def backward(
    spec: NetworkSpec,
    hidden: Hidden,
    dh: Array,
    weight: Array | None,
    offsets: Array,
    dweight: Array | None,
    dbias: Array | None,
) -> Array:
    """Return the gradient of the layer's input product, (N, R·G·H); add to those of its weights.

    dh       (N, R·H)  ∂L/∂h; overwritten
    weight   (R, G·H, H)  W itself
    """
    code = activation.CODES[spec.activation]
    if weight is None or dweight is None:
        activation.backward(dh, hidden.h, code)
        return dh
    previous = np.empty((len(dh), spec.hidden), dh.dtype)
    if spec.cell == "simple":
        simple.backward(dh, hidden.h, weight, offsets, code, dweight, previous)
        return dh
    da, none = np.empty_like(hidden.gates), np.empty(0, dh.dtype)
    dbias = none if dbias is None else dbias
    GATED[spec.cell].backward(
        dh, hidden.gates, hidden.state, hidden.h, weight, offsets, da, dweight, dbias, previous
    )
    return da
