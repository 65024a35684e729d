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
        line = f":{self.line}" if self.line else ""
        column = f":{self.column}" if self.column else ""
        text = f": {shown(self.text)}" if self.text else ""
        return f"{name}{line}{column}: {self.message}{text}"


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


def shown(text: str) -> str:
    """Quote a text of a file for a message, cut at 60 characters, what cannot be printed escaped."""
    start = text[:60].replace("\t", "⇥")
    printable = start if start.isprintable() else ascii(start)[1:-1]
    return f'"{printable}{"…" if len(text) > 60 else ""}"'
