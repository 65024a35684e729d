"""The service as an ASGI application: a request is checked, read, answered and counted.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

from rnncli.serving import own
from rnncli.serving.adapters import huggingface, label_studio, udpipe
from rnncli.serving.batching import Batcher, Input
from rnncli.serving.exchange import (
    Answer,
    Receive,
    RefusedError,
    Request,
    Scope,
    Send,
    error_as_json,
    read_body,
)
from rnncli.serving.guard import HEADERS, Guard
from rnncli.serving.metrics import Metrics
from rnncli.serving.models import Models
from rnncli.serving.routes import NAME, Route
from rnncli.serving.schema import check
from rnncli.serving.settings import Settings
from rnncli.tagging import Tagged

ROUTES = (*own.ROUTES, *udpipe.ROUTES, *huggingface.ROUTES, *label_studio.ROUTES)
_NO_ROUTE = "none"  # in the counts

_log = logging.getLogger(__name__)
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS]


class Service:
    """An ASGI application. Models that cannot be loaded are an error when it is made."""

    routes = ROUTES

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings)
        self.metrics = Metrics()
        self.batcher = Batcher(self.models, settings.limits, self.metrics)
        self.is_stopping = False
        self._guard = Guard(settings)
        self._by_path: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            self._by_path.setdefault(route.path, {})[route.method] = route

    async def label(
        self, request: Request, model: str | None, inputs: Sequence[Input], nbest: int = 0
    ) -> list[Tagged]:
        """Label texts or sentences of tokens; ConnectionResetError if the client leaves before they are."""
        served = self.models.named(model)
        if len(inputs) > self.settings.limits.texts:
            hint = "send fewer texts in a request"
            raise RefusedError(413, f"there are more than {self.settings.limits.texts:,} texts", hint=hint)
        return await self.batcher.label(served, inputs, nbest, len(request.body), request.gone)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.batcher.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.is_stopping = True
                await self.batcher.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        route: Route | None = None
        try:
            self._guard.check_names(headers)
            route, name = self._route(scope["method"], scope["path"])
            answer = await self._answer(route, name, scope, headers, receive)
        except ConnectionResetError:  # the client has left
            self.metrics.answered(route.path if route else _NO_ROUTE, 499, time.perf_counter() - begin)
            return
        except RefusedError as refusal:
            answer = (route.refuse if route else error_as_json)(refusal)
        except Exception:
            _log.exception("a request failed")
            failure = RefusedError(500, "the service failed to answer this request", hint="its log says why")
            answer = (route.refuse if route else error_as_json)(failure)
        await self._send(answer, scope["method"] == "HEAD", send)
        self.metrics.answered(route.path if route else _NO_ROUTE, answer.status, time.perf_counter() - begin)

    async def _answer(
        self, route: Route, name: str, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> Answer:
        if not route.is_open:
            self._guard.check_token(headers)

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        query = scope["query_string"].decode("latin-1")
        request = Request(scope["method"], scope["path"], name, query, headers, b"", gone)
        if scope["method"] == "POST" and request.media not in route.medias:
            expected = " or ".join(route.medias)
            raise RefusedError(415, f"expected a body of {expected}", "the header Content-Type", "send this header")
        limits = self.settings.limits
        request = request._replace(body=await read_body(receive, headers, limits.bytes, limits.slow))
        value: Any = None
        if route.body is not None:
            value = request.json()
            check(value, route.body)
        return await route.answer(self, request, value)

    def _route(self, method: str, path: str) -> tuple[Route, str]:
        """The route of a path, and the name of a model at its end."""
        routes = self._by_path.get(path)
        name = ""
        if routes is None:
            before, _, name = path.rpartition("/")
            routes = self._by_path.get(before + NAME) if name else None
        if routes is None:
            raise RefusedError(404, "there is no such path", path, "GET /openapi.json lists all paths")
        route = routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise RefusedError(405, f"{method} is not answered here", path, headers=(("Allow", ", ".join(routes)),))
        return route, name

    async def _send(self, answer: Answer, is_head: bool, send: Send) -> None:
        headers = [
            (b"content-type", answer.media.encode()),
            (b"content-length", str(len(answer.body)).encode()),
            *_HEADERS,
            *((name.lower().encode(), value.encode()) for name, value in answer.headers),
        ]
        if answer.status in (408, 413):  # what is left of the body is not read
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
