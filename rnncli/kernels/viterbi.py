"""The best path through a linear chain: argmax of first[y(1)] + Σ o(t)[y(t)] + Σ A[y(t−1), y(t)] + last[y(T)].

    δ(t)[j] = max over i of δ(t−1)[i] + A[i, j], + o(t)[j]

Only the maxima δ are stored, not the tags i that gave them. Those are computed again on the best path only: K
comparisons a token instead of K² stored indices, most of which would never be read.

A rule stands for a matrix A whose numbers are 0 for allowed moves and ``forbidden`` for all others. With it a step
takes about K additions instead of K². It is a tuple ``after, types, is_open, forbidden``, the fields of
:class:`rnncli.data.tags.Rule`:

    after      (K,)  what a tag may follow: any tag (ANY), a tag that is not open (CLOSED), an open tag of its type
                     (OPEN), or either of the last two (JOINED)
    types      (K,)  number of the type of a tag
    is_open    (K,)  whether the type of a tag matters for what may follow, as a span may continue after B-x and I-x
    forbidden  the score of a forbidden move

So δ needs only three kinds of maxima: over all tags (``every``), over those that are not open (``closed``), and
over the open ones of each type (``opened``). Of the forbidden moves only the one from the tag with the greatest
score need be compared, because adding a number keeps the order.

Source: Viterbi 1967, "Error bounds for convolutional codes"; Rabiner 1989, "A tutorial on hidden Markov
models", III.B. Batches are packed as in :mod:`rnncli.kernels.packed`.
"""

import numpy as np

from rnncli.kernels.compile import inner, jit
from rnncli.kernels.matmul import copy
from rnncli.kernels.output import _largest

ANY, CLOSED, OPEN = range(3)

# So many tags are done at once: the maxima so far are read and written once for all of them.
TAGS = 8


@inner
def _step(previous, transitions, best):
    """Compute best[j] = max over i of previous[i] + A[i, j]; previous, best (K,), transitions (K, K)."""
    tags = len(previous)
    whole = tags - tags % TAGS
    for j in range(tags):
        best[j] = previous[0] + transitions[0, j]
    for i in range(0, whole, TAGS):
        b0, b1, b2, b3 = previous[i], previous[i + 1], previous[i + 2], previous[i + 3]
        b4, b5, b6, b7 = previous[i + 4], previous[i + 5], previous[i + 6], previous[i + 7]
        a0, a1, a2, a3 = transitions[i], transitions[i + 1], transitions[i + 2], transitions[i + 3]
        a4, a5, a6, a7 = transitions[i + 4], transitions[i + 5], transitions[i + 6], transitions[i + 7]
        for j in range(tags):
            x, y = _greater(b0 + a0[j], b1 + a1[j]), _greater(b2 + a2[j], b3 + a3[j])
            z, w = _greater(b4 + a4[j], b5 + a5[j]), _greater(b6 + a6[j], b7 + a7[j])
            best[j] = _greater(_greater(_greater(x, y), _greater(z, w)), best[j])
    for i in range(whole, tags):
        for j in range(tags):
            best[j] = _greater(previous[i] + transitions[i, j], best[j])


@inner
def _greater(a, b):
    """Return the greater; one instruction, where ``max`` also orders NaN and signed zeros."""
    return a if a > b else b


@inner
def _likeliest(scores, moves):
    """Return the first i with the greatest scores[i] + moves[i], both (K,); 0 if scores[0] + moves[0] is NaN."""
    tag = 0
    best = scores[0] + moves[0]
    for i in range(1, len(scores)):
        score = scores[i] + moves[i]
        if score > best:
            tag = i
            best = score
    return tag


