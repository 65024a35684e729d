"""``rnncli study next``: which sentences to label next."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnncli.cli import convert, jobs, show, study
from rnncli.cli.options import ForceOption, ModelOption, OverwriteOption, ThreadsOption, command, find_model
from rnncli.cli.study_labels import ToOption
from rnncli.config import JobOptions, ReadOptions
from rnncli.errors import DataError, UsageError

if TYPE_CHECKING:
    from rnncli.data.formats.format import Names
    from rnncli.model import Model
    from rnncli.studies.pool import Selection, Wish

SHOWN = 20  # sentences in the table

PoolArgument = Annotated[
    str,
    typer.Argument(
        metavar="POOL",
        help="Sentences without tags: a text on each line, tokens, or records of a label tool; - is stdin.",
        show_default=False,
    ),
]
CountOption = Annotated[int, typer.Option("--count", "-n", metavar="N", min=1, help="Sentences to choose.")]
LabelledOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="TRAIN",
        help="Labelled sentences: a model is trained on them, and they are not chosen again.",
        show_default=False,
    ),
]
MeasureOption = Annotated[
    Literal["path", "entropy"],
    typer.Option(help="Uncertainty by the probability of the best tags of the sentence, or by that of each tag."),
]
DiversityOption = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0,
        max=1,
        help="Weight of the difference to sentences chosen before; 0: uncertainty alone.",
    ),
]
ShortestOption = Annotated[int, typer.Option(metavar="N", min=1, help="Least number of tokens of a sentence.")]
LongestOption = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Greatest number of tokens.")]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Write the sentences with the model's tags, for people to correct; - is stdout.",
        show_default=False,
    ),
]


@command("study next")
def next_sentences(
    pool: PoolArgument,
    count: CountOption = 50,
    model: ModelOption = None,
    data: LabelledOption = None,
    measure: MeasureOption = "path",
    diversity: DiversityOption = 0.3,
    shortest: ShortestOption = 2,
    longest: LongestOption = 200,
    out: OutOption = None,
    to: ToOption = None,
    work: study.WorkOption = "",
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    reading: ReadOptions,
) -> None:
    """Choose the sentences to label next.

    They are those of which the model is uncertain, and which differ from each other; the first one first. Equal
    sentences count once.

    Example: rnncli study next requests.txt -n 20 --out tasks.json --to label-studio

    Example: rnncli study next requests.txt --data train.tsv --out next.conll
    """
    from rnncli.studies.pool import Wish, labelled
    from rnncli.studies.prelabels import target_of

    if model is not None and data is not None:
        raise UsageError("--model and --data: give one, a model or the data to train one on")
    if longest < shortest:
        raise UsageError(f"--longest {longest} is less than --shortest {shortest}")
    form = convert.format_of(out, to) if out is not None else ""
    trained = _model(model, data, work, force, overwrite, threads)
    target = target_of(form, trained.scheme) if form else None
    wish = Wish(count, measure, diversity, shortest, longest)
    selection, names = _select(trained, pool, data, wish, reading, force, threads)
    tasks = list(labelled(trained, selection.chosen))
    if out is not None and target is not None:
        study.write_tasks(out, tasks, names, target, trained.scheme)
    if json_output:
        said = [{**facts, "tokens": s.tokens, "tags": s.tags} for s, facts in tasks]
        show.data(show.json_line({"pool": pool, **wish._asdict(), **selection.as_dict(), "sentences": said}))
    elif out != "-":
        rows = [[f"{s.line}: {' '.join(s.tokens)}", f"{facts['uncertainty']:.3f}"] for s, facts in tasks[:SHOWN]]
        show.table("to label next", ["line: sentence", "uncertainty"], rows)
    _report(selection, count)


def _model(path: Path | None, data: Path | None, work: str, force: bool, overwrite: bool, threads: int) -> "Model":
    """The model that was named, or one that is trained on the labelled file."""
    from rnncli.modelfile import load

    if data is None:
        return load(find_model(path))
    from rnncli.studies.pool import job

    if str(data) == "-":
        raise UsageError("--data cannot be stdin: it is read several times", hint="write it to a file")
    where = study.folder(work, str(data), "next")
    output = where / "model.npz"
    jobs.run([job(data, output, force)], where, JobOptions(), threads, overwrite)
    return load(output)


def _select(
    model: "Model", pool: str, data: Path | None, wish: "Wish", options: ReadOptions, force: bool, threads: int
) -> "tuple[Selection, Names]":
    """Read the pool and choose; with the names of its columns."""
    from rnncli.data.formats.format import Wanted
    from rnncli.data.reading import read
    from rnncli.data.reading import reading as opened
    from rnncli.data.watch import Watch
    from rnncli.evaluation import checked
    from rnncli.studies.pool import select

    known = read(str(data)).sentences if data is not None else []
    with show.progress() as progress:
        watch = Watch(after_read=lambda share: progress.update(share, f"reading {pool}"))
        with opened(pool, options, Wanted(labelled=False, force=force), at_once=True, watch=watch) as file:
            show.note(file.description)
            sentences = checked(model, file.name, file.sentences, force)
            selection = select(model, sentences, wish, threads, known)
    if not selection.chosen:
        hint = "" if not selection.read else f"left out: {_counted(selection)}"
        raise DataError("no sentence to label in this file", where=file.name, hint=hint)
    return selection, file.names


def _report(selection: "Selection", count: int) -> None:
    """Say how many sentences were left out, and why."""
    left_out = f"; left out: {_counted(selection)}" if selection.left_out else ""
    show.note(f"chose {len(selection.chosen):,} of {selection.read:,} sentences{left_out}")
    if len(selection.chosen) < count:
        show.note("the pool has no more")


def _counted(selection: "Selection") -> str:
    return ", ".join(f"{why} {number:,}" for why, number in selection.left_out.items())
