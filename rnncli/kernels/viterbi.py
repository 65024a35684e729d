"""The best path through a linear chain: argmax of first[y(1)] + Σ o(t)[y(t)] + Σ A[y(t−1), y(t)] + last[y(T)].

    δ(t)[j] = max over i of δ(t−1)[i] + A[i, j], + o(t)[j]

Only the maxima are kept, not where they were: the tag before is looked for again on the one path that counts,
K comparisons a token instead of K² indices that are hardly ever read.

A rule stands for a matrix A whose numbers are 0 for what is allowed and ``forbidden`` for all else, and takes some
K additions a token instead of K². It is a tuple ``after, types, is_open, forbidden``: what each tag may follow
(K,), any tag (0), any that is not open (1), any that is open and of its type (2); the number of its type (K,);
whether it is open (K,). What is forbidden is compared by its greatest alone: adding a number keeps the order.

Source: Viterbi 1967, "Error bounds for convolutional codes"; Rabiner 1989, "A tutorial on hidden Markov
models", III.B. Batches are packed as in :mod:`rnncli.kernels.packed`.
"""

import numpy as np

from rnncli.kernels.compile import inner, jit
from rnncli.kernels.matmul import copy
from rnncli.kernels.output import _largest

ANY, CLOSED = 0, 1

# Tags taken at once: their maxima so far are read and written once for all of them.
TAGS = 8


@inner
def _step(before, transitions, best):
    """Compute best[j] = max over i of before[i] + A[i, j]; before, best (K,), transitions (K, K)."""
    tags = len(before)
    whole = tags - tags % TAGS
    for j in range(tags):
        best[j] = before[0] + transitions[0, j]
    for i in range(0, whole, TAGS):
        b0, b1, b2, b3 = before[i], before[i + 1], before[i + 2], before[i + 3]
        b4, b5, b6, b7 = before[i + 4], before[i + 5], before[i + 6], before[i + 7]
        a0, a1, a2, a3 = transitions[i], transitions[i + 1], transitions[i + 2], transitions[i + 3]
        a4, a5, a6, a7 = transitions[i + 4], transitions[i + 5], transitions[i + 6], transitions[i + 7]
        for j in range(tags):
            x, y = _greater(b0 + a0[j], b1 + a1[j]), _greater(b2 + a2[j], b3 + a3[j])
            z, w = _greater(b4 + a4[j], b5 + a5[j]), _greater(b6 + a6[j], b7 + a7[j])
            best[j] = _greater(_greater(_greater(x, y), _greater(z, w)), best[j])
    for i in range(whole, tags):
        for j in range(tags):
            best[j] = _greater(before[i] + transitions[i, j], best[j])


@inner
def _greater(a, b):
    """Return the greater; one instruction, where ``max`` also orders NaN and signed zeros."""
    return a if a > b else b


@inner
def _likeliest(scores, onward):
    """Return the first i with the greatest scores[i] + onward[i]; 0 if that is NaN."""
    tag, best = 0, scores[0] + onward[0]
    for i in range(1, len(scores)):
        score = scores[i] + onward[i]
        if score > best:
            tag, best = i, score
    return tag


@inner
def _step_by_rule(before, after, types, is_open, forbidden, opened, best):
    """Do what :func:`_step` does by a rule; opened (K,) scratch: the greatest of each type that is open."""
    every = closed = before.dtype.type(-np.inf)
    for i in range(len(before)):
        opened[i] = every
    for i in range(len(before)):
        every = _greater(before[i], every)
        if is_open[i]:
            opened[types[i]] = _greater(before[i], opened[types[i]])
        else:
            closed = _greater(before[i], closed)
    least = every + before.dtype.type(forbidden)
    for j in range(len(best)):
        best[j] = every if after[j] == ANY else _greater(closed if after[j] == CLOSED else opened[types[j]], least)


@inner
def _settle(row, scores):
    """Add scores to δ; the largest becomes 0, or the last digits of differences would be lost in long sentences."""
    for j in range(len(row)):
        row[j] += scores[j]
    largest = _largest(row)
    for j in range(len(row)):
        row[j] -= largest


@jit
def _forward(o, transitions, first, offsets, delta):
    """Fill δ (N, K)."""
    for t in range(len(offsets) - 1):
        for r in range(offsets[t], offsets[t + 1]):
            if t > 0:
                _step(delta[offsets[t - 1] + r - offsets[t]], transitions, delta[r])
            else:
                copy(first, delta[r])
            _settle(delta[r], o[r])


@jit
def _forward_by_rule(o, after, types, is_open, forbidden, first, offsets, delta):
    """Fill δ (N, K)."""
    opened = np.empty_like(first)
    for t in range(len(offsets) - 1):
        for r in range(offsets[t], offsets[t + 1]):
            if t > 0:
                before = delta[offsets[t - 1] + r - offsets[t]]
                _step_by_rule(before, after, types, is_open, forbidden, opened, delta[r])
            else:
                copy(first, delta[r])
            _settle(delta[r], o[r])


@jit
def _backward(delta, transitions, last, offsets, tags):
    """Follow the best path from its end."""
    onward, steps = transitions.T.copy(), len(offsets) - 1
    for t in range(steps - 1, -1, -1):
        begin, end = offsets[t], offsets[t + 1]
        going = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            tags[r] = _likeliest(delta[r], onward[tags[end + b]] if b < going else last)


@jit
def _backward_by_rule(delta, after, types, is_open, forbidden, last, offsets, tags):
    """Follow the best path from its end."""
    onward, steps = np.empty_like(last), len(offsets) - 1
    for t in range(steps - 1, -1, -1):
        begin, end = offsets[t], offsets[t + 1]
        going = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            if b >= going:
                tags[r] = _likeliest(delta[r], last)
                continue
            j = tags[end + b]
            for i in range(len(onward)):
                goes_on = is_open[i] == (after[j] != CLOSED) and (after[j] == CLOSED or types[i] == types[j])
                onward[i] = 0 if after[j] == ANY or goes_on else forbidden
            tags[r] = _likeliest(delta[r], onward)


def forward(o, transitions, first, offsets, delta):
    """Fill δ (N, K) OUT, up to a number for each row; the arguments are those of :func:`viterbi`."""
    if isinstance(transitions, tuple):
        _forward_by_rule(o, *transitions, first, offsets, delta)
    else:
        _forward(o, transitions, first, offsets, delta)


def backward(delta, transitions, last, offsets, tags):
    """Follow the best path through δ as :func:`forward` left it; tags (N,) int32, OUT."""
    if isinstance(transitions, tuple):
        _backward_by_rule(delta, *transitions, last, offsets, tags)
    else:
        _backward(delta, transitions, last, offsets, tags)


def viterbi(o, transitions, first, last, offsets, tags):
    """Fill the best path of every sentence; of equal paths the one whose tags are first, from the end.

    o            (N, K)    scores; softmax or not makes no difference
    transitions  (K, K)    A[i, j]: the score of tag j after tag i; −10 000, say, forbids; or a rule (see above)
    first, last  (K,)      scores of a tag that begins and that ends a sentence
    offsets      (T + 1,)  int64, first row of each step
    tags         (N,)      int32, OUT
    """
    delta = np.empty_like(o)
    forward(o, transitions, first, offsets, delta)
    backward(delta, transitions, last, offsets, tags)
