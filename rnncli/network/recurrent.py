"""A hidden layer of any cell: from its input product to its hidden units, and back."""

from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, gru, lstm, simple
from rnncli.network.arena import Arena
from rnncli.network.parameters import Array

GATED = {"lstm": lstm, "gru": gru}


class Hidden(NamedTuple):
    """What a hidden layer did, and what its backward pass needs."""

    gates: Array  # (N, R·G·H), activated; (N, 0) for the simple cell, which needs none
    state: Array  # (N, R·H) of lstm the cell state, of gru the candidate's recurrent part; else (N, 0)
    h: Array  # (N, R·H)


class Products(NamedTuple):
    """Gradients of a layer's products, and what the recurrent weight was multiplied by."""

    da: Array  # (N, R·G·H)  ∂L/∂(U x(t) + b)
    dwh: Array  # (N, R·G·H)  ∂L/∂(W h(t−1)); without memory (0, 0)
    before: Array  # (N, R·H)  h(t−1); without memory (0, 0)


def forward(
    spec: NetworkSpec, a: Array, weight: Array | None, bias: Array | None, offsets: Array, arena: Arena
) -> Hidden:
    """Run a layer over a packed batch.

    a       (N, R·G·H)  its input product; becomes part of the result
    weight  (R, H, G·H)  Wᵀ of each direction; ``None`` for a layer without memory
    bias    (R·H)  of the candidate's recurrent part; ``None`` where the cell has none
    """
    code, none = activation.CODES[spec.activation], np.empty((len(a), 0), a.dtype)
    if weight is None:
        activation.forward(arena.queue, a, code)
        return Hidden(none, none, a)
    if spec.cell == "simple":
        simple.forward(arena.queue, a, weight, offsets, code)
        return Hidden(none, none, a)
    shape = len(a), spec.architecture.directions * spec.hidden
    state, h = arena.empty(shape, a.dtype), arena.empty(shape, a.dtype)
    GATED[spec.cell].forward(
        arena.queue, a, state, h, weight, np.empty(0, a.dtype) if bias is None else bias, offsets
    )
    return Hidden(a, state, h)


def backward(
    spec: NetworkSpec, hidden: Hidden, dh: Array, weight: Array | None, offsets: Array, arena: Arena
) -> Products:
    """BPTT through a layer.

    dh      (N, R·H)  ∂L/∂h; overwritten
    weight  (R, G·H, H)  W itself; ``None`` for a layer without memory
    """
    code, none = activation.CODES[spec.activation], np.empty((0, 0), dh.dtype)
    if weight is None:
        activation.backward(arena.queue, dh, hidden.h, code)
        return Products(dh, none, none)
    directions = spec.architecture.directions
    before = arena.like(hidden.h)
    simple.shift(arena.queue, hidden.h, directions, offsets, before)
    if spec.cell == "simple":
        simple.backward(arena.queue, dh, hidden.h, weight, offsets, code)
        return Products(dh, dh, before)
    da, memory = arena.like(hidden.gates), before
    dwh = arena.like(da) if spec.cell == "gru" else da
    if spec.cell == "lstm":
        memory = arena.like(hidden.state)
        simple.shift(arena.queue, hidden.state, directions, offsets, memory)
    GATED[spec.cell].backward(arena.queue, dh, hidden.gates, hidden.state, memory, weight, offsets, da, dwh)
    return Products(da, dwh, before)
