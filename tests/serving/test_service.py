"""The service labels as the library does, and refuses what it cannot answer by a clear error."""

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest

from rnncli import __version__
from rnncli.model import Model
from rnncli.serving.schema import check
from rnncli.serving.service import ROUTES
from rnncli.serving.settings import Limits
from rnncli.tagging import Tagger

TEXT = "leave Taipei on May 2nd"
TEXTS = [TEXT, "", "arrive New York on Sunday", "台北 10:30", "<script>alert(1)</script>"]
JSON = ("content-type", "application/json")
FORM = ("content-type", "application/x-www-form-urlencoded")


@pytest.fixture
def tagger(tiny: Model) -> Tagger:
    return Tagger(tiny, kernels=True)


def test_a_text_is_answered_as_the_library_labels_it(client: Any, tagger: Tagger) -> None:
    for text in TEXTS:
        reply = client.post("/v1/tag", {"text": text})
        assert (200, tagger.tag(text).as_dict()) == (reply.status, reply.json)


def test_tokens_and_several_inputs_are_labelled(client: Any, tagger: Tagger) -> None:
    tokens = ["arrive", "New York", ""]
    expected = [tagger.tag(text).as_dict() for text in TEXTS]
    assert tagger.tag_tokens(tokens).as_dict() == client.post("/v1/tag", {"tokens": tokens}).json
    assert {"results": expected} == client.post("/v1/tag", {"texts": TEXTS}).json
    sentences = [tokens, [], ["leave"]]
    expected = [tagger.tag_tokens(sentence).as_dict() for sentence in sentences]
    assert {"results": expected} == client.post("/v1/tag", {"sentences": sentences, "model": "tiny"}).json
    assert {"results": []} == client.post("/v1/tag", {"texts": []}).json


def test_the_most_probable_labellings_are_those_of_the_library(client: Any, tagger: Tagger) -> None:
    tagger.nbest = 3
    assert tagger.tag(TEXT).as_dict() == client.post("/v1/tag", {"text": TEXT, "nbest": 3}).json
    assert "nbest" not in client.post("/v1/tag", {"text": TEXT}).json


def test_requests_that_are_labelled_together_get_their_own_answers(
    start_service: Callable[..., Any], tagger: Tagger
) -> None:
    client = start_service(limits=Limits(collect=0.1))
    words = ["leave", "arrive", "Taipei", "New York", "on", "Sunday"]
    texts = [" ".join(chosen) for chosen in product(words, repeat=2)]
    bodies = [{"text": text, "nbest": number % 3} for number, text in enumerate(texts)]
    replies = [client.begin("POST", "/v1/tag", (json.dumps(body).encode(),)) for body in bodies]
    for body, reply in zip(bodies, replies, strict=True):
        tagger.nbest = body["nbest"]
        assert tagger.tag(body["text"]).as_dict() == reply.result(60).json
    counts = client.get("/metrics").text
    batches = int(counts.split("\nrnncli_batches_total ")[1].split("\n")[0])
    assert 3 <= batches <= 9, "36 requests are labelled in a few batches, each of one nbest"
    assert f"\nrnncli_sentences_total {len(texts)}\n" in counts


WRONG_BODIES = {
    b"": "the body is not JSON",
    b"{": "the body is not JSON",
    b"[" * 100_000: "the body is nested too deeply",
    b'{"text": ' + b'{"a": ' * 50_000: "the body is nested too deeply",
    b'{"text": NaN}': "NaN is no number of JSON",
    b'{"text": "a", "nbest": Infinity}': "Infinity is no number of JSON",
    b'{"text": "\xff"}': "the body is not UTF-8 at byte 11",
    '{"text": "a"}'.encode("utf-16"): "the body is not UTF-8 at byte 1",
    b'{"text": "a", "nbest": ' + b"9" * 5_000 + b"}": "the body is not JSON",
    b'{"text": "\\ud800"}': "half of a surrogate pair is no character",
    b'{"tokens": ["a", "\\udfff"]}': "half of a surrogate pair is no character",
    b"null": "expected an object, got None",
    b'["a"]': "expected an object, got ['a']",
    b'"a"': "expected an object, got 'a'",
    b"{}": "expected exactly one of text, tokens, texts, sentences, got none of them",
    b'{"text": "a", "tokens": ["a"]}': "got text and tokens",
    b'{"text": 1}': "expected a string, got 1",
    b'{"text": null}': "expected a string, got None",
    b'{"text": ["a"]}': "expected a string, got ['a']",
    b'{"tokens": "a b"}': "expected an array, got 'a b'",
    b'{"tokens": ["a", 2]}': "expected a string, got 2",
    b'{"sentences": ["a"]}': "expected an array, got 'a'",
    b'{"text": "a", "nbest": -1}': "expected 0 to",
    b'{"text": "a", "nbest": 1.5}': "expected an integer, got 1.5",
    b'{"text": "a", "nbest": 1e999}': "a number is too large",
    b'{"text": "a", "nbest": true}': "expected an integer, got True",
    b'{"text": "a", "nbest": 101}': "expected 0 to 100, got 101",
    b'{"text": "a", "modle": "x"}': "there is no field 'modle'",
    b'{"text": "a", "model": 1}': "expected a string or null, got 1",
    b'{"text": "a", "\\ud800": 1}': r"there is no field '\ud800'",
}


