"""Scores of moves from tag to tag: those that a CRF has learned, and those that a tag scheme forbids."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.tags import ANY, Moves, Rule
from rnncli.data.tags import FORBIDDEN as FORBIDDEN
from rnncli.plain import Array


class Chain(NamedTuple):
    """Scores of moves."""

    transitions: Any  # (K, K) of tag j after tag i; a Rule where nothing is learned
    first: Array  # (K,) of beginning a sentence with a tag
    last: Array  # (K,) of ending it


# The parameters that hold it.
CRF = ("output/A", "output/first", "output/last")


def learned(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Chain:
    """The scores of moves that the network has learned: those of a CRF, else 0."""
    if spec.output == "crf":
        return Chain(*(parameters[name] for name in CRF))
    c = parameters["output/c"]
    every = Rule(np.full(len(c), ANY, np.int8), np.zeros(len(c), np.int64), np.zeros(len(c), bool))
    return Chain(every, np.zeros_like(c), np.zeros_like(c))


def chain(spec: NetworkSpec, parameters: Mapping[str, Array], allowed: Moves | None) -> Chain | None:
    """The chain that decoding uses, ``None`` if tags are chosen one by one; ``allowed`` is ``None`` for any move.

    Probabilities do not depend on what is forbidden: they are those of the network.
    """
    if allowed is None:
        return None if spec.output == "softmax" else learned(spec, parameters)
    transitions, first, last = learned(spec, parameters)
    is_rule = isinstance(transitions, Rule)
    moves = allowed.rule if is_rule else _without(transitions, allowed.follow)
    return Chain(moves, _without(first, allowed.first), _without(last, allowed.last))


def _without(scores: Array, allowed: Array) -> Array:
    return np.where(allowed, scores, scores.dtype.type(FORBIDDEN))


def log(y: Array) -> Array:
    """Natural logarithm of probabilities, those of 0 as the smallest number; a softmax takes it as it takes o."""
    return np.asarray(np.log(np.maximum(y, np.finfo(y.dtype).tiny)))
