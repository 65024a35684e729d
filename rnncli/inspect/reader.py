"""One sentence as a model reads it: the numbers that connectivity is made of, in plain NumPy."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.inspect.progress import silent
from rnncli.labelling import single
from rnncli.model import Model
from rnncli.parameters import Array, Parameters
from rnncli.plain import forward as plain
from rnncli.plain.backward import products

# Numbers that the arrays of one pass may have: 128 MB in float32.
MOST_NUMBERS = 1 << 25


class Norm:
    """‖∂s/∂x(t)‖₂ from ∂s/∂a: x(t) has what the parts of the input give, and all the vocabulary's one-hot units.

    With a window the token is seen at several places, whose gradients are summed before the norm.
    """

    def __init__(self, spec: NetworkSpec, parameters: Parameters) -> None:
        self.places, table = 2 * spec.window + 1, parameters.get("input/onehot")
        u, parts = parameters.get("layer1/U"), []
        if u is not None:
            parts.append(np.concatenate(np.split(u, self.places, axis=1)))
        if table is not None:
            parts.append(np.concatenate([each.T for each in np.split(table, self.places)]))
        weight = np.concatenate(parts, axis=1)  # ((2w + 1) R·G·H, D + words)
        # With many words U Uᵀ is the smaller: ‖Uᵀ δ‖² = δᵀ (U Uᵀ) δ.
        self.is_gram = weight.shape[1] > 2 * weight.shape[0]
        self.weight = weight @ weight.T if self.is_gram else weight

    def __call__(self, da: Array) -> Array:
        """(T, M, R·G·H) -> (T, M)."""
        found = np.empty(da.shape[:2], da.dtype)
        window, count, width = self.places // 2, len(da), da.shape[-1]
        block = max(1, MOST_NUMBERS // 4 // (da.shape[1] * max(self.weight.shape)))
        for start in range(0, count, block):
            end = min(count, start + block)
            seen = np.zeros((end - start, da.shape[1], self.places * width), da.dtype)
            for place in range(self.places):
                # Token t is at this place for token t + window − place.
                first, last = (min(max(0, t + window - place), count) for t in (start, end))
                at = first - window + place - start
                seen[at : at + last - first, :, place * width : (place + 1) * width] = da[first:last]
            flat = seen.reshape(-1, seen.shape[-1])
            product = flat @ self.weight
            squares = np.einsum("ij,ij->i", product, flat if self.is_gram else product)
            found[start:end] = np.sqrt(np.maximum(squares, 0)).reshape(end - start, -1)
        return found


class Reader:
    """One sentence as a model reads it, and its measures; M targets are given as the numbers of their tokens."""

    def __init__(self, model: Model, encoded: Encoded, sentence: int = 0, norm: Norm | None = None) -> None:
        self.model, self.spec, self.parameters = model, model.network_spec, model.parameters
        self.norm = norm or Norm(self.spec, self.parameters)
        self.progress = silent  # of :meth:`ablation` and :meth:`gradient`
        read = plain.look_up(self.parameters, single(encoded, sentence))
        blank = plain.unknown(self.parameters, 1)
        self.count = len(read.x)
        # What each token adds to the products of those that see it, above what the unknown word does; by places.
        self.added = [
            plain.product(self.spec, self.parameters, read, place)
            - plain.product(self.spec, self.parameters, blank, place)
            for place in range(2 * self.spec.window + 1)
        ]
        # The unknown word adds nothing, and not the rounding error of two products.
        blanks = [
            t
            for t in range(self.count)
            if (read.x[t] == blank.x[0]).all() and all(not word.any() for word in read.words[t : t + 1])
        ]
        for added in self.added:
            added[blanks] = 0
        self.reach = _reach(self.spec, self.count)
        self.reach[:, blanks] = False
        self.trace = plain.forward(self.spec, self.parameters, single(encoded, sentence))
        # a of layer 1 for the text, less that for nothing but unknown words.
        self.change = np.zeros_like(self.trace.a[0])
        for to, _, added in self.places():
            self.change[to] += added
        self.tags, self.y = labelling.decide(model, self.trace)

    def places(self) -> Iterator[tuple[slice, slice, Array]]:
        """For each place of the window: the tokens that see one there, those that are seen, what these add."""
        for place, added in enumerate(self.added):
            to, of = plain.seen(self.count, place - self.spec.window)
            yield to, of, added[of]

    def gradient(self, targets: Array) -> Array:
        """‖∂s/∂x(t)‖₂, (M, T)."""
        found, done = [np.empty((0, self.count), self.y.dtype)], 0
        for block in self.blocks(targets):
            self.progress(done / len(targets), "gradient")
            found.append(self.norm(self.sweep(self.trace, block)).T)
            done += len(block)
        return np.concatenate(found)

    def ablation(self, targets: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """The losses in score and probability without each token, and whether the tag changes; all (M, T)."""
        tags = self.tags[targets]
        o, y = (np.empty((len(targets), self.count)) for _ in range(2))
        changed = np.empty(o.shape, np.bool_)
        for start, run in self.ablated():
            given, probabilities = labelling.decide(self.model, run)
            many = slice(start, start + given.shape[1])
            o[:, many] = run.o[targets, :, tags]
            y[:, many] = probabilities[targets, :, tags]
            changed[:, many] = given[targets] != tags[:, None]
        return self.trace.o[targets, tags][:, None] - o, self.y[targets, tags][:, None] - y, changed

    def effect(self, targets: Array) -> Array:
        """What the scores lose without each token, (M, T); :meth:`ablation` without a new decision."""
        tags = self.tags[targets]
        lost = [run.o[targets, :, tags] for _, run in self.ablated()]
        return np.asarray(self.trace.o[targets, tags][:, None] - np.concatenate(lost, axis=1))

    def ablated(self) -> Iterator[tuple[int, plain.Trace]]:
        """Read the sentence once without each token, some at a time: the first of these tokens, the traces."""
        full = self.trace.a[0]
        for start in range(0, self.count, self.rows()):
            end = min(self.count, start + self.rows())
            self.progress(start / self.count, "ablation")
            a = np.repeat(full[:, None], end - start, axis=1)
            for place, added in enumerate(self.added):
                for t in range(start, end):
                    sees = t + self.spec.window - place
                    if 0 <= sees < self.count:
                        a[sees, t - start] -= added[t]
            run = plain.run(self.spec, self.parameters, a)
            # Products round differently with the number of rows: what cannot have changed is set to what it was.
            out = ~self.reach[:, start:end]
            for found, full_text in ((run.o, self.trace.o), (run.y, self.trace.y)):
                found[out] = np.broadcast_to(full_text[:, None], found.shape)[out]
            yield start, run

    def sweep(self, trace: plain.Trace, targets: Array) -> Array:
        """∂s/∂a of layer 1, (T, M, R·G·H); of S readings side by side (T, S, M, R·G·H)."""
        do = np.zeros((self.count, len(targets), trace.o.shape[-1]), trace.o.dtype)
        do[targets, np.arange(len(targets)), self.tags[targets]] = 1
        if trace.o.ndim == 3:
            do = np.repeat(do[:, None], trace.o.shape[1], axis=1)
        return products(self.spec, self.parameters, trace, do).da

    def rows(self) -> int:
        """How many sweeps, or readings, fit into memory at once."""
        each = self.spec.layers * (2 * self.spec.product + 4 * self.trace.h[0].shape[1]) + self.y.shape[1]
        return max(1, MOST_NUMBERS // int(self.count * each))

    def blocks(self, targets: Array) -> Iterator[Array]:
        """Cut targets into such as are swept together."""
        many = self.rows()
        for start in range(0, len(targets), many):
            yield targets[start : start + many]


def _reach(spec: NetworkSpec, count: int) -> NDArray[np.bool_]:
    """Whether the score of a token (rows) can depend on another (columns)."""
    lag = np.arange(count)[None, :] - np.arange(count)[:, None]
    if spec.architecture.directions == 2:
        return np.ones(lag.shape, np.bool_)
    has_memory = spec.architecture.keeps_hidden or spec.architecture.keeps_output
    return np.asarray((lag <= spec.window) & (has_memory | (lag >= -spec.window)))
