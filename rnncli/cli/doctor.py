"""``rnncli doctor``: whether rnncli works on this machine."""

import locale
import sys
from typing import TYPE_CHECKING

import typer

from rnncli.cli import rows, show
from rnncli.cli.options import command

if TYPE_CHECKING:
    from rnncli.diagnosis.check import Check
    from rnncli.diagnosis.doctor import Diagnosis

UNWELL = 1  # the exit code


@command("doctor")
def doctor(json_output: bool = False) -> None:
    """Tell whether rnncli works on this machine.

    Shown are versions, processor, memory, terminal, variables of the environment and the cache of compiled kernels.
    A self-test follows: the bundled model labels an example, NumPy and the kernels label alike, gradients equal
    central differences, and a trained model has the same bytes with any number of threads. If a check fails, the
    exit code is 1; a warning says what is slow or unusual. Paste all of it into a report of a fault: your home
    folder is shown as ~.

    Example: rnncli doctor
    """
    from rnncli.diagnosis.doctor import diagnose

    with show.progress("testing …") as progress:
        diagnosis = diagnose(_terminal, progress.update)
    if json_output:
        show.data(show.json_line(diagnosis.as_dict()))
    else:
        _show(diagnosis)
    if not diagnosis.is_well:
        raise typer.Exit(UNWELL)


def _terminal() -> "Check":
    from rnncli.diagnosis import machine

    return machine.terminal(locale.getencoding(), sys.stdout.isatty(), show.width(), show.colours())


def _show(diagnosis: "Diagnosis") -> None:
    rows.checks(diagnosis.checks)
    show.blank()
    groups = {
        state: ", ".join(check.name for check in diagnosis.checks if check.state == state)
        for state in ("failed", "warning")
    }
    summary = "; ".join(f"{state}: {names}" for state, names in groups.items() if names)
    show.line((summary or "rnncli works on this machine", "bold"), (f" (self-test {diagnosis.seconds:.1f} s)", ""))
