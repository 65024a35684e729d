"""What is wrong in a file, and where; all faults of a file are reported together."""

from typing import NamedTuple

from rnncli.errors import DataError

SHOWN_FAULTS = 20


class Fault(NamedTuple):
    """Something wrong in a file; line and column count from 1, columns in characters; 0 is not known."""

    line: int
    column: int
    message: str
    text: str = ""
    hint: str = ""

    def located(self, name: str) -> str:
        """The message with the place in the file of this name, and the text there."""
        text = f": {shown(self.text)}" if self.text else ""
        return f"{place(name, self.line, self.column)}: {self.message}{text}"


class Faults:
    """Collects the faults of one file and keeps the first few of them.

    at_once  raise every fault as it is added: for streams, whose earlier results are written already
    most     how many are kept
    """

    def __init__(self, name: str, at_once: bool = False, most: int = SHOWN_FAULTS) -> None:
        self.name = name
        self.kept: list[Fault] = []
        self.count = 0
        self._at_once = at_once
        self._most = most

    def add(self, fault: Fault) -> None:
        """Note a fault; only the first ones are kept."""
        self.count += 1
        if self.count <= self._most:
            self.kept.append(fault)
        if self._at_once:
            self.raise_any()

    def raise_any(self) -> None:
        """Raise one :class:`DataError` with all faults kept and the number of the others."""
        if not self.count:
            return
        kept = sorted(self.kept, key=lambda fault: (fault.line, fault.column))
        lines = [fault.located(self.name) for fault in kept]
        if self.count > len(self.kept):
            lines.append(f"… and {self.count - len(self.kept)} more faults")
        hints = dict.fromkeys(fault.hint for fault in kept if fault.hint)
        raise DataError("\n".join(lines), hint="\n  ".join(hints))


def place(name: str, line: int = 0, column: int = 0) -> str:
    """A place in a file; or, of sentences that a program gave, whose name is ``<name>``, one of these."""
    if is_given(name):
        return f"{name}, sentence {line}" if line else name
    return ":".join([name, *(str(number) for number in (line, column) if number)])


def line_in_words(name: str, line: int) -> str:
    """The same without the name: ``line 3`` or ``sentence 3``."""
    return f"{'sentence' if is_given(name) else 'line'} {line}"


def is_given(name: str) -> bool:
    """Whether this is the name of sentences that a program gave, and not that of a file."""
    return name.startswith("<") and name.endswith(">")


def shown(text: str) -> str:
    """Quote a text of a file for a message, cut at 60 characters, what cannot be printed escaped."""
    start = text[:60].replace("\t", "⇥")
    printable = start if start.isprintable() else ascii(start)[1:-1]
    return f'"{printable}{"…" if len(text) > 60 else ""}"'
