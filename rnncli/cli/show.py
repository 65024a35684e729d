"""Output on a terminal: notes, tables, progress and drawings. Data are written to stdout, all else to stderr.

Only this file imports rich, and only when something is drawn. What it writes for people, and everything that it
writes to a terminal, is :func:`.printable`.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from rnncli.cli.printable import printable, shortened
from rnncli.errors import RnncliError
from rnncli.json_text import json_line as json_line

if TYPE_CHECKING:
    import logging

    from rich.console import Console
    from rich.text import Text

    from rnncli.marks import Tones

# Columns below which no table can be read, so that a smaller number, as COLUMNS=0, cannot be the width.
_NARROWEST = 20
_quiet = False
_handler: "logging.Handler | None" = None


def be_quiet(quiet: bool) -> None:
    """Set whether progress and notes are left out from now on; errors are always shown."""
    global _quiet
    _quiet = quiet


def _console(to_stderr: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=to_stderr, highlight=False, soft_wrap=False)
    if console.width < _NARROWEST:
        console.width = 80
    return console


def error(problem: RnncliError) -> None:
    """Show an error on stderr."""
    where = f"{printable(problem.where)}: " if problem.where else ""
    hint = f"\n  {problem.hint}" if problem.hint else ""
    text = shortened(where + printable(f"{problem.message}{hint}", keep="\n"))
    if not sys.stderr.isatty():
        print(f"error: {text}", file=sys.stderr)
        return
    from rich.text import Text

    _console(to_stderr=True).print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)


def note(text: str) -> None:
    """Show a note on stderr, in one line."""
    if not _quiet:
        print(printable(text), file=sys.stderr, flush=True)


def put(file: Path | str, text: str) -> None:
    """Write a text to a file and name it; ``-`` is stdout."""
    if str(file) == "-":
        data(text)
        return
    from rnncli import writing

    writing.write_text(Path(file), text)
    written(file)


def written(path: Path | str) -> None:
    """Name a file that was written."""
    note(f"wrote   {path}")


def show_log() -> None:
    """Show what the package logs, for example that kernels are compiled, as notes from now on."""
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
    """Write data to stdout, as they are; on a terminal printable."""
    sys.stdout.write(printable(text, keep="\n\t") if sys.stdout.isatty() else text)


def text(text: str) -> None:
    """Write lines for people to stdout."""
    sys.stdout.write(printable(text, keep="\n"))


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], to_stderr: bool = False) -> None:
    """Draw a table, the first column aligned to the left and the others to the right."""
    if to_stderr and _quiet:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rich_table = Table(
        title=Text(title) if title else None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False
    )
    for column, header in enumerate(headers):
        rich_table.add_column(Text(header), justify="left" if column == 0 else "right", overflow="fold")
    for row in rows:
        rich_table.add_row(*(Text(printable(cell)) for cell in row))
    _console(to_stderr).print(rich_table)


class Progress(Protocol):
    """Shows the progress of something that takes long."""

    def update(self, done: float, message: str) -> None:
        """Show which share is done, from 0 to 1, and a message."""


# Without a terminal: seconds until the first line of progress. Each line after that comes after twice the time.
FIRST_LINE = 10.0


# At a terminal: seconds until a bar is drawn, and between two updates of it.
FIRST_BAR = 1.0
BAR_INTERVAL = 0.1


class _Lines:
    """Lines of progress for a file, at growing intervals."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._due = FIRST_LINE

    def update(self, done: float, message: str) -> None:
        passed = time.monotonic() - self._began
        if passed >= self._due:
            note(f"{100 * done:.0f} % after {passed:,.0f} s: {message}")
            self._due = 2 * passed


class _Bar:
    """A bar on the terminal with the time left, drawn once something takes longer than a second."""

    def __init__(self, stack: ExitStack, message: str) -> None:
        self._stack = stack
        self._message = message
        self._due = time.monotonic() + FIRST_BAR
        self._phase = ""  # the first word of the last message; another one is shown at once
        self._bar: Any = None

    def draw(self) -> None:
        """Draw the bar."""
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        description = TextColumn("{task.description}", markup=False)
        columns = (BarColumn(bar_width=18), description, TimeRemainingColumn(), TextColumn("left"))
        bar = Bar(*columns, console=_console(to_stderr=True), transient=True, speed_estimate_period=60)
        self._bar = self._stack.enter_context(bar)
        self._task = bar.add_task(self._message, total=1.0)

    def update(self, done: float, message: str) -> None:
        now = time.monotonic()
        phase = message.partition(" ")[0]
        is_new = self._bar is not None and phase != self._phase
        if now < self._due and not is_new:
            return
        self._due = now + BAR_INTERVAL
        self._phase = phase
        if self._bar is None:
            self.draw()
        self._bar.update(self._task, completed=done, description=printable(message))


