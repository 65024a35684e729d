"""Options from a TOML file: ``--config``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from rnncli.arguments import nearest_path
from rnncli.cli.registry import COMMANDS, is_shared
from rnncli.cli.usage import RENAMED, option_hint
from rnncli.config import suggestion
from rnncli.errors import FileError, UsageError


def read(context: typer.Context, path: Path | None) -> Path | None:
    """Read the defaults of a command from a TOML file: the top-level keys, then those of the command's own table.

    A key is a flag without its dashes. Top-level keys may belong to other commands, so that all can share one file.
    """
    if path is None:
        return None
    command = str(context.command.name)
    settings = _parsed(path)
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
    context.default_map = {parameter_of_flag[flag]: value for flag, value in values.items() if flag in flags}
    return path


def _parsed(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        near = nearest_path(path) if isinstance(error, FileNotFoundError) else ""
        hint = f"did you mean {near}?" if near else ""
        raise FileError(error.strerror or str(error), where=str(path), hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML: {error}", where=str(path)) from error


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
