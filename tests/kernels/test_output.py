"""Softmax and cross-entropy, by hand and at the edges."""

import math

import numpy as np

from rnncli.kernels import output
from rnncli.kernels.parallel import SERIAL

ALIKE = np.zeros(0)


def cross_entropy(y, gold, weights, scale, do):
    return of_target(y, gold[:, None], np.ones((len(y), 1), y.dtype), weights, scale, do)


def of_target(y, tags, shares, weights, scale, do):
    costs = np.full(len(y), np.nan)
    output.cross_entropy(SERIAL, y, tags, shares, weights, scale, do, costs)
    return costs.sum()


def test_softmax_of_known_scores():
    o = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]]))
    output.softmax(SERIAL, o)
    np.testing.assert_allclose(o, [[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]], rtol=1e-15)


def test_softmax_of_huge_scores_does_not_overflow():
    o = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]], np.float32)
    output.softmax(SERIAL, o)
    np.testing.assert_allclose(o, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-7)


def test_cross_entropy_and_its_gradient_by_hand():
    y, gold = np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0], np.int32)
    do = np.full_like(y, np.nan)
    loss = cross_entropy(y, gold, ALIKE, 2.0, do)
    assert math.isclose(loss, -math.log(0.75) - math.log(0.5))
    assert do.tolist() == [[0.5, -0.5], [-1.0, 1.0]]


def test_a_tag_counts_as_much_as_its_weight():
    y, gold = np.array([[0.25, 0.75], [0.5, 0.5], [0.9, 0.1]]), np.array([1, 0, -1], np.int32)
    do = np.full_like(y, np.nan)
    loss = cross_entropy(y, gold, np.array([3.0, 0.5]), 2.0, do)
    assert math.isclose(loss, -0.5 * math.log(0.75) - 3 * math.log(0.5))
    assert do.tolist() == [[0.25, -0.25], [-3.0, 3.0], [0.0, 0.0]]


def test_weights_of_one_change_nothing():
    y, gold = np.random.default_rng(1).dirichlet(np.ones(3), 5), np.array([0, 2, 1, 1, 0], np.int32)
    found = []
    for weights in (ALIKE, np.ones(3)):
        do = np.empty_like(y)
        found.append((cross_entropy(y, gold, weights, 0.3, do), do.tolist()))
    assert found[0] == found[1]


def test_a_token_without_a_known_tag_costs_nothing():
    y, do = np.array([[0.25, 0.75]]), np.full((1, 2), np.nan)
    assert cross_entropy(y, np.array([-1], np.int32), ALIKE, 1.0, do) == 0.0
    assert do.tolist() == [[0.0, 0.0]]


def test_a_probability_of_zero_costs_much_but_not_infinity():
    y, do = np.array([[0.0, 1.0]], np.float32), np.zeros((1, 2), np.float32)
    loss = cross_entropy(y, np.array([0], np.int32), ALIKE.astype(np.float32), np.float32(1), do)
    assert 80 < loss < 90


def test_the_likeliest_tag_is_that_of_the_softmax():
    o = (5 * np.random.default_rng(1).standard_normal((50, 37))).astype(np.float32)
    tags, probabilities = np.empty(50, np.int32), np.empty(50, np.float32)
    output.likeliest(o, tags, probabilities)
    output.softmax(SERIAL, o)
    assert tags.tolist() == o.argmax(axis=1).tolist()
    np.testing.assert_allclose(probabilities, o.max(axis=1), rtol=1e-6)


def test_of_equal_scores_the_first_is_the_likeliest_and_nan_does_no_harm():
    o = np.array([[1.0, 3.0, 3.0, 3.0], [np.nan, 1.0, np.nan, 2.0], [np.nan] * 4])
    tags, probabilities = np.empty(3, np.int32), np.empty(3)
    output.likeliest(o, tags, probabilities)
    assert tags[0] == 1
    assert math.isclose(probabilities[0], 1 / (3 + math.exp(-2)))
    assert all(0 <= tag < 4 for tag in tags)


def test_a_target_has_a_share_for_some_tags():
    y, do = np.array([[0.2, 0.3, 0.5]]), np.full((1, 3), np.nan)
    tags, shares = np.array([[2, 0, 1]], np.int32), np.array([[0.75, 0.25, 0.0]])
    assert math.isclose(of_target(y, tags, shares, ALIKE, 2.0, do), -0.75 * math.log(0.5) - 0.25 * math.log(0.2))
    np.testing.assert_allclose(do, [[2 * (0.2 - 0.25), 2 * 0.3, 2 * (0.5 - 0.75)]], rtol=1e-12)
    loss = of_target(y, tags, shares, np.array([4.0, 9.0, 2.0]), 1.0, do)
    assert math.isclose(loss, -1.5 * math.log(0.5) - 1.0 * math.log(0.2))
    np.testing.assert_allclose(do, [[2.5 * 0.2 - 1.0, 2.5 * 0.3, 2.5 * 0.5 - 1.5]], rtol=1e-12)
