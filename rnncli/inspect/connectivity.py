"""Which tokens a tag rests on, by three measures that are not to be mixed, each target against each token.

    gradient      how fast the score of the tag changes with the input of a token: ‖∂s/∂x(t)‖₂
    contribution  the token's share in the score, by integrated gradients; signed
    ablation      what the score loses when the token is replaced by the unknown word, by tagging again

s is the score o[k] of the tag k that the target is given, before the softmax or the CRF. Plain NumPy; equations and
sources: docs/math.md, "Connectivity".
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.errors import DataError, UsageError
from rnncli.model import Model, alone
from rnncli.network import reference
from rnncli.network.parameters import Array, Parameters
from rnncli.network.sweep import products

MEASURES = ("gradient", "contribution", "ablation")
# Nodes of the integral. With so many the completeness gap stays under 1 %: see docs/math.md.
STEPS = 32
# Numbers that the arrays of one pass may have: 128 MB in float32.
ROOM = 1 << 25


class Connectivity(NamedTuple):
    """What the tags of M targets rest on, among T tokens."""

    targets: list[int]  # M token numbers, counted from 0; the rows below
    tags: list[str]  # the tag given to each target
    gradient: Array  # (M, T) ‖∂s/∂x(t)‖₂
    contribution: Array  # (M, T) integrated gradients from "every token unknown" to the text; signed
    gap: Array  # (M,) |Σ contribution − (s(text) − s(all unknown))| as a share of that difference
    ablation: Array  # (M, T) s(text) − s(text with token t replaced by the unknown word)
    probability: Array  # (M, T) the same of the probability of the given tag: its marginal under a CRF
    changed: NDArray[np.bool_]  # (M, T) whether the target is given another tag without token t

    def agreement(self) -> dict[str, float | None]:
        """Spearman's rank correlation with ablation, over all targets and tokens; ``None`` where it is undefined.

        A gradient has no sign, so it is compared with |ablation|.
        """
        return {
            "gradient": spearman(self.gradient.reshape(-1), np.abs(self.ablation).reshape(-1)),
            "contribution": spearman(self.contribution.reshape(-1), self.ablation.reshape(-1)),
        }

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON; one that is not finite is ``None``."""
        found = {name: plain(value) for name, value in self._asdict().items()}
        return found | {"agreement": self.agreement()}


