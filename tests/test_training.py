"""Training is a function of data, configuration and seed; it keeps the best epoch and no other."""

import math

import numpy as np
import pytest

from rnncli import api, evaluation, training
from rnncli.config import ARCHITECTURES, NetworkSpec, TrainingSpec
from rnncli.data import tsv
from rnncli.errors import DivergedError
from rnncli.resources import bundled
from rnncli.tagging import Tagger


@pytest.fixture(scope="module")
def sentences():
    return tsv.read(str(bundled("sample_data/train.tsv"))).sentences


@pytest.fixture(scope="module")
def dev():
    return tsv.read(str(bundled("sample_data/dev.tsv"))).sentences


def f1_on(dev):
    return lambda model: evaluation.evaluate(model, dev).f1


@pytest.mark.parametrize("kind", ["embedding", "onehot"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_number_of_threads_changes_no_byte(arch, kind, sentences, tmp_path):
    spec, settings = NetworkSpec(arch=arch, hidden=12, embedding=8, input=kind), TrainingSpec(epochs=2)
    files = []
    for threads in (1, 2, 4):
        model = training.prepare(sentences[:150], spec, settings)
        training.train(model, sentences[:150], threads=threads, score=f1_on(sentences[150:200]))
        model.save(tmp_path / f"{threads}.npz")
        files.append((tmp_path / f"{threads}.npz").read_bytes())
    assert files[0] == files[1] == files[2]


def test_another_seed_gives_another_model(sentences):
    dense = []
    for seed in (1, 2):
        model = training.prepare(sentences[:50], NetworkSpec(hidden=6), TrainingSpec(epochs=1, seed=seed))
        training.train(model, sentences[:50], threads=1, score=lambda _: 0.0)
        dense.append(model.parameters.dense)
    assert not np.array_equal(dense[0], dense[1])


def test_the_weights_kept_are_those_of_the_best_epoch(sentences):
    """Scores that rise, fall and rise less: epoch 2 of 4 must win, with just the weights it was scored with."""
    given, seen = iter([0.1, 0.9, 0.3, 0.5]), []

    def score(model):
        seen.append(model.parameters.dense.copy())
        return next(given)

    model = training.prepare(sentences[:60], NetworkSpec(hidden=6), TrainingSpec(epochs=4))
    result = training.train(model, sentences[:60], threads=1, score=score)
    assert (4, 2, 0.9) == (result.epochs, result.best_epoch, result.best_score)
    assert seen[1].tolist() == model.parameters.dense.tolist()
    assert seen[1].tolist() != seen[3].tolist()


def test_training_stops_when_patience_is_over(sentences):
    given = iter([0.5, 0.4, 0.5, 0.3, 0.9])
    model = training.prepare(sentences[:20], NetworkSpec(hidden=4), TrainingSpec(epochs=9, patience=3))
    result = training.train(model, sentences[:20], threads=1, score=lambda _: next(given))
    assert (4, 1) == (result.epochs, result.best_epoch)


def test_a_stop_keeps_the_best_epoch_so_far(sentences):
    asked = iter([False] * 5 + [True])
    model = training.prepare(sentences[:64], NetworkSpec(hidden=4), TrainingSpec(epochs=9, batch=32))
    result = training.train(model, sentences[:64], threads=1, score=lambda _: 0.5, should_stop=lambda: next(asked))
    assert (True, 2, 1) == (result.interrupted, result.epochs, result.best_epoch)


def test_ten_losses_of_a_small_run_fall(sentences):
    losses = []
    model = training.prepare(sentences[:200], NetworkSpec(hidden=16), TrainingSpec(epochs=10, batch=8, dropout=0.0))
    training.train(
        model, sentences[:200], threads=1, score=lambda _: 0.0, report=lambda epoch: losses.append(epoch.loss)
    )
    assert math.isclose(losses[0], math.log(len(model.tags)), rel_tol=0.3)
    assert losses[-1] < 0.25 * losses[0]


def test_a_gradient_that_is_not_finite_is_an_error(sentences):
    settings = TrainingSpec(optimiser="sgd", learning_rate=1e30, clip=0.0)
    model = training.prepare(sentences[:64], NetworkSpec(hidden=4, activation="relu"), settings)
    with pytest.raises(DivergedError, match="finite"):
        training.train(model, sentences[:64], threads=1, score=lambda _: 0.0)


def test_the_learning_rate_rises_and_then_falls_to_zero():
    rates = [training.schedule(0.2, step, 100) for step in range(101)]
    assert (0.05, 1.0, 0.5, 0.0) == (rates[0], rates[19], rates[60], rates[100])
    assert rates == sorted(rates[:20]) + sorted(rates[20:], reverse=True)


@pytest.fixture(scope="module")
def contrast():
    arrive, leave = api.BOOKING_PAIR

    def tags(model):
        tagger = Tagger(model)
        return tagger.tag(arrive).tokens[1], tagger.tag(leave).tokens[1]

    return tags


@pytest.mark.parametrize("arch", [name for name in ARCHITECTURES if name != "fnn"])
def test_a_network_with_memory_gives_taipei_two_tags(arch, sentences, dev, contrast):
    epochs = 20 if arch == "jordan" else 6  # its memory takes time to form
    model = training.prepare(sentences, NetworkSpec(arch=arch), TrainingSpec(epochs=epochs))
    training.train(model, sentences, threads=2, score=f1_on(dev))
    arrive, leave = contrast(model)
    assert ("B-destination", "B-departure") == (arrive.tag, leave.tag)


def test_a_network_without_memory_cannot(sentences, dev, contrast):
    model = training.prepare(sentences, NetworkSpec(arch="fnn"), TrainingSpec(epochs=4))
    training.train(model, sentences, threads=2, score=f1_on(dev))
    arrive, leave = contrast(model)
    assert (arrive.tag, arrive.probability) == (leave.tag, leave.probability)


def test_the_bundled_model_gives_taipei_two_tags(contrast):
    arrive, leave = contrast(api.load().model)
    assert ("B-destination", "B-departure") == (arrive.tag, leave.tag)
