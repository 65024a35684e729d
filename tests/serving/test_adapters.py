"""The shapes of other tools, as they document them and as their clients send them."""

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from rnncli.model import Model
from rnncli.serving.settings import Limits
from rnncli.tagging import Tagger

TEXT = "leave New York, on Sunday"
BOOKING = "leave New York on Sunday"
FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = ("content-type", "application/json")


@pytest.fixture
def tagger(tiny: Model) -> Tagger:
    return Tagger(tiny, kernels=True)


def process(client: Any, **fields: str) -> Any:
    return client.post("/process", urlencode(fields).encode(), FORM)


# UDPipe


def row(number: int, token: str, tag: str, misc: str = "_") -> str:
    return f"{number}\t{token}\t_\t_\t{tag}\t_\t_\t_\t_\t{misc}\n"


def test_udpipe_labels_lines_of_a_text(client: Any, tagger: Tagger) -> None:
    tags = [token.tag for token in tagger.tag(TEXT).tokens]
    assert ["O", "B-departure", "I-departure"] == tags[:3]
    result = (
        "# newdoc\n# newpar\n# sent_id = 1\n# text = leave New York, on Sunday\n"
        + row(1, "leave", tags[0])
        + row(2, "New", tags[1])
        + row(3, "York", tags[2], "SpaceAfter=No")
        + row(4, ",", tags[3])
        + row(5, "on", tags[4])
        + row(6, "Sunday", tags[5])
        + "\n# sent_id = 2\n# text = hello\n"
        + row(1, "hello", tagger.tag("hello").tokens[0].tag)
        + "\n"
    )
    fields = {"data": f"{TEXT}\n\nhello\n", "tokenizer": "", "tagger": "", "parser": "", "output": "conllu"}
    answers = [process(client, **fields), client.get(f"/process?{urlencode(fields)}")]
    parts = "".join(
        f'--==x==\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    body = f"{parts}--==x==--\r\n".encode()
    answers.append(client.post("/process", body, ("content-type", 'multipart/form-data; boundary="==x=="')))
    for answer in answers:
        assert 200 == answer.status
        assert ["model", "acknowledgements", "result"] == list(answer.json)
        assert ("tiny", []) == (answer.json["model"], answer.json["acknowledgements"])
        head, model, *lines = answer.json["result"].splitlines(keepends=True)
        assert head.startswith("# generator = rnncli ")
        assert "# udpipe_model = tiny\n" == model
        assert result == "".join(lines)


def test_udpipe_keeps_conllu_that_it_labels(client: Any, tagger: Tagger) -> None:
    data = (
        "# sent_id = a\n# text = leave Taipei\n1-2\tleaveTaipei\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "1\tleave\tl\tVERB\told\tA=b\t0\troot\t_\tX=Y\n1.1\tgap\t_\t_\t_\t_\t_\t_\t_\t_\n"
        "2\tTaipei\t_\tPROPN\t_\t_\t1\tobj\t_\t_\n\n"
        "1\thello\t_\t_\t_\t_\t_\t_\t_\t_\n"
    )
    tags = [token.tag for token in tagger.tag_tokens(["leave", "Taipei"]).tokens]
    expected = data.replace("VERB\told", f"VERB\t{tags[0]}").replace("PROPN\t_", f"PROPN\t{tags[1]}")
    expected = (
        expected.replace("hello\t_\t_\t_", f"hello\t_\t_\t{tagger.tag_tokens(['hello']).tokens[0].tag}") + "\n"
    )
    for given in (data, data.replace("\n", "\r\n")):
        result = process(client, data=given, tagger="").json["result"]
        assert expected == result.partition("tiny\n")[2]
    assert data + "\n" == process(client, data=data).json["result"].partition("tiny\n")[2]


def test_udpipe_reads_tokens_in_lines(client: Any, tagger: Tagger) -> None:
    horizontal = process(client, data="leave New York\nhello\n", input="horizontal", tagger="").json
    vertical = process(client, data="leave\nNew\nYork\n\nhello", input="vertical", tagger="").json
    assert horizontal == vertical
    tags = [token.tag for token in tagger.tag_tokens(["leave", "New", "York"]).tokens]
    assert "".join(map(row, (1, 2, 3), ["leave", "New", "York"], tags)) + "\n1\thello" in horizontal["result"]


def test_udpipe_lists_models(start_service: Callable[..., Any], trained: Any) -> None:
    client = start_service({"a": trained.path, "b": trained.path})
    listed = {"models": {"a": ["tokenizer", "tagger"], "b": ["tokenizer", "tagger"]}, "default_model": "a"}
    assert listed == client.get("/models").json
    assert listed == client.post("/models", b"", FORM).json
    assert "b" == process(client, data="leave", tokenizer="", tagger="", model="b").json["model"]


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({}, 400, "The parameter 'data' is required."),
        ({"data": "a", "model": "none"}, 404, "the service has no model none"),
        ({"data": "a", "output": "matxin"}, 400, "Unknown output format 'matxin'."),
        ({"data": "a", "input": "x"}, 400, "Cannot parse the input in 'x' format."),
        ({"data": "1\ta"}, 400, "Cannot parse the input in 'conllu' format: line 1 has 2 columns, not 10."),
    ],
)
def test_udpipe_writes_errors_as_text(client: Any, fields: dict[str, str], status: int, message: str) -> None:
    reply = process(client, **fields)
    assert (status, f"{message}\n") == (reply.status, reply.text)
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x",
     f"multipart/form-data; boundary={'x' * 71}"],
)  # fmt: skip
def test_forms_that_cannot_be_read(client: Any, content_type: str) -> None:
    for body in (
        b"",
        b"--x",
        b"--x\r\n",
        b"--x\r\n\r\n",
        b"--x\r\nA: b\r\n\r\n1\r\n--y--",
        b"--x\r\n--x--",
        b"\xff" * 100,
    ):
        for path in ("/process", "/models"):
            assert 400 == client.post(path, body, ("content-type", content_type)).status
    assert 400 == client.post("/process", b"data=%ff", FORM).status
    assert 400 == client.post("/process", b"\xff", FORM).status
    assert 400 == client.post("/process", b"&a=" * 1_000, FORM).status
    assert 400 == client.get("/process?data=%ff").status