def plain(value: Any) -> Any:
    """An array as lists for JSON, NaN and infinity as ``None``; anything else as it is."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def connectivity(
    model: Model,
    tokens: Sequence[str],
    columns: Sequence[tuple[str, ...]] | None = None,
    targets: Sequence[int] | None = None,
    steps: int = STEPS,
) -> Connectivity:
    """Compute all three measures for one sentence.

    columns  what stands beside each token, for a model that reads it
    targets  numbers of the tokens whose tags are explained, from 0; ``None`` for all
    steps    nodes of the integral
    """
    if not tokens:
        raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
    chosen = list(range(len(tokens))) if targets is None else [int(target) for target in targets]
    for target in chosen:
        if not 0 <= target < len(tokens):
            raise UsageError(f"there is no token {target} in a text of {len(tokens)}", hint="the first is token 0")
    if steps < 1:
        raise UsageError(f"an integral of {steps} steps", hint="give at least 1")
    reader = Reader(model, model.encode([tokens], None if columns is None else [columns]))
    rows = np.array(chosen, np.intp)
    contribution, gap = reader.contribution(rows, steps)
    ablation, probability, changed = reader.ablation(rows)
    tags = [model.tags[number] for number in reader.tags[rows]]
    return Connectivity(chosen, tags, reader.gradient(rows), contribution, gap, ablation, probability, changed)


class Norm:
    """‖∂s/∂x(t)‖₂ from ∂s/∂a: x(t) has what the parts of the input give, and all the vocabulary's one-hot units.

    With a window the token is seen at several places, whose gradients are summed before the norm.
    """

    def __init__(self, spec: NetworkSpec, parameters: Parameters) -> None:
        self.places, table = 2 * spec.window + 1, parameters.get("input/onehot")
        u, parts = parameters.get("layer1/U"), []
        if u is not None:
            parts.append(np.concatenate(np.split(u, self.places, axis=1)))
        if table is not None:
            parts.append(np.concatenate([each.T for each in np.split(table, self.places)]))
        weight = np.concatenate(parts, axis=1)  # ((2w + 1) R·G·H, D + words)
        # With many words U Uᵀ is the smaller: ‖Uᵀ δ‖² = δᵀ (U Uᵀ) δ.
        self.is_gram = weight.shape[1] > 2 * weight.shape[0]
        self.weight = weight @ weight.T if self.is_gram else weight

    def __call__(self, da: Array) -> Array:
        """(T, M, R·G·H) -> (T, M)."""
        found = np.empty(da.shape[:2], da.dtype)
        window, count, width = self.places // 2, len(da), da.shape[-1]
        block = max(1, ROOM // 4 // (da.shape[1] * max(self.weight.shape)))
        for start in range(0, count, block):
            end = min(count, start + block)
            seen = np.zeros((end - start, da.shape[1], self.places * width), da.dtype)
            for place in range(self.places):
                # Token t is at this place for token t + window − place.
                first, last = (min(max(0, t + window - place), count) for t in (start, end))
                at = first - window + place - start
                seen[at : at + last - first, :, place * width : (place + 1) * width] = da[first:last]
            flat = seen.reshape(-1, seen.shape[-1])
            product = flat @ self.weight
            squares = np.einsum("ij,ij->i", product, flat if self.is_gram else product)
            found[start:end] = np.sqrt(np.maximum(squares, 0)).reshape(end - start, -1)
        return found


class Reader:
    """One sentence as a model reads it, and its measures; M targets are given as the numbers of their tokens."""

    def __init__(self, model: Model, encoded: Encoded, sentence: int = 0, norm: Norm | None = None) -> None:
        self.model, self.spec, self.parameters = model, model.network, model.parameters
        self.norm = norm or Norm(self.spec, self.parameters)
        read = reference.look_up(self.parameters, alone(encoded, sentence))
        blank = reference.unknown(self.parameters, 1)
        self.count = len(read.x)
        # What each token adds to the products of those that see it, above what the unknown word does; by places.
        self.added = [
            reference.product(self.spec, self.parameters, read, place)
            - reference.product(self.spec, self.parameters, blank, place)
            for place in range(2 * self.spec.window + 1)
        ]
        self.trace = reference.forward(self.spec, self.parameters, alone(encoded, sentence))
        self.tags, self.y = model.decide(self.trace)

    def places(self) -> Iterator[tuple[slice, slice, Array]]:
        """For each place of the window: the tokens that see one there, those that are seen, what these add."""
        for place, added in enumerate(self.added):
            to, of = reference.seen(self.count, place - self.spec.window)
            yield to, of, added[of]

    def gradient(self, targets: Array) -> Array:
        """‖∂s/∂x(t)‖₂, (M, T)."""
        blocks = [self.norm(self.sweep(self.trace, block)).T for block in self.blocks(targets)]
        return np.concatenate([np.empty((0, self.count), self.y.dtype), *blocks])

    def contribution(self, targets: Array, steps: int) -> tuple[Array, Array]:
        """Integrated gradients, (M, T), and the completeness gap, (M,).

        x goes straight from unknown words to the text, so a of layer 1 does too, and what a token adds to a
        tells its share: ∂s/∂x(t) · Δx(t) = Σ_places ∂s/∂a · U Δx(t).
        """
        full = self.trace.a[0]
        change = np.zeros_like(full)
        for to, _, added in self.places():
            change[to] += added
        nodes, weights = np.polynomial.legendre.leggauss(steps)
        nodes, weights = ((1 - nodes) / 2).astype(full.dtype), (weights / 2).astype(full.dtype)
        found = np.zeros((len(targets), self.count))
        at = 0
        for block in self.blocks(targets):
            many = max(1, self.rows() // len(block))
            for first in range(0, steps, many):
                back, weight = nodes[first : first + many], weights[first : first + many]
                a = full[:, None] - change[:, None] * back[:, None]
                da = self.sweep(reference.run(self.spec, self.parameters, a), block)
                mean = np.einsum("tnmj,n->tmj", da, weight)
                for to, of, added in self.places():
                    found[at : at + len(block), of] += np.einsum("tmj,tj->mt", mean[to], added)
            at += len(block)
        end, start = (
            run.o[targets, self.tags[targets]].astype(np.float64)
            for run in (self.trace, reference.run(self.spec, self.parameters, full - change))
        )
        least = 1e-6 * np.maximum(np.abs(end), np.abs(start)) + np.finfo(float).tiny
        gap = np.abs(found.sum(axis=1) - (end - start)) / np.maximum(np.abs(end - start), least)
        return found, gap

    def ablation(self, targets: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """The losses in score and probability without each token, and whether the tag changes; all (M, T)."""
        tags = self.tags[targets]
        o, y = (np.empty((len(targets), self.count)) for _ in range(2))
        changed = np.empty(o.shape, np.bool_)
        for start, run in self.ablated():
            given, probabilities = self.model.decide(run)
            many = slice(start, start + given.shape[1])
            o[:, many] = run.o[targets, :, tags]
            y[:, many] = probabilities[targets, :, tags]
            changed[:, many] = given[targets] != tags[:, None]
        return self.trace.o[targets, tags][:, None] - o, self.y[targets, tags][:, None] - y, changed

    def effect(self, targets: Array) -> Array:
        """What the scores lose without each token, (M, T); :meth:`ablation` without a new decision."""
        tags = self.tags[targets]
        lost = [run.o[targets, :, tags] for _, run in self.ablated()]
        return np.asarray(self.trace.o[targets, tags][:, None] - np.concatenate(lost, axis=1))

    def ablated(self) -> Iterator[tuple[int, reference.Trace]]:
        """Read the sentence once without each token, some at a time: the first of these tokens, the traces."""
        full = self.trace.a[0]
        for start in range(0, self.count, self.rows()):
            end = min(self.count, start + self.rows())
            a = np.repeat(full[:, None], end - start, axis=1)
            for place, added in enumerate(self.added):
                for t in range(start, end):
                    sees = t + self.spec.window - place
                    if 0 <= sees < self.count:
                        a[sees, t - start] -= added[t]
            yield start, reference.run(self.spec, self.parameters, a)

    def sweep(self, trace: reference.Trace, targets: Array) -> Array:
        """∂s/∂a of layer 1, (T, M, R·G·H); of S readings side by side (T, S, M, R·G·H)."""
        do = np.zeros((self.count, len(targets), trace.o.shape[-1]), trace.o.dtype)
        do[targets, np.arange(len(targets)), self.tags[targets]] = 1
        if trace.o.ndim == 3:
            do = np.repeat(do[:, None], trace.o.shape[1], axis=1)
        return products(self.spec, self.parameters, trace, do).da

    def rows(self) -> int:
        """How many sweeps, or readings, fit into the room at once."""
        each = self.spec.layers * (2 * self.spec.product + 4 * self.trace.h[0].shape[1]) + self.y.shape[1]
        return max(1, ROOM // int(self.count * each))

    def blocks(self, targets: Array) -> Iterator[Array]:
        """Cut targets into such as are swept together."""
        many = self.rows()
        for start in range(0, len(targets), many):
            yield targets[start : start + many]


def spearman(a: Array, b: Array) -> float | None:
    """Spearman's rank correlation, equal values sharing their mean rank; ``None`` where a side does not vary."""
    ranks = [_ranks(each) for each in (a, b)]
    x, y = (each - each.mean() if len(each) else each for each in ranks)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else None


def _ranks(values: Array) -> Array:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[where.reshape(-1)])
