"""The page and its files, which a browser may read without the token; what they show it asks for with the token."""

import hashlib
from typing import TYPE_CHECKING, Any

from rnncli.serving.exchange import Answer, RefusedError, Request
from rnncli.serving.routes import TEXT, Route
from rnncli.web.bundle import asset

if TYPE_CHECKING:
    from rnncli.serving.service import Service

START = "/page/"  # of the paths of files, which may be in folders
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def _page(service: "Service", request: Request, body: Any) -> Answer:
    return _file("page.html", request)


async def _asset(service: "Service", request: Request, body: Any) -> Answer:
    return _file(request.name, request)


async def _icon(service: "Service", request: Request, body: Any) -> Answer:
    return Answer(b"", 204)


def _file(name: str, request: Request) -> Answer:
    """A file of the page, or status 304 if the browser has it as it is."""
    file = asset(name)
    if file is None:
        raise RefusedError(404, "there is no such path", request.path, "GET /openapi.json lists all paths")
    tag = f'"{hashlib.sha256(file.body).hexdigest()[:32]}"'
    headers = (("content-security-policy", _POLICY), ("cache-control", "no-cache"), ("etag", tag))
    if tag in request.headers.get("if-none-match", ""):
        return Answer(b"", 304, file.media, headers)
    return Answer(file.body, 200, file.media, headers)


ROUTES = (
    Route("GET", "/", "The page.", _page, result=TEXT, media="text/html", is_open=True),
    Route(
        "GET", START + "{file}", "A file of the page.", _asset, result=TEXT, media="text/javascript", is_open=True
    ),
    Route("GET", "/favicon.ico", "Nothing: the page has its own icon.", _icon, result=TEXT, is_open=True),
)
