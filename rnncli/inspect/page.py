"""The document of ``inspect-memory`` as one self-contained page, and as a figure for papers."""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from rnncli.inspect.panels import Document, Panel, model_names, models_of, panels

_DECIMALS = {"values": 2, "probability": 3}  # of numbers on the page; all others have four
# What could end the block of JSON, or a line of it, as HTML and JavaScript read it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_CELL = (42, 26)  # width and height of a figure's cells, px
_PLUS, _MINUS = (240, 145, 58), (106, 165, 227)  # those of page.css


def _template(name: str) -> Any:
    """A template of the package; whatever it is given is escaped, in SVG as in HTML."""
    import jinja2  # here, because only who draws a page pays for it

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name)


def _read(name: str) -> str:
    return files("rnncli.inspect").joinpath("templates", name).read_text("utf-8")


def _trusted(text: str) -> Any:
    """A text of the package itself, or escaped already: not to be escaped (again)."""
    import markupsafe

    return markupsafe.Markup(text)


def render(document: Document) -> str:
    """Draw the page: HTML with its style, its script and the document inside, that needs no network.

    Its Content-Security-Policy allows that one style and that one script, by their SHA-256.
    """
    style, script = _read("page.css"), _read("page.js")
    names, shown = model_names(document), panels(document)
    extra = {"page": {"names": [panel.name for panel in shown], "models": names}}
    data = json.dumps(
        _rounded(document) | extra, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).translate(_ESCAPES)
    return str(
        _template("page.html").render(
            title=_title(document),
            models=[(name, _facts(each["model"])) for name, each in zip(names, models_of(document), strict=True)],
            document=document,
            panels=[{"name": panel.name, "groups": _groups(panel.text)} for panel in shown],
            style=_trusted(style),
            script=_trusted(script),
            style_hash=_trusted(_hash(style)),
            script_hash=_trusted(_hash(script)),
            data=_trusted(data),
        )
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _title(document: Document) -> str:
    texts = [text["text"] for text in document["texts"]]
    return " / ".join(texts) if texts else "The memory of a model"


def _facts(model: Document) -> str:
    """A model in a line."""
    layers = "" if model["layers"] == 1 else f"{model['layers']} layers of "
    return (
        f"{model['arch']}, {layers}{model['hidden']} {model['cell']} units, input {model['input']}, "
        f"window {model['window']}, output {model['output']}"
    )


def _groups(text: Document) -> list[Document]:
    """The spans with their types and numbered tokens, and each token outside with the type ``None``."""
    tokens = list(enumerate(text["tokens"]))
    found: list[Document] = []
    done = 0
    for span in [*text["spans"], None]:
        start = span["start"] if span else len(tokens)
        found += [{"type": None, "tokens": [token]} for token in tokens[done:start]]
        if span:
            done = span["end"]
            found.append({"type": span["type"], "tokens": tokens[start:done]})
    return found


def _rounded(value: Any, decimals: int = 4) -> Any:
    """The document with as many decimals as a page can show, to keep it small; true is 1."""
    if isinstance(value, dict):
        return {key: _rounded(each, _DECIMALS.get(key, decimals)) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each, decimals) for each in value]
    if isinstance(value, bool):
        return int(value)
    return round(value, decimals) if isinstance(value, float) else value


def figure(document: Document, measure: str, targets: Sequence[Sequence[int]] | None = None) -> str:
    """Draw what tags rest on as SVG, all texts and models on one scale.

    targets  for each text the tokens whose tags are explained, from 0; ``None`` for all, the matrix
    """
    shown = panels(document)
    of_texts = targets or [range(len(text["tokens"])) for text in document["texts"]]
    chosen = [each for each in of_texts for _ in models_of(document)]
    lines = [
        [panel.rests_on(measure, target) for target in rows] for panel, rows in zip(shown, chosen, strict=True)
    ]
    largest = max((abs(v) for rows in lines for row in rows for v in row), default=0.0)
    drawn, y, width = [], 56, 360
    for panel, rows, values in zip(shown, chosen, lines, strict=True):
        placed = _panel(panel, rows, values, largest)
        drawn.append({**placed, "y": y})
        y, width = y + placed["height"] + 16, max(width, placed["width"] + 24)
    return str(
        _template("figure.svg").render(
            title=f"What tags rest on, by {measure}",
            subtitle=f"orange above 0, blue below; full colour at {largest:.3g}",
            panels=drawn,
            width=width,
            height=y,
            cell_width=_CELL[0],
            cell_height=_CELL[1],
        )
    )


def _panel(panel: Panel, targets: Sequence[int], lines: Sequence[Sequence[float]], largest: float) -> Document:
    """The places of one panel's words and cells, px."""
    words = [_printable(token) for token in panel.tokens]
    tags = [_printable(token["tag"]) for token in panel.text["tokens"]]
    left = 16 + max((_pixels(f"{words[n]} {tags[n]}") for n in targets), default=0)
    top = 30 + round(0.87 * max(map(_pixels, words)))
    places = [left + number * _CELL[0] for number in range(len(words))]
    rows = [
        {
            "y": top + number * _CELL[1],
            "token": words[target],
            "tag": tags[target],
            "cells": [
                {"x": x, "fill": _fill(value, largest), "text": f"{value:.2f}".replace("-", "−")}
                for x, value in zip(places, line, strict=True)
            ],
        }
        for number, (target, line) in enumerate(zip(targets, lines, strict=True))
    ]
    return {
        "name": _printable(panel.name),
        "left": left,
        "top": top,
        "rows": rows,
        "columns": [{"x": x + _CELL[0] // 2 + 4, "text": word} for x, word in zip(places, words, strict=True)],
        "width": places[-1] + _CELL[0] + round(0.5 * _pixels(words[-1])),  # the last word leans out to the right
        "height": top + len(rows) * _CELL[1],
    }


def _printable(text: str) -> str:
    """A text without what XML has no way to write."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def _pixels(text: str) -> int:
    """About how wide a text is at 12 px."""
    return sum(13 if unicodedata.east_asian_width(character) in "WF" else 7 for character in text)


def _fill(value: float, largest: float) -> str:
    share = min(1.0, abs(value) / largest) if largest else 0.0
    mixed = (round(255 + share * (part - 255)) for part in (_PLUS if value >= 0 else _MINUS))
    return "#" + "".join(f"{part:02x}" for part in mixed)
