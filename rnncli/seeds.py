"""Training from several seeds on the same data; each is scored on development data, and the best is kept.

Or all of them are the teachers of one more, the student, which is kept. What is kept may be refitted.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple, NoReturn

from rnncli import distillation, evaluation, training
from rnncli.checkpoint import Checkpoint, Saved
from rnncli.clock import Clock, Share
from rnncli.config import REFIT, usual_epochs
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap, overlap
from rnncli.data.vectors import Vectors
from rnncli.distillation import Lesson
from rnncli.errors import DivergedError, ModelError, RnncliError, StoppedError, UsageError
from rnncli.inspect.gradient_log import Log
from rnncli.model import Model
from rnncli.runs import Refit, Runs, Stopped
from rnncli.scoring import Scoring
from rnncli.task import Task
from rnncli.training import (
    Carried,
    Course,
    Divergence,
    Epoch,
    Failure,
    Listener,
    PastEpoch,
    Resumed,
    Run,
    State,
)


class Running(NamedTuple):
    """How a training is run.

    threads     that share the work of each step
    listener    of what happens
    clock       has the budget of time, which the seeds share
    checkpoint  keeps the state of the training; ``None``: nothing does
    log         of gradients, which gets every epoch of a seed; if it cannot be written, the training goes on
    """

    threads: int
    listener: Listener
    clock: Clock
    checkpoint: Checkpoint | None = None
    log: Log | None = None

    def naming(self) -> AbstractContextManager[None]:
        """Name the checkpoint in errors of its content."""
        return self.checkpoint.naming() if self.checkpoint else nullcontext()


def train_seeds(task: Task, seeds: int, running: Running, saved: Saved | None = None) -> Runs:
    """Train once from each seed, and refit the best. If interrupted, the last run may have ended early.

    A seed that fails is reported, and the others go on. Where there is to be a student, it has the seed after them.

    saved  go on from this

    If no epoch was scored, raises :class:`.StoppedError` or the error of a seed.
    """
    runs = Runs(task, seeds)
    refitting = running
    listener: Listener = _Recording(running.listener, runs)
    if running.log:
        listener = _Logging(listener, running.log, runs)
    running = running._replace(listener=listener)
    state = None
    if saved:
        with running.naming():
            runs.restore(saved.finished, running.threads, running.listener)
        state = saved.state
    done = len(runs.runs) + len(runs.failures) + (runs.student is not None)
    error: Exception | None = None
    count = seeds + (task.unlabelled is not None)
    work = _work(task, seeds)
    for number in range(done, count):
        if number == seeds and not runs.runs:  # no teacher
            break
        seed = task.training_spec.seed + number
        try:
            lesson = None
            if number == seeds:
                with running.clock.part("labelling"):
                    lesson = runs.teach(running.threads, running.listener)
            before = state.progress.all_seconds if state else 0.0
            time_share = Share(running.clock, work[number] / sum(work[number:]), before)
            _train_seed(runs, seed, running, Course(None, time_share, running.checkpoint, state), lesson)
        except (UsageError, ModelError):  # of options and of the checkpoint, so of all seeds
            raise
        except Exception as problem:  # what is finished must not be lost
            error = error or problem
            text = str(problem).partition("\n")[0]
            runs.failures.append(Failure(seed, text, isinstance(problem, DivergedError)))
            if seeds > 1:
                running.listener.warning(f"seed {seed} failed: {text}")
        state = None
        if runs.stopped:
            break
    if not runs.runs:
        _raise_nothing(runs, error, running.checkpoint)
    if task.refit and not runs.stopped:
        _refit(runs, refitting, state)
    return runs


def _work(task: Task, seeds: int) -> list[float]:
    """The work of the run of each seed, of a student and of a refit, by which they share the time."""
    work = [1.0] * seeds
    if task.unlabelled is not None:
        tokens = sum(len(sentence.tokens) for sentence in task.train)
        size = 1 + len(task.unlabelled) / len(task.train)
        epochs = 1.0 if task.training_spec.epochs else usual_epochs(round(size * tokens)) / usual_epochs(tokens)
        work.append(size * epochs)
    if task.refit:
        work.append(REFIT * work[-1])
    return work


def _train_seed(runs: Runs, seed: int, running: Running, course: Course, lesson: Lesson | None) -> None:
    """Train from one seed, or go on from a state; add the run to those that are over.

    lesson  for the student
    """
    task = runs.task
    listener = running.listener
    sentences = lesson.sentences if lesson else task.train
    model = task.prepare_student(seed, lesson) if lesson else task.prepare(seed)
    listener.prepared(model, sentences, overlap(sentences, task.dev, model.inputs.words, model.tags), task.vectors)
    if task.unlabelled is not None and not runs.runs:
        distillation.check_memory(model, runs.seeds, task.unlabelled)
    if task.start and seed == task.training_spec.seed:
        before = evaluation.evaluate(task.start, task.dev, running.threads, with_probabilities=False)
        listener.carried(training.Carried.of(task.start, model, before.score))
    scoring = Scoring.of(task.dev, model, running.threads)
    _begin(runs, running, model, len(sentences), course.state, scoring.metric)
    if scoring.why_loss and seed == task.training_spec.seed:
        listener.warning(f"{scoring.why_loss}, so the epoch with the lowest loss on it is kept")
    with running.naming():
        result = training.train(
            model,
            sentences,
            threads=running.threads,
            score=scoring.score,
            scored=scoring.scored,
            metric=scoring.metric,
            listener=listener,
            class_weights=task.class_weights,
            target=lesson.target if lesson else None,
            course=course,
        )
    if result.interrupted:
        runs.stopped = Stopped(seed, result.epochs, in_refit=False)
    if result.best_epoch:  # else it was stopped in its first epoch
        with running.clock.part("scoring"):
            dev = evaluation.evaluate(model, task.dev, running.threads)
        run = Run(seed, result, dev.f1)
        if lesson:
            runs.add_student(run, model, dev)
        else:
            runs.add(run, model, dev)


def _begin(runs: Runs, running: Running, model: Model, sentences: int, state: State | None, metric: str) -> None:
    """Begin to keep the state of a run over so many sentences, or to go on from one."""
    checkpoint = running.checkpoint
    if not checkpoint:
        return
    checkpoint.begin(runs.finished, model.parameters.flat)
    if state:
        batches = -(-sentences // model.training_spec.batch)
        seed = model.training_spec.seed
        running.listener.resumed(Resumed(str(checkpoint.path), seed, state.progress, batches, metric))


def _refit(runs: Runs, running: Running, state: State | None) -> None:
    """Train the best model further on training and development data, with the rate rising and falling once more.

    If that is interrupted or diverges, the best model stays as it is.
    """
    task = runs.task
    listener = running.listener
    best, before, runs.dev = runs.saved(running.threads)
    if best.result.diverged or (state is None and running.clock.left <= 0):
        return
    settings = dataclasses.replace(task.training_spec, seed=best.seed)
    sentences = task.sentences
    lesson = None
    if best is runs.student:
        lesson = runs.teach(running.threads, listener).joined(before.tags, task.dev)
        sentences = lesson.sentences
    of_task = task.vectors, task.scheme, before, task.lexicon, task.cut
    model = training.prepare(sentences, before.network_spec, settings, *of_task)
    plan = training.Plan(0.0, REFIT * best.result.passes)
    listener.refitting(model, task.sentences, plan.passes)
    _begin(runs, running, model, len(sentences), state, "")
    without = "the model from before the refit is saved"
    try:
        with running.naming():
            result = training.train(
                model,
                sentences,
                threads=running.threads,
                score=None,
                metric="",
                listener=_Refitting(listener),
                class_weights=task.class_weights,
                target=lesson.target if lesson else None,
                course=Course(plan, Share(running.clock), running.checkpoint, state),
            )
    except DivergedError as error:
        listener.warning(f"{error.message}: {without}")
        return
    model.training_spec = dataclasses.replace(model.training_spec, patience=before.training_spec.patience)
    if result.interrupted:
        runs.stopped = Stopped(best.seed, result.epochs, in_refit=True)
    elif result.diverged:
        listener.warning(f"{result.diverged}: {without}")
    else:
        with running.clock.part("scoring"):
            reached = evaluation.evaluate(model, task.dev, running.threads, with_probabilities=False)
        runs.refit = Refit(len(task.sentences), result.epochs, result.seconds, reached)
        runs.model = model


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


class _Refitting(Listener):
    """Passes on what happens in a refit but its epochs, which have no score."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.listener.batch(epochs, tokens_per_second)

    def diverged(self, divergence: Divergence) -> None:
        self.listener.diverged(divergence)

    def should_stop(self) -> bool:
        return self.listener.should_stop()


