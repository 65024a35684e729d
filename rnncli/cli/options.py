"""What all commands share: options made from the specs, configuration files, errors turned into exit codes."""

import dataclasses
import functools
import inspect
import os
import sys
import tomllib
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from rnncli.cli import show
from rnncli.config import suggestion
from rnncli.errors import INTERRUPTED, FileError, RnncliError
from rnncli.resources import bundled

PREFIX = "RNNCLI_"
DEFAULT_MODEL = Path("models/default.npz")


def _read_config(context: typer.Context, path: Path | None) -> None:
    """Make a TOML file the defaults of a command: top-level keys, then those of the table named like it."""
    if path is None:
        return
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path}: not TOML: {error}") from error
    command = context.command
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    merged = {key: value for key, value in settings.items() if key not in tables}
    commands = context.parent.command.list_commands(context.parent) if context.parent else []  # type: ignore[attr-defined]
    for table in tables:
        if table not in commands:
            raise typer.BadParameter(f'{path}: unknown table "{table}"; {suggestion(table, commands)}')
    merged |= tables.get(command.name or "", {})
    names = [p.name for p in command.params if p.name not in (None, "config") and p.param_type_name == "option"]
    for key in merged:
        if key.replace("-", "_") not in names:
            raise typer.BadParameter(f'{path}: unknown setting "{key}"; {suggestion(key, map(str, names))}')
    context.default_map = {key.replace("-", "_"): value for key, value in merged.items()}


_COMMON = {
    "config": (
        Annotated[
            Path | None,
            typer.Option(callback=_read_config, is_eager=True, help="TOML file with any of these options."),
        ],
        None,
    ),
    "json_output": (Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")], False),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")], False),
}

ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "-m",
        help="Model file; without it models/default.npz under this folder, else the bundled model.",
        show_default=False,
    ),
]
ThreadsOption = Annotated[
    int, typer.Option(min=0, max=1024, help="Threads; 0 is one for each available CPU. Changes no result.")
]


def count_threads(asked: int) -> int:
    """Resolve ``--threads``: 0 is every CPU that this process may use."""
    if asked:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_model(asked: Path | None) -> Path:
    """Resolve ``--model``."""
    if asked is not None:
        return asked
    return DEFAULT_MODEL if DEFAULT_MODEL.is_file() else bundled("models/default.npz")


def _expanded(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """Replace a parameter whose type is a spec by one option for each field of it."""
    spec = parameter.annotation
    if not dataclasses.is_dataclass(spec):
        return [parameter]
    hints, options = typing.get_type_hints(spec), []
    for item in dataclasses.fields(spec):
        option = typer.Option(
            help=item.metadata["help"],
            min=item.metadata["low"],
            max=item.metadata["high"],
            rich_help_panel=parameter.name.capitalize(),
        )
        annotation = Annotated[hints[item.name], option]
        options.append(parameter.replace(name=item.name, annotation=annotation, default=item.default))
    return options


def _with_variable(parameter: inspect.Parameter) -> inspect.Parameter:
    """Let ``RNNCLI_<NAME>`` set an option too."""
    for info in getattr(parameter.annotation, "__metadata__", ()):
        if isinstance(info, typer.models.OptionInfo):
            info.envvar = PREFIX + parameter.name.removesuffix("_output").upper()
            info.show_envvar = False
    return parameter


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command: specs become options, common options are added, errors become exit codes.

    The function takes ``json_output`` and whole specs as keyword arguments; ``config`` and ``quiet`` are dealt
    with here.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function).parameters.values())
        flat = [each for parameter in own if parameter.name != "json_output" for each in _expanded(parameter)]
        for key, (annotation, default) in _COMMON.items():
            if key != "json_output" or any(parameter.name == key for parameter in own):
                kind = inspect.Parameter.KEYWORD_ONLY
                flat.append(inspect.Parameter(key, kind, annotation=annotation, default=default))
        specs = {p.name: p.annotation for p in own if dataclasses.is_dataclass(p.annotation)}

        @functools.wraps(function)
        def run(**values: Any) -> None:
            values.pop("config")
            show.be_quiet(values.pop("quiet"))
            with _exit_codes():
                for parameter, spec in specs.items():
                    fields = [item.name for item in dataclasses.fields(spec)]
                    values[parameter] = spec(**{field: values.pop(field) for field in fields})
                function(**values)
                sys.stdout.flush()

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [_with_variable(parameter.replace(kind=keyword)) for parameter in flat]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command(name, rich_help_panel="Commands")(run)
        return run

    return register


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn what a command raises into a message on stderr and the documented exit code."""
    try:
        yield
    except RnncliError as error:
        show.error(error)
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError as error:
        # The reader has seen enough. What is still buffered must not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from error
    except OSError as error:
        show.error(FileError(error.strerror or str(error), where=str(error.filename or "output")))
        raise typer.Exit(FileError.exit_code) from error
    except KeyboardInterrupt as error:
        show.note("interrupted")
        raise typer.Exit(INTERRUPTED) from error
