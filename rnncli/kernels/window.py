"""The tokens beside a token: x(t − w) … x(t + w) end to end, 0 where the sentence has no such token."""

from rnncli.kernels.compile import jit
from rnncli.kernels.matmul import LINE
from rnncli.kernels.shared import share, shared


@jit
def _beside(offsets, t, other):
    """How many tokens at step t have one at step ``other``; they are the first rows of both."""
    if not 0 <= other < len(offsets) - 1:
        return 0
    return min(offsets[t + 1] - offsets[t], offsets[other + 1] - offsets[other])


@jit
def neighbours(offsets, distance, out):
    """out[row of step t] = row of the same sentence at step t + distance, −1 where there is none.

    offsets   (T + 1,)  int64
    distance  tokens, below 0 to the left
    out       (N,)  int32  OUT
    """
    for t in range(len(offsets) - 1):
        first, rows = offsets[t], _beside(offsets, t, t + distance)
        for r in range(offsets[t + 1] - first):
            out[first + r] = offsets[t + distance] + r if r < rows else -1


@shared
def look_around(part, parts, x, offsets, window, out):
    """Put the inputs of the tokens within ``window`` side by side: the token at step t sees x(t − w) … x(t + w).

    x        (N, D)
    offsets  (T + 1,)  int64
    out      (N, (2w + 1) D)  OUT; 0 where the sentence has no such token
    """
    width, steps = x.shape[1], len(offsets) - 1
    left, right = share(part, parts, width, LINE)
    for t in range(steps):
        for place in range(2 * window + 1):
            other, own = t + place - window, slice(place * width + left, place * width + right)
            rows = _beside(offsets, t, other)
            for r in range(offsets[t + 1] - offsets[t]):
                row = out[offsets[t] + r, own]
                if r < rows:
                    source = x[offsets[other] + r, left:right]
                    for d in range(len(row)):
                        row[d] = source[d]
                else:
                    for d in range(len(row)):
                        row[d] = 0


@shared
def look_around_backward(part, parts, dout, offsets, window, dx):
    """Gradient of :func:`look_around`; dout (N, (2w + 1) D), dx (N, D) OUT."""
    width, steps = dx.shape[1], len(offsets) - 1
    left, right = share(part, parts, width, LINE)
    for r in range(len(dx)):
        for d in range(left, right):
            dx[r, d] = 0
    for place in range(2 * window + 1):
        own = slice(place * width + left, place * width + right)
        for t in range(steps):
            other = t + place - window
            for r in range(_beside(offsets, t, other)):
                row, source = dx[offsets[other] + r, left:right], dout[offsets[t] + r, own]
                for d in range(len(row)):
                    row[d] += source[d]


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
