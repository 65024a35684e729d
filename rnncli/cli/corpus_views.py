"""The numbers of a whole model over a corpus, drawn on a terminal from the document of ``inspect-memory``."""

from collections.abc import Sequence
from typing import Any

from rnncli.cli import show
from rnncli.cli.memory_views import DETAILS, name_units
from rnncli.inspect.panels import model_names, models_of

_LABEL = 22  # the width of a row's name, in columns of the terminal
_SIDES = {"before": "only the last k tokens", "after": "only the next k tokens"}


def corpus(document: dict[str, Any]) -> None:
    """The decay of connectivity, the context that tags need, and the units; of both models where there are two."""
    for name, model in zip(model_names(document), models_of(document), strict=True):
        numbers = model["corpus"]
        size = f"{numbers['sentences']:,} sentences with {numbers['tokens']:,} tokens"
        show.line((f"{name or 'The whole model'}, over {size}", "bold"))
        show.blank()
        _decay(numbers["decay"])
        _needed(numbers["needed"])
        _tags(numbers)
        for units in numbers["units"]:
            show.line((f"Units of {units['name']}", "bold"))
            name_units(units, with_shares=True)
            show.blank()
        show.paragraph(DETAILS.strip(), "dim")
        show.blank()
    if "unit" in document["corpus"]:
        _driven(document["corpus"]["unit"])


def _decay(decay: dict[str, Any]) -> None:
    """Two curves against the distance from the target, earlier tokens to the left."""
    show.line(("What tags rest on, by distance in tokens", "bold"), (" (share of the largest; · 0 … █ 1)", ""))
    lags = decay["lags"]
    overall = decay["overall"]
    ruler = [" "] * (len(lags) + 3)
    for position, lag in enumerate(lags):
        if lag % 10 == 0:
            mark = f"{lag:+d}".replace("-", "−") if lag else "0"
            start = max(0, position - len(mark) // 2)
            ruler[start : start + len(mark)] = mark
    show.line((" " * _LABEL + "".join(ruler).rstrip(), "dim"))
    for measure in ("ablation", "gradient"):
        bars = [(show.height(value or 0.0, 1.0), "") for value in overall[measure]]
        show.line((f"{measure:<{_LABEL}}", ""), *bars)
    half_life = overall["half_life"]["ablation"]
    show.paragraph(
        f"half-life by ablation: {_tokens(half_life['before'])} before, {_tokens(half_life['after'])} after"
    )
    show.blank()


def _tokens(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} tokens"


def _needed(needed: dict[str, Any]) -> None:
    """Agreement with the full context and accuracy, in percent, for every length of context."""
    for side, context in _SIDES.items():
        if needed[side] is None:
            continue
        overall = needed[side]["overall"]
        show.line((f"How much context decides: {context}", "bold"))
        rows = [("agreement with all", overall["agreement"]), ("accuracy", overall["accuracy"])]
        heads = ["all" if k is None else str(k) for k in needed["k"]]
        show.line((f"{'k':<{_LABEL - 2}}" + "".join(f"{head:>5}" for head in heads), "dim"))
        for name, shares in rows:
            if shares is not None:
                cells = "".join(f"{show.fraction(share, 1 if share < 0.9995 else 0):>5}" for share in shares)
                show.line((f"{name:<{_LABEL - 2}}" + cells, ""))
        settled = overall["settled"]
        most = max(k for k in needed["k"] if k is not None)
        show.paragraph(
            f"no k up to {most} settles 99 % of the decisions"
            if settled is None
            else f"k = {settled} settles 99 % of the decisions"
        )
        show.blank()


def _tags(numbers: dict[str, Any]) -> None:
    """The half-life of each tag, and the context that settles it."""
    sides = [side for side in _SIDES if numbers["needed"][side] is not None]
    headers = ["tag", "tokens", *sides, *(f"k {side}" for side in sides)]
    rows = []
    for tag, curve in numbers["decay"]["tags"].items():
        half_life = curve["half_life"]["ablation"]
        half_lives = ["–" if half_life[side] is None else f"{half_life[side]:.1f}" for side in sides]
        settlings = [numbers["needed"][side]["tags"][tag] for side in sides]
        settled = ["–" if settling["settled"] is None else str(settling["settled"]) for settling in settlings]
        rows.append([tag, f"{settlings[0]['tokens']:,}", *half_lives, *settled])
    show.table("Half-life in tokens by ablation, and the k that settles 99 %, by tag", headers, rows)


def _driven(unit: dict[str, Any]) -> None:
    """The contexts of a unit's highest and lowest values, with the tokens in one column."""
    show.line((f"Unit {unit['unit'] + 1} of {unit['memory']}: what drives it up and down most", "bold"))
    contexts = [*unit["up"], *unit["down"]]
    token_width = min(20, max((show.columns_of(context["token"]) for context in contexts), default=0))
    tag_width = min(24, max((show.columns_of(context["tag"]) for context in contexts), default=0))
    side_width = max(4, (min(show.width(), 120) - token_width - tag_width - 22) // 2)
    for direction, arrow in (("up", "↑"), ("down", "↓")):
        for context in unit[direction]:
            width = min(token_width, show.columns_of(context["token"]))
            show.line(
                (f"{arrow} {context['value']:+.2f}  ", ""),
                (show.padded(_last(context["before"], side_width), side_width, right=True), "dim"),
                (f" [{show.padded(context['token'], width)}]", "bold"),
                (" " * (token_width - width) + " ", ""),
                (show.padded(" ".join(context["after"]), side_width), "dim"),
                (f" {show.padded(context['tag'], tag_width)}", ""),
                (f" {context['line']:>5}", "dim"),
            )
    show.blank()


def _last(words: Sequence[str], columns: int) -> str:
    """As many of the last words as fit."""
    last = list(words)
    while last and show.columns_of(" ".join(last)) > columns:
        last.pop(0)
    return " ".join(last)
