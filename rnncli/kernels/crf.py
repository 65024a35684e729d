"""The output layer of a linear-chain conditional random field: its loss, gradients and posterior probabilities.

    score(y) = first[y(1)] + Σ o(t)[y(t)] + Σ A[y(t−1), y(t)] + last[y(T)]
    P(y) = exp(score(y)) / Z,    loss = log Z − score(gold), or log Z − Σ q(y) score(y) for a target q

Forward and backward run in probabilities, scaled at each step, so that their K × K work is matrix products:

    E = exp(A − max A)                       e(t) = exp(o(t) − max o(t)) / s(t), s(t) such that Σ α̂(t) = 1
    α̂(t) = α̂(t−1) E ∘ e(t)                   α̂(1) = exp(first − max first) ∘ e(1)
    β(t) = E g(t+1)                          g(t) = e(t) ∘ β(t), β(T) ~ exp(last), Σ α̂(t) ∘ β(t) = 1
    P(y(t)) = α̂(t) ∘ β(t)                    P(y(t−1), y(t)) = α̂(t−1) E g(t), element by element

Precision: terms below ε, the smallest normal number of the type, may be lost. The relative error of a sum from this
is at most about ε exp(2R), with R the largest range (max − min) of A, first and last: the smallest sum of a step is
exp(−R), and so is the smallest ratio of two β. Up to R = 32 in float32, and up to R = 340 in float64, this is less
than the rounding error, for all scores o. If R > 32, float32 is computed in float64, which takes twice the time.
The factor of a move is at least exp(−600), so no sum is 0, whatever is forbidden; only differences of about 600 in
o could give a forbidden move a high probability.

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
from rnncli.kernels.packed import SENTENCE_UNIT, step
from rnncli.kernels.parallel import parallel, share_of_sentences

RANGE = 32.0  # the largest range of scores of moves for which float32 is precise enough
LEAST = -600.0  # the least score of a move, relative to the largest


@jit
def _potentials(a):
    """Return exp(a − max a), (M, K), and max a; a (M, K), scores of moves."""
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
def _forward(part, parts, o, potentials, top, start, start_top, stop, stop_top, offsets, e, alpha, log_z):
    """Fill α̂ and e from the first step to the last, and log Z.

    o                 (N, K)
    potentials, top   (K, K) and a number, :func:`_potentials` of the transitions
    start, start_top  (1, K) and a number, the same of the scores that begin a sentence
    stop, stop_top    (1, K) and a number, the same of the scores that end a sentence
    e, alpha          (N, K)  OUT
    log_z             (B,)    float64, OUT
    """
    one = o.dtype.type(1)
    low, high = share_of_sentences(part, parts, offsets, SENTENCE_UNIT)
    steps = len(offsets) - 1
    for t in range(steps):
        begin, end, source, rows = step(offsets, 0, t, low, high)
        continuing = offsets[t + 2] - offsets[t + 1] if t + 2 <= steps else 0
        for r in range(begin, end):
            for j in range(o.shape[1]):
                alpha[r, j] = start[0, j] if t == 0 else 0
        add_nn(alpha, source, 0, potentials, alpha, begin, 0, rows)
        for r in range(begin, end):
            row = alpha[r]
            factors = e[r]
            scores = o[r]
            largest = _largest(scores)
            for j in range(len(row)):
                factors[j] = exp(scores[j] - largest)
            total = _dot(row, factors)
            scale = one / total
            for j in range(len(row)):
                factors[j] *= scale
                row[j] *= factors[j]
            b = r - offsets[t]
            log_before = 0.0
            largest_move = start_top
            if t > 0:
                log_before = log_z[b]
                largest_move = top
            log_z[b] = log_before + largest_move + largest + math.log(total)
            if b >= continuing:
                log_z[b] += stop_top + math.log(_dot(row, stop[0]))


@parallel
def _backward(part, parts, e, alpha, transposed, stop, offsets, weights, beta, g):
    """Fill the posterior probabilities, times the weights of their sentences, from the last step to the first.

    e           (N, K)  in: as :func:`_forward` left it; OUT: weight P(y(t)) = weight α̂ ∘ β
    alpha       (N, K)  in: as :func:`_forward` left it; OUT: weight α̂
    transposed  (K, K)  Eᵀ
    stop        (1, K)  exp(last), as :func:`_potentials` gives it
    beta        (B, K)  scratch
    weights     (B,)    of the type of e
    g           (N, K)  OUT: g(t+1) in the row of the same sentence at step t; 0 where it ends
    """
    one = e.dtype.type(1)
    low, high = share_of_sentences(part, parts, offsets, SENTENCE_UNIT)
    steps = len(offsets) - 1
    for k in range(steps):
        t = steps - 1 - k
        begin, end, _, continuing = step(offsets, 1, k, low, high)
        for r in range(begin, begin + continuing):
            for j in range(e.shape[1]):
                beta[r - offsets[t], j] = 0
        for r in range(begin + continuing, end):
            for j in range(e.shape[1]):
                beta[r - offsets[t], j] = stop[0, j]
                g[r, j] = 0
        add_nn(g, begin, 0, transposed, beta, low, 0, continuing)
        for r in range(begin, end):
            row = alpha[r]
            beta_row = beta[r - offsets[t]]
            factors = e[r]
            scale = one / _dot(row, beta_row)  # 1 but for rounding, except at the end of the sentence
            for j in range(len(row)):
                beta_row[j] *= scale
            if t > 0:
                g_row = g[offsets[t - 1] + r - offsets[t]]
                for j in range(len(row)):
                    g_row[j] = factors[j] * beta_row[j]
            weight = weights[r - offsets[t]]
            for j in range(len(row)):
                row[j] *= weight
                factors[j] = row[j] * beta_row[j]


def _posterior(queue, o, transitions, first, last, offsets, weights, y, alpha, g, log_z):
    """Compute :func:`marginals`, times the weights of sentences (B,); alpha, g (N, K) OUT; return E.

    Not compiled itself: as one kernel, forward and backward would take twice as long to compile.
    """
    potentials, top = _potentials(np.atleast_2d(transitions))
    start, start_top = _potentials(np.atleast_2d(first))
    stop, stop_top = _potentials(np.atleast_2d(last))
    _forward(queue, o, potentials, top, start, start_top, stop, stop_top, offsets, y, alpha, log_z)
    beta = np.empty((len(log_z), o.shape[1]), o.dtype)
    _backward(queue, y, alpha, np.ascontiguousarray(potentials.T), stop, offsets, weights, beta, g)
    return potentials


@jit
def _cost(
    o, tags, shares, transitions, first, last, offsets, weights, scale, do, log_z, dtransitions, dfirst, dlast
):
    """Return the loss; turn the weighted posterior probabilities ``do`` into gradients, also of first and last.

    dtransitions  +=, the part of the moves of the target only

    The other arguments are those of :func:`loss`.
    """
    total = 0.0
    steps = len(offsets) - 1
    one = o.dtype.type(1)
    for t in range(steps):
        begin, end = offsets[t], offsets[t + 1]
        continuing = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            gradient = do[r]
            factor = o.dtype.type(scale * weights[b])
            cost = log_z[b] if t == 0 else 0.0
            for s in range(tags.shape[1]):
                share = shares[r, s]
                if share == 0:
                    continue
                tag = tags[r, s]
                score = float(o[r, tag])
                gradient[tag] -= factor * share
                if t == 0:
                    score += first[tag]
                if b >= continuing:
                    score += last[tag]
                cost -= share * score
                for before in range(tags.shape[1] if t > 0 else 0):
                    row = offsets[t - 1] + b
                    both = shares[row, before] * share
                    if both > 0:
                        tag_before = tags[row, before]
                        cost -= both * transitions[tag_before, tag]
                        dtransitions[tag_before, tag] -= factor * both
            if t == 0:
                add_row(dfirst, one, gradient)
            if b >= continuing:
                add_row(dlast, one, gradient)
            total += weights[b] * cost
    return total


def _loss(
    queue, o, tags, shares, transitions, first, last, offsets, weights, scale, do, dtransitions, dfirst, dlast
):
    """Compute :func:`loss` in the type of the arguments."""
    alpha = np.empty_like(o)
    g = np.empty_like(o)
    log_z = np.empty(len(weights))
    moves = (transitions, first, last)
    gradients = (dtransitions, dfirst, dlast)
    potentials = _posterior(queue, o, *moves, offsets, (scale * weights).astype(o.dtype), do, alpha, g, log_z)
    total = _cost(o, tags, shares, *moves, offsets, weights, scale, do, log_z, *gradients)
    pairs = np.zeros_like(dtransitions)
    add_product(queue, alpha, g, 1, pairs)
    dtransitions += potentials * pairs
    return total


def _needs_double(o, *moves):
    """Tell whether float32 is not precise enough; o (N, K), moves: transitions, first and last."""
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
    ones = np.ones(len(log_z), o.dtype)
    scratch = (np.empty_like(o), np.empty_like(o))
    _posterior(queue, o, transitions, first, last, offsets, ones, p, *scratch, total)
    y[:] = p
    log_z[:] = total


def loss(
    queue, o, tags, shares, transitions, first, last, offsets, weights, scale, do, dtransitions, dfirst, dlast
):
    """Return Σ weight (log Z − E[score(y)]) over sentences and the gradient of ``scale`` times it.

    The expectation is under the target q(y) = Π q(t)[y(t)]: with one tag of share 1 for each token it is
    score(gold), and the loss is −log P(gold).

    o                          (N, K)    scores
    tags                       (N, S)    int32, the tags that the target gives a share to; no tag twice in a row
    shares                     (N, S)    of the type of o: q(t); the sum of a row is 1, and a tag of share 0 is none
    transitions, dtransitions  (K, K)    A[i, j]: the score of tag j after tag i; dtransitions: +=
    first, last                (K,)      scores of a tag that begins and that ends a sentence
    offsets                    (T + 1,)  int64, first row of each step
    weights                    (B,)      of sentences, longest first; usually 1
    scale                      number
    do                         (N, K)    OUT: scale weight (P(y(t)) − q(t))
    dfirst, dlast              (K,)      +=
    """
    moves = (transitions, first, last)
    gradients = (dtransitions, dfirst, dlast)
    scale = float(scale)
    weights = weights.astype(np.float64)
    if not _needs_double(o, *moves):
        return _loss(queue, o, tags, shares, *moves, offsets, weights, scale, do, *gradients)
    p = np.empty(o.shape)
    added = [np.zeros(a.shape) for a in gradients]
    o, shares, transitions, first, last = (a.astype(np.float64) for a in (o, shares, *moves))
    total = _loss(queue, o, tags, shares, transitions, first, last, offsets, weights, scale, p, *added)
    do[:] = p
    for gradient, more in zip(gradients, added, strict=True):
        gradient += more
    return total


class Block:
    """Computes the posterior probabilities of one long sentence, a block of tokens at a time.

    They are those of :func:`marginals`. From block to block a vector (1, K) is passed on, which takes the place of
    the scores that begin or end a sentence: α̂ E forward, E g backward.
    """

    def __init__(self, queue, dtype, transitions, first, last):
        """``dtype`` of the scores; the others are arguments of :func:`marginals`."""
        moves = [np.atleast_2d(a) for a in (transitions, first, last)]
        if _needs_double(np.empty(0, dtype), *moves):
            moves = [a.astype(np.float64) for a in moves]
        (self.potentials, _), (self.start, _), (self.stop, _) = (_potentials(a) for a in moves)
        self.transposed = np.ascontiguousarray(self.potentials.T)
        self.queue = queue

    def _forward(self, o, start):
        e = np.empty_like(o)
        alpha = np.empty_like(o)
        offsets = np.arange(len(o) + 1)
        _forward(self.queue, o, self.potentials, 0.0, start, 0.0, self.stop, 0.0, offsets, e, alpha, np.empty(1))
        return e, alpha

    def _times(self, row, potentials):
        out = np.empty_like(self.start)
        project(self.queue, row.reshape(1, -1), potentials, np.zeros(out.shape[1], out.dtype), out)
        return out

    def next_start(self, o, start):
        """Return the vector that starts the next block; o (N, K) and ``start`` (1, K) are those of this block."""
        _, alpha = self._forward(o.astype(self.potentials.dtype, copy=False), start)
        return self._times(alpha[-1], self.potentials)

    def marginals(self, o, start, stop):
        """Return the probabilities of a block, (N, K), and the vector (1, K) that stops the block before.

        o            (N, K)
        start, stop  (1, K)  the vectors that start and stop this block
        """
        e, alpha = self._forward(o.astype(self.potentials.dtype, copy=False), start)
        factors = e[0].copy()
        beta = np.empty_like(self.stop)
        g = np.empty_like(e)
        offsets = np.arange(len(o) + 1)
        _backward(self.queue, e, alpha, self.transposed, stop, offsets, np.ones(1, e.dtype), beta, g)
        return e.astype(o.dtype, copy=False), self._times(factors * beta[0], self.transposed)
