"""A service in this process, and a client that calls it as a server does."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rnncli.api import Trained
from rnncli.serving.service import Service
from rnncli.serving.settings import Settings

HOST = ("host", "127.0.0.1:8000")
JSON = ("content-type", "application/json")


class Reply(NamedTuple):
    """An answer; status 0 if there was none, because the client had left."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def error(self) -> dict[str, str]:
        """What a refusal says."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"message", "where", "hint"}
        error: dict[str, str] = self.json["error"]
        assert "Traceback" not in self.text
        return error


class Client:
    """Calls an ASGI application in the thread of an event loop."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._to_service: asyncio.Queue[Any] = asyncio.Queue()
        self._from_service: asyncio.Queue[Any] = asyncio.Queue()
        self._life = self._submit(service({"type": "lifespan"}, self._to_service.get, self._from_service.put))
        self._live("startup")

    def _submit(self, coroutine: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _live(self, name: str) -> None:
        self._submit(self._to_service.put({"type": f"lifespan.{name}"})).result(60)
        assert self._submit(self._from_service.get()).result(60)["type"] == f"lifespan.{name}.complete"

    def stop(self) -> None:
        """Stop the service; what it has accepted is labelled."""
        self._live("shutdown")

    def close(self) -> None:
        if not self._life.done():
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(
        self,
        method: str,
        target: str,
        parts: Sequence[bytes | float | None] = (b"",),
        headers: Sequence[tuple[str, str]] = (HOST, JSON),
    ) -> "Future[Reply]":
        """Send a request. A number among the parts of the body is a pause in seconds; None leaves."""
        return self._submit(self._exchange(method, target, parts, headers))

    async def _exchange(self, method: str, target: str, parts: Sequence[Any], headers: Any) -> Reply:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
        left = list(parts)
        sent: list[Any] = []
        done = asyncio.Event()

        async def receive() -> dict[str, Any]:
            while left and isinstance(left[0], float):
                await asyncio.sleep(left.pop(0))
            if not left:
                await done.wait()
                return {"type": "http.disconnect"}
            part = left.pop(0)
            if part is None:
                return {"type": "http.disconnect"}
            more = any(isinstance(later, bytes) for later in left)
            return {"type": "http.request", "body": part, "more_body": more}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.service(scope, receive, send)
        done.set()
        if not sent:
            return Reply(0, {}, b"")
        start, body = sent
        return Reply(start["status"], {n.decode(): v.decode() for n, v in start["headers"]}, body["body"])

    def get(self, target: str, *headers: tuple[str, str]) -> Reply:
        return self.begin("GET", target, headers=(HOST, *headers)).result(60)

    def post(self, target: str, value: Any, *headers: tuple[str, str]) -> Reply:
        """Send a value as JSON; bytes as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.begin("POST", target, (body,), (HOST, *(headers or (JSON,)))).result(60)


@pytest.fixture(scope="package")
def start_service(trained: Trained) -> Iterator[Callable[..., Client]]:
    """Start services with the small model ``tiny``; all end with the tests."""
    clients = []

    def start(models: dict[str, Path] | None = None, **changes: Any) -> Client:
        settings = Settings(models or {"tiny": trained.path}, threads=1, **changes)
        clients.append(Client(Service(settings)))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="package")
def client(start_service: Callable[..., Client]) -> Client:
    """A service with the usual settings."""
    return start_service()
