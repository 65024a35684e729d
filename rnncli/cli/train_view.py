"""What ``rnncli train`` shows on the terminal: the data, the progress, each epoch and a summary."""

import shlex
from collections.abc import Callable, Sequence

from rnncli.api import Trained
from rnncli.cli import show
from rnncli.cli.options import DEFAULT_MODEL
from rnncli.config import NetworkSpec
from rnncli.data.split import Overlap
from rnncli.data.tags import SCHEMES
from rnncli.data.tsv import Sentence
from rnncli.data.vectors import Vectors
from rnncli.model import Model
from rnncli.training import Epoch, Listener


class TrainView(Listener):
    """Shows the events of a training run, of one seed after another."""

    def __init__(self, progress: show.Progress, seeds: int, is_interrupted: Callable[[], bool]) -> None:
        self.progress = progress
        self.seeds = seeds
        self.is_interrupted = is_interrupted
        self.runs = 0
        self.epochs = 0
        self.best_score = 0.0
        self.metric = "F1"

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        """Before the first run, describe the data and warn of what is unusual about it."""
        self.runs += 1
        self.epochs = model.training_spec.epochs
        if self.seeds > 1:
            show.note(f"seed    {model.training_spec.seed}")
        if self.runs > 1:
            return
        self.metric = "accuracy" if model.scheme == "plain" else "F1"
        tokens = sum(len(sentence.tokens) for sentence in sentences)
        _describe_data(model, sentences, tokens, dev)
        if vectors:
            _describe_vectors(model, vectors)
        if model.inputs.columns:
            show.note("        tagging will need the columns too; --input embedding+ngram leaves them out")
        _warn_of_dev(dev)
        _warn_of_many_tags(model, tokens)

    def should_stop(self) -> bool:
        """Whether the user has pressed Ctrl-C."""
        return self.is_interrupted()

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """Move the progress bar."""
        best = f"best {show.fraction(self.best_score, 1)}" if self.best_score else ""
        share = (self.runs - 1 + epochs / self.epochs) / self.seeds
        self.progress.update(share, f"epoch {int(epochs) + 1} {tokens_per_second:,.0f} tokens/s {best}")

    def epoch(self, epoch: Epoch) -> None:
        """Show the loss and the score of an epoch in one line."""
        self.best_score = max(self.best_score, epoch.score)
        loss = f"epoch {epoch.number:3d}/{self.epochs}  loss {epoch.loss:.4f}"
        score = f"dev {self.metric} {show.fraction(epoch.score)}"
        speed = f"{epoch.tokens_per_second:,.0f} tokens/s"
        kept = "  kept" if epoch.is_kept else ""
        show.note(f"{loss}  {score}  {speed}  clipped {epoch.clipped}/{epoch.steps}{kept}")


def _describe_data(model: Model, sentences: Sequence[Sentence], tokens: int, dev: Overlap) -> None:
    words = len(model.inputs.words) - 1  # without the unknown word
    unknown = f"{100 * dev.unknown / dev.tokens:.1f} % of tokens unknown"
    tables = ", ".join(table.name for table in model.inputs.tables)
    show.note(f"train   {len(sentences):,} sentences, {tokens:,} tokens, {words:,} words")
    show.note(f"dev     {dev.sentences:,} sentences, {dev.tokens:,} tokens, {unknown}")
    show.note(f"tags    {len(model.tags)}, {model.scheme} ({SCHEMES[model.scheme]})")
    show.note(f"input   {tables}; digits {'kept' if model.network_spec.digits == 'keep' else 'read as 0'}")
    share = f"{100 * model.reproduced:.1f} %"
    show.note(f"text    cut into {model.tokenizer}: reproduces {share} of the training sentences")


def _describe_vectors(model: Model, vectors: Vectors) -> None:
    words = model.inputs.words.words
    features = next(part.features for part in model.inputs.parts if part.table.name == "vectors")
    words_with_vector = sum(bool(features.select(word)) for word in words)
    share = 100 * words_with_vector / max(1, len(model.inputs.words) - 1)
    show.note(f"vectors {vectors.total:,} of {vectors.table.shape[1]} numbers; {share:.1f} % of words have one")


def _warn_of_dev(dev: Overlap) -> None:
    if dev.leaked:
        show.note(f"warning: {dev.leaked:,} of {dev.sentences:,} dev sentences are also training sentences")
    if dev.unseen_tags:
        names = ", ".join(dev.unseen_tags[:10])
        show.note(f"warning: tags in dev that training never shows, so none can be right: {names}")


# How many pairs of tags a CRF compares in a second. Below so many tags, other work takes more of the time.
PAIRS_A_SECOND = 6e9
MANY_TAGS = 1_000
LONG_EPOCH = 10.0  # seconds


def _warn_of_many_tags(model: Model, tokens: int) -> None:
    """Warn that a CRF of many tags is slow."""
    tags = len(model.tags)
    seconds = tokens * tags**2 / PAIRS_A_SECOND
    if model.network_spec.output == "crf" and tags >= MANY_TAGS and seconds >= LONG_EPOCH:
        show.note(
            f"warning: {tags:,} tags: a CRF compares {tags**2 / 1e6:,.0f} million pairs of tags for every token, "
            f"about {seconds:,.0f} s an epoch; --output softmax is faster"
        )


def _units(spec: NetworkSpec) -> str:
    return spec.activation if spec.cell == "simple" else spec.cell


def summary(trained: Trained) -> None:
    """Show the model that was saved, how it was trained, and how to tag with it."""
    result = trained.result
    model = trained.model
    spec = model.network_spec
    metric = "accuracy" if model.scheme == "plain" else "span F1"
    megabytes = trained.path.stat().st_size / 1e6
    weights = sum(array.size for array in model.parameters.values())
    rows = [
        ("network", f"{spec.arch}, {spec.layers} × {spec.hidden} {_units(spec)}, {spec.output}"),
        ("best epoch", f"{result.best_epoch} of {result.epochs}"),
        (f"dev {metric}", show.fraction(trained.dev.f1)),
        ("time in epochs", f"{result.seconds:.1f} s"),
        ("speed", f"{result.tokens_per_second:,.0f} tokens/s"),
        ("model", f"{trained.path}, {megabytes:.2f} MB, {weights:,} weights"),
    ]
    if len(trained.runs) > 1:
        mean, deviation = trained.spread
        spread = f"{show.fraction(mean)} ± {show.fraction(deviation)} over {len(trained.runs)}"
        rows.insert(2, ("seeds", f"{spread}; {model.training_spec.seed} is best"))
    show.table("", ("trained", ""), rows, to_stderr=True)
    example = shlex.quote((model.provenance["examples"] or ["…"])[-1])
    if model.inputs.columns:
        example = "--input FILE --input-format tsv"
    option = "" if trained.path == DEFAULT_MODEL else f"--model {trained.path} "
    show.note(f"next: rnncli tag {option}{example}")
