"""A recurrent layer whose memory is the *output*, together with the output layer.

    Jordan   h(t) = φ(U x(t) + Wy ŷ(t−1) + b)
    hybrid   h(t) = φ(U x(t) + Wy ŷ(t−1) + W h(t−1) + b)
    both     o(t) = V (m(t) ∘ h(t)) + c,   ŷ(t) = softmax(o(t)),   ŷ and h before the first token being 0

m is the dropout mask: see :mod:`rnncli.kernels.dropout`. BPTT goes through the softmax that is fed back: with
g = Wyᵀ ∂L/∂a(t+1), the gradient of the scores of step t is ∂L/∂o(t) = that of the loss itself + ŷ ∘ (g − ⟨g, ŷ⟩).

Source: Jordan 1986, "Serial order"; hybrid: Mesnil et al. 2015, "Using recurrent neural networks for slot
filling in spoken language understanding". Batches are packed as in :mod:`rnncli.kernels.packed`.
"""

import numpy as np

from rnncli.kernels.activation import activate, through_activation
from rnncli.kernels.compile import inner
from rnncli.kernels.dropout import drop_row
from rnncli.kernels.matmul import add_nn, clear
from rnncli.kernels.output import softmax_row
from rnncli.kernels.packed import SENTENCE_UNIT, step
from rnncli.kernels.parallel import parallel, share_of_sentences


@parallel
def forward(part, parts, h, key, rate, read, y, fed, forced, weight, output_weight, v, c, offsets, activation):
    """Fill the hidden layer and the probabilities.

    h              (N, H)     in: U x + b; OUT: the hidden layer
    key, rate                 of the dropout mask m; rate 0: nothing is dropped
    read           (N, H)     OUT: m ∘ h; may be h where nothing is dropped
    y              (N, K)     OUT: ŷ
    fed            (N, K)     OUT: what is fed back, ŷ or the unit vector of a forced tag; may be y itself
    forced         (N,)       int32, the tag that is fed back in place of ŷ, −1: ŷ itself; (0,): ŷ everywhere
    weight         (R, H, H)  Wᵀ; R = 1 for hybrid, 0 for Jordan
    output_weight  (K, H)     Wyᵀ
    v              (H, K)     Vᵀ
    c              (K,)
    offsets        (T + 1,)   int64, first row of each step
    activation                of :data:`rnncli.kernels.activation.CODES`
    """
    low, high = share_of_sentences(part, parts, offsets, SENTENCE_UNIT)
    mask = np.empty(h.shape[1], h.dtype)
    for t in range(len(offsets) - 1):
        first, end, source, rows = step(offsets, 0, t, low, high)
        add_nn(fed, source, 0, output_weight, h, first, 0, rows)
        if len(weight) > 0:
            add_nn(h, source, 0, weight[0], h, first, 0, rows)
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
    """Add the gradient of the scores through ŷ, whose gradient is g: do += ŷ ∘ (g − ⟨g, ŷ⟩); all (K,)."""
    inner = g.dtype.type(0)
    for k in range(len(g)):
        inner += g[k] * y[k]
    for k in range(len(g)):
        do[k] += y[k] * (g[k] - inner)


@parallel
def backward(part, parts, do, dh, g, h, key, rate, y, forced, weight, output_weight, v, offsets, activation):
    """BPTT through both memories.

    do   (N, K)  in: ∂L/∂o of the loss itself; OUT: the whole ∂L/∂o, with that through the feedback
    dh   (N, H)  OUT: ∂L/∂a with a the input of φ
    g    (N, K)  scratch

    A forced tag is a constant, so no gradient passes through it. The weights are W (R, H, H), Wy (H, K) and
    V (K, H) themselves, not transposed; the other arguments are those of :func:`forward`.
    """
    low, high = share_of_sentences(part, parts, offsets, SENTENCE_UNIT)
    mask = np.empty(h.shape[1], h.dtype)
    for k in range(len(offsets) - 1):
        first, end, source, rows = step(offsets, 1, k, low, high)
        for r in range(first, end):
            clear(dh[r])
            clear(g[r])
        add_nn(dh, source, 0, output_weight, g, first, 0, rows)
        for r in range(first, first + rows):
            if len(forced) == 0 or forced[r] < 0:
                _through_softmax(g[r], y[r], do[r])
        add_nn(do, first, 0, v, dh, first, 0, end - first)
        if rate > 0:
            for r in range(first, end):
                drop_row(key, rate, r * h.shape[1], dh[r], mask, dh[r])
        if len(weight) > 0:
            add_nn(dh, source, 0, weight[0], dh, first, 0, rows)
        for r in range(first, end):
            through_activation(dh[r], h[r], activation)
