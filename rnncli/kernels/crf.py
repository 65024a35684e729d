"""The output layer of a linear-chain conditional random field: its loss, gradients and posterior probabilities.

    score(y) = first[y(1)] + Σ o(t)[y(t)] + Σ A[y(t−1), y(t)] + last[y(T)]
    P(y) = exp(score(y)) / Z,    loss = log Z − score(gold)

Forward and backward run in probabilities, scaled at each step, so that their K × K work is matrix products:

    E = exp(A − max A)                       e(t) = exp(o(t) − max o(t)) / s(t), s(t) such that Σ α̂(t) = 1
    α̂(t) = α̂(t−1) E ∘ e(t)                   α̂(1) = exp(first − max first) ∘ e(1)
    β(t) = E g(t+1)                          g(t) = e(t) ∘ β(t), β(T) ~ exp(last), Σ α̂(t) ∘ β(t) = 1
    P(y(t)) = α̂(t) ∘ β(t)                    P(y(t−1), y(t)) = α̂(t−1) E g(t), element by element

What is lost are terms too small for the type, ε: they weigh at most about ε exp(2R) beside all others, with R
the range of A, first or last (the smallest sum of a step is exp(−R), and so is the smallest ratio of two β).
That is nothing in float32 up to R = 32, nor in float64 up to R = 340, whatever the scores o are. Beyond the
former, float32 is computed in float64, for twice the time. A move counts as exp(−600) at least, so no sum is 0
whatever is forbidden; only differences of about 600 in o could still make a forbidden move look likely.

Source: Lafferty, McCallum and Pereira 2001, "Conditional random fields"; over a recurrent network: Huang, Xu
and Yu 2015, "Bidirectional LSTM-CRF models", and Lample et al. 2016, "Neural architectures for named entity
recognition"; scaling: Rabiner 1989, "A tutorial on hidden Markov models", V.A. Batches are packed as in
:mod:`rnncli.kernels.packed`; the best path is in :mod:`rnncli.kernels.viterbi`.
"""

import math

import numpy as np

from rnncli.kernels.activation import exp
from rnncli.kernels.compile import inner, jit
from rnncli.kernels.matmul import add_nn, add_product, add_row, project
from rnncli.kernels.output import _largest
from rnncli.kernels.packed import TOGETHER, step
from rnncli.kernels.parallel import parallel, share_of_sentences

RANGE = 32.0  # of scores of moves that float32 can bear
LEAST = -600.0  # score of a move beside the likeliest


@jit
def _odds(a):
    """Return exp(a − max a) and max a; a (M, K)."""
    top = a[0, 0]
    least = a.dtype.type(LEAST)
    out = np.empty_like(a)
    for i in range(len(a)):
        top = max(top, _largest(a[i]))
    for i in range(len(a)):
        for j in range(a.shape[1]):
            out[i, j] = exp(max(a[i, j] - top, least))
    return out, top


@inner
def _dot(a, b):
    """Return Σ a b, both (K,)."""
    total = a.dtype.type(0)
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@parallel
def _forward(part, parts, o, odds, top, start, start_top, stop, stop_top, offsets, e, alpha, log_z):
    """Fill α̂ from the first step to the last, and log Z.

    o                  (N, K)
    odds, start, stop  (K, K), (1, K), (1, K)  with a number each, as :func:`_odds` gives them for all moves
    e, alpha           (N, K)  OUT
    log_z              (B,)    float64, OUT
    """
    one = o.dtype.type(1)
    low, high = share_of_sentences(part, parts, offsets, TOGETHER)
    steps = len(offsets) - 1
    for t in range(steps):
        begin, end, source, rows = step(offsets, 0, t, low, high)
        going = offsets[t + 2] - offsets[t + 1] if t + 2 <= steps else 0
        for r in range(begin, end):
            for j in range(o.shape[1]):
                alpha[r, j] = start[0, j] if t == 0 else 0
        add_nn(alpha, source, 0, odds, alpha, begin, 0, rows)
        for r in range(begin, end):
            row, factors, scores = alpha[r], e[r], o[r]
            largest = _largest(scores)
            for j in range(len(row)):
                factors[j] = exp(scores[j] - largest)
            total = _dot(row, factors)
            scale = one / total
            for j in range(len(row)):
                factors[j] *= scale
                row[j] *= factors[j]
            b = r - offsets[t]
            before, move = (log_z[b], top) if t > 0 else (0.0, start_top)
            log_z[b] = before + move + largest + math.log(total)
            if b >= going:
                log_z[b] += stop_top + math.log(_dot(row, stop[0]))


