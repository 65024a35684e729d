"""Rows of a name and a text in lines that fit the terminal, on stdout."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.cli.printable import printable

if TYPE_CHECKING:
    from rnncli.diagnosis.check import Check

# Columns.
NAME = 13
STATE = 13
STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "not checked": "dim"}


def row(name: str, text: str) -> None:
    """A name and its text."""
    wrapped(text, f"  {name:<{NAME}}", " " * (NAME + 2))


def wrapped(text: str, first: str = "  ", others: str = "    ", style: str = "") -> None:
    """A text in lines that fit the terminal, except that no word is broken.

    first, others  what the first line and the others begin with
    style          of what the first line begins with
    """
    import textwrap

    wrapper = textwrap.TextWrapper(
        max(40, show.width() - 1), first, others, break_on_hyphens=False, break_long_words=False
    )
    for number, line in enumerate(wrapper.wrap(printable(text)) or [first]):
        start = first if number == 0 else others
        show.line((start, style if number == 0 else ""), (line[len(start) :], ""))


def checks(outcomes: "Sequence[Check]") -> None:
    """The outcome of each check, and what to do about it."""
    others = " " * (2 + STATE + NAME)
    before = ""
    for check in outcomes:
        wrapped(check.text, f"  {check.state:<{STATE}}{check.name:<{NAME}}", others, STYLES[check.state])
        if check.hint not in ("", before):  # several checks may fail for one reason
            wrapped(check.hint, others, others)
        before = check.hint
