"""Options from a TOML file: ``--config``."""

import math
import os
import re
import reprlib
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from rnncli import arguments, system
from rnncli.cli import outputs
from rnncli.cli.registry import COMMANDS, GROUPS, is_shared
from rnncli.cli.usage import RENAMED, option_hint
from rnncli.errors import FileError, UsageError
from rnncli.spec import suggestion

LARGEST = 65_536  # bytes; all options with their longest values take a tenth
MOST_DOTS = 200  # in a line; to read a key of 30,000 parts takes 10 s
_LONG_NUMBER = re.compile(r"[\d_]{4000}")


def read(context: typer.Context, path: Path | None) -> Path | None:
    """Read the defaults of a command from a TOML file: the top-level keys, then those of the command's own table.

    A key is a flag without its dashes. Top-level keys may belong to other commands, so that all can share one file.
    """
    if path is None:
        return None
    command = str(context.command.name)
    settings = _parsed(path)
    for group in GROUPS.keys() & settings.keys():  # [study.curve] is the table of study curve
        if isinstance(settings[group], dict):
            settings |= {f"{group} {name}": table for name, table in settings.pop(group).items()}
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    for table in tables:
        if table not in COMMANDS:
            raise UsageError(f'unknown table "{table}"', where=str(path), hint=suggestion(table, COMMANDS))
    shared = {key: value for key, value in settings.items() if key not in tables}
    in_table = tables.get(command, {})
    flags = COMMANDS[command].flags
    _check(path, command, shared, frozenset().union(*(registered.flags for registered in COMMANDS.values())))
    _check(path, command, in_table, flags)
    parameter_of_flag = {
        flag.removeprefix("--"): str(parameter.name)
        for parameter in context.command.params
        for flag in parameter.opts
    }
    shared = {key: value for key, value in shared.items() if is_shared(key, command)}
    values = {key.replace("_", "-"): value for key, value in (shared | in_table).items()}
    parameters = context.command.params
    without_value = {
        flag.removeprefix("--") for param in parameters if getattr(param, "is_flag", False) for flag in param.opts
    }
    own = {flag: value for flag, value in values.items() if flag in flags}
    for flag, value in own.items():
        _check_value(path, flag, value, flag in without_value)
        is_file = parameter_of_flag[flag] in (*outputs.INPUTS, *outputs.OUTPUTS.get(command, ()))
        if is_file and not isinstance(value, str):
            raise UsageError(f"--{flag} in the configuration: {value} is not the name of a file")
    context.default_map = {parameter_of_flag[flag]: value for flag, value in own.items()}
    return path


def _check_value(path: Path, key: str, value: Any, is_flag: bool) -> None:
    """Refuse what no option can be, and would be read as a text: a list, a date, NaN, ``true`` for no flag."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise UsageError(f"{key}: a whole number has at most 64 bits in TOML", where=str(path))
    is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if not isinstance(value, str) and (not is_number or (isinstance(value, bool) and not is_flag)):
        shown = str(value).lower() if isinstance(value, bool | float) else reprlib.repr(value)
        expected = "true or false" if is_flag else "a text or a number"
        raise UsageError(f"{key}: {shown} is not {expected}", where=str(path))


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    text = _text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at ")
        numbers = re.fullmatch(r"line (\d+), column (\d+)\)", place)
        located = f"{path}:{numbers[1]}:{numbers[2]}" if numbers else str(path)
        raise UsageError(f"not TOML: {message[:1].lower()}{message[1:]}", where=located) from error
    except RecursionError as error:
        raise UsageError("values are nested too deeply", where=str(path)) from error
    except ValueError as error:  # Python reads no integer with so many digits
        where = next(
            (f"{path}:{n}" for n, line in enumerate(text.split("\n"), 1) if _LONG_NUMBER.search(line)), path
        )
        raise UsageError("a number has too many digits", where=str(where)) from error


def _text(path: Path) -> str:
    """The text of a file, which must be short; what is not is no file of options."""
    arguments.path("--config", path)
    try:
        with open(path, "rb", opener=_open) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError("is not a regular file", where=str(path))
            content = file.read(LARGEST + 1)
    except OSError as error:
        near = arguments.nearest_path(path) if isinstance(error, FileNotFoundError) else ""
        hint = f"did you mean {near}?" if near else ""
        raise FileError(error.strerror or str(error), where=str(path), hint=hint) from error
    if len(content) > LARGEST:
        raise UsageError(f"no file of options is longer than {LARGEST:,} bytes", where=str(path))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        where = f"{path}:{before.count(10) + 1}:{len(before) - before.rfind(10)}"
        raise UsageError(f"not TOML: byte 0x{content[error.start]:02x} is not UTF-8", where=where) from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS and not line.lstrip().startswith("#"):
            raise UsageError(f"no line may have more than {MOST_DOTS} dots", where=f"{path}:{number}")
    return text


def _open(path: str, flags: int) -> int:
    """Open a file without waiting, as for the writer of a pipe."""
    return os.open(path, flags | system.WITHOUT_WAITING)


def _check(path: Path, command: str, keys: Iterable[str], flags: frozenset[str]) -> None:
    """Refuse a key that is not one of these flags, or that is an old name of an option of this command."""
    for key in keys:
        flag = key.replace("_", "-")
        new = RENAMED.get(command, {}).get(flag)
        if new:
            raise UsageError(f'"{key}" has a new name', where=str(path), hint=f'it is now "{new}"')
        if flag not in flags:
            hint = option_hint(flag, command).replace("--", "") or suggestion(key, sorted(flags))
            raise UsageError(f'unknown setting "{key}"', where=str(path), hint=hint)
