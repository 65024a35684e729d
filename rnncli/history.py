"""The course of a training as a picture: loss, score on development data and learning rate, epoch by epoch."""

import html
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from rnncli.inspect import chart
from rnncli.training import PastEpoch
from rnncli.web.bundle import sha256

_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem system-ui, sans-serif; }
svg { width: 100%; height: auto; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .8rem .15rem 0; text-align: right; white-space: nowrap; }
.saved { font-weight: 700; }
"""


class Saved(NamedTuple):
    """Which epoch of which seed is in the model, and the name of the score by which epochs are compared."""

    seed: int
    epoch: int
    score: str


def figure(history: Sequence[PastEpoch], saved: Saved) -> str:
    """Draw a training as SVG, a curve for each seed; return the text of the file.

    Losses and scores that are no finite numbers are left out. Without any epoch the drawing says so.
    """
    title = "Training"
    by_seed: dict[int, list[PastEpoch]] = {saved.seed: []}  # drawn over the others
    for past in history:
        by_seed.setdefault(past.seed, []).append(past)
    panels = []
    for label, name in (("loss", "loss"), (f"dev {saved.score}", "score"), ("learning rate", "rate")):
        curves = []
        mark = None
        for seed, epochs in by_seed.items():
            points = [(past.epoch, value) for past in epochs if (value := _value(past, name)) is not None]
            if points:
                curves.append((f"seed {seed}", points))
            if seed == saved.seed and name == "score":
                mark = next(((x, y, f"epoch {x}, saved") for x, y in points if x == saved.epoch), None)
        if curves:
            panels.append(chart.Panel(label, curves, mark))
    if not panels:
        nothing = chart.Panel("loss", [("no epoch was trained", [(0, 0.0)])])
        return chart.panels(title, "epoch", [nothing])
    return chart.panels(title, "epoch", panels)


def page(history: Sequence[PastEpoch], saved: Saved) -> str:
    """The figure and its numbers as a page of HTML, which loads nothing and has no script."""
    svg = figure(history, saved)
    styles = [_STYLE, *re.findall("<style>(.*?)</style>", svg)]
    hashes = " ".join(f"'sha256-{sha256(style)}'" for style in styles)
    heads = ("seed", "epoch", "loss", f"dev {saved.score}", "learning rate", "seconds")
    rows = "".join(_row(past, saved) for past in history)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        f"style-src {hashes}; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="generator" content="rnncli">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Training</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Training</h1>\n{svg}"
        "<div><table>\n<thead><tr>"
        + "".join(f'<th scope="col">{html.escape(head)}</th>' for head in heads)
        + f"</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</body>\n</html>\n"
    )


def _row(past: PastEpoch, saved: Saved) -> str:
    loss, score, rate = (_value(past, name) for name in ("loss", "score", "rate"))
    cells = [
        f"{past.seed}",
        f"{past.epoch}",
        "–" if loss is None else f"{loss:.4f}",
        "–" if score is None else f"{score:.4f}",
        "–" if rate is None else f"{rate:.3g}",
        f"{past.seconds:.1f}",
    ]
    kind = ' class="saved"' if (past.seed, past.epoch) == (saved.seed, saved.epoch) else ""
    return f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _value(past: PastEpoch, name: str) -> float | None:
    """A number of an epoch, ``None`` if it is not finite."""
    value: float | None = getattr(past, name)
    return value if value is not None and math.isfinite(value) else None
