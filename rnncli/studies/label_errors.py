"""Probable label errors of a file: what the models of a cross-validation say about tags that they did not see."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import memory
from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.tags import Scheme, Span
from rnncli.errors import UsageError
from rnncli.studies.suggestions import Study, Suggestion, suggest
from rnncli.studies.trial import HeldOut

CONTEXT = 3  # tokens before and after a place
PAIRS = 10  # pairs of tags that are named


class Pooled(NamedTuple):
    """The probabilities of the models of all folds together.

    sentences      (S,) numbers in the file of the sentences that were held out
    probabilities  (N, K) of each tag of each token of these; over several seeds the mean
    tags           (K,) all tags of the file, in the order of the file
    """

    sentences: list[int]
    probabilities: NDArray[np.float32]
    tags: list[str]

    @classmethod
    def of(cls, sentences: Sequence[Sentence], parts: Sequence[HeldOut]) -> "Pooled":
        """Collect what the models say. A tag that a model does not know has the probability 0 for it."""
        tags = list(dict.fromkeys(chain.from_iterable(sentence.tags for sentence in sentences)))
        number_of = {tag: number for number, tag in enumerate(tags)}
        times = np.zeros(len(sentences), np.int64)
        for part in parts:
            times[part.sentences] += 1
        covered = np.flatnonzero(times).tolist()
        lengths = np.array([len(sentences[i].tokens) for i in covered], np.int64)
        starts = np.zeros(len(sentences), np.int64)
        starts[covered] = np.cumsum(lengths) - lengths
        cells = int(lengths.sum()) * len(tags)
        memory.check(12 * cells, f"the probabilities of {len(tags):,} tags for all tokens", "give less data")
        total = np.zeros((int(lengths.sum()), len(tags)), np.float32)
        for part in parts:
            columns = [number_of[tag] for tag in part.tags]
            sizes = np.diff(part.starts)
            rows = np.arange(len(part.gold)) + np.repeat(starts[part.sentences] - part.starts[:-1], sizes)
            total[rows[:, None], columns] += part.probabilities
        total /= np.repeat(times[covered], lengths)[:, None].astype(np.float32)
        return cls(covered, total, tags)


class Report(NamedTuple):
    """The sentences that were held out, and what is probably wrong in them."""

    corpus: Corpus
    scheme: Scheme
    sentences: list[Sentence]
    tags: list[str]
    study: Study
    score: str

    @classmethod
    def of(
        cls, corpus: Corpus, sentences: Sequence[Sentence], scheme: Scheme, parts: Sequence[HeldOut], score: str
    ) -> "Report":
        """Compare the tags of the file with what the models say.

        sentences  all that were divided into folds, from which ``parts`` count theirs
        score      by which the suggestions are ordered
        """
        pooled = Pooled.of(sentences, parts)
        if len(pooled.tags) < 2:
            raise UsageError("all tokens have one tag, so none can be wrong", where=corpus.name)
        kept = [sentences[i] for i in pooled.sentences]
        study = suggest(kept, pooled.probabilities, pooled.tags, scheme, score)
        return cls(corpus, scheme, kept, pooled.tags, study, score)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli study labels``, without what the command line knows."""
        confident = self.study.confident
        times = confident.joint.sum(axis=1)
        given = [round(share * len(confident.tags)) for share in times.tolist()]
        diagonal = np.diagonal(confident.joint)
        return {
            "sentences": len(self.sentences),
            "tokens": len(confident.tags),
            "score": self.score,
            "noise": confident.noise,
            "tags": [
                {
                    "tag": tag,
                    "tokens": given[i],
                    "threshold": float(confident.thresholds[i]) if given[i] else None,
                    "noise": float(1 - diagonal[i] / times[i]) if given[i] else None,
                }
                for i, tag in enumerate(self.tags)
            ],
            "pairs": self.pairs(),
            "suggestions": [self.described(rank, place) for rank, place in enumerate(self.study.suggestions, 1)],
        }

    def pairs(self) -> list[dict[str, Any]]:
        """The pairs of given tag and probable tag with the most tokens."""
        counts = self.study.confident.counts.copy()
        np.fill_diagonal(counts, 0)
        order = np.argsort(-counts, axis=None, kind="stable")[:PAIRS]
        places = zip(*np.unravel_index(order, counts.shape), strict=True)
        return [
            {"given": self.tags[i], "suggested": self.tags[j], "tokens": int(counts[i, j])}
            for i, j in places
            if counts[i, j]
        ]

    def described(self, rank: int, place: Suggestion) -> dict[str, Any]:
        """A suggestion with its place in the file and its context."""
        sentence = self.sentences[place.sentence]
        tokens = sentence.tokens
        return {
            "rank": rank,
            "file": self.corpus.name,
            "line": sentence.line_of(place.start),
            "sentence_line": sentence.line,
            "start": place.start,
            "end": place.end,
            "before": tokens[max(0, place.start - CONTEXT) : place.start],
            "tokens": tokens[place.start : place.end],
            "after": tokens[place.end : place.end + CONTEXT],
            "kind": place.kind,
            "given_tags": place.given,
            "suggested_tags": place.suggested,
            "given_spans": _spans(place.given_spans),
            "suggested_spans": _spans(place.suggested_spans),
            "score": place.score,
            "probability": place.probability,
            "given_probability": place.given_probability,
            "sentence_score": float(self.study.sentences[place.sentence]),
        }

    def in_words(self, place: Suggestion) -> tuple[str, str]:
        """The given and the suggested tags of a place: the type of a span, and its words where borders differ."""
        if place.kind == "tag":
            return place.given[0], place.suggested[0]
        tokens = self.sentences[place.sentence].tokens
        whole = place.kind in ("type", "missing", "surplus")

        def words(spans: Sequence[Span]) -> str:
            texts = (s.type if whole else f"{s.type}: {' '.join(tokens[s.start : s.end])}" for s in spans)
            return "; ".join(texts) or "–"

        return words(place.given_spans), words(place.suggested_spans)

    def doubtful(self) -> Iterator[tuple[Sentence, dict[str, Any]]]:
        """The sentences with suggestions, the most doubtful first, and what is said of each.

        They have the suggested tags, and the given ones in a further column.
        """
        places: dict[int, list[tuple[int, Suggestion]]] = {}
        for rank, place in enumerate(self.study.suggestions, 1):
            places.setdefault(place.sentence, []).append((rank, place))
        for number, ranked in places.items():
            sentence = self.sentences[number]
            tags = self._suggested(sentence, [place for _, place in ranked])
            columns = sentence.columns or [()] * len(tags)
            with_given = [(*row, tag) for row, tag in zip(columns, sentence.tags, strict=True)]
            first = self.described(*ranked[0])
            facts = {
                "rank": first["rank"],
                "line": first["line"],
                "score": round(first["score"], 6),
                "suggestions": [self.described(*item) for item in ranked],
            }
            yield sentence._replace(tags=tags, columns=with_given), facts

    def _suggested(self, sentence: Sentence, places: Sequence[Suggestion]) -> list[str]:
        """The tags of a sentence with those that are suggested."""
        if self.scheme.has_spans:
            left = {span for place in places for span in place.given_spans}
            spans = [span for span in self.scheme.spans(sentence.tags) if span not in left]
            spans += [span for place in places for span in place.suggested_spans]
            return self.scheme.write(sorted(spans, key=lambda span: span.start), len(sentence.tags))
        tags = list(sentence.tags)
        for place in places:
            tags[place.start : place.end] = place.suggested
        return tags


def _spans(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [span._asdict() for span in spans]