@pytest.mark.parametrize("body", WRONG_BODIES, ids=lambda body: repr(body[:40]))
def test_a_body_that_is_wrong_is_one_error(client: Any, body: bytes) -> None:
    reply = client.post("/v1/tag", body)
    assert reply.status == 400
    assert WRONG_BODIES[body] in reply.error["message"]
    assert len(reply.body) < 1_000


def test_an_error_says_where_and_what_to_try(client: Any) -> None:
    error = client.post("/v1/tag", {"sentences": [["a"], ["b", None]]}).error
    assert ("sentences[1][1]", "expected a string, got None") == (error["where"], error["message"])
    assert 'did you mean "model"?' == client.post("/v1/tag", {"text": "a", "modle": "x"}).error["hint"]
    reply = client.post("/v1/tag", {"text": "a", "model": "tinny"})
    assert (404, 'did you mean "tiny"?') == (reply.status, reply.error["hint"])


def test_a_media_type_that_pages_of_other_sites_may_send_is_refused(client: Any) -> None:
    body = b'{"text": "a"}'
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert 415 == client.post("/v1/tag", body, ("content-type", media)).status
    assert 200 == client.post("/v1/tag", body, ("content-type", "Application/JSON; charset=utf-8")).status


def test_paths_and_methods_that_do_not_exist(client: Any) -> None:
    assert 404 == client.get("/v2").status
    assert 404 == client.get("/v1/tag/").status
    assert 404 == client.get("/models/../v1/models").status
    reply = client.get("/v1/tag")
    assert (405, "POST") == (reply.status, reply.headers["allow"])
    assert 405 == client.begin("OPTIONS", "/v1/tag").result(60).status
    head = client.begin("HEAD", "/healthz").result(60)
    assert (200, b"") == (head.status, head.body)
    assert len(client.get("/healthz").body) == int(head.headers["content-length"])


def test_models_health_and_counts(start_service: Callable[..., Any], tiny: Model) -> None:
    client = start_service()
    model, *lessons = client.get("/v1/models").json["models"]
    assert {(True, False)} == {(lesson["lesson"], lesson["is_default"]) for lesson in lessons}
    assert ("tiny", True, tiny.tags, "") == tuple(model[key] for key in ("name", "is_default", "tags", "problem"))
    assert {"status": "ok", "problems": {}} == client.get("/healthz").json
    client.post("/v1/tag", {"texts": TEXTS})
    client.post("/v1/tag", {"texts": 1})
    client.get("/no/such/path")
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = reply.text.splitlines()
    assert 'rnncli_requests_total{route="/v1/tag",status="200"} 1' in lines
    assert 'rnncli_requests_total{route="/v1/tag",status="400"} 1' in lines
    assert 'rnncli_requests_total{route="none",status="404"} 1' in lines
    assert f"rnncli_tokens_total {sum(len(tiny.cut(text)) for text in TEXTS)}" in lines
    assert 'rnncli_request_seconds_bucket{le="+Inf"} 5' in lines
    assert "rnncli_request_seconds_count 5" in lines
    buckets = [int(line.split()[1]) for line in lines if "_bucket" in line]
    assert sorted(buckets) == buckets
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        assert line.startswith("#") or any(line.startswith(name) for name in named)
        assert line.startswith("#") or math.isfinite(float(line.split()[-1]))


def test_every_answer_has_headers_that_protect_a_browser(client: Any) -> None:
    for reply in (client.get("/healthz"), client.get("/none"), client.post("/v1/tag", {"text": "a"})):
        assert "nosniff" == reply.headers["x-content-type-options"]
        assert "no-referrer" == reply.headers["referrer-policy"]
        assert reply.headers["content-security-policy"].startswith("default-src 'none'")
        assert "access-control-allow-origin" not in reply.headers


def test_the_document_describes_every_route_and_its_schemas_check_the_answers(client: Any) -> None:
    document = client.get("/openapi.json").json
    assert ("3.1.0", __version__) == (document["openapi"], document["info"]["version"])
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert {(route.method, route.path) for route in ROUTES} == described
    identifiers = [
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    ]
    assert len(set(identifiers)) == len(identifiers)
    answers = document["paths"]["/v1/tag"]["post"]["responses"]
    check(client.post("/v1/tag", {"text": TEXT}).json, answers["200"]["content"]["application/json"]["schema"])
    check(client.post("/v1/tag", {}).json, answers["default"]["content"]["application/json"]["schema"])


def test_many_clients_at_once(client: Any, tagger: Tagger) -> None:
    expected = {text: tagger.tag(text).as_dict() for text in TEXTS}

    def ask(number: int) -> bool:
        text = TEXTS[number % len(TEXTS)]
        return bool(client.post("/v1/tag", {"text": text}).json == expected[text])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
