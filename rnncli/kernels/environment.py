"""Loads Numba, and refuses the environment variables ``NUMBA_…`` with which the kernels cannot run."""

import importlib
import os
import re
import sys
import warnings
from typing import Any, NoReturn

from rnncli.errors import UsageError


def load_numba() -> None:
    """Import Numba; a variable that it cannot use is a :class:`.UsageError`."""
    features = "NUMBA_CPU_FEATURES"
    if features in os.environ:
        _check_features(features)
    try:
        with warnings.catch_warnings():
            # Numba prints the traceback of a value that it cannot read, and goes on without it.
            warnings.filterwarnings("error", "Environment variable 'NUMBA_")
            import numba
            import numba.np.linalg
    except (ValueError, RuntimeWarning) as error:
        names = re.findall(r"NUMBA_\w+", str(error)) or sorted(n for n in os.environ if n.startswith("NUMBA_"))
        if not names:
            raise
        _refuse(*dict.fromkeys(names))
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        _refuse("NUMBA_DISABLE_JIT", why="the kernels would not be compiled, and take hundreds of times as long")
    _skip_blas(numba.np.linalg)


def _skip_blas(linalg: Any) -> None:
    """Import the module of Numba that looks for a BLAS, and let it find none.

    With the first kernel Numba imports the linear algebra of SciPy where it is installed, which takes a good part
    of a start. No kernel uses it. For other functions that Numba compiles, np.dot and np.linalg still import it;
    only np.convolve and np.correlate then add up by themselves.
    """
    name = "ensure_blas"
    original = getattr(linalg, name, None)
    if original is None or "numba.np.arraymath" in sys.modules or "scipy.linalg.cython_blas" in sys.modules:
        return

    def find_none() -> NoReturn:
        raise ImportError("not looked for")

    try:
        setattr(linalg, name, find_none)
        arraymath = importlib.import_module("numba.np.arraymath")
        setattr(arraymath, name, original)
    finally:
        setattr(linalg, name, original)


def _check_features(name: str) -> None:
    """Refuse features of the processor that LLVM does not know: it would end the process."""
    import llvmlite.binding as llvm

    known = llvm.get_host_cpu_features()
    for feature in filter(None, os.environ[name].split(",")):
        if feature[:1] not in ("+", "-") or feature[1:] not in known:
            _refuse(name, why=f'"{feature}" is no feature of a processor, such as +avx2')


def _refuse(*names: str, why: str = "Numba cannot use its value") -> NoReturn:
    values = ", ".join(f"{name}={os.environ.get(name, '')}" for name in names)
    raise UsageError(f"the environment variable {values}: {why}", hint=f"remove it: unset {' '.join(names)}")
