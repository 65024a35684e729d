"""Loads Numba, and refuses the environment variables ``NUMBA_…`` with which the kernels cannot run."""

import os
import re
import warnings
from typing import NoReturn

from rnncli.errors import MissingLibraryError, UsageError

NUMBA = "numba>=0.61,<0.69"  # as in the requirements


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
    except ImportError as error:
        message = f"this needs Numba, which cannot be imported: {error}"
        raise MissingLibraryError(
            message, hint=f"install it: pip install '{NUMBA}'; without it rnncli only labels"
        ) from error
    except (ValueError, RuntimeWarning) as error:
        names = re.findall(r"NUMBA_\w+", str(error)) or sorted(n for n in os.environ if n.startswith("NUMBA_"))
        if not names:
            raise
        _refuse(*dict.fromkeys(names))
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        _refuse("NUMBA_DISABLE_JIT", why="the kernels would not be compiled, and take hundreds of times as long")


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
