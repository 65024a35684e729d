"""Numba-compiled functions: arrays in, arrays filled. Shapes are checked by the caller, never here."""

from rnncli.kernels import environment

environment.load_numba()
