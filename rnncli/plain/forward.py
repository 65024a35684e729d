"""The forward pass in plain NumPy, one sentence at a time. Every line is an equation of docs/math.md."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.plain import Array, cells
from rnncli.plain.activation import ACTIVATIONS, Function, softmax


class Trace(NamedTuple):
    """All values that a network computes for one sentence, layers lowest first.

    With S sentences of one length side by side, all arrays have one more axis: h (T, S, R·H), o (T, S, K), …
    """

    h: list[Array]  # each (T, R·H): the hidden layer
    o: Array  # (T, K) scores
    y: Array  # (T, K) softmax(o)
    a: list[Array]  # each (T, R·G·H): U x(t) + b
    s: list[Array]  # each (T, R·H): the state that a cell keeps in addition to h; (T, 0) if it has none
    linear: Array  # (T, M) what was computed from the inputs by linear functions alone; see :class:`Linear`


class TokenInputs(NamedTuple):
    """The looked-up inputs of each token, before the window."""

    x: Array  # (T, D) all parts but one-hot, side by side; D = 0 if there are none
    words: list[Array]  # T arrays: the rows that one-hot inputs select; no array without this part


class Linear(NamedTuple):
    """The columns of what linear functions compute from the inputs of a token's window, end to end.

    Without a layer that adds neighbours, this is the input product a of layer 1.
    """

    a: slice  # R·G·H: what is added to a of layer 1; with that layer only one-hot inputs are, else none
    z: slice  # D: P x + p of that layer
    own: slice  # D: the vector of the token itself, which is added to tanh z

    @classmethod
    def of(cls, spec: NetworkSpec, parameters: Mapping[str, Array]) -> Self:
        """The columns for a network."""
        width = len(parameters["window/p"]) if spec.adds_neighbours else 0
        first = 0 if width and "input/onehot" not in parameters else spec.product
        return cls(slice(0, first), slice(first, first + width), slice(first + width, first + 2 * width))


def forward(spec: NetworkSpec, parameters: Mapping[str, Array], sentence: Batch) -> Trace:
    """Run a network over one sentence, a batch of its own."""
    token_inputs = look_up(parameters, sentence)
    linear = np.tile(bias(spec, parameters), (sentence.tokens, 1))
    for slot in range(2 * spec.window + 1):
        readers, sources = pairs_at_distance(sentence.tokens, slot - spec.window)
        linear[readers] += product(spec, parameters, token_inputs, slot)[sources]
    return run(spec, parameters, linear)


def bias(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Array:
    """What the linear functions of :class:`Linear` compute from inputs that are all 0, (M,)."""
    columns = Linear.of(spec, parameters)
    b = parameters["layer1/b"]
    if not spec.adds_neighbours:
        return b
    values = np.zeros(columns.own.stop, b.dtype)
    values[columns.z] = parameters["window/p"]
    return values


def run(spec: NetworkSpec, parameters: Mapping[str, Array], linear: Array) -> Trace:
    """Run a network from what linear functions compute, (T, M); S sentences side by side: (T, S, M)."""
    a = linear
    if spec.adds_neighbours:
        columns = Linear.of(spec, parameters)
        x = linear[..., columns.own] + np.tanh(linear[..., columns.z])
        a = x @ parameters["layer1/U"].T + parameters["layer1/b"]
        if columns.a.stop:
            a += linear[..., columns.a]
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
            return Trace([*hidden, h], o, softmax(o), products, [*states, s], linear)
        if w is None:
            h = phi(a)
        else:
            h, s = cells.forward(spec.cell, a, w, parameters.get(name + spec.recurrent_bias), phi)
        hidden.append(h)
        states.append(s)
    o = hidden[-1] @ v.T + c
    return Trace(hidden, o, softmax(o), products, states, linear)


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
    """What a token adds, (T, M), to :class:`Linear` of the token that reads it in this slot of the window."""
    columns = Linear.of(spec, parameters)
    x = token_inputs.x
    linear = np.zeros((len(x), columns.own.stop), x.dtype)
    if spec.adds_neighbours:
        linear[:, columns.z] = x @ slot_of(parameters["window/P"], x.shape[1], slot).T
        if slot == spec.window:
            linear[:, columns.own] = x
    elif "layer1/U" in parameters:
        linear[:, columns.a] = x @ slot_of(parameters["layer1/U"], x.shape[1], slot).T
    if token_inputs.words:
        block = len(parameters["input/onehot"]) // (2 * spec.window + 1)
        rows = [parameters["input/onehot"][slot * block + rows].sum(axis=0) for rows in token_inputs.words]
        linear[:, columns.a] += np.stack(rows)
    return linear


def slot_of(weight: Array, width: int, slot: int) -> Array:
    """The columns of a weight for a slot of the window, (·, D)."""
    return weight[:, slot * width : (slot + 1) * width]


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
