"""Activation functions φ of simple hidden units, and their derivatives."""

from collections.abc import Callable

import numpy as np

from rnncli.plain import Array

Function = Callable[[Array], Array]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(−x)), of the shape of x."""
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(o: Array) -> Array:
    """exp(o) / Σ exp(o) along the last axis, of the shape of o."""
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": sigmoid,
    "identity": lambda a: a,
}

# φ′(a) from h = φ(a)
SLOPES: dict[str, Function] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).astype(h.dtype),
    "sigmoid": lambda h: h * (1 - h),
    "identity": np.ones_like,
}
