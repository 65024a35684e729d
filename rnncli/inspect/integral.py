"""Integrated gradients: each token's share in a score, along the path from "every token unknown" to the text.

    contribution(t) = ∫₀¹ ⟨∂s/∂x(t), Δx(t)⟩ dα,    x(t) = unknown + α Δx(t)

The contributions of all tokens sum to s(text) − s(all unknown): completeness. It holds on every interval of α too,
so the error of each interval is known. While a target's gap is too large, its interval with the largest error is
halved.

Source: Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation 1 and proposition 1.
"""

import math
from typing import NamedTuple

import numpy as np

from rnncli.inspect.attribution import Attribution
from rnncli.inspect.progress import Progress, silent
from rnncli.parameters import Array
from rnncli.plain import forward as plain

NODES = 8  # of Gauss and Legendre's rule on an interval
LARGEST_GAP = 0.009  # a target with a larger gap is refined
ROUNDS = 40  # how often a target may be refined
# About which share of the time the first interval of all targets takes, if few need to be refined.
_FIRST = 0.3


class IntervalShares(NamedTuple):
    """The integral over an interval of α, for one target."""

    start: float
    end: float
    shares: Array  # (T,)
    error: float  # Σ shares − (s(end) − s(start))

    def halves(self) -> list[tuple[float, float]]:
        """The two halves of the interval, each with its start and end."""
        middle = (self.start + self.end) / 2
        return [(self.start, middle), (middle, self.end)]


class IntegrationPath:
    """The straight path of a sentence's input; α = 0: every token is the unknown word, α = 1: the text."""

    def __init__(self, attribution: Attribution, targets: Array, nodes: int, progress: Progress) -> None:
        self.attribution = attribution
        self.targets = targets
        self.progress = progress
        self.finished = 0  # targets that are done
        self.sweeps = 0  # sweeps of single targets
        # The nodes and weights of the rule on [−1, 1], moved to [0, 1].
        nodes_around_0, weights = np.polynomial.legendre.leggauss(nodes)
        self.nodes = (nodes_around_0 + 1) / 2
        self.weights = weights / 2
        self._scores: dict[float, Array] = {}

    def run(self, alphas: Array) -> plain.Trace:
        """Run the network on the inputs at these α side by side; so x and linear functions of x are linear in α."""
        attribution = self.attribution
        full = attribution.trace.linear
        rest = (1 - alphas).astype(full.dtype)
        a = full[:, None] - attribution.change[:, None] * rest[:, None]
        return plain.run(attribution.spec, attribution.parameters, a)

    def score(self, alpha: float) -> Array:
        """The score s of every target at α, (M,)."""
        if alpha not in self._scores:
            o = self.run(np.array([alpha])).o[self.targets, 0, self.attribution.tags[self.targets]]
            self._scores[alpha] = o.astype(np.float64)
        return self._scores[alpha]

    def integrate(self, intervals: dict[tuple[float, float], list[int]], parts: list[list[IntervalShares]]) -> None:
        """Integrate over intervals, each for the targets in its rows, and append the results to their parts."""
        for (start, end), rows in intervals.items():
            for row, part in zip(rows, self.interval(start, end, np.array(rows, np.intp)), strict=True):
                parts[row].append(part)

    def interval(self, start: float, end: float, rows: Array) -> list[IntervalShares]:
        """Integrate from one α to another, for some of the targets."""
        attribution = self.attribution
        shares = np.zeros((len(rows), attribution.count))
        first_row = 0
        for block in attribution.blocks(self.targets[rows]):
            block_shares = shares[first_row : first_row + len(block)]
            first_row += len(block)
            nodes_at_once = max(1, attribution.rows() // len(block))
            for first in range(0, len(self.nodes), nodes_at_once):
                alphas = start + (end - start) * self.nodes[first : first + nodes_at_once]
                weights = (end - start) * self.weights[first : first + nodes_at_once]
                da = attribution.sweep(self.run(alphas), block)
                mean = np.tensordot(weights.astype(attribution.y.dtype), da, (0, 1))
                self._report(len(alphas) * len(block))
                # With a the linear functions, ∂s/∂x(t) · Δx(t) is Σ ∂s/∂a · a(Δx(t)) over the slots of the window.
                for readers, sources, added in attribution.slots():
                    block_shares[:, sources] += np.matmul(mean[readers], added[..., None])[..., 0].T
        gained = (self.score(end) - self.score(start))[rows]
        errors = (shares.sum(axis=1) - gained).tolist()
        return [IntervalShares(start, end, *row) for row in zip(shares, errors, strict=True)]

    def _report(self, sweeps: int) -> None:
        self.sweeps += sweeps
        count = len(self.targets)
        first = min(1.0, self.sweeps / (count * len(self.nodes)))
        done = _FIRST * first + (1 - _FIRST) * self.finished / count
        self.progress(done, f"contribution, {self.finished:,} of {count:,} tags")


def contribution(
    attribution: Attribution, targets: Array, nodes: int = NODES, progress: Progress = silent
) -> tuple[Array, Array]:
    """The shares of all tokens in the scores of M targets, (M, T), and the completeness gaps, (M,).

    The gap is |Σ shares − (s(text) − s(all unknown))|, as a share of that difference (at least a millionth of s).
    """
    path = IntegrationPath(attribution, targets, nodes, progress)
    unknown_score = path.score(0.0)
    text_score = path.score(1.0)
    least = 1e-6 * np.maximum(np.abs(text_score), np.abs(unknown_score)) + np.finfo(float).tiny
    scale = np.maximum(np.abs(text_score - unknown_score), least)
    parts_by_target: list[list[IntervalShares]] = [[] for _ in targets]
    path.integrate({(0.0, 1.0): list(range(len(targets)))}, parts_by_target)
    for _ in range(ROUNDS):
        intervals: dict[tuple[float, float], list[int]] = {}
        for row, parts in enumerate(parts_by_target):
            if abs(math.fsum(part.error for part in parts)) > LARGEST_GAP * scale[row]:
                worst = max(range(len(parts)), key=lambda i: abs(parts[i].error))
                for half in parts.pop(worst).halves():
                    intervals.setdefault(half, []).append(row)
        if not intervals:
            break
        path.finished = len(targets) - len({row for rows in intervals.values() for row in rows})
        path.integrate(intervals, parts_by_target)
    shares = np.array([sum(part.shares for part in parts) for parts in parts_by_target])
    shares = shares.reshape(-1, attribution.count)
    return shares, np.abs(shares.sum(axis=1) - (text_score - unknown_score)) / scale
