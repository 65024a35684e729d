"""Activation functions φ and their derivatives, written so that the compiler vectorises them.

libm's ``tanh`` takes 17 ns for an element, a polynomial that vectorises about 1 ns. float64, used only by tests,
calls libm, so that derivatives can be compared closely with central differences.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from rnncli.kernels.compile import inner
from rnncli.kernels.parallel import parallel, share

TANH, RELU, SIGMOID, IDENTITY = range(4)
CODES = {"tanh": TANH, "relu": RELU, "sigmoid": SIGMOID, "identity": IDENTITY}

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)


@intrinsic
def _power_of_two(typingctx: Any, exponent: Any) -> Any:
    """2**exponent as float32, by writing the exponent bits; exponent int32 in -126 … 127."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i32 = ir.IntType(32)
        bits = builder.shl(builder.add(args[0], ir.Constant(i32, 127)), ir.Constant(i32, 23))
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(types.int32), codegen


def exp(x: float) -> float:
    """e**x; in float32 a polynomial (Cephes ``expf``: |relative error| < 1e-7), clamped to ±87."""
    return math.exp(x)


# Re-association would fold the two parts of ln 2 into one and cost half the digits for large |x|.
@overload(exp, jit_options={"fastmath": {"contract", "nsz", "arcp"}})
def _exp(x):
    if x != types.float32:
        return lambda x: math.exp(x)

    def polynomial(x):
        x = min(max(x, np.float32(-87.0)), np.float32(87.0))
        n = np.floor(x * _LOG2_E + np.float32(0.5))  # math.floor would pass through int64, twice as wide
        r = x - n * _LN2_HIGH - n * _LN2_LOW
        p = np.float32(1.9875691500e-4)
        p = p * r + np.float32(1.3981999507e-3)
        p = p * r + np.float32(8.3334519073e-3)
        p = p * r + np.float32(4.1665795894e-2)
        p = p * r + np.float32(1.6666665459e-1)
        p = p * r + np.float32(5.0000001201e-1)
        return (p * r * r + r + np.float32(1.0)) * _power_of_two(np.int32(n))  # type: ignore[call-arg]

    return polynomial


@inner
def activate(x, code):
    """Apply φ: x = φ(x) in place; x (n,), code one of :data:`CODES`."""
    one = x.dtype.type(1)
    two = x.dtype.type(2)
    zero = x.dtype.type(0)
    if code == TANH:
        for i in range(len(x)):
            x[i] = one - two / (exp(two * x[i]) + one)
    elif code == RELU:
        for i in range(len(x)):
            x[i] = max(x[i], zero)
    elif code == SIGMOID:
        for i in range(len(x)):
            x[i] = one / (exp(-x[i]) + one)


@inner
def through_activation(dh, h, code):
    """Multiply dh by φ′ in place, from h = φ(x) itself; dh, h (n,)."""
    one = h.dtype.type(1)
    zero = h.dtype.type(0)
    if code == TANH:
        for i in range(len(h)):
            dh[i] *= one - h[i] * h[i]
    elif code == RELU:
        for i in range(len(h)):
            dh[i] = dh[i] if h[i] > zero else zero
    elif code == SIGMOID:
        for i in range(len(h)):
            dh[i] *= h[i] * (one - h[i])


@parallel
def forward(part, parts, h, code):
    """A layer without memory: h = φ(h) in place, h (N, H)."""
    first, end = share(part, parts, len(h), 1)
    for r in range(first, end):
        activate(h[r], code)


@parallel
def backward(part, parts, dh, h, code):
    """Gradient of :func:`forward`: dh *= φ′(h) in place; dh, h (N, H)."""
    first, end = share(part, parts, len(h), 1)
    for r in range(first, end):
        through_activation(dh[r], h[r], code)
