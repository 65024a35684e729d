"""What the commands ``rnncli study …`` share: their options, their folder, and how their jobs are run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnncli.cli import jobs as job_runner
from rnncli.cli import show
from rnncli.config import JobOptions, StudyJobOptions

if TYPE_CHECKING:
    from rnncli.data.formats.format import Format, Names
    from rnncli.data.parts import Parts
    from rnncli.data.sentence import Sentence
    from rnncli.data.tags import Scheme
    from rnncli.jobs import Job, Outcome
    from rnncli.studies.trial import Setting

DataArgument = Annotated[
    str | None, typer.Argument(metavar="TRAIN.tsv", help="Labelled sentences.", show_default=False)
]
WorkOption = Annotated[
    str,
    typer.Option(
        "--work",
        metavar="DIR",
        help="Folder for what is done, from which the same command goes on; without it TRAIN.study here.",
        show_default=False,
    ),
]
SvgOption = Annotated[Path | None, typer.Option("--svg", help="Write the chart as an SVG figure.")]
GroupOption = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="COLUMN",
        help="Sentences with one value of this column, or field of JSON Lines, stay together; documents: "
        "those of one document.",
    ),
]


def strip(low: float, middle: float, high: float, least: float, most: float, columns: int = 25) -> str:
    """Draw a value with its interval on a scale from ``least`` to ``most``: ``···├──●──┤··``."""

    def column(value: float) -> int:
        share = (value - least) / (most - least) if most > least else 0.5
        return round((columns - 1) * min(max(share, 0.0), 1.0))

    characters = ["·"] * columns
    start = column(low)
    end = column(high)
    if end > start:
        characters[start : end + 1] = ["├", *"─" * (end - start - 1), "┤"]
    characters[column(middle)] = "●"
    return "".join(characters)


def scale(least: float, most: float, columns: int = 25) -> str:
    """The head of a column of :func:`strip`: what stands at both ends, in %."""
    left = f"{100 * least:.1f}"
    right = f"{100 * most:.1f}"
    return left + " " * max(1, columns - len(left) - len(right)) + right


def name_of(metric: str) -> str:
    """What tables call a metric."""
    return {"f1": "F1", "accuracy": "accuracy"}.get(metric, metric)


def labelled_file(data: str | None) -> str:
    """The labelled file of a study: the bundled corpus if none is named."""
    from rnncli.resources import bundled

    return data or str(bundled("sample_data/train.tsv"))


def bundled_dev() -> str:
    """The development data of the bundled corpus."""
    from rnncli.resources import bundled

    return str(bundled("sample_data/dev.tsv"))


def folder(work: str, data: str, study: str) -> Path:
    """Where a study keeps what is done, for a value of ``--work``."""
    return Path(work) if work else Path(f"{Path(data).name}.study") / study


def options(running: StudyJobOptions) -> JobOptions:
    """The options of jobs, with the number of processes."""
    from rnncli.threads import count_threads

    return JobOptions(
        jobs=running.jobs or count_threads(0),
        cluster=running.cluster,
        shard=running.shard,
        on_error=running.on_error,
    )


def read(setting: "Setting") -> "Parts":
    """Read the labelled files of a study, with notes on what is unusual about them."""
    from rnncli.training import Listener

    class Notes(Listener):
        def warning(self, message: str) -> None:
            show.note(f"note: {message}")

    return setting.read(Notes())


def run(jobs: "Iterable[Job]", where: Path, running: StudyJobOptions, overwrite: bool) -> "list[Outcome]":
    """Do the jobs, and return what became of each, in the order of their keys.

    A shard alone has no result to show, so after one the list is empty. With ``--on-error skip`` those that failed
    are left out with a note; where all have failed their error is raised.
    """
    from rnncli.jobs import failure

    outcomes = job_runner.run(jobs, where, options(running), 1, overwrite)
    if running.shard:
        show.note(f"shard {running.shard} is done; the command without --shard shows the result")
        return []
    done = [outcome for outcome in outcomes if not outcome.fault]
    error = failure(outcomes, where)
    if error and not done:
        raise error
    if error:
        show.note(f"note: {error.message}; the result is that of the others")
    return done


def present(
    result: dict[str, Any],
    table: Callable[[dict[str, Any]], None],
    figure: Callable[[dict[str, Any]], str],
    svg: Path | None,
    json_output: bool,
) -> None:
    """Write the figure of a result if a file for it is named, and show the result as JSON or as a table."""
    if svg:
        show.put(svg, figure(result))
    if json_output:
        show.data(show.json_line(result))
    else:
        table(result)


def write_tasks(
    out: str,
    sentences: "Sequence[tuple[Sentence, Mapping[str, Any]]]",
    names: "Names",
    target: "Format",
    scheme: "Scheme",
) -> None:
    """Write sentences with suggested tags for people to correct, and say what the format cannot hold.

    ``sentences`` and ``target`` are as :func:`rnncli.studies.prelabels.write` takes them.
    """
    from rnncli.cli.convert import writer
    from rnncli.studies import prelabels

    conversion, pieces = prelabels.write(sentences, names, target, scheme)
    with writer(out) as write:
        for piece in pieces:
            write(piece)
    if losses := conversion.losses():
        show.note(f"not kept in {target.name}: {', '.join(losses)}")
    show.written(f"{'stdout' if out == '-' else out}: {conversion.sentences:,} sentences")
