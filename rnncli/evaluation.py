"""Scores of a model on labelled data: accuracy of all tokens and unknown words, spans, confusion, calibration."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, zip_longest
from typing import Any, NamedTuple, NoReturn

import numpy as np

from rnncli import arguments, labelling
from rnncli.data import compatibility, plausibility
from rnncli.data.faults import shown
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence, check
from rnncli.data.tags import Scheme, Span
from rnncli.data.vocabulary import UNKNOWN
from rnncli.errors import DataError
from rnncli.model import Model
from rnncli.tables import percent, table


@dataclass
class Count:
    """The number of spans (or tokens) in the gold tags, in the predicted tags, and in both."""

    gold: int = 0
    predicted: int = 0
    correct: int = 0

    @property
    def precision(self) -> float | None:
        """Correct over predicted; ``None`` where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """Correct over gold; ``None`` where there is no gold span."""
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


BINS = 10
CHECKED_TOKENS = 2_000  # of a file to label, whose columns are compared with those of the model


class Bin(NamedTuple):
    """Tokens whose predicted tag has a probability p with ``low`` < p ≤ ``high``; the first bin holds p = 0 too."""

    low: float
    high: float
    tokens: int
    probability: float | None  # the mean; None in an empty bin
    accuracy: float | None


class Calibration(NamedTuple):
    """How well the probabilities of tags agree with their accuracy, in bins of equal width."""

    bins: list[Bin]

    @property
    def ece(self) -> float:
        """Expected calibration error, Σ n_b/n · |acc_b − conf_b| (Guo et al. 2017, equation 3)."""
        total = 0.0
        for _, _, n, p, a in self.bins:
            if p is not None and a is not None:
                total += n * abs(a - p)  # models hold the result, and sum() rounds differently since Python 3.12
        return total / sum(part.tokens for part in self.bins)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: ``null`` where a bin is empty."""
        return {"ece": self.ece, "bins": [part._asdict() for part in self.bins]}


def calibration(probabilities: Sequence[float], right: Sequence[bool]) -> Calibration:
    """Compare the probabilities of predicted tags with how often the tags were right."""
    values = np.asarray(probabilities, np.float64)
    edges = np.arange(BINS + 1) / BINS
    number = np.searchsorted(edges[1:-1], values, side="left")
    count = np.bincount(number, minlength=BINS)
    divisor = np.maximum(count, 1)
    probability = np.bincount(number, values, BINS) / divisor
    accuracy = np.bincount(number, np.asarray(right, float), BINS) / divisor
    rows = zip(edges[:-1], edges[1:], count, probability, accuracy, strict=True)
    return Calibration(
        [
            Bin(float(low), float(high), int(n), float(p) if n else None, float(a) if n else None)
            for low, high, n, p, a in rows
        ]
    )


@dataclass
class Scores:
    """What :func:`score` counted; fractions are properties."""

    scheme: Scheme
    sentences: int = 0
    tokens: int = 0
    correct: int = 0
    unknown: int = 0
    unknown_correct: int = 0
    total: Count = field(default_factory=Count)
    per_type: dict[str, Count] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)  # (gold, predicted) of wrong tokens
    calibration: Calibration | None = None  # None without the probabilities of all tokens

    def __repr__(self) -> str:
        f1 = f"F1 {percent(self.f1)}, " if self.scheme.has_spans else ""
        return (
            f"<scores {f1}accuracy {percent(self.accuracy)}; {self.sentences:,} sentences, {self.tokens:,} tokens>"
        )

    def _repr_html_(self) -> str:
        def row(name: str, count: Count) -> list[str]:
            shares = map(percent, (count.precision, count.recall, count.f1))
            return [name, *shares, f"{count.gold:,}"]

        what = "spans" if self.scheme.has_spans else "tokens"
        rows = [row(name, count) for name, count in sorted(self.per_type.items())]
        title = f"{self.sentences:,} sentences, {self.tokens:,} tokens: accuracy {percent(self.accuracy)}"
        return table(title, ["", "precision", "recall", "F1", what], [*rows, row("all", self.total)])

    @property
    def accuracy(self) -> float:
        """Tokens with the right tag over tokens."""
        return self.correct / self.tokens

    @property
    def unknown_accuracy(self) -> float | None:
        """The accuracy on unknown words, those that are not in the vocabulary; ``None`` where there are none."""
        return self.unknown_correct / self.unknown if self.unknown else None

    @property
    def f1(self) -> float | None:
        """Span F1; ``None`` for plain tags, and where there are no spans at all."""
        return self.total.f1 if self.scheme.has_spans else None

    @property
    def macro_f1(self) -> float | None:
        """The mean F1 of the types that occur in the gold tags, of plain tags of the tags; ``None`` without any."""
        values = [count.f1 or 0.0 for count in self.per_type.values() if count.gold]
        return math.fsum(values) / len(values) if values else None

    @property
    def macro_types(self) -> int:
        """How many types occur in the gold tags."""
        return sum(count.gold > 0 for count in self.per_type.values())

    @property
    def metric(self) -> str:
        """What :attr:`score` is: "f1", or "accuracy" for plain tags."""
        return "f1" if self.scheme.has_spans else "accuracy"

    @property
    def score(self) -> float:
        """One number by which models are compared: span F1, 0 where there are no spans; for plain tags accuracy."""
        return self.f1 or 0.0 if self.scheme.has_spans else self.accuracy

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli evaluate``."""
        has_spans = self.scheme.has_spans
        return {
            "metric": self.metric,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "accuracy": self.accuracy,
            "precision": self.total.precision if has_spans else None,
            "recall": self.total.recall if has_spans else None,
            "f1": self.f1,
            "per_type": {kind: count.as_dict() for kind, count in sorted(self.per_type.items())},
            "unknown_words": {"tokens": self.unknown, "accuracy": self.unknown_accuracy},
            "scheme": self.scheme.text,
            "calibration": self.calibration.as_dict() if self.calibration else None,
        }


