"""A hidden layer of any cell: from its input product to its hidden units, and back."""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from rnncli.config import CELLS, NetworkSpec
from rnncli.kernels import activation, packed
from rnncli.network.arena import Arena
from rnncli.parameters import Array


def _kernels(cell: str) -> Any:
    """The kernels of a cell, by its name in :data:`rnncli.config.CELLS`."""
    return import_module(f"rnncli.kernels.{cell}")


class LayerStates(NamedTuple):
    """What a hidden layer computed, and what its backward pass needs."""

    gates: Array  # (N, R·G·H), activated; of a cell with one gate h itself
    state: Array  # (N, R·H): what a cell with several gates keeps beside them, of LSTM the cell state; else (N, 0)
    h: Array  # (N, R·H)


class LayerGradients(NamedTuple):
    """Gradients of a layer's products, and what the recurrent weight was multiplied by."""

    da: Array  # (N, R·G·H)  ∂L/∂(U x(t) + b)
    dwh: Array  # (N, R·G·H)  ∂L/∂(W h(t−1)); without memory (0, 0)
    before: Array  # (N, R·H)  h(t−1); without memory (0, 0)


class Memory(NamedTuple):
    """What one direction of a layer carries from a token to the next."""

    h: Array  # (H,)
    state: Array  # (H,) as in :class:`LayerStates`, or (0,)


def forward(
    spec: NetworkSpec,
    a: Array,
    weight: Array | None,
    bias: Array | None,
    offsets: Array,
    arena: Arena,
    before: Memory | None = None,
) -> LayerStates:
    """Run a layer over a packed batch.

    a       (N, R·G·H)  its input product; becomes part of the result
    weight  (R, H, G·H)  Wᵀ of each direction; ``None`` for a layer without memory
    bias    (R·H)  of the last gate's recurrent part; ``None`` where the cell has none
    before  what one sentence in one direction goes on from; it takes row 0, so ``offsets`` begin at 1
    """
    code = activation.CODES[spec.activation]
    state = np.empty((len(a), 0), a.dtype)
    if weight is None:
        activation.forward(arena.queue, a, code)
        return LayerStates(a, state, a)
    h = a
    if spec.gates > 1:
        shape = len(a), len(weight) * spec.hidden
        state = arena.empty(shape, a.dtype)
        h = arena.empty(shape, a.dtype)
    bias = np.empty(0, a.dtype) if bias is None else bias
    if before is not None:
        h[0] = before.h
        state[0] = before.state
    _kernels(spec.cell).forward(arena.queue, a, state, h, weight, bias, offsets, code)
    return LayerStates(a, state, h)


def backward(
    spec: NetworkSpec, states: LayerStates, dh: Array, weight: Array | None, offsets: Array, arena: Arena
) -> LayerGradients:
    """BPTT through a layer.

    dh      (N, R·H)  ∂L/∂h; overwritten
    weight  (R, G·H, H)  W itself; ``None`` for a layer without memory
    """
    code = activation.CODES[spec.activation]
    if weight is None:
        none = np.empty((0, 0), dh.dtype)
        activation.backward(arena.queue, dh, states.h, code)
        return LayerGradients(dh, none, none)
    directions = spec.architecture.directions
    before = arena.like(states.h)
    packed.shift(arena.queue, states.h, directions, offsets, before)
    memory = before
    if CELLS[spec.cell].keeps_state:
        memory = arena.like(states.state)
        packed.shift(arena.queue, states.state, directions, offsets, memory)
    da = dwh = dh
    if spec.gates > 1:
        da = dwh = arena.like(states.gates)
        if spec.recurrent_bias:  # then the two products are not only added up
            dwh = arena.like(states.gates)
    gates, state, h = states
    _kernels(spec.cell).backward(arena.queue, dh, gates, state, h, memory, weight, offsets, code, da, dwh)
    return LayerGradients(da, dwh, before)
