"""Suggestions of other tags for labelled sentences: one for each place, whole spans where tags mark spans."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data.sentence import Sentence
from rnncli.data.tags import FORBIDDEN, Scheme, Span
from rnncli.plain import crf
from rnncli.plain.decoding import log
from rnncli.studies import confident

SCORES = {"self-confidence": confident.self_confidence, "margin": confident.margin}


class Suggestion(NamedTuple):
    """A place whose tags are probably wrong: tokens ``start`` … ``end − 1`` of a sentence.

    kind         "tag"; of spans "type", "boundary", "missing" (no span is given), "surplus" (no span is suggested),
                 or "spans" where they differ in more
    given        the given tags of these tokens
    suggested    the tags that the models agree on
    given_spans  spans by the given tags that the suggestion does not keep; the same of the suggested ones
    score        of the most doubtful token; low is doubtful
    probability  of the suggested tag of the token, among those that change, where it is least probable
    """

    sentence: int
    start: int
    end: int
    kind: str
    given: list[str]
    suggested: list[str]
    given_spans: list[Span]
    suggested_spans: list[Span]
    score: float
    probability: float
    given_probability: float


class Study(NamedTuple):
    """What is probably wrong in a file.

    suggestions  the most doubtful first
    sentences    (S,) for each sentence the score of its most doubtful token; 1 for one without tokens
    """

    confident: confident.Confident
    suggestions: list[Suggestion]
    sentences: NDArray[np.float64]


def suggest(
    sentences: Sequence[Sentence],
    probabilities: NDArray[np.floating],
    tags: Sequence[str],
    scheme: Scheme,
    score: str = "self-confidence",
    is_confident: bool = True,
) -> Study:
    """Suggest tags for the tokens of labelled sentences.

    probabilities  (N, K) of each tag of each token, by models that did not see the sentence
    tags           (K,) names; all given tags are among them
    score          a key of :data:`SCORES`, by which the suggestions are ordered
    """
    number_of = {tag: number for number, tag in enumerate(tags)}
    given = np.array([number_of[tag] for tag in chain.from_iterable(s.tags for s in sentences)], np.int64)
    starts = np.concatenate([[0], np.cumsum([len(sentence.tokens) for sentence in sentences])]).astype(np.int64)
    learned = confident.learn(given, probabilities)
    scores = SCORES[score](given, probabilities)
    is_suspect = (learned.tags != confident.NONE) & (learned.tags != given)
    if not is_confident:
        is_suspect = probabilities.argmax(axis=1) != given
    best = _Best(scheme, tags)
    found = []
    for number, (first, last) in enumerate(pairwise(starts.tolist())):
        if not is_suspect[first:last].any():
            continue
        rows = probabilities[first:last]
        suggested = best.path(rows) if scheme.limits_moves else rows.argmax(axis=1)
        for place in _places(scheme, sentences[number].tags, [tags[tag] for tag in suggested.tolist()]):
            inside = np.arange(first + place.start, first + place.end)
            doubtful = inside[is_suspect[inside]]
            if not len(doubtful):
                continue
            changed = inside[given[inside] != suggested[inside - first]]
            if not len(changed):  # the tags are spelled in another way, but the spans differ
                changed = inside
            found.append(
                place._replace(
                    sentence=number,
                    score=float(scores[doubtful].min()),
                    probability=float(probabilities[changed, suggested[changed - first]].min()),
                    given_probability=float(probabilities[changed, given[changed]].min()),
                )
            )
    found.sort(key=lambda place: (place.score, place.sentence, place.start))
    worst = np.ones(len(sentences))
    is_filled = np.diff(starts) > 0
    if len(scores):
        worst[is_filled] = np.minimum.reduceat(scores, starts[:-1][is_filled])
    return Study(learned, found, worst)


class _Best:
    """Finds the sequence of tags with the largest product of probabilities among those that a scheme allows."""

    def __init__(self, scheme: Scheme, tags: Sequence[str]) -> None:
        moves = scheme.moves(tags)
        self._rule = moves.rule
        self._first = np.where(moves.first, 0.0, FORBIDDEN)
        self._last = np.where(moves.last, 0.0, FORBIDDEN)

    def path(self, probabilities: NDArray[np.floating]) -> NDArray[np.int32]:
        """The tags, (T,), for probabilities (T, K)."""
        return crf.viterbi(log(probabilities), self._rule, self._first, self._last)


def _places(scheme: Scheme, given: Sequence[str], suggested: Sequence[str]) -> Iterator[Suggestion]:
    """Where tags differ: tokens, or spans that are in one of both and overlap each other."""

    def place(kind: str, start: int, end: int, old: list[Span], new: list[Span]) -> Suggestion:
        tags = list(given[start:end]), list(suggested[start:end])
        return Suggestion(0, start, end, kind, *tags, old, new, 0.0, 0.0, 0.0)

    if not scheme.has_spans:
        differ = (i for i in range(len(given)) if given[i] != suggested[i])
        yield from (place("tag", i, i + 1, [], []) for i in differ)
        return
    given_spans = scheme.spans(given)
    suggested_spans = scheme.spans(suggested)
    differing = sorted(set(given_spans) ^ set(suggested_spans), key=lambda span: (span.start, span.end))
    groups: list[list[Span]] = []
    end = 0
    for span in differing:
        if not groups or span.start >= end:
            groups.append([])
        groups[-1].append(span)
        end = max(end, span.end)
    for group in groups:
        old = [span for span in given_spans if span in group]
        new = [span for span in suggested_spans if span in group]
        yield place(_kind(old, new), group[0].start, max(span.end for span in group), old, new)


def _kind(given: Sequence[Span], suggested: Sequence[Span]) -> str:
    if not given:
        return "missing"
    if not suggested:
        return "surplus"
    if len(given) == len(suggested) == 1:
        if given[0][1:] == suggested[0][1:]:
            return "type"
        if given[0].type == suggested[0].type:
            return "boundary"
    return "spans"
