"""What the README shows is what the program prints, and what it says of architectures is what the program has."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.config import ARCHITECTURES

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
# "$ command" and the lines that it prints, up to the next command or the end of the block
SHOWN = re.findall(r"^\$ rnncli ((?:tag \"|inspect-memory).*)\n((?:(?!\$|```).*\n)*)", README, re.M)


@pytest.mark.parametrize(("command", "printed"), SHOWN, ids=[command for command, _ in SHOWN])
def test_commands_print_what_is_shown(command: str, printed: str, run: "Callable[..., Result]") -> None:
    command, _, lines = command.partition(" | head -")
    result = run(*shlex.split(command), env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert [line.rstrip() for line in printed.splitlines()] == [
        line.rstrip() for line in result.stdout.splitlines()[: int(lines) if lines else None]
    ]


def test_something_is_shown() -> None:
    assert len(SHOWN) >= 3


def test_the_table_of_architectures_is_that_of_the_code() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text("utf-8")
    for name, architecture in ARCHITECTURES.items():
        assert f"| `{name}` | {architecture.memory} |" in guide
