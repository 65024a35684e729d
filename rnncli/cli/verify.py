"""``rnncli verify``: all checks on a model file."""

import functools
import re
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import files, rows, show
from rnncli.cli.options import ForceOption, ModelArgument, ModelOption, ThreadsOption, command, named_model
from rnncli.config import ReadOptions
from rnncli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from rnncli.diagnosis.verification import Verification


@command("verify")
def verify(
    context: typer.Context,
    file: ModelArgument = None,
    model: ModelOption = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Labelled file on which the stored score must be reached; - is stdin."),
    ] = None,
    sha256: Annotated[
        str, typer.Option("--sha256", metavar="HEX", help="The SHA-256 that the model file must have.")
    ] = "",
    force: ForceOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Check that a model file is whole and reaches its score.

    These are the checks. The file can be opened: every hash and every shape in it is right, and all weights are
    finite. Its SHA-256 is the expected one. Saved again it has the same bytes. NumPy and the kernels label alike.
    With --data: the stored score on the development data is reached; the file may also be that of the training, if
    a share of it was kept for development. If a check fails, the exit code is 4.

    Example: rnncli verify model.npz --data dev.tsv
    """
    from rnncli.diagnosis.verification import verify as verified

    if sha256 and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError("--sha256: expected 64 hexadecimal digits", hint="rnncli info MODEL shows it")
    path = named_model(context, file, model)
    read = None if data is None else functools.partial(files.read_for, path=data, options=options, force=force)
    result = verified(path, expected=sha256, read=read, threads=threads)
    if json_output:
        show.data(show.json_line(result.as_dict()))
    else:
        _show(result, path.name)
    if not result.holds:
        raise typer.Exit(ModelError.exit_code)


def _show(result: "Verification", name: str) -> None:
    show.line((f"{name}: " + ("no check failed" if result.holds else "a check failed"), "bold"))
    rows.checks(result.checks)
    show.blank()
    rows.row("sha256", result.sha256)
    if result.information:
        stored = result.information.provenance
        rows.row("format", str(result.information.format))
        rows.row("made by", f"rnncli {stored.rnncli}" if stored.rnncli else "not known")
        rows.row("data sha256", stored.data_sha256 or "not known")
