"""Long short-term memory (LSTM) over a packed batch: a cell state with input, forget and output gates.

    i, f, o = σ(a),   g = tanh(a),   a = U x(t) + W h(t−1) + b, each gate having its own rows of U, W and b
    c(t) = f ∘ c(t−1) + i ∘ g,   h(t) = o ∘ tanh c(t),   h and c before the first token being 0

Batches are packed as in :mod:`rnncli.kernels.packed`; all cells have the same two functions.
The work of a token is done row by row, while the row is in the cache, in many short loops: the compiler does not
vectorise a loop over more than a few arrays, because it must check that they do not overlap.

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory"; f: Gers, Schmidhuber and Cummins 2000,
"Learning to forget: continual prediction with LSTM". Gates in PyTorch's order.
"""

import numpy as np

from rnncli.kernels.activation import SIGMOID, TANH, activate, exp
from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import add_nn
from rnncli.kernels.packed import sentences_of, step
from rnncli.kernels.parallel import parallel


@inner
def _forward_row(a, memory, c, h):
    """One token: activate the gates a (4·H), fill c and h (H) from them and from ``memory``, c(t−1) (H)."""
    units = len(c)
    one, two = a.dtype.type(1), a.dtype.type(2)
    activate(a[: 2 * units], SIGMOID)
    activate(a[2 * units : 3 * units], TANH)
    i, f, g, o = a[:units], a[units : 2 * units], a[2 * units : 3 * units], a[3 * units :]
    for u in range(units):
        c[u] = f[u] * memory[u] + i[u] * g[u]
    activate(o, SIGMOID)
    for u in range(units):
        h[u] = o[u] * (one - two / (exp(two * c[u]) + one))


@parallel
def forward(part, parts, a, s, h, weight, bias, offsets, activation):
    """Fill the hidden layer of each direction.

    a        (N, R·4·H)   in: U x + b; OUT: the gates i, f, g, o; direction r in columns r·4·H : (r + 1)·4·H
    s        (N, R·H)     OUT: c, the cell state
    h        (N, R·H)     OUT: the hidden layer
    weight   (R, H, 4·H)  Wᵀ of each direction; the second direction reads backward
    bias     (0,)         not used: U and W share b
    offsets  (T + 1,)     int64, first row of each step
    activation            not used: that of each gate is given
    """
    directions, units, width = weight.shape
    zeros = np.zeros(units, a.dtype)
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * units
        gate = direction * width
        columns = slice(column, column + units)
        gates = slice(gate, gate + width)
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, direction, k, low, high)
            add_nn(h, source, column, weight[direction], a, first, gate, rows)
            for r in range(end - first):
                memory = s[source + r, columns] if r < rows else zeros
                row = first + r
                _forward_row(a[row, gates], memory, s[row, columns], h[row, columns])


@inner
def _backward_row(dh, a, memory, c, da, dc_next, f_next):
    """One token: turn dh = ∂L/∂h (H) into ∂L/∂c and fill da (4·H).

    memory           (H,)  c(t−1)
    dc_next, f_next  (H,)  ∂L/∂c and the forget gate of the token that was read next; 0 if there is none
    """
    units = len(c)
    one, two = a.dtype.type(1), a.dtype.type(2)
    i, f, g, o = a[:units], a[units : 2 * units], a[2 * units : 3 * units], a[3 * units :]
    di, df, dg, do = da[:units], da[units : 2 * units], da[2 * units : 3 * units], da[3 * units :]
    for u in range(units):
        y = one - two / (exp(two * c[u]) + one)
        do[u] = dh[u] * y * o[u] * (one - o[u])
        dh[u] *= o[u] * (one - y * y)
    for u in range(units):
        dh[u] += dc_next[u] * f_next[u]
    for u in range(units):
        di[u] = dh[u] * g[u] * i[u] * (one - i[u])
    for u in range(units):
        df[u] = dh[u] * memory[u] * f[u] * (one - f[u])
    for u in range(units):
        dg[u] = dh[u] * i[u] * (one - g[u] * g[u])


@parallel
def backward(part, parts, dh, a, s, h, memory, weight, offsets, activation, da, dwh):
    """BPTT: from the gradient of the hidden layer to that of the input product.

    dh       (N, R·H)     in: ∂L/∂h from above; OUT: ∂L/∂c
    a, s, h               as :func:`forward` left them
    memory   (N, R·H)     c(t−1)
    weight   (R, 4·H, H)  W itself
    da, dwh  (N, R·4·H)   OUT: ∂L/∂(U x + b), which is ∂L/∂(W h(t−1)) too: one array
    """
    directions, width, units = weight.shape
    zeros = np.zeros(units, a.dtype)
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * units
        gate = direction * width
        columns = slice(column, column + units)
        gates = slice(gate, gate + width)
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, 1 - direction, k, low, high)
            add_nn(da, source, gate, weight[direction], dh, first, column, rows)
            for r in range(end - first):
                row = first + r
                dc_next = zeros
                f_next = zeros
                if r < rows:
                    dc_next = dh[source + r, columns]
                    f_next = a[source + r, gate + units : gate + 2 * units]
                _backward_row(
                    dh[row, columns],
                    a[row, gates],
                    memory[row, columns],
                    s[row, columns],
                    da[row, gates],
                    dc_next,
                    f_next,
                )
