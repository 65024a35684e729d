"""The page and what it asks for: its files, the numbers of networks, and the bounds of all that."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from posixpath import dirname, normpath
from typing import Any

import pytest

from rnncli.api import Trained
from rnncli.errors import UsageError
from rnncli.inspect.document import Question, document
from rnncli.inspect.equation import quantities, unfold
from rnncli.inspect.erasing import erased
from rnncli.inspect.steps import Steps
from rnncli.json_text import json_line
from rnncli.lessons.worked_example import worked_example
from rnncli.model import Model
from rnncli.serving import inspection
from rnncli.serving.settings import Limits
from rnncli.tagging import Tagger

TEXT = "leave Taipei on May 2nd"
OTHER = "arrive Taipei on May 2nd"
HOSTILE = "</script><script>alert(1)</script> \u202e\u2028 {{ data }} '\" \x07 <img/src=x>"
Start = Callable[..., Any]


def as_sent(value: Any) -> Any:
    return json.loads(json_line(value))


def test_the_page_and_every_file_that_it_names(client: Any) -> None:
    reply = client.get("/")
    assert (200, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
    names = re.findall(r'(?:src|href)="([^"]+)"', reply.text)
    paths = [name for name in names if not name.startswith("data:")]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path in seen:
            continue
        seen.add(path)
        reply = client.get(path)
        kind = {".js": "text/javascript", ".css": "text/css"}[path[path.rindex(".") :]]
        assert (200, f"{kind}; charset=utf-8") == (reply.status, reply.headers["content-type"]), path
        paths += [
            normpath(f"{dirname(path)}/{name}")
            for name in re.findall(r'^import .* from "(.+)";$', reply.text, re.M)
        ]
    assert "/page/page.css" in seen
    assert any(path.endswith(".js") for path in seen)


def test_the_policy_of_the_page_allows_its_own_files_and_nothing_else(client: Any) -> None:
    for path in ("/", "/page/live.js", "/page/views/label.js"):
        reply = client.get(path)
        rules = dict(rule.strip().split(" ", 1) for rule in reply.headers["content-security-policy"].split(";"))
        assert {
            "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
            "img-src": "'self' data:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
        } == rules  # fmt: skip
        assert "nosniff" == reply.headers["x-content-type-options"]
    for path in ("/v1/models", "/page/none.js"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'; frame-ancestors 'none'" == policy


def test_a_file_that_the_browser_has_is_not_sent_again(client: Any) -> None:
    for path in ("/", "/page/page.css"):
        reply = client.get(path)
        assert "no-cache" == reply.headers["cache-control"]
        again = client.get(path, ("if-none-match", reply.headers["etag"]))
        assert (304, b"") == (again.status, again.body)
        assert reply.headers["etag"] == again.headers["etag"]
        assert 200 == client.get(path, ("if-none-match", '"other"')).status
        head = client.begin("HEAD", path).result(60)
        assert (200, b"") == (head.status, head.body)
        assert len(reply.body) == int(head.headers["content-length"])
    assert client.get("/").headers["etag"] != client.get("/page/page.css").headers["etag"]
    icon = client.get("/favicon.ico")
    assert (204, b"") == (icon.status, icon.body)


@pytest.mark.parametrize(
    "name",
    ["", "none.js", "../bundle.py", "../__init__.py", "views/../dom.js", "./dom.js", "views//label.js", "views/",
     "views", "%2e%2e/bundle.py", "..\\bundle.py", "/etc/passwd", "dom.js/", "dom.js\x00", "dom.js\n", "DOM.js",
     "x" * 5_000],
)  # fmt: skip
def test_no_other_file_is_sent(client: Any, name: str) -> None:
    reply = client.get(f"/page/{name}")
    assert (404, "there is no such path") == (reply.status, reply.error["message"])
    assert 405 == client.post("/page/dom.js", {}).status


def test_the_page_is_open_and_what_it_shows_needs_the_token(start_service: Start) -> None:
    closed = start_service(token="secret-of-the-page")
    for path in ("/", "/page/live.js", "/favicon.ico"):
        assert closed.get(path).status in (200, 204), path
    for path in ("/v1/inspect", "/v1/equation", "/v1/erase", "/v1/train", "/v1/train/stop", "/v1/architectures"):
        assert 401 == closed.post(path, {}).status, path
    assert 401 == closed.get("/v1/train").status
    header = ("authorization", "Bearer secret-of-the-page"), ("content-type", "application/json")
    assert 200 == closed.post("/v1/erase", {"text": TEXT, "token": 0}, *header).status
    foreign = closed.begin("GET", "/", headers=(("host", "127.0.0.1:8000"), ("origin", "http://evil.example")))
    assert 403 == foreign.result(60).status


@pytest.mark.parametrize(
    ("texts", "asked", "steps"),
    [
        ([TEXT], {}, []),
        ([TEXT, OTHER], {}, []),
        ([TEXT], {"steps": [3, 1, 1]}, [1, 3]),
        ([TEXT, "arrive Taipei"], {"steps": "all", "model": "tiny"}, range(5)),
        ([HOSTILE], {"steps": "all"}, None),
        ([TEXT], {"measures": True}, []),
    ],
)
def test_a_document_is_that_of_the_library(client: Any, tiny: Model, texts: Any, asked: Any, steps: Any) -> None:
    if steps is None:
        steps = range(len(tiny.cut(texts[0])))
    expected = document(tiny, Question(texts, steps=steps, measures="measures" in asked))
    reply = client.post("/v1/inspect", {"texts": texts, **asked})
    assert (200, as_sent(expected)) == (reply.status, reply.json)
    assert "<script" not in reply.text or reply.headers["content-type"] == "application/json"


def test_every_number_has_the_equation_of_the_library(client: Any, tiny: Model) -> None:
    steps = Steps(tiny, tiny.cut(TEXT))
    sizes = quantities(steps)
    for what, size in sizes.items():
        body = {"text": TEXT, "what": what, "step": 2, "unit": size - 1}
        expected = {**unfold(steps, what, 2, size - 1).as_dict(), "quantities": sizes}
        assert as_sent(expected) == client.post("/v1/equation", body).json


def test_a_word_is_erased_as_the_library_does_it(client: Any, tiny: Model) -> None:
    expected = as_sent(erased(tiny, tiny.cut(TEXT), 1))
    assert expected == client.post("/v1/erase", {"text": TEXT, "token": 1}).json


def test_the_worked_example_is_a_model_that_nobody_gets_unasked(client: Any, tiny: Model) -> None:
    models = {model["name"]: model for model in client.get("/v1/models").json["models"]}
    assert (False, True) == (models["tiny"]["lesson"], models["tiny"]["is_default"])
    assert (True, False) == (models["worked example"]["lesson"], models["worked example"]["is_default"])
    for text in models["worked example"]["examples"]:
        expected = Tagger(worked_example(), kernels=True).tag(text).as_dict()
        assert expected == client.post("/v1/tag", {"text": text, "model": "worked example"}).json
    asked = {"text": "1 1 2", "model": "worked example", "what": "output/o", "step": 2, "unit": 0}
    assert 32.0 == client.post("/v1/equation", asked).json["value"]
    assert Tagger(tiny, kernels=True).tag("1 1 2").as_dict() == client.post("/v1/tag", {"text": "1 1 2"}).json
    assert ["tiny"] == list(client.get("/models").json["models"])


def test_the_name_of_the_model_that_the_page_trains_is_refused(start_service: Start, trained: Trained) -> None:
    with pytest.raises(UsageError, match="the name trained is that of the model that the page trains"):
        start_service({"trained": trained.path})


REFUSED = [
    ("/v1/inspect", {}, "the field texts is missing"),
    ("/v1/inspect", {"texts": []}, "expected 1 to 2 items, got 0"),
    ("/v1/inspect", {"texts": ["a"] * 3}, "expected 1 to 2 items, got 3"),
    ("/v1/inspect", {"texts": [""]}, "this text has no token"),
    ("/v1/inspect", {"texts": ["a"], "steps": "some"}, "expected a string like ^all$, got 'some'"),
    ("/v1/inspect", {"texts": ["a"], "steps": [-1]}, "expected 0 to"),
    ("/v1/inspect", {"texts": ["a"], "steps": [1]}, "there is no step 1 in a text of 1"),
    ("/v1/inspect", {"texts": ["a"], "steps": [10**30]}, "there is no step"),
    ("/v1/inspect", {"texts": ["a"], "measures": 1}, "expected a boolean, got 1"),
    ("/v1/inspect", {"texts": ["\ud800"]}, "half of a surrogate pair is no character"),
    ("/v1/inspect", {"texts": ["a"], "unit": 1}, "there is no field 'unit'"),
    ("/v1/equation", {"text": "a"}, "the field what is missing"),
    ("/v1/equation", {"text": "a", "what": "x/y", "step": 0, "unit": 0}, 'no quantity is called "x/y"'),
    ("/v1/equation", {"text": "a", "what": "output/o", "step": 1, "unit": 0}, "there is no step 1"),
    ("/v1/equation", {"text": "a", "what": "output/o", "step": 0, "unit": 999}, "output/o has no unit 999"),
    ("/v1/equation", {"text": "", "what": "output/o", "step": 0, "unit": 0}, "this text has no token"),
    ("/v1/erase", {"text": "a", "token": 1}, "there is no token 1 in a text of 1"),
    ("/v1/erase", {"text": "", "token": 0}, "there is no token 0 in a text of 0"),
    ("/v1/erase", {"text": "a", "token": True}, "expected an integer, got True"),
]


@pytest.mark.parametrize(("path", "body", "message"), REFUSED)
def test_what_cannot_be_answered_is_one_error(client: Any, path: str, body: Any, message: str) -> None:
    reply = client.post(path, body)
    assert 400 == reply.status
    assert message in reply.error["message"]


def test_an_unknown_model_is_refused(client: Any) -> None:
    for path, body in (
        ("/v1/inspect", {"texts": ["a"]}),
        ("/v1/equation", {"text": "a", "what": "output/o", "step": 0, "unit": 0}),
        ("/v1/erase", {"text": "a", "token": 0}),
    ):
        reply = client.post(path, {**body, "model": "worked exampel"})
        assert (404, 'did you mean "worked example"?') == (reply.status, reply.error["hint"])


def test_too_many_tokens_and_steps(start_service: Start) -> None:
    client = start_service(limits=Limits(inspected=6, measured=4, steps=2))
    for path, body in (
        ("/v1/inspect", {"texts": ["a b c d", "a b c"]}),
        ("/v1/inspect", {"texts": ["a,b,c,d,e"]}),
        ("/v1/equation", {"text": "a b c d e f g", "what": "output/o", "step": 0, "unit": 0}),
        ("/v1/erase", {"text": "a b c d e f g", "token": 0}),
    ):
        reply = client.post(path, body)
        assert (413, "there are more than 6 tokens") == (reply.status, reply.error["message"])
    assert 200 == client.post("/v1/inspect", {"texts": ["a b c", "a b c"]}).status
    reply = client.post("/v1/inspect", {"texts": ["a b c d e"], "measures": True})
    assert (413, "there are more than 4 tokens") == (reply.status, reply.error["message"])
    assert 200 == client.post("/v1/inspect", {"texts": ["a b c d"], "measures": True}).status
    for steps in ("all", [0, 1, 2]):
        reply = client.post("/v1/inspect", {"texts": ["a b c"], "steps": steps})
        assert (413, "there are more than 2 steps") == (reply.status, reply.error["message"])
    assert 200 == client.post("/v1/inspect", {"texts": ["a b"], "steps": "all"}).status


@contextmanager
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Semaphore, threading.Event, threading.Event]]:
    """Let documents wait, as long ones do that report their progress, until the block ends.

    Gives what counts those that have begun, what lets them go on, and what tells that one was dropped.
    """
    begun, going_on, dropped = threading.Semaphore(0), threading.Event(), threading.Event()

    def waiting(model: Model, question: Question, progress: Any) -> Any:
        begun.release()
        try:
            while not going_on.wait(0.01):
                progress(0.5, "")
        except BaseException:
            dropped.set()
            raise
        return document(model, question, progress=progress)

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "document", waiting)
        try:
            yield begun, going_on, dropped
        finally:
            going_on.set()


BODY = (json.dumps({"texts": [TEXT]}).encode(),)


def test_inspections_do_not_hold_the_labels_and_only_so_many_wait(
    start_service: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start_service(limits=Limits(running=2, computing=3))
    with slow(monkeypatch) as (begun, going_on, _):
        accepted = [client.begin("POST", "/v1/inspect", BODY) for _ in range(3)]
        assert begun.acquire(timeout=30) and begun.acquire(timeout=30)
        assert 200 == client.post("/v1/tag", {"text": TEXT}).status
        reply = client.begin("POST", "/v1/inspect", BODY).result(60)
        assert (503, "1") == (reply.status, reply.headers["retry-after"])
        assert "too many inspections wait" == reply.error["message"]
        assert not begun.acquire(blocking=False), "two run and one waits"
        going_on.set()
        assert [200] * 3 == [reply.result(60).status for reply in accepted]
    assert 200 == client.begin("POST", "/v1/inspect", BODY).result(60).status


def test_an_inspection_ends_when_its_client_leaves(start_service: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start_service(limits=Limits(running=1, computing=1))
    with slow(monkeypatch) as (begun, going_on, dropped):
        left = client.begin("POST", "/v1/inspect", (*BODY, 0.1, None))
        assert begun.acquire(timeout=30)
        assert 0 == left.result(60).status
        assert dropped.wait(30)
        going_on.set()
        while (reply := client.begin("POST", "/v1/inspect", BODY).result(60)).status == 503:
            pass
        assert 200 == reply.status
    assert 'route="/v1/inspect",status="499"} 1' in client.get("/metrics").text


def test_an_inspection_that_takes_too_long_is_ended(start_service: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start_service(limits=Limits(seconds=0.1))
    with slow(monkeypatch) as (_, _, dropped):
        reply = client.begin("POST", "/v1/inspect", BODY).result(60)
        assert (504, "no result within 0.1 seconds") == (reply.status, reply.error["message"])
        assert dropped.wait(30)


def test_an_error_in_an_inspection_is_not_shown(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*arguments: Any, **named: Any) -> Any:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(inspection, "document", failing)
    reply = client.begin("POST", "/v1/inspect", BODY).result(60)
    assert (500, "the service failed to answer this request") == (reply.status, reply.error["message"])
    assert "secret" not in reply.text


def test_a_stopped_service_inspects_nothing(start_service: Start) -> None:
    client = start_service()
    client.stop()
    assert 503 == client.begin("POST", "/v1/inspect", BODY).result(60).status
    assert 200 == client.get("/").status
