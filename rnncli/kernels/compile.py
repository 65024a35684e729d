"""The one ``@jit`` decorator, and the private, content-addressed cache of compiled kernels.

Numba does not notice an edit to a jitted helper in another file, so the name of the cache directory holds a
hash of all kernel sources, the Numba version and the CPU. Its cache files are pickles, so the directory is
readable by its owner alone and never lies under a shared temporary directory.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numba.extending
import platformdirs

# Re-association and contraction let the compiler vectorise sums. Never "nnan" or "ninf": with those it deletes
# the checks that keep NaN out of a saved model.
FASTMATH = {"reassoc", "contract", "nsz", "arcp"}


def source_hash() -> str:
    """Return 16 hexadecimal digits that change with any kernel source, the Numba version or the CPU."""
    digest = hashlib.sha256(f"{numba.__version__} {llvm.get_host_cpu_name()}".encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _private_directory() -> str | None:
    """Create the cache directory for this version of the kernels; ``None`` if no safe place can be written."""
    try:
        path = Path(platformdirs.user_cache_dir("rnncli", appauthor=False)) / "kernels" / source_hash()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
        foreign = hasattr(os, "getuid") and (
            status.st_uid != os.getuid() or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
        )
        return str(path) if not foreign and os.access(path, os.W_OK) else None
    except (OSError, RuntimeError):  # RuntimeError: no home directory
        return None


CACHE_DIRECTORY = _private_directory()


def is_warm() -> bool:
    """Tell whether kernels of this version were compiled on this machine before."""
    return CACHE_DIRECTORY is not None and any(Path(CACHE_DIRECTORY).rglob("*.nbc"))


def jit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` on first call, without the GIL, cached where :data:`CACHE_DIRECTORY` allows.

    Numba chooses a function's cache file while decorating, so its global setting is ours only for that moment
    and a program that imports rnncli keeps its own.
    """
    settings: Any = numba.config
    previous = settings.CACHE_DIR
    settings.CACHE_DIR = CACHE_DIRECTORY or ""
    try:
        cached = CACHE_DIRECTORY is not None
        return numba.njit(nogil=True, fastmath=FASTMATH, cache=cached, error_model="numpy")(function)
    finally:
        settings.CACHE_DIR = previous


def inner(function: Callable[..., Any]) -> Any:
    """Compile ``function`` for kernels alone, as a part of each that calls it; called from Python it is itself.

    What only Python needs of a compiled function, and its place in the cache, are a tenth of the time to compile.
    """
    options = {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy"}
    return numba.extending.register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function)
