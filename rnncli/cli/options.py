"""What all commands share: options from the specs, and configuration files."""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from rnncli import memory, resources
from rnncli.cli import classes, config_file, outputs, show, streams, usage
from rnncli.cli.outputs import DEFAULT_MODEL
from rnncli.cli.printable import printable, shell_word
from rnncli.cli.registry import COMMANDS, Command, is_shared, variable
from rnncli.errors import UsageError

_ADDRESSES = 150_000_000  # bytes; with less NumPy's library ends the process when it is loaded

_COMMON: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config", callback=config_file.read, is_eager=True, help="TOML file with any of these options."
        ),
    ],
    "json_output": Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")],
}

_HELP_ALL = Annotated[
    bool, typer.Option("--help-all", callback=classes.help_all, is_eager=True, help="Show all options and exit.")
]


def _model_file(path: Path | None) -> Path | None:
    """The file of a value of ``--model``, which may be the name of a bundled model."""
    return None if path is None else resources.model(path)


ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "-m",
        callback=_model_file,
        help="Model file or bundled model (default, zh); without it models/default.npz of this folder, "
        "else default.",
        show_default=False,
    ),
]
ModelArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="MODEL",
        callback=_model_file,
        help="Model file or bundled model; the same as --model.",
        show_default=False,
    ),
]
ThreadsOption = Annotated[
    int,
    typer.Option(
        "--threads",
        min=0,
        metavar="N",
        help="Threads; 0 is one for each available CPU, which is also the most. Changes no result.",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Go on although the data look wrong.")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace a file that is there already, whatever it holds.")
]


def refuse_file_name(text: str, option: str) -> None:
    """Refuse a text that is the name of a file; ``option`` is the one that reads files."""
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):  # too long, or with a NUL
        is_file = False
    if is_file or text == "-":
        what = "stdin" if text == "-" else "a file"
        hint = f"{option} {shell_word(text)} reads it; --force labels the name itself"
        raise UsageError(f'"{printable(text)}" is the name of {what}, not a text', hint=hint)


def find_model(path: Path | None) -> Path:
    """The model file to use for a value of ``--model``; where the option is not given, say which one it is."""
    if path is not None:
        return path
    path = outputs.default_model()
    where = f"in {Path.cwd()}" if path == DEFAULT_MODEL else "which comes with rnncli"
    show.note(f"model   {path}, {where}")
    return path


def named_model(context: typer.Context, argument: Path | None, option: Path | None) -> Path:
    """The model file that an argument or ``--model`` names; the argument goes before a variable and a file."""
    if argument is not None and option is not None and is_on_command_line(context, "model"):
        raise UsageError("two models are named: MODEL and --model", hint="name one")
    return find_model(option if argument is None else argument)


def is_on_command_line(context: typer.Context, name: str) -> bool:
    """Whether a parameter is set on the command line, not by a variable or a file of options."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def given(context: typer.Context) -> frozenset[str]:
    """Names of the parameters that a command line, a variable or a file of options sets."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(name for name, source in sources.items() if source is not None and source.name != "DEFAULT")


_PANELS = {"ReadOptions": "Data", "NetworkSpec": "Network", "TrainingSpec": "Training", "TrialSpec": "Training"}
_PANELS |= {"StudyJobOptions": "Jobs"}


def _expanded(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """Make one option of each field of a spec; any other parameter stays as it is."""
    spec = parameter.annotation
    if not dataclasses.is_dataclass(spec):
        return [parameter]
    return [
        parameter.replace(name=name, annotation=annotation, default=default)
        for name, annotation, default in _options_of(typing.cast(type, spec))
    ]


@functools.cache  # several commands have the same specs, and all are registered at each start
def _options_of(spec: type) -> list[tuple[str, Any, Any]]:
    """The name, annotation and default of each field of a spec."""
    hints = typing.get_type_hints(spec)
    options: list[tuple[str, Any, Any]] = []
    for item in dataclasses.fields(spec):
        flag = "--" + item.name.replace("_", "-")
        kind = hints[item.name]
        metavar = {int: "N", float: "X"}.get(kind)
        option = typer.Option(
            flag,
            help=item.metadata["help"],
            min=item.metadata["low"],
            max=item.metadata["high"],
            metavar=metavar,
            rich_help_panel=_PANELS.get(str(getattr(spec, "__name__", ""))),
        )
        options.append((item.name, Annotated[kind, option], item.default))
    return options


def _info(parameter: inspect.Parameter) -> Any:
    """The description of an option for typer; ``None`` for an argument."""
    metadata = getattr(parameter.annotation, "__metadata__", ())
    return next((info for info in metadata if isinstance(info, typer.models.OptionInfo)), None)


def _flag(parameter: inspect.Parameter) -> str:
    """``hidden`` for the option ``--hidden``; the empty string for an argument."""
    info = _info(parameter)
    if info is None:
        return ""
    # In Annotated, typer stores the first name of an option as its default.
    names = [name for name in (info.default, *(info.param_decls or ())) if str(name).startswith("--")]
    return str(names[0] if names else parameter.name).removeprefix("--").replace("_", "-")


def _shown_name(parameter: inspect.Parameter) -> str:
    """The name of a parameter as users know it: ``--input``, ``OUT``."""
    flag = _flag(parameter)
    metadata = getattr(parameter.annotation, "__metadata__", ())  # the context of typer has none
    return f"--{flag}" if flag else next((item.metavar for item in metadata), parameter.name)


def _with_variable(parameter: inspect.Parameter, command: str) -> inspect.Parameter:
    """Let ``RNNCLI_FLAG`` set the option ``--flag``."""
    info = _info(parameter)
    flag = _flag(parameter)
    if info:
        info.envvar = variable(flag) if is_shared(flag, command) and flag != "help-all" else None
        info.show_envvar = False
    return parameter


def command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command: specs become options, and common options are added.

    The function is called with whole specs, and without ``--config`` and ``--quiet``, which are handled here.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        declared = list(inspect.signature(function).parameters.values())
        specs: dict[str, Any] = {p.name: p.annotation for p in declared if dataclasses.is_dataclass(p.annotation)}
        expanded = [
            option for parameter in declared if parameter.name not in _COMMON for option in _expanded(parameter)
        ]
        keyword = inspect.Parameter.KEYWORD_ONLY
        if name in classes.ESSENTIAL:
            expanded.append(inspect.Parameter("help_all", keyword, annotation=_HELP_ALL, default=False))
        for key, annotation in _COMMON.items():
            default = None if key == "config" else False
            expanded.append(inspect.Parameter(key, keyword, annotation=annotation, default=default))
        parameters = [_with_variable(parameter.replace(kind=keyword), name) for parameter in expanded]
        names = {parameter.name: _shown_name(parameter) for parameter in parameters}

        @functools.wraps(function)
        def run(**values: Any) -> None:
            values.pop("help_all", None)
            show.be_quiet(values.pop("quiet"))
            show.show_log()
            outputs.check(name, values, names)
            values.pop("config")
            memory.check_address_space(_ADDRESSES, "rnncli")
            for text in usage.check_variables(name):
                show.note(text)
            for parameter, spec in specs.items():
                fields = [item.name for item in dataclasses.fields(spec)]
                values[parameter] = spec(**{field: values.pop(field) for field in fields})
            try:
                function(**values)
            except BrokenPipeError as error:  # of a pipe that is an output; click would make it exit code 1
                raise streams.ReaderLeftError from error

        run.__dict__["__signature__"] = inspect.Signature(parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        COMMANDS[name] = Command(run, frozenset(map(_flag, parameters)) - {"", "config", "help-all"})
        return run

    return register
