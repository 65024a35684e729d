"""Dropout by a counter-based generator: whether element i is dropped depends on a key and on i alone.

So no mask is stored: the backward pass computes the same elements again.
"""

import numpy as np

from rnncli.kernels.compile import inner
from rnncli.kernels.matmul import copy
from rnncli.kernels.parallel import parallel, share
from rnncli.kernels.tile import ROWS


@inner
def _mix(x):
    """A bijection of uint32 whose every output bit depends on every input bit (two multiply-xorshift rounds).

    Source: "lowbias32", Chris Wellons 2018. Numba widens uint32 arithmetic to uint64, hence the casts.
    """
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@inner
def _fill(mask, at, key, threshold, keep, drop):
    """Fill mask (n,), the elements ``at`` : at + n of the whole mask, with ``keep`` or ``drop``."""
    for i in range(len(mask)):
        mask[i] = keep if _mix(np.uint32(_mix(np.uint32(at + i)) + key)) >= threshold else drop


@inner
def drop_row(key, rate, at, x, mask, out):
    """Compute out = m ∘ x, all (n,), with the elements ``at`` : at + n of the whole mask; mask (n,) is scratch.

    ``out`` may be x. A loop that reads and writes the same array under two names does not vectorise.
    """
    kind = x.dtype.type
    _fill(mask, at, key, np.uint32(min(rate * 4294967296.0, 4294967295.0)), kind(1.0 / (1.0 - rate)), kind(0))
    for i in range(len(x)):
        mask[i] *= x[i]
    copy(mask, out)


@parallel
def drop(part, parts, key, rate, x, out):
    """Compute out = m ∘ x, both (N, D), where m is 0 with probability ``rate``, else 1 / (1 − rate).

    key  uint32
    out  may be x

    Source: Srivastava et al. 2014, "Dropout", in the inverted form, so that tagging needs no factor.
    """
    first, end = share(part, parts, len(x), ROWS)
    mask = np.empty(x.shape[1], x.dtype)
    for r in range(first, end):
        drop_row(key, rate, r * x.shape[1], x[r], mask, out[r])
