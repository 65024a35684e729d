"""The output layer: ŷ = softmax(o) and its cross-entropy loss, a row per token."""

import math

from rnncli.kernels.activation import exp
from rnncli.kernels.compile import inner, jit
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import ROWS


@inner
def _largest(o):
    """Return max(o), o (K,); four running maxima: because of NaN the compiler does not reorder comparisons."""
    a = b = c = d = o[0]
    fours = len(o) - len(o) % 4
    for k in range(0, fours, 4):
        a, b, c, d = max(a, o[k]), max(b, o[k + 1]), max(c, o[k + 2]), max(d, o[k + 3])
    for k in range(fours, len(o)):
        a = max(a, o[k])
    return max(max(a, b), max(c, d))


@inner
def softmax_row(o):
    """Replace scores by their softmax in place, o (K,).

    The largest score is subtracted first, so that nothing overflows.
    """
    largest = _largest(o)
    total = o.dtype.type(0)
    for k in range(len(o)):
        o[k] = exp(o[k] - largest)
    for k in range(len(o)):
        total += o[k]
    scale = o.dtype.type(1) / total
    for k in range(len(o)):
        o[k] *= scale


@parallel
def softmax(part, parts, o):
    """Replace scores by their softmax in place, row by row; o (N, K)."""
    first, end = share(part, parts, len(o), ROWS)
    for r in range(first, end):
        softmax_row(o[r])


@jit
def likeliest(o, tags, probabilities):
    """Find the largest score of each row and its softmax, 1 / Σ exp(o − max); of equal scores the first.

    o                    (N, K)
    tags, probabilities  (N,)  OUT: int32, and of the type of o
    """
    one = o.dtype.type(1)
    for r in range(len(o)):
        row = o[r]
        largest = _largest(row)
        tag = 0
        while tag < len(row) - 1 and row[tag] != largest:  # with NaN there may be no equal score
            tag += 1
        total = o.dtype.type(0)
        for k in range(len(row)):
            total += exp(row[k] - largest)
        tags[r] = tag
        probabilities[r] = one / total


@parallel
def cross_entropy(part, parts, y, tags, shares, weights, scale, do, costs):
    """Compute −Σ q w log ŷ over tags and the gradient of ``scale`` times it with respect to the scores o.

    y        (N, K)  softmax(o)
    tags     (N, S)  int32, the tags that the target gives a share to; below 0: none
    shares   (N, S)  q, of the type of y; 1 for the only tag of a token whose tag is known
    weights  (K,)    w; (0,): all 1
    do       (N, K)  OUT: scale (ŷ Σ q w − q w)
    costs    (N,)    float64, OUT
    """
    first, end = share(part, parts, len(y), ROWS)
    for r in range(first, end):
        total = y.dtype.type(0)
        costs[r] = 0
        for s in range(tags.shape[1]):
            if tags[r, s] >= 0 and shares[r, s] > 0:
                total += shares[r, s] * (weights[tags[r, s]] if len(weights) > 0 else y.dtype.type(1))
        factor = scale * total
        for k in range(y.shape[1]):
            do[r, k] = factor * y[r, k]
        for s in range(tags.shape[1]):
            tag = tags[r, s]
            if tag >= 0 and shares[r, s] > 0:
                weight = shares[r, s] * (weights[tag] if len(weights) > 0 else y.dtype.type(1))
                do[r, tag] -= scale * weight
                # A probability that underflows to 0 costs as much as the smallest normal float32.
                costs[r] -= float(weight) * math.log(max(float(y[r, tag]), 1.2e-38))
