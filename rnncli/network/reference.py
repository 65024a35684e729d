"""The same forward pass in plain NumPy, one sentence at a time: the readable mathematics.

It is the oracle of the kernels' tests, and the path for a handful of sentences, which starts without Numba.
Every line is an equation of docs/math.md.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.network import cells
from rnncli.network.parameters import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "identity": lambda a: a,
}


class Trace(NamedTuple):
    """A sentence's hidden layers, lowest first, and its tags' scores and probabilities one by one."""

    h: list[Array]  # each (T, R·H)
    o: Array  # (T, K)
    y: Array  # (T, K) softmax(o)


def softmax(o: Array) -> Array:
    """exp(o) / Σ exp(o) along the last axis."""
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def forward(spec: NetworkSpec, parameters: Mapping[str, Array], sentence: Batch) -> Trace:
    """Run a network over one sentence, a batch of its own."""
    architecture, phi = spec.architecture, ACTIVATIONS[spec.activation]
    v, c = parameters["output/V"], parameters["output/c"]
    x, onehot = _inputs(spec, parameters, sentence)
    hidden: list[Array] = []
    for layer in range(1, spec.layers + 1):
        name = f"layer{layer}/"
        a = np.tile(parameters[name + "b"], (sentence.tokens, 1))
        if name + "U" in parameters:
            a += x @ parameters[name + "U"].T
        if layer == 1:
            a += onehot
        w = parameters.get(name + "W")
        if architecture.keeps_output and layer == spec.layers:
            h, o = _feedback(a, w, parameters[name + "Wy"], v, c, phi)
            return Trace([*hidden, h], o, softmax(o))
        if w is None:
            h = phi(a)
        elif spec.cell == "lstm":
            h, _ = cells.lstm(a, w)
        elif spec.cell == "gru":
            h = cells.gru(a, w, parameters[name + "bn"])
        else:
            h = cells.simple(a, w, phi)
        hidden.append(h)
        x = h
    o = x @ v.T + c
    return Trace(hidden, o, softmax(o))


def _inputs(spec: NetworkSpec, parameters: Mapping[str, Array], sentence: Batch) -> tuple[Array, Array]:
    """What layer 1 reads, (T, (2w + 1) D), and U x of one-hot inputs, (T, G·R·H)."""
    names = [name for name in parameters if name.startswith("input/")]
    count, dtype = sentence.tokens, parameters["output/c"].dtype
    parts, onehot = [np.empty((count, 0), dtype)], np.zeros((count, len(parameters["layer1/b"])), dtype)
    for name, bags in zip(names, sentence.bags, strict=True):
        ids = sentence.ids[bags.source]
        rows = [bags.rows[bags.starts[i] : bags.starts[i + 1]] for i in ids]
        if bags.is_word and len(sentence.hidden):
            rows = [
                np.zeros(1, np.int32) if hidden else row for row, hidden in zip(rows, sentence.hidden, strict=True)
            ]
        if name == "input/onehot":
            block = len(parameters[name]) // (2 * spec.window + 1)
            for t in range(count):
                for place, other in enumerate(range(t - spec.window, t + spec.window + 1)):
                    if 0 <= other < count:
                        onehot[t] += parameters[name][place * block + rows[other]].sum(axis=0)
        else:
            parts.append(np.stack([_bag(parameters[name][row]) for row in rows]))
    x = np.concatenate(parts, axis=1)
    padded = np.pad(x, ((spec.window, spec.window), (0, 0)))
    return np.concatenate([padded[place : place + count] for place in range(2 * spec.window + 1)], axis=1), onehot


def _bag(rows: Array) -> Array:
    """Σ rows / √count, 0 for none."""
    return np.asarray(rows.sum(axis=0) / np.sqrt(max(1, len(rows))), rows.dtype)


def _feedback(
    a: Array, w: Array | None, wy: Array, v: Array, c: Array, phi: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """h(t) = φ(a(t) + Wy ŷ(t−1) [+ W h(t−1)]), o(t) = V h(t) + c, ŷ(t) = softmax(o(t))."""
    h, o = np.empty_like(a), np.empty((len(a), len(c)), a.dtype)
    memory, output = np.zeros(a.shape[1], a.dtype), np.zeros(len(c), a.dtype)
    for t in range(len(a)):
        kept = wy @ output if w is None else wy @ output + w[0] @ memory
        memory = h[t] = phi(a[t] + kept)
        o[t] = v @ memory + c
        output = softmax(o[t])
    return h, o
