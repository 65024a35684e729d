"""Learning curves: the score against the number of training sentences, and what more data is worth.

The error e(n), 1 − score, of a model trained on n sentences follows a power law over several orders of magnitude,
e(n) = a · n^(−b), towards a floor c that more data do not lower: e(n) = a · n^(−b) + c (Hestness et al. 2017, "Deep
learning scaling is predictable, empirically"; Rosenfeld et al. 2020, "A constructive prediction of the
generalization error across scales").
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data.parts import Parts
from rnncli.errors import DataError, UsageError
from rnncli.jobs import Job, Outcome
from rnncli.studies import choice
from rnncli.studies.statistics import mean_and_deviation, quantile_of_t, score_of
from rnncli.studies.trial import Setting

HELD_OUT = 0.2  # of the sentences, without a file to test on
_SLOPES = np.linspace(0.01, 3.0, 300)  # values of b among which the best one is looked for first
_ROUNDS = 100  # of Gauss and Newton
WITH_FLOOR = 5  # sizes from which on a floor can be found
Array = NDArray[np.float64]


def shares_of(text: str) -> list[float]:
    """Read percentages such as ``6,12,25,50,100``; return rising fractions. Others are a :class:`.UsageError`."""
    hint = "give percentages above 0 and up to 100: --shares 25,50,100"
    try:
        percentages = sorted(float(piece) for piece in text.split(","))
    except ValueError as error:
        raise UsageError(f'--shares "{text}": not percentages', hint=hint) from error
    if not all(0 < value <= 100 for value in percentages):
        raise UsageError(f'--shares "{text}": out of range', hint=hint)
    if len(set(percentages)) < len(percentages):
        raise UsageError(f'--shares "{text}" names one share twice', hint=hint)
    return [value / 100 for value in percentages]


class Plan(NamedTuple):
    """A learning curve.

    shares  of the training sentences, rising, up to 1
    seeds   trainings with each share, each with other sentences and other weights
    """

    setting: Setting
    shares: Sequence[float]
    seeds: int = 3

    def jobs(self, parts: Parts) -> list[Job]:
        """The jobs; their results are what they return.

        parts  as :meth:`.Setting.read` gives them

        Data so small that two shares hold as many sentences are a :class:`.DataError`.
        """
        held_out = 0.0 if parts.dev else HELD_OUT
        first = self.setting.training.seed
        sizes = []
        jobs = []
        for share in self.shares:
            sizes.append(len(choice.shares(len(parts.train), held_out, share, first, first)[0]))
            for seed in range(first, first + self.seeds):
                part = {"share": share, "held_out": held_out, "seed": seed, "test_seed": first}
                setting = self.setting.with_seed(seed)
                jobs.append(setting.job(f"share-{100 * share:g}/seed-{seed}", part, work=sizes[-1]))
        if len(set(sizes)) < len(sizes):
            message = f"too few sentences for these shares: they hold {', '.join(map(str, sizes))} sentences"
            raise DataError(message, where=parts.corpus.name, hint="give more data, or other --shares")
        return jobs


class Fit(NamedTuple):
    """A power law e(n) = exp(log_a) · n^(−b) + c that was fitted to errors at different sizes.

    covariance  (2, 2) of log_a and b, or (3, 3) with c
    freedom     degrees of freedom that are left
    """

    log_a: float
    b: float
    c: float
    covariance: Array
    freedom: int

    @property
    def has_floor(self) -> bool:
        """Whether there is a c that the data support."""
        return len(self.covariance) == 3

    def error(self, n: float) -> tuple[float, float]:
        """The error at a size, and half the width of its 95 % interval."""
        power = math.exp(self.log_a - self.b * math.log(n))
        return power + self.c, self._half([power, -power * math.log(n), 1.0])

    def gain(self, n: float, m: float) -> tuple[float, float]:
        """By how much the error falls from a size n to a size m, and half the width of the 95 % interval."""
        at_n, at_m = (math.exp(self.log_a - self.b * math.log(size)) for size in (n, m))
        return at_n - at_m, self._half([at_n - at_m, at_m * math.log(m) - at_n * math.log(n), 0.0])

    def slope(self) -> tuple[float, float]:
        """b, and half the width of its 95 % interval."""
        return self.b, self._half([0.0, 1.0, 0.0])

    def _half(self, derivative: list[float]) -> float:
        """Half the width of the interval of a function of the parameters, by the delta method."""
        d = np.array(derivative[: len(self.covariance)])
        return quantile_of_t(self.freedom) * math.sqrt(max(0.0, float(d @ self.covariance @ d)))


def fit(sizes: Sequence[float], errors: Sequence[Sequence[float]]) -> Fit | None:
    """Fit a power law to the errors of one or several trainings with each size.

    The sum of ((f(n) − e) / e)² is least: relative errors, as all scores of a curve have about the same relative
    spread. The law is that of the mean errors. Its covariance is s² (JᵀJ)⁻¹ at the optimum, s² from the residuals
    of the means, so it holds the spread of the seeds and what the law does not explain. A floor c > 0 is kept if
    Akaike's criterion for small samples (Hurvich and Tsai 1989), taken over all trainings, prefers it, and there
    are at least five sizes; else c is 0.

    Returns ``None`` for fewer than three sizes, or a mean error that is not above 0.
    """
    n = np.asarray(sizes, np.float64)
    e = np.array([np.mean(each) for each in errors])
    if len(n) < 3 or not (e > 0).all():
        return None
    start = np.polyfit(np.log(n), np.log(e), 1)[::-1] * [1, -1]  # the line through the logarithms
    if len(n) >= WITH_FLOOR:
        trials = [(size, error) for size, each in zip(sizes, errors, strict=True) for error in each if error > 0]
        n_all, e_all = np.array(trials, np.float64).T
        plain = _criterion(n_all, e_all, _least_squares(n_all, e_all, start))
        starts = [each for b in _SLOPES if (each := _start(n_all, e_all, b))]
        if starts:
            _, with_floor = min(starts, key=lambda each: each[0])
            floored = _least_squares(n_all, e_all, with_floor)
            if floored[2] > 0 and floored[1] > 0 and _criterion(n_all, e_all, floored) < plain:
                start = floored
    parameters = _least_squares(n, e, start)
    freedom = len(n) - len(parameters)
    j = _jacobian(n, e, parameters)
    s2 = float(np.sum(_residuals(n, e, parameters) ** 2)) / freedom
    log_a, b, c = (*map(float, parameters), 0.0)[:3]
    return Fit(log_a, b, c, np.asarray(s2 * np.linalg.pinv(j.T @ j), np.float64), freedom)


def _start(n: Array, e: Array, b: float) -> tuple[float, Array] | None:
    """The best a and c for a given b, as a loss and parameters; ``None`` if one of them is not above 0."""
    (a, c), *_ = np.linalg.lstsq(np.stack([n**-b, np.ones_like(n)], 1) / e[:, None], np.ones_like(e), rcond=None)
    if a <= 0 or c <= 0:
        return None
    return float(np.sum(((a * n**-b + c) / e - 1) ** 2)), np.array([math.log(a), b, c])


def _residuals(n: Array, e: Array, p: Array) -> Array:
    floor = p[2] if len(p) == 3 else 0.0
    return np.asarray((np.exp(p[0] - p[1] * np.log(n)) + floor) / e - 1)


def _jacobian(n: Array, e: Array, p: Array) -> Array:
    power = np.exp(p[0] - p[1] * np.log(n))
    return np.asarray(np.stack([power, -power * np.log(n), np.ones_like(n)][: len(p)], 1) / e[:, None])


def _least_squares(n: Array, e: Array, parameters: Array) -> Array:
    """Go from parameters (log a, b and maybe c) to the least sum of squares, by Gauss and Newton."""
    r = _residuals(n, e, parameters)
    for _ in range(_ROUNDS):
        step = np.linalg.lstsq(_jacobian(n, e, parameters), -r, rcond=None)[0]
        size = 1.0
        while size > 1e-6 and np.sum(_residuals(n, e, parameters + size * step) ** 2) > np.sum(r**2):
            size /= 2
        if size <= 1e-6 or np.abs(step).max() < 1e-10:
            break
        parameters = parameters + size * step
        r = _residuals(n, e, parameters)
    return parameters


def _criterion(n: Array, e: Array, parameters: Array) -> float:
    """Akaike's criterion for small samples; infinite where there are too few points for it."""
    count = len(n)
    k = len(parameters) + 1  # with the variance
    if count <= k + 1:
        return math.inf
    squares = max(float(np.sum(_residuals(n, e, parameters) ** 2)), 1e-300)
    return count * math.log(squares / count) + 2 * k + 2 * k * (k + 1) / (count - k - 1)


