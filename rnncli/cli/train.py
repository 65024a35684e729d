"""``rnncli train``: train and save a model."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import ForceWriteOption, ThreadsOption, command
from rnncli.cli.outputs import DEFAULT_MODEL
from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
from rnncli.errors import INTERRUPTED

LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log-gradients",
        metavar="FILE",
        help="Log how far gradients reach back, epoch by epoch; rnncli inspect-gradients --log FILE draws it.",
    ),
]


@command("train")
def train(
    data: Annotated[
        str | None,
        typer.Argument(metavar="TRAIN.tsv", help="Labelled sentences; - is stdin.", show_default=False),
    ] = None,
    dev: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Labelled sentences to choose the best epoch with; without it a share of the training data.",
        ),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(help="Pre-trained word vectors: word2vec (text or binary), GloVe, fastText .vec."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=1000, help="Runs, from --seed on; the best on dev is kept."),
    ] = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the model is written.")] = DEFAULT_MODEL,
    log_gradients: LogOption = None,
    force: ForceWriteOption = False,
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

    The first Ctrl-C saves the best epoch so far and stops; the second stops at once.

    Example: rnncli train train.tsv --dev dev.tsv --out model.npz
    """
    from rnncli import api
    from rnncli.cli import train_view

    with show.progress("reading …", at_once=True) as progress, _interruptible() as is_interrupted:
        view = train_view.TrainView(progress, seeds, is_interrupted)
        files = api.Files(data, dev, out, vectors, log_gradients)
        trained = api.train_files(
            files, network, training, reading, seeds=seeds, threads=threads, listener=view, force=force
        )
    if json_output:
        show.data(show.json_line(trained.as_dict()))
    train_view.summary(trained, view, reading)
    if log_gradients:
        show.written(log_gradients)
    if any(run.result.interrupted for run in trained.runs):
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed; the second Ctrl-C ends the program at once."""
    is_interrupted = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if is_interrupted:
            raise KeyboardInterrupt
        is_interrupted = True

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: is_interrupted
    finally:
        signal.signal(signal.SIGINT, previous)
