"""The window of a token: x(t − w) … x(t + w) end to end, 0 where the sentence has no such token."""

from rnncli.kernels.compile import inner, jit
from rnncli.kernels.matmul import add_row, clear, copy
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import ROWS


@inner
def _common(offsets, t, other):
    """Number of sentences that have a token both at step t and at step ``other``: the first rows of both steps."""
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
        first = offsets[t]
        rows = _common(offsets, t, t + distance)
        for r in range(offsets[t + 1] - first):
            out[first + r] = offsets[t + distance] + r if r < rows else -1


@parallel
def look_around(part, parts, x, offsets, window, out):
    """Put the inputs within ``window`` side by side: the token at step t reads x(t − w) … x(t + w).

    x        (N, D)
    offsets  (T + 1,)  int64
    out      (N, (2w + 1) D)  OUT; 0 where the sentence has no such token
    """
    width = x.shape[1]
    low, high = share(part, parts, len(x), ROWS)
    for t in range(len(offsets) - 1):
        for r in range(max(low, offsets[t]), min(high, offsets[t + 1])):
            for slot in range(2 * window + 1):
                other = t + slot - window
                columns = out[r, slot * width : (slot + 1) * width]
                if r - offsets[t] < _common(offsets, t, other):
                    copy(x[offsets[other] + r - offsets[t]], columns)
                else:
                    clear(columns)


@parallel
def look_around_backward(part, parts, dout, offsets, window, dx):
    """Gradient of :func:`look_around`; dout (N, (2w + 1) D), dx (N, D) OUT."""
    width = dx.shape[1]
    one = dx.dtype.type(1)
    low, high = share(part, parts, len(dx), ROWS)
    for t in range(len(offsets) - 1):
        for r in range(max(low, offsets[t]), min(high, offsets[t + 1])):
            clear(dx[r])
            for slot in range(2 * window + 1):
                other = t + window - slot  # the step that reads this token in this slot
                if r - offsets[t] < _common(offsets, t, other):
                    add_row(dx[r], one, dout[offsets[other] + r - offsets[t], slot * width : (slot + 1) * width])


@jit
def add_slot(y, texts, rows, a):
    """a[n] += y[texts[rows[n]]] where rows[n] ≥ 0: add what one slot of the window contributes.

    y      (texts, M)  the products of the distinct texts with the weights of this slot
    texts  (N,)  int32 or int64, the number of each token's text among the distinct texts
    rows   (N,)  int32, as :func:`neighbours` leaves it
    a      (N, M)  +=
    """
    for n in range(len(rows)):
        if rows[n] >= 0:
            add_row(a[n], a.dtype.type(1), y[texts[rows[n]]])
