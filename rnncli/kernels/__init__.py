"""Numba-compiled functions: arrays in, arrays filled. Shapes are checked by the caller, never here."""