class Labelled(NamedTuple):
    """A sentence of n tokens with its gold tags and its predicted tags."""

    gold: Sequence[str]  # (n,)
    predicted: Sequence[str]  # (n,)
    unknown: Sequence[bool]  # (n,) whether the word is not in the vocabulary
    probabilities: Sequence[float] = ()  # (n,) of the predicted tags; empty, or NaN, where they are not known


def score(labelled: Iterable[Labelled], scheme: Scheme) -> Scores:
    """Compare tags with gold tags. Spans count as correct when type, start and end agree (conlleval).

    For plain tags ``per_type`` counts tokens by tag. There is a calibration only where the probabilities of all
    tokens are known. Raises DataError for data without tokens, which has no score.
    """
    scores = Scores(scheme)
    types = _Types(Counter(), Counter(), Counter())
    right: list[bool] = []
    probabilities: list[float] = []
    for sentence in labelled:
        scores.sentences += 1
        hits = [gold == predicted for gold, predicted in zip(sentence.gold, sentence.predicted, strict=True)]
        if len(sentence.unknown) != len(hits) or len(sentence.probabilities) not in (0, len(hits)):
            raise ValueError("unknown words and probabilities must be as many as the tags")
        right += hits
        probabilities += sentence.probabilities
        if any(sentence.unknown):
            scores.unknown += sum(sentence.unknown)
            scores.unknown_correct += sum(compress(hits, sentence.unknown))
        if not all(hits):
            pairs = zip(sentence.gold, sentence.predicted, strict=True)
            scores.confusion.update(pair for pair, hit in zip(pairs, hits, strict=True) if not hit)
        _count_types(types, sentence, hits, scheme)
    if not right:
        raise DataError("nothing to score: the data holds no token")
    scores.tokens = len(right)
    scores.correct = sum(right)
    scores.total = Count(*(counts.total() for counts in types))
    scores.per_type = {kind: Count(*(counts[kind] for counts in types)) for kind in types.gold | types.predicted}
    if len(probabilities) == len(right) and not np.isnan(probabilities).any():
        scores.calibration = calibration(probabilities, right)
    return scores


class _Types(NamedTuple):
    """How often each type of span occurs."""

    gold: Counter[str]
    predicted: Counter[str]
    correct: Counter[str]


def _count_types(types: _Types, sentence: Labelled, hits: list[bool], scheme: Scheme) -> None:
    if not scheme.has_spans:
        types.gold.update(sentence.gold)
        types.predicted.update(sentence.predicted)
        types.correct.update(compress(sentence.gold, hits))
        return
    gold = scheme.spans(sentence.gold)
    predicted = gold if all(hits) else scheme.spans(sentence.predicted)
    correct: Iterable[Span] = gold if all(hits) else set(gold).intersection(predicted)
    for counts, group in zip(types, (gold, predicted, correct), strict=True):
        if group:
            counts.update([span.type for span in group])


