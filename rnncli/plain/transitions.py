"""Scores of moves from tag to tag: a matrix A (K, K), or a rule, which stands for one without its K² numbers.

A step of Viterbi's algorithm takes K² additions with a matrix and about K with a rule, see
:mod:`rnncli.kernels.viterbi`. The results are the same to the last bit: adding a number keeps the order of scores,
so of all forbidden moves only the one from the tag with the greatest score need be compared.
"""

import math
from functools import cache
from itertools import pairwise, starmap

import numpy as np

from rnncli.data.tags import ANY, CLOSED, JOINED, OPEN, Rule
from rnncli.plain import Array


@cache
def blocks(tags: int) -> list[slice]:
    """Divide the rows or columns of a (K, K) array, so that a part has about 2¹⁸ numbers, and at least two rows."""
    count = min(math.ceil(tags**2 / 2**18), max(1, tags // 2))
    edges = [tags * number // count for number in range(count + 1)]
    return list(starmap(slice, pairwise(edges)))


def move_scores(transitions: Array | Rule, before: Array, after: Array) -> Array:
    """A[before, after], float; before and after are numbers of tags (…), which are broadcast."""
    if isinstance(transitions, Rule):
        return np.where(transitions.allows(before, after), 0.0, transitions.forbidden)
    return np.asarray(transitions[before, after])


def scores_to(transitions: Array | Rule, tag: Array) -> Array:
    """A[:, tag], (…, K): the scores of moving from every tag to each of some tags, tag (…)."""
    if isinstance(transitions, Rule):
        return move_scores(transitions, np.arange(len(transitions.types)), np.asarray(tag)[..., None])
    return np.ascontiguousarray(transitions.T[tag])


def viterbi_step(best: Array, transitions: Array | Rule) -> Array:
    """The maximum over i of best[i] + A[i, j], (…, K); best (…, K): the score of the best path to each tag i."""
    if not isinstance(transitions, Rule):
        step = np.empty_like(best)
        for some in blocks(len(transitions)):
            (best[..., :, None] + transitions[:, some]).max(axis=-2, out=step[..., some])
        return step
    after, types, is_open, forbidden = transitions
    every = best.max(axis=-1)[..., None]  # over all tags
    closed = np.where(is_open, -np.inf, best).max(axis=-1)[..., None]  # over tags that are not open
    opened = np.full((types.max() + 1, *best.shape[:-1]), -np.inf, best.dtype)  # over open tags, by type
    np.maximum.at(opened, types[is_open], np.moveaxis(best, -1, 0)[is_open])
    same_type = np.moveaxis(opened[types], 0, -1)
    either = np.maximum(closed, same_type)
    allowed = np.select([after == ANY, after == CLOSED, after == OPEN], [every, closed, same_type], either)
    return np.asarray(np.maximum(allowed, every + best.dtype.type(forbidden)), best.dtype)


def merge(best: Array, transitions: Array | Rule, n: int) -> tuple[Array, Array]:
    """The n greatest of best[rank, i] + A[i, j] for each j, and their predecessors rank · K + i; both (≤ n, K).

    best  (ranks, K)  descending along ranks, so that only the first rank of each i that was not taken is compared
    """
    if isinstance(transitions, Rule):
        return _merge_by_rule(best, transitions, n)
    ranks, tags = best.shape
    j = np.arange(tags)
    rank = np.zeros((tags, tags), np.intp)  # [i, j]: the next rank of i to compare
    scores = best[0][:, None] + transitions
    best_scores = []
    predecessors = []
    for _ in range(min(n, ranks * tags)):
        i = scores.argmax(axis=0)
        taken = rank[i, j]
        best_scores.append(scores[i, j])
        predecessors.append(taken * tags + i)
        rank[i, j] = np.minimum(taken + 1, ranks - 1)
        scores[i, j] = np.where(taken + 1 < ranks, best[rank[i, j], i], -np.inf) + transitions[i, j]
    return np.array(best_scores), np.array(predecessors)


def _merge_by_rule(best: Array, rule: Rule, n: int) -> tuple[Array, Array]:
    """:func:`merge`, computed once for all tags that may follow the same tags."""
    ranks, tags = best.shape
    n = min(n, ranks * tags)
    # For each type, its open tags with their ranks, as predecessors; −1 where a type has fewer.
    members: list[list[int]] = [[] for _ in range(int(rule.types.max()) + 1)]
    for tag in np.flatnonzero(rule.is_open).tolist():
        members[rule.types[tag]].append(tag)
    most = max(map(len, members))
    open_tags = np.array([row + [-1] * (most - len(row)) for row in members], np.intp)
    predecessors = np.where(open_tags < 0, -1, np.arange(ranks)[:, None, None] * tags + open_tags)
    predecessors = predecessors.swapaxes(0, 1).reshape(len(open_tags), -1)
    scores = np.where(predecessors < 0, -np.inf, best.reshape(-1)[predecessors])
    every = np.arange(best.size)[None]
    both = np.concatenate([best, best + np.where(rule.is_open, rule.forbidden, 0.0)]).reshape(2, -1)

    def of_types(others: Array) -> tuple[Array, Array]:
        """For each type the greatest of its open tags and of all other tags, whose scores are given."""
        other_tags, other_scores = _greatest(every, others[None], tags, n + most * ranks)
        is_own = (other_tags[:, None] % tags == open_tags[:, :, None]).any(axis=1)
        of_both = np.concatenate([scores, np.where(is_own, -np.inf, other_scores)], axis=1)
        both_tags = np.concatenate([predecessors, np.broadcast_to(other_tags, is_own.shape)], axis=1)
        return _greatest(both_tags, of_both, tags, n)

    # A row for ANY and one for CLOSED, then a row for each type.
    rows = [_greatest(np.broadcast_to(every, both.shape), both, tags, n)]
    row = (rule.after == CLOSED).astype(np.intp)
    offset = 2
    for after, others in ((OPEN, both[0] + rule.forbidden), (JOINED, both[1])):
        is_kind = rule.after == after
        if is_kind.any():
            rows.append(of_types(others))
            row = np.where(is_kind, offset + rule.types, row)
            offset += len(open_tags)
    predecessors, scores = (np.concatenate(parts)[row].T for parts in zip(*rows, strict=True))
    return scores, predecessors


def _greatest(predecessors: Array, scores: Array, tags: int, n: int) -> tuple[Array, Array]:
    """The n greatest scores of each row with their predecessors; of equal scores first the lower tag, then rank."""
    order = np.lexsort((predecessors // tags, predecessors % tags, -scores), axis=-1)[:, :n]
    return np.take_along_axis(predecessors, order, axis=-1), np.take_along_axis(scores, order, axis=-1)
