"""Table look-ups: a text selects a bag of rows, whose sum, divided by √(rows), stands for it.

A word selects one row, its letter n-grams many. One-hot inputs are columns of U, stored as rows of Uᵀ.

Text i selects ``rows[starts[i] : starts[i + 1]]``. Token n has text ``ids[n]``; below 0 it has none, which adds 0.
Where ``hidden[n]`` it selects row 0 instead, the unknown word; ``hidden`` is empty where no token is hidden.
"""

import math

from rnncli.kernels.compile import jit


@jit
def gather(table, ids, rows, starts, hidden, first, column, out):
    """out[n, column:+D] += Σ table[first + row] / √count, over the rows of token n.

    table         (rows, D)
    ids           (N,)  int32
    rows, starts  (·,), (texts + 1,)  int32, int64
    hidden        (N,) or (0,)  bool
    first         row of the table from which rows count: where a token is seen through a window, its block
    out           (N, ≥ column + D)  +=
    """
    width = table.shape[1]
    for n in range(len(ids)):
        if ids[n] < 0:
            continue
        start, end = starts[ids[n]], starts[ids[n] + 1]
        if len(hidden) > 0 and hidden[n]:
            for d in range(width):
                out[n, column + d] += table[first, d]
        elif end == start + 1:
            row = table[first + rows[start]]
            for d in range(width):
                out[n, column + d] += row[d]
        elif end > start:
            scale = out.dtype.type(1.0 / math.sqrt(end - start))
            for i in range(start, end):
                row = table[first + rows[i]]
                for d in range(width):
                    out[n, column + d] += scale * row[d]


@jit
def _add(out, scale, x):
    """Out += scale x, both (D,); on its own, so that the compiler sees two rows and vectorises."""
    for d in range(len(out)):
        out[d] += scale * x[d]


@jit
def scatter(dout, column, ids, rows, starts, hidden, first, dtable, left, right, seen, stamp, touched, count):
    """Gradient of :func:`gather` for columns left : right of the table, in the order of n; return a new ``count``.

    dout        (N, ≥ column + D)  column d of the table is column + d here
    dtable      (rows, D)  +=
    seen        (rows,)    int64: row r was touched in this step if seen[r] == stamp
    touched     (rows,)    int32  OUT: from ``count`` on the rows that were not touched before
    """
    for n in range(len(ids)):
        if ids[n] < 0:
            continue
        slope = dout[n, column + left : column + right]
        start, end = starts[ids[n]], starts[ids[n] + 1]
        is_hidden = len(hidden) > 0 and hidden[n]
        if is_hidden:
            end = start + 1
        scale = dout.dtype.type(1.0 / math.sqrt(max(1, end - start)))
        for i in range(start, end):
            r = first + (0 if is_hidden else rows[i])
            if seen[r] != stamp:
                seen[r] = stamp
                touched[count] = r
                count += 1
            _add(dtable[r, left:right], scale, slope)
    return count
