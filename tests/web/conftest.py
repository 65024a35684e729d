"""The live page of a service in this process, in a real browser."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import browsers
import pytest

from rnncli.api import Trained
from rnncli.data.examples import BOOKING_PAIR
from rnncli.serving.server import Server
from rnncli.serving.service import Service
from rnncli.serving.settings import Settings


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with browsers.browser() as driver:
        yield driver


@pytest.fixture(scope="package")
def address(trained: Trained) -> Iterator[str]:
    """The address of a service with the small model ``tiny``, and with those that come with the page."""
    server = Server(Service(Settings({"tiny": trained.path}, port=0, threads=1)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    server.stop()
    thread.join(60)


@pytest.fixture(scope="package")
def networks(address: str) -> dict[str, Any]:
    """What the service says of the networks side by side, which it trains for the first request, by name."""
    body = json.dumps({"texts": BOOKING_PAIR}).encode()
    request = urllib.request.Request(f"{address}/v1/architectures", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        events = response.read().decode().split("\n\n")
    rows = [json.loads(event.partition("data: ")[2]) for event in events if event.startswith("event: network")]
    return {row["name"]: row for row in rows}


Opening = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Opening]:
    """Open the page with a state: ``opened(text="leave Taipei")``; nothing may stand in the console at the end."""

    def open_page(width: int = 1200, scheme: str = "light", **state: Any) -> Any:
        browsers.show_as(browser, width, scheme)
        browser.get("about:blank")  # else a change of the hash alone would not load the page anew
        browser.get(f"{address}/#{urlencode(state)}")
        browsers.wait_for(browser, "return document.querySelector('#panel > section') !== null")
        return browser

    yield open_page
    assert [] == browser.get_log("browser")
