"""The simple recurrent cell over a packed batch: h(t) = φ(U x(t) + W h(t−1) + b).

A packed batch holds its tokens by time step: rows ``offsets[t] : offsets[t + 1]`` are the tokens at step t of
every sentence that is still running, longest sentence first, so the sentences active at step t + 1 are the
first rows of step t. A net that reads backward walks the same rows from the last step to the first.

Source: Elman 1990, "Finding structure in time"; gradients by back-propagation through time, Werbos 1990.
"""

from rnncli.kernels.activation import activate, through_activation
from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import add_nn, clear, copy
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
        return first, end, 0, 0
    source = offsets[before] + low
    return first, end, source, max(0, min(end - first, offsets[before + 1] - source))


@parallel
def forward(part, parts, h, weight, offsets, activation):
    """Fill h(t) = φ(a(t) + W h(t−1)), h before the first token being 0, for each direction.

    h        (N, R·H)   in: a = U x + b; OUT: the hidden layer; direction r in columns r·H : (r + 1)·H
    weight   (R, H, H)  Wᵀ of each direction; the second direction reads backward
    offsets  (T + 1,)   int64, first row of each step
    """
    directions, units, _ = weight.shape
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * units
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, direction, k, low, high)
            add_nn(h, source, column, weight[direction], h, first, column, rows)
            for r in range(first, end):
                activate(h[r, column : column + units], activation)


@parallel
def backward(part, parts, dh, h, weight, offsets, activation):
    """BPTT: turn the gradient of the hidden layer into that of its input product, in place.

    dh      (N, R·H)   in: ∂L/∂h from above; OUT: ∂L/∂a with a = U x + W h(t−1) + b
    h       (N, R·H)   as :func:`forward` left it
    weight  (R, H, H)  W itself
    """
    directions, units, _ = weight.shape
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * units
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, 1 - direction, k, low, high)
            add_nn(dh, source, column, weight[direction], dh, first, column, rows)
            for r in range(first, end):
                through_activation(dh[r, column : column + units], h[r, column : column + units], activation)


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
