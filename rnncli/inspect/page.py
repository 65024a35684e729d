"""The document of ``inspect-memory`` as one self-contained page, and as a figure for papers."""

import json
import unicodedata
from collections.abc import Sequence
from typing import Any

from rnncli.inspect.panels import Document, Panel, model_names, models_of, panels
from rnncli.inspect.template import template, trusted
from rnncli.tables import ground
from rnncli.web import bundle

_DECIMALS = {"values": 2, "probability": 3}  # of numbers on the page; all others have four
# What could end the block of JSON, or a line of it, as HTML and JavaScript read it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
_CELL = (42, 26)  # width and height of a figure's cells, px


def render(document: Document) -> str:
    """Draw the page: HTML that holds its style, its script and the document, and loads nothing.

    The script draws all of it from the document; without a script the tokens and their spans can be read.

    Its Content-Security-Policy allows only this style and this script, by their SHA-256.
    """
    style = bundle.read("page.css")
    script = bundle.joined("report.js")
    names = model_names(document)
    all_panels = panels(document)
    extra = {"page": {"names": [panel.name for panel in all_panels], "models": names}}
    data = json.dumps(
        _rounded(document) | extra, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).translate(_ESCAPES)
    return str(
        template("report.html").render(
            title=_title(document),
            models=[(name, _facts(m["model"])) for name, m in zip(names, models_of(document), strict=True)],
            panels=[{"name": panel.name, "groups": _groups(panel.text)} for panel in all_panels],
            style=trusted(style),
            script=trusted(script),
            style_hash=trusted(bundle.sha256(style)),
            script_hash=trusted(bundle.sha256(script)),
            data=trusted(data),
        )
    )


def _title(document: Document) -> str:
    texts = [text["text"] for text in document["texts"]]
    return " / ".join(texts) if texts else "The memory of a model"


def _facts(model: Document) -> str:
    """A model in one line."""
    layers = "" if model["layers"] == 1 else f"{model['layers']} layers of "
    return (
        f"{model['arch']}, {layers}{model['hidden']} {model['cell']} units, input {model['input']}, "
        f"window {model['window']}, output {model['output']}"
    )


def _groups(text: Document) -> list[Document]:
    """The spans with their types and numbered tokens, and each token outside a span with the type ``None``."""
    tokens = list(enumerate(text["tokens"]))
    groups: list[Document] = []
    position = 0
    for span in [*text["spans"], None]:
        start = span["start"] if span else len(tokens)
        groups += [{"type": None, "tokens": [token]} for token in tokens[position:start]]
        if span:
            position = span["end"]
            groups.append({"type": span["type"], "tokens": tokens[start:position]})
    return groups


def _rounded(value: Any, decimals: int = 4) -> Any:
    """The document with the decimals that a page shows, to keep it small; true becomes 1."""
    if isinstance(value, dict):
        return {key: _rounded(item, _DECIMALS.get(key, decimals)) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item, decimals) for item in value]
    if isinstance(value, bool):
        return int(value)
    return round(value, decimals) if isinstance(value, float) else value


def figure(document: Document, measure: str, targets: Sequence[Sequence[int]] | None = None) -> str:
    """Draw what tags depend on as SVG, all texts and models on one scale.

    targets  for each text the tokens whose tags are explained, from 0; ``None`` for all, the matrix
    """
    all_panels = panels(document)
    targets_by_text = targets or [range(len(text["tokens"])) for text in document["texts"]]
    targets_by_panel = [chosen for chosen in targets_by_text for _ in models_of(document)]
    matrices = [
        [panel.row(measure, target) for target in chosen]
        for panel, chosen in zip(all_panels, targets_by_panel, strict=True)
    ]
    largest = max((abs(value) for matrix in matrices for row in matrix for value in row), default=0.0)
    drawn = []
    y = 56
    width = 360
    for panel, chosen, matrix in zip(all_panels, targets_by_panel, matrices, strict=True):
        layout = _panel(panel, chosen, matrix, largest)
        drawn.append({**layout, "y": y})
        y += layout["height"] + 16
        width = max(width, layout["width"] + 24)
    return str(
        template("figure.svg").render(
            title=f"What tags rest on, by {measure}",
            subtitle=f"orange above 0, blue below; full colour at {largest:.3g}",
            panels=drawn,
            width=width,
            height=y,
            cell_width=_CELL[0],
            cell_height=_CELL[1],
        )
    )


def _panel(panel: Panel, targets: Sequence[int], matrix: Sequence[Sequence[float]], largest: float) -> Document:
    """The positions of one panel's words and cells, px."""
    words = [_printable(token) for token in panel.tokens]
    tags = [_printable(token["tag"]) for token in panel.text["tokens"]]
    left = 16 + max((_pixels(f"{words[n]} {tags[n]}") for n in targets), default=0)
    top = 30 + round(0.87 * max(map(_pixels, words)))
    columns = [left + number * _CELL[0] for number in range(len(words))]
    rows = [
        {
            "y": top + number * _CELL[1],
            "token": words[target],
            "tag": tags[target],
            "cells": [
                {"x": x, "fill": ground(value / (largest or 1.0)), "text": f"{value:.2f}".replace("-", "−")}
                for x, value in zip(columns, values, strict=True)
            ],
        }
        for number, (target, values) in enumerate(zip(targets, matrix, strict=True))
    ]
    return {
        "name": _printable(panel.name),
        "left": left,
        "top": top,
        "rows": rows,
        "columns": [{"x": x + _CELL[0] // 2 + 4, "text": word} for x, word in zip(columns, words, strict=True)],
        "width": columns[-1] + _CELL[0] + round(0.5 * _pixels(words[-1])),  # the slanted last word needs more width
        "height": top + len(rows) * _CELL[1],
    }


def _printable(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _pixels(text: str) -> int:
    """About how many pixels wide a text is at 12 px."""
    return sum(13 if unicodedata.east_asian_width(character) in "WF" else 7 for character in text)
