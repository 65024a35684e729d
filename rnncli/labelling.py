"""Labelling: encoded sentences in, tags and their probabilities out, by plain NumPy or by the kernels.

A handful of sentences is done in NumPy before Numba is loaded; more with the kernels, in batches of like length,
each by one of some threads. The only queue between reading and writing is in :meth:`Labeller.stream`.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncli.data.batch import Batch, Encoded, Longs, by_length, pack
from rnncli.errors import RnncliError
from rnncli.model import Model
from rnncli.plain import Array, crf, decoding
from rnncli.plain.forward import Trace, forward

if TYPE_CHECKING:
    from rnncli.network.arena import Arena
    from rnncli.parameters import Parameters

# Up to here NumPy is done before Numba is loaded.
SHORT_TEXT_TOKENS = 2_000
SHORT_TEXT_PAIRS = 50_000_000  # of tags of a CRF, over all tokens
BATCH_TOKENS = 2_048
BLOCK_NUMBERS = 1 << 23  # of the widest array of a batch, or of a block of a long sentence: 32 MB

T = TypeVar("T")


class Prediction(NamedTuple):
    """For every token of :class:`Encoded` the number of the tag it is given, and the probability of that tag."""

    tags: NDArray[np.int32]  # (N,)
    probabilities: NDArray[np.float32]  # (N,); NaN where they were not asked for


def predict(model: Model, encoded: Encoded, threads: int = 1, with_probabilities: bool = True) -> Prediction:
    """Label sentences with a model as it is now."""
    return next(Labeller(model).stream([(None, encoded)], threads, with_probabilities=with_probabilities))[2]


class Labeller:
    """Labels sentences with a model, whose weights it takes as they are when it first needs them."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._chain = model.chain()
        self._block_tokens = max(1, BLOCK_NUMBERS // max(model.network_spec.product, len(model.tags)))
        self._transposed: Parameters | None = None
        self._arenas: list[Arena] = []  # those that no thread works in

    def stream(
        self, blocks: Iterable[tuple[T, Encoded]], threads: int = 1, ahead: int = 0, with_probabilities: bool = True
    ) -> Iterator[tuple[T, Encoded, Prediction]]:
        """Label blocks of sentences in order; each comes with something of the caller's, which is given back.

        While the caller writes a block and reads the next, up to ``ahead`` of them are worked on by other threads.
        If a block cannot be read, the error is raised when those before it have been given out.
        """
        failures: list[RnncliError] = []
        waiting: deque[tuple[T, Encoded, Prediction, Sequence[Future[None]]]] = deque()
        with ThreadPoolExecutor(threads) as pool:  # starts no thread before there is work

            def finished() -> tuple[T, Encoded, Prediction]:
                item, encoded, prediction, parts = waiting.popleft()
                for part in parts:
                    part.result()
                return item, encoded, prediction

            try:
                for item, encoded in _until_failure(blocks, failures):
                    waiting.append((item, encoded, *self._start(encoded, pool, with_probabilities)))
                    if len(waiting) > ahead:
                        yield finished()
                while waiting:
                    yield finished()
            finally:
                for *_, parts in waiting:
                    for part in parts:
                        part.cancel()
        for failure in failures:
            raise failure

    def _start(
        self, encoded: Encoded, pool: ThreadPoolExecutor, with_probabilities: bool
    ) -> tuple[Prediction, Sequence[Future[None]]]:
        """Begin to label a block; the prediction is whole when all the futures are done."""
        count = len(encoded.words)
        prediction = Prediction(np.empty(count, np.int32), np.full(count, np.nan, np.float32))
        pairs = count * len(self._model.tags) ** 2 if self._model.network_spec.output == "crf" else 0
        if count <= SHORT_TEXT_TOKENS and pairs <= SHORT_TEXT_PAIRS:
            _label_plainly(self._model, encoded, prediction)
            return prediction, ()
        self._transposed = self._transposed or self._model.parameters.transposed()
        batches = by_length(encoded, min(BATCH_TOKENS, self._block_tokens))
        return prediction, [
            pool.submit(self._label, encoded, batch, prediction, with_probabilities) for batch in batches
        ]

    def _label(self, encoded: Encoded, sentences: Longs, prediction: Prediction, with_probabilities: bool) -> None:
        """Label a batch of sentences with the kernels, in one thread."""
        from rnncli.network import long, output  # here, because it loads Numba
        from rnncli.network.arena import Arena

        assert self._transposed is not None
        packed = pack(encoded.starts, sentences)
        arena = self._arenas.pop() if self._arenas else Arena()
        arena.clear()
        batch = encoded.batch(packed)
        label = output.label
        if batch.sentences == 1 and batch.tokens > 2 * self._block_tokens:  # takes half as long again
            label = partial(long.label, self._block_tokens)
        tags, probabilities = label(
            self._model.network_spec,
            self._model.parameters,
            batch,
            self._transposed,
            self._chain,
            with_probabilities,
            arena,
        )
        prediction.tags[packed.positions] = tags
        prediction.probabilities[packed.positions] = probabilities
        self._arenas.append(arena)


def _until_failure(blocks: Iterable[T], failures: list[RnncliError]) -> Iterator[T]:
    """Yield blocks; an error in reading them ends it and is kept."""
    try:
        yield from blocks
    except RnncliError as failure:
        failures.append(failure)


def single(encoded: Encoded, sentence: int) -> Batch:
    """One sentence as a batch of its own."""
    return encoded.batch(pack(encoded.starts, np.array([sentence])))


def trace(model: Model, encoded: Encoded, sentence: int = 0) -> Trace:
    """Run the network over one of the sentences and keep its hidden layers; plain NumPy."""
    return forward(model.network_spec, model.parameters, single(encoded, sentence))


def decide(model: Model, run: Trace) -> tuple[NDArray[np.int32], Array]:
    """The tags of a trace, (T,), and the probabilities that the network gives all tags, (T, K); plain NumPy.

    The probabilities are the marginals of a CRF, else ŷ. S sentences side by side: (T, S) and (T, S, K).
    """
    chain = model.chain()
    own = decoding.learned(model.network_spec, model.parameters)
    tags = run.o.argmax(axis=-1).astype(np.int32) if chain is None else crf.viterbi(run.o, *chain)
    return tags, crf.marginals(run.o, *own) if model.network_spec.output == "crf" else run.y


def _label_plainly(model: Model, encoded: Encoded, prediction: Prediction) -> None:
    """Label sentence by sentence in plain NumPy."""
    for number, (start, end) in enumerate(pairwise(encoded.starts)):
        if start < end:
            tags, y = decide(model, trace(model, encoded, number))
            prediction.tags[start:end] = tags
            prediction.probabilities[start:end] = y[np.arange(len(tags)), tags]


def hidden_layers(model: Model, encoded: Encoded) -> Iterator[tuple[Longs, list[Array], Array]]:
    """Run the network over sentences and give, batch by batch, its hidden layers and its output.

    For n tokens: their positions in ``encoded`` (n,), each layer's h (n, R·H), and (n, K) the output, which is
    ŷ where it is fed back. A handful of sentences is done in NumPy, more with the kernels.
    """
    if len(encoded.words) <= SHORT_TEXT_TOKENS:
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start < end:
                run = trace(model, encoded, number)
                yield np.arange(start, end), run.h, run.y
        return
    from rnncli.network.forward import forward

    transposed = model.parameters.transposed()
    for sentences in by_length(encoded, BATCH_TOKENS):
        packed = pack(encoded.starts, sentences)
        batch = encoded.batch(packed)
        activations = forward(model.network_spec, model.parameters, batch, transposed=transposed)
        yield packed.positions, [layer.h for layer in activations.layers], activations.o


def nbest(model: Model, encoded: Encoded, sentence: int, count: int) -> list[tuple[list[int], float]]:
    """The ``count`` likeliest sequences of tags of one sentence, best first, each with its probability.

    Fewer where there are fewer. With softmax outputs the probability is the product of those of its tags.
    """
    run = trace(model, encoded, sentence)
    own = decoding.learned(model.network_spec, model.parameters)
    is_crf = model.network_spec.output == "crf"
    o = run.o if is_crf else decoding.log(run.y)
    total = crf.log_partition(o, *own) if is_crf else 0.0
    paths = crf.nbest(o, *(model.chain() or own), count)
    # After the last allowed sequence come those with a forbidden move; the first is given whatever it is.
    allowed = [path for n, path in enumerate(paths) if n == 0 or path[1] > paths[0][1] + decoding.FORBIDDEN / 2]
    return [(tags.tolist(), math.exp(crf.path_score(tags, o, *own) - total)) for tags, _ in allowed]
