"""BLAS on one thread: for a product with one vector, several threads would mostly wait for each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

_lock = RLock()
_controllers: list[Any] = []  # at most one; made when first needed


@contextmanager
def one_thread() -> Iterator[None]:
    """A context in which NumPy's products use one thread; afterwards they use as many as before.

    The number is one for the whole process, and only the thread that has set it can restore it (threadpoolctl from
    3.8 on), so only one thread at a time can be in this context.
    """
    # The command line sets this before it loads NumPy, which saves the time to load threadpoolctl.
    if os.environ.get("OPENBLAS_NUM_THREADS") == "1":
        yield
        return
    with _lock:
        if not _controllers:
            from threadpoolctl import ThreadpoolController

            _controllers.append(ThreadpoolController())
        with _controllers[0].limit(limits=1, user_api="blas"):
            yield
