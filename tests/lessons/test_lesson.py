"""The lesson of the page: every answer that it calls right is what the library computes."""

import dataclasses
import json
import math
import re
from typing import Any

import numpy as np
import pytest

from rnncli import modelfile, training
from rnncli.data.examples import BOOKING_PAIR
from rnncli.inspect.document import Question, document
from rnncli.inspect.equation import unfold
from rnncli.inspect.steps import Steps
from rnncli.lessons.architectures import NETWORKS, SETTINGS, Trained, sample, side_by_side
from rnncli.lessons.form import FORM
from rnncli.lessons.live import LiveTraining, labelled
from rnncli.lessons.worked_example import worked_example
from rnncli.model import Model
from rnncli.plain.activation import sigmoid
from rnncli.plain.cells import lstm
from rnncli.resources import bundled
from rnncli.web import bundle

LEAVE = BOOKING_PAIR[1].split()
DIRECTIONS = ["Taipei is where I arrive", "Taipei is where I leave"]


def constant(file: str, name: str) -> Any:
    """A constant of a module that is written as strict JSON."""
    match = re.search(rf"^export const {name} = (.*?);$", bundle.read(file), re.M | re.S)
    assert match is not None
    return json.loads(match[1])


STOPS = {stop["name"]: stop for stop in constant("lesson/stops.js", "STOPS")}


def words(language: str) -> dict[str, str]:
    """The texts of the page in a language, by key."""
    lines = re.findall(r'^  "(?:[^"\\]|\\.)*": "(?:[^"\\]|\\.)*",$', bundle.read(f"words/{language}.js"), re.M)
    return {key: text for line in lines for key, text in json.loads(f"{{{line[:-1]}}}").items()}


def choices(name: str) -> list[str]:
    """The choices of a stop in English."""
    return [words("en")[f"lesson.{name}.choice.{n}"] for n in range(STOPS[name]["choices"])]


@pytest.fixture(scope="module")
def default() -> Model:
    return modelfile.load(bundled("models/default.npz"))


@pytest.fixture(scope="module")
def networks() -> dict[str, Trained]:
    """Some of the networks side by side, trained as the page trains them."""
    some = {name: NETWORKS[name] for name in ("fnn", "elman", "jordan", "bidirectional")}
    return {one.name: one for one in side_by_side(*sample(), networks=some)}


def untrained(name: str, **changes: Any) -> Model:
    """One of the networks side by side with its first weights."""
    return training.prepare(sample()[0], dataclasses.replace(NETWORKS[name], **changes), SETTINGS)


def types(model: Model, texts: list[str], word: str) -> list[str]:
    """The type of the tag of a word in each text."""
    rows = [next(token for token in text["tokens"] if token["text"] == word) for text in labelled(model, texts)]
    return [row["tag"].removeprefix("B-") for row in rows]


def test_the_same_word_fills_two_slots(default):
    answers = {("destination", "destination"): 0, ("destination", "departure"): 1}
    assert answers[tuple(types(default, BOOKING_PAIR, "Taipei"))] == STOPS["memory"]["right"]


@pytest.mark.parametrize("changes", [{}, {"hidden": 256}, {"layers": 3}])
def test_without_memory_no_network_tells_the_two_words_apart(networks, changes):
    for model in (networks["fnn"].model, untrained("fnn", **changes)):
        one, two = (text["tokens"][1] for text in labelled(model, BOOKING_PAIR))
        assert one == two
    assert choices("feedforward")[STOPS["feedforward"]["right"]].startswith("No")
    assert all(networks[name].parts_at == 1 for name in ("elman", "jordan", "bidirectional"))


def test_the_worked_example_is_computed_as_by_hand():
    scores = {text: [step["scores"] for step in map(Steps(worked_example(), text.split()).step, range(3))]
              for text in ("1 1 2", "2 1 1")}  # fmt: skip
    assert choices("example")[STOPS["example"]["right"]] == str([int(value) for value in scores["1 1 2"][1]])
    truth = words("en")["lesson.example.truth"]
    for shown in (scores["1 1 2"][2], *scores["2 1 1"]):
        assert str([int(value) for value in shown]) in truth


def test_one_matrix_serves_every_step():
    model = untrained("elman")
    recurrent = [name for name in model.parameters if name.endswith("/W")]
    assert {1: 0, 9: 1, 10: 2}[len(recurrent)] == STOPS["equations"]["right"]
    steps = Steps(model, LEAVE)
    weights = []
    for step in (2, 3):
        memory = next(
            p for p in unfold(steps, "layer 1/h", step, 0).as_dict()["products"] if p["of"] == "layer 1/h"
        )
        weights.append({term["unit"]: term["weight"] for term in memory["terms"]})
    both = weights[0].keys() & weights[1].keys()
    assert both
    assert all(weights[0][unit] == weights[1][unit] for unit in both)


def test_a_second_layer_reads_the_first_and_its_own_memory():
    steps = Steps(worked_example(layers=2), ["1", "1", "2"])
    values = [set(steps.step(t)["layers"][1]["h"]) for t in range(3)]
    assert choices("deep")[STOPS["deep"]["right"]].endswith(f"= {values[1].pop():g}")
    assert f"= {values[2].pop():g}" in words("en")["lesson.deep.truth"]


