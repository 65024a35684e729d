"""significance.py: the distributions are those of resampling single sentences, as counted in full and by SciPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rnncli import significance
from rnncli.significance import Counts, Sample, bootstrap, f1, holm, interval, precision, randomisation, recall


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def sentences(*rows: tuple[int, ...]) -> Counts:
    """Counts of single sentences, (n, S, 3)."""
    return np.array(rows, np.int64).reshape(len(rows), -1, 3)


def random_sentences(n: int, systems: int, seed: int) -> Counts:
    """Counts of systems that find about 60, 70, … % of one to four gold spans."""
    generator = rng(seed)
    gold = generator.integers(1, 5, n)
    columns = []
    for system in range(systems):
        correct = generator.binomial(gold, 0.6 + 0.1 * system)
        columns.append(np.column_stack([correct, correct + generator.integers(0, 2, n), gold]))
    return np.stack(columns, axis=1)


def test_a_sample_has_the_sums_of_its_sentences() -> None:
    counts = random_sentences(500, 3, 2)
    sample = Sample.of(counts)
    assert 500 == sample.sizes.sum()
    assert len(sample.sizes) < 500
    np.testing.assert_array_equal(counts.sum(axis=0), sample.sums)
    np.testing.assert_array_equal(counts[:, [2, 0]].sum(axis=0), sample.of_systems(2, 0).sums)


def test_ratios_are_undefined_where_there_is_nothing_to_divide_by() -> None:
    sums = np.array([[0, 0, 0], [0, 0, 2], [0, 2, 0], [1, 2, 4]])
    np.testing.assert_array_equal([np.nan, 0, 0, 2 / 6], f1(sums))
    np.testing.assert_array_equal([np.nan, np.nan, 0, 1 / 2], precision(sums))
    np.testing.assert_array_equal([np.nan, 0, np.nan, 1 / 4], recall(sums))


def test_replicates_are_distributed_as_all_samples_of_four_sentences() -> None:
    counts = sentences((0, 1, 2), (1, 1, 1), (4, 5, 4), (1, 1, 1))
    exact = [f1(counts[list(drawn), 0].sum(axis=0)) for drawn in itertools.product(range(4), repeat=4)]
    drawn = f1(bootstrap(Sample.of(counts), 100_000, rng())[:, 0])
    values, times = np.unique(np.round(exact, 9), return_counts=True)
    found, found_times = np.unique(np.round(drawn, 9), return_counts=True)
    np.testing.assert_array_equal(values, found)
    np.testing.assert_allclose(times / 256, found_times / 100_000, atol=0.006)  # four standard errors


def test_the_interval_is_that_of_scipy() -> None:
    counts = random_sentences(60, 2, 3)

    def difference(*columns: np.ndarray, axis: int) -> np.ndarray:
        sums = np.stack([column.sum(axis=axis) for column in columns], axis=-1)
        return f1(sums[..., :3]) - f1(sums[..., 3:])

    columns = tuple(counts.reshape(60, 6).T)
    expected = stats.bootstrap(
        columns, difference, paired=True, vectorized=True, method="percentile", n_resamples=40_000, rng=rng(4)
    ).confidence_interval
    replicates = f1(bootstrap(Sample.of(counts), 40_000, rng(5)))
    found = interval(replicates[:, 0] - replicates[:, 1])
    assert found is not None
    # The quantiles of 40,000 draws have standard errors of about 0.0006.
    assert (expected.low, expected.high) == pytest.approx(found, abs=0.004)
    assert found.low < found.high


def all_exchanges(counts: Counts) -> float:
    """The exact p: the share of all 2ⁿ exchanges with a difference at least as large as the observed one."""
    n = len(counts)
    values = []
    for exchanged in itertools.product((False, True), repeat=n):
        swapped = np.where(np.array(exchanged)[:, None, None], counts[:, ::-1], counts).sum(axis=0)
        values.append(abs(f1(swapped[0]) - f1(swapped[1])))
    return float(np.mean([value >= values[0] - 1e-12 for value in values]))


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_all_exchanges(seed: int) -> None:
    counts = random_sentences(10, 2, seed)
    exact = all_exchanges(counts)
    found = randomisation(Sample.of(counts), 40_000, rng(seed))
    assert exact == pytest.approx(found, abs=0.01)  # four standard errors


def test_p_is_that_of_scipy() -> None:
    counts = random_sentences(40, 2, 13)

    # SciPy exchanges the numbers of sentences, that is, whole rows of counts.
    def difference(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
        sums = (flat[numbers.astype(int)].sum(axis=axis % numbers.ndim) for numbers in (first, second))
        one, other = sums
        return np.abs(f1(one) - f1(other))

    flat = np.concatenate([counts[:, 0], counts[:, 1]])
    numbers = np.arange(40.0), np.arange(40.0) + 40
    expected = stats.permutation_test(
        numbers, difference, permutation_type="samples", alternative="greater", n_resamples=40_000, rng=rng(6)
    ).pvalue
    found = randomisation(Sample.of(counts), 40_000, rng(7))
    assert 0.01 < expected < 0.9
    assert expected == pytest.approx(found, abs=0.014)


def test_systems_that_are_equally_good_are_rarely_told_apart() -> None:
    values = []
    for seed in range(300):
        generator = rng(seed)
        gold = generator.integers(1, 5, 40)
        columns = [np.column_stack([generator.binomial(gold, 0.7), gold, gold]) for _ in range(2)]
        values.append(randomisation(Sample.of(np.stack(columns, axis=1)), 999, generator))
    # Under the hypothesis that is tested, p is below 0.05 in 5 % of all cases; 0.013 is a standard error.
    assert 0.0 < np.mean([value is not None and value <= 0.05 for value in values]) < 0.05 + 3 * 0.013


def test_identical_systems_do_not_differ() -> None:
    counts = np.repeat(random_sentences(30, 1, 8), 2, axis=1)
    sample = Sample.of(counts)
    assert 1.0 == randomisation(sample, 1_000, rng())
    replicates = f1(bootstrap(sample, 1_000, rng()))
    np.testing.assert_array_equal(replicates[:, 0], replicates[:, 1])
    assert (0.0, 0.0) == interval(replicates[:, 0] - replicates[:, 1])


def test_one_sentence_says_nothing() -> None:
    sample = Sample.of(sentences((2, 2, 2, 0, 2, 2)))
    assert 1.0 == randomisation(sample, 1_000, rng())  # the exchange has the same difference, of the other sign
    assert (1.0, 1.0) == interval(f1(bootstrap(sample, 100, rng())[:, 0]))


def test_a_clear_difference_has_the_least_p() -> None:
    sample = Sample.of(sentences(*[(2, 2, 2, 0, 2, 2)] * 60))
    assert 1 / 1_001 == randomisation(sample, 1_000, rng())


def test_what_is_undefined_has_no_p_and_is_left_out_of_intervals() -> None:
    nothing = Sample.of(sentences((0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0)))
    assert randomisation(nothing, 100, rng()) is None
    assert interval(f1(bootstrap(nothing, 100, rng())[:, 0])) is None
    assert (0.0, 0.0) == interval(f1(bootstrap(nothing, 100, rng())[:, 1]))
    # A perfect type in one of twenty sentences is not drawn in a third of the replicates.
    rare = Sample.of(sentences((1, 1, 1), *[(0, 0, 0)] * 19))
    drawn = f1(bootstrap(rare, 1_000, rng())[:, 0])
    assert 0.25 < np.isnan(drawn).mean() < 0.45
    assert (1.0, 1.0) == interval(drawn)


@pytest.mark.parametrize("block", [1, 7, 1_000])
def test_replicates_are_drawn_in_blocks_that_change_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    sample = Sample.of(random_sentences(25, 2, 9))
    whole = bootstrap(sample, 300, rng())
    p = randomisation(sample, 300, rng())
    monkeypatch.setattr(significance, "_BLOCK", block)
    np.testing.assert_array_equal(whole, bootstrap(sample, 300, rng()))
    assert p == randomisation(sample, 300, rng())


def test_scores_vary_less_by_the_root_of_the_number_of_sentences() -> None:
    counts = random_sentences(1_000, 2, 10)
    sample = Sample.of(counts)
    many = Sample(sample.counts, sample.sizes * 1_000)
    drawn = bootstrap(many, 10_000, rng())
    assert (10_000, 2, 3) == drawn.shape
    assert float(np.std(f1(drawn[:, 0]))) == pytest.approx(
        float(np.std(f1(bootstrap(sample, 10_000, rng())[:, 0]))) / 1_000**0.5, rel=0.05
    )


def test_holm_by_hand() -> None:
    # 0.01 · 4, 0.02 · 3, then 0.03 · 2 and 0.04 · 1, which are not above the one before.
    assert [0.06, 0.04, None, 0.06, 0.06] == pytest.approx(holm([0.02, 0.01, None, 0.04, 0.03]))
    assert [1.0, 1.0] == holm([0.6, 0.9])
    assert [0.03] == holm([0.03])
    assert [] == holm([])


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=12), level=st.sampled_from([0.01, 0.05, 0.2]))
def test_holm_rejects_what_the_steps_of_its_paper_reject(values: list[float], level: float) -> None:
    adjusted = holm(values)
    rejected = set()
    for rank, number in enumerate(sorted(range(len(values)), key=lambda number: values[number])):
        if values[number] * (len(values) - rank) > level:
            break
        rejected.add(number)
    assert rejected == {number for number, p in enumerate(adjusted) if p is not None and p <= level}


@given(data=st.data())
def test_groups_are_those_of_single_sentences(data: st.DataObject) -> None:
    row = st.tuples(*[st.integers(0, 2)] * 6)
    rows = data.draw(st.lists(row, min_size=1, max_size=20))
    by_sentence = Sample.of(sentences(*rows))
    by_group = Sample.of_groups({each: rows.count(each) for each in rows}, 2)
    np.testing.assert_array_equal(by_sentence.counts, by_group.counts)
    np.testing.assert_array_equal(by_sentence.sizes, by_group.sizes)
