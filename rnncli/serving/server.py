"""The server that connects the service to the network: uvicorn, with time limits for slow clients."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from rnncli.errors import FileError, UsageError
from rnncli.serving.service import Service
from rnncli.serving.settings import Settings

if TYPE_CHECKING:
    import uvicorn


def check_library() -> Any:
    """The library uvicorn; a :class:`.UsageError` says how to get it."""
    try:
        import uvicorn
    except ImportError as error:
        hint = 'pip install "rnncli[serve]"'
        raise UsageError("the service needs the library uvicorn", hint=hint) from error
    return uvicorn


def check_address(settings: Settings, is_public: bool) -> None:
    """Refuse an address that others can reach, without a token; :class:`.FileError` for one that is not known."""
    try:
        known = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FileError(f"the address is not known: {error}", where=f"--host {settings.host}") from error
    addresses = [ip_address(str(address[4][0]).partition("%")[0]) for address in known]
    if not (settings.token or is_public or all(address.is_loopback for address in addresses)):
        hint = "give --token-file FILE, or --public if everybody may use it"
        raise UsageError(f"--host {settings.host} lets other machines use the service without a token", hint=hint)


class Server:
    """A service that listens. The address is taken when it is made, so that port 0 is known before it runs."""

    def __init__(self, service: Service) -> None:
        uvicorn = check_library()
        settings = service.settings
        self._socket = _listening(settings)
        config = uvicorn.Config(
            service,
            http=_protocol(settings.limits.slow),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=settings.limits.connections,
            timeout_keep_alive=int(max(1, settings.limits.slow)),
            timeout_graceful_shutdown=int(settings.limits.seconds) + 1,
        )
        self._service = service
        self._uvicorn = _without_signals(uvicorn)(config)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """Answer requests until :meth:`stop` is called and what was accepted is answered."""
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self, at_once: bool = False) -> None:
        """Accept no more requests; ``at_once`` does not wait for the answers to those that were accepted."""
        self._service.is_stopping = True
        self._uvicorn.should_exit = True
        self._uvicorn.force_exit = at_once


def _listening(settings: Settings) -> socket.socket:
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=1024)
        # Head and body of an answer are two packets: without this the second waits 40 ms for the client to confirm
        # the first. Accepted connections inherit it; asyncio sets it only for sockets that name their protocol.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        reason = error.strerror or str(error)
        where = f"{settings.host}:{settings.port}"
        raise FileError(f"cannot listen: {reason}", where=where, hint="--port 0 takes a free port") from error


def _without_signals(uvicorn: Any) -> "Callable[[uvicorn.Config], uvicorn.Server]":
    class Quiet(uvicorn.Server):  # type: ignore[misc]
        """Signals are received by the command line, which calls :meth:`Server.stop`."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    return Quiet


def _protocol(seconds: float) -> type[asyncio.Protocol]:
    """The protocol of a connection, which ends it if the client is slow.

    Uvicorn has a time limit only between two requests. Here it has one also for the head of a request and for the
    reading of an answer. The time for a body is limited by the service.
    """
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Usual
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as Usual  # type: ignore[assignment]

    class Limited(Usual):
        """``transport`` and ``cycle``, the request that is read or answered, are attributes of uvicorn."""

        _reading: asyncio.TimerHandle | None = None  # ends the connection if no head of a request comes
        _writing: asyncio.TimerHandle | None = None  # ends it if an answer is not read

        def _cancel(self, name: str) -> None:
            timer = getattr(self, name)
            if timer is not None:
                timer.cancel()
                setattr(self, name, None)

        def _timer(self) -> asyncio.TimerHandle:
            return asyncio.get_running_loop().call_later(seconds, self.transport.abort)

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._reading = self._timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:  # the head has not come as a whole
                self._reading = self._reading or self._timer()
            else:
                self._cancel("_reading")

        def pause_writing(self) -> None:
            super().pause_writing()
            self._writing = self._writing or self._timer()

        def resume_writing(self) -> None:
            super().resume_writing()
            self._cancel("_writing")

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel("_reading")
            self._cancel("_writing")
            super().connection_lost(exc)

    return Limited
