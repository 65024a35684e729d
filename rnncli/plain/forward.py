"""The forward pass in plain NumPy, one sentence at a time. Every line is an equation of docs/math.md."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.plain import Array, cells
from rnncli.plain.activation import ACTIVATIONS, Function, softmax


class Trace(NamedTuple):
    """All values that a network computes for one sentence; the layers from 1 on, lowest first.

    With S sentences of one length side by side, all arrays have one more axis: h (T, S, R·H), o (T, S, K), …
    """

    h: list[Array]  # each (T, R·H): the hidden layer
    o: Array  # (T, K) scores
    y: Array  # (T, K) softmax(o)
    a: list[Array]  # each (T, R·G·H): U x(t) + b
    s: list[Array]  # each (T, R·H): the state that a cell keeps in addition to h; (T, 0) if it has none
    input: Array  # (T, M) the input product U x(t) + b of the lowest layer: a of layer 0 or of layer 1
    z: Array  # (T, Z): layer 0, the projection; Z = 0 if there is none


class TokenInputs(NamedTuple):
    """The looked-up inputs of each token, before the window."""

    x: Array  # (T, D) all parts but one-hot, side by side; D = 0 if there are none
    words: list[Array]  # T arrays: the rows that one-hot inputs select; no array without this part


def forward(spec: NetworkSpec, parameters: Mapping[str, Array], sentence: Batch) -> Trace:
    """Run a network over one sentence, a batch of its own."""
    token_inputs = look_up(parameters, sentence)
    a = np.tile(parameters[f"layer{spec.lowest}/b"], (sentence.tokens, 1))
    for slot in range(2 * spec.window + 1):
        readers, sources = pairs_at_distance(sentence.tokens, slot - spec.window)
        a[readers] += product(spec, parameters, token_inputs, slot)[sources]
    return run(spec, parameters, a)


def run(spec: NetworkSpec, parameters: Mapping[str, Array], lowest: Array) -> Trace:
    """Run a network from the input product of its lowest layer, (T, M); S sentences side by side: (T, S, M)."""
    architecture = spec.architecture
    phi = ACTIVATIONS[spec.activation]
    v, c = parameters["output/V"], parameters["output/c"]
    z = phi(lowest) if spec.projection else lowest[..., :0]
    hidden: list[Array] = []
    products: list[Array] = []
    states: list[Array] = []
    for layer in range(1, spec.layers + 1):
        name = f"layer{layer}/"
        if layer == spec.lowest:
            a = lowest
        else:
            below = hidden[-1] if hidden else z
            a = below @ parameters[name + "U"].T + parameters[name + "b"]
        w = parameters.get(name + "W")
        s = a[..., :0]
        products.append(a)
        if architecture.keeps_output and layer == spec.layers:
            h, o = _feedback(a, w, parameters[name + "Wy"], v, c, phi)
            return Trace([*hidden, h], o, softmax(o), products, [*states, s], lowest, z)
        if w is None:
            h = phi(a)
        else:
            h, s = cells.forward(spec.cell, a, w, parameters.get(name + spec.recurrent_bias), phi)
        hidden.append(h)
        states.append(s)
    o = hidden[-1] @ v.T + c
    return Trace(hidden, o, softmax(o), products, states, lowest, z)


def look_up(parameters: Mapping[str, Array], sentence: Batch) -> TokenInputs:
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
    return TokenInputs(np.concatenate(parts, axis=1), words)


def unknown(parameters: Mapping[str, Array], count: int) -> TokenInputs:
    """The inputs of ``count`` unknown words: row 0 of the tables of words, 0 for all other parts."""
    parts = [np.empty((count, 0), parameters["output/c"].dtype)]
    words = []
    for name, table in parameters.items():
        if name == "input/onehot":
            words = [np.zeros(1, np.int32)] * count
        elif name == "input/embedding":
            parts.append(np.tile(table[0], (count, 1)))
        elif name.startswith("input/"):
            parts.append(np.zeros((count, table.shape[1]), table.dtype))
    return TokenInputs(np.concatenate(parts, axis=1), words)


def pairs_at_distance(count: int, distance: int) -> tuple[slice, slice]:
    """All pairs (t, t + distance) of ``count`` tokens: the slice of all t, and the slice of all t + distance."""
    first, end = max(0, -distance), max(0, -distance, count - max(0, distance))
    return slice(first, end), slice(first + distance, end + distance)


def product(spec: NetworkSpec, parameters: Mapping[str, Array], token_inputs: TokenInputs, slot: int) -> Array:
    """U_slot x of every token, (T, M), a summand of the input product of the token that reads it in this slot.

    U and M are those of the lowest layer.
    """
    width = token_inputs.x.shape[1]
    u = parameters.get(f"layer{spec.lowest}/U")
    if u is None:
        a = np.zeros((len(token_inputs.x), spec.product(spec.lowest)), token_inputs.x.dtype)
    else:
        a = token_inputs.x @ u[:, slot * width : (slot + 1) * width].T
    if token_inputs.words:
        block = len(parameters["input/onehot"]) // (2 * spec.window + 1)
        a += np.stack([parameters["input/onehot"][slot * block + rows].sum(axis=0) for rows in token_inputs.words])
    return a


def _bag(rows: Array) -> Array:
    """Σ rows / √count, 0 for none."""
    return np.asarray(rows.sum(axis=0) / np.sqrt(max(1, len(rows))), rows.dtype)


def _feedback(a: Array, w: Array | None, wy: Array, v: Array, c: Array, phi: Function) -> tuple[Array, Array]:
    """h(t) = φ(a(t) + Wy ŷ(t−1) [+ W h(t−1)]), o(t) = V h(t) + c, ŷ(t) = softmax(o(t))."""
    h = np.empty_like(a)
    o = np.empty((*a.shape[:-1], len(c)), a.dtype)
    memory = np.zeros(a.shape[1:], a.dtype)
    output = np.zeros(o.shape[1:], a.dtype)
    for t in range(len(a)):
        recurrent = output @ wy.T if w is None else output @ wy.T + memory @ w[0].T
        memory = h[t] = phi(a[t] + recurrent)
        o[t] = memory @ v.T + c
        output = softmax(o[t])
    return h, o