@contextmanager
def progress(message: str = "", at_once: bool = False) -> Iterator[Progress]:
    """Show how far the block is: a bar on a terminal, else lines on stderr.

    message  until the first update
    at_once  draw the bar before that
    """
    if _quiet or not sys.stderr.isatty():
        yield _Lines()
        return
    with ExitStack() as stack:
        bar = _Bar(stack, message)
        if at_once:
            bar.draw()
        yield bar


def fraction(value: float | None, digits: int = 2) -> str:
    """A fraction as a percentage, "–" if it is undefined."""
    return "–" if value is None else f"{100 * value:.{digits}f}"


def points(value: float | None, digits: int = 1) -> str:
    """A difference of fractions in points, with its sign: ``+0.8``, ``−0.3``; "–" if it is undefined."""
    return "–" if value is None else f"{100 * value:+.{digits}f}".replace("-", "−")


def counted(number: int, what: str) -> str:
    """A number of things: ``1 trial``, ``2 trials``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def labelled_line(text: str, marks: Sequence[tuple[int, int, str]], tones: "Tones | None" = None) -> str:
    """A text with its spans in brackets, printable: ``leave [Taipei: departure]``.

    marks  (start, end, label) of each span, in order
    tones  of the labels, if the line is for a terminal, which may have colours
    """
    pieces = []
    position = 0
    for start, end, label in marks:
        style = f"color(16) on color({tones.colour(label)})" if tones else ""
        pieces += [(text[position:start], ""), (f"[{text[start:end]}: ", style), (label, f"bold {style}".strip())]
        pieces.append(("]", style))
        position = end
    pieces.append((text[position:], ""))
    pieces = [(printable(piece, keep="\t"), style) for piece, style in pieces]
    if not tones:
        return "".join(piece for piece, _ in pieces)
    from rich.text import Text

    console = _console()
    with console.capture() as capture:
        console.print(Text.assemble(*pieces), soft_wrap=True, end="")
    return capture.get()


def labelled(name: str, text: str, marks: Sequence[tuple[int, int, str]], tones: "Tones") -> None:
    """Print such a line on stdout after a name, in colours if the terminal has some."""
    line = labelled_line(text, marks, tones if colours() else None)
    sys.stdout.write(f"{printable(name)}{line}\n")


# Eight heights, the lowest for −1 (or the least value), the highest for 1, so that colour is not needed.
_HEIGHTS = "▁▂▃▄▅▆▇█"
# Blue – grey – orange, which most colour-blind people can distinguish; numbers of the 256-colour palette.
_SHADES = (27, 33, 75, 153, 223, 215, 208, 202)


def bars(values: Sequence[float]) -> str:
    """A line of bars from the least to the greatest value; digits from 1 to 8 in a locale without bars.

    A value that is not finite is a blank.
    """
    import locale

    heights = _HEIGHTS
    try:
        heights.encode(locale.getencoding())
    except (UnicodeEncodeError, LookupError):
        heights = "12345678"
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    span = (high - low) or 1.0
    return "".join(heights[round(7 * (v - low) / span)] if math.isfinite(v) else " " for v in values)


def cells(values: Sequence[float], low: float, high: float) -> "Text":
    """One row of a heat map, a cell for each value, scaled from ``low`` to ``high``."""
    from rich.text import Text

    row = Text(no_wrap=True)
    for value in values:
        level = round(7 * (min(max(value, low), high) - low) / (high - low)) if high > low else 0
        row.append(_HEIGHTS[level], f"color({_SHADES[level]})")
    return row


def bands(
    name: str, values: Sequence[float | None], widths: Sequence[int], scale: tuple[float, float], end: str
) -> None:
    """Print one row of a heat map on stdout, with cells as wide as the words above them.

    name, end  what stands before and after the cells
    values     ``None`` for an empty cell
    """
    from rich.text import Text

    row = Text(printable(name))
    for value, columns in zip(values, widths, strict=True):
        if value is None:
            row.append(" " * columns)
        else:
            cell = cells([value], *scale)
            row.append(cell.plain * columns, cell.spans[0].style)
        row.append(" ")
    row.append(f" {printable(end)}" if end else "")
    row.rstrip()
    _console().print(row, soft_wrap=True)


# Single hues from faint to strong: orange for more than 0, blue for less.
_MORE = (230, 223, 215, 208)
_LESS = (195, 153, 75, 33)


def level(value: float, largest: float, steps: int) -> int:
    """A value in whole steps, from 0 to ±``steps`` for ±``largest``, with the sign of the value."""
    share = min(1.0, abs(value) / largest) if largest > 0 else 0.0
    return round(share * steps) if value >= 0 else -round(share * steps)


def height(value: float, largest: float) -> str:
    """A block as high as |value|; a dot where it rounds to 0."""
    step = abs(level(value, largest, len(_HEIGHTS)))
    return _HEIGHTS[step - 1] if step else "·"


def shade(value: float, largest: float) -> str:
    """A rich style whose background is as strong as |value|: orange above 0, blue below."""
    step = level(value, largest, len(_MORE))
    if step == 0:
        return ""
    colour = (_MORE if step > 0 else _LESS)[abs(step) - 1]
    return f"color(16) on color({colour})"


def line(*pieces: tuple[str, str]) -> None:
    """Print one line of (words, style) on stdout; a style is rich's, "" for none."""
    from rich.text import Text

    printable_pieces = [(printable(words), style) for words, style in pieces]
    _console().print(Text.assemble(*printable_pieces), soft_wrap=True)


