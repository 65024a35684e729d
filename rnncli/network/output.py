"""The output layer: from scores of tags to a loss with its gradient, and to tags with their probabilities."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.data.tags import Rule
from rnncli.kernels import crf, output, viterbi
from rnncli.network.arena import Arena
from rnncli.network.forward import Activations, forward
from rnncli.parameters import Array, Parameters
from rnncli.plain.decoding import CRF, Chain, learned, log
from rnncli.plain.limits import check, check_run


def scores_of(spec: NetworkSpec, o: Array) -> Array:
    """The scores of the tags, (N, K), from the result o of the network; where that is ŷ, its logarithm."""
    return log(o) if spec.architecture.keeps_output else o


class Target(NamedTuple):
    """The tags that training is to give to each token: one, or several with a share each, as a teacher gives them.

    A row has the largest share first, and 0 for what is no tag.
    """

    tags: Array  # (N, S) int32
    shares: Array  # (N, S) of the type of the parameters; the sum of a row is 1

    @classmethod
    def of(cls, gold: Array, dtype: type[np.floating] = np.float32) -> "Target":
        """The gold tags, (N,) int32, with a share of 1."""
        return cls(gold[:, None], np.ones((len(gold), 1), dtype))

    def at(self, positions: Array) -> "Target":
        """The target of some tokens."""
        return Target(self.tags[positions], self.shares[positions])


class Weights(NamedTuple):
    """The weight of each tag in the loss, (K,); (0,) if all are 1."""

    of_tags: Array

    def of_sentences(self, target: Target, offsets: Array) -> Array:
        """The mean weight of the tags of each sentence of a packed batch, (B,), for the loss of a CRF."""
        count = int(offsets[1]) if len(offsets) > 1 else 0
        if not len(self.of_tags):
            return np.ones(count, self.of_tags.dtype)
        tokens = len(target.tags)
        rank = np.arange(tokens) - np.repeat(offsets[:-1], np.diff(offsets))
        total = np.bincount(rank, (target.shares * self.of_tags[target.tags]).sum(axis=1), minlength=count)
        return (total / np.bincount(rank, minlength=count)).astype(self.of_tags.dtype)


class Objective(NamedTuple):
    """What training minimises."""

    scale: float  # of the loss, usually 1 / N
    weights: Weights
    omega: float = 0.0  # weight of Pascanu's regulariser; see :mod:`.regulariser`


class Loss(NamedTuple):
    """A summed loss with its gradient."""

    total: float
    do: Array  # (N, K) with respect to o


def loss(
    spec: NetworkSpec,
    parameters: Parameters,
    run: Activations,
    target: Target,
    objective: Objective,
    gradient: Mapping[str, Array],
) -> Loss:
    """Compute the loss of a packed batch, and the gradient of ``objective.scale`` times it.

    target    q, the tags of the tokens with their shares
    gradient  by the names of the parameters; that of the scores of moves of a CRF is added to it

    softmax  Σ −Σ q log ŷ over tokens
    crf      Σ −Σ q(y) log P(y) over sentences, all labellings y, and q(y) = Π q(t)[y(t)]
    """
    queue = run.arena.queue
    do = run.arena.like(run.o)
    scale = do.dtype.type(objective.scale)
    weights = objective.weights
    if spec.decoder == "softmax":
        if not spec.architecture.keeps_output:
            output.softmax(queue, run.o)
        costs = run.arena.empty(len(do), np.float64)
        output.cross_entropy(queue, run.o, *target, weights.of_tags, scale, do, costs)
        return Loss(float(costs.sum()), do)
    total = crf.loss(
        queue,
        scores_of(spec, run.o),
        *target,
        *learned(spec, parameters),
        run.offsets,
        weights.of_sentences(target, run.offsets),
        scale,
        do,
        *(gradient[name] for name in CRF),
    )
    return Loss(total, do)


def label(
    spec: NetworkSpec,
    parameters: Parameters,
    batch: Batch,
    transposed: Mapping[str, Array],
    chain: Chain | None,
    with_probabilities: bool = True,
    arena: Arena | None = None,
) -> tuple[Array, Array]:
    """Find the tags of a packed batch, (N,) int32, and the probability of each, (N,); NaN where not asked for.

    The probability is the softmax of the chosen tag, or its marginal under the CRF. Raises :class:`.TooLargeError`,
    with the row of the packed batch, if a number is not finite or too large.

    chain  scores of moves; ``None``: each tag is chosen by itself
    """
    arena = arena or Arena()
    run = forward(spec, parameters, batch, transposed=transposed, arena=arena, backwards=False)
    check_run(spec, parameters, [layer.h for layer in run.layers], run.o)
    o = run.o
    tags = np.empty(len(o), np.int32)
    probabilities = np.full(len(o), np.nan, o.dtype)
    if chain is None:
        if spec.architecture.keeps_output:
            return o.argmax(axis=1).astype(np.int32), o.max(axis=1)
        output.likeliest(o, tags, probabilities)
        return tags, probabilities
    o = scores_of(spec, o)
    viterbi.viterbi(o, *_moves(chain, batch), batch.offsets, tags)
    if with_probabilities:
        probabilities = _distributions(spec, parameters, batch, o, arena)[np.arange(len(o)), tags]
        check(probabilities)
    return tags, probabilities


def distributions(
    spec: NetworkSpec, parameters: Parameters, batch: Batch, transposed: Mapping[str, Array], arena: Arena
) -> Array:
    """The probability of every tag of a packed batch, (N, K): the softmax, or the marginals of the CRF.

    Raises :class:`.TooLargeError` as :func:`label` does.
    """
    run = forward(spec, parameters, batch, transposed=transposed, arena=arena, backwards=False)
    check_run(spec, parameters, [layer.h for layer in run.layers], run.o)
    y = _distributions(spec, parameters, batch, scores_of(spec, run.o), arena)
    check(y)
    return y


def certainty(
    spec: NetworkSpec,
    parameters: Parameters,
    batch: Batch,
    transposed: Mapping[str, Array],
    chain: Chain | None,
    arena: Arena,
) -> tuple[Array, Array]:
    """How certain the network is of a packed batch: two arrays of float64.

    (B,)  log of the probability of the best tags of each sentence, longest first
    (N,)  entropy of the tags of each token, in nats

    Raises :class:`.TooLargeError` as :func:`label` does.
    """
    run = forward(spec, parameters, batch, transposed=transposed, arena=arena, backwards=False)
    check_run(spec, parameters, [layer.h for layer in run.layers], run.o)
    o = scores_of(spec, run.o)
    tags = o.argmax(axis=1).astype(np.int32)
    if chain is not None:
        viterbi.viterbi(o, *_moves(chain, batch), batch.offsets, tags)
    rank = np.arange(len(o)) - np.repeat(batch.offsets[:-1], np.diff(batch.offsets))
    scores = o[np.arange(len(o)), tags].astype(np.float64)
    log_z = np.empty(batch.sentences, o.dtype)
    if spec.decoder == "crf":
        moves = _moves(learned(spec, parameters), batch)
        y = np.empty_like(o)
        crf.marginals(arena.queue, o, *moves, batch.offsets, y, log_z)
        scores += _moved(tags, rank, batch, moves)
        paths = np.bincount(rank, scores, batch.sentences) - log_z
    else:
        output.softmax(arena.queue, o)
        y = o
        paths = np.bincount(rank, log(y[np.arange(len(y)), tags]), batch.sentences)
    check(y)
    y = y.astype(np.float64)
    return np.minimum(paths, 0), -(y * log(y)).sum(axis=1)


def _moved(tags: Array, rank: Array, batch: Batch, moves: Chain) -> Array:
    """The score of the move to each tag of a packed batch, (N,), and from the last of a sentence to its end."""
    offsets = batch.offsets
    last = np.zeros(batch.sentences, np.int64)
    np.maximum.at(last, rank, np.arange(len(tags)))
    scores = np.zeros(len(tags))
    scores[: batch.sentences] = moves.first[tags[: batch.sentences]]
    later = np.arange(batch.sentences, len(tags))
    if len(later):
        step = np.searchsorted(offsets, later, side="right") - 1
        before = offsets[step - 1] + rank[later]
        scores[later] = moves.transitions[tags[before], tags[later]]
    scores[last] += moves.last[tags[last]]
    return scores


def _distributions(spec: NetworkSpec, parameters: Parameters, batch: Batch, o: Array, arena: Arena) -> Array:
    """The same for given scores, whose array may be used for the result."""
    if spec.decoder == "crf":
        y = np.empty_like(o)
        moves = _moves(learned(spec, parameters), batch)
        crf.marginals(arena.queue, o, *moves, batch.offsets, y, np.empty(batch.sentences, o.dtype))
        return y
    output.softmax(arena.queue, o)
    return o


def _moves(chain: Chain, batch: Batch) -> Chain:
    """The chain; without its (K, K) scores if all sentences have one token, because to prepare them takes long."""
    if len(batch.offsets) > 2 or isinstance(chain.transitions, Rule):
        return chain
    return chain._replace(transitions=chain.transitions[:1, :1].copy())