def check_data(model: Model, corpus: Corpus, force: bool = False) -> None:
    """Refuse a labelled file that cannot be right, or that does not fit the model; see :mod:`.plausibility`."""
    compatibility.check_column_count(corpus.name, len(corpus.names.features), model.inputs.columns)
    problems = [
        *plausibility.problems(corpus),
        compatibility.unknown_tags(corpus.sentences, model.tags, "the model"),
        compatibility.foreign_columns(corpus.sentences, model.inputs.column_values, model.tags),
    ]
    plausibility.refuse(corpus.name, filter(None, problems), force)


def check_file(model: Model, name: str, sentences: Sequence[Sentence], force: bool = False) -> None:
    """Refuse a file, of which these are some sentences, if its columns are not those that the model reads."""
    rows = [row for sentence in sentences for row in sentence.columns]
    if rows and model.inputs.columns:
        compatibility.check_column_count(name, min(map(len, rows)), model.inputs.columns)
        problem = compatibility.foreign_columns(sentences, model.inputs.column_values, model.tags)
        plausibility.refuse(name, filter(None, [problem]), force)


def checked(
    model: Model, name: str, sentences: Iterator[Sentence], force: bool, at_once: bool = False
) -> Iterator[Sentence]:
    """The sentences of a file to label, whose columns must be those that the model reads: see :func:`check_file`.

    at_once  whether only the first one is looked at, because somebody may wait for its labels
    """
    first, sentences = plausibility.peeked(sentences, 1 if at_once else CHECKED_TOKENS)
    check_file(model, name, first, force)
    return sentences


def predicted_tags(gold: Corpus, predicted: Corpus) -> list[list[str]]:
    """The tags that a labelled file has for the sentences of another, which must have the same tokens.

    Sentences without tokens, which not every format can hold, are passed over. Raises DataError with the first
    place that differs.
    """
    others = iter([sentence for sentence in predicted.sentences if sentence.tokens])
    tags: list[list[str]] = []
    for number, sentence in enumerate(gold.sentences, 1):
        other = next(others, None) if sentence.tokens else sentence
        if other is None:
            there = f"sentence {number} of {gold.name}, in line {sentence.line}"
            raise DataError(f"the file ends before {there}", where=predicted.name, hint=_SAME_TOKENS)
        if other.tokens != sentence.tokens:
            _refuse_tokens(gold, sentence, predicted, other)
        tags.append(list(other.tags))
    if other := next(others, None):
        message = f"a sentence more than {gold.name} has: {shown(' '.join(other.tokens[:5]))}"
        raise DataError(message, where=f"{predicted.name}:{other.line}", hint=_SAME_TOKENS)
    return tags


_SAME_TOKENS = "both files must have the same sentences with the same tokens"


def _refuse_tokens(gold: Corpus, sentence: Sentence, predicted: Corpus, other: Sentence) -> NoReturn:
    pairs = enumerate(zip_longest(other.tokens, sentence.tokens))
    at, (token, expected) = next((i, pair) for i, pair in pairs if pair[0] != pair[1])
    here, there = (
        f"{corpus.name}:{of.line_of(min(at, len(of.tokens) - 1))}"
        for corpus, of in ((predicted, other), (gold, sentence))
    )
    texts = ("the end of the sentence" if text is None else shown(text) for text in (token, expected))
    raise DataError("{} here, {} in {}".format(*texts, there), where=here, hint=_SAME_TOKENS)


def label(
    model: Model,
    sentences: Sequence[Sentence],
    threads: int = 1,
    with_probabilities: bool = True,
    advance: Callable[[float], None] = lambda done: None,
) -> list[Labelled]:
    """Label the sentences; without probabilities there are none in the result.

    advance  called with the share of the sentences that is labelled
    """
    arguments.instance("model", model, Model)
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    encoded = model.encode([s.tokens for s in sentences], [s.columns for s in sentences])
    predicted = labelling.predict(model, encoded, threads, with_probabilities, advance)
    tags = [model.tags[number] for number in predicted.tags.tolist()]
    unknown = (encoded.words == UNKNOWN).tolist()
    starts = encoded.starts.tolist()
    probabilities = predicted.probabilities.tolist() if with_probabilities else []

    return [
        Labelled(sentence.tags, tags[start:end], unknown[start:end], probabilities[start:end])
        for sentence, start, end in zip(sentences, starts[:-1], starts[1:], strict=True)
    ]


def evaluate(
    model: Model,
    sentences: Sequence[Sentence],
    threads: int = 1,
    with_probabilities: bool = True,
    advance: Callable[[float], None] = lambda done: None,
) -> Scores:
    """Label the sentences as :func:`label` does and score the result; without probabilities no calibration."""
    return score(label(model, sentences, threads, with_probabilities, advance), model.scheme)
