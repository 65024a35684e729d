"""The commands of the program and their options, which :func:`rnncli.cli.options.command` registers."""

from collections.abc import Callable
from typing import NamedTuple

PREFIX = "RNNCLI_"  # of the variable that sets an option


class Command(NamedTuple):
    """A command for typer, and its flags without their dashes."""

    run: Callable[..., None]
    flags: frozenset[str]


COMMANDS: dict[str, Command] = {}  # in the order of the help


def variable(flag: str) -> str:
    """The name of the variable that sets an option: ``RNNCLI_LEARNING_RATE`` for ``learning-rate``."""
    return PREFIX + flag.replace("-", "_").upper()
