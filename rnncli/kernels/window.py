"""The tokens beside a token: x(t − w) … x(t + w) end to end, 0 where the sentence has no such token."""

from rnncli.kernels.compile import jit


@jit
def neighbours(offsets, distance, out):
    """out[row of step t] = row of the same sentence at step t + distance, −1 where there is none.

    offsets   (T + 1,)  int64
    distance  tokens, below 0 to the left
    out       (N,)  int32  OUT
    """
    steps = len(offsets) - 1
    for t in range(steps):
        other = t + distance
        first, end = offsets[t], offsets[t + 1]
        rows = 0
        if 0 <= other < steps:
            rows = min(end - first, offsets[other + 1] - offsets[other])
        for r in range(end - first):
            out[first + r] = offsets[other] + r if r < rows else -1


@jit
def spread(x, rows, column, out):
    """out[n, column:+D] = x[rows[n]], 0 where rows[n] is below 0; x (N, D), out (N, ≥ column + D) OUT."""
    width = x.shape[1]
    for n in range(len(rows)):
        for d in range(width):
            out[n, column + d] = x[rows[n], d] if rows[n] >= 0 else x.dtype.type(0)


@jit
def add_seen(y, texts, rows, a):
    """a[n] += y[texts[rows[n]]], where rows[n] is not below 0: what distinct texts give at one place of a window.

    y      (texts, M)
    texts  (N,)  int32 or int64, the number of each token's text among the distinct ones
    rows   (N,)  int32, as :func:`neighbours` leaves it
    a      (N, M)  +=
    """
    for n in range(len(rows)):
        if rows[n] >= 0:
            source, out = y[texts[rows[n]]], a[n]
            for j in range(len(out)):
                out[j] += source[j]


@jit
def spread_backward(dout, rows, column, dx):
    """Gradient of :func:`spread`: dx[rows[n]] += dout[n, column:+D]; dx (N, D) +=."""
    width = dx.shape[1]
    for n in range(len(rows)):
        if rows[n] >= 0:
            for d in range(width):
                dx[rows[n], d] += dout[n, column + d]
