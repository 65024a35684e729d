"""Small dense products over rows of tokens, accumulated in place; the two forms that a layer needs.

    add_nn   out += a b    forward, with b a transposed weight; gradient of inputs, with b a weight
    add_tn   out += aᵀ b   gradient of weights

Both read b and write ``out`` along their rows, so nothing is copied here. Weights are stored as in the
equations, (outputs, inputs); the forward pass takes them transposed, once for all products of a step of the
optimiser: a third form, out += a bᵀ, would read b down its columns, or as dot products reach half the speed.

A block is named by its first row and column in a larger array: a step of a batch, one direction of two.
Measured, one thread, float32, 128 units: 30 GFLOP/s for 1 row, 120 for 4, 150–175 for 8, 180–240 from 32 on.
"""

from rnncli.kernels.compile import jit
from rnncli.kernels.tile import ROWS, VECTOR_BYTES, VECTORS, add_tile

# Rows of b that are used again for every row of a, as wide as a tile, should stay in a core's cache: 64 kB.
TERMS = 256
LINE = 16  # float32 numbers of a line of the cache


@jit
def _add(a, a_at, across, along, b, b_at, out, out_at, rows, columns, terms):
    """Cover a block with tiles; the arguments are those of :func:`add_tile`, with ``terms`` for k."""
    width = VECTORS * VECTOR_BYTES // a.itemsize
    for q in range(0, terms, TERMS):
        k, aq, bq = min(TERMS, terms - q), a_at + q * along, b_at + q * b.shape[1]
        for c in range(0, columns, width):
            for r in range(0, rows, ROWS):
                ar, o, m, n = aq + r * across, out_at + r * out.shape[1] + c, rows - r, columns - c
                add_tile(a, ar, across, along, b, bq + c, out, o, m, n, k)  # type: ignore[call-arg]


@jit
def add_nn(a, a_row, a_col, b, out, out_row, out_col, rows):
    """out[out_row:+rows, out_col:+n] += a[a_row:+rows, a_col:+k] b, b (k, n)."""
    k, n = b.shape
    a_at, out_at = a_row * a.shape[1] + a_col, out_row * out.shape[1] + out_col
    _add(a, a_at, a.shape[1], 1, b, 0, out, out_at, rows, n, k)


@jit
def add_tn(a, a_row, a_col, b, b_row, b_col, out, rows):
    """Add: out += a[a_row:+rows, a_col:+m]ᵀ b[b_row:+rows, b_col:+n], out (m, n)."""
    m, n = out.shape
    a_at, b_at = a_row * a.shape[1] + a_col, b_row * b.shape[1] + b_col
    _add(a, a_at, 1, a.shape[1], b, b_at, out, 0, m, n, rows)


@jit
def project(x, weight, bias, out):
    """Compute out = x Wᵀ + bias: a layer's input product for all tokens at once.

    x       (N, D)
    weight  (D, M)  Wᵀ
    bias    (M,)
    out     (N, M)  OUT
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = bias[j]
    add_nn(x, 0, 0, weight, out, 0, 0, len(out))


@jit
def project_backward(dout, weight, dx):
    """Gradient of :func:`project` with respect to x; those of W and b are sums, :func:`add_tn`, :func:`add_sum`.

    dout    (N, M)
    weight  (M, D)  W itself
    dx      (N, D)  OUT
    """
    dx[:] = 0
    add_nn(dout, 0, 0, weight, dx, 0, 0, len(dx))


@jit
def add_sum(dout, out):
    """Add the rows of dout (N, M) to out (M,)."""
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            out[j] += dout[i, j]


@jit
def turn(weight, out, column):
    """out[:, column:+M] = weightᵀ; weight (M, D), out (D, ≥ column + M) OUT."""
    m, d = weight.shape
    whole = m - m % LINE
    for i in range(0, whole, LINE):
        for q in range(d):
            for p in range(LINE):  # so many that the compiler writes them at once
                out[q, column + i + p] = weight[i + p, q]
    for q in range(d):
        for i in range(whole, m):
            out[q, column + i] = weight[i, q]
