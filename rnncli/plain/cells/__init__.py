"""The recurrent cells in plain NumPy, a file each: one step, BPTT through one direction, the Jacobian of one step.

The same recurrences as in :mod:`rnncli.kernels`. The file of a cell has the name of its row in
:data:`rnncli.config.CELLS` and the functions of :class:`Cell`. All arrays are of one direction, in the order
in which it reads; the memory before the first token is 0.

    a     (T, …, G·H)  U x(t) + b, the gates end to end
    h     (T, …, H)    the hidden layer
    s     (T, …, H)    the state that the cell keeps in addition to h; (T, …, 0) if it has none
    w     (G·H, H)     the recurrent weights, the gates one below the other
    bias  (H,)         of the last gate's part of W h(t−1); (0,) where the cell has none

S sentences of one length can be computed side by side: they are an axis after T.
"""

from importlib import import_module
from typing import Protocol, cast

import numpy as np

from rnncli.config import CELLS
from rnncli.plain import Array
from rnncli.plain.activation import Function
from rnncli.plain.steps import directions


class Cell(Protocol):
    """The functions in the file of a cell."""

    def gates(self, a: Array, h: Array, w: Array, bias: Array) -> list[Array]:
        """Return the values at t of the gates in :data:`rnncli.config.CELLS`, from a(t) and h(t−1)."""

    def step(self, a: Array, h: Array, s: Array, w: Array, bias: Array, phi: Function) -> tuple[Array, Array]:
        """Return h(t) and s(t) from a(t), h(t−1) and s(t−1)."""

    def backward(
        self, a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, dh: Array, da: Array
    ) -> None:
        """BPTT for M scalars: fill da = ∂/∂a (T, …, M, G·H).

        a, h, s, slope  with an axis of length 1 for M before the last; slope is φ′(a(t))
        dh              (T, …, M, H) in: ∂/∂h(t) from the layer above; OUT: the whole ∂/∂h(t)
        """

    def jacobian(self, a: Array, h: Array, s: Array, w: Array, bias: Array, slope: Array, t: int) -> Array:
        """Return ∂m(t)/∂m(t−1), (M, M), where m is h, or h and s end to end; there is no axis S."""


def cell(name: str) -> Cell:
    """Return the functions of a cell, by its name in :data:`rnncli.config.CELLS`."""
    return cast(Cell, import_module(f"rnncli.plain.cells.{name}"))


def biases(bias: Array | None, count: int, like: Array) -> list[Array]:
    """The recurrent bias (R·H,) cut into (H,) for each direction, or as many empty arrays."""
    return [like[:0]] * count if bias is None else np.split(bias, count)


def forward(name: str, a: Array, w: Array, bias: Array | None, phi: Function) -> tuple[Array, Array]:
    """Run a layer.

    a     (T, …, R·G·H)  of all directions
    w     (R, G·H, H)
    bias  (R·H,), or None

    Returns h (T, …, R·H), and s of the same shape, or (T, …, 0).
    """
    step = cell(name).step
    count, _, units = w.shape
    h = np.empty((*a.shape[:-1], count * units), a.dtype)
    s = np.empty((*a.shape[:-1], count * units * CELLS[name].keeps_state), a.dtype)
    direction_biases = biases(bias, count, w[0, 0])
    for r, (x, hidden, states) in enumerate(zip(*(directions(array, count) for array in (a, h, s)), strict=True)):
        memory = np.zeros(hidden.shape[1:], a.dtype)
        state = np.zeros(states.shape[1:], a.dtype)
        for t in range(len(a)):
            memory, state = step(x[t], memory, state, w[r], direction_biases[r], phi)
            hidden[t] = memory
            states[t] = state
    return h, s


def backward(
    name: str, a: Array, h: Array, s: Array, w: Array, bias: Array | None, slope: Array, dh: Array
) -> Array:
    """BPTT through all directions of a layer; shapes as in :func:`forward`, with an axis for M before the last.

    dh  (T, …, M, R·H) in: ∂/∂h(t) from the layer above; OUT: the whole ∂/∂h(t)

    Returns ∂/∂a, (T, …, M, R·G·H).
    """
    count = len(w)
    da = np.zeros((*dh.shape[:-1], a.shape[-1]), dh.dtype)
    direction_biases = biases(bias, count, w[0, 0])
    parts = zip(*(directions(array, count) for array in (a, h, s, slope, dh, da)), strict=True)
    for r, (x, hidden, states, slopes, dhidden, dx) in enumerate(parts):
        cell(name).backward(x, hidden, states, w[r], direction_biases[r], slopes, dhidden, dx)
    return da
