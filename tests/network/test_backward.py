"""Every gradient equals central differences, in float64, by value."""

import itertools
import typing

import numpy as np
import pytest
from networks import NETWORKS, spec_of

from rnncli.config import Activation
from rnncli.network.arena import Arena
from rnncli.network.forward import NONE_FORCED, Dropout
from rnncli.network.gradient import add_gradient
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Weights

SCALE = 0.3
STEP = 1e-5
ALIKE = Weights(np.zeros(0))
ALL_INPUTS = "embedding+onehot+ngram+columns"


class Case(typing.NamedTuple):
    """What a loss depends on besides the parameters."""

    masked: np.ndarray | None = None  # words read as the unknown word
    dropout: int | None = None  # first key of the dropout masks
    forced: np.ndarray = NONE_FORCED  # tags fed back in place of ŷ
    weights: Weights = ALIKE


def run(spec, parameters, batch, case):
    """The loss times SCALE, and all gradients with their norm."""
    dropout = None if case.dropout is None else Dropout(0.4, itertools.count(case.dropout))
    arena = Arena()
    optimiser = Optimiser(spec, parameters, "sgd")
    objective = Objective(SCALE, case.weights)
    loss = add_gradient(optimiser, batch.of(spec, case.masked), batch.gold, objective, arena, dropout, case.forced)
    return SCALE * loss, optimiser.gradient, optimiser.norm(arena)


def worst_relative_error(spec, parameters, batch, case=Case()):  # noqa: B008
    """The largest ‖numeric − analytic‖ / ‖numeric‖ of any parameter."""
    _, gradient, norm = run(spec, parameters, batch, case)
    np.testing.assert_allclose(
        norm, np.sqrt(sum(float((array**2).sum()) for array in gradient.values())), rtol=1e-12
    )
    errors = {}
    for name, array in parameters.items():
        flat, numeric = array.reshape(-1), np.empty(array.size)
        for i in range(array.size):
            kept = flat[i]
            flat[i] = kept + STEP
            above = run(spec, parameters, batch, case)[0]
            flat[i] = kept - STEP
            below = run(spec, parameters, batch, case)[0]
            flat[i] = kept
            numeric[i] = (above - below) / (2 * STEP)
        analytic = gradient[name].reshape(-1)
        assert np.linalg.norm(numeric) > 1e-6, f"{name}: a gradient of 0 would prove nothing"
        errors[name] = np.linalg.norm(numeric - analytic) / np.linalg.norm(numeric)
    return max(errors.values())


@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize("inputs", ["embedding", "onehot"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_gradients_equal_central_differences(arch, cell, layers, inputs, kind, batch, drawn):
    spec = spec_of(arch, cell, layers=layers, features=inputs, decoder=kind)
    assert worst_relative_error(spec, drawn(spec), batch) < 1e-6


@pytest.mark.parametrize("activation", [name for name in typing.get_args(Activation) if name != "tanh"])
@pytest.mark.parametrize(("arch", "cell"), [row for row in NETWORKS if row[1] == "simple"])
def test_gradients_hold_for_every_activation(arch, cell, activation, batch, drawn):
    spec = spec_of(arch, cell, layers=2, activation=activation)
    assert worst_relative_error(spec, drawn(spec), batch) < 1e-6


@pytest.mark.parametrize("window", [0, 1, 2])
@pytest.mark.parametrize(("arch", "cell"), [("fnn", "simple"), ("bidirectional", "lstm")])
def test_gradients_hold_for_all_inputs_through_a_window_with_masked_words(arch, cell, window, batch, drawn):
    spec = spec_of(arch, cell, features=ALL_INPUTS, window=window)
    masked = np.random.default_rng(4).random(len(batch.positions)) < 0.3
    assert worst_relative_error(spec, drawn(spec), batch, Case(masked=masked)) < 1e-6


@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_gradients_hold_under_dropout(arch, cell, layers, kind, batch, drawn):
    spec = spec_of(arch, cell, layers=layers, window=1, decoder=kind)
    assert worst_relative_error(spec, drawn(spec), batch, Case(dropout=3)) < 1e-6


@pytest.mark.parametrize("inputs", ["embedding", ALL_INPUTS])
@pytest.mark.parametrize("window", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_gradients_hold_where_neighbours_are_added(arch, cell, window, inputs, batch, drawn):
    spec = spec_of(arch, cell, neighbours="added", features=inputs, window=window)
    masked = np.random.default_rng(4).random(len(batch.positions)) < 0.3
    assert worst_relative_error(spec, drawn(spec), batch, Case(masked=masked, dropout=3)) < 1e-6


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize("arch", ["jordan", "hybrid"])
def test_gradients_hold_where_gold_tags_are_fed_back(arch, kind, share, batch, drawn):
    spec = spec_of(arch, "simple", decoder=kind)
    chosen = np.random.default_rng(5).random(len(batch.gold)) < share
    forced = np.where(chosen, batch.gold, np.int32(-1))
    assert worst_relative_error(spec, drawn(spec), batch, Case(forced=forced)) < 1e-6


@pytest.mark.parametrize("kind", ["softmax", "crf"])
def test_gradients_hold_with_weights_of_tags(kind, batch, drawn):
    spec = spec_of("elman", "simple", decoder=kind)
    weights = Weights(np.array([0.5, 2.0, 1.0, 3.0]))
    assert worst_relative_error(spec, drawn(spec), batch, Case(weights=weights)) < 1e-6


def test_a_weight_of_two_counts_a_tag_twice(batch, drawn):
    spec = spec_of("elman", "simple")
    parameters, losses = drawn(spec), []
    for weights in ([1.0, 1.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]):
        losses.append(run(spec, parameters, batch, Case(weights=Weights(np.array(weights))))[0])
    assert losses[0] < losses[1] < losses[2]
    np.testing.assert_allclose(2 * losses[0], losses[2], rtol=1e-12)
