"""Decisions, contrasts and memories, drawn on a terminal from the document of ``inspect-memory``."""

import math
from collections.abc import Sequence
from typing import Any

from rnncli.cli import show
from rnncli.inspect.panels import model_names, models_of

_ROWS = 6  # units that have a row
# Said once below what it explains.
DETAILS = (
    " A saturated unit is at an end of its range at nearly every token, so that it hardly learns; a dead unit has "
    "one value at all tokens."
)
_NAMED = 8  # how many saturated or dead units are named; of the others only the number is shown
Decision = tuple[str, str, Any]


def _decisions(text: dict[str, Any]) -> list[Decision]:
    return [(token["text"], token["tag"], token["probability"]) for token in text["tokens"]]


def decisions(document: dict[str, Any]) -> None:
    """The tags of one text and their probabilities, of both models where there are two."""
    rows: list[tuple[Any, ...]] = list(_decisions(document["texts"][0]))
    headers = ["token", "tag", "p"]
    title = ""
    if "compare" in document:
        names = model_names(document)
        title = f"Tags of {names[0]} and of {names[1]}, and their probabilities"
        compared = _decisions(document["compare"]["texts"][0])
        rows = [(*row, *second[1:]) for row, second in zip(rows, compared, strict=True)]
        headers += ["tag", "p"]
    show.heat_map(title, headers, rows)
    show.blank()


def contrast(document: dict[str, Any]) -> None:
    """The tags of two texts, aligned, and where their tokens, memories and tags begin to differ."""
    a, b = (_decisions(text) for text in document["texts"])
    rows = [(*left, *right) for left, right in _aligned(document, a, b, ("", "", ""))]
    show.heat_map("Tags and their probabilities", ("a", "tag", "p", "b", "tag", "p"), rows)
    show.blank()
    _parting(document)
    show.blank()


def _aligned(document: dict[str, Any], a: Sequence[Any], b: Sequence[Any], gap: Any) -> list[tuple[Any, Any]]:
    return [(gap if i is None else a[i], gap if j is None else b[j]) for i, j in document["alignment"]]


def _parting(document: dict[str, Any]) -> None:
    """Say in words where two texts begin to differ."""
    parts = document["parts_at"]
    if parts["tokens"] is None:
        show.paragraph("The texts are the same.")
        return
    show.paragraph(f"The texts part at {_pair(document, parts['tokens'], 'text')}.")
    for memory, distance in zip(parts["memories"], document["distances"], strict=True):
        if memory["first"] is None:
            show.paragraph(f"Memory {memory['name']} is the same in both.")
            continue
        values = _by_pair(document, distance)
        first = memory["first"]
        far = memory["far"]
        sentence = f"Memory {memory['name']} parts at {_pair(document, first, 'text')}, {values[first]:.2f} apart"
        if far == first:
            sentence += ", over half of its largest distance"
        else:
            from_pair = _pair(document, far, "text")
            sentence += f"; over half of its largest distance from {from_pair} on, {values[far]:.2f}"
        show.paragraph(f"{sentence}.")
    if parts["decision"] is None:
        show.paragraph("No token that both texts have gets two tags.")
    else:
        where, tags = (_pair(document, parts["decision"], key) for key in ("text", "tag"))
        show.paragraph(f"The tags part at {where}: {tags}.", "bold")


def _pair(document: dict[str, Any], position: int, key: str) -> str:
    """The values of two texts at a position of their alignment; only one where they are the same."""
    sides = [
        None if number is None else text["tokens"][number][key]
        for text, number in zip(document["texts"], document["alignment"][position], strict=True)
    ]
    a, b = ("(nothing)" if side is None else side for side in sides)
    return a if a == b else f"{a} | {b}"


def _by_pair(document: dict[str, Any], distance: dict[str, Any]) -> list[Any]:
    """Distances by position in the alignment; "" at a gap."""
    values = iter(distance["values"])
    return ["" if None in pair else next(values) for pair in document["alignment"]]


