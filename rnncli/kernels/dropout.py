"""Dropout masks from a counter-based generator: element i of a mask depends on the key and on i alone."""

import numpy as np

from rnncli.kernels.compile import jit
from rnncli.kernels.shared import share, shared
from rnncli.kernels.tile import ROWS


@jit
def _mix(x):
    """A bijection of uint32 whose every output bit depends on every input bit (two multiply-xorshift rounds).

    Source: "lowbias32", Chris Wellons 2018. Numba widens uint32 arithmetic to uint64, hence the casts.
    """
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@jit
def _fill(mask, at, key, threshold, keep, drop):
    """Fill a row, (n,), whose first element is number ``at`` of the mask."""
    for i in range(len(mask)):
        mask[i] = keep if _mix(np.uint32(_mix(np.uint32(at + i)) + key)) >= threshold else drop


@shared
def fill_mask(part, parts, key, rate, mask):
    """Fill mask (N, D) with 0 with probability ``rate`` and with 1 / (1 − rate) otherwise; key uint32.

    Source: Srivastava et al. 2014, "Dropout", in the inverted form that leaves tagging unchanged.
    """
    threshold = np.uint32(min(rate * 4294967296.0, 4294967295.0))
    keep, drop = mask.dtype.type(1.0 / (1.0 - rate)), mask.dtype.type(0)
    first, end = share(part, parts, len(mask), ROWS)
    for r in range(first, end):
        _fill(mask[r], r * mask.shape[1], key, threshold, keep, drop)


@jit
def _multiply(x, y, out):
    """Out = x ∘ y, all (n,)."""
    for i in range(len(out)):
        out[i] = x[i] * y[i]


@shared
def apply(part, parts, x, mask, out):
    """Compute out = mask ∘ x, all (N, D); out may be x."""
    first, end = share(part, parts, len(mask), ROWS)
    for r in range(first, end):
        _multiply(x[r], mask[r], out[r])
