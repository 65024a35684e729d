"""What a model file says of its own training.

Nothing that labels text depends on it, so opening a file checks hardly any of it, and the file may come from a
stranger. Here a value of another type or out of its range counts as missing.
"""

import re
from typing import Any, NamedTuple

LONGEST_EXAMPLE = 200  # characters
# The scores of a model, and their names for people.
NAMES = {"f1": "F1", "precision": "precision", "recall": "recall", "accuracy": "accuracy"}


class TypeScores(NamedTuple):
    """The scores of a type of span, or of a tag; fractions from 0 to 1, ``None`` where undefined."""

    precision: float | None
    recall: float | None
    f1: float | None
    gold: int | None  # how many there are in the gold tags


class DevScores(NamedTuple):
    """The scores on development data that were stored after training; ``None`` where undefined or missing."""

    sentences: int
    tokens: int
    accuracy: float
    precision: float | None
    recall: float | None
    f1: float | None
    unknown_tokens: int | None
    unknown_accuracy: float | None
    per_type: dict[str, TypeScores]

    @property
    def key(self) -> str:
        """The key of :attr:`score`."""
        return "accuracy" if self.f1 is None else "f1"

    @property
    def name(self) -> str:
        """The name of :attr:`score` for people."""
        return NAMES[self.key]

    @property
    def score(self) -> float:
        """The one number that counts: span F1, or the accuracy where there is none."""
        return self.accuracy if self.f1 is None else self.f1

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the keys of ``rnncli evaluate --json``."""
        values = self._asdict()
        unknown = {"tokens": values.pop("unknown_tokens"), "accuracy": values.pop("unknown_accuracy")}
        values["per_type"] = {kind: scores._asdict() for kind, scores in sorted(self.per_type.items())}
        return values | {"unknown_words": unknown}


class Refit(NamedTuple):
    """A further training on training and development data; ``None`` where undefined or missing."""

    sentences: int
    epochs: int
    accuracy: float | None  # these four on the development data, which the model was trained on
    precision: float | None
    recall: float | None
    f1: float | None

    @property
    def text(self) -> str:
        """What was done, in words."""
        epochs = f"{self.epochs} more epochs on {self.sentences:,} sentences, those for development too"
        return f"{epochs}; the scores are those before it"


class Distilled(NamedTuple):
    """Whom a student learned from."""

    teachers: int
    sentences: int  # without tags, beside the training data

    @property
    def text(self) -> str:
        """What was done, in words."""
        models = f"{self.teachers:,} models" if self.teachers > 1 else "one model"
        others = f", also on {self.sentences:,} sentences without tags" if self.sentences else ""
        return f"learned from {models}{others}"


class Provenance(NamedTuple):
    """What a model file says of its own training; ``None`` where it does not."""

    rnncli: str | None  # the version that wrote it
    data_sha256: str | None  # of the training sentences; see :attr:`.Corpus.sha256`
    dev_sha256: str | None  # of the development sentences
    dev_seed: int | None  # that chose them, where they are a share of the training file
    sentences: int | None  # trained on
    tokens: int | None
    epochs: int | None
    best_epoch: int | None
    metric: str | None  # by which the epoch was chosen: f1, accuracy or loss
    dev: DevScores | None  # of the model before a refit
    refit: Refit | None
    distilled: Distilled | None
    examples: list[str]

    def was_trained_on(self, sha256: str) -> bool:
        """Whether it was trained on all sentences of a file, as far as their hash tells."""
        return sha256 in (self.data_sha256, self.dev_sha256 if self.refit else None)

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Provenance":
        """Read the provenance in the header of a model."""
        examples = stored.get("examples")
        return cls(
            rnncli=_text(stored.get("rnncli"), "[0-9][0-9A-Za-z.+!-]{0,39}"),
            data_sha256=_text(stored.get("data_sha256"), "[0-9a-f]{64}"),
            dev_sha256=_text(stored.get("dev_sha256"), "[0-9a-f]{64}"),
            dev_seed=_count(stored.get("dev_seed")),
            sentences=_count(stored.get("sentences")),
            tokens=_count(stored.get("tokens")),
            epochs=_count(stored.get("epochs")),
            best_epoch=_count(stored.get("best_epoch")),
            metric=_text(stored.get("metric"), "f1|accuracy|loss"),
            dev=_dev(_object(stored.get("dev"))),
            refit=_refit(_object(stored.get("refit"))),
            distilled=_distilled(_object(stored.get("distilled"))),
            examples=[text for text in examples if len(text) <= LONGEST_EXAMPLE] if examples else [],
        )


def _dev(stored: dict[str, Any]) -> DevScores | None:
    """The scores; ``None`` without the accuracy and the size of the data."""
    sentences = _count(stored.get("sentences"))
    tokens = _count(stored.get("tokens"))
    accuracy = _fraction(stored.get("accuracy"))
    if sentences is None or tokens is None or accuracy is None:
        return None
    unknown = _object(stored.get("unknown_words"))
    return DevScores(
        sentences,
        tokens,
        accuracy,
        precision=_fraction(stored.get("precision")),
        recall=_fraction(stored.get("recall")),
        f1=_fraction(stored.get("f1")),
        unknown_tokens=_count(unknown.get("tokens")),
        unknown_accuracy=_fraction(unknown.get("accuracy")),
        per_type={kind: _type(_object(counts)) for kind, counts in _object(stored.get("per_type")).items()},
    )


def _refit(stored: dict[str, Any]) -> Refit | None:
    """The refit; ``None`` without its sentences and epochs."""
    sentences = _count(stored.get("sentences"))
    epochs = _count(stored.get("epochs"))
    if sentences is None or epochs is None:
        return None
    reached = _object(stored.get("reached"))
    return Refit(
        sentences,
        epochs,
        accuracy=_fraction(reached.get("accuracy")),
        precision=_fraction(reached.get("precision")),
        recall=_fraction(reached.get("recall")),
        f1=_fraction(reached.get("f1")),
    )


def _distilled(stored: dict[str, Any]) -> Distilled | None:
    """What a student learned from; ``None`` without its numbers."""
    teachers = _count(stored.get("teachers"))
    sentences = _count(stored.get("sentences"))
    return None if teachers is None or sentences is None else Distilled(teachers, sentences)


def _type(stored: dict[str, Any]) -> TypeScores:
    return TypeScores(
        precision=_fraction(stored.get("precision")),
        recall=_fraction(stored.get("recall")),
        f1=_fraction(stored.get("f1")),
        gold=_count(stored.get("gold")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, pattern: str) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(pattern, value) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**63 else None


def _fraction(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value <= 1 else None
