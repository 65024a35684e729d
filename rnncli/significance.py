"""How far a score depends on the choice of test sentences, and whether two systems differ: by resampling.

A sentence counts correct, predicted and gold spans (of tags that mark no spans: tokens), and a score is
F1 = 2 Σ correct / Σ (predicted + gold), which for tokens is their accuracy. F1 is no mean over sentences, so that
its distribution is found by drawing sentences anew; docs/statistics.md has the formulas and their sources.

Sentences that count alike are exchangeable. So they are kept as G groups with their sizes, and what is drawn is how
many sentences of each group there are. The distributions are those of drawing single sentences, and time and memory
depend on G, which hardly grows with the number of sentences: of a million it is some hundreds.

bootstrap      n sentences are drawn with replacement: the sizes of groups are multinomial, with n and size/n
randomisation  each sentence exchanges the labels of two systems or not: of m that count alike, Binomial(m, ½) do
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95  # of intervals
FEW_SENTENCES = 50  # with fewer, intervals are too narrow and p is coarse
_BLOCK = 1 << 20  # numbers that are drawn at once
_ROUNDING = 1e-12  # differences closer than this are equal

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


class Sample(NamedTuple):
    """What n test sentences count under S systems, in G groups of sentences that count alike."""

    counts: Counts  # (G, S, 3) correct, predicted, gold
    sizes: Counts  # (G,) sentences, at least 1; their sum is n

    @staticmethod
    def of(counts: Counts) -> "Sample":
        """Group the counts of single sentences, (n, S, 3)."""
        groups, sizes = np.unique(counts, axis=0, return_counts=True)
        return Sample(groups, sizes)

    @staticmethod
    def of_groups(sizes: Mapping[tuple[int, ...], int], systems: int) -> "Sample":
        """Make a sample of the size of each group, by its 3 · ``systems`` counts."""
        rows = sorted(sizes)
        counts = np.array(rows, np.int64).reshape(len(rows), systems, 3)
        return Sample(counts, np.array([sizes[row] for row in rows], np.int64))

    @property
    def sums(self) -> Counts:
        """The counts of all sentences, (S, 3)."""
        total: Counts = np.tensordot(self.sizes, self.counts, 1)
        return total

    def of_systems(self, *systems: int) -> "Sample":
        """The same sentences under some of the systems."""
        return Sample(self.counts[:, list(systems)], self.sizes)


class Interval(NamedTuple):
    """From the 2.5th to the 97.5th percentile of the replicates."""

    low: float
    high: float


def f1(sums: NDArray[Any]) -> Floats:
    """F1 of sums (…, 3): correct, predicted, gold; NaN where nothing is predicted and nothing is gold."""
    return _ratio(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def precision(sums: NDArray[Any]) -> Floats:
    """Correct over predicted; NaN where nothing is predicted."""
    return _ratio(sums[..., 0], sums[..., 1])


def recall(sums: NDArray[Any]) -> Floats:
    """Correct over gold; NaN where nothing is gold."""
    return _ratio(sums[..., 0], sums[..., 2])


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    ratios: Floats = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=ratios, where=np.asarray(whole) > 0)
    return ratios


def bootstrap(sample: Sample, replicates: int, rng: np.random.Generator) -> Floats:
    """The sums of counts in each of R replicates, (R, S, 3); one replicate has the same sentences for all systems.

    They are whole numbers, and exact.
    """
    groups, systems, _ = sample.counts.shape
    counts = sample.counts.reshape(groups, -1).astype(np.float64)
    size = int(sample.sizes.sum())
    shares = sample.sizes / size
    blocks = [rng.multinomial(size, shares, rows) @ counts for rows in _blocks(replicates, groups)]
    return np.concatenate(blocks).reshape(replicates, systems, 3)


def _blocks(replicates: int, groups: int) -> Iterator[int]:
    """How many replicates to draw at once, so that memory does not grow with their number."""
    most = max(1, _BLOCK // max(groups, 1))
    for first in range(0, replicates, most):
        yield min(most, replicates - first)


def interval(values: Floats) -> Interval | None:
    """The percentile interval of replicates of a score, or of a difference of scores.

    Replicates in which it is undefined (NaN) are left out; ``None`` if it is so in all.
    """
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None
    low, high = np.percentile(defined, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return Interval(float(low), float(high))


def randomisation(sample: Sample, replicates: int, rng: np.random.Generator) -> float | None:
    """The p of both sides of the difference of F1 of two systems, by approximate randomisation (Yeh 2000).

    If both were equally good, a sentence could as well have the labels of the other system. p is the share of
    random exchanges with a difference at least as large as the observed one, which counts as one of them. Two
    systems with the same score have p = 1. ``None`` where the F1 of one of them is undefined.
    """
    one, other = sample.sums
    observed = float(f1(one) - f1(other))
    if np.isnan(observed):
        return None
    if observed == 0:
        return 1.0
    first, second = sample.counts[:, 0], sample.counts[:, 1]
    differs = np.any(first != second, axis=1)
    moved = (second - first)[differs].astype(np.float64)
    sizes = sample.sizes[differs]
    beyond = 0
    for rows in _blocks(replicates, len(sizes)):
        exchanged = rng.binomial(sizes, 0.5, (rows, len(sizes))) @ moved  # (rows, 3)
        differences = np.abs(f1(one + exchanged) - f1(other - exchanged))
        beyond += int(np.count_nonzero(differences >= abs(observed) - _ROUNDING))
    return (1 + beyond) / (replicates + 1)


def holm(values: Sequence[float | None]) -> list[float | None]:
    """The p of several comparisons, adjusted by Holm (1979); ``None`` is no comparison and stays.

    Sorted, p of rank i of m becomes the largest of (m − j + 1) · p of rank j, for all j up to i, and at most 1.
    """
    order = sorted((p, number) for number, p in enumerate(values) if p is not None)
    adjusted: list[float | None] = [None] * len(values)
    largest = 0.0
    for rank, (p, number) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        adjusted[number] = largest
    return adjusted
