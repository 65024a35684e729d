"""How kernels are compiled: ``@jit`` for what Python calls, ``@inner`` for what only kernels call."""

import time
from collections.abc import Callable
from typing import Any

import numba
import numba.extending

from rnncli.kernels import internals
from rnncli.kernels.cache import KernelCache

# Re-association and contraction let the compiler vectorise sums. Never "nnan" or "ninf": with those it deletes
# the checks that keep NaN out of a saved model.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}
OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy"}


def jit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` when it is first called, to run without the GIL; kernels of this package are cached."""
    kernel = numba.njit(**OPTIONS)(function)
    if function.__module__.startswith(f"{__package__}."):
        if not isinstance(getattr(kernel, "_cache", None), internals.NullCache):
            raise internals.missing("numba.core.dispatcher.Dispatcher._cache")
        kernel._cache = KernelCache(function)
    return kernel


def inner(function: Callable[..., Any]) -> Any:
    """Compile ``function`` as a part of every kernel that calls it; a call from Python runs it uncompiled.

    Without the code that lets Python call it and without a file in the cache it compiles a tenth faster.
    """
    return numba.extending.register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(function)


class _Timer(internals.Listener):  # type: ignore[misc]
    """Reports the seconds of each compilation, with those of the kernels within it."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._depth = 0

    def on_start(self, event: Any) -> None:
        if self._depth == 0:
            self._began = time.perf_counter()
        self._depth += 1

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._report(time.perf_counter() - self._began)


def timed(report: Callable[[float], None]) -> Any:
    """A context that reports the seconds in which a kernel was loaded or compiled in it, after each."""
    return internals.install_listener("numba:compiler_lock", _Timer(report))
