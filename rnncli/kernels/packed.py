"""Packed batches: number rows a part of a kernel does, and number rows hold the memory that a step reads.

A packed batch holds its tokens by time step: rows ``offsets[t] : offsets[t + 1]`` are the tokens at step t of
every sentence of more than t tokens, longest sentence first, so the sentences of step t + 1 are the first rows of
step t. The backward direction reads the same rows from the last step to the first.

Where ``offsets[0]`` is not 0, the rows before it hold the initial memory of the first sentences, from tokens that
were read earlier; only the forward direction reads it.
"""

from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import clear, copy
from rnncli.kernels.parallel import parallel, share_of_sentences

# A part does a multiple of so many sentences: products of fewer rows are slow.
SENTENCE_UNIT = 8


@inner
def sentences_of(part, parts, direction, directions, offsets):
    """Return the first and the end of the sentences that a part does in a direction; 0, 0: none.

    Each direction is cut into ⌈parts / directions⌉ shares. Part n % parts does share n // directions of
    direction n % directions.
    """
    shares = -(-parts // directions)
    number = part if part % directions == direction else part + parts
    if number % directions != direction or number >= directions * shares:
        return 0, 0
    return share_of_sentences(number // directions, shares, offsets, SENTENCE_UNIT)


@inner
def step(offsets, direction, k, low, high):
    """Find step k in the order in which a direction reads (0 forward, 1 backward), and the step read before it.

    Returns ``first, end, source, rows``: the tokens of the sentences low : high at this step are rows first : end.
    The first ``rows`` of them read their memory from rows source : source + rows; the others have none. BPTT goes
    the other way: there ``1 - direction`` finds the rows of the tokens that were read next.
    """
    last = len(offsets) - 2
    t = k if direction == 0 else last - k
    read_before = t - 1 if direction == 0 else t + 1
    first = offsets[t] + low
    end = max(first, min(offsets[t] + high, offsets[t + 1]))
    if k == 0:
        initial = offsets[0] if direction == 0 else 0
        return first, end, low, max(0, min(end - first, initial - low))
    source = offsets[read_before] + low
    return first, end, source, max(0, min(end - first, offsets[read_before + 1] - source))


@parallel
def shift(part, parts, values, directions, offsets, out):
    """out[row of step t] = values[row of the step read before t], 0 where a sentence begins, in each direction.

    values, out  (N, R·width)  direction r in columns r·width : (r + 1)·width; out: OUT
    """
    width = values.shape[1] // directions
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * width
        columns = slice(column, column + width)
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, direction, k, low, high)
            for r in range(rows):
                copy(values[source + r, columns], out[first + r, columns])
            for r in range(first + rows, end):
                clear(out[r, columns])
