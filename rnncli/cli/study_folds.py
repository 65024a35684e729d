"""``rnncli study folds``: cross-validation."""

from typing import Annotated, Any

import typer

from rnncli.cli import show, study
from rnncli.cli.options import ForceWriteOption, command
from rnncli.cli.train import LexiconOption, VectorsOption
from rnncli.config import NetworkSpec, ReadOptions, StudyJobOptions, TrainingSpec

FoldsOption = Annotated[
    int, typer.Option("--k", metavar="N", min=2, max=10_000, help="Folds: parts that are tested one by one.")
]
SeedsOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=1000, help="Repetitions, from --seed on; each with other folds and other weights."
    ),
]


@command("study folds")
def folds(
    data: study.DataArgument = None,
    k: FoldsOption = 5,
    seeds: SeedsOption = 1,
    group: study.GroupOption = "",
    vectors: VectorsOption = None,
    lexicon: LexiconOption = None,
    work: study.WorkOption = "",
    svg: study.SvgOption = None,
    force: ForceWriteOption = False,
    json_output: bool = False,
    *,
    running: StudyJobOptions,
    reading: ReadOptions,
    network: NetworkSpec,
    training: TrainingSpec,
) -> None:
    """Score by cross-validation: each sentence is tested once.

    The sentences are divided into folds. For each fold a model is trained on all others, as rnncli train does it
    without --dev, and tested on the fold. With --group no group is in two folds.

    Example: rnncli study folds train.tsv --k 3
    """
    from rnncli.studies.folds import Plan, summary
    from rnncli.studies.trial import Setting

    source = study.labelled_file(data)
    files = {"data": source, "vectors": vectors, "lexicon": lexicon}
    plan = Plan(Setting.of(files, network, training, reading, force, group), k, seeds)
    parts = study.read(plan.setting)
    where = study.folder(work, source, "folds")
    outcomes = study.run(plan.jobs(parts, where), where, running, force)
    if not outcomes:
        return
    result = summary(plan, parts, outcomes)
    if json_output:
        show.data(show.json_line(result))
        return
    _tables(result)


def _tables(result: dict[str, Any]) -> None:
    name = "F1" if result["metric"] == "f1" else "accuracy"
    fraction = show.fraction
    rows = [
        [f"{row['fold']} (seed {row['seed']})", f"{row['sentences']:,}", str(row["epochs"]), fraction(row["score"])]
        for row in result["trials"]
    ]
    show.table("", ["fold", "sentences", "epochs", name], rows)
