"""Table look-ups: a text selects a bag of rows; their sum, divided by √(number of rows), represents it.

A word selects one row, its letter n-grams many. One-hot inputs are columns of U, stored as rows of Uᵀ.

Text i selects ``rows[starts[i] : starts[i + 1]]``. Token n has text ``ids[n]``; below 0 it has none
and adds 0. If ``masked[n]`` it selects row 0 instead, the unknown word; ``masked`` is (0,) if none is masked.
"""

import math

from rnncli.kernels import optimiser
from rnncli.kernels.compile import jit
from rnncli.kernels.matmul import add_row
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import ROWS


@parallel
def gather(part, parts, table, ids, rows, starts, masked, first, column, out):
    """out[n, column:+D] += Σ table[first + row] / √count, over the rows of token n.

    table         (rows, D)
    ids           (N,)  int32
    rows, starts  (·,), (texts + 1,)  int32, int64
    masked        (N,) or (0,)  bool
    first         row of the table where the rows of this slot of the window begin
    out           (N, ≥ column + D)  +=
    """
    one = out.dtype.type(1)
    width = table.shape[1]
    begin, stop = share(part, parts, len(ids), ROWS)
    for n in range(begin, stop):
        if ids[n] < 0:
            continue
        sums = out[n, column : column + width]
        start, end = starts[ids[n]], starts[ids[n] + 1]
        if len(masked) > 0 and masked[n]:
            add_row(sums, one, table[first])
            continue
        scale = out.dtype.type(1.0 / math.sqrt(max(1, end - start)))
        for i in range(start, end):
            add_row(sums, scale, table[first + rows[i]])


@parallel
def scatter(part, parts, dout, column, ids, rows, starts, masked, first, dtable):
    """Gradient of :func:`gather`, in the order of n.

    dout    (N, ≥ column + D)  column d of the table has its gradient in column + d
    dtable  (rows, D)  +=; each part adds to the rows that it owns, see :func:`touch`
    """
    one = dout.dtype.type(1)
    width = dtable.shape[1]
    for n in range(len(ids)):
        if ids[n] < 0:
            continue
        drow = dout[n, column : column + width]
        start, end = starts[ids[n]], starts[ids[n] + 1]
        if len(masked) > 0 and masked[n]:
            if first % parts == part:
                add_row(dtable[first], one, drow)
            continue
        scale = dout.dtype.type(1.0 / math.sqrt(max(1, end - start)))
        for i in range(start, end):
            r = first + rows[i]
            if r % parts == part:
                add_row(dtable[r], scale, drow)


@jit
def touch(ids, rows, starts, masked, first, width, at, stamps, stamp, blocks, count):
    """List the rows of a table that :func:`scatter` adds to; return the new ``count`` of them.

    width   D of the table, which begins at index ``at`` of its vector
    stamps  (rows,)  int64: row r is listed for this batch if stamps[r] == stamp
    blocks  (·, 5)  OUT, from ``count`` on: the rows that were not listed yet, see :mod:`rnncli.kernels.optimiser`
    """
    for n in range(len(ids)):
        if ids[n] < 0:
            continue
        start, end = starts[ids[n]], starts[ids[n] + 1]
        is_masked = len(masked) > 0 and masked[n]
        if is_masked:
            end = start + 1
        for i in range(start, end):
            r = first + (0 if is_masked else rows[i])
            if stamps[r] != stamp:
                stamps[r] = stamp
                block = blocks[count]
                block[optimiser.FIRST] = at + r * width
                block[optimiser.ROWS] = 1
                block[optimiser.WIDTH] = width
                block[optimiser.OWNER] = r
                block[optimiser.HEIGHT] = 0
                count += 1
    return count
