"""Parameter updates: θ −= step(gradient), for the blocks of a vector that a batch gave a gradient to.

theta, gradient, m, v, transposed (P,): a network's arrays end to end. The step is taken along ``scale`` times the
gradient, which is 0 afterwards; m and v hold the optimiser's moments, 0 at first; step counts from 1. Some arrays
have transposed copies in ``transposed``, each where the array itself is in theta; they follow every step.

blocks (·, 5) int64: the arrays, by the columns below. A batch touches few rows of a table: each is a block of its
own, and no other row of the table, nor its moments, change ("lazy" moments).
"""

import math

from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import LINE
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import VECTOR_BYTES, transpose_tile

ADAM, SGD = range(2)
OPTIMISERS = {"adam": ADAM, "sgd": SGD}

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

# Columns of a block: its index in the vector; its rows; their width; −1, or a number whose remainder by the number
# of parts is the part that does all of it; 0, or the rows of each of its matrices, which have transposed copies. A
# part updates what it computed the gradient of, which is in its cache.
FIRST, ROWS, WIDTH, OWNER, HEIGHT = range(5)
COLUMNS = 5
# Rows that are updated and then transposed while they are in the cache. Writing fewer at once is slower.
TOGETHER = 128


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
    """Copy the rows low : high of a block of x to where they are columns of the transposed matrices."""
    height = block[HEIGHT]
    width = block[WIDTH]
    lanes = VECTOR_BYTES // x.itemsize
    while low < high:
        matrix = low // height
        end = min(high, (matrix + 1) * height)
        first = block[FIRST] + matrix * height * width
        for c in range(0, width, lanes):
            for r in range(low - matrix * height, end - matrix * height, lanes):
                at, out_at = first + r * width + c, first + c * height + r
                if c + lanes <= width and r + lanes <= end - matrix * height:
                    transpose_tile(x, at, width, out, out_at, height)  # type: ignore[call-arg]
                else:
                    for i in range(min(lanes, width - c)):
                        for j in range(min(lanes, end - matrix * height - r)):
                            out[out_at + i * height + j] = x[at + j * width + i]
        low = end


@inner
def _sizes(kind, rate, step):
    """Adam's step size and ε with the corrections of both moments' bias."""
    root = math.sqrt(1.0 - BETA2**step)
    return kind(rate * root / (1.0 - BETA1**step)), kind(EPSILON * root)


@inner
def _adam(theta, gradient, scale, m, v, size, epsilon):
    """Adam with bias correction, all (n,). Source: Kingma and Ba 2015, Algorithm 1."""
    kind = theta.dtype.type
    b1, b2, one = kind(BETA1), kind(BETA2), kind(1)
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
    """Take a step; kind: one of :data:`OPTIMISERS`."""
    of_theta = theta.dtype.type
    size, epsilon = _sizes(of_theta, rate, step)
    for b in range(len(blocks)):
        block = blocks[b]
        begin, end = _rows_of(part, parts, block)
        for low in range(begin, end, TOGETHER):
            high = min(end, low + TOGETHER)
            own = slice(block[FIRST] + low * block[WIDTH], block[FIRST] + high * block[WIDTH])
            if kind == ADAM:
                _adam(theta[own], gradient[own], scale, m[own], v[own], size, epsilon)
            else:
                _sgd(theta[own], gradient[own], of_theta(rate) * scale)
            if block[HEIGHT] > 0:
                _transpose(theta, transposed, block, low, high)
