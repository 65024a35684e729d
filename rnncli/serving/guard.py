"""Who may ask: the checks of a request's names, of the page that it comes from, and of the token.

A page of another site can send requests to a service on loopback. By DNS rebinding it could read the answers too:
its own name then means this machine (Jackson et al. 2007, "Protecting browsers from DNS rebinding attacks"). So a
service answers only under its own names. An IP address as Host is no name, and cannot be made to mean another.
"""

import hmac
import re
import socket
from base64 import b64decode
from functools import lru_cache
from ipaddress import ip_address

from rnncli.serving.exchange import RefusedError
from rnncli.serving.settings import LOOPBACK, Settings

HEADERS = (
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)


MOST = 300  # characters of a Host; a name has 253 at most
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:/@]+))(?::\d{1,5})?", re.ASCII)


class Guard:
    """The checks of one service."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.token.encode()
        names = {*settings.hosts, "localhost"}
        if settings.host not in LOOPBACK:
            names |= {settings.host, socket.gethostname(), socket.getfqdn()}
        self._names = frozenset(map(_name, names))
        self._is_own = lru_cache(100)(self._is_name)  # most requests have the same few names

    def check_names(self, headers: dict[str, str]) -> None:
        """Refuse a request to another name, and one from a page of another site."""
        host = headers.get("host", "")
        if len(host) > MOST or not self._is_own(host):
            hint = "--allow-host NAME lets the service be reached under a further name"
            raise RefusedError(421, "this is not a name of the service", "the header Host", hint)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            hint = "pages of other sites cannot use it"
            raise RefusedError(403, "the request comes from a page of another site", "the header Origin", hint)

    def check_token(self, headers: dict[str, str]) -> None:
        """Refuse a request without the token, which is a bearer token or the password of basic authentication."""
        if not self._token:
            return
        scheme, _, value = headers.get("authorization", "").partition(" ")
        given = value.strip().encode("utf-8", "replace")
        if scheme.lower() == "basic":
            try:
                given = b64decode(given, validate=True).partition(b":")[2]
            except ValueError:
                given = b""
        elif scheme.lower() != "bearer":
            given = b""
        if not hmac.compare_digest(given, self._token):
            hint = "send the header Authorization: Bearer TOKEN"
            raise RefusedError(
                401, "the token is missing or wrong", hint=hint, headers=(("WWW-Authenticate", "Bearer"),)
            )

    def _is_name(self, host: str) -> bool:
        name = _name(host)
        return name in self._names or _is_address(name)


def _name(host: str) -> str:
    """The name in a Host header: without the port, in lower case."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower().removesuffix(".") if match else host


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
