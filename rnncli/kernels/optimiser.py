"""Parameter updates: θ −= step(gradient), for the blocks of a vector that a batch gave a gradient to.

theta, gradient, m, v, transposed (P,): a network's arrays end to end. The step is taken along ``scale`` times the
gradient, which is 0 afterwards; m and v hold the optimiser's moments, 0 at first; step counts from 1. Some arrays
have transposed copies in ``transposed``, each where the array itself is in theta; they follow every step.

blocks (·, 5) int64: the arrays to update, with the columns below. A batch selects few rows of a table. Each of them
is a block by itself; the other rows of the table and their moments do not change ("lazy" moments).
"""

import math

from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import LINE
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import VECTOR_BYTES, transpose_tile

ADAM, SGD = range(2)
OPTIMISERS = {"adam": ADAM, "sgd": SGD}

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

# Columns of a block:
#   FIRST   index of its first number in the vector
#   ROWS    number of rows
#   WIDTH   numbers of a row
#   OWNER   −1: all parts share the rows; else part OWNER % parts does all of them. That part has computed their
#           gradient, which is still in the cache of its core
#   HEIGHT  rows of each of its matrices, which have transposed copies; 0: none
FIRST, ROWS, WIDTH, OWNER, HEIGHT = range(5)
COLUMNS = 5
# So many rows are updated and then transposed while they are in the cache; fewer are slower.
ROWS_AT_ONCE = 128


@inner
def _rows_of(part, parts, block):
    """The first and the end of the rows of a block that a part does."""
    if block[OWNER] < 0:
        return share(part, parts, block[ROWS], LINE)
    return 0, block[ROWS] if block[OWNER] % parts == part else 0


@inner
def _squared_norm(x):
    """Σ x², summed in float64; x (n,)."""
    total = 0.0
    for i in range(len(x)):
        total += float(x[i]) * float(x[i])
    return total


@parallel
def squared_norms(part, parts, x, blocks, sums):
    """Σ x² of each row of each block; x (P,), sums (rows of all blocks,) float64 OUT."""
    row = 0
    for b in range(len(blocks)):
        block = blocks[b]
        low, high = _rows_of(part, parts, block)
        for r in range(low, high):
            first = block[FIRST] + r * block[WIDTH]
            sums[row + r] = _squared_norm(x[first : first + block[WIDTH]])
        row += block[ROWS]


@inner
def _transpose(x, out, block, low, high):
    """Copy the rows low : high of a block of x (P,) to the columns of its transposed matrices in out (P,)."""
    height = block[HEIGHT]
    width = block[WIDTH]
    lanes = VECTOR_BYTES // x.itemsize
    while low < high:
        matrix = low // height
        end = min(high, (matrix + 1) * height)
        first = block[FIRST] + matrix * height * width
        for c in range(0, width, lanes):
            for r in range(low - matrix * height, end - matrix * height, lanes):
                at = first + r * width + c
                out_at = first + c * height + r
                if c + lanes <= width and r + lanes <= end - matrix * height:
                    transpose_tile(x, at, width, out, out_at, height)  # type: ignore[call-arg]
                else:
                    for i in range(min(lanes, width - c)):
                        for j in range(min(lanes, end - matrix * height - r)):
                            out[out_at + i * height + j] = x[at + j * width + i]
        low = end


@inner
def _sizes(dtype, rate, step):
    """Adam's step size and ε, with which the bias of both moments is corrected, as numbers of a type."""
    root = math.sqrt(1.0 - BETA2**step)
    return dtype(rate * root / (1.0 - BETA1**step)), dtype(EPSILON * root)


@inner
def _adam(theta, gradient, scale, m, v, size, epsilon):
    """Adam with bias correction, all (n,). Source: Kingma and Ba 2015, Algorithm 1."""
    dtype = theta.dtype.type
    b1 = dtype(BETA1)
    b2 = dtype(BETA2)
    one = dtype(1)
    for i in range(len(theta)):
        g = scale * gradient[i]
        m[i] = b1 * m[i] + (one - b1) * g
        v[i] = b2 * v[i] + (one - b2) * g * g
        theta[i] -= size * m[i] / (math.sqrt(v[i]) + epsilon)
        gradient[i] = 0


@inner
def _sgd(theta, gradient, size):
    """Gradient descent, both (n,)."""
    for i in range(len(theta)):
        theta[i] -= size * gradient[i]
        gradient[i] = 0


@parallel
def descend(part, parts, kind, theta, gradient, scale, m, v, transposed, blocks, rate, step):
    """Take a step of an optimiser, ``kind`` of :data:`OPTIMISERS`."""
    dtype = theta.dtype.type
    size, epsilon = _sizes(dtype, rate, step)
    for b in range(len(blocks)):
        block = blocks[b]
        begin, end = _rows_of(part, parts, block)
        for low in range(begin, end, ROWS_AT_ONCE):
            high = min(end, low + ROWS_AT_ONCE)
            numbers = slice(block[FIRST] + low * block[WIDTH], block[FIRST] + high * block[WIDTH])
            if kind == ADAM:
                _adam(theta[numbers], gradient[numbers], scale, m[numbers], v[numbers], size, epsilon)
            else:
                _sgd(theta[numbers], gradient[numbers], dtype(rate) * scale)
            if block[HEIGHT] > 0:
                _transpose(theta, transposed, block, low, high)
