"""Trainings to watch: their events, their bounds, and how they end."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rnncli.data import reading
from rnncli.data.examples import BOOKING_PAIR
from rnncli.inspect.document import Question, document
from rnncli.lessons import architectures
from rnncli.lessons.form import FORM, chosen
from rnncli.lessons.live import LiveTraining
from rnncli.serving import lessons
from rnncli.serving.settings import Limits

SMALL = {"hidden": 4, "sentences": 60, "epochs": 3, "texts": ["leave Taipei", "arrive Taipei"]}
LONG = {**SMALL, "sentences": 2_000, "epochs": 50}
Start = Callable[..., Any]


@pytest.fixture(autouse=True)
def _no_training_is_left() -> Iterator[None]:
    yield
    wait_for(lambda: not is_training())


def is_training() -> bool:
    return any(thread.name == "rnncli trains" for thread in threading.enumerate())


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def without_seconds(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in event.items() if key not in ("seconds", "model")} for event in events]


def names(client: Any) -> list[str]:
    return [model["name"] for model in client.get("/v1/models").json["models"]]


def test_a_training_is_that_of_the_library_and_becomes_a_model(client: Any) -> None:
    streamed = client.stream("/v1/train", SMALL)
    assert (200, "text/event-stream") == (streamed.status, streamed.headers["content-type"])
    assert ("no-store", "no") == (streamed.headers["cache-control"], streamed.headers["x-accel-buffering"])
    assert "content-length" not in streamed.headers
    (first, identifier), *events = streamed
    assert ("id", ["id"]) == (first, list(identifier))
    assert ["begin", "epoch", "epoch", "epoch", "end"] == [name for name, _ in events]
    assert all(name == data["event"] for name, data in events)

    choice = chosen(SMALL)
    sentences, dev = architectures.sample()
    live = LiveTraining(choice.network, choice.settings, sentences[:60], dev, SMALL["texts"])
    assert without_seconds(list(live.events())) == without_seconds([data for _, data in events])
    end = events[-1][1]
    assert "trained" == end["model"]
    (model,) = [model for model in client.get("/v1/models").json["models"] if model["name"] == "trained"]
    assert (True, False, SMALL["texts"]) == (model["lesson"], model["is_default"], model["examples"])
    for text in end["texts"]:
        asked = {"texts": [text["text"]], "model": "trained"}
        shown = client.post("/v1/inspect", asked).json["texts"][0]["tokens"]
        assert [token["tag"] for token in text["tokens"]] == [token["tag"] for token in shown]
        assert (
            document(live.model, Question([text["text"]], measures=False)) == client.post("/v1/inspect", asked).json
        )


def test_the_next_training_takes_the_place_of_the_model(start_service: Start) -> None:
    client = start_service()
    for hidden in (2, 3):
        list(client.stream("/v1/train", {**SMALL, "hidden": hidden, "epochs": 1}))
        assert names(client).count("trained") == 1
        sizes = client.post(
            "/v1/equation", {"text": "a", "model": "trained", "what": "output/o", "step": 0, "unit": 0}
        ).json["quantities"]
        assert hidden == sizes["layer 1/h"]


def test_to_stop_a_training_keeps_its_best_epoch(client: Any) -> None:
    events = []
    identifier = ""
    for name, data in client.stream("/v1/train", LONG):
        events.append((name, data))
        if name == "id":
            identifier = data["id"]
            reply = client.post("/v1/train/stop", {"id": "another"})
            assert (404, "no training with this id runs") == (reply.status, reply.error["message"])
        if name == "epoch":
            assert {"id": identifier} == client.post("/v1/train/stop", {"id": identifier}).json
    name, end = events[-1]
    assert ("end", True, "trained") == (name, end["stopped"], end["model"])
    assert 1 <= end["best_epoch"] <= end["epochs"] < 50
    assert 404 == client.post("/v1/train/stop", {"id": identifier}).status


def test_a_training_ends_when_its_client_leaves_and_another_can_begin(start_service: Start) -> None:
    client = start_service()
    streamed = client.stream("/v1/train", LONG)
    assert ["id", "begin", "epoch"] == [name for name, _ in (next(iter(streamed)) for _ in range(3))]
    streamed.leave()
    assert "end" == list(client.stream("/v1/train", {**SMALL, "epochs": 1}))[-1][0]  # no 503: it waits for the end
    streamed = client.stream("/v1/train", LONG)
    streamed.leave()
    wait_for(lambda: not is_training())
    sizes = client.post("/v1/equation", {"text": "a", "model": "trained", "what": "output/o", "step": 0, "unit": 0})
    assert 4 == sizes.json["quantities"]["layer 1/h"]
    assert 'route="/v1/train",status="499"} 2' in client.get("/metrics").text


def test_one_training_at_a_time_which_holds_nothing_else(client: Any) -> None:
    streamed = client.stream("/v1/train", LONG)
    assert "id" == next(iter(streamed))[0]
    for path in ("/v1/train", "/v1/architectures"):
        reply = client.post(path, {})
        assert (503, "1") == (reply.status, reply.headers["retry-after"])
        assert "another training runs" == reply.error["message"]
    assert 200 == client.post("/v1/tag", {"text": "leave Taipei"}).status
    assert 200 == client.post("/v1/inspect", {"texts": ["leave Taipei"]}).status
    streamed.leave()


def test_a_training_ends_when_the_service_stops(start_service: Start) -> None:
    client = start_service()
    streamed = client.stream("/v1/train", LONG)
    events = iter(streamed)
    while next(events)[0] != "epoch":
        pass
    client.service.is_stopping = True
    rest = list(events)
    assert ("end", True) == (rest[-1][0], rest[-1][1]["stopped"])
    assert 503 == client.post("/v1/train", {}).status


def test_a_training_that_takes_too_long_is_stopped(start_service: Start) -> None:
    client = start_service(limits=Limits(training=0.01))
    name, data = list(client.stream("/v1/train", {**LONG, "hidden": 64}))[-1]
    assert ("error", "the training was stopped before the end of its first epoch") == (name, data["message"])


def test_a_quiet_stream_shows_that_it_is_open(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()
    events = LiveTraining.events

    def waiting(self: LiveTraining) -> Any:
        going_on.wait(30)
        return events(self)

    monkeypatch.setattr(lessons, "PING", 0.01)
    monkeypatch.setattr(lessons, "LOOK", 0.01)
    monkeypatch.setattr(LiveTraining, "events", waiting)
    streamed = iter(client.stream("/v1/train", SMALL))
    assert "id" == next(streamed)[0]
    assert ["", ""] == [next(streamed)[0] for _ in range(2)]
    going_on.set()
    assert "end" == list(streamed)[-1][0]


def test_an_error_is_the_last_event_and_shows_nothing_of_the_code(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: LiveTraining) -> Any:
        raise ZeroDivisionError("secret")

    with monkeypatch.context() as patch:
        patch.setattr(LiveTraining, "events", failing)
        events = list(client.stream("/v1/train", SMALL))
    expected = {"event": "error", "message": "the service failed to train", "hint": "its log says why"}
    assert [("error", expected)] == events[1:]
    assert "end" == list(client.stream("/v1/train", {**SMALL, "epochs": 1}))[-1][0]


def test_a_training_whose_numbers_grow_without_bound_says_so(client: Any) -> None:
    grown = {**SMALL, "activation": "identity", "learning_rate": 1, "clip": 0, "layers": 4, "epochs": 2}
    names = [name for name, _ in client.stream("/v1/train", grown)]
    assert names[-1] in ("end", "error")
    assert names.count("end") + names.count("error") == 1


def test_every_setting_has_bounds_and_they_are_kept(client: Any) -> None:
    assert {"settings": FORM} == client.get("/v1/train").json
    described = client.get("/openapi.json").json["paths"]["/v1/train"]["post"]
    assert FORM == described["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert ["text/event-stream"] == list(described["responses"]["200"]["content"])
    for name, setting in FORM.items():
        wrong: list[Any] = [None, [], {}]
        if "minimum" in setting:
            wrong = [setting["minimum"] - 1, setting["maximum"] + 1, "1", True]
        elif "enum" in setting:
            wrong = ["", "lstm ", 1, None]
        elif name == "texts":
            wrong = ["a", [1], ["a"] * 5, ["a" * 1_001]]
        for value in wrong:
            reply = client.post("/v1/train", {name: value})
            assert 400 == reply.status, (name, value)
            assert reply.error["where"].startswith(name)
    assert 400 == client.post("/v1/train", {"seed": 1}).status
    assert 400 == client.post("/v1/train", b'{"hidden": 1e999}').status
    reply = client.post("/v1/train", {"arch": "jordan", "cell": "lstm"})
    assert 400 == reply.status
    assert "needs a network that keeps only its hidden layer" in reply.error["message"]


def test_the_defaults_are_within_the_bounds_and_those_of_the_lesson() -> None:
    choice = chosen({})
    assert architectures.NETWORKS["elman"] == choice.network
    assert architectures.SETTINGS == choice.settings
    assert (architectures.SENTENCES, BOOKING_PAIR) == (choice.sentences, choice.texts)
    for setting in FORM.values():
        if "minimum" in setting:
            assert setting["minimum"] <= setting["default"] <= setting["maximum"]
        assert setting["default"] in setting.get("enum", [setting["default"]])
    given = {name: setting.get("maximum", setting["default"]) for name, setting in FORM.items()}
    choice = chosen(given)
    assert (128, 4) == (choice.network.hidden, choice.network.layers)
    settings = choice.settings
    assert (1.0, 50, 1_000.0) == (settings.learning_rate, settings.epochs, settings.clip)


def test_hostile_texts_stay_texts(client: Any) -> None:
    hostile = "</script> \u2028event: end\ndata: {}\n\n \u202e"
    events = list(client.stream("/v1/train", {**SMALL, "epochs": 1, "texts": [hostile, ""]}))
    assert ["id", "begin", "epoch", "end"] == [name for name, _ in events]
    assert [hostile, ""] == [text["text"] for text in events[-1][1]["texts"]]


@pytest.fixture
def _small_lesson(monkeypatch: pytest.MonkeyPatch, booking_tsv: Path) -> None:
    """Two networks and a corpus that are learned in no time."""
    sentences = reading.read(str(booking_tsv)).sentences
    monkeypatch.setattr(lessons, "sample", lambda: (sentences, sentences))
    monkeypatch.setattr(
        lessons, "NETWORKS", {name: architectures.NETWORKS[name] for name in ("fnn", "jordan", "elman")}
    )


@pytest.mark.usefixtures("_small_lesson")
def test_architectures_are_trained_once_and_become_models(start_service: Start) -> None:
    client = start_service()
    events = list(client.stream("/v1/architectures", {}))
    assert ["network", "network", "network", "end"] == [name for name, _ in events]
    assert ["fnn", "jordan", "elman"] == [data["name"] for _, data in events[:-1]]
    assert ["fnn", "jordan", "elman"] == names(client)[-3:]
    texts = ["leave Taipei", "arrive Taipei"]
    again = list(client.stream("/v1/architectures", {"texts": texts}))
    for (_, first), (_, second) in zip(events[:-1], again[:-1], strict=True):
        model = client.service.models.named(first["name"]).model
        assert document(model, Question(BOOKING_PAIR, measures=False)) == first["document"]
        assert document(model, Question(texts, measures=False)) == second["document"]
        assert first["seconds"] == second["seconds"], "it was not trained again"
    assert first["document"] == client.post("/v1/inspect", {"texts": BOOKING_PAIR, "model": "elman"}).json


@pytest.mark.usefixtures("_small_lesson")
def test_networks_that_were_trained_before_the_client_left_are_kept(start_service: Start) -> None:
    client = start_service()
    streamed = client.stream("/v1/architectures", {})
    _, first = next(iter(streamed))
    streamed.leave()
    wait_for(lambda: not is_training())
    events = list(client.stream("/v1/architectures", {}))
    assert ["network", "network", "network", "end"] == [name for name, _ in events]
    assert first == events[0][1]


@pytest.mark.usefixtures("_small_lesson")
def test_a_model_of_a_file_goes_before_one_of_a_lesson(start_service: Start, trained: Any) -> None:
    client = start_service({"elman": trained.path})
    before = client.post("/v1/tag", {"text": "leave Taipei", "model": "elman"}).json
    list(client.stream("/v1/architectures", {}))
    assert before == client.post("/v1/tag", {"text": "leave Taipei", "model": "elman"}).json
    models = client.get("/v1/models").json["models"]
    assert [False] == [model["lesson"] for model in models if model["name"] == "elman"]


def test_two_texts_are_compared(client: Any) -> None:
    for texts in ([], ["a"], ["a", "b", "c"], "a b", ["a", "b" * 1_001], [1, 2]):
        assert 400 == client.post("/v1/architectures", {"texts": texts}).status
