"""The document of ``inspect-memory`` as a notebook shows it."""

from typing import Any

from rnncli.inspect.panels import panels
from rnncli.marks import Mark, fragment
from rnncli.tables import Cell, Shade, table

MOST_UNITS = 64  # of a memory that are drawn: those whose values differ most
MOST_TOKENS = 60


class Document(dict[str, Any]):
    """A document of :func:`.document`; a notebook draws its texts, what their tags rest on, and their memories."""

    def __repr__(self) -> str:
        texts = ", ".join(repr(text["text"]) for text in self["texts"])
        corpus = f"{self['corpus']['sentences']:,} sentences" if "corpus" in self else ""
        return f"<memory of {self['architecture']}: {' and '.join(filter(None, [texts, corpus]))}>"

    def _repr_html_(self) -> str:
        pieces = []
        all_panels = panels(self)
        types = [span["type"] for panel in all_panels for span in panel.text["spans"]]
        for panel in all_panels:
            name = f" ({panel.name})" if panel.name else ""
            pieces.append(_labelled(panel.text, types))
            if len(panel.tokens) > MOST_TOKENS:
                pieces.append(f"<p>{len(panel.tokens):,} tokens: too many to draw what each rests on</p>")
                continue
            if "connectivity" in panel.text:
                matrix = [panel.row("ablation", target) for target in panel.text["connectivity"]["targets"]]
                title = f"How much the score of a tag falls without each token{name}"
                rows = list(zip(panel.tokens, matrix, strict=True))
                pieces.append(_map(title, ["tag of", *panel.tokens], rows, with_numbers=True))
            for memory in panel.text["memories"]:
                pieces.append(_memory(memory, panel.tokens, name))
        if "corpus" in self:
            pieces.append(_needed(self["corpus"]))
        return "".join(pieces)


def _labelled(text: dict[str, Any], types: list[str]) -> str:
    """The text with its spans, whose places are those of its tokens joined by blanks.

    types  of all texts, so that each has one tone
    """
    starts = [0]
    for token in text["tokens"]:
        starts.append(starts[-1] + len(token["text"]) + 1)
    marks = [Mark(starts[s["start"]], starts[s["end"]] - 1, s["type"]) for s in text["spans"]]
    return fragment([(" ".join(token["text"] for token in text["tokens"]), marks)], types)


def _memory(memory: dict[str, Any], tokens: list[str], name: str) -> str:
    """A map of the units whose values differ most from token to token."""
    values: list[list[float]] = memory["values"]
    columns = list(zip(*values, strict=True))
    spreads = [max(column) - min(column) for column in columns]
    chosen = sorted(sorted(range(len(columns)), key=lambda unit: -spreads[unit])[:MOST_UNITS])
    rows = [(token, [row[unit] for unit in chosen]) for token, row in zip(tokens, values, strict=True)]
    which = f", the {len(chosen)} units of {len(columns)} that change most" if len(chosen) < len(columns) else ""
    return _map(f"{memory['name']}{name}: the memory after each token{which}", [], rows)


def _map(title: str, headers: list[str], rows: list[tuple[str, list[float]]], with_numbers: bool = False) -> str:
    largest = max((abs(value) for _, values in rows for value in values), default=0.0) or 1.0
    cells: list[list[Cell]] = [
        [token, *(Shade(value / largest, _number(value) if with_numbers else "") for value in values)]
        for token, values in rows
    ]
    return table(f"{title}; full colour at {largest:.3g}", headers, cells)


def _number(value: float) -> str:
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def _needed(corpus: dict[str, Any]) -> str:
    """How many tokens decisions need, over a corpus."""
    needed = corpus["needed"]
    rows = []
    for side in ("before", "after"):
        if needed.get(side):
            shares = (f"{100 * share:.1f}" for share in needed[side]["overall"]["agreement"])
            rows.append([f"only the tokens {side}", *shares])
    headers = [
        "% of tags that stay with the nearest k tokens",
        *("all" if k is None else str(k) for k in needed["k"]),
    ]
    return table(f"Memory over {corpus['sentences']:,} sentences", headers, rows)
