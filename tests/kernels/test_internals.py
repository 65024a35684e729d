"""A version of Numba that lacks an undocumented part is named, instead of an AttributeError somewhere later."""

import subprocess
import sys

import pytest

CHILD = """
import numba.core.compiler, numba.core.callconv, numba.core.caching, numba.core.dispatcher
import numba
from rnncli.errors import RnncliError
{change}
try:
    import rnncli.kernels.matmul
except RnncliError as error:
    print(str(error).replace(numba.__version__, "X"))
"""
CHANGES = {
    "core.compiler.compile_internal": "del numba.core.compiler.compile_internal",
    "core.callconv.Status": "del numba.core.callconv.Status",
    "core.callconv.CPUCallConv.call_function": "del numba.core.callconv.CPUCallConv.call_function",
    "core.caching.NullCache": "del numba.core.caching.NullCache",
    "core.dispatcher.Dispatcher._cache": "numba.core.dispatcher.NullCache = object",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_missing_part_of_numba_is_named(name):
    command = [sys.executable, "-c", CHILD.format(change=CHANGES[name])]
    child = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    first, second = child.stdout.splitlines()
    assert f"Numba X has no numba.{name}, which the kernels need" == first
    assert "  install a version of Numba that rnncli names in its requirements" == second
