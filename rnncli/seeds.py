"""Training from several seeds on the same data; each is scored on development data, and the best is kept.

Or all of them are the teachers of one more, the student, which is kept. What is kept may be refitted.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import NoReturn

from rnncli import distillation, evaluation, training
from rnncli.checkpoint import Checkpoint, Saved
from rnncli.clock import Clock, Share
from rnncli.config import REFIT, usual_epochs
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
from rnncli.training import Carried, Divergence, Epoch, Failure, Listener, Resumed, Run, State


def train_seeds(
    task: Task,
    seeds: int,
    threads: int,
    listener: Listener,
    checkpoint: Checkpoint | None = None,
    saved: Saved | None = None,
    log: Log | None = None,
    clock: Clock | None = None,
) -> Runs:
    """Train once from each seed, and refit the best. If interrupted, the last run may have ended early.

    A seed that fails is reported, and the others go on. Where there is to be a student, it has the seed after them.

    checkpoint  keeps the state of the training; ``None``: nothing does
    saved       go on from this
    log         of gradients, which gets every epoch; if it cannot be written, the training goes on
    clock       has the budget of time, which the seeds share

    If no epoch was scored, raises :class:`.StoppedError` or the error of a seed.
    """
    runs = Runs(task, seeds)
    clock = clock or Clock()
    refitting = listener
    if log:
        listener = _Logging(listener, log, runs)
    state = None
    if checkpoint and saved:
        with checkpoint.naming():
            runs.restore(saved.finished, threads, listener)
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
                with clock.part("labelling"):
                    lesson = runs.teach(threads, listener)
            before = state.progress.all_seconds if state else 0.0
            share = Share(clock, work[number] / sum(work[number:]), before)
            _train_seed(runs, seed, threads, listener, checkpoint, state, share, lesson)
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
    if task.refit and not runs.stopped:
        _refit(runs, threads, refitting, checkpoint, state, clock)
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


def _train_seed(
    runs: Runs,
    seed: int,
    threads: int,
    listener: Listener,
    checkpoint: Checkpoint | None,
    state: State | None,
    time_share: Share,
    lesson: Lesson | None,
) -> None:
    """Train from one seed, or go on from a state; add the run to those that are over.

    lesson  for the student
    """
    task = runs.task
    sentences = lesson.sentences if lesson else task.train
    model = task.prepare_student(seed, lesson) if lesson else task.prepare(seed)
    listener.prepared(model, sentences, overlap(sentences, task.dev, model.inputs.words, model.tags), task.vectors)
    if task.unlabelled is not None and not runs.runs:
        distillation.check_memory(model, runs.seeds, task.unlabelled)
    if task.start and seed == task.training_spec.seed:
        before = evaluation.evaluate(task.start, task.dev, threads, with_probabilities=False)
        listener.carried(training.Carried.of(task.start, model, before.score))
    scoring = Scoring.of(task.dev, model, threads)
    if checkpoint:
        checkpoint.begin(runs.finished, model.parameters.flat)
        if state:
            batches = -(-len(sentences) // model.training_spec.batch)
            listener.resumed(Resumed(str(checkpoint.path), seed, state.progress, batches, scoring.metric))
    if scoring.why_loss and seed == task.training_spec.seed:
        listener.warning(f"{scoring.why_loss}, so the epoch with the lowest loss on it is kept")
    with checkpoint.naming() if checkpoint else nullcontext():
        result = training.train(
            model,
            sentences,
            threads=threads,
            score=scoring.score,
            scored=scoring.scored,
            metric=scoring.metric,
            listener=listener,
            class_weights=task.class_weights,
            saver=checkpoint,
            state=state,
            time_share=time_share,
            target=lesson.target if lesson else None,
        )
    if result.interrupted:
        runs.stopped = Stopped(seed, result.epochs, in_refit=False)
    if result.best_epoch:  # else it was stopped in its first epoch
        with time_share.clock.part("scoring"):
            dev = evaluation.evaluate(model, task.dev, threads)
        run = Run(seed, result, dev.f1)
        if lesson:
            runs.add_student(run, model, dev)
        else:
            runs.add(run, model, dev)


def _refit(
    runs: Runs, threads: int, listener: Listener, checkpoint: Checkpoint | None, state: State | None, clock: Clock
) -> None:
    """Train the best model further on training and development data, with the rate rising and falling once more.

    If that is interrupted or diverges, the best model stays as it is.
    """
    task = runs.task
    best, before, runs.dev = runs.saved(threads)
    if best.result.diverged or (state is None and clock.left <= 0):
        return
    settings = dataclasses.replace(task.training_spec, seed=best.seed, tokenizer=before.tokenizer)
    sentences = task.sentences
    lesson = None
    if best is runs.student:
        lesson = runs.teach(threads, listener).joined(before.tags, task.dev)
        sentences = lesson.sentences
    of_task = task.vectors, task.scheme, before, task.lexicon
    model = training.prepare(sentences, before.network_spec, settings, *of_task)
    plan = training.Plan(0.0, REFIT * best.result.passes)
    listener.refitting(model, task.sentences, plan.passes)
    if checkpoint:
        checkpoint.begin(runs.finished, model.parameters.flat)
        if state:
            batches = -(-len(sentences) // model.training_spec.batch)
            listener.resumed(Resumed(str(checkpoint.path), best.seed, state.progress, batches, ""))
    without = "the model from before the refit is saved"
    try:
        with checkpoint.naming() if checkpoint else nullcontext():
            result = training.train(
                model,
                sentences,
                threads=threads,
                score=None,
                metric="",
                listener=_Refitting(listener),
                class_weights=task.class_weights,
                saver=checkpoint,
                state=state,
                plan=plan,
                time_share=Share(clock),
                target=lesson.target if lesson else None,
            )
    except DivergedError as error:
        listener.warning(f"{error.message}: {without}")
        return
    model.training_spec = dataclasses.replace(
        model.training_spec, tokenizer=task.training_spec.tokenizer, patience=before.training_spec.patience
    )
    if result.interrupted:
        runs.stopped = Stopped(best.seed, result.epochs, in_refit=True)
    elif result.diverged:
        listener.warning(f"{result.diverged}: {without}")
    else:
        with clock.part("scoring"):
            reached = evaluation.evaluate(model, task.dev, threads, with_probabilities=False)
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
