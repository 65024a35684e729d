"""Tables and pictures as pieces of HTML for notebooks: self-contained, escaped, readable on light and on dark."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

from rnncli.marks import escaped

# The letters have the colour of the page around the table; lines and headings are grey on any ground.
_CELL = "padding:.15em .6em;border-bottom:1px solid #8886;text-align:{}"
_PLUS = (240, 145, 58)
_MINUS = (106, 165, 227)


class Shade(NamedTuple):
    """A cell with a ground of orange for a share above 0 and of blue for one below; at ±1 it is full."""

    share: float
    text: str = ""


Cell = str | Shade


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table; its first column is aligned to the left, all others to the right."""
    head = "".join(_cell("th", number, header) for number, header in enumerate(headers))
    body = "".join(f"<tr>{''.join(_cell('td', n, cell) for n, cell in enumerate(row))}</tr>" for row in rows)
    caption = f'<caption style="text-align:left;font-weight:bold">{escaped(title)}</caption>' if title else ""
    head = f"<thead><tr>{head}</tr></thead>" if headers else ""
    style = "border-collapse:collapse;margin:.5em 0"
    return f'<table cellpadding="4" style="{style}">{caption}{head}<tbody>{body}</tbody></table>'


def _cell(kind: str, number: int, cell: Cell) -> str:
    style = _CELL.format("right" if number else "left")
    if isinstance(cell, Shade):
        # Black letters can be read on both colours and on what is between them and white.
        style = f"background:{ground(cell.share)}"
        if cell.text:  # of many cells without one, short styles keep the page small
            style = f"padding:.1em .3em;text-align:center;color:#000;{style}"
        return f'<{kind} style="{style}">{escaped(cell.text)}</{kind}>'
    return f'<{kind} style="{style}">{escaped(cell)}</{kind}>'


def ground(share: float) -> str:
    """The colour of a share from −1 to 1: white at 0, full orange at 1 and full blue at −1; those of page.css."""
    strength = min(1.0, abs(share))
    mixed = (round(255 + strength * (channel - 255)) for channel in (_PLUS if share >= 0 else _MINUS))
    return f"#{bytes(mixed).hex()}"


def image(svg: str, words: str) -> str:
    """A drawing in SVG; as a picture of its own, so that its style changes nothing else on the page."""
    data = base64.b64encode(svg.encode()).decode("ascii")
    style = "width:36em;max-width:100%;background:#fff"
    return f'<img alt="{escaped(words)}" style="{style}" src="data:image/svg+xml;base64,{data}">'


def percent(value: float | None) -> str:
    """A fraction as a percentage; "–" if it is undefined."""
    return "–" if value is None else f"{100 * value:.2f}"
