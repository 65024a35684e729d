"""Measures of a memory's units over many tokens: how well they separate the tags, which are saturated or dead."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec
from rnncli.data.tags import Scheme

Array = NDArray[Any]

SATURATED_SHARE = 0.95  # of the tokens
_SATURATED_LEVEL = 0.95  # of the distance from the middle of the range to its end
_NAMED_SHARE = 0.5  # of a unit's variance between types, without what chance gives, from which it tells two apart


class Range(NamedTuple):
    """The least and the greatest value that a unit can take; ``None`` where there is no bound."""

    low: float | None
    high: float | None

    def is_saturated(self, values: Array) -> Array:
        """Tell for each value whether the unit's slope is almost 0 there, so that almost no gradient passes.

        With two bounds: within 2.5 % of the range from either bound, so |h| > 0.95 for tanh, and h < 0.025 or
        h > 0.975 for sigmoid. For relu, which has only a lower bound: h = 0. h of an LSTM or a GRU is treated like
        tanh: h of an LSTM is near ±1 only while its output gate is open and its cell is saturated. The gates, which
        may be saturated much earlier, are not measured. Without bounds: never.
        """
        if self.low is None:
            return np.zeros(values.shape, bool)
        if self.high is None:
            return np.asarray(values <= self.low)
        middle = (self.high + self.low) / 2
        half = (self.high - self.low) / 2
        return np.abs(values - middle) > _SATURATED_LEVEL * half


def bounds(network: NetworkSpec, name: str) -> Range:
    """The range of a memory: that of φ, of h of a gated cell, or of a probability."""
    if name == "output":
        return Range(0.0, 1.0)
    if network.cell != "simple":
        return Range(-1.0, 1.0)
    ranges = {"tanh": Range(-1.0, 1.0), "sigmoid": Range(0.0, 1.0), "relu": Range(0.0, None)}
    return ranges.get(network.activation, Range(None, None))


def kind(scheme: Scheme, tag: str) -> str:
    """What a tag says of its token: the type of its span; ``O`` as it is spelled outside; of plain tags the tag."""
    kind = scheme.type_of(tag)
    return scheme.outside if kind is None else kind or "span"


class Units(NamedTuple):
    """The measures of M units, numbered from 0.

    ``separation`` is η² = Σ_k n_k (mean_k − mean)² / Σ_t (h(t) − mean)²: the share of a unit's variance that lies
    between the tags k (one-way analysis of variance; Fisher 1925, "Statistical methods for research workers"),
    from 0 to 1. It is 0 for a unit without variance. Where most tags occur once it is close to 1 for most units.
    """

    separation: Array  # (M,)
    saturated: Array  # (M,) bool: in more than 95 % of the tokens
    dead: Array  # (M,) bool: the same value at all of two or more tokens
    apart: list[tuple[str, str] | None]  # M: the two types that a unit tells apart, the higher first; see Tally

    @property
    def order(self) -> Array:
        """The units by their separation, the highest first, (M,)."""
        return np.argsort(-self.separation, kind="stable")

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {
            "order": self.order.tolist(),
            "separation": self.separation.tolist(),
            "saturated": np.flatnonzero(self.saturated).tolist(),
            "dead": np.flatnonzero(self.dead).tolist(),
            "apart": [None if pair is None else list(pair) for pair in self.apart],
        }


class Tally:
    """Sums up what :class:`Units` needs, batch by batch, so that the values of a corpus are not stored.

    kinds  the type of each tag, see :func:`kind`
    """

    def __init__(self, units: int, kinds: Sequence[str], limits: Range) -> None:
        self._limits = limits
        self._kinds = kinds
        self._count = np.zeros(len(kinds))
        self._sums = np.zeros((len(kinds), units))
        self._squares = np.zeros(units)
        self._saturated = np.zeros(units, np.int64)
        self._low = np.full(units, np.inf)
        self._high = np.full(units, -np.inf)

    def add(self, values: Array, tags: Array) -> None:
        """Add tokens.

        values  (n, M)
        tags    (n,) the number of each token's tag
        """
        if not len(values):
            return
        exact = values.astype(np.float64)
        has_tag = np.zeros((len(self._count), len(tags)))
        has_tag[tags, np.arange(len(tags))] = 1
        self._count += has_tag.sum(axis=1)
        self._sums += has_tag @ exact
        self._squares += (exact**2).sum(axis=0)
        self._saturated += self._limits.is_saturated(values).sum(axis=0)
        self._low = np.minimum(self._low, exact.min(axis=0))
        self._high = np.maximum(self._high, exact.max(axis=0))

    def result(self) -> Units:
        """The measures over all tokens so far."""
        count = max(1.0, self._count.sum())
        occurs = self._count > 0
        mean = self._sums.sum(axis=0) / count
        tag_means = self._sums[occurs] / self._count[occurs, None]
        between = (self._count[occurs, None] * (tag_means - mean) ** 2).sum(axis=0)
        total = self._squares - count * mean**2
        is_constant = self._high <= self._low
        varies = ~is_constant & (total > 0)
        separation = np.where(varies, between / np.where(varies, total, 1), 0.0)
        saturated = self._saturated > SATURATED_SHARE * count
        return Units(np.clip(separation, 0, 1), saturated, is_constant & (count > 1), self._apart())

    def _apart(self) -> list[tuple[str, str] | None]:
        """The two types that each unit tells apart: those whose means differ most, for their spread.

        A unit is only named if at least half of its variance lies between the types after that is taken off which
        chance gives (ε² = 1 − s² / total variance, s² the mean square within types; Kelley 1935, "An unbiased
        correlation ratio measure"), and if the intervals of both means, ± t s / √n, are apart. t is the 99.5th
        percentile of Student's distribution, by the expansion of Cornish and Fisher 1938, so that few tokens
        seldom name a unit by chance.
        """
        names = list(dict.fromkeys(kind for kind, n in zip(self._kinds, self._count, strict=True) if n))
        places = {name: place for place, name in enumerate(names)}
        count = np.zeros(len(names))
        sums = np.zeros((len(names), self._sums.shape[1]))
        for kind, n, total in zip(self._kinds, self._count, self._sums, strict=True):
            if n:
                count[places[kind]] += n
                sums[places[kind]] += total
        freedom = count.sum() - len(names)
        if len(names) < 2 or freedom < 1:
            return [None] * sums.shape[1]
        means = sums / count[:, None]
        within = np.maximum(self._squares - (count[:, None] * means**2).sum(axis=0), 0) / freedom
        variance = (self._squares - sums.sum(axis=0) ** 2 / count.sum()) / (count.sum() - 1)
        t = 2.576 + 4.92 / freedom + 8.84 / freedom**2
        margin = t * np.sqrt(within / count[:, None])
        high = np.argmax(means - margin, axis=0)
        low = np.argmin(means + margin, axis=0)
        every = np.arange(len(variance))
        differs = (means - margin)[high, every] > (means + margin)[low, every]
        is_named = differs & (self._high > self._low) & (within <= (1 - _NAMED_SHARE) * variance)
        return [
            (names[a], names[b]) if has_name else None
            for a, b, has_name in zip(high.tolist(), low.tolist(), is_named.tolist(), strict=True)
        ]
