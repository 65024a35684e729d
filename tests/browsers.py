"""A real browser for tests, without a window; tests that need one are skipped where there is none."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no browser: apt-get install chromium chromium-driver"
)


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, which keeps all messages of its console, and end it."""
    webdriver = pytest.importorskip("selenium.webdriver", reason='no selenium: pip install -e ".[test]"')
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    yield driver
    driver.quit()


def show_as(driver: Any, width: int, scheme: str) -> None:
    """Give the page a width, px, and the system's choice of light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def set_offline(driver: Any, offline: bool) -> None:
    """Take the network away, or give it back."""
    state = {"offline": offline, "latency": 0, "downloadThroughput": 0 if offline else -1}
    state["uploadThroughput"] = state["downloadThroughput"]
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", state)


def wait_for(page: Any, script: str, *values: Any, seconds: float = 30) -> Any:
    """Run a script until what it gives is true, and give that."""
    end = time.monotonic() + seconds
    while not (value := page.execute_script(script, *values)):
        assert time.monotonic() < end, f"never true: {script} {values}"
        time.sleep(0.01)
    return value


def saved(page: Any, folder: Path) -> Path:
    """Save the live page as one file, as its button does."""
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    button = "[...document.querySelectorAll('.settings button')].at(-1)"
    page.execute_script(f"{button}.click()")
    wait_for(page, f"return {button}.disabled === false", seconds=60)
    path = folder / "rnncli.html"
    for _ in range(500):
        if path.exists():
            break
        page.execute_async_script("setTimeout(arguments[0], 20)")
    return path
