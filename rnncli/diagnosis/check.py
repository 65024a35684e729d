"""One check and its outcome. What cannot be checked is said too."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

State = Literal["ok", "warning", "failed", "not checked"]


class Check(NamedTuple):
    """A check and its outcome."""

    name: str
    state: State
    text: str  # what was seen
    hint: str = ""  # what it means and what to do
    values: dict[str, Any] | None = None  # the same as numbers and texts, for JSON

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return self._asdict() | {"values": self.values or {}}


def all_hold(checks: Iterable[Check]) -> bool:
    """Tell whether no check failed."""
    return all(check.state != "failed" for check in checks)
