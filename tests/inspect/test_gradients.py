"""Gradients by distance equal central differences, and those of a memory whose decay is known."""

import itertools
import json

import numpy as np
import pytest

from rnncli import labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import pack
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError
from rnncli.inspect import gradients as inspected
from rnncli.inspect.gradients import gradients
from rnncli.parameters import Parameters
from rnncli.plain import forward as plain
from rnncli.plain.backward import SLOPES

WORDS = ["leave", "Taipei", "on", "the", "second", "of", "May"]
TAGS = ["O", "B-x", "O", "O", "B-y", "I-y", "I-y"]
SENTENCES = [Sentence(WORDS[n:], TAGS[n:], [()] * (7 - n), 1) for n in (0, 3, 6)]
SIMPLE = ["elman", "jordan", "hybrid", "bidirectional"]


def model_of(seed=4, **spec):
    """A small model of float64 weights, all of them drawn."""
    settings = {
        "hidden": 6,
        "window": 0,
        "features": "embedding",
        "embedding": 6,
        "cell": "simple",
        "decoder": "softmax",
    }
    model = training.prepare(SENTENCES, NetworkSpec(**(settings | spec)), TrainingSpec())
    rng, wide = np.random.default_rng(seed), Parameters(model.parameters.rows, np.float64)
    for array in wide.values():
        array[...] = 0.6 * rng.standard_normal(array.shape)
    model.parameters = wide
    return model


def numeric_norms(model, sentence, activation):
    """‖∂L(t)/∂h(s)‖ of layer 1 and each direction, (T, T), by central differences of the loss in φ's input."""
    spec, step = model.network_spec, 1e-6
    encoded = model.encode([sentence.tokens], [sentence.columns], [sentence.tags])
    batch = encoded.batch(pack(encoded.starts, np.array([0])))
    trace = plain.forward(spec, model.parameters, batch)

    def losses(a):
        y = plain.run(spec, model.parameters, a).y
        return -np.log(y[np.arange(len(y)), encoded.tags])

    count, units = len(sentence.tokens), spec.architecture.directions * spec.hidden
    found = np.empty((count, count, units))
    for s, i in itertools.product(range(count), range(units)):
        moved = [trace.a[0].copy(), trace.a[0].copy()]
        moved[0][s, i] += step
        moved[1][s, i] -= step
        found[:, s, i] = (losses(moved[0]) - losses(moved[1])) / (2 * step) / SLOPES[activation](trace.h[0][s, i])
    return [np.linalg.norm(part, axis=2) for part in np.split(found, spec.architecture.directions, axis=2)]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("arch", SIMPLE)
