"""The recurrent cells in plain NumPy, one sentence at a time; the same recurrences as :mod:`rnncli.kernels`.

Everywhere ``a`` holds U x(t) + b of each token, ``w`` the recurrent weight of each direction, the gates of a cell
one below the other; the first direction reads forward, the second backward. Memory before the first token is 0.

    a  (T, R·G·H)   direction r in columns r·G·H : (r + 1)·G·H
    w  (R, G·H, H)  G gates: 1 for the simple cell, 4 for LSTM, 3 for GRU
    h  (T, R·H)     direction r in columns r·H : (r + 1)·H

Sentences of one length can be read side by side: a (T, S, R·G·H) gives h (T, S, R·H).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def simple(a: Array, w: Array, phi: Callable[[Array], Array]) -> Array:
    """h(t) = φ(a(t) + W h(t−1)); returns h."""
    h = _hidden(a, w)
    for weight, inputs, hidden in zip(w, *(directions(x, len(w)) for x in (a, h)), strict=True):
        memory = np.zeros(hidden.shape[1:], a.dtype)
        for t in range(len(a)):
            memory = hidden[t] = phi(inputs[t] + memory @ weight.T)
    return h


def lstm(a: Array, w: Array) -> tuple[Array, Array]:
    """c(t) = f ∘ c(t−1) + i ∘ g, h(t) = o ∘ tanh c(t); returns h and c.

    i, f, o = σ(a(t) + W h(t−1)) and g = tanh(a(t) + W h(t−1)), each with its own rows of a and W.
    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; f: Gers et al. 2000, "Learning to forget".
    """
    h, c = _hidden(a, w), _hidden(a, w)
    for weight, inputs, hidden, cells in zip(w, *(directions(x, len(w)) for x in (a, h, c)), strict=True):
        memory = cell = np.zeros(hidden.shape[1:], a.dtype)
        for t in range(len(a)):
            i, f, g, o = np.split(inputs[t] + memory @ weight.T, 4, axis=-1)
            cell = cells[t] = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            memory = hidden[t] = sigmoid(o) * np.tanh(cell)
    return h, c


def gru(a: Array, w: Array, bias: Array) -> Array:
    """h(t) = (1 − z) ∘ n + z ∘ h(t−1), n = tanh(a_n(t) + r ∘ (W_n h(t−1) + bias)); returns h.

    r, z = σ(a(t) + W h(t−1)), each with its own rows of a and W; bias (R·H).
    Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder"; r applied after the
    product, as in cuDNN and PyTorch.
    """
    h = _hidden(a, w)
    for weight, inputs, hidden, extra in zip(w, *(directions(x, len(w)) for x in (a, h, bias[None])), strict=True):
        memory = np.zeros(hidden.shape[1:], a.dtype)
        for t in range(len(a)):
            of_r, of_z, m = np.split(memory @ weight.T, 3, axis=-1)
            a_r, a_z, a_n = np.split(inputs[t], 3, axis=-1)
            r, z = sigmoid(a_r + of_r), sigmoid(a_z + of_z)
            n = np.tanh(a_n + r * (m + extra[0]))
            memory = hidden[t] = (1 - z) * n + z * memory
    return h


def directions(x: Array, count: int) -> list[Array]:
    """The columns of each direction, with rows in the order in which it reads."""
    return [part if r == 0 else part[::-1] for r, part in enumerate(np.split(x, count, axis=-1))]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x))."""
    return np.asarray(1 / (1 + np.exp(-x)))


def _hidden(a: Array, w: Array) -> Array:
    """Arena for a hidden layer."""
    return np.empty((*a.shape[:-1], w.shape[0] * w.shape[2]), a.dtype)
