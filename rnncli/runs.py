"""The runs of a training from several seeds so far, the best of them, and their form in a checkpoint."""

import functools
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from rnncli import distillation, evaluation
from rnncli.checkpoint import Finished
from rnncli.distillation import Lesson
from rnncli.errors import ModelError, RnncliError
from rnncli.evaluation import Scores
from rnncli.model import Model
from rnncli.parameters import Array
from rnncli.task import Task
from rnncli.training import Failure, Listener, PastEpoch, Run


class Refit(NamedTuple):
    """The further training of the best model on training and development sentences."""

    sentences: int  # with tags in a file
    epochs: int
    seconds: float
    reached: Scores  # of the new model on the development data, which it was trained on

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        scores = self.reached.as_dict()
        reached = {name: scores[name] for name in ("accuracy", "precision", "recall", "f1")}
        return {"sentences": self.sentences, "epochs": self.epochs, "seconds": self.seconds, "reached": reached}


class Stopped(NamedTuple):
    """Where a training was stopped."""

    seed: int
    epochs: int  # that are over
    in_refit: bool


@dataclass
class Runs:
    """The runs from several seeds so far, and the best of them with its model."""

    task: Task
    seeds: int  # how many runs there are to be, without the student
    runs: list[Run] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stopped: Stopped | None = None
    best: Run | None = None  # the student if there is one
    model: Model | None = None  # of the best run
    teachers: list[Array] = field(default_factory=list)  # weights of each run; empty where nobody is taught
    student: Run | None = None
    lesson: Lesson | None = None  # of the student
    refit: Refit | None = None
    dev: Scores | None = None  # of the best run on the development data; None if it was not evaluated here
    log_problem: RnncliError | None = None  # of the last time that the log of gradients was written
    history: list[PastEpoch] = field(default_factory=list)  # of all seeds; only what was trained here

    def add(self, run: Run, model: Model | None, dev: Scores | None) -> None:
        """Add a run that is over; of equal scores the first is best."""
        self.runs.append(run)
        if model and self.task.unlabelled is not None:
            self.teachers.append(model.parameters.flat.copy())
        if self._is_better(run):
            self._keep(run, model, dev)

    def add_student(self, run: Run, model: Model | None, dev: Scores | None) -> None:
        """Add the student, which is best; but if its training ended early, only with a better score."""
        self.student = run
        is_whole = not run.result.interrupted and not run.result.diverged
        if is_whole or self._is_better(run):
            self._keep(run, model, dev)

    def _is_better(self, run: Run) -> bool:
        sign = -1 if run.result.metric == "loss" else 1
        return self.best is None or sign * run.score > sign * self.best.score

    def _keep(self, run: Run, model: Model | None, dev: Scores | None) -> None:
        self.best = run
        self.model = model
        self.dev = dev

    def teach(self, threads: int, listener: Listener) -> Lesson:
        """What the student learns from the runs; the same if it is asked for again."""
        if self.lesson is None:
            model = self.task.prepare(self.task.training_spec.seed)
            others = distillation.cut(model, self.task.unlabelled or ())
            listener.teaching(len(self.teachers), len(others), 0.0)
            advance = functools.partial(listener.teaching, len(self.teachers), len(others))
            self.lesson = distillation.lesson(model, self.teachers, self.task.train, others, threads, advance)
        return self.lesson

    @property
    def finished(self) -> Finished:
        """The same for a checkpoint; with the weights of all runs end to end, where they are teachers."""
        runs = list(self.runs)
        weights = [] if self.model is None else [self.model.parameters.flat]
        if self.teachers:
            weights = list(self.teachers)
        if self.student:
            runs.append(self.student)
        if self.model and self.best is self.student:
            weights.append(self.model.parameters.flat)
        return Finished(runs, list(self.failures), np.concatenate(weights) if weights else None)

    def restore(self, finished: Finished, threads: int, listener: Listener) -> None:
        """Take the runs of a checkpoint. Weights that do not fit are a :class:`.ModelError`."""
        task = self.task
        self.failures = list(finished.failures)
        count = min(
            len(finished.runs),
            self.seeds - sum(each.seed < task.training_spec.seed + self.seeds for each in self.failures),
        )
        for run in finished.runs[:count]:
            self.add(run, None, None)
        if self.best is None or finished.weights is None:
            return
        self.model = task.prepare(self.best.seed)
        size = self.model.parameters.flat.size
        models = 1 if task.unlabelled is None else count
        weights = [finished.weights[i * size : (i + 1) * size] for i in range(models)]
        if task.unlabelled is not None:
            self.teachers = weights
        chosen = weights[self.runs.index(self.best) if self.teachers else 0]
        rest = finished.weights[models * size :]
        if len(finished.runs) > count:
            (self.student,) = finished.runs[count:]
            if rest.size:  # it is best
                self.best = self.student
                self.model = task.prepare_student(self.best.seed, self.teach(threads, listener))
                chosen = rest
        elif rest.size:
            chosen = finished.weights
        if len(weights[-1]) != size or chosen.shape != self.model.parameters.flat.shape:
            raise ModelError("the checkpoint does not fit the data")
        self.model.parameters.assign_flat(chosen)

    def saved(self, threads: int) -> tuple[Run, Model, Scores]:
        """The best run, its model, and its scores on the development data."""
        assert self.best is not None
        assert self.model is not None
        return self.best, self.model, self.dev or evaluation.evaluate(self.model, self.task.dev, threads)
