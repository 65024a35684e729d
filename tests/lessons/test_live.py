"""A training that is watched is the training that is not, and can be stopped."""

import json
import math

import pytest

from rnncli import training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.inspect.gradients import curves
from rnncli.lessons.live import LiveTraining, labelled
from rnncli.scoring import Scoring

TEXTS = ["leave Taipei on Sunday", "arrive Taipei"]
NETWORK = NetworkSpec(arch="elman", cell="simple", hidden=8, features="embedding", embedding=8, window=0)
SETTINGS = TrainingSpec(epochs=3, dropout=0.0, batch=4, learning_rate=0.05)


@pytest.fixture(scope="module")
def sentences(booking_tsv):
    return reading.read(str(booking_tsv)).sentences


def live(sentences: list[Sentence], settings: TrainingSpec = SETTINGS, network: NetworkSpec = NETWORK):
    return LiveTraining(network, settings, sentences, sentences, TEXTS)


def test_its_events_are_those_of_the_same_training_without_an_audience(sentences):
    watched = live(sentences)
    events = list(watched.events())
    json.dumps(events, allow_nan=False)
    assert [event["event"] for event in events] == ["begin", "epoch", "epoch", "epoch", "end"]

    model = training.prepare(sentences, NETWORK, SETTINGS)
    scoring = Scoring.of(sentences, model, 1)
    assert events[0]["texts"] == labelled(model, TEXTS)
    seen = []

    class Watching(training.Listener):
        def epoch(self, epoch: training.Epoch) -> None:
            means = [(curve.name, curve.mean) for curve in curves(model, sentences)]
            seen.append((epoch.number, epoch.loss, epoch.score, means, labelled(model, TEXTS)))

    result = training.train(
        model, sentences, threads=1, score=scoring.score, scored=scoring.scored, metric=scoring.metric,
        listener=Watching(),
    )  # fmt: skip
    shown = [
        (e["number"], e["loss"], e["score"], [(c["name"], c["mean"]) for c in e["curves"]], e["texts"])
        for e in events[1:4]
    ]
    assert shown == seen
    assert watched.model.parameters == model.parameters
    assert events[-1]["best_epoch"] == result.best_epoch
    assert events[-1]["texts"] == labelled(model, TEXTS)
    assert not events[-1]["stopped"]


def test_to_stop_it_keeps_the_best_epoch(sentences):
    watched = live(sentences, TrainingSpec(epochs=100_000, dropout=0.0, batch=4))
    events = []
    for event in watched.events():
        events.append(event)
        if event["event"] == "epoch" and event["number"] == 2:
            watched.stop()
    end = events[-1]
    assert end["event"] == "end"
    assert end["stopped"]
    assert 1 <= end["best_epoch"] <= end["epochs"] < 100_000
    kept = [event for event in events if event.get("number") == end["best_epoch"]]
    assert kept[0]["texts"] == end["texts"] == labelled(watched.model, TEXTS)


def test_whoever_looks_away_ends_the_training(sentences):
    watched = live(sentences, TrainingSpec(epochs=100_000, dropout=0.0, batch=4))
    events = watched.events()
    assert next(events)["event"] == "begin"
    events.close()  # returns only when the thread of the training has ended
    assert watched.should_stop()


def test_a_training_that_is_stopped_at_once_has_nothing_to_keep(sentences):
    watched = live(sentences)
    watched.stop()
    begin, error = watched.events()
    assert begin["event"] == "begin"
    assert error["event"] == "error"
    assert "first epoch" in error["message"]


def test_numbers_that_are_not_finite_are_null(sentences):
    wild = TrainingSpec(epochs=2, dropout=0.0, batch=4, learning_rate=1e30, optimiser="sgd", clip=0)
    watched = live(sentences, wild)
    watched.diverged(training.Divergence("the gradient is not a finite number", 1, 2, math.inf, 0, 0.1))
    first, begin, *events = watched.events()
    assert (first["event"], first["batch"], first["norm"]) == ("diverged", 2, None)
    json.dumps([begin, *events], allow_nan=False)
    assert "diverged" in {event["event"] for event in events}
    assert events[-1]["event"] in ("end", "error")
    assert events[-1].get("diverged") or events[-1].get("message")