# Hugging Face


def classify(client: Any, inputs: Any, **parameters: Any) -> Any:
    return client.post("/models/tiny", {"inputs": inputs, "parameters": parameters})


def test_hugging_face_groups_the_tokens_of_a_span(client: Any, tagger: Tagger) -> None:
    tokens = tagger.tag(BOOKING).tokens
    score = (tokens[1].probability + tokens[2].probability) / 2
    city = {"entity_group": "departure", "score": score, "word": "New York", "start": 6, "end": 14}
    for strategy in ("simple", "first", "average", "max", None):
        answer = classify(client, BOOKING, aggregation_strategy=strategy).json
        assert city == answer[0]
        assert ["departure", "departure_time"] == [item["entity_group"] for item in answer]
    assert answer == client.post("/models/tiny", {"inputs": BOOKING}).json
    assert [answer, []] == classify(client, [BOOKING, ""]).json


def test_hugging_face_gives_single_tokens(client: Any, tagger: Tagger) -> None:
    expected = [
        {"entity": t.tag, "score": t.probability, "index": i, "word": t.text, "start": t.start, "end": t.end}
        for i, t in enumerate(tagger.tag(TEXT).tokens, 1)
    ]
    assert expected == classify(client, TEXT, aggregation_strategy="none", ignore_labels=[]).json
    outside = [item for item in expected if item["entity"] == "O"]
    assert [i for i in expected if i not in outside] == classify(client, TEXT, aggregation_strategy="none").json


def test_hugging_face_keeps_labels_that_are_not_ignored(client: Any) -> None:
    answer = classify(client, f"well {BOOKING}", ignore_labels=["departure_time"]).json
    assert [("O", "well leave"), ("departure", "New York"), ("O", "on")] == [
        (item["entity_group"], item["word"]) for item in answer
    ]


def test_hugging_face_writes_errors_as_text(client: Any) -> None:
    for value, message in (
        ({}, "the body: the field inputs is missing"),
        ({"inputs": 1}, "inputs: expected a string or an array, got 1"),
        ({"inputs": [1]}, "inputs[0]: expected a string, got 1"),
        (
            {"inputs": "a", "parameters": {"aggregation_strategy": "x"}},
            "parameters.aggregation_strategy: expected one of",
        ),
    ):
        reply = client.post("/models/tiny", value)
        assert 400 == reply.status
        assert reply.json["error"].startswith(message)
    assert 404 == client.post("/models/none", {"inputs": "a"}).status
    assert 404 == client.post("/models/", {"inputs": "a"}).status


# Label Studio

