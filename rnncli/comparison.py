"""Several systems on the same test sentences: their scores with intervals, and whether they differ by chance.

A system is anything that labels: a model, or a file of predictions. docs/statistics.md says what is computed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from rnncli import significance
from rnncli.config import ResamplingSpec
from rnncli.data.tags import Scheme, Span
from rnncli.evaluation import Labelled, Scores, score
from rnncli.significance import LEVEL, Floats, Interval, Sample

Tags = Sequence[str]


class Tally(NamedTuple):
    """What the test sentences count under S systems."""

    spans: Sample  # of plain tags tokens
    tokens: Sample
    types: dict[str, Sample]  # spans by type, sorted; of plain tags tokens by tag


def tally(gold: Iterable[Tags], systems: Sequence[Iterable[Tags]], scheme: Scheme) -> Tally:
    """Count spans and tokens by sentence.

    gold     the tags of each sentence
    systems  for each of S systems its tags of these sentences
    """
    spans: Counter[tuple[int, ...]] = Counter()
    tokens: Counter[tuple[int, ...]] = Counter()
    types: dict[str, Counter[tuple[int, ...]]] = {}
    width = 3 * len(systems)
    for tags, *predictions in zip(gold, *systems, strict=True):
        right = [
            len(tags) if predicted == tags else sum(a == b for a, b in zip(tags, predicted, strict=True))
            for predicted in predictions
        ]
        tokens[tuple(count for hits in right for count in (hits, len(tags), len(tags)))] += 1
        rows = _by_type(tags, predictions, scheme)
        for kind, row in rows.items():
            types.setdefault(kind, Counter())[tuple(row)] += 1
        spans[tuple(map(sum, zip(*rows.values(), strict=True))) or (0,) * width] += 1
    sentences = tokens.total()
    for counts in types.values():  # the sentences without such a span
        if missing := sentences - counts.total():
            counts[(0,) * width] += missing
    of_types = {kind: Sample.of_groups(types[kind], len(systems)) for kind in sorted(types)}
    return Tally(Sample.of_groups(spans, len(systems)), Sample.of_groups(tokens, len(systems)), of_types)


def _by_type(gold: Tags, predictions: Sequence[Tags], scheme: Scheme) -> dict[str, list[int]]:
    """Correct, predicted and gold spans of a sentence by type, for one system after the other."""
    rows: dict[str, list[int]] = {}
    gold_spans = spans_of(gold, scheme)
    for system, predicted in enumerate(predictions):
        spans = gold_spans if predicted == gold else spans_of(predicted, scheme)
        correct = spans if spans is gold_spans else set(spans).intersection(gold_spans)
        for column, group in enumerate((correct, spans, gold_spans), 3 * system):
            for span in group:
                rows.setdefault(span.type, [0] * 3 * len(predictions))[column] += 1
    return rows


def spans_of(tags: Tags, scheme: Scheme) -> list[Span]:
    """The spans of a sentence; of plain tags each token with its tag as the type."""
    if scheme.has_spans:
        return scheme.spans(tags)
    return [Span(tag, token, token + 1) for token, tag in enumerate(tags)]


class Intervals(NamedTuple):
    """Of the scores of a system; ``None`` where a score is undefined in all replicates."""

    precision: Interval | None
    recall: Interval | None
    f1: Interval | None  # of plain tags the accuracy
    accuracy: Interval | None
    types: dict[str, Interval | None]  # of F1

    def as_dict(self, has_spans: bool, resampling: ResamplingSpec) -> dict[str, Any]:
        """For JSON."""
        return {
            "level": LEVEL,
            "replicates": resampling.replicates,
            "seed": resampling.seed,
            "accuracy": self.accuracy,
            "precision": self.precision if has_spans else None,
            "recall": self.recall if has_spans else None,
            "f1": self.f1 if has_spans else None,
            "per_type": self.types,
        }


class _Replicates(NamedTuple):
    """Sums of counts in each replicate, (R, S, 3)."""

    spans: Floats
    tokens: Floats
    types: dict[str, Floats]


def _generator(resampling: ResamplingSpec, *purpose: int) -> np.random.Generator:
    return np.random.default_rng([resampling.seed, *purpose])


def _replicates(counts: Tally, resampling: ResamplingSpec) -> _Replicates:
    samples = [counts.spans, counts.tokens, *counts.types.values()]
    spans, tokens, *types = (
        significance.bootstrap(sample, resampling.replicates, _generator(resampling, number))
        for number, sample in enumerate(samples)
    )
    return _Replicates(spans, tokens, dict(zip(counts.types, types, strict=True)))


def _intervals(replicates: _Replicates, system: int) -> Intervals:
    sums = replicates.spans[:, system]
    return Intervals(
        significance.interval(significance.precision(sums)),
        significance.interval(significance.recall(sums)),
        significance.interval(significance.f1(sums)),
        significance.interval(significance.f1(replicates.tokens[:, system])),
        {
            kind: significance.interval(significance.f1(of_type[:, system]))
            for kind, of_type in replicates.types.items()
        },
    )


def intervals(labelled: Sequence[Labelled], scheme: Scheme, resampling: ResamplingSpec) -> Intervals:
    """The bootstrap intervals of the scores of one system."""
    counts = tally([s.gold for s in labelled], [[s.predicted for s in labelled]], scheme)
    return _intervals(_replicates(counts, resampling), 0)


class Difference(NamedTuple):
    """How much higher one F1 (of plain tags accuracy) is than another; ``None`` where it is undefined."""

    value: float | None
    interval: Interval | None
    p: float | None
    p_holm: float | None = None  # adjusted for the number of comparisons


class Pair(NamedTuple):
    """Two systems, by number."""

    first: int
    second: int
    total: Difference  # of the score of the first less that of the second
    types: dict[str, Difference]
    sentences: int  # on which they differ


class System(NamedTuple):
    """A system and its scores."""

    name: str
    scores: Scores
    intervals: Intervals


class Comparison(NamedTuple):
    """What :func:`compare` found."""

    scheme: Scheme
    systems: list[System]
    pairs: list[Pair]
    differing: list[int]  # the sentences on which not all systems agree, from 0
    resampling: ResamplingSpec

    @property
    def metric(self) -> str:
        """What is compared: "f1", or "accuracy" for plain tags."""
        return self.systems[0].scores.metric

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli compare``, without the sentences that differ."""
        first = self.systems[0].scores
        return {
            "metric": self.metric,
            "scheme": self.scheme.text,
            "sentences": first.sentences,
            "tokens": first.tokens,
            "systems": [self._system(system) for system in self.systems],
            "pairs": [self._pair(pair) for pair in self.pairs],
        }

    def _system(self, system: System) -> dict[str, Any]:
        scores = system.scores.as_dict()
        kept = ("accuracy", "precision", "recall", "f1", "per_type")
        return {
            "name": system.name,
            **{name: scores[name] for name in kept},
            "macro": {"f1": system.scores.macro_f1},
            "intervals": system.intervals.as_dict(self.scheme.has_spans, self.resampling),
        }

    def _pair(self, pair: Pair) -> dict[str, Any]:
        return {
            "first": self.systems[pair.first].name,
            "second": self.systems[pair.second].name,
            **_difference_dict(pair.total),
            "sentences": pair.sentences,
            "per_type": {kind: _difference_dict(difference) for kind, difference in pair.types.items()},
        }


