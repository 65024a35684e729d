"""Draw docs/pictures anew from the bundled model: the figures of inspection, and the live page in light and dark.

    python docs/make_pictures.py

The page is photographed in Chromium (apt-get install chromium chromium-driver). ``--check`` only tells whether the
pictures are those of the present model: it draws the figures again, and reads the model's SHA-256, which stands in
the pictures of the page.
"""

import base64
import hashlib
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
MODEL = ROOT / "models" / "default.npz"
CHINESE = ROOT / "models" / "zh.npz"
sys.path.insert(0, str(ROOT / "tests"))

TEXT = "leave Taipei on November 2nd"
FIGURES = {  # the model of each, and what draws it
    "memory.svg": (MODEL, ["inspect-memory", TEXT, "--matrix"]),
    "memory-zh.svg": (CHINESE, ["inspect-memory", "十一月二日到台北"]),
    "gradients.svg": (MODEL, ["inspect-gradients", "--corpus", str(ROOT / "sample_data" / "test.tsv")]),
}
# What may differ a little on another processor: colours, and numbers by so much.
NUMBERS = re.compile(r"#[0-9a-f]{6}|\d+(?:\.\d+)?")
TOLERANCE = 0.2
PAGES = {"page-light.png": "light", "page-dark.png": "dark"}
STATE = {"view": "compare", "text": TEXT, "other": TEXT.replace("leave", "arrive")}
WIDTH = 1200  # px
# The lower edge of the chart once it is drawn and both texts have their measures; all below is left out.
EDGE = """const chart = document.querySelector(".view-compare svg");
    if (!chart || document.querySelectorAll(".view-compare .matrix").length < 2) return 0;
    return Math.ceil(scrollY + chart.parentElement.parentElement.getBoundingClientRect().bottom);"""
MARGIN = 24  # px
KEY = b"rnncli model"  # of the text in a picture
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def rnncli(model: Path, *arguments: str) -> list[str]:
    """The command line of rnncli with a model."""
    return [sys.executable, "-m", "rnncli", *arguments, "--model", str(model)]


def figure(name: str) -> str:
    """A figure as SVG."""
    model, arguments = FIGURES[name]
    command = rnncli(model, *arguments, "--svg", "-")
    return subprocess.run(command, capture_output=True, check=True, cwd=ROOT, encoding="utf-8").stdout


def are_alike(one: str, other: str) -> bool:
    """Whether two figures differ in colours and a little in numbers alone."""
    kinds = [NUMBERS.sub(lambda hit: "#" if hit[0][0] == "#" else "0", text) for text in (one, other)]
    if kinds[0] != kinds[1]:
        return False
    pairs = zip(NUMBERS.findall(one), NUMBERS.findall(other), strict=True)
    return all(a[0] == "#" or abs(float(a) - float(b)) <= TOLERANCE for a, b in pairs)


def digest() -> bytes:
    """The SHA-256 of the model, in hexadecimal."""
    return hashlib.sha256(MODEL.read_bytes()).hexdigest().encode()


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk of a PNG file."""
    place = len(SIGNATURE)
    while place < len(png):
        size = int.from_bytes(png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + size]
        place += 12 + size


def named(png: bytes) -> bytes:
    """A PNG file with the model's digest in it, as text."""
    content = b"tEXt" + KEY + b"\0" + digest()
    chunk = (len(content) - 4).to_bytes(4) + content + zlib.crc32(content).to_bytes(4)
    end = png.rindex(b"IEND") - 4
    return png[:end] + chunk + png[end:]


@contextmanager
def service() -> Iterator[str]:
    """The address of a running service with the model, on a free port of this machine."""
    command = rnncli(MODEL, "serve", "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.terminate()


def photograph(page: Any, address: str, scheme: str) -> bytes:
    """The upper part of the page as PNG, light or dark."""
    import browsers

    browsers.show_as(page, WIDTH, scheme)
    page.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    page.get("about:blank")  # else a change of the scheme alone would keep the old page
    page.get(f"{address}/#{urlencode(STATE)}")
    height = browsers.wait_for(page, EDGE) + MARGIN
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    shot = page.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    return named(base64.b64decode(shot["data"]))


def stale() -> list[str]:
    """The names of pictures that are not of the present model."""
    figures = [name for name in FIGURES if not are_alike((PICTURES / name).read_text("utf-8"), figure(name))]
    text = (b"tEXt", KEY + b"\0" + digest())
    return figures + [name for name in PAGES if text not in chunks((PICTURES / name).read_bytes())]


def draw() -> None:
    """Make all pictures."""
    import browsers

    for name in FIGURES:
        (PICTURES / name).write_text(figure(name), "utf-8")
    with service() as address, browsers.browser() as page:
        for name, scheme in PAGES.items():
            (PICTURES / name).write_bytes(photograph(page, address, scheme))


if __name__ == "__main__":
    if "--check" not in sys.argv:
        draw()
    elif names := stale():
        sys.exit(f"{', '.join(names)}: out of date; run python docs/make_pictures.py")
