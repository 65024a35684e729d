"""A model as a file of ONNX: from the rows that tokens select to the tags and their probabilities.

The graph computes what :mod:`rnncli.plain` does, for one sentence of T ≥ 1 tokens. Scores of paths are float64 as
there. What comes before the rows, the look-up of texts, is a JSON object beside it: :func:`lists`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from rnncli import __version__, modelfile
from rnncli.data.inputs import Inputs, InputTable
from rnncli.data.spelling import composed
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import ModelError
from rnncli.export.graph import Array, Graph, Value
from rnncli.model import Model
from rnncli.plain import decoding
from rnncli.plain.decoding import Chain
from rnncli.plain.limits import check_weights
from rnncli.plain.transitions import scores_to

LISTS_VERSION = 1  # of the JSON
LARGEST = 2_000_000_000  # bytes of all arrays: a file of ONNX has less than 2³¹
_LEAST = -600.0  # a move counts as exp of this of the likeliest at least, so that no sum is 0

# Operators for φ, and the functions that layers with memory have for it.
_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "identity": "Identity"}
_OF_MEMORY = {**_ACTIVATIONS, "identity": "Affine"}


class _Cell(NamedTuple):
    """How ONNX computes a cell: the operator, and where its gates are among ours."""

    operator: str
    gates: tuple[int, ...]
    settings: Mapping[str, Any] = {}


_CELLS = {
    "simple": _Cell("RNN", (0,)),
    "lstm": _Cell("LSTM", (0, 3, 1, 2)),  # input, output, forget, candidate
    "gru": _Cell("GRU", (1, 0, 2), {"linear_before_reset": 1}),  # update, reset, candidate
}


def write(model: Model, sha256: str) -> bytes:
    """The bytes of a file of ONNX.

    sha256  of the model file, for the metadata

    Inputs, for each part of the model's input: (T, any) int32, the rows that each token selects in any order; −1
    fills up what a token has fewer than others. Outputs: ``tags`` (T,) int32, ``probabilities`` (T, K) float32.

    Raises :class:`.ModelError` for a model that cannot be such a file.
    """
    _check(model)
    graph = Graph()
    scores = _network(graph, model)
    tags = _tags(graph, model.chain(), scores)
    graph.add("Cast", tags, name="tags", to=6)  # int32
    _probabilities(graph, model, scores)
    tables = model.inputs.tables
    inputs = [Value(part.name, np.int32, ("tokens", f"rows of {part.name}")) for part in tables]
    outputs = [
        Value("tags", np.int32, ("tokens",)),
        Value("probabilities", np.float32, ("tokens", len(model.tags))),
    ]
    metadata = {
        "rnncli": __version__,
        "sha256": sha256,
        "network": _json(modelfile.network_header(model.network_spec)),
        "tags": _json(model.tags),
    }
    notes = f"A sequence labeller: {model.network_spec.description}. One sentence at a time, of at least one token."
    return graph.file(inputs, outputs, metadata, notes)


def lists(model: Model, sha256: str) -> dict[str, Any]:
    """What a program needs beside the graph: tags, and for each input the row of every text."""
    return {
        "version": LISTS_VERSION,
        "rnncli": __version__,
        "sha256": sha256,
        "tags": model.tags,
        "scheme": model.scheme.text,
        "tokenizer": model.tokenizer,
        "digits": model.network_spec.digits,
        "inputs": [
            {"name": part.name, "reads": _reads(part), "rows": _rows(model.inputs, part)}
            for part in model.inputs.tables
        ],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _check(model: Model) -> None:
    if model.inputs.lexicon is not None:
        hint = "train a model without --lexicon"
        raise ModelError(
            "a model with a lexicon cannot be exported: its phrases are looked up by rnncli", hint=hint
        )
    check_weights(model.parameters)
    # The scores of moves: of a CRF for Viterbi, forward and backward, else for Viterbi alone, if moves are limited.
    matrices = 3 if model.network_spec.decoder == "crf" else int(model.allowed is not None)
    size = model.parameters.flat.nbytes + matrices * 8 * len(model.tags) ** 2
    if size > LARGEST:
        message = f"too large for ONNX: {size / 1e9:.1f} GB, and a file has at most {LARGEST / 1e9:.0f} GB"
        raise ModelError(message, hint="train with fewer word vectors or tags")


def _reads(part: InputTable) -> str:
    """How the rows of an input are looked up."""
    return "column" if part.column else "word" if part.name in ("embedding", "onehot") else part.name


def _rows(inputs: Inputs, part: InputTable) -> dict[str, int]:
    """The row of each text, and of the composed form of a text that is not composed."""
    is_word = _reads(part) == "word"
    texts = inputs.lists()["words" if is_word else part.name]
    rows = {text: number for number, text in enumerate(texts, Vocabulary.first if is_word else 0)}
    for text, number in list(rows.items()):
        rows.setdefault(composed(text), number)
    return rows


# The network: from rows to scores.


def _network(graph: Graph, model: Model) -> str:
    """The scores o, (T, K)."""
    spec, parameters = model.network_spec, model.parameters
    architecture = spec.architecture
    x, u = _inputs(graph, model)
    for layer in range(1, spec.layers + 1):
        name = f"layer{layer}/"
        if layer > 1:
            u = parameters[name + "U"]
        b = parameters[name + "b"]
        w = parameters.get(name + "W")
        if architecture.keeps_output and layer == spec.layers:
            return _feedback(graph, model, _product(graph, x, name + "U", u, b), w)
        if w is None:
            x = graph.add(_ACTIVATIONS[spec.activation], _product(graph, x, name + "U", u, b))
        else:
            x = _recurrent(graph, model, x, name, u)
    return _product(graph, x, "output/V", parameters["output/V"], parameters["output/c"])


def _inputs(graph: Graph, model: Model) -> tuple[str, Array]:
    """What layer 1 reads, (T, D), and its weights, (M, D).

    One-hot inputs are columns of U that are looked up. They are D = M further numbers, whose weights are 1.
    """
    spec, parameters = model.network_spec, model.parameters
    parts = [_bag(graph, part.name, parameters[f"input/{part.name}"]) for part in _dense(model)]
    read: list[str] = []
    weights: list[Array] = []
    if parts:
        own = graph.add("Concat", *parts, axis=1)
        read.append(_window(graph, own, spec.window))
        if spec.adds_neighbours:
            p = _product(graph, read[0], "window/P", parameters["window/P"], parameters["window/p"])
            read = [graph.add("Add", own, graph.add("Tanh", p))]
        weights.append(parameters["layer1/U"])
    if "onehot" in spec.inputs:
        read.append(_onehot(graph, parameters["input/onehot"], spec.window))
        weights.append(np.eye(spec.product, dtype=np.float32))
    return graph.add("Concat", *read, axis=1), np.concatenate(weights, axis=1)


def _dense(model: Model) -> Iterator[InputTable]:
    return (part for part in model.inputs.tables if part.name != "onehot")


def _gathered(graph: Graph, rows: str, name: str, table: Array) -> str:
    """The sum of the rows of each token; row −1 is one of zeros."""
    table = np.concatenate([table, np.zeros((1, table.shape[1]), table.dtype)])
    return _sum(graph, graph.add("Gather", graph.constant(name, table), rows), 1, keep=0)


def _bag(graph: Graph, name: str, table: Array) -> str:
    """Σ rows / √count, (T, D)."""
    is_row = graph.add("GreaterOrEqual", name, graph.constant("no row", np.array(0, np.int32)))
    count = _sum(graph, graph.add("Cast", is_row, to=1), 1, keep=1)
    count = graph.add("Max", count, graph.constant("one", np.array(1, np.float32)))
    return graph.add("Div", _gathered(graph, name, f"input/{name}", table), graph.add("Sqrt", count))


def _onehot(graph: Graph, table: Array, window: int) -> str:
    """The sum of the columns that the tokens of a window select, (T, M)."""
    slots = np.split(table, 2 * window + 1)
    shifted = [
        _shifted(graph, _gathered(graph, "onehot", f"input/onehot/{slot}", rows), window, slot)
        for slot, rows in enumerate(slots)
    ]
    return graph.add("Sum", *shifted)


def _window(graph: Graph, x: str, window: int) -> str:
    """The vectors of the tokens of a window end to end, (T, (2w + 1) D)."""
    return graph.add("Concat", *(_shifted(graph, x, window, slot) for slot in range(2 * window + 1)), axis=1)


def _shifted(graph: Graph, x: str, window: int, slot: int) -> str:
    """What a token reads in a slot of the window: x(t + slot − w), 0 outside the sentence."""
    if not window:
        return x
    padded = graph.add("Pad", x, graph.constant(f"around {window}", np.array([window, 0, window, 0])))
    end = slot - 2 * window or np.iinfo(np.int64).max
    first = graph.constant(f"from {slot}", np.array([slot]))
    return graph.add(
        "Slice", padded, first, graph.constant(f"to {end}", np.array([end])), graph.constant("rows", np.array([0]))
    )


def _product(graph: Graph, x: str, name: str, weight: Array, bias: Array) -> str:
    """X Wᵀ + b."""
    product = graph.add("MatMul", x, graph.constant(f"{name} transposed", weight.T))
    return graph.add("Add", product, graph.constant(f"{name} bias", bias))


def _recurrent(graph: Graph, model: Model, x: str, name: str, u: Array) -> str:
    """A layer that keeps h(t−1), (T, R·H)."""
    spec, parameters = model.network_spec, model.parameters
    cell = _CELLS[spec.cell]
    count = spec.architecture.directions

    def by_gates(rows: Array) -> Array:
        """(R·G·H, …) or (R, G·H, …) as ONNX wants it, (R, G·H, …)."""
        blocks = rows.reshape(count, len(cell.gates), spec.hidden, -1)[:, cell.gates]
        return blocks.reshape(count, len(cell.gates) * spec.hidden, -1)

    biases = np.zeros((count, 2, spec.product // count), np.float32)  # of U x and of W h
    biases[:, 0] = by_gates(parameters[name + "b"])[..., 0]
    if spec.recurrent_bias:
        biases[:, 1, -spec.hidden :] = parameters[name + spec.recurrent_bias].reshape(count, spec.hidden)
    settings = dict(cell.settings)
    if spec.cell == "simple":
        settings["activations"] = [_OF_MEMORY[spec.activation]] * count
        if spec.activation == "identity":
            settings["activation_alpha"] = [1.0] * count
            settings["activation_beta"] = [0.0] * count
    h = graph.add(
        cell.operator,
        graph.add("Unsqueeze", x, graph.constant("second axis", np.array([1]))),
        graph.constant(name + "U", by_gates(u)),
        graph.constant(name + "W", by_gates(parameters[name + "W"])),
        graph.constant(name + "b", biases.reshape(count, -1)),
        hidden_size=spec.hidden,
        direction="bidirectional" if count == 2 else "forward",
        **settings,
    )
    return graph.add("Reshape", h, graph.constant("two axes", np.array([-1, count * spec.hidden])))


def _feedback(graph: Graph, model: Model, a: str, w: Array | None) -> str:
    """The scores of a network that keeps its output: h(t) = φ(a(t) + Wy ŷ(t−1) [+ W h(t−1)]); (T, K)."""
    spec, parameters = model.network_spec, model.parameters
    tags = len(model.tags)
    wy = graph.constant("Wy transposed", parameters[f"layer{spec.layers}/Wy"].T)
    body = Graph(graph)
    state = body.add("Add", "a", body.add("MatMul", "y", wy))
    if w is not None:
        state = body.add("Add", state, body.add("MatMul", "h", graph.constant("W transposed", w[0].T)))
    h = body.add(_ACTIVATIONS[spec.activation], state)
    o = _product(body, h, "output/V", parameters["output/V"], parameters["output/c"])
    states = {
        Value("y", np.float32, (tags,)): (
            graph.constant("no output", np.zeros(tags, np.float32)),
            body.add("Softmax", o),
        ),
    }
    if w is not None:
        states[Value("h", np.float32, (spec.hidden,))] = (
            graph.constant("no memory", np.zeros(spec.hidden, np.float32)),
            body.add("Identity", h),
        )
    _, scores = graph.scan(
        body, states, Value("a", np.float32, (spec.hidden,)), a, Value(body.add("Identity", o), np.float32, (tags,))
    )
    return scores


# The output: from scores to tags and probabilities. The state of a scan has one number more than there are tags: it
# is that of a tag before the first token, or after the last one. So a sentence of one token is one step as well.


def _tags(graph: Graph, chain: Chain | None, scores: str) -> str:
    """The best path, (T,) int64, by Viterbi's algorithm; of equal paths the same one as rnncli gives."""
    if chain is None:
        return graph.add("ArgMax", scores, axis=-1, keepdims=0)
    first, last = (array.astype(np.float64) for array in (chain.first, chain.last))
    tags = len(first)
    moves = np.concatenate([scores_to(chain.transitions, np.arange(tags)).T, first[None]]).astype(np.float64)
    none = np.full(tags, -np.inf)
    body = Graph(graph)
    paths = body.add("Add", body.add("Unsqueeze", "best", _second(graph)), graph.constant("moves", moves))
    best = body.add("Add", body.add("ReduceMax", paths, _first(graph), keepdims=0), "o")
    following = body.add("Concat", best, graph.constant("never again", none[:1]), axis=0)
    before = body.add("ArgMax", paths, axis=0, keepdims=0)
    (end,), predecessors = graph.scan(
        body,
        {Value("best", np.float64, (tags + 1,)): (graph.constant("start", np.append(none, 0.0)), following)},
        Value("o", np.float64, (tags,)),
        graph.add("Cast", scores, to=11),  # float64
        Value(before, np.int64, (tags,)),
    )
    end = graph.add("Add", end, graph.constant("last", np.append(last, 0.0)))
    back = Graph(graph)
    _, path = graph.scan(
        back,
        {
            Value("tag", np.int64, (1,)): (
                graph.add("ArgMax", end, axis=0, keepdims=1),
                back.add("Gather", "before", "tag"),
            )
        },
        Value("before", np.int64, (tags,)),
        predecessors,
        Value(back.add("Identity", "tag"), np.int64, (1,)),
        backwards=True,
    )
    return graph.add("Squeeze", path, _second(graph))


