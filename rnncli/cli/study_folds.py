"""``rnncli study folds``: cross-validation."""

from typing import Annotated, Any

import typer

from rnncli.cli import show, study
from rnncli.cli.options import ForceOption, OverwriteOption, command
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
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
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
    outcomes = study.run(plan.jobs(parts, where), where, running, overwrite)
    if not outcomes:
        return
    study.present(summary(plan, parts, outcomes), _tables, _figure, svg, json_output)


def _tables(result: dict[str, Any]) -> None:
    """The folds, the types, and the scores of both together."""
    fraction = show.fraction
    name = study.name_of(result["metric"])
    scores = [row["score"] for row in result["trials"]]
    ends = min(scores), max(scores)
    rows = []
    for row in result["trials"]:
        seed = f", seed {row['seed']}" if result["seeds"] > 1 else ""
        mark = study.strip(row["score"], row["score"], row["score"], *ends)
        rows.append(
            [f"{row['fold']}{seed}", f"{row['sentences']:,}", str(row["epochs"]), fraction(row["score"]), mark]
        )
    show.table("", ["fold", "sentences", "epochs", name, study.scale(*ends)], rows)
    unit = "tokens" if result["metric"] == "accuracy" else "spans"
    rows = [
        [kind, f"{each['gold']:,}", f"{fraction(each['mean'])} ± {fraction(each['standard_deviation'])}",
         fraction(each["score"])]
        for kind, each in sorted(result["per_type"].items(), key=lambda item: -item[1]["gold"])
    ]  # fmt: skip
    show.table("", ["type", unit, "mean ± sd of folds", "pooled F1"], rows)
    pooled = result["pooled"]
    show.text(
        f"mean of folds {fraction(result['mean'])} ± {fraction(result['standard_deviation'])} (sd)\n"
        f"pooled {name} {fraction(pooled['score'])}, 95 % interval {fraction(pooled['low'])} to "
        f"{fraction(pooled['high'])}\n"
    )


def _figure(result: dict[str, Any]) -> str:
    from rnncli.inspect.chart import Point, Points, points

    trials = result["trials"]
    name = study.name_of(result["metric"])
    marks = [Point(i, *[100 * row["score"]] * 3) for i, row in enumerate(trials, 1)]
    pooled = [100 * result["pooled"][key] for key in ("score", "low", "high")]
    line = [Point(i, *pooled) for i in (1, len(trials))]
    several = [Points("a fold", marks), Points("pooled, 95 %", line, is_line=True)]
    ticks = [(i, str(row["fold"])) for i, row in enumerate(trials, 1) if len(trials) <= 20 or row["fold"] == 1]
    return points(f"Cross-validation, {result['folds']} folds", "fold", f"{name} in %", several, ticks)
