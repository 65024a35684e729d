"""Suggestions: whole spans where tags mark spans, one for each place, the most doubtful first."""

import numpy as np
import pytest

from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, Scheme, Span
from rnncli.studies.suggestions import suggest

IOB2 = Scheme("IOB2")
TAGS = ["O", "B-x", "I-x", "B-y", "I-y"]


def sentence(*tags):
    return Sentence([f"w{i}" for i in range(len(tags))], list(tags), [()] * len(tags), 1)


def sure(*rows, p=0.9):
    """Probabilities (N, K) that give p to the tags of these sentences."""
    names = [tag for row in rows for tag in row]
    table = np.full((len(names), len(TAGS)), (1 - p) / (len(TAGS) - 1), np.float32)
    table[np.arange(len(names)), [TAGS.index(name) for name in names]] = p
    return table


# So many right sentences that every tag has a threshold near 0.9.
RIGHT = ["O", "B-x", "I-x", "O", "B-y", "I-y"]


@pytest.mark.parametrize(
    ("given", "meant", "kind", "place", "old", "new"),
    [
        (["O", "B-x", "I-x", "O"], ["O", "B-y", "I-y", "O"], "type", (1, 3), [Span("x", 1, 3)], [Span("y", 1, 3)]),
        (
            ["O", "B-x", "O", "O"],
            ["O", "B-x", "I-x", "O"],
            "boundary",
            (1, 3),
            [Span("x", 1, 2)],
            [Span("x", 1, 3)],
        ),
        (["O", "O", "O", "O"], ["O", "B-x", "I-x", "O"], "missing", (1, 3), [], [Span("x", 1, 3)]),
        (["O", "B-x", "O", "O"], ["O", "O", "O", "O"], "surplus", (1, 2), [Span("x", 1, 2)], []),
        (
            ["B-x", "I-x", "I-x", "O"],
            ["B-x", "B-y", "I-y", "O"],
            "spans",
            (0, 3),
            [Span("x", 0, 3)],
            [Span("x", 0, 1), Span("y", 1, 3)],
        ),
    ],
)
def test_tags_of_one_span_are_one_suggestion(given, meant, kind, place, old, new):
    sentences = [*[sentence(*RIGHT)] * 20, sentence(*given)]
    study = suggest(sentences, sure(*[RIGHT] * 20, meant), TAGS, IOB2)
    (only,) = study.suggestions
    assert (only.sentence, only.start, only.end, only.kind) == (20, *place, kind)
    assert (only.given_spans, only.suggested_spans) == (old, new)
    assert only.given == given[place[0] : place[1]]
    assert only.suggested == meant[place[0] : place[1]]
    assert only.probability == pytest.approx(0.9)
    assert only.given_probability == pytest.approx(0.025)
    assert only.score == pytest.approx(0.025)
    assert study.sentences[20] == pytest.approx(0.025)
    assert study.sentences[0] == pytest.approx(0.9)


def test_spans_that_do_not_overlap_are_separate_and_the_most_doubtful_is_first():
    given = ["B-x", "O", "B-x", "O"]
    meant = ["B-y", "O", "B-y", "O"]
    table = sure(*[RIGHT] * 20, meant)
    table[-2] = [0.0, 0.001, 0.0, 0.999, 0.0]  # of the second span
    study = suggest([*[sentence(*RIGHT)] * 20, sentence(*given)], table, TAGS, IOB2)
    assert [(place.start, place.end) for place in study.suggestions] == [(2, 3), (0, 1)]
    assert study.suggestions[0].score == pytest.approx(0.001)


def test_the_suggested_tags_are_allowed_by_the_scheme():
    # Token by token, the most probable tags would be O, I-x.
    table = sure(*[RIGHT] * 20, ["O", "O"])
    table[-2] = [0.5, 0.49, 0.0, 0.01, 0.0]
    table[-1] = [0.04, 0.0, 0.95, 0.01, 0.0]
    study = suggest([*[sentence(*RIGHT)] * 20, sentence("O", "O")], table, TAGS, IOB2)
    assert [place.suggested for place in study.suggestions] == [["B-x", "I-x"]]


def test_plain_tags_are_suggested_one_by_one_by_either_score():
    tags = ["A", "B", "C"]
    sentences = [sentence("A", "B"), sentence("A", "B"), sentence("A", "B", "C")]
    table = np.array(
        [
            [0.9, 0.1, 0],
            [0.1, 0.9, 0],
            [0.9, 0.1, 0],
            [0.49, 0.02, 0.49],
            [0.05, 0.95, 0],
            [0.1, 0.9, 0],
            [0.1, 0, 0.9],
        ],
        np.float32,
    )
    by_confidence = suggest(sentences, table, tags, PLAIN, "self-confidence").suggestions
    by_margin = suggest(sentences, table, tags, PLAIN, "margin").suggestions
    # The given tag of the one has the probability 0.02, that of the other 0.05, but there the other tag is sure.
    assert [(place.sentence, place.start, place.kind) for place in by_confidence] == [(2, 0, "tag")]
    assert [(place.given, place.suggested) for place in by_margin] == [(["A"], ["B"])]
    assert by_margin[0].score == pytest.approx((1 + 0.05 - 0.95) / 2)


def test_nothing_is_suggested_where_the_models_agree_and_sentences_may_be_empty():
    sentences = [sentence(*RIGHT), sentence(), sentence(*RIGHT)]
    study = suggest(sentences, sure(RIGHT, RIGHT), TAGS, IOB2)
    assert study.suggestions == []
    assert study.sentences.tolist() == pytest.approx([0.9, 1, 0.9])
