"""Numba-compiled functions: arrays in, arrays filled. Shapes are checked by the caller, never here."""

from rnncli import memory
from rnncli.kernels import environment

# With less Numba does not end being loaded, or LLVM ends the process.
ADDRESSES = 450_000_000  # bytes

memory.check_address_space(ADDRESSES, "compiling")
environment.load_numba()
