"""Memory that is used again for every batch, and the work queue of the kernels.

If memory were allocated and freed for every batch, training a small network would take a third longer.
"""

import math

import numpy as np
from numpy.typing import DTypeLike

from rnncli.kernels.parallel import SERIAL
from rnncli.parameters import Array

_LINE = 64  # bytes: the address of every array is a multiple, as wide as the widest vector register


class Arena:
    """Allocates arrays end to end in one block of memory; :meth:`clear` makes all of them invalid."""

    def __init__(self, queue: Array | None = None) -> None:
        """``queue``: a work queue of :mod:`rnncli.kernels.parallel`; without it the caller does all work."""
        self.queue = SERIAL if queue is None else queue
        self._memory = np.empty(0, np.uint8).data
        self._used = 0

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array that is not initialised, as :func:`numpy.empty` does."""
        dtype = np.dtype(dtype)
        size = math.prod(shape if isinstance(shape, tuple) else (shape,)) * dtype.itemsize
        start = self._used
        self._used += -(-size // _LINE) * _LINE
        if self._used > len(self._memory):  # the first time, and for a batch larger than any before
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self._memory, start)

    def like(self, array: Array) -> Array:
        """Return an array of the same shape and type."""
        return self.empty(array.shape, array.dtype)

    def clear(self) -> None:
        """Use the memory again from its start; it is enlarged if the arrays since the last call did not fit."""
        if self._used > len(self._memory):
            self._memory = np.empty(self._used + self._used // 8, np.uint8).data
        self._used = 0