CONFIG = """<View>
  <!-- labels -->
  <Labels name="ner_tags" toName="words">
    <Label value="departure" background="#FFA39E"/>
  </Labels>
  <Text name="words" value="$sentence"/>
</View>"""


def test_label_studio_gets_predictions(client: Any, tagger: Tagger) -> None:
    task = {"id": 1428, "data": {"sentence": TEXT}, "meta": {}, "is_labeled": False, "annotations": []}
    request = {
        "tasks": [task, {"data": {"sentence": "hello"}}],
        "project": "6.1710967805",
        "label_config": CONFIG,
        "model_version": None,
        "params": {"login": None, "password": None, "context": None},
    }
    first, second = client.post("/predict", request).json["results"]
    span = tagger.tag(TEXT).spans[0]
    assert {"model_version", "score", "result"} == set(first)
    assert {
        "from_name": "ner_tags",
        "to_name": "words",
        "type": "labels",
        "value": {"start": 6, "end": 14, "text": "New York", "labels": ["departure"]},
        "score": span.probability,
    } == first["result"][0]
    assert ("tiny", []) == (second["model_version"], second["result"])
    plain = client.post("/predict", {"tasks": [{"data": {"text": TEXT}}]}).json["results"][0]["result"][0]
    assert ("label", "text") == (plain["from_name"], plain["to_name"])


def test_label_studio_sets_up_and_asks_for_health(client: Any) -> None:
    request = {"project": "6.17", "schema": CONFIG, "hostname": "http://localhost:8080", "access_token": "x"}
    assert {"model_version": "tiny"} == client.post("/setup", request).json
    assert "UP" == client.get("/health").json["status"]
    for event in ("ANNOTATION_CREATED", "PROJECT_UPDATED"):
        assert 200 == client.post("/webhook", {"action": event, "project": {"id": 1}}).status


def test_training_is_refused(client: Any) -> None:
    for path, value in (("/train", {"annotations": []}), ("/webhook", {"action": "START_TRAINING"})):
        reply = client.post(path, value)
        assert (403, "the service does not train") == (reply.status, reply.error["message"])
        assert "rnncli train" in reply.error["hint"]


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + ']><View><Labels name="l" toName="t">&i;</Labels><Text name="t" value="$text"/></View>'
)


@pytest.mark.parametrize(
    "config",
    ["<", "text", "<View/>", '<View><Labels name="a" toName="b"/><Text name="c"/></View>', BOMB, "<a>" * 100_000,
     '<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>', "\0"],
    ids=lambda config: config[:30],
)  # fmt: skip
def test_an_interface_that_cannot_be_read(client: Any, config: str) -> None:
    for path, value in (("/setup", {"schema": config}), ("/predict", {"tasks": [], "label_config": config})):
        reply = client.post(path, value)
        assert (400, "label_config") == (reply.status, reply.error["where"])


def test_tasks_without_a_text(client: Any) -> None:
    for data in ({}, {"text": 1}, {"text": None}):
        reply = client.post("/predict", {"tasks": [{"data": data}]})
        assert (400, "tasks[0].data.text") == (reply.status, reply.error["where"])


def test_random_bodies_are_answered_or_refused(start_service: Callable[..., Any]) -> None:
    """No value of JSON makes a route fail: fields have values of every kind, also of the right one."""
    client = start_service(limits=Limits(collect=0.0))
    generator = random.Random(1)
    values = [
        "",
        "a b",
        CONFIG,
        0,
        -1,
        1.5,
        10**30,
        True,
        None,
        [],
        {},
        ["a"],
        [["a"]],
        [None],
        {"data": {"text": "a"}},
    ]
    values += [
        [{"data": {"text": "a"}}],
        {"aggregation_strategy": "none"},
        {"ignore_labels": [[]]},
        "START_TRAINING",
    ]
    # A training is as well-formed as it is long: test_streams.py has its bodies.
    routes = [
        route for route in client.service.routes if route.body is not None and route.media == "application/json"
    ]
    statuses = set()
    for _ in range(600):
        route = generator.choice(routes)
        names = [*route.body.get("properties", {}), "other"]
        body = {
            name: generator.choice(values) for name in generator.sample(names, generator.randint(0, len(names)))
        }
        reply = client.post(route.path.replace("{model}", "tiny"), json.dumps(body).encode())
        assert reply.status in (200, 400, 403, 404), (route.path, body, reply.text)
        statuses.add(reply.status)
    assert {200, 400} <= statuses