@parallel
def _backward(part, parts, e, alpha, onward_odds, stop, offsets, weights, beta, g):
    """Fill the posterior probabilities, times the weights of their sentences, from the last step to the first.

    e            (N, K)  in: as :func:`_forward` left it; OUT: weight P(y(t)) = weight α̂ ∘ β
    alpha        (N, K)  in: as it left it too; OUT: times the weight
    onward_odds  (K, K)  Eᵀ
    stop         (1, K)  as :func:`_odds` gives it
    beta         (B, K)  scratch
    weights      (B,)    of the type of e
    g            (N, K)  OUT: g(t+1) in the row of the same sentence at step t; 0 where it ends
    """
    one = e.dtype.type(1)
    low, high = share_of_sentences(part, parts, offsets, TOGETHER)
    steps = len(offsets) - 1
    for k in range(steps):
        t = steps - 1 - k
        begin, end, _, going = step(offsets, 1, k, low, high)
        for r in range(begin, begin + going):
            for j in range(e.shape[1]):
                beta[r - offsets[t], j] = 0
        for r in range(begin + going, end):
            for j in range(e.shape[1]):
                beta[r - offsets[t], j] = stop[0, j]
                g[r, j] = 0
        add_nn(g, begin, 0, onward_odds, beta, low, 0, going)
        for r in range(begin, end):
            row, onward, factors = alpha[r], beta[r - offsets[t]], e[r]
            scale = one / _dot(row, onward)  # where the sentence goes on, 1 but for rounding
            for j in range(len(row)):
                onward[j] *= scale
            if t > 0:
                back = g[offsets[t - 1] + r - offsets[t]]
                for j in range(len(row)):
                    back[j] = factors[j] * onward[j]
            weight = weights[r - offsets[t]]
            for j in range(len(row)):
                row[j] *= weight
                factors[j] = row[j] * onward[j]


def _posterior(queue, o, transitions, first, last, offsets, weights, y, alpha, g, log_z):
    """Compute :func:`marginals`, times the weights of sentences (B,); alpha, g (N, K) OUT; return E.

    Not compiled itself: as one kernel, forward and backward would take twice as long to compile.
    """
    (odds, top), start, (stop, stop_top) = (_odds(np.atleast_2d(a)) for a in (transitions, first, last))
    _forward(queue, o, odds, top, *start, stop, stop_top, offsets, y, alpha, log_z)
    beta = np.empty((len(log_z), o.shape[1]), o.dtype)
    _backward(queue, y, alpha, np.ascontiguousarray(odds.T), stop, offsets, weights, beta, g)
    return odds


@jit
def _cost(o, gold, transitions, first, last, offsets, weights, scale, do, log_z, dtransitions, dfirst, dlast):
    """Return the loss, from the weighted posterior probabilities ``do``, which become gradients, and add up those
    that are not products: a row of ``do`` for each end, a number for each move.

    dtransitions  +=, of the gold moves alone; the other arguments are those of :func:`loss`
    """
    total = 0.0
    steps = len(offsets) - 1
    one = o.dtype.type(1)
    for t in range(steps):
        begin, end = offsets[t], offsets[t + 1]
        going = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            tag = gold[r]
            slope = do[r]
            factor = o.dtype.type(scale * weights[b])
            cost = -float(o[r, tag])
            slope[tag] -= factor
            if t == 0:
                cost += log_z[b] - first[tag]
                add_row(dfirst, one, slope)
            else:
                before = gold[offsets[t - 1] + b]
                cost -= transitions[before, tag]
                dtransitions[before, tag] -= factor
            if b >= going:
                cost -= last[tag]
                add_row(dlast, one, slope)
            total += weights[b] * cost
    return total


def _loss(queue, o, gold, transitions, first, last, offsets, weights, scale, do, dtransitions, dfirst, dlast):
    """Compute :func:`loss` in the type of the arguments."""
    alpha, g, log_z = np.empty_like(o), np.empty_like(o), np.empty(len(weights))
    moves = (transitions, first, last)
    slopes = (dtransitions, dfirst, dlast)
    odds = _posterior(queue, o, *moves, offsets, (scale * weights).astype(o.dtype), do, alpha, g, log_z)
    total = _cost(o, gold, *moves, offsets, weights, scale, do, log_z, *slopes)
    pairs = np.zeros_like(dtransitions)
    add_product(queue, alpha, g, 1, pairs)
    dtransitions += odds * pairs
    return total


