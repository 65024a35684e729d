"""The document of ``inspect-memory`` as one self-contained page, and as a figure for papers."""

import base64
import hashlib
import json
import unicodedata
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

Document = dict[str, Any]

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
    models = [document["model"], *([document["compare"]["model"]] if "compare" in document else [])]
    names = _model_names(models)
    panels = _panels(document, names)
    shown = {**_rounded(document), "page": {"names": [name for name, _ in panels], "models": names}}
    data = json.dumps(shown, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)
    return str(
        _template("page.html").render(
            title=_title(document),
            models=[(name, _facts(model)) for name, model in zip(names, models, strict=True)],
            document=document,
            panels=[{"name": name, "groups": _groups(text)} for name, text in panels],
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


def _model_names(models: Sequence[Document]) -> list[str]:
    """Names that tell two models apart; none for one alone."""
    if len(models) == 1:
        return [""]
    files_of = [model.get("file", "") for model in models]
    if len(set(files_of)) == len(files_of):
        return files_of
    return [f"{place}: {name or model['arch']}" for place, name, model in zip("ab", files_of, models, strict=True)]


def _panels(document: Document, names: Sequence[str]) -> list[tuple[str, Document]]:
    """Each text under each model, with a name that tells them apart."""
    several, found = len(document["texts"]) > 1, []
    for number, text in enumerate(document["texts"]):
        shown = [text, *([document["compare"]["texts"][number]] if "compare" in document else [])]
        for name, each in zip(names, shown, strict=True):
            parts = [name] if name else []
            found.append((", ".join([*parts, *(["ab"[number]] if several else [])]), each))
    return found


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
    models = [document["model"], *([document["compare"]["model"]] if "compare" in document else [])]
    panels = _panels(document, _model_names(models))
    chosen = [range(len(text["tokens"])) for _, text in panels]
    if targets is not None:
        chosen = [targets[place // len(models)] for place in range(len(panels))]  # type: ignore[misc]
    lines = [
        [_line(text, measure, target) for target in rows] for (_, text), rows in zip(panels, chosen, strict=True)
    ]
    largest = max((abs(v) for rows in lines for row in rows for v in row), default=0.0)
    drawn, y, width = [], 56, 360
    for (name, text), rows, values in zip(panels, chosen, lines, strict=True):
        panel = _panel(name, text, rows, values, largest)
        drawn.append({**panel, "y": y})
        y, width = y + panel["height"] + 16, max(width, panel["width"] + 24)
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


def _line(text: Document, measure: str, target: int) -> list[float]:
    found = text["connectivity"]
    return [value or 0.0 for value in found[measure][found["targets"].index(target)]]


def _panel(
    name: str, text: Document, targets: Sequence[int], lines: Sequence[Sequence[float]], largest: float
) -> Document:
    """The places of one panel's words and cells, px."""
    tokens = text["tokens"]
    left = 16 + max((_pixels(f"{tokens[n]['text']} {tokens[n]['tag']}") for n in targets), default=0)
    top = 30 + round(0.87 * max(_pixels(token["text"]) for token in tokens))
    place: Callable[[int], int] = lambda number: left + number * _CELL[0]  # noqa: E731
    rows = [
        {
            "y": top + number * _CELL[1],
            "token": tokens[target]["text"],
            "tag": tokens[target]["tag"],
            "cells": [
                {"x": place(n), "fill": _fill(value, largest), "text": f"{value:.2f}".replace("-", "−")}
                for n, value in enumerate(line)
            ],
        }
        for number, (target, line) in enumerate(zip(targets, lines, strict=True))
    ]
    columns = [{"x": place(n) + _CELL[0] // 2 + 4, "text": token["text"]} for n, token in enumerate(tokens)]
    # The last word leans out to the right.
    lean = round(0.5 * _pixels(tokens[-1]["text"]))
    width, height = place(len(tokens)) + lean, top + len(rows) * _CELL[1]
    return {
        "name": name, "left": left, "top": top, "rows": rows, "columns": columns, "width": width, "height": height
    }  # fmt: skip


def _pixels(text: str) -> int:
    """About how wide a text is at 12 px."""
    return sum(13 if unicodedata.east_asian_width(character) in "WF" else 7 for character in text)


def _fill(value: float, largest: float) -> str:
    share = min(1.0, abs(value) / largest) if largest else 0.0
    mixed = (round(255 + share * (part - 255)) for part in (_PLUS if value >= 0 else _MINUS))
    return "#" + "".join(f"{part:02x}" for part in mixed)
