"""Write docs/cli.md from the help texts; ``--check`` only tells whether it is up to date."""

import os
import sys
from pathlib import Path

os.environ["COLUMNS"] = "100"
os.environ["NO_COLOR"] = "1"

from typer.testing import CliRunner

from rnncli.cli.app import program
from rnncli.cli.classes import ESSENTIAL
from rnncli.cli.registry import COMMANDS

PAGE = Path(__file__).with_name("cli.md")
HEAD = """# The command line

All commands with all their options, to look something up. Made by `python docs/make_cli.py` from the help texts; do
not edit.
"""


def page() -> str:
    """Return the page: the help of the program and of every command."""
    parts = [HEAD]
    for arguments in ([], *(name.split() for name in COMMANDS)):
        shown = " ".join(["rnncli", *arguments])
        option = "--help-all" if " ".join(arguments) in ESSENTIAL else "--help"
        text = CliRunner().invoke(program(), [*arguments, option], prog_name="rnncli").stdout
        parts.append(f"## {shown}\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), "utf-8")
    elif page() != PAGE.read_text("utf-8"):
        sys.exit("docs/cli.md is out of date: run python docs/make_cli.py")
