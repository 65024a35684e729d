"""The power law of a learning curve, with SciPy as the oracle, and what is said about it."""

import math

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import t

from rnncli.errors import UsageError
from rnncli.studies.curve import Fit, _doubt, fit, shares_of
from rnncli.studies.statistics import quantile_of_t

SIZES = [60, 125, 250, 500, 1000, 2000, 4000]


def law(n, a, b, c=0.0):
    return a * np.power(n, -b) + c


def noisy(c: float, sizes: list[int] = SIZES, seed: int = 1, spread: float = 0.03) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return law(np.array(sizes, float), 2.0, 0.5, c) * (1 + spread * rng.standard_normal(len(sizes)))


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 10, 11, 12, 40, 1000])
def test_quantiles_of_t_are_those_of_scipy(freedom: int) -> None:
    assert t.ppf(0.975, freedom) == pytest.approx(quantile_of_t(freedom), abs=2e-4)


@pytest.mark.parametrize(("floor", "size"), [(0.0, 2), (0.08, 3)])
def test_parameters_and_covariance_are_those_of_scipy(floor: float, size: int) -> None:
    n = np.array(SIZES, float)
    e = noisy(floor, spread=0.005)
    found = fit(SIZES, [[each] for each in e])
    assert found is not None
    assert size == len(found.covariance)
    start = [math.log(2), 0.5, 0.05][:size]

    def function(n, log_a, b, c=0.0):
        return law(n, math.exp(log_a), b, c)

    expected, covariance = curve_fit(function, n, e, p0=start, sigma=e)  # sigma: relative errors
    assert expected == pytest.approx([found.log_a, found.b, found.c][:size], rel=1e-4)
    assert covariance == pytest.approx(found.covariance, rel=1e-3)


def test_an_exact_law_is_found_and_extended() -> None:
    found = fit(SIZES, [[each] for each in law(np.array(SIZES, float), 2.0, 0.5, 0.08)])
    assert found is not None
    assert (0.5, 0.08) == pytest.approx((found.b, found.c), abs=1e-6)
    gain, half = found.gain(4000, 8000)
    assert law(4000, 2, 0.5) - law(8000, 2, 0.5) == pytest.approx(gain, abs=1e-7)
    assert half < 1e-6


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = law(2000, 2, 0.5) - law(4000, 2, 0.5)
    hits = 0
    for seed in range(150):
        found = fit(SIZES[:5], [[each] for each in noisy(0.0, SIZES[:5], seed)])
        assert found is not None
        gain, half = found.gain(2000, 4000)
        hits += abs(gain - truth) <= half
    assert 0.9 <= hits / 150 <= 0.99


def rows(sizes: list[int], errors: list[float]) -> list[dict[str, float]]:
    return [{"sentences": n, "mean": 1 - e} for n, e in zip(sizes, errors, strict=True)]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (law(np.array([100, 200, 400, 800.0]), 2, 0.4).tolist(), ""),
        ([0.3, 0.2], "at least 3 sizes"),
        ([0.3, 0.2, 0.0, 0.0], "100 %"),
        ([1.0, 1.0, 1.0, 1.0], "all scores are 0"),
        ([0.3, 0.31, 0.29, 0.3], "do not rise clearly"),
        ([0.1, 0.2, 0.3, 0.4], "do not rise clearly"),
        ([0.9, 0.2, 0.8, 0.1], "do not rise clearly"),
    ],
)
def test_what_the_points_do_not_support_is_not_said(errors: list[float], expected: str) -> None:
    sizes = [100, 200, 400, 800][: len(errors)]
    doubt = _doubt(fit(sizes, [[each] for each in errors]), rows(sizes, errors))
    assert expected in doubt
    assert bool(expected) == bool(doubt)


def test_a_floor_needs_enough_sizes() -> None:
    found = fit(SIZES[:4], [[each] * 5 for each in law(np.array(SIZES[:4], float), 2.0, 0.5, 0.08)])
    assert isinstance(found, Fit)
    assert not found.has_floor


@pytest.mark.parametrize("text", ["", "5,x", "0,50", "50,101", "20,20", "nan", "-5"])
def test_shares_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(UsageError, match="--shares"):
        shares_of(text)


def test_shares_rise() -> None:
    assert [0.06, 0.5, 1.0] == shares_of("50, 6,100")
