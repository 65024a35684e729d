"""Whether one program labels better than another: a paired bootstrap over test sentences and seeds.

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
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

REPLICATES = 10_000
BLOCK = 500  # replicates at once
Counts = NDArray[np.int64]  # (n, 3): correct, predicted, gold


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


def f1(sums: NDArray[Any]) -> NDArray[np.float64]:
    """F1 of sums (…, 3); 0 where nothing is predicted and nothing is gold."""
    both = sums[..., 1] + sums[..., 2]
    return np.asarray(2 * sums[..., 0] / np.maximum(both, 1), np.float64)


def score(runs: Sequence[Counts]) -> float:
    """The score of a program: the mean of its runs."""
    return float(f1(np.stack(runs).sum(axis=1)).mean())


def samples(size: int, replicates: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """How often each of ``size`` things is drawn, (replicates, size), in blocks."""
    for first in range(0, replicates, BLOCK):
        rows = min(BLOCK, replicates - first)
        drawn = rng.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def replicate(
    programs: Sequence[Sequence[Counts]], replicates: int = REPLICATES, seed: int = 1
) -> list[NDArray[np.float64]]:
    """For each program, given by its runs, the score of every replicate, (replicates,)."""
    rng = np.random.default_rng(seed)
    every = np.concatenate([np.concatenate(list(runs), axis=1) for runs in programs], axis=1)  # (n, runs · 3)
    blocks = [times @ every for times in samples(len(every), replicates, rng)]
    scores = f1(np.concatenate(blocks).reshape(replicates, -1, 3))  # (replicates, runs)
    found = []
    first = 0
    for runs in programs:
        drawn = rng.integers(len(runs), size=(replicates, max(len(runs) - 1, 1)))
        found.append(np.take_along_axis(scores[:, first : first + len(runs)], drawn, axis=1).mean(axis=1))
        first += len(runs)
    return found


def difference(value: float, replicates: NDArray[np.float64]) -> Difference:
    """What the replicates of a difference say of it."""
    low, high = np.percentile(replicates, [2.5, 97.5])
    beyond = np.count_nonzero(np.abs(replicates - value) >= abs(value))
    return Difference(value, float(low), float(high), (1 + beyond) / (len(replicates) + 1))


def compare(ours: Sequence[Counts], others: Sequence[Sequence[Counts]]) -> list[Difference]:
    """How far the score of one program is above those of others."""
    first, *rest = replicate([ours, *others])
    return [
        difference(score(ours) - score(runs), first - scores) for runs, scores in zip(others, rest, strict=True)
    ]
