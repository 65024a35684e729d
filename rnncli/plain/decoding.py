"""Scores of moves from tag to tag: learned by a CRF, and of moves that a tag scheme forbids."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.tags import ANY, FORBIDDEN, Moves, Rule
from rnncli.plain import Array
from rnncli.plain.transitions import blocks


class Chain(NamedTuple):
    """Scores of moves from tag to tag."""

    transitions: Any  # (K, K): [i, j] of tag j after tag i; or a Rule if none are learned
    first: Array  # (K,) of a tag that begins a sentence
    last: Array  # (K,) of a tag that ends one


# The parameters of a CRF, in the order of the fields of a Chain.
CRF = ("output/A", "output/first", "output/last")


def learned(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Chain:
    """The scores of moves that the network has learned: those of a CRF, else 0."""
    if spec.decoder == "crf":
        return Chain(*(parameters[name] for name in CRF))
    c = parameters["output/c"]
    any_move = Rule(np.full(len(c), ANY, np.int8), np.zeros(len(c), np.int64), np.zeros(len(c), bool))
    return Chain(any_move, np.zeros_like(c), np.zeros_like(c))


def chain(spec: NetworkSpec, parameters: Mapping[str, Array], allowed: Moves | None) -> Chain | None:
    """The chain that decoding uses, ``None`` if tags are chosen one by one; ``allowed`` is ``None`` for any move.

    Probabilities do not depend on it: they are those of the network, with no move forbidden.
    """
    if allowed is None:
        return None if spec.decoder == "softmax" else learned(spec, parameters)
    transitions, first, last = learned(spec, parameters)
    is_rule = isinstance(transitions, Rule)
    moves = allowed.rule if is_rule else _without_moves(transitions, allowed.rule)
    return Chain(moves, _without(first, allowed.first), _without(last, allowed.last))


def _without_moves(scores: Array, rule: Rule) -> Array:
    """The scores of moves, (K, K), with those forbidden that the rule forbids; some rows at a time."""
    number = np.arange(len(scores))
    left = scores.copy()
    for some in blocks(len(scores)):
        left[some][~rule.allows(number[some, None], number)] = FORBIDDEN
    return left


def _without(scores: Array, allowed: Array) -> Array:
    return np.where(allowed, scores, scores.dtype.type(FORBIDDEN))


def log(y: Array) -> Array:
    """Natural logarithm of probabilities, 0 counting as the smallest normal number; its softmax is y again."""
    return np.asarray(np.log(np.maximum(y, np.finfo(y.dtype).tiny)))
