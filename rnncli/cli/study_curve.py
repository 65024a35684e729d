"""``rnncli study curve``: the score against the size of the training data."""

from typing import Annotated, Any

import typer

from rnncli.cli import show, study
from rnncli.cli.options import ForceOption, OverwriteOption, command
from rnncli.cli.train import LexiconOption, VectorsOption
from rnncli.config import NetworkSpec, ReadOptions, StudyJobOptions, TrainingSpec

DevOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Labelled sentences to test on; without it a fifth of the training data, which is not trained on.",
    ),
]
SharesOption = Annotated[
    str, typer.Option(metavar="LIST", help="Shares of the training data, in %, each with its trainings.")
]
SeedsOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, max=1000, help="Trainings with each share; each with other sentences and other weights."
    ),
]


@command("study curve")
def curve(
    data: study.DataArgument = None,
    dev: DevOption = None,
    shares: SharesOption = "6,12,25,50,100",
    seeds: SeedsOption = 3,
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
    """Show how the score grows with the data, and what twice the data is worth.

    Models are trained on shares of the sentences; a larger share holds the smaller ones of its seed. A power law is
    fitted to the errors, and extended to twice the data where the points support that.

    Example: rnncli study curve train.tsv --dev dev.tsv --shares 5,10,20 --seeds 1
    """
    from rnncli.studies.curve import Plan, shares_of, summary
    from rnncli.studies.trial import Setting

    source = study.labelled_file(data)
    files = {"data": source, "dev": dev, "vectors": vectors, "lexicon": lexicon}
    plan = Plan(Setting.of(files, network, training, reading, force), shares_of(shares), seeds)
    jobs = plan.jobs(study.read(plan.setting))
    outcomes = study.run(jobs, study.folder(work, source, "curve"), running, overwrite)
    if not outcomes:
        return
    study.present(summary(plan, outcomes), _table, _figure, svg, json_output)


def _table(result: dict[str, Any]) -> None:
    """The scores by size, and what twice the data is worth."""
    fraction = show.fraction
    name = study.name_of(result["metric"])
    points = result["points"]
    law = result["law"] if not result["doubt"] else None
    spans = [(min(row["scores"]), row["mean"], max(row["scores"])) for row in points]
    future = []
    if law:
        twice = result["twice"]
        future = [tuple(points[-1]["mean"] + twice[key] for key in ("low", "gain", "high"))]
    least = min(span[0] for span in spans + future)
    most = max(span[2] for span in spans + future)
    rows = []
    for row, span in zip(points, spans, strict=True):
        score = f"{fraction(row['mean'])} ± {fraction(row['standard_deviation'])}"
        rows.append([f"{100 * row['share']:g} %", f"{row['sentences']:,}", score, study.strip(*span, least, most)])
    for span in future:
        score = f"about {fraction(span[1])}"
        rows.append(["200 %", f"{result['twice']['sentences']:,}", score, study.strip(*span, least, most)])
    show.table("", ["share", "sentences", f"{name} ± sd", study.scale(least, most)], rows)
    show.text(_in_words(result))


def _in_words(result: dict[str, Any]) -> str:
    sentences = show.counted(result["tested_on"], "sentence")
    tested = f"tested on {sentences}, {show.counted(result['seeds'], 'training')} with each share\n"
    if result["doubt"]:
        return f"{tested}what more data is worth cannot be said: {result['doubt']}\n"
    law = result["law"]
    twice = result["twice"]
    floor = f" + {law['c']:.4f}" if law["c"] else ""
    return (
        f"{tested}error = {_a(law['log_a'])} · n^(−{law['b']:.2f}){floor}, exponent {law['b_low']:.2f} to "
        f"{law['b_high']:.2f}\n"
        f"twice the data is worth about {show.points(twice['gain'])} ({show.points(twice['low'])} to "
        f"{show.points(twice['high'])})\n"
    )


def _a(log_a: float) -> str:
    from math import exp

    return f"{exp(log_a):.3g}" if log_a < 600 else f"exp({log_a:.0f})"


def _figure(result: dict[str, Any]) -> str:
    from rnncli.inspect.chart import Point, Points, points

    several = []
    if result["law"] and not result["doubt"]:
        fitted = [
            Point(each["sentences"], *(100 * each[key] for key in ("score", "low", "high")))
            for each in result["law"]["fitted"]
        ]
        several.append(Points("power law, 95 %", fitted, is_line=True))
    trials = [
        Point(row["sentences"], *(100 * value for value in (row["mean"], min(row["scores"]), max(row["scores"]))))
        for row in result["points"]
    ]
    several.append(Points("mean, least to most", trials))
    ticks = [(point.x, f"{point.x:,.0f}") for point in (several[0].points if len(several) > 1 else trials)]
    name = study.name_of(result["metric"])
    return points("Learning curve", "training sentences", f"{name} in %", several, ticks, is_logarithmic=True)
