"""What the tests of wrong input and wrong options share: the exit codes, and the one error on stderr."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer.testing import Result


Run = Callable[..., "Result"]
Program = Callable[..., "subprocess.CompletedProcess[str]"]
Forge = Callable[..., Path]

QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--threads", "1")
USAGE, DATA, MODEL, FILE, DIVERGED, INTERRUPTED = 2, 3, 4, 5, 6, 130


# What a command says of a file that it reads: its format and columns.
RECOGNISED = re.compile(r"^.*: [a-z]+(?:, [A-Z0-9-]+)?; (?:a text|token) .*\n", re.MULTILINE)


def said(result: "Result") -> str:
    """What a command said on stderr, without what it recognised."""
    return RECOGNISED.sub("", result.stderr)


def refused(result: "Result", code: int, message: str, stdout: str = "") -> None:
    """Check that a command said one thing on stderr, and nothing else but what it had labelled before."""
    assert (code, stdout) == (result.exit_code, result.stdout)
    assert f"error: {message}\n" == said(result)