def _probabilities(graph: Graph, model: Model, scores: str) -> None:
    """Add the output ``probabilities``: softmax(o), or the marginals of a CRF by forward and backward."""
    if model.network_spec.decoder == "softmax":
        graph.add("Softmax", scores, name="probabilities")
        return
    transitions, first, last = decoding.learned(model.network_spec, model.parameters)
    tags = len(first)
    a, pi, omega = (np.exp(np.maximum(x - np.float64(x.max()), _LEAST)) for x in (transitions, first, last))
    o = graph.add("Cast", scores, to=11)
    largest = graph.add("ReduceMax", o, _second(graph), keepdims=1)
    psi = graph.add("Exp", graph.add("Sub", o, largest))
    state = Value("state", np.float64, (tags + 1,))
    read = Value("psi", np.float64, (tags,))
    start = graph.constant("at one end", np.append(np.zeros(tags), 1.0))

    forward = Graph(graph)
    alpha = forward.add("MatMul", "state", graph.constant("forward moves", np.concatenate([a, pi[None]])))
    alpha = _normalised(forward, forward.add("Mul", alpha, "psi"))
    states = {state: (start, _with_zero(forward, alpha))}
    _, alphas = graph.scan(forward, states, read, psi, Value(forward.add("Identity", alpha), np.float64, (tags,)))

    backward = Graph(graph)
    moves = graph.constant("backward moves", np.concatenate([a, omega[:, None]], axis=1))
    beta = _normalised(backward, backward.add("MatMul", moves, "state"))
    states = {state: (start, _with_zero(backward, _normalised(backward, backward.add("Mul", beta, "psi"))))}
    written = Value(backward.add("Identity", beta), np.float64, (tags,))
    _, betas = graph.scan(backward, states, read, psi, written, backwards=True)
    product = graph.add("Mul", alphas, betas)
    total = _sum(graph, product, 1, keep=1)
    graph.add("Cast", graph.add("Div", product, total), name="probabilities", to=1)


def _normalised(graph: Graph, x: str) -> str:
    return graph.add("Div", x, _sum(graph, x, 0, keep=1))


def _with_zero(graph: Graph, x: str) -> str:
    return graph.add("Concat", x, graph.constant("zero", np.zeros(1)), axis=0)


def _sum(graph: Graph, x: str, axis: int, keep: int) -> str:
    return graph.add("ReduceSum", x, (_first, _second)[axis](graph), keepdims=keep)


def _first(graph: Graph) -> str:
    return graph.constant("first axis", np.array([0]))


def _second(graph: Graph) -> str:
    return graph.constant("second axis", np.array([1]))
