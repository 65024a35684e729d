"""The simple recurrent cell over a packed batch: h(t) = φ(U x(t) + W h(t−1) + b).

Batches are packed as in :mod:`rnncli.kernels.packed`. All cells have the same two functions with the same
arguments.

Source: Elman 1990, "Finding structure in time"; gradients by back-propagation through time, Werbos 1990.
"""

from rnncli.kernels.activation import activate, through_activation
from rnncli.kernels.matmul import add_nn
from rnncli.kernels.packed import sentences_of, step
from rnncli.kernels.parallel import parallel


@parallel
def forward(part, parts, a, s, h, weight, bias, offsets, activation):
    """Fill h(t) = φ(a(t) + W h(t−1)), h before the first token being 0, for each direction.

    a           (N, R·H)   h itself: the one gate of this cell is the hidden layer
    s           (N, 0)     not used
    h           (N, R·H)   in: U x + b; OUT: the hidden layer; direction r in columns r·H : (r + 1)·H
    weight      (R, H, H)  Wᵀ of each direction; the second direction reads backward
    bias        (0,)       not used
    offsets     (T + 1,)   int64, first row of each step
    activation  one of :data:`rnncli.kernels.activation.CODES`
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
def backward(part, parts, dh, a, s, h, memory, weight, offsets, activation, da, dwh):
    """BPTT: turn the gradient of the hidden layer into that of its input product, in place.

    dh            (N, R·H)   in: ∂L/∂h from above; OUT: ∂L/∂a with a = U x + W h(t−1) + b
    a, s, memory             not used
    h             (N, R·H)   as :func:`forward` left it
    weight        (R, H, H)  W itself
    da, dwh                  dh itself
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
