"""Parameter updates: θ −= step(gradient), for whole vectors and for the touched rows of a table.

Each optimiser has one signature, so that a new one is a pair of kernels and a row of :data:`OPTIMISERS`:

    dense(board, theta, gradient, scale, m, v, blocks, rate, step)
    rows(board, table, gradient, scale, m, v, rows, rate, step)

theta, gradient, m, v (P,) or (rows of the table, D); the step is taken along ``scale`` times the gradient, which is
0 afterwards; m and v hold the optimiser's moments, 0 at first; step counts from 1. ``rows`` updates the rows that
the batch touched alone ("lazy" moments).

blocks (·, 3) int64: the arrays that a vector holds end to end, each with its first number, its rows and its width.
A part does those rows of each, and columns of a table, whose gradient it found: it has them in its cache.
"""

import math

from rnncli.kernels.compile import jit
from rnncli.kernels.matmul import LINE
from rnncli.kernels.shared import share, shared

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@jit
def _squared_norm(x):
    """Σ x², summed in float64; x (n,)."""
    total = 0.0
    for i in range(len(x)):
        total += float(x[i]) * float(x[i])
    return total


@shared
def squared_norms(part, parts, x, blocks, sums):
    """Σ x² of each row of each block; x (P,), sums (rows of all blocks,) float64 OUT."""
    row = 0
    for block in range(len(blocks)):
        first, rows, width = blocks[block, 0], blocks[block, 1], blocks[block, 2]
        begin, end = share(part, parts, rows, LINE)
        for r in range(begin, end):
            sums[row + r] = _squared_norm(x[first + r * width : first + (r + 1) * width])
        row += rows


@shared
def squared_norms_of_rows(part, parts, table, rows, sums):
    """Σ table[r]² of each of the given rows; table (V, D), rows (n,), sums (n,) float64 OUT."""
    first, end = share(part, parts, len(rows), LINE)
    for i in range(first, end):
        sums[i] = _squared_norm(table[rows[i]])


@jit
def _sizes(kind, rate, step):
    """Step size and ε with the corrections of both moments' bias."""
    root = math.sqrt(1.0 - BETA2**step)
    return kind(rate * root / (1.0 - BETA1**step)), kind(EPSILON * root)


@jit
def _own(part, parts, block):
    """The numbers of a block that a part does."""
    first, width = block[0], block[2]
    begin, end = share(part, parts, block[1], LINE)
    return slice(first + begin * width, first + end * width)


@jit
def _adam(theta, gradient, scale, m, v, size, epsilon):
    kind = theta.dtype.type
    b1, b2, one = kind(BETA1), kind(BETA2), kind(1)
    for i in range(len(theta)):
        g = scale * gradient[i]
        m[i] = b1 * m[i] + (one - b1) * g
        v[i] = b2 * v[i] + (one - b2) * g * g
        theta[i] -= size * m[i] / (math.sqrt(v[i]) + epsilon)
        gradient[i] = 0


@shared
def adam(part, parts, theta, gradient, scale, m, v, blocks, rate, step):
    """Adam with bias correction. Source: Kingma and Ba 2015, Algorithm 1."""
    size, epsilon = _sizes(theta.dtype.type, rate, step)
    for block in range(len(blocks)):
        own = _own(part, parts, blocks[block])
        _adam(theta[own], gradient[own], scale, m[own], v[own], size, epsilon)


@shared
def adam_rows(part, parts, table, gradient, scale, m, v, rows, rate, step):
    """:func:`adam` for the given rows alone."""
    size, epsilon = _sizes(table.dtype.type, rate, step)
    left, right = share(part, parts, table.shape[1], LINE)
    own = slice(left, right)
    for i in range(len(rows)):
        r = rows[i]
        _adam(table[r, own], gradient[r, own], scale, m[r, own], v[r, own], size, epsilon)


@jit
def _sgd(theta, gradient, size):
    for i in range(len(theta)):
        theta[i] -= size * gradient[i]
        gradient[i] = 0


@shared
def sgd(part, parts, theta, gradient, scale, m, v, blocks, rate, step):
    """Stochastic gradient descent; m, v and step are not used."""
    size = theta.dtype.type(rate) * scale
    for block in range(len(blocks)):
        own = _own(part, parts, blocks[block])
        _sgd(theta[own], gradient[own], size)


@shared
def sgd_rows(part, parts, table, gradient, scale, m, v, rows, rate, step):
    """:func:`sgd` for the given rows alone."""
    size = table.dtype.type(rate) * scale
    left, right = share(part, parts, table.shape[1], LINE)
    for i in range(len(rows)):
        _sgd(table[rows[i], left:right], gradient[rows[i], left:right], size)


OPTIMISERS = {"adam": (adam, adam_rows), "sgd": (sgd, sgd_rows)}
