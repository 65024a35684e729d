"""The program: its commands, and the help that belongs to all of them."""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, NoReturn

import typer

from rnncli import __version__

# Importing a module registers its command; the order is that of the help.
# ruff: noqa: F401, I001
from rnncli.cli import train
from rnncli.cli import tag
from rnncli.cli import evaluate
from rnncli.cli import compare
from rnncli.cli import convert
from rnncli.cli import check
from rnncli.cli import study_tune
from rnncli.cli import study_folds
from rnncli.cli import study_curve
from rnncli.cli import study_labels
from rnncli.cli import study_next
from rnncli.cli import inspect_memory
from rnncli.cli import inspect_gradients
from rnncli.cli import memory_task
from rnncli.cli import serve
from rnncli.cli import info
from rnncli.cli import export
from rnncli.cli import verify
from rnncli.cli import doctor
from rnncli.cli import classes, show, signals, streams, usage
from rnncli.cli.printable import printable
from rnncli.cli.registry import COMMANDS, GROUPS
from rnncli.errors import INTERRUPTED, FileError, RnncliError, StoppedError

_HELP = """\b
Label sequences with recurrent networks, and see what they keep in memory. Try:
  rnncli tag "leave Taipei on November 2nd"
  rnncli inspect-memory "arrive Taipei" "leave Taipei"
  rnncli train"""

_EPILOG = """Exit codes: 0 done, 1 bug, 2 usage, 3 data, 4 model, 5 files, 6 diverged."""


class _Program(classes.Program):
    """The commands; an error of usage is shown like every other error."""

    command = ""  # the one that was chosen, or its group

    def resolve_command(self, *args: Any) -> Any:
        resolved = super().resolve_command(*args)
        self.command = resolved[0] or ""
        return resolved

    def main(self, *args: Any, **options: Any) -> Any:
        with exit_codes():
            try:
                code = super().main(*args, **{**options, "standalone_mode": False})
            except typer.TyperException as error:
                explained = usage.explained(error, self.command)
                explained.message = printable(explained.message)  # in one line
                raise explained from error
            with suppress(streams.ReaderLeftError):
                sys.stdout.flush()
            raise SystemExit(code)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into a message on stderr and the documented exit code."""
    try:
        with signals.handled_by(signals.stop):
            yield
    except (KeyboardInterrupt, signals.Stopped, StoppedError) as stopped:
        streams.finish(is_stopped=True)
        show.note("interrupted")
        raise SystemExit(getattr(stopped, "exit_code", INTERRUPTED)) from stopped
    except streams.ReaderLeftError as left:
        raise SystemExit(0) from left
    except RnncliError as error:
        _fail(error)
    except OSError as error:
        _fail(FileError(error.strerror or str(error), where=str(error.filename or "")))


def _fail(error: RnncliError) -> NoReturn:
    """Show an error after the results that came before it, and exit."""
    streams.finish()
    show.error(error)
    raise SystemExit(error.exit_code) from error


def _version(is_requested: bool) -> None:
    if is_requested:
        print(f"rnncli {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options of the program itself."""


def program(only: str = "") -> typer.Typer:
    """Make the program: with the command ``only``, or with all commands if there is none of that name.

    Labelling a sentence takes 250 ms. Making the parameters of all commands would take 7 ms of them.
    """
    app = typer.Typer(
        name="rnncli",
        cls=_Program,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": classes.WIDEST},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        epilog=_EPILOG,
        help=_HELP,
    )
    app.callback()(_main)
    groups: dict[str, typer.Typer] = {}
    names = [name for name in COMMANDS if name.split()[0] == only]
    for name in names or COMMANDS:
        first = name.split()[0]
        if first in GROUPS and first not in groups:
            groups[first] = typer.Typer(cls=classes.Group, rich_markup_mode=None)
            text = inspect.cleandoc(GROUPS[first])
            epilog = f"rnncli {first} COMMAND --help explains a command."
            app.add_typer(groups[first], name=first, help=text, epilog=epilog)
        groups.get(first, app).command(name, cls=classes.Command)(COMMANDS[name].run)
    return app
