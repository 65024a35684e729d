"""What the epochs of a training are compared by on development data: span F1, accuracy, or the loss."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from rnncli import evaluation, labelling
from rnncli.data.sentence import Sentence
from rnncli.model import Model


class Scoring(NamedTuple):
    """A score on development data; the first three are arguments of :func:`.training.train`."""

    score: Callable[[Model], float]
    scored: int
    metric: str
    why_loss: str  # why it is the loss; "" if it is not

    @classmethod
    def of(cls, dev: list[Sentence], model: Model, threads: int) -> "Scoring":
        """The score that can tell epochs of this model apart."""
        scheme = model.scheme
        if why := _why_score_is_fixed(dev, model):
            return cls(functools.partial(_loss, dev), 0, "loss", why)
        spans_or_tokens = (len(scheme.spans(s.tags)) if scheme.has_spans else len(s.tags) for s in dev)
        metric = "f1" if scheme.has_spans else "accuracy"
        return cls(functools.partial(_score, dev, threads), sum(spans_or_tokens), metric, "")


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
