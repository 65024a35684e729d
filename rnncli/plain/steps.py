"""What every recurrence in plain NumPy needs: the order in which a direction reads, and the steps of BPTT."""

from collections.abc import Iterator

import numpy as np

from rnncli.plain import Array


def directions(x: Array, count: int) -> list[Array]:
    """The columns of each direction, (T, …, R·M) -> R times (T, …, M), with rows in the order in which it reads."""
    return [part if r == 0 else part[::-1] for r, part in enumerate(np.split(x, count, axis=-1))]


def before(x: Array) -> Array:
    """The row of the step before, x(t−1); 0 at the first step."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def times(x: Array, w: Array) -> Array:
    """X w along the last axis as one product."""
    return np.asarray((x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[1]))


def backwards(d: Array) -> Iterator[tuple[int, slice]]:
    """The steps from the last to the first, each with the rows of M that a gradient can have reached by then.

    d  (T, …, M, ·) what reaches each step from above. Where the M scalars are the scores of one token each, in the
       order of the text, half of all rows are 0 and left out.
    """
    reached = (d != 0).any(axis=-1)
    while reached.ndim > 2:
        reached = reached.any(axis=1)
    first = d.shape[-2]
    end = 0
    for t in range(len(d) - 1, -1, -1):
        rows = np.flatnonzero(reached[t])
        if len(rows):
            first = min(first, int(rows[0]))
            end = max(end, int(rows[-1]) + 1)
        yield t, slice(min(first, end), end)
