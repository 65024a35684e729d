"""Labels one long sentence in blocks of tokens, with the results of :func:`.output.label` but less working memory.

The memory of each direction of each layer between two blocks is stored. All other values of a block are computed
from it, again each time they are needed. If layers also read backward, one pass over the blocks from the last to
the first computes their memories, before the layer above can be computed. The best path and the marginals need one
pass forward and one backward.

The result is that of the whole sentence to the last bit: every kernel sums a row in the same order, whatever the
other rows are.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import NONE_MASKED, Batch
from rnncli.kernels import activation, crf, feedback, matmul, output, viterbi
from rnncli.network import inputs, recurrent
from rnncli.network.arena import Arena
from rnncli.network.forward import NO_MASK, NONE_FORCED, hidden_weight
from rnncli.network.output import scores_of
from rnncli.network.recurrent import LayerMemory
from rnncli.parameters import Array, Parameters
from rnncli.plain.decoding import Chain, learned
from rnncli.plain.limits import TooLargeError, check, check_run
from rnncli.plain.transitions import scores_to, viterbi_step

# The scores of a sentence are stored if they are at most so many numbers, 128 MB, else computed again.
MOST_STORED_NUMBERS = 1 << 25


def label(
    tokens: int,
    spec: NetworkSpec,
    parameters: Parameters,
    batch: Batch,
    transposed: Mapping[str, Array],
    chain: Chain | None,
    with_probabilities: bool = True,
    arena: Arena | None = None,
) -> tuple[Array, Array]:
    """Return what :func:`.output.label` returns for the same other arguments; the batch has one sentence.

    tokens  number of tokens of a block, at least 1
    """
    arena = arena or Arena()
    count = batch.tokens
    tag_count = len(parameters["output/c"])
    blocks = [slice(first, min(count, first + tokens)) for first in range(0, count, tokens)]
    scores = _Scores(spec, parameters, transposed, batch, blocks, arena)
    tags = np.empty(count, np.int32)
    probabilities = np.full(count, np.nan, parameters.flat.dtype)
    if chain is None:
        for number, rows in enumerate(blocks):
            o = scores(number)
            if spec.architecture.keeps_output:
                tags[rows] = o.argmax(axis=1)
                probabilities[rows] = o.max(axis=1)
            else:
                output.likeliest(o, tags[rows], probabilities[rows])
        return tags, probabilities
    posterior = None
    if with_probabilities and spec.decoder == "crf":
        posterior = crf.Block(arena.queue, probabilities.dtype, *learned(spec, parameters))
    # For each block, the scores in place of those that begin a sentence: of the best path, of the marginals.
    path_starts = [chain.first]
    posterior_starts = [] if posterior is None else [posterior.start]
    stored = np.empty((count if count * tag_count <= MOST_STORED_NUMBERS else 0, tag_count), probabilities.dtype)
    for number, rows in enumerate(blocks):
        o = scores_of(spec, scores(number))
        if len(stored):
            stored[rows] = o
        delta = arena.like(o)
        viterbi.forward(o, chain.transitions, path_starts[-1], np.arange(len(o) + 1), delta)
        path_starts.append(viterbi_step(delta[-1], chain.transitions))
        if posterior is not None:
            posterior_starts.append(posterior.next_start(o, posterior_starts[-1]))
    last = chain.last
    stop = None if posterior is None else posterior.stop
    for number, rows in reversed([*enumerate(blocks)]):
        arena.clear()
        o = stored[rows] if len(stored) else scores_of(spec, scores(number))
        delta = arena.like(o)
        offsets = np.arange(len(o) + 1)
        viterbi.forward(o, chain.transitions, path_starts[number], offsets, delta)
        viterbi.backward(delta, chain.transitions, last, offsets, tags[rows])
        last = scores_to(chain.transitions, tags[rows.start]).astype(o.dtype, copy=False)
        if posterior is not None:
            o, stop = posterior.marginals(o, posterior_starts[number], stop)
        elif with_probabilities:
            output.softmax(arena.queue, o)
        if with_probabilities:
            probabilities[rows] = o[np.arange(len(o)), tags[rows]]
    if with_probabilities:
        check(probabilities)
    return tags, probabilities


class _Scores:
    """Computes the scores of the tags, block by block; the first time from the first block to the last."""

    def __init__(
        self,
        spec: NetworkSpec,
        parameters: Parameters,
        transposed: Mapping[str, Array],
        batch: Batch,
        blocks: Sequence[slice],
        arena: Arena,
    ) -> None:
        self.spec = spec
        self.parameters = parameters
        self.transposed = transposed
        self.batch = batch
        self.blocks = blocks
        self.arena = arena
        # By layer, direction and block: the memory before the first token that is read; none where reading begins.
        self.memories: dict[tuple[int, int, int], LayerMemory] = {}
        if spec.architecture.directions == 2:
            for layer in range(1, spec.layers + 1):
                self._store_memories(layer, 1, reversed(range(len(blocks))))
                if layer < spec.layers:
                    self._store_memories(layer, 0, range(len(blocks)))

    def __call__(self, block: int) -> Array:
        """Return the scores of a block, (n, K), as :attr:`.Activations.o` has them: ŷ if that is fed back."""
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

    def _store_memories(self, layer: int, direction: int, blocks: Iterator[int] | range) -> None:
        """Compute and store the memories of a direction of a layer; those of the layers below must be stored."""
        for block in blocks:
            self.arena.clear()
            hidden = self._hidden(layer - 1, block)
            self._read(layer, direction, block, self._product(layer, block, hidden[-1] if hidden else None))

    def _hidden(self, layers: int, block: int) -> list[Array]:
        """Return h (n, R·H) of the lowest ``layers`` hidden layers for a block."""
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
        """Return the input product (n, R·G·H) of a layer that reads x (n, R·H), or the tokens if x is ``None``."""
        rows = self.blocks[block]
        bias = self.parameters[f"layer{layer}/b"]
        u = f"layer{layer}/U"
        if x is not None:
            a = self.arena.empty((len(x), len(bias)), x.dtype)
            matmul.project(self.arena.queue, x, self.transposed[u], bias, a)
            return a
        low = max(0, rows.start - self.spec.window)
        high = min(self.batch.tokens, rows.stop + self.spec.window)
        tokens = Batch(self.batch.ids[:, low:high], self.batch.bags, NONE_MASKED, np.arange(high - low + 1))
        a = self.arena.empty((high - low, len(bias)), bias.dtype)
        a[:] = bias
        if self.spec.adds_neighbours:
            x = inputs.add_neighbours(self.spec, self.parameters, self.transposed, tokens, self.arena)
            matmul.project(self.arena.queue, x, self.transposed[u], bias, a)
        elif u in self.transposed:
            inputs.project(self.spec, self.parameters, self.transposed[u], tokens, a, self.arena)
        inputs.add_onehot(self.spec, self.parameters, tokens, a, self.arena)
        return a[rows.start - low : rows.stop - low]

    def _read(self, layer: int, direction: int, block: int, a: Array) -> Array:
        """Read a block in a direction and store its last memory; return h (n, H) in the order of the text.

        a  (n, R·G·H)  the input product
        """
        name = f"layer{layer}/"
        width = self.spec.gates * self.spec.hidden
        memory = self.memories.get((layer, direction, block))
        first = int(memory is not None)  # row 0 holds the memory
        order = slice(None, None, -1 if direction else 1)
        product = self.arena.empty((first + len(a), width), a.dtype)
        product[first:] = a[order, direction * width : (direction + 1) * width]
        weight = self.transposed[name + "W"][direction : direction + 1]
        bias = self.parameters.get(name + self.spec.recurrent_bias)
        if bias is not None:
            bias = bias[direction * self.spec.hidden : (direction + 1) * self.spec.hidden]
        offsets = np.arange(first, len(product) + 1)
        states = recurrent.forward(self.spec, product, weight, bias, offsets, self.arena, memory)
        following = block - 1 if direction else block + 1
        self.memories[layer, direction, following] = LayerMemory(states.h[-1].copy(), states.state[-1].copy())
        return states.h[first:][order]

    def _feedback(self, block: int, a: Array) -> tuple[Array, Array]:
        """Run a top layer that reads the output, from its input product a (n, H); return h (n, H) and ŷ (n, K)."""
        spec = self.spec
        parameters = self.parameters
        transposed = self.transposed
        name = f"layer{spec.layers}/"
        memory = self.memories.get((spec.layers, 0, block))
        first = int(memory is not None)  # row 0 holds the memory
        h = self.arena.empty((first + len(a), spec.hidden), a.dtype)
        y = self.arena.empty((first + len(a), len(parameters["output/c"])), a.dtype)
        h[first:] = a
        if memory is not None:
            h[0] = memory.h
            y[0] = memory.state
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
            np.arange(first, len(h) + 1),
            activation.CODES[spec.activation],
        )
        self.memories[spec.layers, 0, block + 1] = LayerMemory(h[-1].copy(), y[-1].copy())
        return h[first:], y[first:]
