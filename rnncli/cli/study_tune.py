"""``rnncli study tune``: settings for a budget of time."""

from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnncli.cli import jobs as job_runner
from rnncli.cli import show, study
from rnncli.cli.options import ForceOption, OverwriteOption, command, given
from rnncli.cli.train import DevOption, LexiconOption, VectorsOption
from rnncli.clock import Clock, duration
from rnncli.config import NetworkSpec, ReadOptions, StudyJobOptions, TrainingSpec
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.studies.tuning import Tuning

TimeOption = Annotated[
    str, typer.Option(metavar="DURATION", help="Time for everything, such as 30s, 10m or 1h30m; it must be given.")
]
SizeOption = Annotated[
    str, typer.Option("--max-size", metavar="SIZE", help="The most that a model file may have, such as 2MB.")
]
MetricOption = Annotated[
    str,
    typer.Option(
        metavar="METRIC", help="What is to be best, f1:LABEL for F1 of one type; without it the score of all."
    ),
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", help="Where the settings are written; rnncli train --config FILE takes them.")
]
BEST = 5  # candidates that are shown


@command("study tune")
def tune(
    context: typer.Context,
    data: study.DataArgument = None,
    dev: DevOption = None,
    time: TimeOption = "",
    max_size: SizeOption = "",
    metric: MetricOption = "",
    vectors: VectorsOption = None,
    lexicon: LexiconOption = None,
    out: OutOption = Path("tuned.toml"),
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
    """Find settings for training within a budget of time.

    The first trial has the defaults, the others what Optuna draws. An option that is given stays as it is. The last
    third of the time is for other seeds of the best settings, as the score of one training is partly chance.

    Ctrl-C writes the best settings so far; the same command goes on with the same trials and a new budget.

    Example: rnncli study tune train.tsv --dev dev.tsv --time 20s
    """
    clock = Clock(duration(time or 0), process_time())
    if not clock.budget:
        raise UsageError("--time is missing", hint="it is the time for everything: --time 10m")
    if running.shard:
        raise UsageError(
            "--shard does not go with study tune: a trial depends on those before it", hint="use --jobs"
        )
    from rnncli.studies import tuning, tuning_trial
    from rnncli.studies.trial import Setting

    tuning_trial.load_optuna()
    source = study.labelled_file(data)
    if data is None and dev is None:
        dev = study.bundled_dev()
    files = {"data": source, "dev": dev, "vectors": vectors, "lexicon": lexicon}
    setting = Setting.of(files, network, training, reading, force)
    goal = tuning_trial.Goal(metric, tuning_trial.size_of(max_size) if max_size else 0)
    parts = study.read(setting)
    where = study.folder(work, source, "tune")
    search = tuning.Tuning(setting, parts, goal, clock, where, sorted(given(context)))
    with search.opened():
        try:
            with show.progress() as bar:
                search.run(job_runner.place(study.options(running), 1), bar.update)
        except BaseException:
            if search.best():
                _write(search, out)
            raise
        result = tuning.summary(search)
        _write(search, out)
    study.present(result, _table, _figure, svg, json_output)


def _write(search: "Tuning", out: Path) -> None:
    """Write the best settings so far."""
    from rnncli.studies import space, tuning

    result = tuning.summary(search)
    best = result["best"]
    by = "one seed" if result["seeds"] == 1 else f"the mean of {result['seeds']} seeds"
    comment = [
        f"The best of {show.counted(result['trials'], 'trial')}, by {by}: {100 * best['score']:.2f}.",
        "Use it: rnncli train TRAIN --dev DEV --config FILE",
    ]
    show.put(out, space.toml(search.setting, best["values"], comment))


def _table(result: dict[str, Any]) -> None:
    """The best settings and the defaults, with their scores."""
    fraction = show.fraction
    shown = result["candidates"][:BEST]
    default = result["default"]
    if default and default not in shown:
        shown.append(default)
    scores = [score for row in shown for score in row["scores"]]
    ends = min(scores), max(scores)
    rows = []
    for row in shown:
        name = f"{row['trial']}{' (defaults)' if row == default else ''}"
        mark = study.strip(min(row["scores"]), row["score"], max(row["scores"]), *ends)
        seeds = str(len(row["scores"]))
        rows.append([name, fraction(row["score"]), seeds, str(row["epochs"]), f"{row['seconds']:.0f} s", mark])
    show.table("", ["trial", "dev score", "seeds", "epochs", "time", study.scale(*ends)], rows)
    show.text(_in_words(result))


def _in_words(result: dict[str, Any]) -> str:
    states = ", ".join(f"{count} {state}" for state, count in result["states"].items() if count)
    best = result["best"]
    seeds = result["seeds"]
    by = "one seed, so partly by chance" if seeds == 1 else f"the mean of {seeds} seeds"
    if best["is_default"]:
        comparison = "no settings were better than the defaults\n"
    elif result["default"]:
        count = min(seeds, len(result["default"]["scores"]))
        default = sum(result["default"]["scores"][:count]) / count
        comparison = f"trial {best['trial']} {100 * best['score']:.2f}, defaults {100 * default:.2f}\n"
    else:
        comparison = f"trial {best['trial']} {100 * best['score']:.2f}; the defaults have no score\n"
    values = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in best["values"].items())
    return f"{show.counted(result['trials'], 'trial')}: {states}\nchosen by {by}: {comparison}settings: {values}\n"


def _figure(result: dict[str, Any]) -> str:
    from rnncli.inspect.chart import Point, Points, points

    whole = [trial for trial in result["all"] if trial["state"] == "whole"] or result["all"]
    marks = [Point(trial["number"], *[100 * trial["score"]] * 3) for trial in whole]
    high = 0.0
    line = []
    for mark in marks:
        high = max(high, mark.y)
        line.append(mark._replace(y=high, low=high, high=high))
    several = [Points("a trial", marks), Points("best so far", line, is_line=True)]
    step = max(1, len(marks) // 10)
    ticks = [(mark.x, f"{mark.x:.0f}") for mark in marks[::step]]
    return points("Trials", "trial", "dev score in %", several, ticks)
