"""One long sentence in blocks of tokens, so that memory grows by the block: the labels of :func:`.output.label`.

What each direction of each layer remembers between two blocks is kept; all else is computed from there, again
wherever it is needed. Where a layer reads backward too, one pass from the end finds what it remembers, before the
layer above can be computed. The best path and the marginals take a pass forward and one backward.

To the last bit the result is that of the whole sentence: every kernel sums a row in the same order, whatever rows
are beside it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import NONE_MASKED, Batch
from rnncli.kernels import activation, crf, feedback, matmul, output, viterbi
from rnncli.network import inputs, recurrent
from rnncli.network.arena import Arena
from rnncli.network.forward import NO_MASK, NONE_FORCED, hidden_weight
from rnncli.network.output import scores_of
from rnncli.network.recurrent import Memory
from rnncli.parameters import Array, Parameters
from rnncli.plain.decoding import Chain, learned
from rnncli.plain.limits import TooLargeError, check_run
from rnncli.plain.transitions import onto, reached

# Numbers of all scores, which are kept up to here, 128 MB, instead of being computed again.
KEPT_NUMBERS = 1 << 25


def label(
    tokens: int,
    spec: NetworkSpec,
    parameters: Parameters,
    batch: Batch,
    transposed: Parameters,
    by: Chain | None,
    with_probabilities: bool = True,
    arena: Arena | None = None,
) -> tuple[Array, Array]:
    """Do what :func:`.output.label` does, with the same arguments, for a batch of one sentence.

    tokens  of a block, at least 1
    """
    arena = arena or Arena()
    count, tags = batch.tokens, len(parameters["output/c"])
    blocks = [slice(first, min(count, first + tokens)) for first in range(0, count, tokens)]
    scores = _Scores(spec, parameters, transposed, batch, blocks, arena)
    given, probabilities = np.empty(count, np.int32), np.full(count, np.nan, parameters.flat.dtype)
    if by is None:
        for number, rows in enumerate(blocks):
            o = scores(number)
            if spec.architecture.keeps_output:
                given[rows], probabilities[rows] = o.argmax(axis=1), o.max(axis=1)
            else:
                output.likeliest(o, given[rows], probabilities[rows])
        return given, probabilities
    posterior = None
    if with_probabilities and spec.output == "crf":
        posterior = crf.Block(arena.queue, probabilities.dtype, *learned(spec, parameters))
    # What begins each block, in place of the scores that begin a sentence.
    paths, starts = [by.first], [] if posterior is None else [posterior.start]
    kept = np.empty((count if count * tags <= KEPT_NUMBERS else 0, tags), probabilities.dtype)
    for number, rows in enumerate(blocks):
        o = scores_of(spec, scores(number))
        if len(kept):
            kept[rows] = o
        delta = arena.like(o)
        viterbi.forward(o, by.transitions, paths[-1], np.arange(len(o) + 1), delta)
        paths.append(reached(delta[-1], by.transitions))
        if posterior is not None:
            starts.append(posterior.next_start(o, starts[-1]))
    last, stop = by.last, None if posterior is None else posterior.stop
    for number, rows in reversed([*enumerate(blocks)]):
        arena.clear()
        o = kept[rows] if len(kept) else scores_of(spec, scores(number))
        delta, offsets = arena.like(o), np.arange(len(o) + 1)
        viterbi.forward(o, by.transitions, paths[number], offsets, delta)
        viterbi.backward(delta, by.transitions, last, offsets, given[rows])
        last = onto(by.transitions, given[rows.start]).astype(o.dtype, copy=False)
        if posterior is not None:
            o, stop = posterior.marginals(o, starts[number], stop)
        elif with_probabilities:
            output.softmax(arena.queue, o)
        if with_probabilities:
            probabilities[rows] = o[np.arange(len(o)), given[rows]]
    return given, probabilities


class _Scores:
    """Computes the scores of the tags, block by block; the first time from the first block to the last."""

    def __init__(
        self,
        spec: NetworkSpec,
        parameters: Parameters,
        transposed: Parameters,
        batch: Batch,
        blocks: Sequence[slice],
        arena: Arena,
    ) -> None:
        self.spec, self.parameters, self.transposed = spec, parameters, transposed
        self.batch, self.blocks, self.arena = batch, blocks, arena
        # By layer, direction and block: what is remembered when the block is begun. None: nothing.
        self.memories: dict[tuple[int, int, int], Memory] = {}
        if spec.architecture.directions == 2:
            for layer in range(1, spec.layers + 1):
                self._sweep(layer, 1, reversed(range(len(blocks))))
                if layer < spec.layers:
                    self._sweep(layer, 0, range(len(blocks)))

    def __call__(self, block: int) -> Array:
        """The scores of a block, (n, K), as the output layer takes them: where ŷ is fed back, ŷ itself."""
        self.arena.clear()
        spec = self.spec
        hidden = self._hidden(spec.layers - spec.architecture.keeps_output, block)
        if spec.architecture.keeps_output:
            h, o = self._feedback(block, self._product(spec.layers, block, hidden[-1] if hidden else None))
            hidden.append(h)
        else:
            o = self.arena.empty((len(hidden[-1]), len(self.parameters["output/c"])), hidden[-1].dtype)
            matmul.project(
                self.arena.queue, hidden[-1], self.transposed["output/V"], self.parameters["output/c"], o
            )
        try:
            check_run(spec, self.parameters, hidden, o)
        except TooLargeError as fault:
            raise TooLargeError(self.blocks[block].start + fault.row) from None
        return o

    def _sweep(self, layer: int, direction: int, blocks: Iterator[int] | range) -> None:
        """Find what a direction of a layer remembers, where the layers below are known."""
        for block in blocks:
            self.arena.clear()
            hidden = self._hidden(layer - 1, block)
            self._read(layer, direction, block, self._product(layer, block, hidden[-1] if hidden else None))

    def _hidden(self, layers: int, block: int) -> list[Array]:
        """The lowest hidden layers, so many, (n, R·H) each."""
        hidden: list[Array] = []
        for layer in range(1, layers + 1):
            a = self._product(layer, block, hidden[-1] if hidden else None)
            if f"layer{layer}/W" in self.transposed:
                directions = range(self.spec.architecture.directions)
                parts = [self._read(layer, direction, block, a) for direction in directions]
                h = parts[0]
                if len(parts) > 1:
                    h = self.arena.empty((len(a), len(parts) * self.spec.hidden), a.dtype)
                    np.concatenate(parts, axis=1, out=h)
            else:
                h = recurrent.forward(self.spec, a, None, None, self.batch.offsets, self.arena).h
            hidden.append(h)
        return hidden

    def _product(self, layer: int, block: int, x: Array | None) -> Array:
        """The input product of a layer (n, R·G·H), which reads x (n, R·H) or the tokens."""
        rows, bias, u = self.blocks[block], self.parameters[f"layer{layer}/b"], f"layer{layer}/U"
        if x is not None:
            a = self.arena.empty((len(x), len(bias)), x.dtype)
            matmul.project(self.arena.queue, x, self.transposed[u], bias, a)
            return a
        low = max(0, rows.start - self.spec.window)
        high = min(self.batch.tokens, rows.stop + self.spec.window)
        seen = Batch(self.batch.ids[:, low:high], self.batch.bags, NONE_MASKED, np.arange(high - low + 1))
        a = self.arena.empty((high - low, len(bias)), bias.dtype)
        a[:] = bias
        if u in self.transposed:
            inputs.project(self.spec, self.parameters, self.transposed[u], seen, a, self.arena)
        inputs.add_onehot(self.spec, self.parameters, seen, a, self.arena)
        return a[rows.start - low : rows.stop - low]

    def _read(self, layer: int, direction: int, block: int, a: Array) -> Array:
        """Read a block in a direction, and keep what is remembered for the next; h (n, H) in the text's order."""
        name, width = f"layer{layer}/", self.spec.gates * self.spec.hidden
        before = self.memories.get((layer, direction, block))
        carried = int(before is not None)
        order = slice(None, None, -1 if direction else 1)
        own = self.arena.empty((carried + len(a), width), a.dtype)
        own[carried:] = a[order, direction * width : (direction + 1) * width]
        weight = self.transposed[name + "W"][direction : direction + 1]
        bias = self.parameters.get(name + self.spec.recurrent_bias)
        if bias is not None:
            bias = bias[direction * self.spec.hidden : (direction + 1) * self.spec.hidden]
        offsets = np.arange(carried, len(own) + 1)
        states = recurrent.forward(self.spec, own, weight, bias, offsets, self.arena, before)
        following = block - 1 if direction else block + 1
        self.memories[layer, direction, following] = Memory(states.h[-1].copy(), states.state[-1].copy())
        return states.h[carried:][order]

    def _feedback(self, block: int, a: Array) -> tuple[Array, Array]:
        """Run the top layer where it reads the output; h (n, H) and ŷ (n, K)."""
        spec, parameters, transposed = self.spec, self.parameters, self.transposed
        name = f"layer{spec.layers}/"
        before = self.memories.get((spec.layers, 0, block))
        carried = int(before is not None)
        h = self.arena.empty((carried + len(a), spec.hidden), a.dtype)
        y = self.arena.empty((carried + len(a), len(parameters["output/c"])), a.dtype)
        h[carried:] = a
        if before is not None:
            h[0] = before.h
            y[0] = before.state
        feedback.forward(
            self.arena.queue,
            h,
            *NO_MASK,
            h,
            y,
            y,
            NONE_FORCED,
            hidden_weight(spec, transposed, name),
            transposed[name + "Wy"],
            transposed["output/V"],
            parameters["output/c"],
            np.arange(carried, len(h) + 1),
            activation.CODES[spec.activation],
        )
        self.memories[spec.layers, 0, block + 1] = Memory(h[-1].copy(), y[-1].copy())
        return h[carried:], y[carried:]
