"""Marks: tones that everybody can distinguish, and texts of any kind as HTML."""

import re
from html.parser import HTMLParser
from itertools import combinations

import numpy as np
import pytest

from rnncli.marks import TONES, Mark, Tones, fragment, page, rgb, style

# What people see without one kind of cones, as products with linear RGB: Machado, Oliveira and Fernandes 2009.
SEEN = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# A difference that is seen at a glance; 1 is the smallest that is seen at all.
LEAST_DIFFERENCE = 13.0


def linear(number: int) -> np.ndarray:
    """Linear RGB of a tone (IEC 61966-2-1)."""
    channels = np.array(rgb(number)) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def cielab(colour: np.ndarray) -> np.ndarray:
    ratios = XYZ @ np.clip(colour, 0, 1) / XYZ.sum(axis=1)
    f = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(first: np.ndarray, second: np.ndarray) -> float:
    """The difference of two colours in CIELAB: Sharma, Wu and Dalal 2005."""
    mean = (np.hypot(*first[1:]) + np.hypot(*second[1:])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    chroma, hue = np.empty(2), np.empty(2)
    for i, (_, a, b) in enumerate((first, second)):
        chroma[i] = np.hypot(stretch * a, b)
        hue[i] = np.degrees(np.arctan2(b, stretch * a)) % 360
    apart = (hue[1] - hue[0] + 180) % 360 - 180
    middle = (hue[0] + apart / 2) % 360
    lightness = (first[0] + second[0]) / 2
    mean = chroma.mean()
    wave = sum(
        weight * np.cos(np.radians(factor * middle + shift))
        for weight, factor, shift in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63))
    )
    by_lightness = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    l_part = (second[0] - first[0]) / by_lightness
    c_part = (chroma[1] - chroma[0]) / (1 + 0.045 * mean)
    h_part = 2 * np.sqrt(chroma.prod()) * np.sin(np.radians(apart / 2)) / (1 + 0.015 * mean * (1 + wave))
    turn = 60 * np.exp(-(((middle - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(mean**7 / (mean**7 + 25.0**7)) * np.sin(np.radians(turn))
    return float(np.sqrt(l_part**2 + c_part**2 + h_part**2 + rotation * c_part * h_part))


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_differences_gives_the_published_values(first, second, difference):
    assert ciede2000(np.array(first, float), np.array(second, float)) == pytest.approx(difference, abs=5e-5)


@pytest.mark.parametrize("eyes", SEEN)
def test_all_tones_can_be_distinguished(eyes):
    assert len(TONES) >= 8
    seen = {number: cielab(np.array(SEEN[eyes]) @ linear(number)) for number in TONES}
    differences = {pair: ciede2000(seen[pair[0]], seen[pair[1]]) for pair in combinations(TONES, 2)}
    closest = min(differences, key=lambda pair: differences[pair])
    assert differences[closest] >= LEAST_DIFFERENCE, closest


def test_black_letters_can_be_read_on_every_tone():
    """4.5:1 is the least contrast of WCAG 2.2 for words; the letters and tones are the same on light and dark."""
    assert "mark { color: #000;" in style()
    for number in TONES:
        luminance = float(XYZ[1] @ linear(number))
        assert (luminance + 0.05) / 0.05 >= 4.5, number
        assert f"#{bytes(rgb(number)).hex()}" in style()


def test_the_tones_of_a_model_do_not_depend_on_the_text():
    types = [f"type {i}" for i in range(len(TONES))]
    tones, others = Tones(types), Tones(reversed(types))
    assert [tones.colour(name) for name in reversed(types)] == [others.colour(name) for name in reversed(types)]
    assert len({tones.classes(name) for name in types}) == len(types)


def test_types_beyond_the_tones_look_different_and_those_that_occur_first_have_the_tones():
    types = [f"type {i:02}" for i in range(4 * len(TONES))]
    tones = Tones(types)
    used = types[-len(TONES) :]
    assert [tones.colour(name) for name in used] == list(TONES)
    assert len({tones.classes(name) for name in (*used, *types)}) == len(types)


class Outline(HTMLParser):
    """The words of a page without its style, and its elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words += data


HOSTILE = [
    "</p><script>alert(1)</script>",
    "a & b &amp; \"c\" 'd' <!-- --> ]]>",
    "\x00\x1b[31m\x7f\x9b",
    "\u202eabc\u2066 \u2028 \u2029",
    "\ud800",
    "</style></mark></bdi>",
    "שלום עולם",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_what_stands_in_a_text_or_a_type_stays_text(words):
    for source in (
        fragment([(words, [Mark(0, len(words), words)])]),
        "".join(page([(words, [Mark(0, 1, words)])])),
    ):
        outline = Outline(source)
        assert {tag for tag, _ in outline.elements} <= {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "header",
            "h1",
            "p",
            "mark",
            "bdi",
            "b",
            "div",
        }
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", source)
        if words.isprintable():
            assert words in outline.words
        assert source.encode("utf-8")


def test_a_mark_shows_its_text_its_type_and_its_probability():
    text = "leave Taipei on May 2nd"
    marks = [Mark(6, 12, "departure", 0.97), Mark(16, 23, "", 0.31)]
    outline = Outline(fragment([(text, marks)], ["departure", "time"]))
    assert "leave Taipeideparture on May 2ndspan" in outline.words
    titles = [attributes.get("title") for tag, attributes in outline.elements if tag == "mark"]
    assert titles == ["probability 0.970", "probability 0.310"]
    unsure = [attributes.get("class") for tag, attributes in outline.elements if tag == "bdi"]
    assert unsure == [None, None, "unsure", None]


def test_a_page_counts_what_it_shows_and_is_written_piece_by_piece():
    read = []

    def texts():
        for number in range(1000):
            read.append(number)
            yield "go to Rome", [Mark(6, 10, "place")]

    pieces = page(texts())
    first = next(pieces)
    assert not read
    assert "default-src 'none'; style-src 'sha256-" in first
    rest = list(pieces)
    assert len(read) == 1000
    assert max(map(len, rest)) < 500
    assert "placeplace" not in first
    assert "1,000 texts, 1,000 marks" in "".join(rest)


def test_a_page_of_no_text_is_a_page():
    outline = Outline("".join(page([])))
    assert "0 texts, 0 marks" in outline.words
