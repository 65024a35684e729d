"""Whether one program labels better than another: the paired bootstrap of the package, over seeds too.

A run is an array of n test sentences with three counts each: correct, predicted and gold spans (of tags that mark
no spans: tokens). Its score is F1 = 2 Σ correct / Σ (predicted + gold), which for tokens is their accuracy. The
score of a program is the mean over its runs s = 1 … m from different seeds; d = score(A) − score(B) compares two.

A replicate draws n sentences with replacement, the same for all programs (paired), and for each program m − 1 of
its m runs with replacement: the mean of so many has the variance of a mean of m seeds, Σ (x_s − x̄)² / (m − 1) /
m, where the mean of m would have only (m − 1)/m of it (Rao and Wu 1988). A program with one run keeps it. With
d*_1 … d*_R of R replicates:

    interval of 95 %   the 2.5th and the 97.5th percentile of d* (Efron and Tibshirani 1993, section 13.3)
    p                  (1 + #{r: |d*_r − d| ≥ |d|}) / (R + 1) (there, section 16.4; Berg-Kirkpatrick et al. 2012)

p is of both sides: if A and B were equally good, d* would lie around 0 as it lies here around d. Dror et al. 2018
say why F1 needs resampling, and what p does not say.
"""

import base64
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncli.significance import Counts, Floats, Sample, bootstrap, f1, interval

REPLICATES = 10_000


class Difference(NamedTuple):
    """The difference of two scores, its interval of 95 % and the p of both sides."""

    value: float
    low: float
    high: float
    p: float


def pack(counts: Counts) -> str:
    """Counts as text: the three columns one after the other, 16 bits each, compressed."""
    return base64.b64encode(zlib.compress(counts.T.astype("<u2").tobytes(), 9)).decode()


def unpack(text: str) -> Counts:
    """What :func:`pack` was given."""
    values = np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u2")
    return values.reshape(3, -1).T.astype(np.int64)


def score(runs: Sequence[Counts]) -> float:
    """The score of a program: the mean of its runs."""
    return float(f1(np.stack(runs).sum(axis=1)).mean())


def replicate(programs: Sequence[Sequence[Counts]], replicates: int = REPLICATES, seed: int = 1) -> list[Floats]:
    """For each program, given by its runs, the score of every replicate, (replicates,)."""
    rng = np.random.default_rng(seed)
    every = np.stack([run for runs in programs for run in runs], axis=1)  # (n, runs of all programs, 3)
    scores = f1(bootstrap(Sample.of(every), replicates, rng))
    means = []
    first = 0
    for runs in programs:
        drawn = rng.integers(len(runs), size=(replicates, max(len(runs) - 1, 1)))
        means.append(np.take_along_axis(scores[:, first : first + len(runs)], drawn, axis=1).mean(axis=1))
        first += len(runs)
    return means


def difference(value: float, replicates: Floats) -> Difference:
    """What the replicates of a difference say of it."""
    bounds = interval(replicates)
    assert bounds is not None  # each program is scored on data with spans
    beyond = np.count_nonzero(np.abs(replicates - value) >= abs(value))
    return Difference(value, *bounds, (1 + beyond) / (len(replicates) + 1))


def compare(ours: Sequence[Counts], others: Sequence[Sequence[Counts]]) -> list[Difference]:
    """How far the score of one program is above those of others."""
    first, *rest = replicate([ours, *others])
    return [
        difference(score(ours) - score(runs), first - scores) for runs, scores in zip(others, rest, strict=True)
    ]