def _difference_dict(difference: Difference) -> dict[str, Any]:
    return {
        "difference": difference.value,
        "interval": difference.interval,
        "p": difference.p,
        "p_holm": difference.p_holm,
    }


def compare(
    names: Sequence[str],
    gold: Sequence[Tags],
    systems: Sequence[Sequence[Tags]],
    scheme: Scheme,
    resampling: ResamplingSpec,
) -> Comparison:
    """Compare each of S systems with each other.

    names    of the systems
    gold     the tags of each sentence
    systems  for each system its tags of these sentences
    """
    counts = tally(gold, systems, scheme)
    replicates = _replicates(counts, resampling)
    scored = [
        System(name, score(_labelled(gold, tags), scheme), _intervals(replicates, number))
        for number, (name, tags) in enumerate(zip(names, systems, strict=True))
    ]
    pairs = [
        Pair(
            first,
            second,
            _difference(counts.spans, replicates.spans, (first, second), _generator(resampling, 0, first, second)),
            {
                kind: _difference(
                    counts.types[kind], of_type, (first, second), _generator(resampling, number, first, second)
                )
                for number, (kind, of_type) in enumerate(replicates.types.items(), 1)
            },
            sum(one != other for one, other in zip(systems[first], systems[second], strict=True)),
        )
        for first, second in combinations(range(len(systems)), 2)
    ]
    differing = [
        number
        for number, (tags, *others) in enumerate(zip(*systems, strict=True))
        if any(other != tags for other in others)
    ]
    return Comparison(scheme, scored, _adjusted(pairs), differing, resampling)


def _labelled(gold: Sequence[Tags], tags: Sequence[Tags]) -> Iterable[Labelled]:
    for expected, predicted in zip(gold, tags, strict=True):
        yield Labelled(expected, predicted, [False] * len(expected))


def _difference(sample: Sample, replicates: Floats, pair: tuple[int, int], rng: np.random.Generator) -> Difference:
    one, other = significance.f1(sample.sums[list(pair)]).tolist()
    first, second = pair
    drawn = significance.f1(replicates[:, first]) - significance.f1(replicates[:, second])
    p = significance.randomisation(sample.of_systems(*pair), len(replicates), rng)
    return Difference(None if p is None else one - other, significance.interval(drawn), p)


def _adjusted(pairs: Sequence[Pair]) -> list[Pair]:
    """The same with p adjusted: those of the scores among each other, and those of all types among each other."""
    totals = significance.holm([pair.total.p for pair in pairs])
    types = iter(significance.holm([difference.p for pair in pairs for difference in pair.types.values()]))
    return [
        pair._replace(
            total=pair.total._replace(p_holm=p),
            types={kind: difference._replace(p_holm=next(types)) for kind, difference in pair.types.items()},
        )
        for pair, p in zip(pairs, totals, strict=True)
    ]
