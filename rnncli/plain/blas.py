"""BLAS on one thread: products with one vector are too small for several, which would wait for each other."""

import os
from threading import Lock
from typing import Any


class _OneThread:
    """A context in which NumPy's products take one thread; what was set before comes back when all have left it.

    The number belongs to the whole process, so the first thread to come sets it and the last to leave sets it back.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._controller: Any = None
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            # The command line sets this before NumPy is loaded, and saves the time to load threadpoolctl.
            if self._inside > 1 or os.environ.get("OPENBLAS_NUM_THREADS") == "1":
                return
            if self._controller is None:
                from threadpoolctl import ThreadpoolController

                self._controller = ThreadpoolController()
            self._limit = self._controller.limit(limits=1, user_api="blas")

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._limit is not None:
                self._limit.restore_original_limits()
                self._limit = None


one_thread = _OneThread()
