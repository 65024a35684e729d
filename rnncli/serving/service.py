"""The service as an ASGI application: a request is checked, read, answered and counted.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rnncli.inspect.progress import Progress
from rnncli.serving import inspection, lessons, own, page
from rnncli.serving.adapters import huggingface, label_studio, udpipe
from rnncli.serving.batching import Batcher, Input
from rnncli.serving.exchange import (
    Answer,
    Receive,
    RefusedError,
    Request,
    Scope,
    Send,
    Stream,
    error_as_json,
    read_body,
)
from rnncli.serving.guard import HEADERS, Guard
from rnncli.serving.lessons import Trainings
from rnncli.serving.metrics import Metrics
from rnncli.serving.models import Models
from rnncli.serving.routes import Route
from rnncli.serving.schema import check
from rnncli.serving.settings import Settings
from rnncli.serving.work import Work
from rnncli.tagging import Tagged

ROUTES = (
    *page.ROUTES,
    *own.ROUTES,
    *inspection.ROUTES,
    *lessons.ROUTES,
    *udpipe.ROUTES,
    *huggingface.ROUTES,
    *label_studio.ROUTES,
)
_NO_ROUTE = "none"  # in the counts
_GONE = 499  # the client has left
T = TypeVar("T")

_log = logging.getLogger(__name__)


class Service:
    """An ASGI application. Models that cannot be loaded are an error when it is made."""

    routes = ROUTES

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings)
        self.metrics = Metrics()
        self.batcher = Batcher(self.models, settings.limits, self.metrics)
        self.work = Work(settings.limits)
        self.trainings = Trainings(self.models, settings)
        self.is_stopping = False
        self._guard = Guard(settings)
        self._by_path: dict[str, dict[str, Route]] = {}
        self._by_start: dict[str, dict[str, Route]] = {}  # of paths with a part that varies
        for route in self.routes:
            table = self._by_start if route.varying else self._by_path
            table.setdefault(route.start, {})[route.method] = route

    async def compute(self, request: Request, function: Callable[[Progress], T]) -> T:
        """The result of a function that takes its time; ConnectionResetError if the client leaves before it."""
        return await request.unless_gone(self.work.do(function))

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
                self.work.stop()
                await self.batcher.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin = time.perf_counter()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        route: Route | None = None
        answer: Answer | Stream
        try:
            self._guard.check_names(headers)
            route, name = self._route(scope["method"], scope["path"])
            answer = await self._answer(route, name, scope, headers, receive)
        except ConnectionResetError:  # the client has left
            self.metrics.answered(route.path if route else _NO_ROUTE, _GONE, time.perf_counter() - begin)
            return
        except RefusedError as refusal:
            answer = (route.refuse if route else error_as_json)(refusal)
        except Exception:
            _log.exception("a request failed")
            failure = RefusedError(500, "the service failed to answer this request", hint="its log says why")
            answer = (route.refuse if route else error_as_json)(failure)
        try:
            await self._send(answer, scope["method"] == "HEAD", send)
            status = answer.status
        except ConnectionResetError:
            status = _GONE
        finally:
            if isinstance(answer, Stream):
                answer.close()
        self.metrics.answered(route.path if route else _NO_ROUTE, status, time.perf_counter() - begin)

    async def _answer(
        self, route: Route, name: str, scope: Scope, headers: dict[str, str], receive: Receive
    ) -> Answer | Stream:
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
        """The route of a path, and what stands in the place of the part that varies."""
        routes = self._by_path.get(path)
        name = ""
        if routes is None:
            for start, others in self._by_start.items():
                rest = path.removeprefix(start)
                if rest not in ("", path) and ("/" not in rest or start == page.START):
                    routes = others
                    name = rest
        if routes is None:
            raise RefusedError(404, "there is no such path", path, "GET /openapi.json lists all paths")
        route = routes.get("GET" if method == "HEAD" else method)
        if route is None:
            raise RefusedError(405, f"{method} is not answered here", path, headers=(("Allow", ", ".join(routes)),))
        return route, name

    async def _send(self, answer: Answer | Stream, is_head: bool, send: Send) -> None:
        own = {name.lower(): value for name, value in answer.headers}
        headers = {"content-type": answer.media, **dict(HEADERS), **own}
        if isinstance(answer, Answer) and answer.status not in (204, 304):
            headers["content-length"] = str(len(answer.body))
        if answer.status in (408, 413):  # what is left of the body is not read
            headers["connection"] = "close"
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
        if isinstance(answer, Answer):
            await send({"type": "http.response.body", "body": b"" if is_head else answer.body})
            return
        async for part in answer.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