class _Passing(Listener):
    """Passes every event on to another listener."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def reading(self, name: str, share: float) -> None:
        self.listener.reading(name, share)

    def read(self, corpus: Corpus) -> None:
        self.listener.read(corpus)

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        self.listener.prepared(model, sentences, dev, vectors)

    def resumed(self, resumed: Resumed) -> None:
        self.listener.resumed(resumed)

    def carried(self, carried: Carried) -> None:
        self.listener.carried(carried)

    def teaching(self, teachers: int, others: int, share: float) -> None:
        self.listener.teaching(teachers, others, share)

    def warning(self, message: str) -> None:
        self.listener.warning(message)

    def refitting(self, model: Model, sentences: Sequence[Sentence], passes: float) -> None:
        self.listener.refitting(model, sentences, passes)

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.listener.batch(epochs, tokens_per_second)

    def epoch(self, epoch: Epoch) -> None:
        self.listener.epoch(epoch)

    def diverged(self, divergence: Divergence) -> None:
        self.listener.diverged(divergence)

    def should_stop(self) -> bool:
        return self.listener.should_stop()


class _Recording(_Passing):
    """Keeps the history of the runs."""

    def __init__(self, listener: Listener, runs: Runs) -> None:
        super().__init__(listener)
        self.runs = runs
        self.seed = 0

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        super().prepared(model, sentences, dev, vectors)
        self.seed = model.training_spec.seed

    def epoch(self, epoch: Epoch) -> None:
        loss = epoch.loss if math.isfinite(epoch.loss) else None
        past = PastEpoch(self.seed, epoch.number, loss, epoch.score, epoch.seconds, epoch.rate)
        self.runs.history.append(past)
        super().epoch(epoch)


class _Logging(_Passing):
    """Keeps a log of gradients."""

    def __init__(self, listener: Listener, log: Log, runs: Runs) -> None:
        super().__init__(listener)
        self.log = log
        self.runs = runs

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        super().prepared(model, sentences, dev, vectors)
        self.model = model
        self.log.begin(model.training_spec.seed)

    def resumed(self, resumed: Resumed) -> None:
        super().resumed(resumed)
        if not self.log.resume(resumed.seed, resumed.progress.epochs, resumed.progress.lowered):
            self.listener.warning(f"{self.log.path} does not hold the epochs before this one")

    def epoch(self, epoch: Epoch) -> None:
        super().epoch(epoch)
        with self._writing():
            self.log.add(self.model, epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)

    def diverged(self, divergence: Divergence) -> None:
        super().diverged(divergence)
        with self._writing():
            self.log.add_divergence(divergence._asdict())

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