def test_a_jordan_network_keeps_the_probabilities_of_tags_and_loses_the_word(networks):
    jordan = networks["jordan"]
    steps = Steps(jordan.model, LEAVE)
    kept = steps.step(1)["layers"][0]["fed_back"]
    assert kept == dict(zip(jordan.model.tags, steps.step(0)["softmax"], strict=True))
    assert "probable" in choices("jordan")[STOPS["jordan"]["right"]]
    arrive, leave = (text["tokens"] for text in jordan.document["texts"])
    assert (arrive[0]["tag"], leave[0]["tag"]) == ("O", "O")
    (distances,) = (row["values"] for row in jordan.document["distances"])
    assert 0.01 < distances[0] < 0.5  # of two lists of probabilities, at most √2
    assert distances[2] < 0.01  # at "on"
    assert jordan.score < networks["elman"].score


def test_only_a_network_that_reads_from_the_right_knows_what_comes(networks, default):
    for layers in (1, 2):
        one, two = document(untrained("elman", layers=layers), Question(DIRECTIONS, measures=False))["texts"]
        assert one["tokens"][0] == two["tokens"][0]
        assert [m["values"][0] for m in one["memories"]] == [m["values"][0] for m in two["memories"]]
    assert choices("directions")[STOPS["directions"]["right"]].startswith("No")
    assert types(networks["elman"].model, DIRECTIONS, "Taipei") == ["departure", "departure"]
    assert types(networks["bidirectional"].model, DIRECTIONS, "Taipei") == ["destination", "departure"]
    assert types(default, DIRECTIONS, "Taipei") == ["destination", "departure"]


def test_an_open_forget_gate_and_a_closed_input_gate_keep_the_state():
    a = np.array([[-50.0, 50.0, 0.7, 0.2]])  # the inputs of i, f, g and o: i is 0 and f is 1
    state = np.array([[0.8]])
    _, after = lstm.step(a, np.zeros((1, 1)), state, np.zeros((4, 1)), np.zeros(0), sigmoid)
    answers = {0.8: 0, 0.0: 1, 1.6: 2}
    assert answers[round(after.item(), 6)] == STOPS["gates"]["right"]


def test_a_quarter_at_every_step_leaves_a_millionth():
    x = np.linspace(-5, 5, 2001)
    slope = np.gradient(sigmoid(x), x)
    assert 0.2499 < slope.max() <= 0.25
    left = 0.25**10
    offered = {"A fortieth": 1 / 40, "A thousandth": 1 / 1_000, "A millionth": 1 / 1_000_000}
    far = [abs(math.log(offered[choice] / left)) for choice in choices("vanishing")]
    assert far.index(min(far)) == STOPS["vanishing"]["right"]
    assert np.gradient(np.tanh(x), x).max() <= 1


def test_gradients_vanish_as_the_lesson_says(long):
    """The trainings of the stop; with fewer epochs of the sigmoid unless ``--long`` is given."""
    rows = {}
    for look in STOPS["vanishing"]["looks"]:
        kind = "lstm" if look["cell"] == "lstm" else look["activation"]
        if kind != "sigmoid" and not long:
            continue
        network = dataclasses.replace(
            NETWORKS["elman"], cell=look["cell"], activation=look.get("activation", "tanh")
        )
        settings = dataclasses.replace(SETTINGS, epochs=look["epochs"] if long else 2)
        events = LiveTraining(network, settings, *sample(), BOOKING_PAIR).events()
        rows[kind] = [event["curves"][0]["left"] for event in events if event["event"] == "epoch"]
    assert all(left[10] < 0.001 for left in rows["sigmoid"])
    if long:
        assert rows["tanh"][0][15] < 0.02
        assert rows["lstm"][0][15] < 0.02
        assert rows["lstm"][-1][20] > 0.01 > rows["lstm"][0][20]


def test_a_word_that_was_never_seen_is_the_destination(default):
    text = STOPS["yours"]["looks"][0]["text"]
    trained_on = {token for sentence in sample()[0] for token in sentence.tokens}
    assert "Atlantis" not in trained_on
    assert [None] == [row["text"] for part in Steps(default, default.cut(text)).step(4)["inputs"]
                      if part["name"] == "embedding" for row in part["rows"]]  # fmt: skip
    assert {"O": 0, "destination": 1, "departure": 2}[types(default, [text], "Atlantis")[0]] == STOPS["yours"][
        "right"
    ]


def test_every_stop_has_its_words_in_both_languages():
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for name, stop in STOPS.items():
        keys = [*("title", "text", "question", "truth"), *(f"choice.{n}" for n in range(stop["choices"])),
                *(f"look.{n}" for n in range(len(stop["looks"])))]  # fmt: skip
        assert {key for key in english if key.startswith(f"lesson.{name}.")} == {
            f"lesson.{name}.{key}" for key in keys
        }
        assert 0 <= stop["right"] < stop["choices"]
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_the_form_of_the_page_is_that_of_the_service():
    table = {
        key: {name: value for name, value in setting.items() if name in ("enum", "default", "minimum", "maximum")}
        for key, setting in FORM.items()
        if key != "texts"
    }
    assert constant("settings.js", "FORM") == table
