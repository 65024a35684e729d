"""What ``rnncli train`` shows on the terminal: the data, the progress, each epoch and a summary."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rnncli.cli import show
from rnncli.cli.outputs import DEFAULT_MODEL
from rnncli.cli.printable import shell_word
from rnncli.cli.signals import Stop
from rnncli.clock import Clock
from rnncli.config import ReadOptions
from rnncli.data.examples import example
from rnncli.data.faults import is_given
from rnncli.data.lexicon import Lexicon
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap
from rnncli.data.vectors import Vectors
from rnncli.data.vocabulary import Names
from rnncli.model import Model
from rnncli.trained import Trained
from rnncli.training import Carried, Epoch, Listener, Result, Resumed

# Names of the scores that epochs are compared by. Of a loss the lowest is best.
NAMES = {"f1": "F1", "accuracy": "accuracy", "loss": "loss"}


class TrainView(Listener):
    """Shows the events of a training run, of one seed after another."""

    def __init__(self, progress: show.Progress, seed: int, seeds: int, stop: Stop, clock: Clock) -> None:
        self.progress = progress
        self.clock = clock
        self.first = seed
        self.seeds = seeds
        self.stop = stop
        self.runs = 0
        self.epochs = 0  # of the present run, as far as they are planned
        self.refit = False  # whether the present run is the refit
        self.metric = "f1"
        self.high: float | None = None  # the best score of the present run
        self.example = ""  # a text as those of the training data
        self.files: list[str] = []

    def reading(self, name: str, share: float) -> None:
        """Show how much of a file was read."""
        self.progress.update(0.0, f"reading {name}" + (f", {share:.0%}" if share else ""))

    def read(self, corpus: Corpus) -> None:
        """Say what was recognised."""
        self.files.append(corpus.name)
        self.progress.update(0.0, f"checking {corpus.name}")
        show.note(corpus.description)

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        """Before the first run, describe the data and warn of what is unusual about it."""
        self.progress.update(self.runs / self.seeds, "compiling …")
        self.runs += 1
        tokens = sum(len(sentence.tokens) for sentence in sentences)
        self.epochs = model.training_spec.most_epochs(tokens)
        self.high = None
        if self.seeds > 1:
            show.note(f"seed    {model.training_spec.seed}")
        if self.example:  # these data were described before
            return
        self.example = example(sentences, model.tokenizer)
        _describe_data(model, sentences, tokens, dev)
        if vectors:
            _describe_vectors(model, vectors)
        if lexicon := model.inputs.lexicon:
            _describe_lexicon(lexicon, sentences)
        if model.inputs.columns:
            show.note("        tagging will need the columns too; --features embedding+ngram leaves them out")
        _warn_of_dev(dev)
        _warn_of_many_tags(model, tokens)

    def resumed(self, resumed: Resumed) -> None:
        """Say from where the training goes on."""
        progress = resumed.progress
        self.runs = resumed.seed - self.first + 1
        if progress.end:
            self.epochs = math.ceil(progress.end / resumed.batches)
        best = ""
        if progress.best_epoch and resumed.metric:
            self.metric = resumed.metric
            self.high = progress.high_score
            score = f"dev {NAMES[self.metric]} {_shown(self.metric, progress.best_score)}"
            best = f"; kept so far: epoch {progress.best_epoch}, {score}"
        where = f"epoch {progress.epochs + 1}, after batch {progress.batches} of {resumed.batches}"
        of_seed = f" of seed {resumed.seed}" if self.seeds > 1 and resumed.metric else ""
        show.note(f"resumed {resumed.checkpoint}: {where}{of_seed}{best}")

    def carried(self, carried: Carried) -> None:
        """Say what the training has from the model that it begins from."""
        words = f"{carried.known_words:,} words known, {carried.new_words:,} new"
        others = f"; {carried.other_words:,} others of it are not here" if carried.other_words else ""
        tags = f"{carried.known_tags:,} tags known, {len(carried.new_tags):,} new"
        names = ", ".join(carried.new_tags[:10]) + (", …" if len(carried.new_tags) > 10 else "")
        show.note(f"begins  from a model: {carried.network}")
        show.note(f"        {words}{others}")
        show.note(f"        {tags}: {names}" if names else f"        {tags}")
        show.note(f"        dev score of the model itself {show.fraction(carried.score)}")

    def teaching(self, teachers: int, others: int, share: float) -> None:
        """Say what the student learns from, and show how much of it is labelled."""
        if share == 0:
            models = f"{teachers} models" if teachers > 1 else "the model before"
            show.note(f"student learns from {models}, also on {others:,} sentences without tags")
        self.progress.update(self.runs / self.seeds, f"labelling, {share:.0%}")

    def warning(self, message: str) -> None:
        """Show what is unusual about the data or the training."""
        show.note(f"warning: {message}")

    def should_stop(self) -> bool:
        """Whether there was a signal to stop."""
        return self.stop.signal != 0

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """Move the progress bar."""
        self.stop.can_wait = True
        if self.clock.budget:
            share = self.clock.spent / self.clock.budget
        else:
            share = (self.runs - 1 + epochs / max(self.epochs, epochs)) / self.seeds
        what = "refit, epoch" if self.refit else "epoch"
        best = "" if self.high is None else f"best {_shown(self.metric, self.high)}"
        self.progress.update(share, f"{what} {int(epochs) + 1} {tokens_per_second:,.0f} tokens/s {best}")

    def refitting(self, model: Model, sentences: Sequence[Sentence], passes: float) -> None:
        """Say that the best model is trained further, on all sentences."""
        self.runs = self.seeds
        self.epochs = math.ceil(passes)
        self.refit = True
        show.note(f"refit   on {len(sentences):,} sentences, training and development, in {self.epochs} epochs")

    def epoch(self, epoch: Epoch) -> None:
        """Show the loss and the score of an epoch in one line, and whether the score is the best so far."""
        self.metric = epoch.metric
        self.epochs = epoch.planned
        is_best = self.high is None or (
            epoch.score < self.high if self.metric == "loss" else epoch.score > self.high
        )
        if is_best:
            self.high = epoch.score
        about = "" if epoch.is_falling else "~"
        loss = f"epoch {epoch.number:3d}/{about}{self.epochs}  loss {epoch.loss:.4f}"
        score = f"dev {NAMES[self.metric]} {_shown(self.metric, epoch.score)}"
        mark = ("  new low" if self.metric == "loss" else "  new high") if is_best else ""
        show.note(f"{loss}  {score}  clipped {epoch.clipped}/{epoch.steps}{mark}")


def _shown(metric: str, score: float) -> str:
    return f"{score:.4f}" if metric == "loss" else show.fraction(score)


def _describe_data(model: Model, sentences: Sequence[Sentence], tokens: int, dev: Overlap) -> None:
    words = int((model.inputs.words.counts > 0).sum())  # a model to begin from may have others
    unknown = f"{100 * dev.unknown / dev.tokens:.1f} % of tokens unknown"
    tables = ", ".join(table.name for table in model.inputs.tables)
    show.note(f"train   {len(sentences):,} sentences, {tokens:,} tokens, {words:,} words")
    show.note(f"dev     {dev.sentences:,} sentences, {dev.tokens:,} tokens, {unknown}")
    show.note(f"tags    {len(model.tags)}, {model.scheme.text} ({model.scheme.description})")
    show.note(f"input   {tables}; digits {'kept' if model.network_spec.digits == 'keep' else 'read as 0'}")
    share = f"{100 * model.reproduced:.1f} %"
    show.note(f"text    cut into {model.tokenizer}: reproduces {share} of the training sentences")


def _describe_vectors(model: Model, vectors: Vectors) -> None:
    words = model.inputs.words.words
    features = next(part.features for part in model.inputs.parts if isinstance(part.features, Names))
    words_with_vector = sum(bool(features.select(word)) for word in words)
    share = 100 * words_with_vector / max(1, len(model.inputs.words) - 1)
    show.note(f"vectors {vectors.total:,} of {vectors.table.shape[1]} numbers; {share:.1f} % of words have one")


def _describe_lexicon(lexicon: Lexicon, sentences: Sequence[Sentence]) -> None:
    rows = lexicon.rows_of([sentence.tokens for sentence in sentences])
    share = 100 * float(np.mean(np.diff(rows.starts) > 0))
    counts = f"{len(lexicon.phrases):,} phrases of {len(lexicon.words):,} types"
    show.note(f"lexicon {counts}; {share:.1f} % of tokens are in one")


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
SHOWN = 0.05  # seconds; parts of the work that take less are not shown


def _warn_of_many_tags(model: Model, tokens: int) -> None:
    """Warn that a CRF of many tags is slow."""
    tags = len(model.tags)
    seconds = tokens * tags**2 / PAIRS_A_SECOND
    if model.network_spec.decoder == "crf" and tags >= MANY_TAGS and seconds >= LONG_EPOCH:
        show.note(
            f"warning: {tags:,} tags: a CRF compares {tags**2 / 1e6:,.0f} million pairs of tags for every token, "
            f"about {seconds:,.0f} s an epoch; --decoder softmax is faster"
        )


def _why(result: Result) -> str:
    """Why the saved epoch was chosen."""
    name = NAMES[result.metric]
    extreme = "lowest" if result.metric == "loss" else "highest"
    if result.high_score == result.best_score:
        return f"it has the {extreme} dev {name}"
    shown = f"{_shown(result.metric, result.high_score)}, epoch {result.high_epoch}"
    return f"the last one within a standard error of the {extreme} dev {name} ({shown})"


def plot(trained: Trained, as_page: bool) -> str:
    """The course of a training as SVG, or as a page with it and its numbers."""
    from rnncli import history

    saved = history.Saved(trained.best.seed, trained.result.best_epoch, NAMES[trained.result.metric])
    return (history.page if as_page else history.figure)(trained.history, saved)


def course(trained: Trained) -> None:
    """Show the losses and the scores of the run that was saved as two lines of bars, and which epoch was saved."""
    epochs = [past for past in trained.history if past.seed == trained.best.seed]
    name = NAMES[trained.result.metric]
    columns = show.width_of_notes() - 36
    if len(epochs) < 2 or columns < 8:
        return
    step = -(-len(epochs) // columns)  # epochs in a column, of which the last is shown
    shown = [epochs[min(first + step, len(epochs)) - 1] for first in range(0, len(epochs), step)]
    losses = [math.nan if past.loss is None else past.loss for past in shown]
    first, last = epochs[0], epochs[-1]
    ends = f"{losses[0]:.4f} … {losses[-1]:.4f}"
    show.note(f"{'loss':<13}{show.bars(losses)}  {ends}")
    ends = f"{_shown(trained.result.metric, first.score)} … {_shown(trained.result.metric, last.score)}"
    show.note(f"{'dev ' + name:<13}{show.bars([past.score for past in shown])}  {ends}")
    places = [number // step for number, past in enumerate(epochs) if past.epoch == trained.result.best_epoch]
    if places:
        show.note(f"{' ' * (13 + places[0])}^ epoch {trained.result.best_epoch}")


def summary(trained: Trained, view: TrainView, options: ReadOptions, with_course: bool = True) -> None:
    """Show the model that was saved, how it was trained, and how to tag with it.

    options      those that the training data were read with
    with_course  whether to draw its losses and scores too
    """
    result = trained.result
    model = trained.model
    megabytes = f"{trained.path.stat().st_size / 1e6:.2f} MB, " if trained.path.is_file() else ""
    weights = sum(array.size for array in model.parameters.values())
    rows = [
        ("network", model.network_spec.description),
        ("epoch", f"{result.best_epoch} of {result.epochs}"),
        (f"dev {NAMES[result.metric]}", _shown(result.metric, result.best_score)),
        ("time", _time(trained.time)),
        ("speed", f"{result.tokens_per_second:,.0f} tokens/s"),
        ("size", f"{megabytes}{weights:,} weights"),
    ]
    if trained.refit:
        epochs = f"{trained.refit.epochs} epochs on {trained.refit.sentences:,} sentences"
        rows.insert(2, ("refit", f"{epochs}; dev {NAMES[result.metric]} is that before it"))
    if len(trained.runs) > 1:
        mean, deviation = trained.spread
        spread = f"{_shown(result.metric, mean)} ± {_shown(result.metric, deviation)} over {len(trained.runs)}"
        is_student = trained.best is trained.student
        which = "the student is saved" if is_student else f"{model.training_spec.seed} is best"
        rows.insert(2, ("seeds", f"{spread}; {which}"))
    show.table("", ("saved", ""), rows, to_stderr=True)
    if with_course:
        course(trained)
    if trained.stopped:
        seed, number, in_refit = trained.stopped
        of_seed = f" of seed {seed}" if view.seeds > 1 else ""
        where = "of the refit, which is left out" if in_refit else f"epochs{of_seed}"
        show.note(f"interrupted after {number} of {view.epochs} {where}")
    elif result.diverged:
        show.note(f"diverged after {result.epochs} of {view.epochs} epochs")
    show.note(f"epoch {result.best_epoch} was saved: {_why(result)}")
    show.written(trained.path)
    if trained.checkpoint:
        show.written(trained.checkpoint)
        how_to_go_on(trained.checkpoint)
    show.note(f"next: {_next_command(trained, view, options)}")


def _time(times: dict[str, float]) -> str:
    """The time of a training, and what took most of it."""
    parts = sorted(((seconds, name) for name, seconds in times.items() if name != "total"), reverse=True)
    shown = ", ".join(f"{name} {seconds:.1f}" for seconds, name in parts if seconds >= SHOWN)
    return f"{times['total']:.1f} s: {shown}"


def how_to_go_on(checkpoint: Path) -> None:
    """Show the command that goes on with a training that was stopped, to be pasted into a shell."""
    if checkpoint.exists():
        words = [word for word in sys.argv[1:] if word not in ("--resume", "--restart")]
        show.note(f"go on:  {' '.join(map(shell_word, ['rnncli', *words, '--resume']))}")


def _next_command(trained: Trained, view: TrainView, options: ReadOptions) -> str:
    """A command that labels with the new model, to be pasted into a shell."""
    words = ["rnncli", "tag"]
    if trained.path != DEFAULT_MODEL:
        words += ["--model", shell_word(str(trained.path))]
    if trained.model.inputs.columns:  # of a text they are not known
        name = view.files[-1]
        words += ["--input", "FILE" if name == "stdin" or is_given(name) else shell_word(name)]
        for option in ("format", "columns", "encoding"):
            value = getattr(options, option)
            if value not in ("", "auto"):
                words += [f"--{option}", shell_word(value)]
        return " ".join(words)
    text = (trained.model.provenance["examples"] or [view.example])[-1]
    return " ".join([*words, *(["--"] if text.startswith("-") else []), shell_word(text)])