@inner
def _step_by_rule(previous, after, types, is_open, forbidden, opened, best):
    """Compute the same as :func:`_step`, by a rule.

    previous           (K,)  δ(t−1)
    after … forbidden  the rule
    opened             (K,)  scratch: by type, the greatest of its open tags
    best               (K,)  OUT
    """
    every = previous.dtype.type(-np.inf)
    closed = every
    for i in range(len(previous)):
        opened[i] = every
    for i in range(len(previous)):
        every = _greater(previous[i], every)
        if is_open[i]:
            opened[types[i]] = _greater(previous[i], opened[types[i]])
        else:
            closed = _greater(previous[i], closed)
    least = every + previous.dtype.type(forbidden)
    for j in range(len(best)):
        if after[j] == ANY:
            best[j] = every
        elif after[j] == CLOSED:
            best[j] = _greater(closed, least)
        elif after[j] == OPEN:
            best[j] = _greater(opened[types[j]], least)
        else:
            best[j] = _greater(_greater(opened[types[j]], closed), least)


@inner
def _add_scores(row, scores):
    """Complete δ(t) by o(t), both (K,), and subtract the largest, so that long sentences lose no digits."""
    for j in range(len(row)):
        row[j] += scores[j]
    largest = _largest(row)
    for j in range(len(row)):
        row[j] -= largest


@jit
def _forward(o, transitions, first, offsets, delta):
    """Fill δ (N, K); the arguments are those of :func:`viterbi`."""
    for t in range(len(offsets) - 1):
        for r in range(offsets[t], offsets[t + 1]):
            if t > 0:
                _step(delta[offsets[t - 1] + r - offsets[t]], transitions, delta[r])
            else:
                copy(first, delta[r])
            _add_scores(delta[r], o[r])


@jit
def _forward_by_rule(o, after, types, is_open, forbidden, first, offsets, delta):
    """Fill δ (N, K); the arguments are those of :func:`viterbi`."""
    opened = np.empty_like(first)
    for t in range(len(offsets) - 1):
        for r in range(offsets[t], offsets[t + 1]):
            if t > 0:
                previous = delta[offsets[t - 1] + r - offsets[t]]
                _step_by_rule(previous, after, types, is_open, forbidden, opened, delta[r])
            else:
                copy(first, delta[r])
            _add_scores(delta[r], o[r])


@jit
def _backward(delta, transitions, last, offsets, tags):
    """Follow the best path from its end to its beginning; the arguments are those of :func:`viterbi`."""
    moves_to = transitions.T.copy()
    steps = len(offsets) - 1
    for t in range(steps - 1, -1, -1):
        begin, end = offsets[t], offsets[t + 1]
        continuing = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            tags[r] = _likeliest(delta[r], moves_to[tags[end + b]] if b < continuing else last)


@jit
def _backward_by_rule(delta, after, types, is_open, forbidden, last, offsets, tags):
    """Follow the best path from its end to its beginning; the arguments are those of :func:`viterbi`."""
    moves = np.empty_like(last)  # the scores of moving from each tag to the next tag of the path
    steps = len(offsets) - 1
    for t in range(steps - 1, -1, -1):
        begin, end = offsets[t], offsets[t + 1]
        continuing = offsets[t + 2] - end if t + 2 <= steps else 0
        for r in range(begin, end):
            b = r - begin
            if b >= continuing:
                tags[r] = _likeliest(delta[r], last)
                continue
            j = tags[end + b]
            for i in range(len(moves)):
                fits = after[j] != CLOSED and types[i] == types[j] if is_open[i] else after[j] != OPEN
                moves[i] = 0 if after[j] == ANY or fits else forbidden
            tags[r] = _likeliest(delta[r], moves)


def forward(o, transitions, first, offsets, delta):
    """Fill δ (N, K) OUT, up to a constant for each row; the other arguments are those of :func:`viterbi`."""
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
    """Fill the best path of every sentence; of equal paths the one with the lowest tags, compared from the end.

    o            (N, K)    scores; softmax or not makes no difference
    transitions  (K, K)    A[i, j]: the score of tag j after tag i, −10 000 to forbid it; or a rule (see above)
    first, last  (K,)      scores of a tag that begins and that ends a sentence
    offsets      (T + 1,)  int64, first row of each step
    tags         (N,)      int32, OUT
    """
    delta = np.empty_like(o)
    forward(o, transitions, first, offsets, delta)
    backward(delta, transitions, last, offsets, tags)
