"""What all commands share: options made from the specs, configuration files, errors turned into exit codes."""

import dataclasses
import functools
import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from rnncli.cli import show
from rnncli.config import suggestion
from rnncli.errors import INTERRUPTED, FileError, RnncliError, StoppedError
from rnncli.resources import bundled

PREFIX = "RNNCLI_"
# They mean one thing to train and another to tag, so no setting serves both.
AMBIGUOUS = frozenset({"input", "output"})
DEFAULT_MODEL = Path("models/default.npz")


class Command(NamedTuple):
    """A command as typer gets it, and its flags without their dashes."""

    run: Callable[..., None]
    flags: frozenset[str]


COMMANDS: dict[str, Command] = {}  # filled by :func:`command`, in the order of the help


def _read_config(context: typer.Context, path: Path | None) -> None:
    """Make a TOML file the defaults of a command: top-level keys, then those of the table named like it.

    A key is a flag without its dashes. Top-level keys may belong to another command, so that one file serves all.
    """
    if path is None:
        return
    import tomllib

    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path}: not TOML: {error}") from error
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    for table in tables:
        if table not in COMMANDS:
            raise typer.BadParameter(f'{path}: unknown table "{table}"; {suggestion(table, COMMANDS)}')
    own = str(context.command.name)
    shared = {key: value for key, value in settings.items() if key not in tables}
    special = tables.get(own, {})
    for keys, known in (
        (shared, frozenset().union(*(each.flags for each in COMMANDS.values()))),
        (special, COMMANDS[own].flags),
    ):
        for key in keys:
            if keys is shared and key in AMBIGUOUS:
                raise typer.BadParameter(f'{path}: "{key}" differs between commands; put it in a table, [{own}]')
            if key.replace("_", "-") not in known:
                raise typer.BadParameter(f'{path}: unknown setting "{key}"; {suggestion(key, sorted(known))}')
    names = {flag.removeprefix("--"): str(each.name) for each in context.command.params for flag in each.opts}
    values = {key.replace("_", "-"): value for key, value in (shared | special).items()}
    context.default_map = {names[flag]: value for flag, value in values.items() if flag in COMMANDS[own].flags}


_COMMON: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option("--config", callback=_read_config, is_eager=True, help="TOML file with any of these options."),
    ],
    "json_output": Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")],
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
    int,
    typer.Option(
        "--threads",
        min=0,
        metavar="N",
        help="Threads; 0 is one for each available CPU, and no more are started. Changes no result.",
    ),
]


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
    hints = typing.get_type_hints(spec)
    options = []
    for item in dataclasses.fields(spec):
        low, high = item.metadata["low"], item.metadata["high"]
        flag = "--" + item.name.replace("_", "-")
        kind = hints[item.name]
        metavar = {int: "N", float: "X"}.get(kind)
        option = typer.Option(flag, help=item.metadata["help"], min=low, max=high, metavar=metavar)
        annotation: Any = Annotated[kind, option]
        options.append(parameter.replace(name=item.name, annotation=annotation, default=item.default))
    return options


def _info(parameter: inspect.Parameter) -> Any:
    """The description of an option for typer; ``None`` for an argument."""
    metadata = getattr(parameter.annotation, "__metadata__", ())
    return next((info for info in metadata if isinstance(info, typer.models.OptionInfo)), None)


def _flag(parameter: inspect.Parameter) -> str:
    """``hidden`` for the option ``--hidden``; nothing for an argument."""
    info = _info(parameter)
    if info is None:
        return ""
    # Inside Annotated typer keeps the first name that an option is given where its default would be.
    names = [name for name in (info.default, *(info.param_decls or ())) if str(name).startswith("--")]
    return str(names[0] if names else parameter.name).removeprefix("--").replace("_", "-")


def _with_variable(parameter: inspect.Parameter, command: str) -> inspect.Parameter:
    """Let ``RNNCLI_FLAG`` set the option ``--flag``; ``RNNCLI_TRAIN_FLAG`` one of the ambiguous."""
    info = _info(parameter)
    flag = _flag(parameter)
    if info:
        name = f"{command}_{flag}" if flag in AMBIGUOUS else flag
        info.envvar = PREFIX + name.replace("-", "_").upper()
        info.show_envvar = False
    return parameter


def command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command: specs become options, common options are added, errors become exit codes.

    The function gets whole specs; ``--config`` and ``--quiet`` are dealt with here.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function).parameters.values())
        specs: dict[str, Any] = {p.name: p.annotation for p in own if dataclasses.is_dataclass(p.annotation)}
        flat = [each for parameter in own if parameter.name not in _COMMON for each in _expanded(parameter)]
        keyword = inspect.Parameter.KEYWORD_ONLY
        for key, annotation in _COMMON.items():
            default = None if key == "config" else False
            flat.append(inspect.Parameter(key, keyword, annotation=annotation, default=default))
        parameters = [_with_variable(parameter.replace(kind=keyword), name) for parameter in flat]

        @functools.wraps(function)
        def run(**values: Any) -> None:
            values.pop("config")
            show.be_quiet(values.pop("quiet"))
            show.show_log()
            with _exit_codes():
                for parameter, spec in specs.items():
                    fields = [item.name for item in dataclasses.fields(spec)]
                    values[parameter] = spec(**{field: values.pop(field) for field in fields})
                function(**values)
                sys.stdout.flush()

        run.__dict__["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        COMMANDS[name] = Command(run, frozenset(map(_flag, parameters)) - {"", "config"})
        return run

    return register


def _discard_stdout() -> None:
    """What is still buffered must not fail again when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Turn what a command raises into a message on stderr and the documented exit code."""
    try:
        yield
    except (KeyboardInterrupt, StoppedError) as error:
        show.note("interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except RnncliError as error:
        show.error(error)
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError as error:
        _discard_stdout()  # the reader has seen enough
        raise typer.Exit(0) from error
    except OSError as error:
        show.error(FileError(error.strerror or str(error), where=str(error.filename or "output")))
        if error.filename is None:
            _discard_stdout()
        raise typer.Exit(FileError.exit_code) from error
