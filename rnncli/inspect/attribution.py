"""One sentence as a model reads it, and the measures of what its tags depend on, in plain NumPy."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling, memory
from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.inspect.progress import silent
from rnncli.labelling import single
from rnncli.model import Model
from rnncli.parameters import Array, Parameters
from rnncli.plain import forward as plain
from rnncli.plain.backward import products
from rnncli.plain.limits import check

# How many numbers the arrays of one pass may hold: 128 MB in float32.
MOST_NUMBERS = 1 << 25


def check_pairs(tokens: int, size: int) -> None:
    """Refuse a text if so many bytes for every pair of its tokens do not fit in memory."""
    memory.check(size * tokens**2, f"every pair of {tokens:,} tokens", "give a shorter text")


class Norm:
    """‖∂s/∂x(t)‖₂ from ∂s/∂ linear functions of x; see :class:`rnncli.plain.forward.Linear`.

    x(t) holds the vectors of all parts of the input, also the whole one-hot vector. With a window a token is read
    at several slots, whose gradients are summed before the norm.
    """

    def __init__(self, spec: NetworkSpec, parameters: Parameters) -> None:
        self.window_size = 2 * spec.window + 1
        # Of each slot (M, D + words): a unit vector of the input selects a column.
        slots = [_weight(spec, parameters, slot) for slot in range(self.window_size)]
        weight = np.concatenate(slots)
        # With many words U Uᵀ is smaller than U: ‖Uᵀ δ‖² = δᵀ (U Uᵀ) δ.
        self.is_gram = weight.shape[1] > 2 * weight.shape[0]
        self.weight = weight @ weight.T if self.is_gram else weight

    def __call__(self, da: Array) -> Array:
        """(T, targets, M) -> (T, targets)."""
        norms = np.empty(da.shape[:2], da.dtype)
        window = self.window_size // 2
        count, _, width = da.shape
        block = max(1, MOST_NUMBERS // 4 // (da.shape[1] * max(self.weight.shape)))
        for start in range(0, count, block):
            end = min(count, start + block)
            delta = np.zeros((end - start, da.shape[1], self.window_size * width), da.dtype)
            for slot in range(self.window_size):
                # Token t + window − slot reads token t at this slot.
                first, last = (min(max(0, t + window - slot), count) for t in (start, end))
                row = first - window + slot - start
                delta[row : row + last - first, :, slot * width : (slot + 1) * width] = da[first:last]
            flat = delta.reshape(-1, delta.shape[-1])
            product = flat @ self.weight
            squares = np.einsum("ij,ij->i", product, flat if self.is_gram else product)
            norms[start:end] = np.sqrt(np.maximum(squares, 0)).reshape(end - start, -1)
        return norms


def _weight(spec: NetworkSpec, parameters: Parameters, slot: int) -> Array:
    """The matrix of the linear functions of what is read in a slot of the window, (M, D + words)."""
    columns = plain.Linear.of(spec, parameters)
    table = parameters.get("input/onehot")
    weight = parameters.get("window/P" if spec.adds_neighbours else "layer1/U")
    size = 2 * spec.window + 1
    width = 0 if weight is None else weight.shape[1] // size
    words = 0 if table is None else len(table) // size
    whole = np.zeros((columns.own.stop, width + words), parameters.flat.dtype)
    if weight is not None:
        whole[columns.z if spec.adds_neighbours else columns.a, :width] = plain.slot_of(weight, width, slot)
    if spec.adds_neighbours and slot == spec.window:
        whole[columns.own, :width] = np.eye(width)
    if table is not None:
        whole[columns.a, width:] = table[slot * words : (slot + 1) * words].T
    return whole


class Attribution:
    """One sentence as a model reads it, and the measures of what its tags depend on.

    M targets are given as the numbers of their tokens.
    """

    def __init__(self, model: Model, encoded: Encoded, sentence: int = 0, norm: Norm | None = None) -> None:
        self.model = model
        self.spec = model.network_spec
        self.parameters = model.parameters
        self.norm = norm or Norm(self.spec, self.parameters)
        self.progress = silent  # of :meth:`ablation` and :meth:`gradient`
        read = plain.look_up(self.parameters, single(encoded, sentence))
        unknown = plain.unknown(self.parameters, 1)
        self.count = len(read.x)
        check_pairs(self.count, 9)  # their distance, and whether one can depend on the other
        # For each slot: what a token adds for the token that reads it, less what the unknown word adds.
        self.added = [
            plain.product(self.spec, self.parameters, read, slot)
            - plain.product(self.spec, self.parameters, unknown, slot)
            for slot in range(2 * self.spec.window + 1)
        ]
        # For unknown words the difference is exactly 0, without the rounding error of the two products.
        unknown_tokens = [
            t
            for t in range(self.count)
            if (read.x[t] == unknown.x[0]).all() and all(not word.any() for word in read.words[t : t + 1])
        ]
        for added in self.added:
            added[unknown_tokens] = 0
        self.can_depend = _can_depend(self.spec, self.count)
        self.can_depend[:, unknown_tokens] = False
        self.trace = labelling.trace(model, encoded, sentence)
        # What linear functions compute from the text, less that from a text of unknown words.
        self.change = np.zeros_like(self.trace.linear)
        for readers, _, added in self.slots():
            self.change[readers] += added
        self.tags, self.y = labelling.decide(model, self.trace)

    def slots(self) -> Iterator[tuple[slice, slice, Array]]:
        """For each slot of the window: the tokens that read a token there, the tokens they read, what these add."""
        for slot, added in enumerate(self.added):
            readers, sources = plain.pairs_at_distance(self.count, slot - self.spec.window)
            yield readers, sources, added[sources]

    def gradient(self, targets: Array) -> Array:
        """‖∂s/∂x(t)‖₂, (M, T)."""
        found, done = [np.empty((0, self.count), self.y.dtype)], 0
        for block in self.blocks(targets):
            self.progress(done / len(targets), "gradient")
            found.append(self.norm(self.sweep(self.trace, block)).T)
            done += len(block)
        return np.concatenate(found)

    def ablation(self, targets: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """How much score and probability fall without each token, and whether the tag changes; all (M, T)."""
        tags = self.tags[targets]
        o = np.empty((len(targets), self.count))
        y = np.empty(o.shape)
        changed = np.empty(o.shape, np.bool_)
        for start, trace in self.ablated():
            predicted, probabilities = labelling.decide(self.model, trace)
            tokens = slice(start, start + predicted.shape[1])
            o[:, tokens] = trace.o[targets, :, tags]
            y[:, tokens] = probabilities[targets, :, tags]
            changed[:, tokens] = predicted[targets] != tags[:, None]
        return self.trace.o[targets, tags][:, None] - o, self.y[targets, tags][:, None] - y, changed

    def effect(self, targets: Array) -> Array:
        """How much the scores fall without each token, (M, T); only the first result of :meth:`ablation`."""
        tags = self.tags[targets]
        scores = [trace.o[targets, :, tags] for _, trace in self.ablated()]
        return np.asarray(self.trace.o[targets, tags][:, None] - np.concatenate(scores, axis=1))

    def ablated(self) -> Iterator[tuple[int, plain.Trace]]:
        """Run the network without each token in turn, for several tokens at once.

        Yield the first of these tokens, and the trace of the S sentences side by side.
        """
        for start in range(0, self.count, self.rows()):
            self.progress(start / self.count, "ablation")
            yield start, self.without(start, min(self.count, start + self.rows()))

    def without(self, start: int, end: int) -> plain.Trace:
        """Run the network without each of the tokens ``start`` to ``end − 1`` in turn, side by side."""
        a = np.repeat(self.trace.linear[:, None], end - start, axis=1)
        for slot, added in enumerate(self.added):
            for t in range(start, end):
                reader = t + self.spec.window - slot
                if 0 <= reader < self.count:
                    a[reader, t - start] -= added[t]
        with np.errstate(all="ignore"):
            trace = plain.run(self.spec, self.parameters, a)
        check(trace.o)
        # The rounding of a product depends on its number of rows, so values that cannot change are copied.
        same = ~self.can_depend[:, start:end]
        for values, of_full_text in ((trace.o, self.trace.o), (trace.y, self.trace.y)):
            values[same] = np.broadcast_to(of_full_text[:, None], values.shape)[same]
        return trace

    def sweep(self, trace: plain.Trace, targets: Array) -> Array:
        """∂s/∂ linear functions of the inputs, (T, M, ·); of S sentences side by side (T, S, M, ·)."""
        do = np.zeros((self.count, len(targets), trace.o.shape[-1]), trace.o.dtype)
        do[targets, np.arange(len(targets)), self.tags[targets]] = 1
        if trace.o.ndim == 3:
            do = np.repeat(do[:, None], trace.o.shape[1], axis=1)
        return products(self.spec, self.parameters, trace, do).dlinear

    def rows(self) -> int:
        """How many forward or backward passes fit into memory side by side."""
        numbers_per_token = (
            self.spec.layers * (2 * self.spec.product + 4 * self.trace.h[0].shape[1]) + self.y.shape[1]
        )
        return max(1, MOST_NUMBERS // int(self.count * numbers_per_token))

    def blocks(self, targets: Array) -> Iterator[Array]:
        """Divide targets into blocks whose backward passes are made together."""
        size = self.rows()
        for start in range(0, len(targets), size):
            yield targets[start : start + size]


def _can_depend(spec: NetworkSpec, count: int) -> NDArray[np.bool_]:
    """Whether the score of a token (rows) can depend on another (columns)."""
    lag = np.arange(count)[None, :] - np.arange(count)[:, None]
    if spec.architecture.directions == 2:
        return np.ones(lag.shape, np.bool_)
    has_memory = spec.architecture.keeps_hidden or spec.architecture.keeps_output
    return np.asarray((lag <= spec.window) & (has_memory | (lag >= -spec.window)))
