"""Confident learning: which given tags are probably wrong, by probabilities from models that did not see them.

Letters: N tokens, K tags, g(n) the tag that is given to token n, p(n, j) the probability of tag j for token n.

    threshold   t(j) = mean of p(n, j) over the tokens n with g(n) = j
    confident   c(n) = the tag of the largest p(n, j) among those with p(n, j) ≥ t(j); none if there is no such tag
    counts      C(i, j) = number of tokens with g(n) = i and c(n) = j
    joint       Q(i, j) = C(i, j) / Σⱼ C(i, j) · #{n: g(n) = i} / N
    suspected   the tokens with c(n) ≠ g(n)

Source: Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels", sections
3.1 and 3.2 (the suspected tokens are those off the diagonal of C).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NONE = -1
# Below a threshold by this much still counts as reaching it: the mean of one number may be rounded.
ROUNDING = 1e-6
BLOCK = 1 << 20  # probabilities that are compared at once

Array = NDArray[np.float64]
Longs = NDArray[np.int64]


class Confident(NamedTuple):
    """What confident learning says of N tokens and K tags."""

    thresholds: Array  # (K,); infinite for a tag that no token is given
    tags: Longs  # (N,) the confident tag of each token, NONE where there is none
    counts: Longs  # (K, K) [given, confident]
    joint: Array  # (K, K) estimated share of tokens by [given, right] tag; sums to 1

    @property
    def noise(self) -> float:
        """The estimated share of tokens whose given tag is wrong."""
        return float(1 - np.trace(self.joint))


def learn(given: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Confident:
    """Compare given tags, (N,) from 0 to K − 1, with probabilities, (N, K), of models that did not see them."""
    tokens, count = probabilities.shape
    number = np.arange(tokens)
    times = np.bincount(given, minlength=count)
    sums = np.bincount(given, probabilities[number, given].astype(np.float64), count)
    thresholds = np.divide(sums, times, out=np.full(count, np.inf), where=times > 0)
    tags = np.empty(tokens, np.int64)
    rows = max(1, BLOCK // count)
    for first in range(0, tokens, rows):
        some = probabilities[first : first + rows]
        reached = np.where(some >= thresholds - ROUNDING, some, -1.0)
        best = reached.argmax(axis=1)
        tags[first : first + rows] = np.where(reached[np.arange(len(some)), best] < 0, NONE, best)
    is_confident = tags != NONE
    pairs = given[is_confident].astype(np.int64) * count + tags[is_confident]
    counts = np.bincount(pairs, minlength=count * count).reshape(count, count)
    return Confident(thresholds, tags, counts, _joint(counts, times))


def _joint(counts: Longs, times: Longs) -> Array:
    """Q; tokens of a tag of which none is confident count as right, since nothing speaks against them."""
    rows = counts.astype(np.float64)
    rows[np.diag_indices(len(rows))] += rows.sum(axis=1) == 0
    joint: Array = rows * (times / rows.sum(axis=1))[:, None] / max(1, times.sum())
    return joint


def self_confidence(given: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Array:
    """The probability of the given tag, (N,); low is doubtful."""
    own: Array = probabilities[np.arange(len(given)), given].astype(np.float64)
    return own


def margin(given: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Array:
    """The normalised margin, (N,): (1 + p of the given tag − the largest p of another) / 2; low is doubtful."""
    others = probabilities.copy()
    others[np.arange(len(given)), given] = -np.inf
    largest = others.max(axis=1) if others.shape[1] > 1 else np.zeros(len(others))
    return np.asarray((1 + self_confidence(given, probabilities) - np.maximum(largest, 0)) / 2)
