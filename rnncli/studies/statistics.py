"""Means, spreads and intervals of scores that are counts: [gold, predicted, correct]."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnncli import significance
from rnncli.evaluation import Count

SAMPLES = 1_000  # of a bootstrap
# The 97.5 % quantiles of Student's t with 1, 2, … degrees of freedom.
_T = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)
_Z = 1.959964  # the same of the normal distribution


def score_of(counts: Sequence[int]) -> float:
    """F1 of [gold, predicted, correct], 0 where there is nothing; of tokens it is the accuracy."""
    return Count(*counts).f1 or 0.0


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and the standard deviation of a sample (n − 1); 0 for a single value."""
    array = np.asarray(values, np.float64)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else 0.0


def quantile_of_t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, within 0.0002.

    From 11 degrees of freedom on by the expansion of Abramowitz and Stegun 1964, 26.7.5.
    """
    if freedom <= len(_T):
        return _T[freedom - 1]
    z = _Z
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def interval(counts: NDArray[np.int64], unit: Sequence[int], seed: int) -> tuple[float, float]:
    """The 95 % interval of the score of all sentences together: a bootstrap of percentiles (Efron 1979).

    counts  (S, 3) gold, predicted and correct of each sentence
    unit    (S,) the number of the group of each sentence; whole groups are drawn
    """
    groups, number = np.unique(np.asarray(unit), return_inverse=True)
    sums = np.zeros((len(groups), 1, 3), np.int64)
    np.add.at(sums[:, 0], number, counts[:, ::-1])  # significance has them in the other order
    replicates = significance.bootstrap(significance.Sample.of(sums), SAMPLES, np.random.default_rng([seed, 6]))
    found = significance.interval(np.nan_to_num(significance.f1(replicates[:, 0])))
    assert found  # nothing is undefined
    return found.low, found.high
