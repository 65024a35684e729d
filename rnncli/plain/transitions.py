"""Scores of moves from tag to tag: a matrix A (K, K), or a rule, which stands for one without its K² numbers.

A step of Viterbi's algorithm takes K² additions by a matrix and some K by a rule. Their results are the same to the
last bit: adding a number keeps the order of scores, so what is forbidden need only be compared by its greatest.
"""

import numpy as np

from rnncli.data.tags import ANY, CLOSED, OPEN, Rule
from rnncli.plain import Array


def between(transitions: Array | Rule, before: Array, after: Array) -> Array:
    """A[before, after] for numbers of tags, which are broadcast."""
    if isinstance(transitions, Rule):
        return np.where(transitions.allows(before, after), 0.0, transitions.forbidden)
    return np.asarray(transitions[before, after])


def onto(transitions: Array | Rule, tag: Array) -> Array:
    """A[:, tag], the scores of coming to some tags from every other; tag (…), the result (…, K)."""
    if isinstance(transitions, Rule):
        return between(transitions, np.arange(len(transitions.types)), np.asarray(tag)[..., None])
    return np.ascontiguousarray(transitions.T[tag])


def reached(best: Array, transitions: Array | Rule) -> Array:
    """For each tag j the greatest best[i] + A[i, j]; best and the result (…, K)."""
    if not isinstance(transitions, Rule):
        return np.asarray((best[..., :, None] + transitions).max(axis=-2))
    after, types, is_open, forbidden = transitions
    every = best.max(axis=-1)[..., None]
    closed = np.where(is_open, -np.inf, best).max(axis=-1)[..., None]
    opened = np.full((types.max() + 1, *best.shape[:-1]), -np.inf, best.dtype)
    np.maximum.at(opened, types[is_open], np.moveaxis(best, -1, 0)[is_open])
    own = np.moveaxis(opened[types], 0, -1)
    allowed = np.where(after == ANY, every, np.where(after == CLOSED, closed, own))
    return np.asarray(np.maximum(allowed, every + best.dtype.type(forbidden)), best.dtype)


def merge(best: Array, transitions: Array | Rule, n: int) -> tuple[Array, Array]:
    """The n greatest of best[rank, i] + A[i, j] for each j, and their names rank · K + i; both (≤ n, K).

    best  (ranks, K)  falling along ranks, so that only the first of each i that was not taken need be compared
    """
    if isinstance(transitions, Rule):
        return _merge_by_rule(best, transitions, n)
    ranks, tags = best.shape
    j, rank = np.arange(tags), np.zeros((tags, tags), np.intp)
    scores = best[0][:, None] + transitions
    best_scores, names = [], []
    for _ in range(min(n, ranks * tags)):
        i = scores.argmax(axis=0)
        taken = rank[i, j]
        best_scores.append(scores[i, j])
        names.append(taken * tags + i)
        rank[i, j] = np.minimum(taken + 1, ranks - 1)
        scores[i, j] = np.where(taken + 1 < ranks, best[rank[i, j], i], -np.inf) + transitions[i, j]
    return np.array(best_scores), np.array(names)


def _merge_by_rule(best: Array, rule: Rule, n: int) -> tuple[Array, Array]:
    """:func:`merge`, once for all tags that may follow the same ones."""
    ranks, tags = best.shape
    n = min(n, ranks * tags)
    # A row for each type: the names of what may come before its tags, −1 where there are fewer.
    members: list[list[int]] = [[] for _ in range(int(rule.types.max()) + 1)]
    for tag in np.flatnonzero(rule.is_open).tolist():
        members[rule.types[tag]].append(tag)
    most = max(map(len, members))
    own = np.array([row + [-1] * (most - len(row)) for row in members], np.intp)
    names = np.where(own < 0, -1, np.arange(ranks)[:, None, None] * tags + own)
    names = names.swapaxes(0, 1).reshape(len(own), -1)
    scores = np.where(names < 0, -np.inf, best.reshape(-1)[names])
    # Beside these the greatest of all others as if they were forbidden.
    every = np.arange(best.size)[None]
    low_names, low = _greatest(every, best.reshape(1, -1) + rule.forbidden, tags, n + most * ranks)
    is_own = (low_names[:, None] % tags == own[:, :, None]).any(axis=1)
    names = np.concatenate([names, np.broadcast_to(low_names, is_own.shape)], axis=1)
    scores = np.concatenate([scores, np.where(is_own, -np.inf, low)], axis=1)
    of_types = _greatest(names, scores, tags, n)
    # And two rows for what any tag may come before, and any tag that is closed.
    of_both = np.stack([best, best + np.where(rule.is_open, rule.forbidden, 0.0)]).reshape(2, -1)
    of_all = _greatest(np.broadcast_to(every, of_both.shape), of_both, tags, n)
    row = np.where(rule.after == OPEN, rule.types, len(own) + (rule.after == CLOSED))
    chosen, values = (np.concatenate(parts)[row].T for parts in zip(of_types, of_all, strict=True))
    return values, chosen


def _greatest(names: Array, scores: Array, tags: int, n: int) -> tuple[Array, Array]:
    """The n greatest scores of each row, the first tag and then the first rank first where they are equal."""
    order = np.lexsort((names // tags, names % tags, -scores), axis=-1)[:, :n]
    return np.take_along_axis(names, order, axis=-1), np.take_along_axis(scores, order, axis=-1)
