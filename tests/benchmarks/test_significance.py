"""The arithmetic of the significance in tables, on cases that can be counted by hand."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import sides
import significance
from significance import Counts

from rnncli.data.tags import Scheme


def counts(*rows: tuple[int, int, int]) -> Counts:
    return np.array(rows)


def test_counts_survive_as_text() -> None:
    rows = counts((0, 0, 0), (1, 2, 3), (182, 300, 65_535))
    np.testing.assert_array_equal(rows, significance.unpack(significance.pack(rows)))


def test_the_score_of_a_program_is_the_mean_f1_of_its_runs() -> None:
    first = counts((1, 2, 1), (0, 1, 2))  # 2 · 1 / (3 + 3)
    second = counts((1, 1, 1), (2, 2, 2))
    assert (1 / 3 + 1) / 2 == pytest.approx(significance.score([first, second]))


def test_counts_of_sentences_are_those_of_spans_or_of_tokens(tmp_path: Path) -> None:
    gold = tmp_path / "gold.tsv"
    gold.write_text("new\tB-a\nold\tI-a\nx\tO\n\nold\tB-b\nx\tO\n\nx\tO\n")
    tags = tmp_path / "tags"
    tags.write_text("B-a\tI-a\tO\nB-a\tB-b\nO")
    scores, rows = sides.label(Scheme("IOB2"), gold, tags, {"old", "x"})
    np.testing.assert_array_equal(counts((1, 1, 1), (0, 2, 1), (0, 0, 0)), rows)
    assert scores.f1 == significance.score([rows])
    assert (1, 1) == (scores.unknown, scores.unknown_correct)
    scores, rows = sides.label(Scheme("plain"), gold, tags, {"old", "x"})
    np.testing.assert_array_equal(counts((3, 3, 3), (0, 2, 2), (1, 1, 1)), rows)
    assert scores.accuracy == significance.score([rows])


def test_replicates_draw_the_same_sentences_for_all_programs() -> None:
    rng = np.random.default_rng(3)
    gold = rng.integers(1, 5, 20)
    run = np.column_stack([rng.integers(0, gold + 1), gold, gold])
    first, second = significance.replicate([[run], [run.copy()]], 50)
    np.testing.assert_array_equal(first, second)
    assert len(set(first)) > 10


def test_replicates_are_distributed_as_all_samples_of_three_sentences() -> None:
    run = counts((0, 1, 1), (1, 1, 1), (4, 4, 4))
    exact = [
        run[list(sample), 0].sum() / run[list(sample), 2].sum() for sample in itertools.product(range(3), repeat=3)
    ]
    [drawn] = significance.replicate([[run]], 40_000)
    assert set(np.round(exact, 12)) == set(np.round(drawn, 12))
    assert np.mean(exact) == pytest.approx(drawn.mean(), abs=0.005)
    assert np.std(exact) == pytest.approx(drawn.std(), abs=0.005)


def test_the_variance_over_seeds_is_that_of_their_mean() -> None:
    runs = [counts((correct, 10, 10)) for correct in (5, 6, 9)]  # one sentence: seeds alone vary
    [drawn] = significance.replicate([runs], 40_000)
    assert np.var([0.5, 0.6, 0.9], ddof=1) / 3 == pytest.approx(drawn.var(), rel=0.03)
    assert np.mean([0.5, 0.6, 0.9]) == pytest.approx(drawn.mean(), abs=0.002)


def test_interval_and_p_of_given_replicates() -> None:
    found = significance.difference(
        2.0, np.array([0.0, 1.0, 2.0, 3.0, 3.9])
    )  # only 0 is as far from 2 as 2 is from 0
    assert (1 + 1) / (5 + 1) == found.p
    assert (0.1, 3.81) == pytest.approx((found.low, found.high))


def test_a_program_is_not_better_than_itself_and_a_perfect_one_is_better_than_a_wrong_one() -> None:
    right = counts(*[(2, 2, 2)] * 30)
    wrong = counts(*[(0, 2, 2)] * 29, (2, 2, 2))
    same, better = significance.compare([right, right], [[right], [wrong]])
    assert (0, 0, 0, 1) == same
    assert 29 / 30 == pytest.approx(better.value)
    assert better.p == 1 / (significance.REPLICATES + 1)
    assert better.low < better.value < better.high