def summary(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON contract of ``rnncli study curve``, of the outcomes of all trials."""
    scores: dict[int, list[float]] = {}
    share_of: dict[int, float] = {}
    for outcome in outcomes:
        size = outcome.counts["sentences"]
        share_of[size] = outcome.arguments["part"]["share"]
        scores.setdefault(size, []).append(score_of(outcome.counts["scores"]["total"]))
    rows: list[dict[str, Any]] = []
    for size, values in sorted(scores.items()):
        mean, deviation = mean_and_deviation(values)
        rows.append({
            "share": share_of[size], "sentences": size, "mean": mean, "standard_deviation": deviation,
            "scores": values,
        })  # fmt: skip
    tested = outcomes[0].counts["scores"]
    law = fit([row["sentences"] for row in rows], [[1 - score for score in row["scores"]] for row in rows])
    return {
        "metric": tested["metric"],
        "tested_on": tested["sentences"],
        "seeds": plan.seeds,
        "points": rows,
        "law": _law(law, rows) if law else None,
        "twice": _twice(law, rows[-1]["sentences"]) if law else None,
        "doubt": _doubt(law, rows),
    }


def _law(law: Fit, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The law, and what it says at the sizes and at twice the largest."""
    b, half = law.slope()
    fitted = []
    for n in [*(row["sentences"] for row in rows), 2 * rows[-1]["sentences"]]:
        error, half_error = law.error(n)
        low, high = (min(1.0, max(0.0, 1 - error + sign * half_error)) for sign in (-1, 1))
        fitted.append({"sentences": n, "score": 1 - error, "low": low, "high": high})
    return {
        "log_a": law.log_a,
        "b": b,
        "b_low": b - half,
        "b_high": b + half,
        "c": law.c,
        "degrees_of_freedom": law.freedom,
        "fitted": fitted,
    }


def _twice(law: Fit, n: int) -> dict[str, float]:
    """What twice the data is worth."""
    gain, half = law.gain(n, 2 * n)
    return {"sentences": 2 * n, "gain": gain, "low": gain - half, "high": gain + half}


def _doubt(law: Fit | None, rows: Sequence[dict[str, Any]]) -> str:
    """Why the points do not say what more data is worth; "" if they do."""
    if len(rows) < 3:
        return f"a law needs at least 3 sizes, and there are {len(rows)}"
    if law is None:
        return "a score has reached 100 %, so there is no error left to fit"
    if all(row["mean"] == 0 for row in rows):
        return "all scores are 0"
    b, half = law.slope()
    if b - half <= 0:
        return "the scores do not rise clearly with the data"
    gain, half_gain = law.gain(rows[-1]["sentences"], 2 * rows[-1]["sentences"])
    if half_gain >= gain:
        return "the points are too few, or their spread is too large"
    return ""
