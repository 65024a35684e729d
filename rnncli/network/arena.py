"""Where a batch is worked on: memory that is used again for every batch, and the queue that its kernels share.

If every batch asked the system for memory and gave it back, training a small network would take a third longer.
"""

import math

import numpy as np
from numpy.typing import DTypeLike

from rnncli.kernels.parallel import SERIAL
from rnncli.parameters import Array

_LINE = 64  # bytes: arrays begin where a vector register's worth of memory does


class Arena:
    """Hands out arrays end to end; :meth:`clear` takes all of them back, whoever still looks at them."""

    def __init__(self, queue: Array | None = None) -> None:
        """``queue``: of :mod:`rnncli.kernels.parallel`; without one, the kernels are run by their caller alone."""
        self.queue = SERIAL if queue is None else queue
        self._bytes = np.empty(0, np.uint8)
        self._used = 0

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array with anything in it, as :func:`numpy.empty` does."""
        size = math.prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
        start = self._used
        self._used += -(-size // _LINE) * _LINE
        if self._used > len(self._bytes):  # the first time, and for a batch larger than any before
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self._bytes.data, start)

    def like(self, array: Array) -> Array:
        """Return an array of the same shape and type."""
        return self.empty(array.shape, array.dtype)

    def clear(self) -> None:
        """Begin again; there is memory now for as much as was asked for since the last time."""
        if self._used > len(self._bytes):
            self._bytes = np.empty(self._used + self._used // 8, np.uint8)
        self._used = 0
