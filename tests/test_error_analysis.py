"""error_analysis.py: each error once, in its class, and confusion matrices whose sums are those of the scores."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli import error_analysis
from rnncli.data.sentence import Extra, Sentence
from rnncli.data.tags import PLAIN, Scheme, Span
from rnncli.error_analysis import confusions, counts, errors, rows, span_matrix, tag_matrix
from rnncli.evaluation import Labelled, score

IOB2 = Scheme("IOB2")
TAG = st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in "xyz")])
PAIRS = st.lists(st.lists(st.tuples(TAG, TAG), min_size=1, max_size=9), min_size=1, max_size=5)


def labelled(gold: str, predicted: str, unknown: str = "") -> Labelled:
    tags = gold.split()
    return Labelled(tags, predicted.split(), [number in map(int, unknown.split()) for number in range(len(tags))])


def drawn(sentences: list[list[tuple[str, str]]]) -> list[Labelled]:
    return [Labelled([g for g, _ in s], [p for _, p in s], [False] * len(s)) for s in sentences]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("B-x I-x O", "B-x I-x O", []),
        ("B-x I-x O", "B-y I-y O", ["type"]),
        ("B-x I-x O", "B-x O O", ["boundary"]),
        ("B-x I-x O", "O B-y I-y", ["boundary and type"]),
        ("B-x I-x O", "O O O", ["missed"]),
        ("O O O", "B-x O O", ["invented"]),
        ("B-x O O", "O O B-x", ["missed", "invented"]),
        # A span that is cut in two: one part belongs to it, the other is invented.
        ("B-x I-x I-x", "B-x I-x B-x", ["boundary", "invented"]),
        # Two spans that become one.
        ("B-x B-x O", "B-x I-x O", ["boundary", "missed"]),
        # The part of the same type belongs to it, although the other part is larger.
        ("B-x I-x I-x", "B-y I-y B-x", ["boundary", "invented"]),
        # The same words go before a longer overlap.
        ("B-x I-x B-x", "B-y I-y B-y", ["type", "type"]),
    ],
)
def test_the_class_of_an_error(gold: str, predicted: str, expected: list[str]) -> None:
    assert expected == [error.kind for error in errors([labelled(gold, predicted)], IOB2)]


@given(sentences=PAIRS)
def test_every_wrong_span_is_in_one_error(sentences: list[list[tuple[str, str]]]) -> None:
    data = drawn(sentences)
    total = score(data, IOB2).total
    found = errors(data, IOB2)
    kinds = Counter(error.kind for error in found)
    both = kinds["type"] + kinds["boundary"] + kinds["boundary and type"]
    assert total.gold == total.correct + both + kinds["missed"]
    assert total.predicted == total.correct + both + kinds["invented"]
    for side in ("gold", "predicted"):
        spans = [(error.sentence, getattr(error, side)) for error in found if getattr(error, side)]
        assert len(spans) == len(set(spans))
    for error in found:
        if error.gold and error.predicted:
            assert min(error.gold.end, error.predicted.end) > max(error.gold.start, error.predicted.start)
    # What is missed does not overlap what is invented.
    for one in found:
        for other in found:
            if (one.sentence, one.kind, other.kind) == (other.sentence, "missed", "invented"):
                assert one.end <= other.start or other.end <= one.start


@given(sentences=PAIRS)
def test_plain_tags_have_an_error_for_each_wrong_token(sentences: list[list[tuple[str, str]]]) -> None:
    data = drawn(sentences)
    scores = score(data, PLAIN)
    found = errors(data, PLAIN)
    assert scores.tokens - scores.correct == len(found)
    pairs = Counter((error.gold.type, error.predicted.type) for error in found if error.gold and error.predicted)
    assert scores.confusion == pairs
    assert {"confusion"} >= {error.kind for error in found}


def test_words_are_seen_if_the_vocabulary_has_all_of_them() -> None:
    data = [labelled("B-x I-x O B-x", "B-x O O O", "1"), labelled("B-x", "O")]
    assert [False, True, True] == [error.seen for error in errors(data, IOB2)]
    assert {None} == {error.seen for error in errors(data, IOB2, knows_words=False)}
    assert {"number": 2, "seen": 2, "unseen": 0} == counts(errors(data, IOB2), IOB2)["missed"]
    unknown = counts(errors(data, IOB2, knows_words=False), IOB2)
    assert {"number": 1, "seen": None, "unseen": None} == unknown["boundary"]
    assert {"number": 0, "seen": 0, "unseen": 0} == unknown["invented"]


def test_the_most_frequent_confusions_come_first() -> None:
    data = [labelled("B-x", "B-y"), labelled("B-y", "O"), labelled("B-x", "B-y"), labelled("O", "B-a")]
    groups = confusions(errors(data, IOB2))
    expected = [("type", "x", "y", [0, 2]), ("invented", None, "a", [3]), ("missed", "y", None, [1])]
    assert expected == [(*group[:3], [error.sentence for error in group.errors]) for group in groups]


def test_a_row_says_where_an_error_is() -> None:
    tokens = [f"w{number}" for number in range(30)]
    tags = ["O"] * 12 + ["B-x", "I-x"] + ["O"] * 16
    predicted = ["O"] * 13 + ["B-x", "I-x"] + ["O"] * 15
    sentence = Sentence(tokens, tags, [()] * 30, 100)
    [group] = confusions(errors([Labelled(tags, predicted, [False] * 30)], IOB2))
    [row] = rows(group, [sentence])
    assert ("boundary", "x", "x", 1, "w12 w13", "w13 w14", "seen", 1, 112) == row[:9]
    assert ("… w4 w5 w6 w7 w8 w9 w10 w11", "w12 w13 w14", "w15 w16 w17 w18 w19 w20 w21 w22 …") == row[9:]
    assert len(error_analysis.HEADERS) == len(row)
    other = sentence._replace(extra=Extra(lines=list(range(500, 530))))
    assert 512 == next(rows(group, [other])).line


@given(sentences=PAIRS)
def test_matrices_have_the_sums_of_the_scores(sentences: list[list[tuple[str, str]]]) -> None:
    data = drawn(sentences)
    scores = score(data, IOB2)
    tags = tag_matrix(data)
    number = {label: i for i, label in enumerate(tags.labels)}
    wrong = {(number[g], number[p]): n for (g, p), n in scores.confusion.items()}
    assert wrong == {place: n for place, n in tags.cells.items() if place[0] != place[1]}
    assert scores.correct == sum(n for (row, column), n in tags.cells.items() if row == column)
    assert scores.tokens == sum(tags.gold) == sum(tags.predicted)
    spans = span_matrix(data, IOB2)
    for i, label in enumerate(spans.labels):
        if label is not None:
            count = scores.per_type[label]
            found = (spans.gold[i], spans.predicted[i], spans.cells.get((i, i), 0))
            assert (count.gold, count.predicted, count.correct) == found
    assert None not in spans.labels[:-1]


def test_a_matrix_by_hand() -> None:
    data = [labelled("B-x O B-y B-x", "B-x B-x B-x O")]
    spans = span_matrix(data, IOB2)
    assert ["x", "y", None] == spans.labels
    assert {(0, 0): 1, (1, 0): 1, (0, 2): 1, (2, 0): 1} == spans.cells
    assert ([2, 1, 1], [3, 0, 1], [3, 1, 2]) == (spans.gold, spans.predicted, spans.wrong)
    tags = tag_matrix(data).as_dict()
    assert {"labels": ["B-x", "B-y", "O"], "gold": [2, 1, 1], "predicted": [3, 0, 1]}.items() <= tags.items()
    assert [[0, 0, 1], [0, 2, 1], [1, 0, 1], [2, 0, 1]] == tags["cells"]


def test_a_sentence_of_many_tokens_is_matched_in_one_pass() -> None:
    size = 20_000
    data = Labelled(["B-x", "I-x"] * size, ["O", "B-x"] * size, [False] * 2 * size)
    found = errors([data], IOB2)
    assert size == len(found)
    assert ("boundary", Span("x", 2, 4), Span("x", 3, 4)) == (found[1].kind, found[1].gold, found[1].predicted)
