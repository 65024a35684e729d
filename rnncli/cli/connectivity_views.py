"""What tags rest on, drawn on a terminal from the document of ``inspect-memory``."""

from collections.abc import Sequence
from typing import Any

from rnncli.cli import show
from rnncli.inspect.panels import Panel, panels

EXPLAINED = {
    "ablation": "how far the score of the tag falls when the token is unknown",
    "contribution": "the token's share of the score of the tag, by integrated gradients",
    "gradient": "how steeply the score of the tag changes with the token's input",
}
_LABEL = 26  # most columns of a row's name in a matrix
_CELL = 3


def largest(shown: Sequence[Panel], measure: str, targets: Sequence[Sequence[int]]) -> float:
    """The largest |value|, so that all is drawn on one scale."""
    values = [
        abs(value)
        for panel, chosen in zip(shown, targets, strict=True)
        for target in chosen
        for value in panel.row(measure, target)
    ]
    return max(values, default=0.0)


def number(value: float, signed: bool) -> str:
    """A value in at most six columns."""
    digits = 2 if abs(value) < 100 else 0
    if round(abs(value), digits) == 0:
        value = 0.0
    text = f"{value:+.{digits}f}" if signed and value else f"{value:.{digits}f}"
    return text.replace("-", "−") if len(text) <= 6 else f"{value:.0e}"


def lines(found: dict[str, Any], measure: str, targets: Sequence[Sequence[int]]) -> None:
    """For each target the sentence, every token shaded by how much the target's tag rests on it, with numbers."""
    shown = panels(found)
    if not shown:
        return
    models = len(shown) // len(targets)
    of_panels = [chosen for chosen in targets for _ in range(models)]
    scale = largest(shown, measure, of_panels)
    show.line((f"What tags rest on, by {measure}", "bold"), (f" (· 0 … █ {scale:.3g})", ""))
    show.paragraph(
        EXPLAINED[measure] + ("; * without the token the tag is another" if measure == "ablation" else "")
    )
    show.blank()
    for text, chosen in enumerate(targets):
        for target in chosen:
            for panel in shown[text * models : (text + 1) * models]:
                _line(panel, measure, target, scale)
    for panel in shown:
        _agreement(panel)
    show.blank()


def _line(panel: Panel, measure: str, target: int, scale: float) -> None:
    found, token = panel.text["connectivity"], panel.text["tokens"][target]
    row, values = found["targets"].index(target), panel.row(measure, target)
    name = f"{panel.name}  " if panel.name else ""
    show.line(
        (f"{name}{token['text']}", "bold"),
        (" → ", ""),
        (token["tag"], "bold"),
        (f"  p {token['probability']:.2f}", ""),
    )
    cells = []
    for place, (text, value) in enumerate(zip(panel.tokens, values, strict=True)):
        star = "*" if measure == "ablation" and found["changed"][row][place] else " "
        below = f"{show.height(value, scale)} {number(value, measure != 'gradient')}{star}"
        above = f"[{text}]" if place == target else text
        cells.append((above, below, show.shade(value, scale)))
    _wrapped(cells)
    show.blank()


def _wrapped(cells: Sequence[tuple[str, str, str]]) -> None:
    """Print pairs of words, one above the other, side by side for as long as there is room."""
    room, indent, most = show.width(), 2, show.width() - 4
    block: list[tuple[str, str, str, int]] = []
    used = indent
    for above, below, style in cells:
        columns = min(most, max(show.columns_of(above), show.columns_of(below)))
        if block and used + columns > room:
            _block(block, indent)
            block, used = [], indent
        block.append((above, below, style, columns))
        used += columns + 1
    _block(block, indent)


def _block(block: Sequence[tuple[str, str, str, int]], indent: int) -> None:
    blank = (" " * indent, "")
    above: list[tuple[str, str]] = [blank]
    below: list[tuple[str, str]] = [blank]
    for word, value, style, columns in block:
        fitted = show.padded(word, columns)
        kept = fitted.rstrip()
        above += [(kept, style), (" " * (show.columns_of(fitted) - show.columns_of(kept) + 1), "")]
        below.append((show.padded(value, columns + 1), ""))
    show.line(*above)
    show.line(*below)


def _agreement(panel: Panel) -> None:
    """How far the two other measures can be believed."""
    found = panel.text["connectivity"]
    said = ", ".join(
        f"{name} {'–' if value is None else f'{value:.2f}'}" for name, value in found["agreement"].items()
    )
    gaps = sorted(value for value in found["gap"] if value is not None) or [0.0]
    middle, most = (_percent(value) for value in (gaps[len(gaps) // 2], gaps[-1]))
    name = f"{panel.name}: rank" if panel.name else "Rank"
    show.paragraph(f"{name} correlation with ablation: {said}; completeness gap: median {middle}, largest {most}")


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def matrix(found: dict[str, Any], measure: str) -> None:
    """Every token's tag by what it rests on: a row a target, a column a token, in digits from 0 to 9."""
    shown = panels(found)
    every = [range(len(panel.tokens)) for panel in shown]
    scale = largest(shown, measure, every)
    for panel in shown:
        title = f"{panel.name}: all tags" if panel.name else "All tags"
        show.line((f"{title} by {measure}", "bold"), (f" (9 is {scale:.3g}; a row a tag, a column a token)", ""))
        _matrix(panel, measure, scale)
        show.blank()


def _matrix(panel: Panel, measure: str, scale: float) -> None:
    tokens, tags = panel.tokens, [token["tag"] for token in panel.text["tokens"]]
    names = [f"{n:>3} {token} {tag}" for n, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1)]
    label = min(_LABEL, max(map(show.columns_of, names)))
    room = max(1, (show.width() - label) // _CELL)
    rows = [panel.row(measure, target) for target in range(len(tokens))]
    for start in range(0, len(tokens), room):
        block = range(start, min(start + room, len(tokens)))
        show.line((" " * label, ""), *((f"{n + 1:>{_CELL}}", "dim") for n in block))
        for name, row in zip(names, rows, strict=True):
            cells = []
            for place in block:
                step = show.level(row[place], scale, 9)
                digit = str(step) if step else "·"
                cells.append((f"{digit.replace('-', '−'):>{_CELL - 1}} ", show.shade(row[place], scale)))
            show.line((show.padded(name, label), ""), *cells)
