"""Decisions, contrasts and memories, drawn on a terminal from the document of ``inspect-memory``."""

import math
from collections.abc import Sequence
from typing import Any

from rnncli.cli import show
from rnncli.inspect.panels import model_names, models_of

_NAMED = 8  # saturated or dead units that are named, before the others are counted
Decision = tuple[str, str, Any]


def _decisions(text: dict[str, Any]) -> list[Decision]:
    return [(token["text"], token["tag"], token["probability"]) for token in text["tokens"]]


def decisions(found: dict[str, Any]) -> None:
    """The tags of one text and their probabilities, of both models where there are two."""
    rows: list[tuple[Any, ...]] = list(_decisions(found["texts"][0]))
    headers, title = ["token", "tag", "p"], ""
    if "compare" in found:
        names = model_names(found)
        title = f"Tags of {names[0]} and of {names[1]}, and their probabilities"
        beside = _decisions(found["compare"]["texts"][0])
        rows = [(*row, *other[1:]) for row, other in zip(rows, beside, strict=True)]
        headers += ["tag", "p"]
    show.heat_map(title, headers, rows)
    show.blank()


def contrast(found: dict[str, Any]) -> None:
    """The tags of two texts, token beside token, and where tokens, memories and tags part."""
    a, b = (_decisions(text) for text in found["texts"])
    rows = [(*left, *right) for left, right in _aligned(found, a, b, ("", "", ""))]
    show.heat_map("Tags and their probabilities", ("a", "tag", "p", "b", "tag", "p"), rows)
    show.blank()
    _story(found)
    show.blank()


def _aligned(found: dict[str, Any], a: Sequence[Any], b: Sequence[Any], gap: Any) -> list[tuple[Any, Any]]:
    return [(gap if i is None else a[i], gap if j is None else b[j]) for i, j in found["alignment"]]


def _story(found: dict[str, Any]) -> None:
    """Say in words where two texts part."""
    parts = found["parts_at"]
    if parts["tokens"] is None:
        show.paragraph("The texts are the same.")
        return
    show.paragraph(f"The texts part at {_pair(found, parts['tokens'], 'text')}.")
    for memory, distance in zip(parts["memories"], found["distances"], strict=True):
        if memory["first"] is None:
            show.paragraph(f"Memory {memory['name']} is the same in both.")
            continue
        values = _by_pair(found, distance)
        first, far = memory["first"], memory["far"]
        said = f"Memory {memory['name']} parts at {_pair(found, first, 'text')}, {values[first]:.2f} apart"
        if far == first:
            said += ", over half of its largest distance"
        else:
            said += f"; over half of its largest distance from {_pair(found, far, 'text')} on, {values[far]:.2f}"
        show.paragraph(f"{said}.")
    if parts["decision"] is None:
        show.paragraph("No token that both texts have gets two tags.")
    else:
        where, tags = (_pair(found, parts["decision"], key) for key in ("text", "tag"))
        show.paragraph(f"The tags part at {where}: {tags}.", "bold")


def _pair(found: dict[str, Any], place: int, key: str) -> str:
    """What two texts have at a place of their alignment: once where it is the same."""
    sides = [
        None if number is None else text["tokens"][number][key]
        for text, number in zip(found["texts"], found["alignment"][place], strict=True)
    ]
    a, b = ("(nothing)" if side is None else side for side in sides)
    return a if a == b else f"{a} | {b}"


def _by_pair(found: dict[str, Any], distance: dict[str, Any]) -> list[Any]:
    """Distances by place in the alignment; "" at a gap."""
    values = iter(distance["values"])
    return ["" if None in pair else next(values) for pair in found["alignment"]]


def heat_maps(found: dict[str, Any]) -> None:
    """Every memory of the one text or of both, for both models where there are two, on one scale."""
    models = models_of(found)
    for name, model in zip(model_names(found), models, strict=True):
        for place in range(len(model["texts"][0]["memories"]) if model["texts"] else 0):
            memories = [text["memories"][place] for text in model["texts"]]
            _memory(model, memories, place, _scale(models, memories[0]), f"{name}: " if name else "")


def _scale(models: Sequence[dict[str, Any]], memory: dict[str, Any]) -> tuple[float, float]:
    """One scale for the memories of one name, and for hidden layers of two models."""
    is_output = memory["name"] == "output"
    scales = [
        each["scale"]
        for model in models
        for text in model["texts"]
        for each in text["memories"]
        if each["name"] == memory["name"] or (len(models) > 1 and (each["name"] == "output") == is_output)
    ]
    return min(low for low, _ in scales), max(high for _, high in scales)


def _memory(
    model: dict[str, Any], memories: Sequence[dict[str, Any]], place: int, scale: tuple[float, float], name: str
) -> None:
    texts = [[token["text"] for token in text["tokens"]] for text in model["texts"]]
    widest = sum(max(map(show.columns_of, tokens)) for tokens in texts)
    room = max(8, (show.width() - widest - 4) if len(texts) == 1 else (show.width() - widest - 18) // 2)
    units, (low, high) = memories[0]["units"], scale
    order = units["order"] if len(texts) == 1 else _differing(model, memories)
    what = "that tell the tags apart best" if len(texts) == 1 else "that differ most"
    chosen = f"the {room} of {len(order)} units {what}" if len(order) > room else f"{len(order)} units"
    show.line((f"{name}Memory: {memories[0]['name']}", "bold"), (f" (▁ {low:g} … █ {high:g})", ""))
    show.paragraph(f"{chosen}, from the left: {', '.join(str(unit + 1) for unit in order[:5])}, …", "dim")
    heat = [[show.cells([row[unit] for unit in order[:room]], low, high) for row in m["values"]] for m in memories]
    if len(texts) == 1:
        show.heat_map("", ("token", ""), list(zip(texts[0], heat[0], strict=True)))
    else:
        left, right = (list(zip(tokens, cells, strict=True)) for tokens, cells in zip(texts, heat, strict=True))
        apart = _by_pair(model, model["distances"][place])
        rows = [
            (*a, *b, value) for (a, b), value in zip(_aligned(model, left, right, ("", "")), apart, strict=True)
        ]
        show.heat_map("", ("a", "", "b", "", "distance"), rows)
    name_units(units)
    show.blank()


def _differing(model: dict[str, Any], memories: Sequence[dict[str, Any]]) -> list[int]:
    """The units by the sum of the squares of what two texts differ in, largest first."""
    a, b = (memory["values"] for memory in memories)
    pairs = [(a[i], b[j]) for i, j in model["alignment"] if i is not None and j is not None]
    units = range(len(a[0]))
    sums = [math.fsum((left[unit] - right[unit]) ** 2 for left, right in pairs) for unit in units]
    return sorted(units, key=lambda unit: -sums[unit])


def name_units(units: dict[str, Any], with_shares: bool = False) -> None:
    """Name the saturated and the dead units, and if asked those that tell the tags apart best, with their η²."""
    said = f"saturated: {_named(units['saturated'])} · dead: {_named(units['dead'])}"
    if with_shares:
        best = ", ".join(f"{unit + 1} ({units['separation'][unit]:.2f})" for unit in units["order"][:5])
        said = f"tell the tags apart best (share of variance between tags): {best} · {said}"
    show.paragraph(said, "dim")


def _named(units: Sequence[int]) -> str:
    names = ", ".join(str(unit + 1) for unit in units[:_NAMED])
    more = f" and {len(units) - _NAMED} more" if len(units) > _NAMED else ""
    return names + more if units else "none"
