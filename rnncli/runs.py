"""Training runs from several seeds on the same data; each is scored on development data, and the best is kept."""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from rnncli import evaluation, labelling, training
from rnncli.checkpoint import Checkpoint, Finished, Saved
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.lexicon import Lexicon
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap, overlap
from rnncli.data.tags import Scheme
from rnncli.data.vectors import Vectors
from rnncli.errors import DivergedError, ModelError, RnncliError, StoppedError, UsageError
from rnncli.evaluation import Scores
from rnncli.inspect.gradient_log import Log
from rnncli.model import Model
from rnncli.training import Carried, Divergence, Epoch, Failure, Listener, Resumed, Run, State


class Task(NamedTuple):
    """The settings and data of a training, the same for every seed."""

    network_spec: NetworkSpec
    training_spec: TrainingSpec
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    vectors: Vectors | None
    class_weights: dict[str, float] | None
    start: Model | None = None  # the model that the training begins from
    lexicon: Lexicon | None = None

    def prepare(self, seed: int) -> Model:
        """An untrained model."""
        settings = dataclasses.replace(self.training_spec, seed=seed)
        return training.prepare(
            self.train, self.network_spec, settings, self.vectors, self.scheme, self.start, self.lexicon
        )


@dataclass
class Runs:
    """The runs from several seeds so far, and the best of them with its model."""

    task: Task
    runs: list[Run] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stopped: tuple[int, int] | None = None  # the seed of the run that was stopped, and how many epochs it has
    best: Run | None = None
    model: Model | None = None  # of the best run
    dev: Scores | None = None  # of the best run on the development data; None if it was not evaluated here
    log_problem: RnncliError | None = None  # of the last time that the log of gradients was written

    def add(self, run: Run, model: Model | None, dev: Scores | None) -> None:
        """Add a run that is over; of equal scores the first is best."""
        self.runs.append(run)
        sign = -1 if run.result.metric == "loss" else 1
        if self.best is None or sign * run.score > sign * self.best.score:
            self.best = run
            self.model = model
            self.dev = dev

    @property
    def finished(self) -> Finished:
        """The same for a checkpoint."""
        weights = self.model.parameters.flat if self.model else None
        return Finished(list(self.runs), list(self.failures), weights)

    def restore(self, finished: Finished) -> None:
        """Take the runs of a checkpoint."""
        self.failures = list(finished.failures)
        for run in finished.runs:
            self.add(run, None, None)
        if self.best and finished.weights is not None:
            self.model = self.task.prepare(self.best.seed)
            self.model.parameters.assign_flat(finished.weights)

    def saved(self, threads: int) -> tuple[Run, Model, Scores]:
        """The best run, its model, and its scores on the development data."""
        assert self.best is not None
        assert self.model is not None
        return self.best, self.model, self.dev or evaluation.evaluate(self.model, self.task.dev, threads)


def train_seeds(
    task: Task,
    seeds: int,
    threads: int,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
    saved: Saved | None = None,
    log: Log | None = None,
) -> Runs:
    """Train once from each seed. If interrupted, return the runs so far, of which the last may have ended early.

    A seed that fails is reported, and the others go on.

    checkpoint  keeps the state of the training; ``None``: nothing does
    saved       go on from this
    log         of gradients, which gets every epoch; if it cannot be written, the training goes on

    If no epoch was scored, raises :class:`.StoppedError` or the error of a seed.
    """
    runs = Runs(task)
    if log:
        listener = _Logging(listener, log, runs)
    state = None
    if saved:
        runs.restore(saved.finished)
        state = saved.state
    done = len(runs.runs) + len(runs.failures)
    error: Exception | None = None
    for seed in range(task.training_spec.seed + done, task.training_spec.seed + seeds):
        try:
            _train_seed(runs, seed, threads, listener, checkpoint, state)
        except (UsageError, ModelError):  # of options and of the checkpoint, so of all seeds
            raise
        except Exception as problem:  # what is finished must not be lost
            error = error or problem
            text = str(problem).partition("\n")[0]
            runs.failures.append(Failure(seed, text, isinstance(problem, DivergedError)))
            if seeds > 1:
                listener.warning(f"seed {seed} failed: {text}")
        state = None
        if runs.stopped:
            break
    if not runs.runs:
        _raise_nothing(runs, error, checkpoint)
    return runs


