"""``rnncli train``: train and save a model."""

from pathlib import Path
from time import process_time
from typing import Annotated

import typer

from rnncli.cli import show, signals
from rnncli.cli.options import ForceOption, OverwriteOption, ThreadsOption, command, given
from rnncli.cli.outputs import DEFAULT_MODEL, is_page
from rnncli.clock import Clock, duration
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.errors import StoppedError, UsageError

DataArgument = Annotated[
    str | None,
    typer.Argument(metavar="TRAIN.tsv", help="Labelled sentences; - is stdin.", show_default=False),
]
DevOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Labelled sentences to choose the best epoch with; without it a share of the training data.",
    ),
]
VectorsOption = Annotated[
    Path | None,
    typer.Option(help="Pre-trained word vectors: word2vec (text or binary), GloVe, fastText .vec."),
]
LexiconOption = Annotated[
    Path | None,
    typer.Option(help="Known phrases: lines of phrase<TAB>type. The network reads the types where they stand."),
]
InitOption = Annotated[
    Path | None,
    typer.Option(
        "--init-from",
        metavar="MODEL",
        help="Begin from a model: its network, words, tags and weights are kept, and new words and tags are added.",
    ),
]
SeedsOption = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=1000, help="Runs, from --seed on; the best on dev is kept."),
]
UnlabelledOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Sentences without tags: one more model learns what those of all --seeds give to them, and is saved.",
    ),
]
TimeOption = Annotated[
    str,
    typer.Option(
        metavar="DURATION", help="Time for everything, such as 30s, 5m or 1h30m: the best model that it allows."
    ),
]
OutOption = Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="Where the model is written.")]
LogOption = Annotated[
    str | None,
    typer.Option(
        "--log-gradients",
        metavar="FILE",
        help="Log how far gradients reach back, epoch by epoch; rnncli inspect-gradients --log FILE draws it.",
    ),
]
PlotOption = Annotated[
    str | None,
    typer.Option(
        "--plot", metavar="FILE", help="Draw loss, dev score and learning rate by epoch: SVG, or a page if .html."
    ),
]
CheckpointOption = Annotated[
    float,
    typer.Option(
        "--checkpoint-every",
        metavar="MINUTES",
        min=0,
        help="Write OUT.checkpoint so often, from which --resume goes on; deleted at the end. 0: never.",
    ),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from OUT.checkpoint, to the model of a training that was not stopped. Where there is none, "
        "begin at the start.",
    ),
]
RestartOption = Annotated[
    bool, typer.Option("--restart", help="Begin at the start although there is OUT.checkpoint, and delete it.")
]


@command("train")
def train(
    context: typer.Context,
    data: DataArgument = None,
    dev: DevOption = None,
    vectors: VectorsOption = None,
    lexicon: LexiconOption = None,
    init_from: InitOption = None,
    seeds: SeedsOption = 1,
    unlabelled: UnlabelledOption = None,
    time: TimeOption = "",
    out: OutOption = str(DEFAULT_MODEL),
    log_gradients: LogOption = None,
    plot: PlotOption = None,
    checkpoint_every: CheckpointOption = 1.0,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    reading: ReadOptions,
    network: NetworkSpec,
    training: TrainingSpec,
) -> None:
    """Train a model and save it.

    TRAIN.tsv holds a token, a TAB and its tag on each line, and a blank line after each sentence. Other formats,
    such as CoNLL, CoNLL-U, CSV and JSON Lines, are recognised by their content. Without a file the bundled
    ticket-booking corpus is used.

    The first Ctrl-C, SIGTERM or SIGHUP saves the best epoch so far and a checkpoint, from which --resume goes on;
    the second stops at once.

    Example: rnncli train train.tsv --dev dev.tsv --out model.npz
    """
    clock = Clock(duration(time or 0), process_time())
    from rnncli import api
    from rnncli.cli import train_view

    if resume and restart:
        raise UsageError("--resume and --restart cannot both be given")
    checkpoint = api.checkpoint_of(out)
    if resume and not checkpoint.exists():
        show.note(f"no checkpoint {checkpoint}: the training begins at the start")
    files = api.Files(data, dev, out, vectors, log_gradients, init_from, unlabelled, lexicon)
    go_on = resume or (False if restart else None)
    settings = api.Settings(seeds, threads, force, overwrite, go_on, checkpoint_every, given(context))
    stop = signals.Stop()
    with signals.handled_by(stop.handle):
        try:
            with show.progress("reading …", at_once=True) as progress:
                view = train_view.TrainView(progress, training.seed, seeds + (unlabelled is not None), stop, clock)
                trained = api.train_files(files, network, training, reading, settings, view, clock)
        except (KeyboardInterrupt, signals.Stopped, StoppedError) as error:
            show.note("interrupted")
            train_view.how_to_go_on(checkpoint)
            raise typer.Exit(stop.exit_code) from error
    if json_output:
        show.data(show.json_line(trained.as_dict()))
    train_view.summary(trained, view, reading, with_course=not json_output)
    if log_gradients and not trained.log_problem:
        show.written(log_gradients)
    if plot:
        show.put(plot, train_view.plot(trained, is_page(plot)))
    if trained.stopped:
        raise typer.Exit(stop.exit_code)
    if trained.problem:
        raise trained.problem
