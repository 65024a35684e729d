"""Only those may use a service who are meant to."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rnncli.errors import FileError, UsageError
from rnncli.serving.server import check_address
from rnncli.serving.settings import Settings

JSON = ("content-type", "application/json")
BODY = (b'{"text": "leave Taipei"}',)
TOKEN = "a-token-of-this-service"


def status(client: Any, *headers: tuple[str, str], path: str = "/v1/tag") -> int:
    method = "POST" if path == "/v1/tag" else "GET"
    return int(client.begin(method, path, BODY if method == "POST" else (b"",), (JSON, *headers)).result(60).status)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "127.0.0.1", "localhost", "LOCALHOST:1", "localhost.", "[::1]:8000", "[::1]", "10.0.0.7:80"],
)
def test_names_of_the_service(client: Any, host: str) -> None:
    assert 200 == status(client, ("host", host))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil",
     "[::1].evil.example", "localhost:evil", "[", "2130706433", "localhost,evil"],
)  # fmt: skip
def test_other_names_are_refused(client: Any, host: str) -> None:
    assert 421 == status(client, ("host", host))
    assert 421 == status(client, ("host", host), path="/healthz")


def test_a_request_without_a_name_is_refused(client: Any) -> None:
    assert 421 == status(client)


def test_further_names(start_service: Callable[..., Any]) -> None:
    client = start_service(hosts=("Tags.Example",))
    assert 200 == status(client, ("host", "tags.example"), ("origin", "https://tags.example"))
    assert 421 == status(client, ("host", "example"))


@pytest.mark.parametrize("host", ["localhost:8000", "tags.example"])
def test_pages_of_other_sites_are_refused(start_service: Callable[..., Any], host: str) -> None:
    client = start_service(hosts=("tags.example",))
    for origin in (
        "https://evil.example",
        "null",
        "",
        "http://localhost:9000",
        f"http://{host}.evil",
        f"ftp://{host}",
    ):
        assert 403 == status(client, ("host", host), ("origin", origin)), origin
        assert 403 == status(client, ("host", host), ("origin", origin), path="/healthz"), origin
    assert 200 == status(client, ("host", host), ("origin", f"http://{host}"))


@pytest.fixture(scope="module")
def closed(start_service: Callable[..., Any]) -> Iterator[Any]:
    return start_service(token=TOKEN)


def basic(password: str) -> str:
    return "Basic " + b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, f"Digest {TOKEN}", "Basic",
     "Basic ****", basic("other"), basic(""), "Bearer \xe9", f"Bearer {TOKEN} {TOKEN}"],
)  # fmt: skip
def test_a_wrong_token_is_refused(closed: Any, value: str) -> None:
    paths = ["/v1/tag", "/v1/models", "/metrics", "/openapi.json", "/models", "/process"]
    for path in paths:
        reply = closed.begin("GET", path, headers=(("host", "localhost"), ("authorization", value))).result(60)
        assert reply.status in (401, 405), path
        if reply.status == 401:
            assert "Bearer" == reply.headers["www-authenticate"]
            assert TOKEN not in reply.text
    assert 401 == status(closed, ("host", "localhost"), ("authorization", value))


def test_the_token_opens_the_service(closed: Any) -> None:
    for value in (f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)):
        assert 200 == status(closed, ("host", "localhost"), ("authorization", value))
    assert 401 == status(closed, ("host", "localhost"))
    assert 200 == status(closed, ("host", "localhost"), path="/healthz")
    assert 200 == status(closed, ("host", "localhost"), path="/health")


def test_an_address_that_others_reach_needs_a_token() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        check_address(Settings({}, host=host), is_public=False)
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(UsageError, match="lets other machines use the service without a token"):
            check_address(Settings({}, host=host), is_public=False)
        check_address(Settings({}, host=host, token=TOKEN), is_public=False)
        check_address(Settings({}, host=host), is_public=True)
    with pytest.raises(FileError, match="the address is not known"):
        check_address(Settings({}, host="no such name"), is_public=False)
