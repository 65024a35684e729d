"""Scores of a model on labelled data: token accuracy, spans, unknown words apart, confusion of tags."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from rnncli.data.tags import Span, spans
from rnncli.data.tsv import Sentence
from rnncli.data.vocabulary import UNKNOWN
from rnncli.errors import DataError
from rnncli.model import Model


@dataclass
class Count:
    """Spans (or tokens) that are in the gold tags, that were predicted, and that are in both."""

    gold: int = 0
    predicted: int = 0
    correct: int = 0

    @property
    def precision(self) -> float | None:
        """Correct over predicted; ``None`` where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Correct over gold; ``None`` where there is nothing to find."""
        return self.correct / self.gold if self.gold else None

    @property
    def f1(self) -> float | None:
        """2 · correct / (gold + predicted), the harmonic mean; ``None`` where both are 0."""
        return 2 * self.correct / (self.gold + self.predicted) if self.gold + self.predicted else None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: fractions from 0 to 1, ``null`` where undefined."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "gold": self.gold,
            "predicted": self.predicted,
            "correct": self.correct,
        }


@dataclass
class Scores:
    """What :func:`score` counted; fractions are properties."""

    scheme: str
    sentences: int = 0
    tokens: int = 0
    correct: int = 0
    unknown: int = 0
    unknown_correct: int = 0
    total: Count = field(default_factory=Count)
    per_type: dict[str, Count] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)  # (gold, predicted) of wrong tokens

    @property
    def accuracy(self) -> float:
        """Tokens with the right tag over tokens."""
        return self.correct / self.tokens

    @property
    def unknown_accuracy(self) -> float | None:
        """The same among tokens that the vocabulary does not hold."""
        return self.unknown_correct / self.unknown if self.unknown else None

    @property
    def f1(self) -> float:
        """Span F1; for a tag set without spans the accuracy; 0 where there are no spans at all."""
        return self.accuracy if self.scheme == "plain" else self.total.f1 or 0.0

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli evaluate``."""
        plain = self.scheme == "plain"
        return {
            "sentences": self.sentences,
            "tokens": self.tokens,
            "accuracy": self.accuracy,
            "precision": self.accuracy if plain else self.total.precision,
            "recall": self.accuracy if plain else self.total.recall,
            "f1": self.f1,
            "per_type": {kind: count.as_dict() for kind, count in sorted(self.per_type.items())},
            "unknown_words": {"tokens": self.unknown, "accuracy": self.unknown_accuracy},
            "scheme": self.scheme,
        }


class Labelled(NamedTuple):
    """Gold and predicted tags of a sentence, and which of its words are unknown."""

    gold: Sequence[str]
    predicted: Sequence[str]
    unknown: Sequence[bool]


def score(labelled: Iterable[Labelled], scheme: str) -> Scores:
    """Compare tags with gold tags. Spans count as correct when type, start and end agree (conlleval).

    For plain tags ``per_type`` counts tokens by tag. Data without a token is a :class:`DataError`: a score
    over nothing has no value.
    """
    scores = Scores(scheme)
    for sentence in labelled:
        scores.sentences += 1
        for gold, predicted, unknown in zip(*sentence, strict=True):
            right = gold == predicted
            scores.tokens += 1
            scores.correct += right
            scores.unknown += unknown
            scores.unknown_correct += unknown and right
            if not right:
                scores.confusion[gold, predicted] += 1
        _count_spans(scores, sentence)
    if not scores.tokens:
        raise DataError("nothing to score: the data holds no token")
    return scores


def _count_spans(scores: Scores, sentence: Labelled) -> None:
    def found(tags: Sequence[str]) -> set[Span]:
        if scores.scheme == "plain":
            return {Span(tag, i, i + 1) for i, tag in enumerate(tags)}
        return set(spans(tags))

    gold, predicted = found(sentence.gold), found(sentence.predicted)
    for group, name in ((gold, "gold"), (predicted, "predicted"), (gold & predicted, "correct")):
        for span in group:
            for count in (scores.total, scores.per_type.setdefault(span.type, Count())):
                setattr(count, name, getattr(count, name) + 1)


def evaluate(model: Model, sentences: Sequence[Sentence], threads: int = 1) -> Scores:
    """Label the sentences and score the result."""
    encoded = model.encode([sentence.tokens for sentence in sentences])
    predicted = model.predict(encoded, threads).tags
    names = np.array(model.tags, object)[predicted]
    unknown = encoded.words == UNKNOWN

    def labelled() -> Iterable[Labelled]:
        for sentence, start, end in zip(sentences, encoded.starts[:-1], encoded.starts[1:], strict=True):
            yield Labelled(sentence.tags, names[start:end].tolist(), unknown[start:end].tolist())

    return score(labelled(), model.scheme)