def heat_maps(document: dict[str, Any], with_details: bool = False) -> None:
    """Every memory of the one text or of both, for both models where there are two, on one scale.

    with_details  whether to name the saturated and dead units too
    """
    models = models_of(document)
    has_names = False
    for name, model in zip(model_names(document), models, strict=True):
        for index in range(len(model["texts"][0]["memories"]) if model["texts"] else 0):
            memories = [text["memories"][index] for text in model["texts"]]
            _memory(model, memories, index, _scale(models, memories[0]), f"{name}: " if name else "")
            has_names |= not memories[0]["units"]["tags"] and any(memories[0]["units"]["apart"])
            if with_details:
                name_units(memories[0]["units"])
            show.blank()
    if not has_names:
        return
    tokens = "the corpus" if "corpus" in document else "these texts"
    hint = "" if "corpus" in document else "; --corpus FILE takes those of a labelled file"
    show.paragraph(
        f"A unit tells two types apart if its values at their tokens differ more than they vary within a type, in "
        f"{tokens}{hint}.{DETAILS if with_details else ''}",
        "dim",
    )
    show.blank()


def _scale(models: Sequence[dict[str, Any]], memory: dict[str, Any]) -> tuple[float, float]:
    """One scale for all memories with this name; with two models one for all hidden layers."""
    is_output = memory["name"] == "output"
    scales = [
        m["scale"]
        for model in models
        for text in model["texts"]
        for m in text["memories"]
        if m["name"] == memory["name"] or (len(models) > 1 and (m["name"] == "output") == is_output)
    ]
    return min(low for low, _ in scales), max(high for _, high in scales)


def _memory(
    model: dict[str, Any], memories: Sequence[dict[str, Any]], index: int, scale: tuple[float, float], name: str
) -> None:
    units = memories[0]["units"]
    low, high = scale
    show.line((f"{name}Memory: {memories[0]['name']}", "bold"), (f" (▁ {low:g} … █ {high:g})", ""))
    order = _most_probable(memories) if units["tags"] else _named_first(model, memories)
    if not _by_unit(model, memories, index, scale, order):
        _by_token(model, memories, index, scale, order)


def _most_probable(memories: Sequence[dict[str, Any]]) -> list[int]:
    """The tags of an output by their largest probability."""
    rows = [row for memory in memories for row in memory["values"]]
    return sorted(range(len(rows[0])), key=lambda tag: -max(row[tag] for row in rows))


def _named_first(model: dict[str, Any], memories: Sequence[dict[str, Any]]) -> list[int]:
    """The units by how much they differ, or by their separation; for each two types the first one comes first."""
    units = memories[0]["units"]
    by_measure = _differing(model, memories) if len(memories) == 2 else units["order"]
    firsts: dict[frozenset[str], int] = {}
    for unit in by_measure:
        if units["apart"][unit]:
            firsts.setdefault(frozenset(units["apart"][unit]), unit)
    chosen = set(firsts.values())
    return sorted(by_measure, key=lambda unit: (unit not in chosen, units["apart"][unit] is None))


def _criterion(memories: Sequence[dict[str, Any]], shown: int) -> str:
    """Which units are shown, in words."""
    units = len(memories[0]["units"]["order"])
    if memories[0]["units"]["tags"]:
        return f"what is fed back, ŷ: {shown} of {units} tags, the most probable first"
    if shown >= units:
        return f"{units} units"
    measure = "separates the tags best" if len(memories) == 1 else "differs most"
    return f"{shown} of {units} units, first for each two types the one that {measure}"


