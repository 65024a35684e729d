"""Packed batches: which rows a part of a kernel does, and what a step reads from the one before.

A packed batch holds its tokens by time step: rows ``offsets[t] : offsets[t + 1]`` are the tokens at step t of
every sentence that is still running, longest sentence first, so the sentences active at step t + 1 are the
first rows of step t. A net that reads backward walks the same rows from the last step to the first.

Where ``offsets[0]`` is not 0, the rows before it hold what the first sentences remember of tokens that were read
earlier: the forward direction goes on from there.
"""

from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import clear, copy
from rnncli.kernels.parallel import parallel, share_of_sentences

# Sentences that a part takes together: products of fewer rows are slow.
TOGETHER = 8


@inner
def sentences_of(part, parts, direction, directions, offsets):
    """The first and the end of the sentences that a part does in a direction, which few parts share; 0, 0: none."""
    shares = -(-parts // directions)
    which = part if part % directions == direction else part + parts
    if which % directions != direction or which >= directions * shares:
        return 0, 0
    return share_of_sentences(which // directions, shares, offsets, TOGETHER)


@inner
def step(offsets, direction, k, low, high):
    """Find step k in the order in which a direction reads (0 forward, 1 backward), and the step read before it.

    Returns ``first, end, source, rows``: its tokens of the sentences low : high are rows first : end, and the first
    ``rows`` of them go on from rows source : source + rows. BPTT walks the other way, so there ``1 - direction``
    finds the tokens read next.
    """
    last = len(offsets) - 2
    t, before = (k, k - 1) if direction == 0 else (last - k, last - k + 1)
    first = offsets[t] + low
    end = max(first, min(offsets[t] + high, offsets[t + 1]))
    if k == 0:
        carried = offsets[0] if direction == 0 else 0
        return first, end, low, max(0, min(end - first, carried - low))
    source = offsets[before] + low
    return first, end, source, max(0, min(end - first, offsets[before + 1] - source))


@parallel
def shift(part, parts, values, directions, offsets, out):
    """out[row of step t] = values[row of the step read before t], 0 where a sentence begins, in each direction.

    values, out  (N, R·width)  direction r in columns r·width : (r + 1)·width; out: OUT
    """
    width = values.shape[1] // directions
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * width
        own = slice(column, column + width)
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, direction, k, low, high)
            for r in range(rows):
                copy(values[source + r, own], out[first + r, own])
            for r in range(first + rows, end):
                clear(out[r, own])
