"""``rnncli study labels``: tags that are probably wrong."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rnncli.cli import convert, show, study
from rnncli.cli.options import ForceOption, OverwriteOption, command
from rnncli.cli.study_folds import FoldsOption, SeedsOption
from rnncli.cli.train import LexiconOption, VectorsOption
from rnncli.config import NetworkSpec, ReadOptions, StudyJobOptions, TargetName, TrainingSpec

if TYPE_CHECKING:
    from rnncli.studies.label_errors import Report

OrderOption = Annotated[
    Literal["margin", "self-confidence"],
    typer.Option(
        help="Most doubtful first by: the probability of the given tag less that of the best other one, or the "
        "probability of the given tag."
    ),
]
TopOption = Annotated[int, typer.Option("--top", metavar="N", min=1, help="Suggestions in the table.")]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Write the doubtful sentences, the most doubtful first, with the suggested tags; - is stdout.",
        show_default=False,
    ),
]
ToOption = Annotated[
    TargetName | None,
    typer.Option(help="Format of that file; without it its suffix decides.", show_default=False),
]


@command("study labels")
def labels(
    data: study.DataArgument = None,
    k: FoldsOption = 5,
    seeds: SeedsOption = 1,
    order: OrderOption = "margin",
    top: TopOption = 20,
    out: OutOption = None,
    to: ToOption = None,
    vectors: VectorsOption = None,
    lexicon: LexiconOption = None,
    work: study.WorkOption = "",
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    json_output: bool = False,
    *,
    running: StudyJobOptions,
    reading: ReadOptions,
    network: NetworkSpec,
    training: TrainingSpec,
) -> None:
    """Find tags that are probably wrong.

    Each sentence is labelled by a model that was trained without its fold, and equal sentences are in one fold. A
    tag is doubtful where the model is as sure of another one as it is of that one on average (confident learning).
    Spans are compared whole. The file that is read is never changed.

    Example: rnncli study labels train.tsv --out doubtful.tsv

    Example: rnncli study labels train.conll --out tasks.json --to label-studio
    """
    from rnncli.studies.choice import EQUAL
    from rnncli.studies.folds import Plan, held_out
    from rnncli.studies.label_errors import Report
    from rnncli.studies.prelabels import target_of
    from rnncli.studies.trial import Setting

    source = study.labelled_file(data)
    files = {"data": source, "vectors": vectors, "lexicon": lexicon}
    plan = Plan(Setting.of(files, network, training, reading, force, EQUAL), k, seeds)
    parts = study.read(plan.setting)
    target = target_of(convert.format_of(out, to), parts.scheme) if out is not None else None
    where = study.folder(work, source, "labels")
    outcomes = study.run(plan.jobs(parts, where, with_probabilities=True), where, running, overwrite)
    if not outcomes:
        return
    report = Report.of(parts.corpus, parts.train, parts.scheme, held_out(outcomes), order)
    if out is not None and target is not None:
        names = parts.corpus.names
        names = names._replace(features=[*names.features, "given"], cells=(), tag=None)
        study.write_tasks(out, list(report.doubtful()), names, target, parts.scheme)
    if json_output:
        show.data(show.json_line({"folds": k, "seeds": seeds, **report.as_dict()}))
    elif out != "-":
        _tables(report, top)


def _tables(report: "Report", top: int) -> None:
    """Show the pairs of tags that are confused most, and the most doubtful places."""
    found = report.study.suggestions
    confident = report.study.confident
    show.text(
        f"{len(report.sentences):,} sentences, {len(confident.tags):,} tokens; suggestions: {len(found):,}; "
        f"estimated share of wrong tags: {100 * confident.noise:.1f} %\n"
    )
    if not found:
        return
    pairs = [[f"{p['given']} → {p['suggested']}", f"{p['tokens']:,}"] for p in report.pairs()[:5]]
    if pairs:
        show.table("given → probable", ["tags", "tokens"], pairs)
    rows = []
    for place in found[:top]:
        one = report.described(0, place)
        given, suggested = report.in_words(place)
        context = [*one["before"], f"[{' '.join(one['tokens'])}]", *one["after"]]
        rows.append([f"{one['line']}: {' '.join(context)}", given, suggested, f"{place.probability:.2f}"])
    show.table("most doubtful first", ["line: tokens", "given", "suggested", "p"], rows)
    if len(found) > top:
        show.note(f"{len(found) - top:,} more: --top {len(found)} shows all, --out FILE writes them")
