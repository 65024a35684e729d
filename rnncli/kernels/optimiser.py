"""Parameter updates: θ −= step(gradient), for whole vectors and for the touched rows of a table.

Each optimiser has one signature, so that a new one is a pair of kernels and a row of :data:`OPTIMISERS`:

    dense(theta, gradient, scale, m, v, rate, step)
    rows(table, gradient, scale, m, v, rows, left, right, rate, step)

theta, gradient, m, v (P,) or (rows of the table, D); the step is taken along ``scale`` times the gradient, which is
0 afterwards; m and v hold the optimiser's moments, 0 at first; step counts from 1. ``rows`` updates the rows that
the batch touched alone ("lazy" moments), of each the columns left : right.
"""

import math

from rnncli.kernels.compile import jit

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@jit
def squared_norm(x):
    """Σ x², summed in float64; x (n,)."""
    total = 0.0
    for i in range(len(x)):
        total += float(x[i]) * float(x[i])
    return total


@jit
def squared_norm_of_rows(x, rows, left, right):
    """Σ x[r]² over columns left : right of the given rows, summed in float64; x (V, D), rows (n,)."""
    total = 0.0
    for i in range(len(rows)):
        total += squared_norm(x[rows[i], left:right])
    return total


@jit
def _sizes(kind, rate, step):
    """Step size and ε with the corrections of both moments' bias."""
    root = math.sqrt(1.0 - BETA2**step)
    return kind(rate * root / (1.0 - BETA1**step)), kind(EPSILON * root)


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


@jit
def adam(theta, gradient, scale, m, v, rate, step):
    """Adam with bias correction. Source: Kingma and Ba 2015, Algorithm 1."""
    size, epsilon = _sizes(theta.dtype.type, rate, step)
    _adam(theta, gradient, scale, m, v, size, epsilon)


@jit
def adam_rows(table, gradient, scale, m, v, rows, left, right, rate, step):
    """:func:`adam` for a part of the given rows alone."""
    size, epsilon = _sizes(table.dtype.type, rate, step)
    part = slice(left, right)
    for i in range(len(rows)):
        r = rows[i]
        _adam(table[r, part], gradient[r, part], scale, m[r, part], v[r, part], size, epsilon)


@jit
def sgd(theta, gradient, scale, m, v, rate, step):
    """Stochastic gradient descent; m, v and step are not used."""
    size = theta.dtype.type(rate) * scale
    for i in range(len(theta)):
        theta[i] -= size * gradient[i]
        gradient[i] = 0


@jit
def sgd_rows(table, gradient, scale, m, v, rows, left, right, rate, step):
    """:func:`sgd` for a part of the given rows alone."""
    part = slice(left, right)
    for i in range(len(rows)):
        r = rows[i]
        sgd(table[r, part], gradient[r, part], scale, m[r, part], v[r, part], rate, step)


OPTIMISERS = {"adam": (adam, adam_rows), "sgd": (sgd, sgd_rows)}
