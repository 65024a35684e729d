"""A request that takes too much is refused, and what was accepted is answered."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from rnncli import modelfile
from rnncli.api import Trained
from rnncli.errors import ModelError
from rnncli.model import Model
from rnncli.serving import models
from rnncli.serving.settings import Limits
from rnncli.tagging import Tagger

BODY = b'{"text": "leave Taipei"}'
Start = Callable[..., Any]


@contextmanager
def held(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Let labelling wait until the block ends; the event is set when it has begun."""
    begun, going_on = Event(), Event()
    stream = Tagger.stream_sentences

    def waiting(self: Tagger, *arguments: Any) -> Any:
        begun.set()
        assert going_on.wait(30)
        return stream(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Tagger, "stream_sentences", waiting)
        try:
            yield begun
        finally:
            going_on.set()


def count(client: Any, name: str) -> int:
    return int(client.get("/metrics").text.split(f"\nrnncli_{name} ")[1].split("\n")[0])


def test_too_many_bytes_texts_and_tokens(start_service: Start) -> None:
    client = start_service(limits=Limits(bytes=1_000, texts=3, tokens=10))
    for parts in ([b" " * 1_001], [b" " * 600, b" " * 600]):
        reply = client.begin("POST", "/v1/tag", parts).result(60)
        assert (413, "the body is longer than 1,000 bytes") == (reply.status, reply.error["message"])
        assert "close" == reply.headers["connection"]
    for value in ({"texts": ["a"] * 4}, {"sentences": [[]] * 4}):
        reply = client.post("/v1/tag", value)
        assert (413, "there are more than 3 texts") == (reply.status, reply.error["message"])
    assert 200 == client.post("/v1/tag", {"texts": ["a " * 5] * 2}).status
    assert 413 == client.post("/v1/tag", {"texts": ["a " * 5, "b " * 6]}).status
    assert 200 == client.post("/v1/tag", {"text": "a " * 5, "nbest": 2}).status
    reply = client.post("/v1/tag", {"text": "a " * 5, "nbest": 3})
    assert (413, "there are more than 10 tokens, each counted 3 times") == (reply.status, reply.error["message"])


@pytest.mark.parametrize("length", ["-1", "1e3", "", "٣", "1" * 5_000])
def test_a_length_that_is_no_number_or_too_large(client: Any, length: str) -> None:
    headers = [("host", "localhost"), ("content-type", "application/json"), ("content-length", length)]
    assert client.begin("POST", "/v1/tag", (BODY,), headers).result(60).status in (400, 413)


def test_a_text_of_a_million_tokens(start_service: Start) -> None:
    client = start_service(limits=Limits(bytes=10_000_000))
    reply = client.post("/v1/tag", {"text": "ab " * 1_000_000})
    assert (413, "there are more than 20,000 tokens") == (reply.status, reply.error["message"])
    assert 413 == client.post("/v1/tag", {"tokens": ["ab"] * 1_000_000}).status
    assert 200 == client.post("/v1/tag", {"text": "ab"}).status


def test_a_client_that_sends_its_body_slowly(start_service: Start) -> None:
    client = start_service(limits=Limits(slow=0.1))
    reply = client.begin("POST", "/v1/tag", [BODY[:5], 5.0, BODY[5:]]).result(60)
    assert (408, "close") == (reply.status, reply.headers["connection"])
    assert 200 == client.begin("POST", "/v1/tag", [BODY[:5], 0.01, BODY[5:]]).result(60).status


