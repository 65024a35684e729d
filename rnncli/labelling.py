"""Labelling: encoded sentences in, tags and their probabilities out.

There are two ways. NumPy labels one sentence after another (:mod:`rnncli.plain`). The kernels label batches of
sentences of similar length in several threads (:mod:`rnncli.network`). :mod:`rnncli.kernel_choice` chooses between
them. Blocks of sentences wait to be labelled in :meth:`Labeller.stream`, and nowhere else.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncli import memory
from rnncli.data.batch import Batch, Encoded, Longs, Packed, by_length, pack
from rnncli.data.tags import FORBIDDEN
from rnncli.errors import RnncliError
from rnncli.kernel_choice import Choice, kernels_are_faster, sentences_are_many
from rnncli.model import Model
from rnncli.parameters import Parameters
from rnncli.plain import Array, crf, decoding
from rnncli.plain.blas import one_thread
from rnncli.plain.decoding import Chain
from rnncli.plain.forward import Trace, forward
from rnncli.plain.limits import TooLargeError, check, check_run, check_weights
from rnncli.threads import count_threads

if TYPE_CHECKING:
    from rnncli.network.arena import Arena

BATCH_TOKENS = 2_048
BLOCK_NUMBERS = 1 << 23  # in the largest array of a batch, or of a block of a long sentence: 32 MB

T = TypeVar("T")


class Prediction(NamedTuple):
    """The number of the tag of every token of an :class:`Encoded`, and the probability of that tag."""

    tags: NDArray[np.int32]  # (N,)
    probabilities: NDArray[np.float32]  # (N,); NaN if they are not computed


def _nothing(done: float) -> None:
    """Report to nobody."""


def predict(
    model: Model,
    encoded: Encoded,
    threads: int = 1,
    with_probabilities: bool = True,
    advance: Callable[[float], None] = _nothing,
) -> Prediction:
    """Label sentences with the weights that a model has now. The result depends on model and sentences alone.

    advance  called with the share that is labelled
    """
    labeller = Labeller(model, sentences_are_many)
    results = labeller.stream([(None, encoded)], count_threads(threads), 0, with_probabilities, advance)
    _, _, prediction = next(results)
    return prediction


class _Weights(NamedTuple):
    """The weights of a model at one version of them, and what labelling computes from them."""

    parameters: Parameters
    version: int
    chain: Chain | None
    transposed: dict[str, Array] | None  # for the kernels; None until they are first used


class _Block(NamedTuple):
    """Sentences to label, and the arrays for their tags and probabilities."""

    encoded: Encoded
    sentences_before: int  # in earlier blocks of the stream
    prediction: Prediction
    with_probabilities: bool
    weights: _Weights


class Labeller:
    """Labels sentences with a model; any number of threads may use it at once.

    It keeps the weights in the layout of the kernels, and makes that layout again after training or
    :meth:`.Parameters.assign`. After writing into an array of the model directly, make a new labeller.
    """

    def __init__(self, model: Model, kernels: bool | Choice | None = None) -> None:
        """``kernels``: true for the kernels, false for NumPy, or what chooses; ``None`` chooses the faster."""
        self._model = model
        self._kernels = kernels_are_faster if kernels is None else kernels
        self._cached_weights: _Weights | None = None
        self._block_tokens = max(1, BLOCK_NUMBERS // max(model.network_spec.product, len(model.tags)))
        self._free_arenas: list[Arena] = []  # those that no thread uses

    def stream(
        self,
        blocks: Iterable[tuple[T, Encoded]],
        threads: int = 1,
        ahead: int = 0,
        with_probabilities: bool = True,
        advance: Callable[[float], None] = _nothing,
    ) -> Iterator[tuple[T, Encoded, Prediction]]:
        """Label blocks of sentences in order. Each block comes with an item of the caller's, which is returned.

        While the caller writes the result of a block, other threads label up to ``ahead`` blocks after it. If a
        block cannot be read or labelled, the results of all blocks before it are yielded first, then the error is
        raised. Scores of tags that are too large to compute with are a :class:`.ModelError` that names the
        sentence, counted from 1.

        advance  called with the share of a block that is labelled
        threads  at least 1, as :func:`.count_threads` returns it: to count CPUs again takes a sixteenth of the time
                 of a short sentence
        """
        failures: list[RnncliError] = []
        waiting: deque[tuple[T, _Block, list[Callable[[], None]]]] = deque()
        sentences_before = 0
        with ThreadPoolExecutor(threads) as pool:  # starts no thread before there is work

            def next_result() -> tuple[T, Encoded, Prediction]:
                item, block, finish_batches = waiting.popleft()
                for number, finish in enumerate(finish_batches, 1):
                    finish()
                    advance(number / len(finish_batches))
                return item, block.encoded, block.prediction

            try:
                for item, encoded in until_error(blocks, failures):
                    block, finish_batches = self._start(encoded, sentences_before, with_probabilities, pool)
                    waiting.append((item, block, finish_batches))
                    sentences_before += len(encoded.lengths)
                    if len(waiting) > ahead:
                        yield next_result()
                while waiting:
                    yield next_result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        for failure in failures:
            raise failure

    def _start(
        self, encoded: Encoded, sentences_before: int, with_probabilities: bool, pool: ThreadPoolExecutor
    ) -> tuple[_Block, list[Callable[[], None]]]:
        """Start to label a block.

        Returns the block and one function for each batch, which labels the batch or waits for the thread that does.
        """
        tokens = len(encoded.words)
        prediction = Prediction(np.empty(tokens, np.int32), np.full(tokens, np.nan, np.float32))
        weights = self._weights()
        kernels = self._kernels
        if not isinstance(kernels, bool):
            marginals = with_probabilities and self._model.network_spec.decoder == "crf"
            kernels = kernels(self._model, encoded, weights.chain, marginals)
        if kernels and weights.transposed is None:
            weights = weights._replace(transposed=weights.parameters.transposed_weights())
            self._cached_weights = weights
        block = _Block(encoded, sentences_before, prediction, with_probabilities, weights)
        if not kernels:
            return block, [partial(_label_by_numpy, self._model, block)]
        batches = by_length(encoded, min(BATCH_TOKENS, self._block_tokens))
        if tokens <= BATCH_TOKENS:  # not worth another thread
            return block, [partial(self._label_by_kernels, block, batch) for batch in batches]
        return block, [pool.submit(self._label_by_kernels, block, batch).result for batch in batches]

    def _weights(self) -> _Weights:
        """The weights that the model has now. They are one object, so that a thread never sees parts of two."""
        weights = self._cached_weights
        parameters = self._model.parameters
        if weights is None or weights.parameters is not parameters or weights.version != parameters.version:
            check_weights(parameters)
            weights = _Weights(parameters, parameters.version, self._model.chain(), None)
            self._cached_weights = weights
        return weights

    def _label_by_kernels(self, block: _Block, sentences: Longs) -> None:
        """Label a batch of sentences in one thread."""
        from rnncli.network import long, output  # here, because it loads Numba
        from rnncli.network.arena import Arena

        encoded = block.encoded
        weights = block.weights
        assert weights.transposed is not None
        packed = pack(encoded.starts, sentences)
        try:
            arena = self._free_arenas.pop()
        except IndexError:  # all are in use
            arena = Arena()
        arena.clear()
        batch = encoded.batch(packed)
        label = output.label
        if batch.sentences == 1 and batch.tokens > 2 * self._block_tokens:  # less memory, but half as long again
            label = partial(long.label, self._block_tokens)
        try:
            tags, probabilities = label(
                self._model.network_spec,
                weights.parameters,
                batch,
                weights.transposed,
                weights.chain,
                block.with_probabilities,
                arena,
            )
        except TooLargeError as error:
            raise _with_sentence(error, encoded, packed, block.sentences_before) from None
        block.prediction.tags[packed.positions] = tags
        block.prediction.probabilities[packed.positions] = probabilities
        self._free_arenas.append(arena)


def _with_sentence(
    error: TooLargeError, encoded: Encoded, packed: Packed, sentences_before: int = 0
) -> TooLargeError:
    """The error of a packed batch with the number of its sentence."""
    sentence = np.searchsorted(encoded.starts, packed.positions[error.row], side="right")
    return error.at(f"sentence {sentences_before + int(sentence)}")


def until_error(blocks: Iterable[T], failures: list[RnncliError]) -> Iterator[T]:
    """Yield blocks until there are no more or one cannot be read; the error is added to ``failures``."""
    try:
        yield from blocks
    except RnncliError as error:
        failures.append(error)


def single(encoded: Encoded, sentence: int) -> Batch:
    """One sentence as a batch of its own."""
    return encoded.batch(pack(encoded.starts, np.array([sentence])))


def trace(model: Model, encoded: Encoded, sentence: int = 0) -> Trace:
    """Run the network over one of the sentences in NumPy and keep its hidden layers.

    Results that are too large to compute with are a :class:`.ModelError` that names the sentence.
    """
    check_weights(model.parameters)
    with np.errstate(all="ignore"):  # the result is checked below
        run = forward(model.network_spec, model.parameters, single(encoded, sentence))
    try:
        check_run(model.network_spec, model.parameters, run.h, run.o)
    except TooLargeError as error:
        raise error.at(f"sentence {sentence + 1}") from None
    return run


def decide(model: Model, run: Trace) -> tuple[NDArray[np.int32], Array]:
    """The tags of a trace, (T,), and the probabilities of all tags, (T, K); in NumPy.

    The probabilities are the marginals of a CRF, else ŷ. For S sentences at once: (T, S) and (T, S, K).
    """
    return _tags(run, model.chain()), _probabilities(model, run)


def _tags(run: Trace, chain: Chain | None) -> NDArray[np.int32]:
    return run.o.argmax(axis=-1).astype(np.int32) if chain is None else crf.viterbi(run.o, *chain)


def _probabilities(model: Model, run: Trace) -> Array:
    if model.network_spec.decoder != "crf":
        return run.y
    y = crf.marginals(run.o, *decoding.learned(model.network_spec, model.parameters))
    check(y)
    return y


def _label_by_numpy(model: Model, block: _Block) -> None:
    """Label one sentence after another."""
    encoded = block.encoded
    with one_thread():
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start == end:
                continue
            try:
                run = trace(model, encoded, number)
                tags = _tags(run, block.weights.chain)
                block.prediction.tags[start:end] = tags
                if block.with_probabilities:
                    y = _probabilities(model, run)
                    block.prediction.probabilities[start:end] = y[np.arange(len(tags)), tags]
            except TooLargeError as error:
                raise error.at(f"sentence {block.sentences_before + number + 1}") from None


def hidden_layers(model: Model, encoded: Encoded) -> Iterator[tuple[Longs, list[Array], Array]]:
    """Run the network over sentences and yield, batch by batch, its hidden layers and its output.

    For a batch of n tokens: their positions in ``encoded`` (n,), h of each layer (n, R·H), and the output (n, K).
    NumPy gives ŷ as the output; the kernels give the scores o, except where the output is fed back.
    """
    if not sentences_are_many(model, encoded, None, False):
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start < end:
                run = trace(model, encoded, number)
                yield np.arange(start, end), run.h, run.y
        return
    from rnncli.network.forward import forward

    check_weights(model.parameters)
    transposed = model.parameters.transposed_weights()
    for sentences in by_length(encoded, BATCH_TOKENS):
        packed = pack(encoded.starts, sentences)
        batch = encoded.batch(packed)
        activations = forward(model.network_spec, model.parameters, batch, transposed=transposed)
        hidden = [layer.h for layer in activations.layers]
        try:
            check_run(model.network_spec, model.parameters, hidden, activations.o)
        except TooLargeError as error:
            raise _with_sentence(error, encoded, packed) from None
        yield packed.positions, hidden, activations.o


def gold_loss(model: Model, encoded: Encoded) -> float:
    """The mean over all tokens of −log of the probability of the gold tags, in NumPy; 0 if there is no token.

    A token whose gold tag the model does not know may have any tag, so it adds nothing.
    """
    learned = decoding.learned(model.network_spec, model.parameters)
    total = 0.0
    with one_thread():
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start == end:
                continue
            run = trace(model, encoded, number)
            gold = encoded.tags[start:end]
            is_known = gold >= 0
            if model.network_spec.decoder == "softmax":
                total -= float(decoding.log(run.y)[is_known, gold[is_known]].sum(dtype=np.float64))
                continue
            is_gold = ~is_known[:, None] | (gold[:, None] == np.arange(run.o.shape[1]))
            total += crf.log_partition(run.o, *learned)
            total -= crf.log_partition(np.where(is_gold, run.o, -np.inf), *learned)
    return total / max(1, len(encoded.words))


def nbest(model: Model, encoded: Encoded, sentence: int, count: int) -> list[tuple[list[int], float]]:
    """The ``count`` most probable sequences of tags of one sentence, best first, with their probabilities.

    If there are fewer sequences, all of them. With softmax outputs the probability of a sequence is the product of
    the probabilities of its tags.
    """
    tokens = int(encoded.lengths[sentence])
    # After the first few tokens, for each token, path and tag, the number of the path before it.
    numbers = count * len(model.tags) * max(0, tokens - 12) if len(model.tags) > 1 else 0
    memory.check(
        8 * numbers,
        f"the {count:,} best labellings of a sentence of {tokens:,} tokens",
        "lower --nbest, or give shorter sentences",
    )
    with one_thread():
        run = trace(model, encoded, sentence)
    learned = decoding.learned(model.network_spec, model.parameters)
    is_crf = model.network_spec.decoder == "crf"
    # Only differences between scores matter. Without the largest one, sums of large scores lose no digits.
    o = run.o - run.o.max(axis=1, keepdims=True).astype(np.float64) if is_crf else decoding.log(run.y)
    log_partition = crf.log_partition(o, *learned) if is_crf else 0.0
    paths = crf.nbest(o, *(model.chain() or learned), count)
    # Sequences with a forbidden move come after all allowed ones and are left out, except that the first stays.
    allowed = [tags for rank, (tags, score) in enumerate(paths) if rank == 0 or score > paths[0][1] + FORBIDDEN / 2]
    return [(tags.tolist(), math.exp(crf.path_score(tags, o, *learned) - log_partition)) for tags in allowed]