def _train_seed(
    runs: Runs, seed: int, threads: int, listener: Listener, checkpoint: Checkpoint | None, state: State | None
) -> None:
    """Train from one seed, or go on from a state; add the run to those that are over."""
    task = runs.task
    model = task.prepare(seed)
    listener.prepared(
        model, task.train, overlap(task.train, task.dev, model.inputs.words, model.tags), task.vectors
    )
    if task.start and seed == task.training_spec.seed:
        before = evaluation.evaluate(task.start, task.dev, threads, with_probabilities=False)
        listener.carried(training.Carried.of(task.start, model, before.score))
    why = _why_score_is_fixed(task.dev, model)
    metric = "loss" if why else "f1" if model.scheme.has_spans else "accuracy"
    if checkpoint:
        checkpoint.begin(runs.finished, model.parameters.flat)
        if state:
            batches = -(-len(task.train) // model.training_spec.batch)
            listener.resumed(Resumed(str(checkpoint.path), seed, state.progress, batches, metric))
    if why and seed == task.training_spec.seed:
        listener.warning(f"{why}, so the epoch with the lowest loss on it is kept")
    with checkpoint.naming() if checkpoint else nullcontext():
        result = training.train(
            model,
            task.train,
            threads=threads,
            score=functools.partial(_loss, task.dev) if why else functools.partial(_score, task.dev, threads),
            scored=0 if why else _scored(task.dev, model.scheme),
            metric=metric,
            listener=listener,
            class_weights=task.class_weights,
            saver=checkpoint,
            state=state,
        )
    if result.interrupted:
        runs.stopped = (seed, result.epochs)
    if result.best_epoch:  # else it was stopped in its first epoch
        dev = evaluation.evaluate(model, task.dev, threads)
        runs.add(Run(seed, result, dev.f1), model, dev)


def _raise_nothing(runs: Runs, error: Exception | None, checkpoint: Checkpoint | None) -> NoReturn:
    """Raise the error of a training without any epoch."""
    if runs.stopped:
        message = "training was stopped before its first epoch was over, so there is nothing to save"
        hint = "let should_stop return False until then"
        if checkpoint and checkpoint.path.exists():
            hint = f"it goes on from {checkpoint.path} with resume=True"
        raise StoppedError(message, hint=hint)
    if checkpoint and all(failure.diverged for failure in runs.failures):  # to go on would end in the same
        checkpoint.remove()
    raise error or DivergedError("; ".join(failure.text for failure in runs.failures))


def _score(dev: list[Sentence], threads: int, model: Model) -> float:
    return evaluation.evaluate(model, dev, threads, with_probabilities=False).score


def _loss(dev: list[Sentence], model: Model) -> float:
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in dev), strict=True))
    return labelling.gold_loss(model, encoded)


def _why_score_is_fixed(dev: list[Sentence], model: Model) -> str:
    """Why the score on these data would be the same after every epoch; "" if it can change."""
    scheme = model.scheme
    if not scheme.has_spans:
        has_known_tag = any(set(sentence.tags).intersection(model.tags) for sentence in dev)
        return "" if has_known_tag else "no tag of the development data is in the training data"
    spans = [span for sentence in dev for span in scheme.spans(sentence.tags)]
    if not spans:
        return "the development data has no span"
    types = {scheme.type_of(tag) for tag in model.tags}
    has_known_type = any(span.type in types for span in spans)
    return "" if has_known_type else "no type of span of the development data is in the training data"


def _scored(dev: list[Sentence], scheme: Scheme) -> int:
    """The number of spans, or of tokens, that the score on these data is a share of."""
    return sum(len(scheme.spans(s.tags)) if scheme.has_spans else len(s.tags) for s in dev)


class _Logging(Listener):
    """Passes every event on to another listener, and keeps a log of gradients."""

    def __init__(self, listener: Listener, log: Log, runs: Runs) -> None:
        self.listener = listener
        self.log = log
        self.runs = runs

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        self.listener.prepared(model, sentences, dev, vectors)
        self.model = model
        self.log.begin(model.training_spec.seed)

    def resumed(self, resumed: Resumed) -> None:
        self.listener.resumed(resumed)
        if not self.log.resume(resumed.seed, resumed.progress.epochs, resumed.progress.lowered):
            self.listener.warning(f"{self.log.path} does not hold the epochs before this one")

    def carried(self, carried: Carried) -> None:
        self.listener.carried(carried)

    def warning(self, message: str) -> None:
        self.listener.warning(message)

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.listener.batch(epochs, tokens_per_second)

    def epoch(self, epoch: Epoch) -> None:
        self.listener.epoch(epoch)
        with self._writing():
            self.log.add(self.model, epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)

    def diverged(self, divergence: Divergence) -> None:
        self.listener.diverged(divergence)
        with self._writing():
            self.log.add_divergence(divergence._asdict())

    def should_stop(self) -> bool:
        return self.listener.should_stop()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        before = self.runs.log_problem
        self.runs.log_problem = None
        try:
            yield
        except RnncliError as error:  # the training is worth more than its log
            self.runs.log_problem = error
            if before is None:
                self.listener.warning(str(error))
