"""Which tokens a tag depends on: three measures of each target and each token, which cannot be compared in size.

    gradient      how fast the score of the tag changes with the input of a token: ‖∂s/∂x(t)‖₂
    contribution  the token's share in the score, by integrated gradients; signed
    ablation      what the score loses when the token is replaced by the unknown word, by tagging again

s is the score o[k] of the tag k that is predicted for the target, before the softmax or the CRF. Plain NumPy;
equations and sources: docs/math.md, "Connectivity".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.errors import DataError, UsageError
from rnncli.inspect.attribution import Attribution
from rnncli.inspect.integral import NODES, contribution
from rnncli.inspect.progress import Progress, silent
from rnncli.model import Model
from rnncli.parameters import Array

MEASURES = ("gradient", "contribution", "ablation")


class Connectivity(NamedTuple):
    """How much the tags of M targets depend on each of T tokens."""

    targets: list[int]  # M token numbers, counted from 0; the rows below
    tags: list[str]  # the tag predicted for each target
    gradient: Array  # (M, T) ‖∂s/∂x(t)‖₂
    contribution: Array  # (M, T) integrated gradients from "every token unknown" to the text; signed
    gap: Array  # (M,) |Σ contribution − (s(text) − s(all unknown))| as a share of that difference
    ablation: Array  # (M, T) s(text) − s(text with token t replaced by the unknown word)
    probability: Array  # (M, T) the same of the predicted tag's probability: its marginal under a CRF
    changed: NDArray[np.bool_]  # (M, T) whether another tag is predicted for the target without token t

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
        measures = {name: plain(value) for name, value in self._asdict().items()}
        return measures | {"agreement": self.agreement()}


def plain(value: Any) -> Any:
    """An array as lists for JSON, NaN and infinity as ``None``; any other value unchanged."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def connectivity(
    model: Model,
    tokens: Sequence[str],
    columns: Sequence[tuple[str, ...]] | None = None,
    targets: Sequence[int] | None = None,
    steps: int = NODES,
    progress: Progress = silent,
) -> Connectivity:
    """Compute all three measures for one sentence.

    columns  the columns of each token, for a model that reads them
    targets  numbers of the tokens whose tags are explained, from 0; ``None`` for all
    steps    nodes in each interval of the integral
    progress  called now and then; the time grows at least with the square of the tokens

    Raises DataError for a sentence without tokens, UsageError for a target or a number of steps out of range.
    """
    if not tokens:
        raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
    chosen = list(range(len(tokens))) if targets is None else [int(target) for target in targets]
    for target in chosen:
        if not 0 <= target < len(tokens):
            raise UsageError(f"there is no token {target} in a text of {len(tokens)}", hint="the first is token 0")
    if steps < 1:
        raise UsageError(f"an integral of {steps} steps", hint="give at least 1")
    attribution = Attribution(model, model.encode([tokens], None if columns is None else [columns]))
    rows = np.array(chosen, np.intp)
    # By far the most time is that of the contributions.
    attribution.progress = lambda done, what: progress(0.05 * done, what)
    ablation, probability, changed = attribution.ablation(rows)
    attribution.progress = lambda done, what: progress(0.05 + 0.05 * done, what)
    gradient = attribution.gradient(rows)
    shares, gap = contribution(attribution, rows, steps, lambda done, what: progress(0.1 + 0.9 * done, what))
    tags = [model.tags[number] for number in attribution.tags[rows]]
    return Connectivity(chosen, tags, gradient, shares, gap, ablation, probability, changed)


def spearman(a: Array, b: Array) -> float | None:
    """Spearman's rank correlation; equal values have their mean rank. ``None`` where ``a`` or ``b`` is constant."""
    x, y = (_centred_ranks(values) for values in (a, b))
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else None


def _centred_ranks(values: Array) -> Array:
    _, value_numbers, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = np.asarray((ends - (counts - 1) / 2)[value_numbers.reshape(-1)])
    return ranks - ranks.mean() if len(ranks) else ranks
