"""What is said of units equals what is counted by hand."""

import numpy as np
import pytest

from rnncli.config import NetworkSpec
from rnncli.inspect.units import Range, Tally, bounds

TANH = Range(-1.0, 1.0)


def tallied(values, tags, limits=TANH, pieces=1, kinds=None):
    tally = Tally(len(values[0]), [str(tag) for tag in range(max(tags) + 1)] if kinds is None else kinds, limits)
    for part, of in zip(
        np.array_split(np.array(values), pieces), np.array_split(np.array(tags), pieces), strict=True
    ):
        tally.add(part, of)
    return tally.result()


def test_separation_is_the_share_of_variance_between_tags():
    # Unit 0 is its tag, unit 1 has nothing to do with it, unit 2: mean 3; between 4 · 1², total 4 + 1 + 1 + 4 = 10.
    values = [[0.0, 1.0, 1.0], [0.0, 2.0, 3.0], [1.0, 2.0, 3.0 - 1 + 0], [1.0, 1.0, 6.0]]
    found = tallied(values, [0, 0, 1, 1])
    by_hand = 4 * 1.0**2 / (2.0**2 + 0.0**2 + 1.0**2 + 3.0**2)  # means of tags 2 and 4, of all 3
    np.testing.assert_allclose(found.separation, [1, 0, by_hand])
    assert [0, 2, 1] == found.order.tolist()


def test_tokens_may_come_in_pieces():
    rng = np.random.default_rng(1)
    values, tags = rng.standard_normal((40, 5)), rng.integers(0, 3, 40)
    whole, pieces = (tallied(values.tolist(), tags.tolist(), pieces=count) for count in (1, 7))
    np.testing.assert_allclose(whole.separation, pieces.separation, rtol=1e-12)


def test_a_unit_that_never_moves_is_dead_and_tells_nothing():
    found = tallied([[0.3, 0.1], [0.3, 0.2]], [0, 1])
    assert ([True, False], 0.0) == (found.dead.tolist(), found.separation[0])


def test_a_unit_is_named_by_the_two_types_whose_means_are_farthest_apart():
    values = [[0.9], [0.8], [0.1], [0.0], [-0.7], [-0.9]]
    kinds = ["city", "city", "O", "day"]  # B-city and I-city are of one type
    assert [("city", "day")] == tallied(values, [0, 1, 2, 2, 3, 3], kinds=kinds).apart
    assert [("day", "city")] == tallied(
        [[-v for v in row] for row in values], [0, 1, 2, 2, 3, 3], kinds=kinds
    ).apart


def test_a_unit_that_varies_within_types_tells_nothing_apart():
    values = [[0.9], [-0.9], [0.8], [-0.7]]
    assert [None] == tallied(values, [0, 0, 1, 1]).apart
    # Where each type occurs once, nothing is known of how much a unit varies within one.
    assert [None] == tallied([[0.9], [-0.9], [0.1]], [0, 1, 2]).apart
    assert [None] == tallied([[0.9], [-0.9]], [0, 0]).apart
    assert [None] == tallied([[0.5], [0.5], [0.5]], [0, 1, 1]).apart


def test_chance_names_few_units():
    """Of units that have nothing to do with tags, about one in a hundred is named, however small the text."""
    rng = np.random.default_rng(3)
    for tokens, tags in ((8, 3), (12, 5), (200, 9)):
        numbers = np.concatenate([np.arange(tags), rng.integers(0, tags, tokens - tags)])
        found = tallied(rng.uniform(-1, 1, (tokens, 4000)), numbers.tolist())
        assert np.mean([pair is not None for pair in found.apart]) < 0.02, tokens


def test_one_token_makes_no_unit_dead():
    assert [False] == tallied([[0.3]], [0]).dead.tolist()


@pytest.mark.parametrize(("saturated", "expected"), [(19, False), (20, True)])
def test_a_saturated_unit_is_at_its_limits_in_more_than_95_percent_of_the_tokens(saturated, expected):
    values = [[0.96 if t % 2 else -0.96] for t in range(saturated)] + [[0.95]] * (20 - saturated)
    assert [expected] == tallied(values, [0] * 20).saturated.tolist()


@pytest.mark.parametrize(
    ("limits", "values", "expected"),
    [
        (TANH, [-0.951, -0.95, 0.0, 0.951], [True, False, False, True]),
        (Range(0.0, 1.0), [0.024, 0.026, 0.5, 0.974, 0.976], [True, False, False, False, True]),
        (Range(0.0, None), [0.0, 0.001, 50.0], [True, False, False]),
        (Range(None, None), [-1e9, 0.0, 1e9], [False, False, False]),
    ],
)
def test_where_a_unit_is_flat_depends_on_its_range(limits, values, expected):
    assert expected == limits.is_saturated(np.array(values)).tolist()


@pytest.mark.parametrize(
    ("spec", "name", "expected"),
    [
        ({"activation": "tanh"}, "layer 1", (-1, 1)),
        ({"activation": "sigmoid"}, "layer 1", (0, 1)),
        ({"activation": "relu"}, "layer 1", (0, None)),
        ({"activation": "relu", "cell": "lstm"}, "layer 1", (-1, 1)),
        ({"arch": "jordan", "activation": "relu"}, "output", (0, 1)),
    ],
)
def test_the_range_is_that_of_the_activation_of_gates_or_of_probabilities(spec, name, expected):
    assert expected == bounds(NetworkSpec(**({"arch": "elman", "cell": "simple"} | spec)), name)
