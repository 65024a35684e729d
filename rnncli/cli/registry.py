"""The commands of the program and their options, which :func:`rnncli.cli.options.command` registers."""

from collections.abc import Callable
from typing import NamedTuple

PREFIX = "RNNCLI_"  # of the variable that sets an option


# Set for all commands at once, these are those of one command: a file that others would write over.
OWNERS = {"out": "train"}


class Command(NamedTuple):
    """A command for typer, and its flags without their dashes."""

    run: Callable[..., None]
    flags: frozenset[str]


def is_shared(flag: str, command: str) -> bool:
    """Whether a variable or a key above all tables sets an option of this command."""
    return OWNERS.get(flag, command) == command


COMMANDS: dict[str, Command] = {}  # in the order of the help; one of a group has the group's name before its own

# Groups of commands, and the help of each.
GROUPS = {
    "study": """Learn about data and settings by many small trainings.

    Each training has one thread, and several run at once. What is done stays in a folder, so that the same command
    goes on after a stop.
    """
}


def variable(flag: str) -> str:
    """The name of the variable that sets an option: ``RNNCLI_LEARNING_RATE`` for ``learning-rate``."""
    return PREFIX + flag.replace("-", "_").upper()
