"""Small dense products over rows of tokens, accumulated in place, in the two forms that a layer needs.

    add_nn       out += a b    forward, with b a transposed weight; gradient of inputs, with b a weight
    add_product  out += aᵀ b   gradient of weights

Both read b and write ``out`` along their rows, so nothing is transposed. Weights are stored as in the equations,
(outputs, inputs); the forward pass uses transposed copies, made once for each step of the optimiser. A third form,
out += a bᵀ, would read b along its columns; computed as dot products it reaches half the speed.

A block of a larger array, such as a step of a batch or one direction of two, is given by its first row and column.
Measured, one thread, float32, 128 units: 30 GFLOP/s for 1 row, 120 for 4, 150–175 for 8, 180–240 from 32 on.
"""

import numpy as np

from rnncli.kernels.compile import inner
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import ROWS, VECTOR_BYTES, VECTORS, add_tile

# So many rows of b, as wide as a tile, are used for every row of a and stay in a core's first cache: 32 kB.
TERMS = 128
# For so many rows of a they are copied end to end first. In b itself they lie a power of two apart as a rule, so
# that they would take each other's place in the cache.
COPIED_ROWS = 32
LINE = 16  # float32 numbers in a line of the cache


@inner
def _copy_panel(b, at, rows, columns, panel):
    """Copy a block of b, whose first number is at position ``at``, to the first rows and columns of ``panel``."""
    numbers = b.reshape(-1)
    for i in range(rows):
        first = at + i * b.shape[1]
        copy(numbers[first : first + columns], panel[i, :columns])


@inner
def _add(a, a_at, across, along, b, b_at, out, out_at, rows, columns, terms):
    """Cover a block with tiles; the arguments are those of :func:`add_tile`, with ``terms`` for k."""
    width = VECTORS * VECTOR_BYTES // a.itemsize
    is_copied = rows >= COPIED_ROWS
    panel = np.empty((TERMS if is_copied else 0, width), a.dtype)
    for q in range(0, terms, TERMS):
        k = min(TERMS, terms - q)
        aq = a_at + q * along
        bq = b_at + q * b.shape[1]
        for c in range(0, columns, width):
            n = columns - c
            if is_copied:
                _copy_panel(b, bq + c, k, min(n, width), panel)
            for r in range(0, rows, ROWS):
                ar = aq + r * across
                o = out_at + r * out.shape[1] + c
                m = rows - r
                if is_copied:
                    add_tile(a, ar, across, along, panel, 0, out, o, m, n, k)  # type: ignore[call-arg]
                else:
                    add_tile(a, ar, across, along, b, bq + c, out, o, m, n, k)  # type: ignore[call-arg]


@inner
def add_nn(a, a_row, a_col, b, out, out_row, out_col, rows):
    """out[out_row:+rows, out_col:+n] += a[a_row:+rows, a_col:+k] b, b (k, n)."""
    k, n = b.shape
    a_at = a_row * a.shape[1] + a_col
    out_at = out_row * out.shape[1] + out_col
    _add(a, a_at, a.shape[1], 1, b, 0, out, out_at, rows, n, k)


@inner
def copy(source, out):
    """Copy source to out, (n,). Loops over two whole rows vectorise, loops over parts of two arrays do not."""
    for i in range(len(out)):
        out[i] = source[i]


@inner
def add_row(out, scale, x):
    """Add scale · x to out, both (n,)."""
    for i in range(len(out)):
        out[i] += scale * x[i]


@inner
def clear(out):
    """Set out to 0, (n,)."""
    for i in range(len(out)):
        out[i] = 0


@parallel
def project(part, parts, x, weight, bias, out):
    """Compute out = x Wᵀ + bias: a layer's input product for all tokens at once.

    x       (N, D)
    weight  (D, M)  Wᵀ
    bias    (M,)
    out     (N, M)  OUT
    """
    first, end = share(part, parts, len(out), ROWS)
    for i in range(first, end):
        copy(bias, out[i])
    add_nn(x, first, 0, weight, out, first, 0, end - first)


@parallel
def project_backward(part, parts, dout, weight, dx):
    """Gradient of :func:`project` with respect to x, for each direction by itself.

    Those of W and b: :func:`add_product`, :func:`add_sum`.

    dout    (N, R·M)
    weight  (R, M, D)  W itself
    dx      (N, R·D)   OUT
    """
    first, end = share(part, parts, len(dx), ROWS)
    for i in range(first, end):
        clear(dx[i])
    directions, m, d = weight.shape
    for r in range(directions):
        add_nn(dout, first, r * m, weight[r], dx, first, r * d, end - first)


@parallel
def add_product(part, parts, dout, x, directions, out):
    """Gradient of a weight, for each direction by itself: out += doutᵀ x.

    dout  (N, R·M)
    x     (N, R·D)
    out   (R·M, D)  +=
    """
    m = len(out) // directions
    n = out.shape[1]
    first, end = share(part, parts, len(out), LINE)
    for r in range(directions):
        low, high = max(first, r * m), min(end, (r + 1) * m)
        _add(dout, low, 1, dout.shape[1], x, r * n, out, low * n, high - low, n, len(x))


@parallel
def add_sum(part, parts, dout, out):
    """Gradient of a bias: add the rows of dout (N, M) to out (M,)."""
    first, end = share(part, parts, len(out), LINE)
    for i in range(len(dout)):
        add_row(out[first:end], out.dtype.type(1), dout[i, first:end])
