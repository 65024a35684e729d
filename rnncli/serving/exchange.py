"""A request that was read, its answer, and a refusal."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from math import isfinite
from typing import Any, NamedTuple, NoReturn, TypeVar
from urllib.parse import parse_qsl

from rnncli.errors import RnncliError
from rnncli.json_text import json_line

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
T = TypeVar("T")

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
EVENTS = "text/event-stream"
MULTIPART = "multipart/form-data"
MOST_FIELDS = 100  # of a form


class RefusedError(Exception):
    """A request that is not answered as asked: the status of HTTP, and what is wrong, where, and what to try."""

    def __init__(
        self, status: int, message: str, where: str = "", hint: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.where = where
        self.hint = hint
        self.headers = headers

    @classmethod
    def of(cls, error: RnncliError) -> "RefusedError":
        """The refusal for an error of labelling: the request is wrong, or, if the model is, the service."""
        return cls(400 if error.exit_code in (2, 3) else 500, error.message, error.where, error.hint)


def busy(message: str) -> RefusedError:
    """The refusal of a request that may be sent again in a second."""
    return RefusedError(503, message, hint="send the request again later", headers=(("Retry-After", "1"),))


class Answer(NamedTuple):
    """What is sent back; ``headers`` go before those that every answer has."""

    body: bytes
    status: int = 200
    media: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Stream(NamedTuple):
    """What is sent back part by part.

    close  is called at the end, also where the client has left before it
    """

    parts: AsyncIterator[bytes]
    close: Callable[[], None]
    status: int = 200
    media: str = EVENTS
    headers: tuple[tuple[str, str], ...] = ()


def event(name: str, data: Any) -> bytes:
    """One server-sent event.

    Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    return f"event: {name}\ndata: {json_line(data)}\n".encode()


def as_json(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """An answer of one line of JSON."""
    return Answer(json_line(value).encode(), status, JSON, headers)


def error_as_json(refusal: RefusedError) -> Answer:
    """The usual form of a refusal."""
    error = {"message": refusal.message, "where": refusal.where, "hint": refusal.hint}
    return as_json({"error": error}, refusal.status, refusal.headers)


class Request(NamedTuple):
    """A request whose body was read.

    name     the last part of the path, where a route has one that varies
    headers  by their names in lower case
    gone     ends when the client has closed the connection
    """

    method: str
    path: str
    name: str
    query: str
    headers: dict[str, str]
    body: bytes
    gone: Callable[[], Awaitable[None]]

    @property
    def media(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def fields(self) -> dict[str, str]:
        """The fields of the query and of the form, of which the last of a name counts."""
        fields = _parsed(self.query)
        if self.media == FORM:
            fields |= _parsed(_text(self.body))
        elif self.media == MULTIPART:
            fields |= _parts(self.body, self.headers["content-type"])
        return fields

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of some work, which is cancelled if the client leaves: ConnectionResetError."""
        working = asyncio.ensure_future(work)
        leaving = asyncio.ensure_future(self.gone())
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise ConnectionResetError
        finally:
            working.cancel()
            leaving.cancel()

    def json(self) -> Any:
        """The value of a body of JSON; a :class:`RefusedError` if it is none."""
        text = _text(self.body)
        try:
            return json.loads(text, parse_constant=_no_constant, parse_float=_number)
        except RecursionError:
            raise RefusedError(
                400, "the body is nested too deeply", hint="send lists and objects as documented"
            ) from None
        except ValueError as error:
            raise RefusedError(400, f"the body is not JSON: {error}", hint="send one object of JSON") from None


async def read_body(receive: Receive, headers: dict[str, str], most: int, seconds: float) -> bytes:
    """Read the body of a request; a :class:`RefusedError` if it is too long or too slow. ``most`` counts bytes."""
    too_long = RefusedError(413, f"the body is longer than {most:,} bytes", hint="send fewer texts in a request")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise RefusedError(400, "Content-Length is not a number")
    if len(length) > 18 or int(length) > most:
        raise too_long
    parts = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionResetError
                part = message.get("body", b"")
                size += len(part)
                if size > most:
                    raise too_long
                parts.append(part)
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise RefusedError(408, f"the body did not arrive within {seconds:g} seconds") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(400, f"the body is not UTF-8 at byte {error.start + 1}") from None


def _number(text: str) -> int | float:
    """A number with a point or an exponent; without a fraction it is whole, as in JSON Schema."""
    value = float(text)
    if not isfinite(value):
        raise ValueError("a number is too large")
    return int(value) if value.is_integer() else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _parsed(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:  # one that is not UTF-8 is such an error too
        raise RefusedError(
            400, "the form or the query cannot be read", hint="encode it as UTF-8, with %XX"
        ) from None
    return dict(pairs)


def _parts(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a form of several parts (RFC 7578), each with a name and a text."""
    wrong = RefusedError(400, "the parts of the form cannot be read", hint="see RFC 7578")
    boundary = _parameter(content_type, "boundary")
    if not boundary or len(boundary) > 70:
        raise wrong
    delimiter = b"\r\n--" + boundary.encode("latin-1", "replace")
    _, *pieces = (b"\r\n" + body).split(delimiter, MOST_FIELDS + 1)
    fields: dict[str, str] = {}
    for piece in pieces:
        if piece.startswith(b"--"):
            return fields
        head, _, content = piece.partition(b"\r\n\r\n")
        name = None
        for line in head.decode("utf-8", "replace").split("\r\n"):
            kind, _, value = line.partition(":")
            if kind.strip().lower() == "content-disposition":
                name = _parameter(value, "name")
        if name is None:
            raise wrong
        fields[name] = _text(content)
    raise wrong


def _parameter(value: str, name: str) -> str | None:
    """A parameter of a header: ``b`` of ``a; name="b"``; None if there is none of this name."""
    for item in value.split(";")[1:]:
        key, _, text = item.strip().partition("=")
        if key.strip().lower() == name:
            return text.strip().strip('"')
    return None