def test_norms_by_distance_equal_central_differences(arch, activation, layers):
    if arch == "jordan" and layers == 2:
        return  # its first layer keeps nothing
    model = model_of(arch=arch, activation=activation, layers=layers)
    expected = {0: [[] for _ in WORDS], 1: [[] for _ in WORDS]}
    for sentence in SENTENCES:
        for r, norms in enumerate(numeric_norms(model, sentence, activation)):
            for k in range(len(norms)):
                expected[r][k] += np.diagonal(norms, k if r else -k).tolist()
    found = [curve for curve in gradients(model, SENTENCES).curves if curve.path == "all" and "1" in curve.name]
    assert len(found) == model.network_spec.architecture.directions
    for curve, values in zip(found, expected.values(), strict=False):
        assert [len(each) for each in values] == curve.tokens
        np.testing.assert_allclose(curve.mean, [np.mean(each) for each in values], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(curve.low, [np.quantile(each, 0.1) for each in values], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(curve.high, [np.quantile(each, 0.9) for each in values], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("rho", "word"),
    [(0.5, "vanishing"), (0.79, "vanishing"), (0.8, "healthy"), (1.0, "healthy"), (1.3, "exploding")],
)
@pytest.mark.parametrize("arch", ["elman", "bidirectional"])
def test_a_scaled_orthogonal_memory_leaves_a_power_of_its_scale(arch, rho, word):
    model = model_of(arch=arch, activation="identity")
    for r, w in enumerate(model.parameters["layer1/W"]):
        w[...] = rho * np.linalg.qr(np.random.default_rng(r).standard_normal(w.shape))[0]
    found = gradients(model, SENTENCES)
    for curve in found.curves:
        np.testing.assert_allclose(curve.left, rho ** np.arange(7), rtol=1e-12)
        np.testing.assert_allclose(curve.factor, rho, rtol=1e-12)
    for weight in found.weights:
        np.testing.assert_allclose((weight.radius, weight.largest), (rho, rho), rtol=1e-12)
    for step in found.steps:
        np.testing.assert_allclose((step.mean, step.low, step.high), (rho, rho, rho), rtol=1e-12)
    assert {word} == {verdict.word for verdict in found.verdicts}
    np.testing.assert_allclose([v.after_ten for v in found.verdicts], rho**10, rtol=1e-11)


def curve_of(model, path):
    return next(c for c in gradients(model, SENTENCES).curves if c.path == path)


def test_paths_through_the_output_and_through_h_are_told_apart():
    jordan, hybrid = model_of(arch="jordan"), model_of(arch="hybrid")
    assert curve_of(jordan, "all").mean == curve_of(jordan, "output").mean
    assert [0.0] * 6 == curve_of(jordan, "hidden").mean[1:]
    whole, output, hidden = (curve_of(hybrid, path).mean for path in ("all", "output", "hidden"))
    assert whole[0] == output[0] == hidden[0]
    assert 3 == len({whole[1], output[1], hidden[1]})
    for name, kept in (("W", "output"), ("Wy", "hidden")):
        model = model_of(arch="hybrid")
        model.parameters[f"layer1/{name}"][...] = 0
        assert curve_of(model, "all").mean == curve_of(model, kept).mean


def test_in_a_step_the_two_paths_add_up():
    """∂L(t)/∂h(t−1) is the sum of what comes through ŷ and through h; so no norm is larger than both norms."""
    whole, output, hidden = (curve_of(model_of(arch="hybrid"), path) for path in ("all", "output", "hidden"))
    assert whole.mean[1] <= output.mean[1] + hidden.mean[1]


def test_the_loss_is_that_of_the_gold_tag_or_else_of_the_given_one():
    model = model_of(arch="elman")
    encoded = model.encode([s.tokens for s in SENTENCES])
    given = [model.tags[tag] for tag in labelling.predict(model, encoded).tags]
    as_given, rest = [], iter(given)
    for sentence in SENTENCES:
        as_given.append(sentence._replace(tags=list(itertools.islice(rest, len(sentence.tokens)))))
    unlabelled = [s._replace(tags=[""] * len(s.tokens)) for s in SENTENCES]
    gold, like, without = (gradients(model, each) for each in (SENTENCES, as_given, unlabelled))
    assert (12, 12, 0) == (gold.gold, like.gold, without.gold)
    assert like.curves == without.curves
    assert gold.curves != without.curves


@pytest.mark.parametrize(("arch", "cell"), [("hybrid", "simple"), ("bidirectional", "lstm"), ("elman", "gru")])
def test_targets_one_by_one_give_the_same(arch, cell, monkeypatch):
    model = model_of(arch=arch, cell=cell, layers=2)
    together = gradients(model, SENTENCES).curves
    monkeypatch.setattr(inspected, "MOST_NUMBERS", 1)
    for one, other in zip(together, gradients(model, SENTENCES).curves, strict=True):
        assert (one.name, one.path, one.tokens) == (other.name, other.path, other.tokens)
        np.testing.assert_allclose(one.mean, other.mean, rtol=1e-12)
        np.testing.assert_allclose(one.left, other.left, rtol=1e-12)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"arch": "jordan", "layers": 2}, ["layer 2"]),
        ({"arch": "hybrid", "layers": 2}, ["layer 1", "layer 2"]),
        ({"arch": "bidirectional", "cell": "gru"}, ["layer 1 forward", "layer 1 backward"]),
    ],
)
def test_every_memory_has_a_verdict_and_everything_is_given_for_json(spec, expected):
    shown = json.loads(json.dumps(gradients(model_of(**spec), SENTENCES).as_dict()))
    assert expected == [row["name"] for row in shown["verdicts"]] == [row["name"] for row in shown["steps"]]
    assert (3, 12) == (shown["sentences"], shown["tokens"])


def test_a_memory_that_no_token_has_before_it_has_no_verdict():
    found = gradients(model_of(arch="elman"), SENTENCES[2:])
    assert [("unknown", None)] == [(verdict.word, verdict.factor) for verdict in found.verdicts]
    assert [] == found.steps


def test_a_network_without_memory_is_an_error():
    with pytest.raises(UsageError, match="keeps nothing"):
        gradients(model_of(arch="fnn"), SENTENCES)
