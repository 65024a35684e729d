"""The live page of a service in this process, in a real browser."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import browsers
import pytest

from rnncli.api import Trained
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