def _by_unit(
    model: dict[str, Any],
    memories: Sequence[dict[str, Any]],
    index: int,
    scale: tuple[float, float],
    order: Sequence[int],
) -> bool:
    """Draw a row for each unit, named by what it tells apart, under the tokens; return whether they fit."""
    units = memories[0]["units"]
    shown = order[:_ROWS]
    labels = [str(unit + 1) if units["tags"] is None else units["tags"][unit] for unit in shown]
    label = max(4, *map(show.columns_of, labels))
    apart = [None if units["tags"] else units["apart"][unit] for unit in shown]
    names = ["" if pair is None else f"{pair[0]} from {pair[1]}" for pair in apart]
    pairs = model["alignment"] if len(memories) == 2 else [[number] for number in range(len(memories[0]["values"]))]
    words = [
        ["" if n is None else text["tokens"][n]["text"] for n in numbers]
        for text, numbers in zip(model["texts"], zip(*pairs, strict=True), strict=True)
    ]
    least = 1 if len(memories) == 1 else 4  # of a distance
    widths = [max(least, *map(show.columns_of, column)) for column in zip(*words, strict=True)]
    sides = [""] if len(memories) == 1 else ["a ", "b "]
    indent = label + 2 + len(sides[0])
    columns = indent + sum(widths) + len(widths) + 1
    if columns + max(map(show.columns_of, names)) > show.width():
        return False
    show.paragraph(_criterion(memories, len(shown)), "dim")
    for number, (side, tokens) in enumerate(zip(sides, words, strict=True)):
        cells = " ".join(show.padded(word, width) for word, width in zip(tokens, widths, strict=True))
        head = "  tells apart" if any(names) and number == 0 else ""
        start = " " * (label + 2) + side
        fits = show.columns_of(start + cells + head) <= show.width()
        show.line((start + cells, ""), (head if fits else "", "dim"))
    for unit, unit_label, unit_name in zip(shown, labels, names, strict=True):
        for number, (side, memory) in enumerate(zip(sides, memories, strict=True)):
            start = show.padded(unit_label if number == 0 else "", label, right=True)
            row = [None if pair[number] is None else memory["values"][pair[number]][unit] for pair in pairs]
            show.bands(f"{start}  {side}", row, widths, scale, unit_name if number == 0 else "")
    if len(memories) == 2:
        distances = _by_pair(model, model["distances"][index])
        far = (f"{value:.2f}" if value != "" else "" for value in distances)
        cells = " ".join(show.padded(value, width) for value, width in zip(far, widths, strict=True))
        show.line((f"{show.padded('apart', indent)}{cells}", "dim"))
    return True


def _by_token(
    model: dict[str, Any],
    memories: Sequence[dict[str, Any]],
    index: int,
    scale: tuple[float, float],
    order: Sequence[int],
) -> None:
    """Draw a row for each token, a column for each unit."""
    texts = [[token["text"] for token in text["tokens"]] for text in model["texts"]]
    widest = sum(max(map(show.columns_of, tokens)) for tokens in texts)
    cells = max(8, (show.width() - widest - 4) if len(texts) == 1 else (show.width() - widest - 18) // 2)
    units = memories[0]["units"]
    first = [f"{unit + 1}" if units["tags"] is None else units["tags"][unit] for unit in order[:5]]
    for number, unit in enumerate(order[:5]):
        pair = units["apart"][unit]
        if pair and units["tags"] is None:
            first[number] += f" ({pair[0]} from {pair[1]})"
    show.paragraph(f"{_criterion(memories, min(cells, len(order)))}, from the left: {', '.join(first)}, …", "dim")
    heat = [[show.cells([row[u] for u in order[:cells]], *scale) for row in m["values"]] for m in memories]
    if len(texts) == 1:
        show.heat_map("", ("token", ""), list(zip(texts[0], heat[0], strict=True)))
        return
    left, right = (list(zip(tokens, rows, strict=True)) for tokens, rows in zip(texts, heat, strict=True))
    distances = _by_pair(model, model["distances"][index])
    pairs = _aligned(model, left, right, ("", ""))
    rows = [(*a, *b, distance) for (a, b), distance in zip(pairs, distances, strict=True)]
    show.heat_map("", ("a", "", "b", "", "distance"), rows)


def _differing(model: dict[str, Any], memories: Sequence[dict[str, Any]]) -> list[int]:
    """The units by the sum of their squared differences between two texts, the largest first."""
    a, b = (memory["values"] for memory in memories)
    pairs = [(a[i], b[j]) for i, j in model["alignment"] if i is not None and j is not None]
    units = range(len(a[0]))
    sums = [math.fsum((left[unit] - right[unit]) ** 2 for left, right in pairs) for unit in units]
    return sorted(units, key=lambda unit: -sums[unit])


def name_units(units: dict[str, Any], with_shares: bool = False) -> None:
    """Name the saturated and the dead units; ``with_shares`` also those that separate the tags best, with η²."""
    names = f"saturated: {_named(units['saturated'])} · dead: {_named(units['dead'])}"
    if with_shares:
        best = ", ".join(f"{unit + 1} ({units['separation'][unit]:.2f})" for unit in units["order"][:5])
        names = f"tell the tags apart best (share of variance between tags): {best} · {names}"
    show.paragraph(names, "dim")


def _named(units: Sequence[int]) -> str:
    names = ", ".join(str(unit + 1) for unit in units[:_NAMED])
    more = f" and {len(units) - _NAMED} more" if len(units) > _NAMED else ""
    return names + more if units else "none"
