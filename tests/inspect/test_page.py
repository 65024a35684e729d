"""The page is self-contained, small, and takes whatever stands in a token for text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from rnncli.inspect.page import figure, render

HOSTILE = "</script><img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """The elements of a page, with the text in each ``script`` and in each token."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.scripts, self.words, self._inside = [], [], [], None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        self._inside = {"script": self.scripts, "span": self.words}.get(tag)
        if self._inside is self.words and ("class", "word") not in attrs:
            self._inside = None
        if self._inside is not None:
            self._inside.append("")

    def handle_data(self, data):
        """Note text."""
        if self._inside is not None:
            self._inside[-1] += data

    def handle_endtag(self, tag):
        """Note no more text."""
        self._inside = None


def test_the_document_is_on_the_page(made):
    document = made(["leave", "Taipei"], spans=[("departure", 1, 2)])
    page = Page(render(document))
    shown = json.loads(page.scripts[0])
    assert ["leave", "Taipei"] == page.words
    assert document["texts"][0]["connectivity"]["ablation"] == shown["texts"][0]["connectivity"]["ablation"]
    assert [1, 0] == shown["texts"][0]["connectivity"]["changed"][0]
    assert {"name": "layer 1", "scale": [-1, 1]}.items() <= shown["texts"][0]["memories"][0].items()


@pytest.mark.parametrize("token", [HOSTILE, "<!--<script>", "{{ 7 * 7 }}", "\u2028\u2029", '"&quot;\\u003c', "]]>"])
def test_whatever_stands_in_a_token_stays_text(made, token):
    document = made([token, "Taipei"], spans=[(token, 0, 1)])
    page, harmless = (Page(render(made([each, "Taipei"], spans=[(each, 0, 1)]))) for each in (token, "leave"))
    assert [token, "Taipei"] == page.words
    assert document["texts"][0]["tokens"] == json.loads(page.scripts[0])["texts"][0]["tokens"]
    assert [tag for tag, _ in harmless.elements] == [tag for tag, _ in page.elements]
    assert "img" not in [tag for tag, _ in page.elements]


def test_the_page_loads_nothing_and_runs_its_own_script_alone(made):
    html = render(made(["leave", "Taipei"]))
    page = Page(html)
    assert not {"src", "href", "style", "onclick"} & {
        name for _, attributes in page.elements for name in attributes
    }
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert "'none'" == rules["default-src"]
    for kind, text in (("style", re.search("<style>(.*)</style>", html, re.S)[1]), ("script", page.scripts[1])):
        wanted = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{wanted}'" == rules[f"{kind}-src"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)


def test_a_page_of_60_tokens_and_256_units_is_small(made):
    document = made([f"token{n}" for n in range(60)])
    memory = document["texts"][0]["memories"][0]
    memory["values"] = [[((7 * t + 3 * u) % 199 - 99) / 99 for u in range(256)] for t in range(60)]
    memory["units"] |= {"order": list(range(256)), "separation": [u / 257 for u in range(256)]}
    for measure in ("gradient", "contribution", "ablation", "probability"):
        rows = document["texts"][0]["connectivity"][measure]
        document["texts"][0]["connectivity"][measure] = [[value / 0.37 for value in row] for row in rows]
    assert len(render(document).encode()) < 500_000


def test_one_token_and_no_text_are_drawn_too(made):
    assert ["hi"] == Page(render(made(["hi"]))).words
    assert [] == Page(render(made())).words


def test_every_text_of_every_model_has_its_panel(made):
    page = Page(render(made(["leave", "Taipei"], ["arrive", "Taipei"], compare=True)))
    assert ["leave", "Taipei"] * 2 + ["arrive", "Taipei"] * 2 == page.words
    assert ["one.npz, a", "two.npz, a", "one.npz, b", "two.npz, b"] == json.loads(page.scripts[0])["page"]["names"]


def cells(svg):
    """(fill, number) of every cell."""
    found = re.findall(r'<rect x[^>]*fill="(#\w{6})" stroke[^>]*/>\n<text [^>]*>([^<]*)</text>', svg)
    return [(fill, float(number.replace("−", "-"))) for fill, number in found]


def test_the_figure_is_the_matrix_on_one_scale(made):
    found = cells(figure(made(["leave", "Taipei"], compare=True), "ablation"))
    # By hand: 1, −2 / 0.5, 1 and three times that; the largest is 6.
    assert [1, -2, 0.5, 1, 3, -6, 1.5, 3] == [number for _, number in found]
    assert "#6aa5e3" == found[5][0]  # full blue
    assert found[4][0] == found[7][0] == "#f8c89c"  # halfway from white to orange
    assert found[0][0] == found[3][0] != found[2][0]


def test_a_figure_of_targets_has_their_rows_alone(made):
    found = cells(figure(made(["leave", "Taipei", "now"]), "contribution", [[2]]))
    assert [0.67, 1.33, 2] == [number for _, number in found]


def test_a_figure_takes_tokens_for_text(made):
    svg = figure(made([HOSTILE, "Taipei"]), "gradient")
    assert "<img" not in svg
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in svg
