"""Scores of moves from tag to tag: those that a CRF has learned, and those that a tag scheme forbids."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.plain import Array

# Far below every learned score.
FORBIDDEN = -1e4


class Chain(NamedTuple):
    """Scores of moves; or, as bool arrays, which moves are allowed."""

    transitions: Array  # (K, K) of tag j after tag i
    first: Array  # (K,) of beginning a sentence with a tag
    last: Array  # (K,) of ending it


# The parameters that hold it.
CRF = ("output/A", "output/first", "output/last")


def learned(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Chain:
    """The scores of moves that the network has learned: those of a CRF, else 0."""
    if spec.output == "crf":
        return Chain(*(parameters[name] for name in CRF))
    tags = len(parameters["output/c"])
    dtype = parameters["output/c"].dtype
    return Chain(*(np.zeros(shape, dtype) for shape in ((tags, tags), tags, tags)))


def chain(spec: NetworkSpec, parameters: Mapping[str, Array], allowed: Chain | None) -> Chain | None:
    """The chain that decoding uses, ``None`` if tags are chosen one by one; ``allowed`` is ``None`` for any move.

    Probabilities do not depend on what is forbidden: they are those of the network.
    """
    if spec.output == "softmax" and allowed is None:
        return None
    scores = learned(spec, parameters)
    return Chain(*map(_without, scores, allowed)) if allowed else scores


def _without(scores: Array, allowed: Array) -> Array:
    return np.where(allowed, scores, scores.dtype.type(FORBIDDEN))


def log(y: Array) -> Array:
    """Natural logarithm of probabilities, those of 0 as the smallest number; a softmax takes it as it takes o."""
    return np.asarray(np.log(np.maximum(y, np.finfo(y.dtype).tiny)))
