"""A recurrent layer that keeps the *output* in memory, together with the output layer it keeps.

    Jordan   h(t) = φ(U x(t) + Wy ŷ(t−1) + b)
    hybrid   h(t) = φ(U x(t) + Wy ŷ(t−1) + W h(t−1) + b)
    both     o(t) = V (m(t) ∘ h(t)) + c,   ŷ(t) = softmax(o(t)),   ŷ before the first token being 0

m drops: see :mod:`rnncli.kernels.dropout`. BPTT goes through the softmax that is fed back: with
g = Wyᵀ ∂L/∂a(t+1), the gradient that reaches the scores of step t is ∂L/∂o(t) = direct + ŷ ∘ (g − ⟨g, ŷ⟩).

Source: Jordan 1986, "Serial order"; hybrid: Mesnil et al. 2015, "Using recurrent neural networks for slot
filling in spoken language understanding". Batches are packed as in :mod:`rnncli.kernels.packed`.
"""

import numpy as np

from rnncli.kernels.activation import activate, through_activation
from rnncli.kernels.compile import inner
from rnncli.kernels.dropout import drop_row
from rnncli.kernels.matmul import add_nn, clear
from rnncli.kernels.output import softmax_row
from rnncli.kernels.packed import TOGETHER, step
from rnncli.kernels.parallel import parallel, share_of_sentences


@parallel
def forward(part, parts, h, key, rate, read, y, fed, forced, weight, output_weight, v, c, offsets, activation):
    """Fill the hidden layer and the probabilities.

    h              (N, H)     in: U x + b; OUT: the hidden layer
    key, rate                 of the dropout on what the output layer reads; rate 0: none
    read           (N, H)     OUT: m ∘ h; may be h where nothing is dropped
    y              (N, K)     OUT: ŷ
    fed            (N, K)     OUT: what is fed back, ŷ or the unit vector of a forced tag; may be y itself
    forced         (N,)       int32, the tag that is fed back in place of ŷ, −1 for none; (0,): nowhere
    weight         (R, H, H)  Wᵀ; R = 1 for hybrid, 0 for Jordan
    output_weight  (K, H)     Wyᵀ
    v, c           (H, K), (K,)  Vᵀ and c
    """
    low, high = share_of_sentences(part, parts, offsets, TOGETHER)
    mask = np.empty(h.shape[1], h.dtype)
    for t in range(len(offsets) - 1):
        first, end, before, rows = step(offsets, 0, t, low, high)
        add_nn(fed, before, 0, output_weight, h, first, 0, rows)
        if len(weight) > 0:
            add_nn(h, before, 0, weight[0], h, first, 0, rows)
        for r in range(first, end):
            activate(h[r], activation)
            y[r] = c
            if rate > 0:
                drop_row(key, rate, r * h.shape[1], h[r], mask, read[r])
        add_nn(read, first, 0, v, y, first, 0, end - first)
        for r in range(first, end):
            softmax_row(y[r])
            if len(forced) > 0:
                fed[r] = y[r]
                if forced[r] >= 0:
                    fed[r] = 0
                    fed[r, forced[r]] = 1


@inner
def _through_softmax(g, y, do):
    """Add to the gradient of the scores: do += ŷ ∘ (g − ⟨g, ŷ⟩); all (K,)."""
    inner = g.dtype.type(0)
    for k in range(len(g)):
        inner += g[k] * y[k]
    for k in range(len(g)):
        do[k] += y[k] * (g[k] - inner)


@parallel
def backward(part, parts, do, dh, g, h, key, rate, y, forced, weight, output_weight, v, offsets, activation):
    """BPTT through both memories.

    do   (N, K)  in: ∂L/∂o of the loss itself; OUT: with what reaches it through the feedback
    dh   (N, H)  OUT: ∂L/∂a with a the input of φ
    g    (N, K)  scratch

    A forced tag is given, so no gradient passes through it. The weights are W, Wy and V themselves, not transposed.
    """
    low, high = share_of_sentences(part, parts, offsets, TOGETHER)
    mask = np.empty(h.shape[1], h.dtype)
    for k in range(len(offsets) - 1):
        first, end, after, rows = step(offsets, 1, k, low, high)
        for r in range(first, end):
            clear(dh[r])
            clear(g[r])
        add_nn(dh, after, 0, output_weight, g, first, 0, rows)
        for r in range(first, first + rows):
            if len(forced) == 0 or forced[r] < 0:
                _through_softmax(g[r], y[r], do[r])
        add_nn(do, first, 0, v, dh, first, 0, end - first)
        if rate > 0:
            for r in range(first, end):
                drop_row(key, rate, r * h.shape[1], dh[r], mask, dh[r])
        if len(weight) > 0:
            add_nn(dh, after, 0, weight[0], dh, first, 0, rows)
        for r in range(first, end):
            through_activation(dh[r], h[r], activation)
