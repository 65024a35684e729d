"""Parts of every recurrence in plain NumPy: the order in which a direction reads, and the steps of BPTT."""

from collections.abc import Iterator

import numpy as np

from rnncli.plain import Array


def directions(x: Array, count: int) -> list[Array]:
    """The columns of each direction, (T, …, R·M) -> R times (T, …, M), with rows in the order in which it reads."""
    return [part if r == 0 else part[::-1] for r, part in enumerate(np.split(x, count, axis=-1))]


def previous(x: Array) -> Array:
    """x(t−1) for every t, of the shape of x (T, …); 0 at the first step."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def times(x: Array, w: Array) -> Array:
    """The product x w along the last axis; x (…, D), w (D, M), the result (…, M)."""
    return np.asarray((x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[1]))


def backwards(d: Array) -> Iterator[tuple[int, slice]]:
    """Yield the steps from the last to the first, each with the rows of M whose gradient may not be 0 there.

    d  (T, …, M, ·) the gradient of each step from the layer above. If each of the M scalars is a score of one
       token, in the order of the text, half of all rows are 0 and left out.
    """
    is_nonzero = (d != 0).any(axis=-1)
    while is_nonzero.ndim > 2:
        is_nonzero = is_nonzero.any(axis=1)
    first = d.shape[-2]
    end = 0
    for t in range(len(d) - 1, -1, -1):
        rows = np.flatnonzero(is_nonzero[t])
        if len(rows):
            first = min(first, int(rows[0]))
            end = max(end, int(rows[-1]) + 1)
        yield t, slice(min(first, end), end)
