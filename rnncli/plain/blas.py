"""BLAS on one thread: products with one vector are too small for several, which would wait for each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

_lock = RLock()
_controllers: list[Any] = []  # one, made when it is first needed


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which NumPy's products take one thread; afterwards they take as many as before.

    The number belongs to the whole process, and only the thread that has set it can set it back (threadpoolctl from
    3.8 on), so one thread at a time is let in.
    """
    # The command line sets this before NumPy is loaded, and saves the time to load threadpoolctl.
    if os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        yield
        return
    with _lock:
        if not _controllers:
            from threadpoolctl import ThreadpoolController

            _controllers.append(ThreadpoolController())
        with _controllers[0].limit(limits=1, user_api="blas"):
            yield
