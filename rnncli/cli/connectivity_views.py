"""What tags depend on, drawn on a terminal from the document of ``inspect-memory``."""

from collections.abc import Sequence
from typing import Any

from rnncli.cli import show
from rnncli.inspect.panels import Panel, panels

EXPLAINED = {
    "ablation": "how far the score of the tag falls when the token is unknown",
    "contribution": "the token's share of the score of the tag, by integrated gradients",
    "gradient": "how steeply the score of the tag changes with the token's input",
}
DETAILS = (
    "Rank correlation: whether a measure puts the tokens in the same order as ablation; 1 the same order, 0 none. "
    "Completeness gap: the share of the score that the contributions fail to explain."
)
_LABEL = 26  # the largest width of a row's name in a matrix, in columns of the terminal
_CELL = 3  # the least width of a column of a matrix


def largest(all_panels: Sequence[Panel], measure: str, targets: Sequence[Sequence[int]]) -> float:
    """The largest |value| of all panels, so that they are drawn on one scale."""
    values = [
        abs(value)
        for panel, chosen in zip(all_panels, targets, strict=True)
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


def lines(
    document: dict[str, Any], measure: str, targets: Sequence[Sequence[int]], with_details: bool = False
) -> None:
    """For each target the sentence, with its tokens shaded and numbered by how much the tag depends on them.

    with_details  whether to say how far the measures agree too
    """
    all_panels = panels(document)
    if not all_panels:
        return
    models = len(all_panels) // len(targets)
    targets_by_panel = [chosen for chosen in targets for _ in range(models)]
    scale = largest(all_panels, measure, targets_by_panel)
    show.line((f"What tags rest on, by {measure}", "bold"), (f" (· 0 … █ {scale:.3g})", ""))
    show.paragraph(
        EXPLAINED[measure] + ("; * without the token the tag is another" if measure == "ablation" else "")
    )
    show.blank()
    for text, chosen in enumerate(targets):
        for target in chosen:
            for panel in all_panels[text * models : (text + 1) * models]:
                _line(panel, measure, target, scale)
    if with_details:
        for panel in all_panels:
            _agreement(panel)
        show.paragraph(DETAILS, "dim")
        show.blank()


def _line(panel: Panel, measure: str, target: int, scale: float) -> None:
    token = panel.text["tokens"][target]
    connectivity = panel.text["connectivity"]
    row = connectivity["targets"].index(target)
    name = f"{panel.name}  " if panel.name else ""
    show.line(
        (f"{name}{token['text']}", "bold"),
        (" → ", ""),
        (token["tag"], "bold"),
        (f"  p {token['probability']:.2f}", ""),
    )
    cells = []
    for position, (text, value) in enumerate(zip(panel.tokens, panel.row(measure, target), strict=True)):
        star = "*" if measure == "ablation" and connectivity["changed"][row][position] else " "
        below = f"{show.height(value, scale)} {number(value, measure != 'gradient')}{star}"
        above = f"[{text}]" if position == target else text
        cells.append((above, below, show.shade(value, scale)))
    _wrapped(cells)
    show.blank()


def _wrapped(cells: Sequence[tuple[str, str, str]]) -> None:
    """Print pairs of words, one above the other, in lines that fit the terminal."""
    width = show.width()
    indent = 2
    block: list[tuple[str, str, str, int]] = []
    used = indent
    for above, below, style in cells:
        columns = min(width - 4, max(show.columns_of(above), show.columns_of(below)))
        if block and used + columns > width:
            _block(block, indent)
            block = []
            used = indent
        block.append((above, below, style, columns))
        used += columns + 1
    _block(block, indent)


def _block(block: Sequence[tuple[str, str, str, int]], indent: int) -> None:
    blank = (" " * indent, "")
    above: list[tuple[str, str]] = [blank]
    below: list[tuple[str, str]] = [blank]
    for word, value, style, columns in block:
        padded = show.padded(word, columns)
        shaded = padded.rstrip()
        above += [(shaded, style), (" " * (show.columns_of(padded) - show.columns_of(shaded) + 1), "")]
        below.append((show.padded(value, columns + 1), ""))
    show.line(*above)
    show.line(*below)


def _agreement(panel: Panel) -> None:
    """How well the two other measures agree with ablation, and the completeness gap."""
    connectivity = panel.text["connectivity"]
    agreement = ", ".join(
        f"{name} {'–' if value is None else f'{value:.2f}'}" for name, value in connectivity["agreement"].items()
    )
    gaps = sorted(value for value in connectivity["gap"] if value is not None) or [0.0]
    gap = f"median {_percent(gaps[len(gaps) // 2])}, largest {_percent(gaps[-1])}"
    name = f"{panel.name}: rank" if panel.name else "Rank"
    show.paragraph(f"{name} correlation with ablation: {agreement}; completeness gap: {gap}")


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def matrix(document: dict[str, Any], measure: str) -> None:
    """How much every tag depends on every token: a row a target, a column a token, in digits from 0 to 9."""
    all_panels = panels(document)
    scale = largest(all_panels, measure, [range(len(panel.tokens)) for panel in all_panels])
    for panel in all_panels:
        title = f"{panel.name}: all tags" if panel.name else "All tags"
        show.line((f"{title} by {measure}", "bold"), (f" (9 is {scale:.3g}; a row a tag, a column a token)", ""))
        _matrix(panel, measure, scale)
        show.blank()


def _matrix(panel: Panel, measure: str, scale: float) -> None:
    tokens = panel.tokens
    tags = [token["tag"] for token in panel.text["tokens"]]
    names = [f"{n:>3} {token} {tag}" for n, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1)]
    label = min(_LABEL, max(map(show.columns_of, names)))
    cell = max(_CELL, len(str(len(tokens))) + 1)
    cells_in_line = max(1, (show.width() - label) // cell)
    rows = [panel.row(measure, target) for target in range(len(tokens))]
    for start in range(0, len(tokens), cells_in_line):
        block = range(start, min(start + cells_in_line, len(tokens)))
        show.line((" " * label, ""), *((f"{n + 1:>{cell}}", "dim") for n in block))
        for name, row in zip(names, rows, strict=True):
            cells = []
            for column in block:
                step = show.level(row[column], scale, 9)
                digit = str(step) if step else "·"
                cells += [
                    (" " * (cell - 2), ""),
                    (f"{digit.replace('-', '−'):>2}", show.shade(row[column], scale)),
                ]
            show.line((show.padded(name, label), ""), *cells)
