"""Labelling: encoded sentences in, tags and their probabilities out, by plain NumPy or by the kernels.

The kernels are the quicker way, but they have to be loaded. Until NumPy would have taken as long as that, it is
NumPy that labels, so that a sentence is labelled before Numba is loaded; from then on the kernels label everything.
They take sentences in batches of like length, each in one of some threads. The only queue between reading and
writing is in :meth:`Labeller.stream`.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch, Encoded, Longs, Packed, by_length, pack
from rnncli.data.tags import Rule
from rnncli.errors import RnncliError
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
BLOCK_NUMBERS = 1 << 23  # of the widest array of a batch, or of a block of a long sentence: 32 MB

# Seconds of NumPy that are worth loading the kernels, which takes 0.45 s from their cache, and compiling them.
LOADING, COMPILING = 0.45, 10.0

T = TypeVar("T")


class Prediction(NamedTuple):
    """For every token of :class:`Encoded` the number of the tag it is given, and the probability of that tag."""

    tags: NDArray[np.int32]  # (N,)
    probabilities: NDArray[np.float32]  # (N,); NaN where they were not asked for


def predict(model: Model, encoded: Encoded, threads: int = 1, with_probabilities: bool = True) -> Prediction:
    """Label sentences with a model as it is now."""
    return next(Labeller(model).stream([(None, encoded)], threads, with_probabilities=with_probabilities))[2]


def _plain_seconds(model: Model, encoded: Encoded, chain: Chain | None, marginals: bool) -> float:
    """About how long plain NumPy takes, with or without the marginals of a CRF.

    Fitted by hand to the processor's time of networks of all cells, with 16 to 512 units in one to three layers,
    and of 10 to 1,600 tags: within a factor of 1.5. See benchmarks/latency.json.
    """
    spec = model.network_spec
    tags = len(model.tags)
    moves = tags if chain is None or isinstance(chain.transitions, Rule) else tags**2
    weights = sum(row.size for row in model.parameters.rows if row.is_weight)
    token = 5e-6 + 4e-6 * spec.gates * spec.layers * spec.architecture.directions + 4e-11 * weights
    if spec.architecture.keeps_output:
        token += 7e-6
    if chain is not None:
        token += 5e-6 + 2e-9 * moves
    if marginals:
        # Arrays of moves in float64 that no longer fit into the cache take four times as long.
        token += 12e-6 + (3e-9 if moves < 1 << 17 else 13e-9) * moves
    return 60e-6 * len(encoded.lengths) + token * len(encoded.words)


# Of each kind of network, those that need the same kernels: whether this process has loaded them, and if not, how
# many seconds NumPy has taken there.
_Kind = tuple[str, str, str]
_loaded: set[_Kind] = set()
_spent: defaultdict[_Kind, float] = defaultdict(float)


def _kind(spec: NetworkSpec) -> _Kind:
    return spec.arch, spec.cell, spec.output


def use_kernels(spec: NetworkSpec) -> None:
    """Label networks of this kind by the kernels from now on, in this process: training has loaded them."""
    _loaded.add(_kind(spec))


def _are_for_kernels(model: Model, encoded: Encoded, chain: Chain | None, marginals: bool) -> bool:
    """Whether to label sentences by the kernels, which are then loaded.

    They are loaded when NumPy has taken, and would take, as long as that in all, whatever comes later: so the time
    spent is at most twice the least possible (Karlin et al. 1988, "Competitive snoopy caching").
    """
    kind = _kind(model.network_spec)
    if kind not in _loaded:
        seconds = _spent[kind] + _plain_seconds(model, encoded, chain, marginals)
        if not _is_worth_loading(seconds):
            _spent[kind] = seconds
            return False
        _loaded.add(kind)
    return True


def _is_worth_loading(seconds: float) -> bool:
    if seconds < LOADING:
        return False
    from rnncli.kernels.cache import is_empty  # here, because it loads Numba

    return seconds > COMPILING or not is_empty()


class _Weights(NamedTuple):
    """What labelling needs of the weights of a model, as they are at a version of them."""

    parameters: Parameters
    version: int
    chain: Chain | None
    transposed: Parameters | None  # where the kernels label


class _Block(NamedTuple):
    """Sentences to label, and where the result goes."""

    encoded: Encoded
    before: int  # sentences before the first
    prediction: Prediction
    with_probabilities: bool
    weights: _Weights


class Labeller:
    """Labels sentences with a model; any number of threads may use it at once.

    It keeps the weights in the layout of the kernels. After training or :meth:`.Parameters.assign` it lays them out
    anew; whoever writes into an array of the model directly makes another labeller.
    """

    def __init__(self, model: Model, kernels: bool | None = None) -> None:
        """``kernels``: whether to label by the kernels or by NumPy; ``None``: by what is quicker."""
        self._model = model
        self._kernels = kernels
        self._kept: _Weights | None = None
        self._block_tokens = max(1, BLOCK_NUMBERS // max(model.network_spec.product, len(model.tags)))
        self._arenas: list[Arena] = []  # those that no thread works in

    def stream(
        self, blocks: Iterable[tuple[T, Encoded]], threads: int = 1, ahead: int = 0, with_probabilities: bool = True
    ) -> Iterator[tuple[T, Encoded, Prediction]]:
        """Label blocks of sentences in order; each comes with something of the caller's, which is given back.

        While the caller writes a block and reads the next, up to ``ahead`` of them are worked on by other threads.
        If a block cannot be read, or labelled, the error is raised when those before it have been given out. Scores
        of tags that are too large to compute with are a :class:`.ModelError` that names the sentence, from 1.
        """
        failures: list[RnncliError] = []
        waiting: deque[tuple[T, _Block, list[Callable[[], None]]]] = deque()
        before = 0
        with ThreadPoolExecutor(count_threads(threads)) as pool:  # starts no thread before there is work

            def finished() -> tuple[T, Encoded, Prediction]:
                item, block, parts = waiting.popleft()
                for finish in parts:
                    finish()
                return item, block.encoded, block.prediction

            try:
                for item, encoded in _until_failure(blocks, failures):
                    waiting.append((item, *self._start(encoded, before, with_probabilities, pool)))
                    before += len(encoded.lengths)
                    if len(waiting) > ahead:
                        yield finished()
                while waiting:
                    yield finished()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        for failure in failures:
            raise failure

    def _start(
        self, encoded: Encoded, before: int, with_probabilities: bool, pool: ThreadPoolExecutor
    ) -> tuple[_Block, list[Callable[[], None]]]:
        """Begin to label a block; its prediction is whole after all these calls."""
        count = len(encoded.words)
        prediction = Prediction(np.empty(count, np.int32), np.full(count, np.nan, np.float32))
        weights = self._weights()
        by_kernels = self._kernels
        if by_kernels is None:
            marginals = with_probabilities and self._model.network_spec.output == "crf"
            by_kernels = _are_for_kernels(self._model, encoded, weights.chain, marginals)
        if not by_kernels:
            block = _Block(encoded, before, prediction, with_probabilities, weights)
            return block, [partial(_label_plainly, self._model, block)]
        if weights.transposed is None:
            weights = self._kept = weights._replace(transposed=weights.parameters.transposed())
        block = _Block(encoded, before, prediction, with_probabilities, weights)
        batches = by_length(encoded, min(BATCH_TOKENS, self._block_tokens))
        if count <= BATCH_TOKENS:  # not worth another thread
            return block, [partial(self._label, block, batch) for batch in batches]
        return block, [pool.submit(self._label, block, batch).result for batch in batches]

    def _weights(self) -> _Weights:
        """The weights as they are; one object, so that no thread sees a part of an older one."""
        kept, parameters = self._kept, self._model.parameters
        if kept is None or kept.parameters is not parameters or kept.version != parameters.version:
            check_weights(parameters)
            chain = self._model.chain()
            kept = self._kept = _Weights(parameters, parameters.version, chain, None)
        return kept

    def _label(self, block: _Block, sentences: Longs) -> None:
        """Label a batch of sentences with the kernels, in one thread."""
        from rnncli.network import long, output  # here, because it loads Numba
        from rnncli.network.arena import Arena

        encoded, weights = block.encoded, block.weights
        assert weights.transposed is not None
        packed = pack(encoded.starts, sentences)
        try:
            arena = self._arenas.pop()
        except IndexError:  # all are in use
            arena = Arena()
        arena.clear()
        batch = encoded.batch(packed)
        label = output.label
        if batch.sentences == 1 and batch.tokens > 2 * self._block_tokens:  # takes half as long again
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
        except TooLargeError as fault:
            raise _named(fault, encoded, packed, block.before) from None
        block.prediction.tags[packed.positions] = tags
        block.prediction.probabilities[packed.positions] = probabilities
        self._arenas.append(arena)


def _named(fault: TooLargeError, encoded: Encoded, packed: Packed, before: int = 0) -> TooLargeError:
    """The fault of a packed batch with the number of its sentence."""
    sentence = np.searchsorted(encoded.starts, packed.positions[fault.row], side="right")
    return fault.at(f"sentence {before + int(sentence)}")


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
    """Run the network over one of the sentences and keep its hidden layers; plain NumPy.

    What cannot be computed with is a :class:`.ModelError` that names the sentence.
    """
    check_weights(model.parameters)
    with np.errstate(all="ignore"):  # what matters is seen in the result
        run = forward(model.network_spec, model.parameters, single(encoded, sentence))
    try:
        check_run(model.network_spec, model.parameters, run.h, run.o)
    except TooLargeError as fault:
        raise fault.at(f"sentence {sentence + 1}") from None
    return run


def decide(model: Model, run: Trace) -> tuple[NDArray[np.int32], Array]:
    """The tags of a trace, (T,), and the probabilities that the network gives all tags, (T, K); plain NumPy.

    The probabilities are the marginals of a CRF, else ŷ. S sentences side by side: (T, S) and (T, S, K).
    """
    return _tags(run, model.chain()), _probabilities(model, run)


def _tags(run: Trace, chain: Chain | None) -> NDArray[np.int32]:
    return run.o.argmax(axis=-1).astype(np.int32) if chain is None else crf.viterbi(run.o, *chain)


def _probabilities(model: Model, run: Trace) -> Array:
    if model.network_spec.output != "crf":
        return run.y
    y = crf.marginals(run.o, *decoding.learned(model.network_spec, model.parameters))
    check(y)
    return y


def _label_plainly(model: Model, block: _Block) -> None:
    """Label sentence by sentence in plain NumPy."""
    encoded = block.encoded
    with one_thread():
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start == end:
                continue
            try:
                run = trace(model, encoded, number)
                tags = block.prediction.tags[start:end] = _tags(run, block.weights.chain)
                if block.with_probabilities:
                    y = _probabilities(model, run)
                    block.prediction.probabilities[start:end] = y[np.arange(len(tags)), tags]
            except TooLargeError as fault:
                raise fault.at(f"sentence {block.before + number + 1}") from None


def hidden_layers(model: Model, encoded: Encoded) -> Iterator[tuple[Longs, list[Array], Array]]:
    """Run the network over sentences and give, batch by batch, its hidden layers and its output.

    For n tokens: their positions in ``encoded`` (n,), each layer's h (n, R·H), and (n, K) the output, which is
    ŷ where it is fed back. By NumPy or by the kernels, as labelling is.
    """
    if not _are_for_kernels(model, encoded, None, marginals=False):
        for number, (start, end) in enumerate(pairwise(encoded.starts.tolist())):
            if start < end:
                run = trace(model, encoded, number)
                yield np.arange(start, end), run.h, run.y
        return
    from rnncli.network.forward import forward

    check_weights(model.parameters)
    transposed = model.parameters.transposed()
    for sentences in by_length(encoded, BATCH_TOKENS):
        packed = pack(encoded.starts, sentences)
        batch = encoded.batch(packed)
        activations = forward(model.network_spec, model.parameters, batch, transposed=transposed)
        hidden = [layer.h for layer in activations.layers]
        try:
            check_run(model.network_spec, model.parameters, hidden, activations.o)
        except TooLargeError as fault:
            raise _named(fault, encoded, packed) from None
        yield packed.positions, hidden, activations.o


def nbest(model: Model, encoded: Encoded, sentence: int, count: int) -> list[tuple[list[int], float]]:
    """The ``count`` likeliest sequences of tags of one sentence, best first, each with its probability.

    Fewer where there are fewer. With softmax outputs the probability is the product of those of its tags.
    """
    with one_thread():
        run = trace(model, encoded, sentence)
    own = decoding.learned(model.network_spec, model.parameters)
    is_crf = model.network_spec.output == "crf"
    # Only differences count; without the largest, sums of large scores lose no digits.
    o = run.o - run.o.max(axis=1, keepdims=True).astype(np.float64) if is_crf else decoding.log(run.y)
    total = crf.log_partition(o, *own) if is_crf else 0.0
    paths = crf.nbest(o, *(model.chain() or own), count)
    # After the last allowed sequence come those with a forbidden move; the first is given whatever it is.
    allowed = [path for n, path in enumerate(paths) if n == 0 or path[1] > paths[0][1] + decoding.FORBIDDEN / 2]
    return [(tags.tolist(), math.exp(crf.path_score(tags, o, *own) - total)) for tags, _ in allowed]
