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
    """What a hidden layer computed, as its backward pass needs it."""

    gates: Array  # (N, R·G·H), after their activation functions; h itself for a cell with one gate
    state: Array  # (N, R·H): c of LSTM, m of GRU, see their kernels; else (N, 0)
    h: Array  # (N, R·H)


class LayerGradients(NamedTuple):
    """Gradients of the two products of a layer, U x and W h(t−1), and h(t−1) itself."""

    da: Array  # (N, R·G·H)  ∂L/∂(U x(t) + b)
    dwh: Array  # (N, R·G·H)  ∂L/∂(W h(t−1)); without memory (0, 0)
    h_before: Array  # (N, R·H)  h(t−1); without memory (0, 0)


class LayerMemory(NamedTuple):
    """The memory of one direction of a layer: what a token passes on to the next."""

    h: Array  # (H,)
    state: Array  # (H,) as in :class:`LayerStates`, or (0,)


def forward(
    spec: NetworkSpec,
    a: Array,
    weight: Array | None,
    bias: Array | None,
    offsets: Array,
    arena: Arena,
    initial: LayerMemory | None = None,
) -> LayerStates:
    """Run a layer over a packed batch.

    a        (N, R·G·H)  its input product; becomes part of the result
    weight   (R, H, G·H)  Wᵀ of each direction; ``None`` for a layer without memory
    bias     (R·H,)  of the last gate's recurrent part; ``None`` where the cell has none
    offsets  (T + 1,)  int64, first row of each step
    initial  memory of one sentence in one direction, which is put into row 0: ``offsets`` start at 1
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
    if initial is not None:
        h[0] = initial.h
        state[0] = initial.state
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
    h_before = arena.like(states.h)
    packed.shift(arena.queue, states.h, directions, offsets, h_before)
    memory = h_before
    if CELLS[spec.cell].keeps_state:
        memory = arena.like(states.state)
        packed.shift(arena.queue, states.state, directions, offsets, memory)
    da = dh
    dwh = dh
    if spec.gates > 1:
        da = arena.like(states.gates)
        dwh = da
        if spec.recurrent_bias:  # the gradients of the two products differ
            dwh = arena.like(states.gates)
    gates, state, h = states
    _kernels(spec.cell).backward(arena.queue, dh, gates, state, h, memory, weight, offsets, code, da, dwh)
    return LayerGradients(da, dwh, h_before)
