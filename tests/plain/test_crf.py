"""The chain in logarithms equals an enumeration of all paths."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.plain import crf as chain


class Case(NamedTuple):
    """The arguments of every function of the chain."""

    o: np.ndarray
    transitions: np.ndarray
    first: np.ndarray
    last: np.ndarray


def drawn(seed: int, length: int, tags: int, spread: float) -> Case:
    rng = np.random.default_rng(seed)
    shapes = ((length, tags), (tags, tags), (tags,), (tags,))
    return Case(*(spread * rng.standard_normal(shape) for shape in shapes))


def enumerated(case: Case) -> dict[tuple[int, ...], float]:
    """The score of every path, added up number by number."""
    length, tags = case.o.shape
    scores = {}
    for path in itertools.product(range(tags), repeat=length):
        score = case.first[path[0]] + case.last[path[-1]]
        score += sum(case.o[t, tag] for t, tag in enumerate(path))
        score += sum(case.transitions[move] for move in itertools.pairwise(path))
        scores[path] = float(score)
    return scores


cases = st.builds(
    drawn, st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4), st.sampled_from([0.1, 2.0, 30.0])
)


@given(cases)
def test_the_partition_function_is_the_sum_over_all_paths(case):
    expected = np.logaddexp.reduce(list(enumerated(case).values()))
    np.testing.assert_allclose(chain.log_partition(*case), expected, rtol=1e-12, atol=1e-12)


@given(cases)
def test_marginals_are_the_shares_of_the_paths_through_a_tag(case):
    scores = enumerated(case)
    log_z = np.logaddexp.reduce(list(scores.values()))
    expected = np.zeros(case.o.shape)
    for path, score in scores.items():
        expected[np.arange(len(path)), path] += np.exp(score - log_z)
    np.testing.assert_allclose(chain.marginals(*case), expected, rtol=1e-9, atol=1e-12)


@given(cases)
def test_the_best_path_and_its_score(case):
    scores = enumerated(case)
    best = chain.viterbi(*case)
    assert best.dtype == np.int32
    assert tuple(best) == max(scores, key=scores.__getitem__)
    np.testing.assert_allclose(chain.path_score(best, *case), max(scores.values()), rtol=1e-12, atol=1e-12)


@given(cases, st.integers(1, 40))
def test_the_n_best_are_the_first_of_all_paths(case, n):
    scores = enumerated(case)
    expected = sorted(scores.items(), key=lambda item: -item[1])[:n]
    found = chain.nbest(*case, n)
    assert [path for path, _ in expected] == [tuple(path) for path, _ in found]
    np.testing.assert_allclose([score for _, score in found], [score for _, score in expected], atol=1e-11)
    for path, score in found:
        np.testing.assert_allclose(score, chain.path_score(path, *case), atol=1e-11)


@given(cases)
def test_the_n_best_end_where_the_paths_end_and_are_all_the_probability(case):
    found = chain.nbest(*case, 10**6)
    assert len(found) == case.o.shape[1] ** len(case.o)
    shares = np.exp(np.array([score for _, score in found]) - chain.log_partition(*case))
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-10)


def test_of_equal_paths_the_first_tags_from_the_end_win():
    case = Case(np.zeros((3, 3)), np.zeros((3, 3)), np.zeros(3), np.zeros(3))
    assert chain.viterbi(*case).tolist() == [0, 0, 0]
    assert chain.nbest(*case, 27)[0][0].tolist() == [0, 0, 0]
    assert len({tuple(path) for path, _ in chain.nbest(*case, 27)}) == 27
    case.transitions[0, 0] = case.transitions[1, 0] = -1.0
    assert chain.viterbi(*case).tolist() == [0, 2, 0] == chain.nbest(*case, 1)[0][0].tolist()


@pytest.mark.parametrize("n", [1, 7])
def test_scores_of_float32_are_added_in_float64(n):
    case = Case(*(array.astype(np.float32) for array in drawn(1, 30, 5, 50.0)))
    exact = Case(*(array.astype(np.float64) for array in case))
    assert chain.log_partition(*case) == chain.log_partition(*exact)
    for (path, score), (expected, best) in zip(chain.nbest(*case, n), chain.nbest(*exact, n), strict=True):
        assert score == best
        assert path.tolist() == expected.tolist()
        np.testing.assert_allclose(chain.path_score(path, *case), best, rtol=1e-14)


def test_nan_does_no_harm():
    case = drawn(1, 4, 3, 1.0)
    for array in case:
        kept = array.copy()
        array.reshape(-1)[1:3] = np.nan
        for path, _ in [(chain.viterbi(*case), 0.0), *chain.nbest(*case, 100)]:
            assert len(path) == 4
            assert ((path >= 0) & (path < 3)).all()
        array[...] = kept
