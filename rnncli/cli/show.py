"""How things look on a terminal; the one importer of rich, and only when something is drawn.

stdout carries data, stderr everything else.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from rnncli.errors import ModelError, RnncliError

if TYPE_CHECKING:
    import logging

    from rich.console import Console
    from rich.text import Text

_quiet = False
_handler: "logging.Handler | None" = None


def be_quiet(quiet: bool) -> None:
    """Leave out progress and notes from now on; errors are always shown."""
    global _quiet
    _quiet = quiet


def _console(to_stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=to_stderr, highlight=False, soft_wrap=False)


def error(problem: RnncliError) -> None:
    """Show an error on stderr."""
    if not sys.stderr.isatty():
        print(f"error: {problem}", file=sys.stderr)
        return
    from rich.text import Text

    _console(to_stderr=True).print(Text.assemble(("error: ", "bold red"), str(problem)), soft_wrap=True)


def note(text: str) -> None:
    """Show a remark on stderr."""
    if not _quiet:
        print(text, file=sys.stderr, flush=True)


def show_log() -> None:
    """Show what the package logs, such as that kernels are compiled, as remarks from now on."""
    import logging

    global _handler
    if _handler:
        return

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage())

    _handler = Notes()
    logger = logging.getLogger("rnncli")
    logger.setLevel(logging.INFO)
    logger.addHandler(_handler)


def data(text: str) -> None:
    """Write data to stdout, as it is."""
    sys.stdout.write(text)


def json_line(value: Any) -> str:
    """A value as one line of JSON, which knows no NaN and no infinity: with one it is a :class:`.ModelError`."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        hint = "the weights of the model are too large to compute with"
        raise ModelError("the result holds a number that is not finite", hint=hint) from error


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], to_stderr: bool = False) -> None:
    """Draw a table, the first column to the left and the others to the right."""
    if to_stderr and _quiet:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, header in enumerate(headers):
        drawn.add_column(Text(header), justify="left" if i == 0 else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    _console(to_stderr).print(drawn)


class Progress(Protocol):
    """A live line about something that takes long."""

    def update(self, done: float, message: str) -> None:
        """Tell which share of it is done, and what to say about that."""


# Seconds after which a line tells how far it is where there is no terminal; then after twice as long, and so on.
FIRST_LINE = 10.0


class _Lines:
    """Lines that become rare."""

    def __init__(self) -> None:
        self._began, self._due = time.monotonic(), FIRST_LINE

    def update(self, done: float, message: str) -> None:
        passed = time.monotonic() - self._began
        if passed >= self._due:
            note(f"{100 * done:.0f} % after {passed:,.0f} s: {message}")
            self._due = 2 * passed


@contextmanager
def progress(message: str = "compiling …") -> Iterator[Progress]:
    """Draw a bar with the time left while the block runs; where stderr is not a terminal, a line now and then."""
    if _quiet or not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    said, left = TextColumn("{task.description}", markup=False), TextColumn("left")
    columns = (BarColumn(bar_width=18), said, TimeRemainingColumn(), left)
    with Bar(*columns, console=_console(to_stderr=True), transient=True, speed_estimate_period=60) as bar:
        task = bar.add_task(message, total=1.0)

        class Live:
            def update(self, done: float, message: str) -> None:
                bar.update(task, completed=done, description=message)

        yield Live()


def fraction(value: float | None, digits: int = 2) -> str:
    """A fraction as a percentage, "–" where it is undefined."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def labelled_line(text: str, marks: Sequence[tuple[int, int, str]]) -> str:
    """A text with its spans in brackets: ``leave [Taipei: departure]``; in colour on a terminal.

    marks  (start, end, label) of each span, in order
    """
    pieces = []
    position = 0
    for start, end, label in marks:
        pieces += [(text[position:start], ""), ("[", "dim"), (text[start:end], "bold"), (": ", "dim")]
        pieces += [(label, _colour(label)), ("]", "dim")]
        position = end
    pieces.append((text[position:], ""))
    if not sys.stdout.isatty():
        return "".join(piece for piece, _ in pieces)
    from rich.text import Text

    console = _console()
    with console.capture() as capture:
        console.print(Text.assemble(*pieces), soft_wrap=True, end="")
    return capture.get()


_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def _colour(label: str) -> str:
    return _COLOURS[sum(label.encode()) % len(_COLOURS)]


# Eight heights, lowest for −1 (or the least value), highest for 1: the map is read without colour too.
_HEIGHTS = "▁▂▃▄▅▆▇█"
# Blue – grey – orange, told apart by most colour-blind people; numbers of the 256-colour palette.
_SHADES = (27, 33, 75, 153, 223, 215, 208, 202)


def cells(values: Sequence[float], low: float, high: float) -> "Text":
    """One row of a heat map, a cell for each value, scaled from ``low`` to ``high``."""
    from rich.text import Text

    row = Text(no_wrap=True)
    for value in values:
        level = round(7 * (min(max(value, low), high) - low) / (high - low)) if high > low else 0
        row.append(_HEIGHTS[level], f"color({_SHADES[level]})")
    return row


# Single hues from faint to strong: orange for more than 0, blue for less.
_MORE = (230, 223, 215, 208)
_LESS = (195, 153, 75, 33)


def level(value: float, largest: float, steps: int) -> int:
    """Where a value stands between 0 and the largest, in whole steps from 0; its sign is that of the value."""
    share = min(1.0, abs(value) / largest) if largest > 0 else 0.0
    return round(share * steps) if value >= 0 else -round(share * steps)


def height(value: float, largest: float) -> str:
    """A block as high as |value|; a dot where there is next to nothing."""
    step = abs(level(value, largest, len(_HEIGHTS)))
    return _HEIGHTS[step - 1] if step else "·"


def shade(value: float, largest: float) -> str:
    """The style of words that stand on a ground as strong as |value|, orange above 0, blue below."""
    step = level(value, largest, len(_MORE))
    if step == 0:
        return ""
    colour = (_MORE if step > 0 else _LESS)[abs(step) - 1]
    return f"color(16) on color({colour})"


# A token may hold a character that would command the terminal.
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "\ufffd")


def line(*pieces: tuple[str, str]) -> None:
    """Print one line of (words, style) on stdout; a style is rich's, "" for none."""
    from rich.text import Text

    shown = [(words.translate(_CONTROLS), style) for words, style in pieces]
    _console().print(Text.assemble(*shown), soft_wrap=True)


def paragraph(text: str, style: str = "") -> None:
    """Print words on stdout, broken into lines that fit the terminal."""
    from rich.text import Text

    _console().print(Text(text.translate(_CONTROLS), style))


def padded(text: str, columns: int, right: bool = False) -> str:
    """A text of just so many columns, cut with an ellipsis where it is longer."""
    from rich.cells import set_cell_size

    if columns_of(text) > columns:
        return set_cell_size(set_cell_size(text, columns - 1).rstrip() + "…", columns)
    blanks = " " * (columns - columns_of(text))
    return blanks + text if right else text + blanks


def heat_map(title: str, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Draw rows of words and :func:`cells` on stdout; everything is to the left but numbers (float)."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=Text(title, "bold"), title_justify="left", box=None, pad_edge=False, padding=(0, 1))
    numeric = [isinstance(cell, float) for cell in rows[0]] if rows else []
    for header, right in zip(headers, numeric, strict=True):
        drawn.add_column(
            Text(header, "dim"), justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    for row in rows:
        drawn.add_row(
            *(
                Text(f"{c:.2f}" if isinstance(c, float) else c.translate(_CONTROLS))
                if isinstance(c, float | str)
                else c
                for c in row
            )
        )
    _console().print(drawn)


def columns_of(text: str) -> int:
    """Columns that a text takes on a terminal, where some characters take two."""
    from rich.cells import cell_len

    return cell_len(text)


def blank() -> None:
    """An empty line on stdout, between drawings."""
    print()


def width() -> int:
    """Columns of the terminal, 80 where there is none."""
    return _console().width


def reach(low: float, middle: float, high: float, least: int, most: int, columns: int) -> str:
    """Draw a value with its spread on a logarithmic scale: ``├──●──┤``; nothing for a value of 0.

    least, most  the powers of ten at both ends of the scale
    """
    import math

    def place(value: float) -> int:
        part = (math.log10(value) - least) / (most - least) if value > 0 else 0.0
        return round((columns - 1) * min(max(part, 0.0), 1.0))

    if not middle > 0:
        return ""
    line = [" "] * columns
    line[place(low) : place(high) + 1] = "─" * (place(high) + 1 - place(low))
    line[place(low)], line[place(high)], line[place(middle)] = "├", "┤", "●"
    return "".join(line).rstrip()


def logarithms(values: Sequence[float | None], least: int, most: int) -> "Text":
    """One row of a heat map of positive values by their powers of ten; a space for what is not above 0."""
    import math

    from rich.text import Text

    row = Text(no_wrap=True)
    for value in values:
        row.append_text(cells([math.log10(value)], least, most) if value else Text(" "))
    return row
