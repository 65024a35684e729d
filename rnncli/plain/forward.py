"""The forward pass in plain NumPy, one sentence at a time. Every line is an equation of docs/math.md."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.plain import Array, cells
from rnncli.plain.activation import ACTIVATIONS, Function, softmax


class Trace(NamedTuple):
    """What a network did with one sentence, its layers lowest first.

    Of S sentences of one length that are read side by side, all have an axis more: h (T, S, R·H), o (T, S, K), …
    """

    h: list[Array]  # each (T, R·H): the hidden layer
    o: Array  # (T, K) scores
    y: Array  # (T, K) softmax(o)
    a: list[Array]  # each (T, R·G·H): U x(t) + b
    s: list[Array]  # each (T, R·H): the state that a cell keeps beside h; (T, 0) where it keeps none


class Read(NamedTuple):
    """The inputs of each token, looked up, before the window."""

    x: Array  # (T, D) what all parts but one-hot give, side by side; D = 0 where there is none
    words: list[Array]  # (T) the rows that one-hot inputs select; empty where there are none


def forward(spec: NetworkSpec, parameters: Mapping[str, Array], sentence: Batch) -> Trace:
    """Run a network over one sentence, a batch of its own."""
    read = look_up(parameters, sentence)
    a = np.tile(parameters["layer1/b"], (sentence.tokens, 1))
    for slot in range(2 * spec.window + 1):
        to, of = seen(sentence.tokens, slot - spec.window)
        a[to] += product(spec, parameters, read, slot)[of]
    return run(spec, parameters, a)


def run(spec: NetworkSpec, parameters: Mapping[str, Array], a: Array) -> Trace:
    """Run a network from the input product a of layer 1, (T, R·G·H); S sentences side by side: (T, S, R·G·H)."""
    architecture = spec.architecture
    phi = ACTIVATIONS[spec.activation]
    v, c = parameters["output/V"], parameters["output/c"]
    hidden: list[Array] = []
    products: list[Array] = []
    states: list[Array] = []
    for layer in range(1, spec.layers + 1):
        name = f"layer{layer}/"
        if layer > 1:
            a = hidden[-1] @ parameters[name + "U"].T + parameters[name + "b"]
        w = parameters.get(name + "W")
        s = a[..., :0]
        products.append(a)
        if architecture.keeps_output and layer == spec.layers:
            h, o = _feedback(a, w, parameters[name + "Wy"], v, c, phi)
            return Trace([*hidden, h], o, softmax(o), products, [*states, s])
        if w is None:
            h = phi(a)
        else:
            h, s = cells.forward(spec.cell, a, w, parameters.get(name + spec.recurrent_bias), phi)
        hidden.append(h)
        states.append(s)
    o = hidden[-1] @ v.T + c
    return Trace(hidden, o, softmax(o), products, states)


def look_up(parameters: Mapping[str, Array], sentence: Batch) -> Read:
    """Add up the rows of every part of the input, for each token."""
    names = [name for name in parameters if name.startswith("input/")]
    parts = [np.empty((sentence.tokens, 0), parameters["output/c"].dtype)]
    words = []
    for name, bags in zip(names, sentence.bags, strict=True):
        ids = sentence.ids[bags.source]
        rows = [bags.rows[bags.starts[i] : bags.starts[i + 1]] for i in ids]
        if bags.is_word and len(sentence.masked):
            unknown_row = np.zeros(1, np.int32)
            rows = [unknown_row if masked else row for row, masked in zip(rows, sentence.masked, strict=True)]
        if name == "input/onehot":
            words = rows
        elif rows:
            parts.append(np.stack([_bag(parameters[name][row]) for row in rows]))
        else:
            parts.append(np.empty((0, parameters[name].shape[1]), parts[0].dtype))
    return Read(np.concatenate(parts, axis=1), words)


def unknown(parameters: Mapping[str, Array], count: int) -> Read:
    """What the input layer would look up for unknown words: row 0 where words have rows, 0 for all else."""
    parts = [np.empty((count, 0), parameters["output/c"].dtype)]
    words = []
    for name, table in parameters.items():
        if name == "input/onehot":
            words = [np.zeros(1, np.int32)] * count
        elif name == "input/embedding":
            parts.append(np.tile(table[0], (count, 1)))
        elif name.startswith("input/"):
            parts.append(np.zeros((count, table.shape[1]), table.dtype))
    return Read(np.concatenate(parts, axis=1), words)


def seen(count: int, distance: int) -> tuple[slice, slice]:
    """The tokens, of ``count``, that have one at a distance to their right, and those at that distance."""
    first, end = max(0, -distance), max(0, -distance, count - max(0, distance))
    return slice(first, end), slice(first + distance, end + distance)


def product(spec: NetworkSpec, parameters: Mapping[str, Array], read: Read, slot: int) -> Array:
    """What every token adds to the a of the token that reads it in a slot of the window: U_slot x, (T, R·G·H)."""
    width = read.x.shape[1]
    u = parameters.get("layer1/U")
    if u is None:
        a = np.zeros((len(read.x), spec.product), read.x.dtype)
    else:
        a = read.x @ u[:, slot * width : (slot + 1) * width].T
    if read.words:
        block = len(parameters["input/onehot"]) // (2 * spec.window + 1)
        a += np.stack([parameters["input/onehot"][slot * block + rows].sum(axis=0) for rows in read.words])
    return a


def _bag(rows: Array) -> Array:
    """Σ rows / √count, 0 for none."""
    return np.asarray(rows.sum(axis=0) / np.sqrt(max(1, len(rows))), rows.dtype)


def _feedback(a: Array, w: Array | None, wy: Array, v: Array, c: Array, phi: Function) -> tuple[Array, Array]:
    """h(t) = φ(a(t) + Wy ŷ(t−1) [+ W h(t−1)]), o(t) = V h(t) + c, ŷ(t) = softmax(o(t))."""
    h, o = np.empty_like(a), np.empty((*a.shape[:-1], len(c)), a.dtype)
    memory, output = np.zeros(a.shape[1:], a.dtype), np.zeros(o.shape[1:], a.dtype)
    for t in range(len(a)):
        kept = output @ wy.T if w is None else output @ wy.T + memory @ w[0].T
        memory = h[t] = phi(a[t] + kept)
        o[t] = memory @ v.T + c
        output = softmax(o[t])
    return h, o
