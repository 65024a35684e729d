"""What the units of a memory do over many tokens: which tell the tags apart, which are saturated or dead."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec

Array = NDArray[Any]

SATURATED_SHARE = 0.95  # of the tokens
_SATURATED_LEVEL = 0.95  # of the way from the middle of the range to its end


class Range(NamedTuple):
    """The least and the greatest value that a unit can take; ``None`` where there is no bound."""

    low: float | None
    high: float | None

    def is_saturated(self, values: Array) -> Array:
        """Tell for each value whether it lies where the unit is flat and passes almost no gradient on.

        Between two bounds: within 2.5 % of the range of either, for tanh |h| > 0.95, for sigmoid h < 0.025 or
        h > 0.975. For relu, bounded from below alone: h = 0. h of an LSTM or a GRU is measured as tanh is: an LSTM
        unit is there only while its output gate is open and its cell saturated; the gates themselves, which may
        be saturated long before, are not looked at. Without bounds: never.
        """
        if self.low is None:
            return np.zeros(values.shape, bool)
        if self.high is None:
            return np.asarray(values <= self.low)
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        return np.abs(values - middle) > _SATURATED_LEVEL * half


def bounds(network: NetworkSpec, name: str) -> Range:
    """The range of a memory: that of φ, of h of a gated cell, or of a probability."""
    if name == "output":
        return Range(0.0, 1.0)
    if network.cell != "simple":
        return Range(-1.0, 1.0)
    known = {"tanh": Range(-1.0, 1.0), "sigmoid": Range(0.0, 1.0), "relu": Range(0.0, None)}
    return known.get(network.activation, Range(None, None))


class Units(NamedTuple):
    """Findings on M units, which count from 0.

    ``separation`` is η² = Σ_k n_k (mean_k − mean)² / Σ_t (h(t) − mean)²: the share of a unit's variance that lies
    between the tags k (one-way analysis of variance; Fisher 1925, "Statistical methods for research workers"),
    from 0 to 1. It is 0 for a unit without variance, and says little where most tags occur once.
    """

    separation: Array  # (M,)
    saturated: Array  # (M,) bool: in more than 95 % of the tokens
    dead: Array  # (M,) bool: the same value at every token, of two or more

    @property
    def order(self) -> Array:
        """The units by how well they tell the tags apart, best first, (M,)."""
        return np.argsort(-self.separation, kind="stable")

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {
            "order": self.order.tolist(),
            "separation": self.separation.tolist(),
            "saturated": np.flatnonzero(self.saturated).tolist(),
            "dead": np.flatnonzero(self.dead).tolist(),
        }


class Tally:
    """Counts up what :class:`Units` needs, token by token, so that a corpus need not be kept."""

    def __init__(self, units: int, tags: int, limits: Range) -> None:
        self._limits = limits
        self._count = np.zeros(tags)
        self._sums = np.zeros((tags, units))
        self._squares, self._saturated = np.zeros(units), np.zeros(units, np.int64)
        self._low, self._high = np.full(units, np.inf), np.full(units, -np.inf)

    def add(self, values: Array, tags: Array) -> None:
        """Add tokens.

        values  (n, M)
        tags    (n,) the number of each token's tag
        """
        if not len(values):
            return
        exact = values.astype(np.float64)
        which = np.zeros((len(self._count), len(tags)))
        which[tags, np.arange(len(tags))] = 1
        self._count += which.sum(axis=1)
        self._sums += which @ exact
        self._squares += (exact**2).sum(axis=0)
        self._saturated += self._limits.is_saturated(values).sum(axis=0)
        self._low, self._high = np.minimum(self._low, exact.min(axis=0)), np.maximum(self._high, exact.max(axis=0))

    def result(self) -> Units:
        """What was found so far."""
        count = max(1.0, self._count.sum())
        seen = self._count > 0
        mean = self._sums.sum(axis=0) / count
        of_tags = self._sums[seen] / self._count[seen, None]
        between = (self._count[seen, None] * (of_tags - mean) ** 2).sum(axis=0)
        total = self._squares - count * mean**2
        same = self._high <= self._low
        varies = ~same & (total > 0)
        separation = np.where(varies, between / np.where(varies, total, 1), 0.0)
        return Units(np.clip(separation, 0, 1), self._saturated > SATURATED_SHARE * count, same & (count > 1))
