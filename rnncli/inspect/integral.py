"""Integrated gradients: each token's share in a score, on the way from "every token unknown" to the text.

    contribution(t) = ∫₀¹ ⟨∂s/∂x(t), Δx(t)⟩ dα,    x(t) = unknown + α Δx(t)

The contributions of all tokens sum up to s(text) − s(all unknown): completeness. That holds on any piece of the way
too, so the error on each piece is known: while a target's gap is too large, its worst piece is halved.

Source: Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", equation 1 and proposition 1.
"""

from typing import NamedTuple

import numpy as np

from rnncli.inspect.progress import Progress, silent
from rnncli.inspect.reader import Reader
from rnncli.parameters import Array
from rnncli.plain import forward as plain

# Nodes of Gauss and Legendre's rule on a piece; the gap at which a target is done; how often it may be refined.
NODES = 8
ENOUGH = 0.009
ROUNDS = 40
# About which share of the time goes into the first piece of all targets, where few need to be refined.
_FIRST = 0.3


class Piece(NamedTuple):
    """What one piece of the way gives for one target."""

    start: float
    end: float
    shares: Array  # (T,)
    error: float  # Σ shares less what the score gains

    def halves(self) -> list[tuple[float, float]]:
        """The piece in two."""
        middle = (self.start + self.end) / 2
        return [(self.start, middle), (middle, self.end)]


class Way:
    """The straight way of a sentence's input; α = 0: every token is the unknown word, α = 1: the text."""

    def __init__(self, reader: Reader, targets: Array, nodes: int, progress: Progress) -> None:
        self.reader, self.targets, self.progress = reader, targets, progress
        self.finished = self.sweeps = 0  # targets that are done, and sweeps of single targets
        at, weights = np.polynomial.legendre.leggauss(nodes)
        self.at, self.weights = (at + 1) / 2, weights / 2
        self._scores: dict[float, Array] = {}

    def run(self, alphas: Array) -> plain.Trace:
        """Read the inputs at these α side by side; x is linear in α, and so is a of layer 1."""
        reader, full = self.reader, self.reader.trace.a[0]
        back = (1 - alphas).astype(full.dtype)
        return plain.run(reader.spec, reader.parameters, full[:, None] - reader.change[:, None] * back[:, None])

    def score(self, alpha: float) -> Array:
        """The score s of every target at α, (M,)."""
        if alpha not in self._scores:
            o = self.run(np.array([alpha])).o[self.targets, 0, self.reader.tags[self.targets]]
            self._scores[alpha] = o.astype(np.float64)
        return self._scores[alpha]

    def integrate(self, to_do: dict[tuple[float, float], list[int]], found: list[list[Piece]]) -> None:
        """Add pieces, given by their ends and the targets that want them, to those of the targets."""
        for (start, end), rows in to_do.items():
            for row, piece in zip(rows, self.piece(start, end, np.array(rows, np.intp)), strict=True):
                found[row].append(piece)

    def piece(self, start: float, end: float, rows: Array) -> list[Piece]:
        """Integrate from one α to another, for some of the targets."""
        reader, shares = self.reader, np.zeros((len(rows), self.reader.count))
        at = 0
        for block in reader.blocks(self.targets[rows]):
            to_do = shares[at : at + len(block)]
            many, at = max(1, reader.rows() // len(block)), at + len(block)
            for first in range(0, len(self.at), many):
                alphas = start + (end - start) * self.at[first : first + many]
                weights = ((end - start) * self.weights[first : first + many]).astype(reader.y.dtype)
                da = reader.sweep(self.run(alphas), block)
                mean = np.tensordot(weights, da, (0, 1))
                self._report(len(alphas) * len(block))
                # ∂s/∂x(t) · Δx(t) is, over the places at which t is seen, ∂s/∂a · U Δx(t).
                for to, of, added in reader.places():
                    to_do[:, of] += np.matmul(mean[to], added[..., None])[..., 0].T
        gained = (self.score(end) - self.score(start))[rows]
        errors = shares.sum(axis=1) - gained
        return [Piece(start, end, *found) for found in zip(shares, errors.tolist(), strict=True)]

    def _report(self, sweeps: int) -> None:
        self.sweeps += sweeps
        count = len(self.targets)
        first = min(1.0, self.sweeps / (count * len(self.at)))
        done = _FIRST * first + (1 - _FIRST) * self.finished / count
        self.progress(done, f"contribution, {self.finished:,} of {count:,} tags")


def contribution(
    reader: Reader, targets: Array, nodes: int = NODES, progress: Progress = silent
) -> tuple[Array, Array]:
    """The shares of all tokens in the scores of M targets, (M, T), and the completeness gaps, (M,).

    The gap is |Σ shares − (s(text) − s(all unknown))|, as a share of that difference (at least a millionth of s).
    """
    way = Way(reader, targets, nodes, progress)
    before, after = way.score(0.0), way.score(1.0)
    least = 1e-6 * np.maximum(np.abs(after), np.abs(before)) + np.finfo(float).tiny
    scale = np.maximum(np.abs(after - before), least)
    found: list[list[Piece]] = [[] for _ in targets]
    way.integrate({(0.0, 1.0): list(range(len(targets)))}, found)
    for _ in range(ROUNDS):
        to_do: dict[tuple[float, float], list[int]] = {}
        for row, pieces in enumerate(found):
            if abs(sum(piece.error for piece in pieces)) > ENOUGH * scale[row]:
                worst = pieces.pop(max(range(len(pieces)), key=lambda i: abs(pieces[i].error)))
                for half in worst.halves():
                    to_do.setdefault(half, []).append(row)
        if not to_do:
            break
        way.finished = len(targets) - len({row for rows in to_do.values() for row in rows})
        way.integrate(to_do, found)
    shares = np.array([sum(piece.shares for piece in pieces) for pieces in found]).reshape(-1, reader.count)
    return shares, np.abs(shares.sum(axis=1) - (after - before)) / scale
