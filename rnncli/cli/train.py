"""``rnncli train``: train and save a model."""

import json
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import DEFAULT_MODEL, ThreadsOption, command
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.errors import INTERRUPTED

if TYPE_CHECKING:
    from rnncli.api import Trained
    from rnncli.data import split
    from rnncli.model import Model
    from rnncli.training import Listener


LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log-gradients",
        metavar="FILE",
        help="Keep how far gradients reach back, epoch by epoch; rnncli inspect-gradients --log FILE draws it.",
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
        typer.Option(help="Labelled sentences that choose the best epoch; else a share of the training data."),
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
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    network: NetworkSpec,
    training: TrainingSpec,
) -> None:
    """Train a model and save it.

    TRAIN.tsv holds a token, a TAB and its tag on each line, and a blank line after each sentence. Without a
    file the bundled ticket-booking corpus is used.

    Ctrl-C once saves the best epoch so far and stops; twice stops at once.

    Example: rnncli train train.tsv --dev dev.tsv --out model.npz
    """
    from rnncli import api

    with show.progress() as progress, _interruptible() as is_interrupted:
        listener = _listener(progress, seeds, is_interrupted)
        files = api.Files(data, dev, out, vectors, log_gradients)
        trained = api.train_files(files, network, training, seeds=seeds, threads=threads, listener=listener)
    if json_output:
        show.data(json.dumps(trained.as_dict()) + "\n")
    _summary(trained)
    if any(run.result.interrupted for run in trained.runs):
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C be asked for, and the second end the program at once."""
    seen = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            raise KeyboardInterrupt
        seen = True

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: seen
    finally:
        signal.signal(signal.SIGINT, previous)


def _listener(progress: show.Progress, seeds: int, is_interrupted: Callable[[], bool]) -> "Listener":
    """Connect a training run to the terminal."""
    from rnncli.data.split import Overlap
    from rnncli.data.tags import SCHEMES
    from rnncli.data.tsv import Sentence
    from rnncli.data.vectors import Vectors
    from rnncli.model import Model
    from rnncli.training import Epoch, Listener

    class Live(Listener):
        best = 0.0
        runs = 0
        epochs = 0
        metric = "F1"

        def prepared(
            self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None
        ) -> None:
            self.runs = self.runs + 1
            self.epochs = model.training_spec.epochs
            if seeds > 1:
                show.note(f"seed    {model.training_spec.seed}")
            if self.runs > 1:
                return
            tokens = sum(len(sentence.tokens) for sentence in sentences)
            self.metric = "accuracy" if model.scheme == "plain" else "F1"
            words = len(model.inputs.words) - 1
            show.note(f"train   {len(sentences):,} sentences, {tokens:,} tokens, {words:,} words")
            share = f"{100 * dev.unknown / dev.tokens:.1f} % of tokens unknown"
            show.note(f"dev     {dev.sentences:,} sentences, {dev.tokens:,} tokens, {share}")
            show.note(f"tags    {len(model.tags)}, {model.scheme} ({SCHEMES[model.scheme]})")
            show.note(
                f"input   {', '.join(table.name for table in model.inputs.tables)}; text cut into {model.tokenizer}"
            )
            if vectors:
                known = next(part.features for part in model.inputs.parts if part.table.name == "vectors")
                found = sum(bool(known.select(word)) for word in model.inputs.words.words)
                share = f"{100 * found / max(1, words):.1f} % of words have one"
                show.note(f"vectors {vectors.total:,} of {vectors.table.shape[1]} numbers; {share}")
            if model.inputs.columns:
                show.note("        tagging will need the columns too; --input embedding+ngram leaves them out")
            _warn(dev)
            _warn_of_pairs(model, tokens)

        def should_stop(self) -> bool:
            return is_interrupted()

        def batch(self, epochs: float, tokens_per_second: float) -> None:
            best = f"best {show.fraction(self.best, 1)}" if self.best else ""
            done = (self.runs - 1 + epochs / self.epochs) / seeds
            progress.update(done, f"epoch {int(epochs) + 1} {tokens_per_second:,.0f} tokens/s {best}")

        def epoch(self, epoch: Epoch) -> None:
            self.best = max(self.best, epoch.score)
            speed = f"{epoch.tokens_per_second:,.0f} tokens/s"
            star = "  kept" if epoch.is_kept else ""
            score = f"dev {self.metric} {show.fraction(epoch.score)}"
            begin = f"epoch {epoch.number:3d}/{self.epochs}  loss {epoch.loss:.4f}"
            show.note(f"{begin}  {score}  {speed}  clipped {epoch.clipped}/{epoch.steps}{star}")

    return Live()


def _warn(dev: "split.Overlap") -> None:
    if dev.leaked:
        show.note(f"warning: {dev.leaked:,} of {dev.sentences:,} dev sentences are also training sentences")
    if dev.unseen_tags:
        names = ", ".join(dev.unseen_tags[:10])
        show.note(f"warning: tags in dev that training never shows, so none can be right: {names}")


# Pairs of tags of a CRF that are compared in a second, and how many tags make them the larger part of the work.
PAIRS_A_SECOND = 6e9
MANY_TAGS = 1_000
LONG_EPOCH = 10.0  # seconds


def _warn_of_pairs(model: "Model", tokens: int) -> None:
    """Say what is slow about a CRF of many tags."""
    tags = len(model.tags)
    seconds = tokens * tags**2 / PAIRS_A_SECOND
    if model.network_spec.output == "crf" and tags >= MANY_TAGS and seconds >= LONG_EPOCH:
        show.note(
            f"warning: {tags:,} tags: a CRF compares {tags**2 / 1e6:,.0f} million pairs of tags for every token, "
            f"about {seconds:,.0f} s an epoch; --output softmax is faster"
        )


def _units(spec: NetworkSpec) -> str:
    return spec.activation if spec.cell == "simple" else spec.cell


def _summary(trained: "Trained") -> None:
    result = trained.result
    model = trained.model
    size = trained.path.stat().st_size
    metric = "accuracy" if model.scheme == "plain" else "span F1"
    numbers = sum(array.size for array in model.parameters.values())
    spec = model.network_spec
    rows = [
        ("network", f"{spec.arch}, {spec.layers} × {spec.hidden} {_units(spec)}, {spec.output}"),
        ("best epoch", f"{result.best_epoch} of {result.epochs}"),
        (f"dev {metric}", show.fraction(trained.dev.f1)),
        ("time in epochs", f"{result.seconds:.1f} s"),
        ("speed", f"{result.tokens_per_second:,.0f} tokens/s"),
        ("model", f"{trained.path}, {size / 1e6:.2f} MB, {numbers:,} weights"),
    ]
    if len(trained.runs) > 1:
        mean, deviation = trained.spread
        found = f"{show.fraction(mean)} ± {show.fraction(deviation)} over {len(trained.runs)}"
        rows.insert(2, ("seeds", f"{found}; {model.training_spec.seed} is best"))
    show.table("", ("trained", ""), rows, to_stderr=True)
    example = shlex.quote((model.provenance["examples"] or ["…"])[-1])
    if model.inputs.columns:
        example = "--input FILE --input-format tsv"
    option = "" if trained.path == DEFAULT_MODEL else f"--model {trained.path} "
    show.note(f"next: rnncli tag {option}{example}")
