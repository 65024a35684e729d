"""Gated recurrent units (GRU) over a packed batch: a hidden layer with reset gates r and update gates z.

    r, z = σ(U x(t) + W h(t−1) + b),   n = tanh(U x(t) + b + r ∘ m),   m(t) = W h(t−1) + bias
    h(t) = (1 − z) ∘ n + z ∘ h(t−1),   h before the first token being 0

each gate having its own rows of U, W and b, the candidate n a second bias. Batches are packed as in
:mod:`rnncli.kernels.packed`; the functions, and why their loops are short, are those of
:mod:`rnncli.kernels.lstm`.

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder"; r after the product
instead of before it, as in cuDNN and PyTorch, so that one product serves all gates. Gates in PyTorch's order.
"""

import numpy as np

from rnncli.kernels.activation import SIGMOID, activate, exp
from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import add_nn
from rnncli.kernels.packed import sentences_of, step
from rnncli.kernels.parallel import parallel


@inner
def _start_product(a, m, bias):
    """Before the product: copy the candidate's U x + b, a[2H :], to m (H), and put bias (H) in its place.

    The product W h(t−1), which is added to a (3·H), then leaves W h(t−1) + bias in a[2H :].
    """
    n = a[2 * len(m) :]
    for u in range(len(m)):
        m[u] = n[u]
        n[u] = bias[u]


@inner
def _forward_row(a, m, memory, h):
    """One token: activate the gates a (3·H) and fill h (H) from them and from ``memory``, h(t−1) (H).

    As :func:`_start_product` left them, m (H) holds the candidate's U x + b, and a[2H :] holds m. OUT: m, and the
    candidate in a[2H :].
    """
    units = len(h)
    one, two = a.dtype.type(1), a.dtype.type(2)
    activate(a[: 2 * units], SIGMOID)
    r, z, n = a[:units], a[units : 2 * units], a[2 * units :]
    for u in range(units):
        x, product = m[u], n[u]
        n[u] = one - two / (exp(two * (x + r[u] * product)) + one)
        m[u] = product
    for u in range(units):
        h[u] = n[u] + z[u] * (memory[u] - n[u])


@parallel
def forward(part, parts, a, s, h, weight, bias, offsets, activation):
    """Fill the hidden layer of each direction.

    a        (N, R·3·H)   in: U x + b; OUT: the gates r, z, n; direction r in columns r·3·H : (r + 1)·3·H
    s        (N, R·H)     OUT: m = W h(t−1) + bias, which r multiplies
    h        (N, R·H)     OUT: the hidden layer
    weight   (R, H, 3·H)  Wᵀ of each direction; the second direction reads backward
    bias     (R·H,)       of m
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
            for row in range(first, end):
                _start_product(a[row, gates], s[row, columns], bias[columns])
            add_nn(h, source, column, weight[direction], a, first, gate, rows)
            for r in range(end - first):
                row = first + r
                memory = h[source + r, columns] if r < rows else zeros
                _forward_row(a[row, gates], s[row, columns], memory, h[row, columns])


@inner
def _add_through_update_gate(z, dh, dmemory):
    """Gradient of z ∘ h(t−1) with respect to h(t−1): dmemory += dh ∘ z, all (H,)."""
    for u in range(len(z)):
        dmemory[u] += dh[u] * z[u]


@inner
def _backward_row(dh, a, m, memory, da, dwh):
    """One token: from dh = ∂L/∂h (H) fill da (3·H) and dwh = ∂L/∂(W h(t−1)) (3·H); m (H) becomes ∂L/∂m.

    memory  (H,)  h(t−1)
    """
    units = len(dh)
    one = a.dtype.type(1)
    r, z, n = a[:units], a[units : 2 * units], a[2 * units :]
    dr, dz, dn, dm = dwh[:units], dwh[units : 2 * units], da[2 * units :], dwh[2 * units :]
    for u in range(units):
        dn[u] = dh[u] * (one - z[u]) * (one - n[u] * n[u])
    for u in range(units):
        dr[u] = dn[u] * m[u] * r[u] * (one - r[u])
    for u in range(units):
        dm[u] = dn[u] * r[u]
        m[u] = dm[u]
    for u in range(units):
        dz[u] = dh[u] * (memory[u] - n[u]) * z[u] * (one - z[u])
    for u in range(2 * units):
        da[u] = dwh[u]


@parallel
def backward(part, parts, dh, a, s, h, memory, weight, offsets, activation, da, dwh):
    """BPTT: from the gradient of the hidden layer to that of the input product.

    dh       (N, R·H)     in: ∂L/∂h from above; OUT: the whole ∂L/∂h
    a, s, h               as :func:`forward` left them; s: OUT ∂L/∂m, whose sum is the gradient of the bias
    memory   (N, R·H)     h(t−1)
    weight   (R, 3·H, H)  W itself
    da       (N, R·3·H)   OUT: ∂L/∂(U x + b)
    dwh      (N, R·3·H)   OUT: ∂L/∂(W h(t−1)), r ∘ da for the candidate, else da
    """
    directions, width, units = weight.shape
    for direction in range(directions):
        low, high = sentences_of(part, parts, direction, directions, offsets)
        column = direction * units
        gate = direction * width
        columns = slice(column, column + units)
        gates = slice(gate, gate + width)
        update = slice(gate + units, gate + 2 * units)
        for k in range(len(offsets) - 1):
            first, end, source, rows = step(offsets, 1 - direction, k, low, high)
            add_nn(dwh, source, gate, weight[direction], dh, first, column, rows)
            for r in range(rows):
                _add_through_update_gate(a[source + r, update], dh[source + r, columns], dh[first + r, columns])
            for row in range(first, end):
                _backward_row(
                    dh[row, columns],
                    a[row, gates],
                    s[row, columns],
                    memory[row, columns],
                    da[row, gates],
                    dwh[row, gates],
                )
