"""The errors of a system one by one, classed, and how often each type is confused with each.

The classes are those of MUC-5 (Chinchor and Sundheim 1993), and as in SemEval-2013 task 9 what is wrong about a
span is its type, its boundary, or both.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rnncli.comparison import spans_of
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme, Span
from rnncli.evaluation import Labelled

# Classes of errors, and what they mean.
CLASSES = {
    "type": "the right words, another type",
    "boundary": "the right type, other words, some of them the same",
    "boundary and type": "another type and other words, some of them the same",
    "missed": "a span in the gold tags, and none predicted there",
    "invented": "a span that is predicted, and none in the gold tags there",
}
OF_PLAIN_TAGS = {"confusion": "another tag"}
CONTEXT = 8  # tokens shown on each side of an error


class Error(NamedTuple):
    """A gold span, a predicted one, or two that belong together; of plain tags a token with both its tags."""

    kind: str  # a key of CLASSES or OF_PLAIN_TAGS
    sentence: int  # from 0
    gold: Span | None
    predicted: Span | None
    seen: bool | None  # whether the training data have all its words; None: that is not known

    @property
    def start(self) -> int:
        """Its first token."""
        return min(span.start for span in (self.gold, self.predicted) if span)

    @property
    def end(self) -> int:
        """The token after its last."""
        return max(span.end for span in (self.gold, self.predicted) if span)


class Confusion(NamedTuple):
    """All errors of one class with the same types."""

    kind: str
    gold: str | None  # the type; None: no span
    predicted: str | None
    errors: list[Error]


def errors(labelled: Iterable[Labelled], scheme: Scheme, knows_words: bool = True) -> list[Error]:
    """Each error once, in the order of the sentences; a span belongs to one error at most.

    Spans with the same words belong together, then spans that overlap: those of one type before others, and of
    these the ones with most words in common.

    knows_words  whether it is known which words the training data have
    """
    found: list[Error] = []
    for number, sentence in enumerate(labelled):
        if sentence.gold == sentence.predicted:
            continue
        for gold, predicted in _matched(sentence, scheme):
            error = Error(_kind(gold, predicted, scheme), number, gold, predicted, None)
            if knows_words:
                error = error._replace(seen=not any(sentence.unknown[error.start : error.end]))
            found.append(error)
    return found


def _kind(gold: Span | None, predicted: Span | None, scheme: Scheme) -> str:
    if not scheme.has_spans:
        return "confusion"
    if gold is None or predicted is None:
        return "missed" if gold else "invented"
    if gold[1:] == predicted[1:]:
        return "type"
    return "boundary" if gold.type == predicted.type else "boundary and type"


def _matched(sentence: Labelled, scheme: Scheme) -> list[tuple[Span | None, Span | None]]:
    """The wrong spans of a sentence in order, those that belong together as pairs."""
    gold = spans_of(sentence.gold, scheme)
    predicted = spans_of(sentence.predicted, scheme)
    correct = set(gold).intersection(predicted)
    free = {id(span): span for span in (*gold, *predicted) if span not in correct}
    matched: list[tuple[Span | None, Span | None]] = []
    for one, other in sorted(_overlapping(gold, predicted), key=_likeness):
        if id(one) in free and id(other) in free:
            del free[id(one)], free[id(other)]
            matched.append((one, other))
    matched += [(span, None) for span in gold if id(span) in free]
    matched += [(None, span) for span in predicted if id(span) in free]
    return sorted(matched, key=lambda pair: min(span.start for span in pair if span))


def _overlapping(gold: Sequence[Span], predicted: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """All pairs of spans that share a token, in one pass; the spans of each side are in order."""
    first = 0
    for span in gold:
        while first < len(predicted) and predicted[first].end <= span.start:
            first += 1
        at = first
        while at < len(predicted) and predicted[at].start < span.end:
            yield span, predicted[at]
            at += 1


def _likeness(pair: tuple[Span, Span]) -> tuple[bool, bool, int, int, int]:
    """A key that sorts the pairs that belong together most first."""
    gold, predicted = pair
    common = min(gold.end, predicted.end) - max(gold.start, predicted.start)
    return gold[1:] != predicted[1:], gold.type != predicted.type, -common, gold.start, predicted.start


def confusions(found: Iterable[Error]) -> list[Confusion]:
    """Errors with the same class and types together, the most frequent first."""
    groups: dict[tuple[str, str | None, str | None], list[Error]] = {}
    for error in found:
        key = error.kind, error.gold and error.gold.type, error.predicted and error.predicted.type
        groups.setdefault(key, []).append(error)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), [text or "" for text in item[0]]))
    return [Confusion(*key, group) for key, group in ordered]


class Row(NamedTuple):
    """An error for people: a row of a table."""

    kind: str
    gold: str  # its type or tag; "" for no span
    predicted: str
    times: int  # how often this confusion occurs
    gold_text: str
    predicted_text: str
    words: str  # "seen", "unseen", or "" where it is not known
    sentence: int  # from 1
    line: int  # of the file, from 1
    before: str
    text: str  # the words of both spans
    after: str


HEADERS = (
    *("class", "gold", "predicted", "times", "gold text", "predicted text", "words"),
    *("sentence", "line", "before", "text", "after"),
)


def rows(confusion: Confusion, sentences: Sequence[Sentence]) -> Iterator[Row]:
    """The errors of a confusion with their places in a file."""
    for error in confusion.errors:
        sentence = sentences[error.sentence]
        tokens = sentence.tokens
        yield Row(
            error.kind,
            confusion.gold or "",
            confusion.predicted or "",
            len(confusion.errors),
            _text(tokens, error.gold),
            _text(tokens, error.predicted),
            "" if error.seen is None else "seen" if error.seen else "unseen",
            error.sentence + 1,
            sentence.line_of(error.start),
            ("… " if error.start > CONTEXT else "") + " ".join(tokens[max(0, error.start - CONTEXT) : error.start]),
            " ".join(tokens[error.start : error.end]),
            " ".join(tokens[error.end : error.end + CONTEXT]) + (" …" if error.end + CONTEXT < len(tokens) else ""),
        )


def _text(tokens: Sequence[str], span: Span | None) -> str:
    return " ".join(tokens[span.start : span.end]) if span else ""


def counts(found: Iterable[Error], scheme: Scheme) -> dict[str, dict[str, int | None]]:
    """How many errors of each class there are, and with seen and unseen words; ``None`` where that is not known."""
    classes: dict[str, Counter[bool | None]] = {kind: Counter() for kind in classes_of(scheme)}
    for error in found:
        classes[error.kind][error.seen] += 1
    return {
        kind: {
            "number": seen.total(),
            "seen": None if seen[None] else seen[True],
            "unseen": None if seen[None] else seen[False],
        }
        for kind, seen in classes.items()
    }


def classes_of(scheme: Scheme) -> dict[str, str]:
    """The classes of errors with tags of a scheme, and what they mean."""
    return CLASSES if scheme.has_spans else OF_PLAIN_TAGS


class Matrix(NamedTuple):
    """How often each of K labels is predicted for each gold label."""

    labels: list[str | None]  # (K,) the most frequent in the gold tags first; None, which is last, is no span
    cells: dict[tuple[int, int], int]  # (row of the gold label, column of the predicted one) -> number, not 0

    @property
    def gold(self) -> list[int]:
        """(K,) the sums of rows."""
        return self._sums(0)

    @property
    def predicted(self) -> list[int]:
        """(K,) the sums of columns."""
        return self._sums(1)

    @property
    def wrong(self) -> list[int]:
        """(K,) the numbers in the row and in the column of a label beside the diagonal."""
        sums = [0] * len(self.labels)
        for (row, column), number in self.cells.items():
            if row != column:
                sums[row] += number
                sums[column] += number
        return sums

    def _sums(self, axis: int) -> list[int]:
        sums = [0] * len(self.labels)
        for place, number in self.cells.items():
            sums[place[axis]] += number
        return sums

    def as_dict(self) -> dict[str, Any]:
        """For JSON: cells are [row, column, number], from 0, without those that are 0."""
        cells = [[*place, number] for place, number in sorted(self.cells.items())]
        return {"labels": self.labels, "gold": self.gold, "predicted": self.predicted, "cells": cells}


def tag_matrix(labelled: Iterable[Labelled]) -> Matrix:
    """The confusion matrix of the tags of all tokens."""
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for sentence in labelled:
        pairs.update(zip(sentence.gold, sentence.predicted, strict=True))
    return _matrix(pairs)


def span_matrix(labelled: Iterable[Labelled], scheme: Scheme) -> Matrix:
    """The confusion matrix of the types of spans that have the same words in the gold and in the predicted tags.

    A span that has no such counterpart is confused with ``None``. So the diagonal holds the correct spans, and the
    sums are those of all gold and of all predicted spans.
    """
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for sentence in labelled:
        gold = {span[1:]: span.type for span in scheme.spans(sentence.gold)}
        predicted = {span[1:]: span.type for span in scheme.spans(sentence.predicted)}
        pairs.update((gold.get(place), predicted.get(place)) for place in gold | predicted)
    return _matrix(pairs)


def _matrix(pairs: Counter[tuple[str | None, str | None]]) -> Matrix:
    gold: Counter[str | None] = Counter()
    for (label, other), number in pairs.items():
        gold[label] += number
        gold[other] += 0
    labels = sorted(gold, key=lambda label: (label is None, -gold[label], label or ""))
    number_of = {label: number for number, label in enumerate(labels)}
    return Matrix(labels, {(number_of[a], number_of[b]): number for (a, b), number in pairs.items()})
