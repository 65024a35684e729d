"""Training runs from several seeds on the same data; each is scored on development data."""

import dataclasses
import functools
from dataclasses import dataclass
from typing import NamedTuple

from rnncli import evaluation, labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.data.split import overlap
from rnncli.data.tags import Scheme
from rnncli.data.vectors import Vectors
from rnncli.errors import StoppedError
from rnncli.evaluation import Scores
from rnncli.model import Model
from rnncli.training import Listener, Result


class Task(NamedTuple):
    """The settings and data of a training, the same for every seed."""

    network_spec: NetworkSpec
    training_spec: TrainingSpec
    train: list[Sentence]
    dev: list[Sentence]
    scheme: Scheme
    vectors: Vectors | None
    class_weights: dict[str, float] | None


@dataclass(frozen=True)
class Run:
    """One finished training run, from one seed."""

    model: Model
    result: Result
    dev: Scores

    @property
    def score(self) -> float:
        """The score on development data of the epoch that was kept, by the metric that it was chosen by."""
        return self.result.best_score if self.result.metric == "loss" else self.dev.score


def train_seeds(task: Task, seeds: int, threads: int, listener: Listener) -> list[Run]:
    """Train once from each seed. If interrupted, return the runs so far, of which the last may have ended early.

    Raises :class:`.StoppedError` if there is none.
    """
    runs: list[Run] = []
    for seed in range(task.training_spec.seed, task.training_spec.seed + seeds):
        settings = dataclasses.replace(task.training_spec, seed=seed)
        model = training.prepare(task.train, task.network_spec, settings, task.vectors, task.scheme)
        listener.prepared(
            model, task.train, overlap(task.train, task.dev, model.inputs.words, model.tags), task.vectors
        )
        why = _why_score_is_fixed(task.dev, model)
        if why and not runs:
            listener.warning(f"{why}, so the epoch with the lowest loss on it is kept")
        result = training.train(
            model,
            task.train,
            threads=threads,
            score=functools.partial(_loss, task.dev) if why else functools.partial(_score, task.dev, threads),
            scored=0 if why else _scored(task.dev, model.scheme),
            metric="loss" if why else "f1" if model.scheme.has_spans else "accuracy",
            listener=listener,
            class_weights=task.class_weights,
        )
        if result.best_epoch:  # else it was stopped in its first epoch
            runs.append(Run(model, result, evaluation.evaluate(model, task.dev, threads)))
        if result.interrupted:
            break
    if not runs:
        message = "training was stopped before its first epoch was over, so there is nothing to save"
        raise StoppedError(message, hint="let should_stop return False until then")
    return runs


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
