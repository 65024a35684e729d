"""The same forward pass in plain NumPy, one sentence at a time: the readable mathematics.

It is the oracle of the kernels' tests, and the path for a handful of sentences, which starts without Numba.
Every line is an equation of docs/math.md.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.network.parameters import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "identity": lambda a: a,
}


class Trace(NamedTuple):
    """A sentence's hidden layers, lowest first, and the probabilities of its tags."""

    h: list[Array]  # each (T, R·H)
    y: Array  # (T, K)


def softmax(o: Array) -> Array:
    """exp(o) / Σ exp(o) along the last axis."""
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def forward(spec: NetworkSpec, parameters: Mapping[str, Array], words: Array) -> Trace:
    """Run a network over one sentence; words (T,)."""
    architecture, phi = spec.architecture, ACTIVATIONS[spec.activation]
    v, c = parameters["output/V"], parameters["output/c"]
    x: Array | None = None
    hidden: list[Array] = []
    if spec.input == "embedding":
        x = parameters["embedding"][words]
    for layer in range(1, spec.layers + 1):
        name = f"layer{layer}/"
        ux = parameters["layer1/Ut"][words] if x is None else x @ parameters[name + "U"].T
        a = ux + parameters[name + "b"]
        w = parameters.get(name + "W")
        if architecture.keeps_output and layer == spec.layers:
            h, y = _feedback(a, w, parameters[name + "Wy"], v, c, phi)
            return Trace([*hidden, h], y)
        h = phi(a) if w is None else _recurrent(a, w, phi)
        hidden.append(h)
        x = h
    assert x is not None
    return Trace(hidden, softmax(x @ v.T + c))


def _recurrent(a: Array, w: Array, phi: Callable[[Array], Array]) -> Array:
    """h(t) = φ(a(t) + W h(t−1)); the second direction reads backward; a (T, R·H), w (R, H, H)."""
    steps, units = len(a), w.shape[1]
    h = np.empty_like(a)
    for direction in range(len(w)):
        columns = slice(direction * units, (direction + 1) * units)
        memory = np.zeros(units, a.dtype)
        for t in range(steps) if direction == 0 else reversed(range(steps)):
            memory = phi(a[t, columns] + w[direction] @ memory)
            h[t, columns] = memory
    return h


def _feedback(
    a: Array, w: Array | None, wy: Array, v: Array, c: Array, phi: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """h(t) = φ(a(t) + Wy ŷ(t−1) [+ W h(t−1)]), ŷ(t) = softmax(V h(t) + c)."""
    h, y = np.empty_like(a), np.empty((len(a), len(c)), a.dtype)
    memory, output = np.zeros(a.shape[1], a.dtype), np.zeros(len(c), a.dtype)
    for t in range(len(a)):
        kept = wy @ output if w is None else wy @ output + w[0] @ memory
        memory = h[t] = phi(a[t] + kept)
        output = y[t] = softmax(v @ memory + c)
    return h, y
