"""A real process: its address, slow clients, signals, and a bad start."""

import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from processes import program

from rnncli.api import Trained
from rnncli.serving.routes import document
from rnncli.serving.server import Server
from rnncli.serving.service import ROUTES, Service
from rnncli.serving.settings import Limits, Settings

HEADERS = {"Content-Type": "application/json"}
BODY = json.dumps({"texts": ["leave Taipei on May 2nd"] * 200})


@contextmanager
def serving(*options: object, **environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the program on a free port."""
    with program(
        "-m", "rnncli", "serve", "--port", 0, "--threads", 1, "--json", *options, **environment
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        yield process, int(started["url"].rpartition(":")[2])


def ask(port: int, method: str = "POST", path: str = "/v1/tag", body: str = BODY) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, HEADERS)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_a_process_answers_and_ends_with_what_it_has_accepted(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    shutil.copy(trained.path, path)
    with serving("--model", f"booking={path}") as (process, port):
        assert (200, "booking") == ((models := ask(port, "GET", "/v1/models"))[0], models[1]["models"][0]["name"])
        status, expected = ask(port)
        assert 200 == status
        answers: list[tuple[int, Any]] = []
        failures: list[OSError] = []

        def keep_asking() -> None:
            try:
                while True:
                    answers.append(ask(port))
            except OSError as error:  # it listens no longer
                failures.append(error)

        clients = [threading.Thread(target=keep_asking) for _ in range(4)]
        for client in clients:
            client.start()
        while len(answers) < 8:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join(60)
        out, err = process.communicate(timeout=60)
        assert (0, "", "") == (process.returncode, out, err)
        assert all(answer == (200, expected) or answer[0] == 503 for answer in answers)
        assert {type(error) for error in failures} <= {ConnectionRefusedError, ConnectionResetError}


def test_a_variable_names_a_file_with_blanks_or_several_models(trained: Trained, tmp_path: Path) -> None:
    blanks, plain = tmp_path / "with blanks.npz", tmp_path / "plain.npz"
    for path in (blanks, plain):
        shutil.copy(trained.path, path)
    for value, names in (
        (f"booking={blanks}", ["booking"]),
        (f"{plain} other={plain}", ["plain", "other"]),
    ):
        with serving(RNNCLI_MODEL=value) as (_, port):
            models = ask(port, "GET", "/v1/models")[1]["models"]
            assert names == [model["name"] for model in models if not model["lesson"]]
            assert names[:1] == [model["name"] for model in models if model["is_default"]]
    with serving("--model", plain, "-m", f"second={plain}", RNNCLI_MODEL=f"booking={blanks}") as (_, port):
        models = ask(port, "GET", "/v1/models")[1]["models"]
        assert ["plain", "second"] == [model["name"] for model in models if not model["lesson"]]
        assert 200 == ask(port, body='{"text": "leave Taipei", "model": "second"}')[0]


def test_a_signal_ends_a_training_and_its_stream_is_complete(trained: Trained) -> None:
    with serving("--model", f"booking={trained.path}") as (process, port):
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        body = json.dumps({"hidden": 64, "epochs": 50})
        connection.request("POST", "/v1/train", body, HEADERS)
        response = connection.getresponse()
        assert (200, "text/event-stream") == (response.status, response.headers["content-type"])
        for line in response:
            if line == b"event: epoch\n":
                break
        process.send_signal(signal.SIGTERM)
        events = response.read().decode().split("\n\n")
        connection.close()
        assert "" == events.pop()
        last = json.loads(events[-1].partition("data: ")[2])
        assert ("end", True) == (last["event"], last["stopped"])
        out, err = process.communicate(timeout=60)
        assert (0, "", "") == (process.returncode, out, err)


def test_a_browser_is_opened_only_if_it_is_asked_for(trained: Trained, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    opened = tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}.part" && mv "{opened}.part" "{opened}"\n')
    browser.chmod(0o755)
    with serving("--model", f"booking={trained.path}", BROWSER=f"{browser} %s") as (_, port):
        assert 200 == ask(port)[0]
    assert not opened.exists()
    with serving("--model", f"booking={trained.path}", "--open", BROWSER=f"{browser} %s") as (_, port):
        until = time.monotonic() + 60
        while not opened.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        assert f"http://127.0.0.1:{port}\n" == opened.read_text()


def test_limits_are_options(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNCLI_MAX_BYTES", "500")
    limits = ("--max-tokens", 20, "--time-limit", 60, "--queue", 1)
    with serving("--model", trained.path, *limits) as (_, port):
        assert 200 == ask(port, body=json.dumps({"text": "a " * 20}))[0]
        for text, message in (("a " * 21, "more than 20 tokens"), ("a" * 500, "longer than 500 bytes")):
            status, answer = ask(port, body=json.dumps({"text": text}))
            assert 413 == status
            assert message in answer["error"]["message"]


@pytest.fixture(scope="module")
def slow_port(trained: Trained) -> Iterator[int]:
    """A server in this process that cuts off clients after half a second."""
    limits = Limits(slow=0.5, connections=50, bytes=4_000_000, texts=10_000, tokens=100_000)
    server = Server(Service(Settings({"tiny": trained.path}, port=0, threads=1, limits=limits)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield int(server.url.rpartition(":")[2])
    server.stop()
    thread.join(60)


HEAD = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["nothing", "no line", "no end of the head", "no body", "no chunk"],
)
def test_a_slow_client_is_cut_off(slow_port: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", slow_port), 20) as connection:
        connection.sendall(sent)
        begin = time.monotonic()
        received = b""
        with suppress(ConnectionResetError):
            while data := connection.recv(1_000):
                received += data
        assert time.monotonic() - begin > 0.3
    assert received == b"" or received.startswith(b"HTTP/1.1 408 ")
    assert 200 == ask(slow_port)[0]


@pytest.mark.parametrize(
    "before", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "second"]
)
def test_a_head_that_comes_letter_by_letter_is_cut_off(slow_port: int, before: bytes) -> None:
    with socket.create_connection(("127.0.0.1", slow_port), 20) as connection:
        connection.sendall(before)
        assert not before or connection.recv(1_000).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for letter in b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 300:
                connection.sendall(bytes([letter]))
                time.sleep(0.02)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            while True:
                connection.sendall(b"x")


def test_a_client_that_does_not_read_its_answer_is_cut_off(slow_port: int) -> None:
    body = json.dumps({"texts": ["leave Taipei on May 2nd"] * 8_000}).encode()  # the answer has some megabytes
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", slow_port))
        connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        connection.recv(1, socket.MSG_PEEK)
        time.sleep(2.0)
        received = bytearray()
        with suppress(ConnectionResetError):
            while data := connection.recv(1 << 16):
                received += data
    head, _, content = bytes(received).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(content) < length
    assert 200 == ask(slow_port)[0]


def test_requests_without_meaning_do_not_end_the_server(slow_port: int) -> None:
    for sent in (b"\x00" * 1_000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n",
                 HEAD + b"A" * 200_000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):  # fmt: skip
        with socket.create_connection(("127.0.0.1", slow_port), 20) as connection:
            try:
                connection.sendall(sent)
                received = connection.recv(1_000)
            except (ConnectionResetError, BrokenPipeError):
                received = b""
            assert b"200 OK" not in received
            assert b"Traceback" not in received
    assert 200 == ask(slow_port)[0]


Run = Callable[..., Any]


def test_the_document_is_printed(run: Run) -> None:
    result = run("serve", "--openapi")
    assert (0, document(ROUTES)) == (result.exit_code, json.loads(result.stdout))


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--host", "0.0.0.0", "--port", "0"], 2, "lets other machines use the service without a token"),
        (["--token", "a b"], 2, "the token must be printable ASCII without blanks"),
        (["--token", "a", "--token-file", "empty"], 2, "--token and --token-file cannot both be given"),
        (["--token-file", "empty"], 2, "--token-file: the first line is empty"),
        (["--token-file", "none"], 5, "No such file"),
        (["--model", "none.npz"], 5, "none.npz"),
        (["--model", "empty"], 4, "empty"),
        (["--model", "a=x.npz", "--model", "a=y.npz"], 2, "two models have the name a"),
        (["--model", "trained=x.npz"], 2, "the name trained is that of the model that the page trains"),
        (["--model", "a b=x.npz"], 2, '"a b" cannot be the name of a model'),
    ],
)
def test_a_bad_start_is_one_error(run: Run, tmp_path: Path, options: list[str], code: int, message: str) -> None:
    (tmp_path / "empty").write_bytes(b"")
    result = run("serve", *options)
    assert (code, "") == (result.exit_code, result.stdout)
    assert message in result.stderr


def test_a_port_that_is_taken_is_one_error(run: Run, slow_port: int, trained: Trained) -> None:
    result = run("serve", "--port", slow_port, "--model", trained.path)
    assert 5 == result.exit_code
    assert "cannot listen: " in result.stderr
    assert f"127.0.0.1:{slow_port}" in result.stderr


def test_without_the_library_the_command_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    result = run("serve")
    assert (2, "") == (result.exit_code, result.stdout)
    assert 'pip install "rnncli[serve]"' in result.stderr


def test_a_bundled_model_is_served_by_its_name() -> None:
    with serving("--model", "zh") as (_, port):
        status, labelled = ask(port, body=json.dumps({"text": "到台北"}))
        assert (200, ["destination"]) == (status, [span["type"] for span in labelled["spans"]])