def paragraph(text: str, style: str = "") -> None:
    """Print words on stdout, broken into lines that fit the terminal."""
    from rich.text import Text

    _console().print(Text(printable(text), style))


def padded(text: str, columns: int, right: bool = False) -> str:
    """A text of exactly so many columns, cut with an ellipsis if it is longer; ``right`` aligns it to the right."""
    from rich.cells import set_cell_size

    if columns_of(text) > columns:
        return set_cell_size(set_cell_size(text, columns - 1).rstrip() + "…", columns)
    blanks = " " * (columns - columns_of(text))
    return blanks + text if right else text + blanks


def heat_map(title: str, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Draw rows of words and :func:`cells` on stdout; numbers (float) are aligned to the right."""
    from rich.table import Table
    from rich.text import Text

    def content(cell: Any) -> Any:
        if isinstance(cell, float):
            return Text(f"{cell:.2f}")
        return Text(printable(cell)) if isinstance(cell, str) else cell

    rich_table = Table(
        title=Text(printable(title), "bold"), title_justify="left", box=None, pad_edge=False, padding=(0, 1)
    )
    numeric = [isinstance(cell, float) for cell in rows[0]] if rows else [False] * len(headers)
    for header, is_number in zip(headers, numeric, strict=True):
        justify: Literal["left", "right"] = "right" if is_number else "left"
        rich_table.add_column(Text(printable(header), "dim"), justify=justify, no_wrap=True, overflow="ellipsis")
    for row in rows:
        rich_table.add_row(*map(content, row))
    _console().print(rich_table)


def columns_of(text: str) -> int:
    """Columns that a text takes on a terminal, where some characters take two."""
    from rich.cells import cell_len

    return cell_len(text)


def blank() -> None:
    """Print an empty line on stdout."""
    print()


def width_of_notes() -> int:
    """Columns of the terminal of stderr; 80 if it is none."""
    return _console(to_stderr=True).width


def width() -> int:
    """Columns of the terminal; 80 if there is no terminal."""
    return _console().width


def colours() -> str:
    """The system of colours of the terminal, as ``256``; "" for none."""
    return _console().color_system or ""


def reach(low: float, middle: float, high: float, least: int, most: int, columns: int) -> str:
    """Draw a value with its spread on a logarithmic scale: ``├──●──┤``; the empty string for a value of 0.

    least, most  the powers of ten at both ends of the scale
    """

    def column(value: float) -> int:
        share = (math.log10(value) - least) / (most - least) if value > 0 else 0.0
        return round((columns - 1) * min(max(share, 0.0), 1.0))

    if not middle > 0:
        return ""
    characters = [" "] * columns
    start = column(low)
    end = column(high)
    characters[start : end + 1] = "─" * (end + 1 - start)
    characters[start] = "├"
    characters[end] = "┤"
    characters[column(middle)] = "●"
    return "".join(characters).rstrip()


def logarithms(values: Sequence[float | None], least: int, most: int) -> "Text":
    """One row of a heat map of positive values on a logarithmic scale; a space for 0 and ``None``."""
    from rich.text import Text

    row = Text(no_wrap=True)
    for value in values:
        row.append_text(cells([math.log10(value)], least, most) if value else Text(" "))
    return row