def test_a_full_queue(start_service: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start_service(limits=Limits(waiting=2))
    with held(client, monkeypatch) as begun:
        accepted = [client.begin("POST", "/v1/tag", (BODY,)) for _ in range(2)]
        assert begun.wait(30)
        while count(client, "waiting_requests") < 2:
            time.sleep(0.01)
        reply = client.begin("POST", "/v1/tag", (BODY,)).result(60)
        assert (503, "1") == (reply.status, reply.headers["retry-after"])
        assert "too many requests wait" == reply.error["message"]
    assert [200, 200] == [reply.result(60).status for reply in accepted]
    assert 200 == client.begin("POST", "/v1/tag", (BODY,)).result(60).status
    assert 0 == count(client, "waiting_requests")


def test_a_queue_of_too_many_bytes(start_service: Start) -> None:
    client = start_service(limits=Limits(waiting_bytes=len(BODY)))
    assert 200 == client.begin("POST", "/v1/tag", (BODY,)).result(60).status
    assert 503 == client.begin("POST", "/v1/tag", (BODY + b" ",)).result(60).status


def test_a_result_that_takes_too_long(start_service: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start_service(limits=Limits(seconds=0.2))
    with held(client, monkeypatch):
        reply = client.begin("POST", "/v1/tag", (BODY,)).result(60)
        assert (504, "no result within 0.2 seconds") == (reply.status, reply.error["message"])
    assert 200 == client.begin("POST", "/v1/tag", (BODY,)).result(60).status


def test_a_request_whose_client_has_left_is_not_labelled(
    start_service: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start_service()
    with held(client, monkeypatch) as begun:
        first = client.begin("POST", "/v1/tag", (BODY,))
        assert begun.wait(30)
        left = client.begin("POST", "/v1/tag", (BODY, 0.05, None))
        assert 0 == left.result(60).status
    assert 200 == first.result(60).status
    assert 200 == client.begin("POST", "/v1/tag", (BODY,)).result(60).status
    assert (1, 2) == (count(client, "dropped_requests_total"), count(client, "sentences_total"))
    assert 'rnncli_requests_total{route="/v1/tag",status="499"} 1' in client.get("/metrics").text
    assert 0 == client.begin("POST", "/v1/tag", (BODY[:5], None, b"")).result(60).status  # while it sent the body


def test_what_was_accepted_is_answered_before_the_service_ends(
    start_service: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start_service()
    with held(client, monkeypatch) as begun:
        accepted = [client.begin("POST", "/v1/tag", (BODY,)) for _ in range(20)]
        assert begun.wait(30)
        while count(client, "waiting_requests") < 20:
            time.sleep(0.01)
    client.stop()
    assert {200} == {reply.result(60).status for reply in accepted}
    assert 503 == client.begin("POST", "/v1/tag", (BODY,)).result(60).status
    reply = client.get("/healthz")
    assert (503, "stopping") == (reply.status, reply.json["status"])


def test_an_error_of_one_request_is_not_that_of_others(
    start_service: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start_service(limits=Limits(collect=0.2))
    encode = Model.encode

    def failing(self: Model, sentences: Any, *arguments: Any) -> Any:
        tokens = [token for sentence in sentences for token in sentence]
        if "large" in tokens:
            raise ModelError("the scores are too large", hint="train it again")
        if "bug" in tokens:
            raise ZeroDivisionError("secret")
        return encode(self, sentences, *arguments)

    monkeypatch.setattr(Model, "encode", failing)
    texts = ["leave", "large", "bug", "Taipei"]
    replies = [client.begin("POST", "/v1/tag", (b'{"text": "%s"}' % text.encode(),)) for text in texts]
    statuses = [reply.result(60).status for reply in replies]
    assert [200, 500, 500, 200] == statuses
    assert "the scores are too large" == replies[1].result().error["message"]
    assert "the service failed to answer this request" == replies[2].result().error["message"]
    assert "secret" not in replies[2].result().text


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_file_that_changes_is_loaded_and_a_bad_one_is_not(
    start_service: Start, trained: Trained, tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "EVERY", 0.02)
    path = tmp_path / "served.npz"
    shutil.copy(trained.path, path)
    client = start_service({"served": path})
    before = client.begin("POST", "/v1/tag", (BODY,)).result(60).json
    for row in tiny.parameters.rows:
        tiny.parameters[row.name][...] *= 0.5
    statuses = []

    def replaced() -> bool:
        reply = client.begin("POST", "/v1/tag", (BODY,)).result(60)
        statuses.append(reply.status)
        return bool(reply.json != before)

    assert not replaced()
    modelfile.save(tiny, path)
    wait_for(replaced)
    assert Tagger(tiny, kernels=True).tag("leave Taipei").as_dict() == client.post("/v1/tag", BODY).json
    after = client.post("/v1/tag", BODY).json

    path.write_bytes(path.read_bytes()[:-100])
    wait_for(lambda: client.get("/healthz").json["status"] == "problem")  # without any request to label
    health = client.get("/healthz")
    assert (200, ["served"]) == (health.status, list(health.json["problems"]))
    assert str(tmp_path) not in health.text
    assert after == client.post("/v1/tag", BODY).json
    assert 'rnncli_model_current{model="served"} 0' in client.get("/metrics").text

    path.unlink()
    wait_for(lambda: "No such file" in client.get("/healthz").text)
    assert after == client.post("/v1/tag", BODY).json
    shutil.copy(trained.path, path)
    wait_for(lambda: client.get("/healthz").json["status"] == "ok")
    assert before == client.post("/v1/tag", BODY).json
    assert {200} == set(statuses)
