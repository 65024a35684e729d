"""How kernels are compiled: ``@jit`` for what Python calls, ``@inner`` for what only kernels call."""

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
    """Compile ``function`` when it is first called, without the GIL; those of this package come from the cache."""
    kernel = numba.njit(**OPTIONS)(function)
    if function.__module__.startswith(f"{__package__}."):
        if not isinstance(getattr(kernel, "_cache", None), internals.NullCache):
            raise internals.missing("numba.core.dispatcher.Dispatcher._cache")
        kernel._cache = KernelCache(function)
    return kernel


def inner(function: Callable[..., Any]) -> Any:
    """Compile ``function`` for kernels alone, as a part of each that calls it; called from Python it is itself.

    The code that lets Python call a compiled function, and a file in the cache, are a tenth of the time to compile.
    """
    return numba.extending.register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(function)
