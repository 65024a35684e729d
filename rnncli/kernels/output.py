"""The output layer: ŷ = softmax(o) and its cross-entropy loss, a row per token."""

import math

from rnncli.kernels.activation import exp
from rnncli.kernels.compile import jit


@jit
def softmax_row(o):
    """Replace scores by their softmax in place, o (K,).

    The largest score is subtracted first, so that nothing overflows.
    """
    largest = o[0]
    for k in range(1, len(o)):
        largest = max(largest, o[k])
    total = o.dtype.type(0)
    for k in range(len(o)):
        o[k] = exp(o[k] - largest)
    for k in range(len(o)):
        total += o[k]
    scale = o.dtype.type(1) / total
    for k in range(len(o)):
        o[k] *= scale


@jit
def softmax(o):
    """Replace scores by their softmax in place, row by row; o (N, K)."""
    for r in range(len(o)):
        softmax_row(o[r])


@jit
def cross_entropy(y, gold, scale, do):
    """Return Σ −log ŷ[gold] and fill the gradient of ``scale`` times it with respect to the scores o.

    y     (N, K)  softmax(o)
    gold  (N,)    int32; below 0: a token without a known tag, which costs nothing
    do    (N, K)  OUT: scale (ŷ − 1[gold])
    """
    loss = 0.0
    for r in range(len(y)):
        g = gold[r]
        if g < 0:
            do[r] = 0
            continue
        for k in range(y.shape[1]):
            do[r, k] = scale * y[r, k]
        do[r, g] -= scale
        # A probability that underflows to 0 costs what the smallest float32 would.
        loss -= math.log(max(float(y[r, g]), 1.2e-38))
    return loss