def _needs_double(o, *moves):
    """Tell whether float32 would lose something; o (N, K), moves: transitions, first and last."""
    return o.dtype != np.float64 and not all(float(a.max()) - float(a.min()) <= RANGE for a in moves)


def marginals(queue, o, transitions, first, last, offsets, y, log_z):
    """Compute the posterior probability of each tag of each token, and log Z of each sentence.

    o            (N, K)    scores
    transitions  (K, K)    A[i, j]: the score of tag j after tag i
    first, last  (K,)      scores of a tag that begins and that ends a sentence
    offsets      (T + 1,)  int64, first row of each step
    y            (N, K)    OUT
    log_z        (B,)      OUT; sentences longest first
    """
    if _needs_double(o, transitions, first, last):
        o, transitions, first, last = (a.astype(np.float64) for a in (o, transitions, first, last))
    p = np.empty_like(o)
    total = np.empty(len(log_z))
    alike = np.ones(len(log_z), o.dtype)
    scratch = (np.empty_like(o), np.empty_like(o))
    _posterior(queue, o, transitions, first, last, offsets, alike, p, *scratch, total)
    y[:], log_z[:] = p, total


def loss(queue, o, gold, transitions, first, last, offsets, weights, scale, do, dtransitions, dfirst, dlast):
    """Return Σ weight (log Z − score(gold)) over sentences and the gradient of ``scale`` times it.

    o                          (N, K)    scores
    gold                       (N,)      int32, each at least 0
    transitions, dtransitions  (K, K)    A[i, j]: the score of tag j after tag i; dtransitions: +=
    first, last                (K,)      scores of a tag that begins and that ends a sentence
    offsets                    (T + 1,)  int64, first row of each step
    weights                    (B,)      of sentences, longest first; usually 1
    scale                      number
    do                         (N, K)    OUT: scale weight (P(y(t)) − 1[gold])
    dfirst, dlast              (K,)      +=
    """
    moves = (transitions, first, last)
    slopes = (dtransitions, dfirst, dlast)
    scale = float(scale)
    weights = weights.astype(np.float64)
    if not _needs_double(o, *moves):
        return _loss(queue, o, gold, *moves, offsets, weights, scale, do, *slopes)
    p = np.empty(o.shape)
    added = [np.zeros(a.shape) for a in slopes]
    o, transitions, first, last = (a.astype(np.float64) for a in (o, *moves))
    total = _loss(queue, o, gold, transitions, first, last, offsets, weights, scale, p, *added)
    do[:] = p
    for slope, more in zip(slopes, added, strict=True):
        slope += more
    return total


class Block:
    """The posterior probabilities of one sentence, block of tokens by block: those of :func:`marginals`.

    Between blocks goes a vector, in place of the scores that begin and end a sentence: α̂ E forward, E g backward.
    """

    def __init__(self, queue, dtype, transitions, first, last):
        """``dtype`` of the scores; the others are arguments of :func:`marginals`."""
        moves = [np.atleast_2d(a) for a in (transitions, first, last)]
        if _needs_double(np.empty(0, dtype), *moves):
            moves = [a.astype(np.float64) for a in moves]
        (self.odds, _), (self.start, _), (self.stop, _) = (_odds(a) for a in moves)
        self.onward_odds = np.ascontiguousarray(self.odds.T)
        self.queue = queue

    def _forward(self, o, start):
        e, alpha, offsets = np.empty_like(o), np.empty_like(o), np.arange(len(o) + 1)
        _forward(self.queue, o, self.odds, 0.0, start, 0.0, self.stop, 0.0, offsets, e, alpha, np.empty(1))
        return e, alpha

    def _times(self, row, odds):
        out = np.empty_like(self.start)
        project(self.queue, row.reshape(1, -1), odds, np.zeros(out.shape[1], out.dtype), out)
        return out

    def pass_on(self, o, start):
        """Return what the block after this one, o (N, K), starts with; ``start`` (1, K) is what this one does."""
        _, alpha = self._forward(o.astype(self.odds.dtype, copy=False), start)
        return self._times(alpha[-1], self.odds)

    def marginals(self, o, start, stop):
        """Return the probabilities of a block (N, K), and what the block before it stops with, as this one did."""
        e, alpha = self._forward(o.astype(self.odds.dtype, copy=False), start)
        factors, beta, g = e[0].copy(), np.empty_like(self.stop), np.empty_like(e)
        alike, offsets = np.ones(1, e.dtype), np.arange(len(o) + 1)
        _backward(self.queue, e, alpha, self.onward_odds, stop, offsets, alike, beta, g)
        return e.astype(o.dtype, copy=False), self._times(factors * beta[0], self.onward_odds)
