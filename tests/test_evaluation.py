"""evaluation.py: scores equal seqeval's, and what has no value is None."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import accuracy_score, precision_recall_fscore_support

from rnncli import evaluation, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, Scheme
from rnncli.errors import DataError
from rnncli.evaluation import Count, Labelled, score
from rnncli.kernel_choice import sentences_are_many
from rnncli.labelling import Labeller
from rnncli.model import Model
from rnncli.tagging import Tagger


def labelled(gold: str, predicted: str) -> Labelled:
    tags = gold.split()
    return Labelled(tags, predicted.split(), [False] * len(tags))


PREFIXES = {"IOB1": "BI", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "IOBES": "BIES"}
IOB2 = Scheme("IOB2")


@pytest.mark.parametrize("scheme", PREFIXES)
@given(data=st.data())
def test_scores_equal_those_of_seqeval(scheme: str, data: st.DataObject) -> None:
    tag = st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in PREFIXES[scheme] for kind in "xyz")])
    pairs = data.draw(st.lists(st.lists(st.tuples(tag, tag), min_size=1, max_size=8), min_size=1, max_size=6))
    gold = [[one for one, _ in sentence] for sentence in pairs]
    predicted = [[other for _, other in sentence] for sentence in pairs]
    scores = score((Labelled(g, p, [False] * len(g)) for g, p in zip(gold, predicted, strict=True)), Scheme(scheme))

    # seqeval writes 0 where we write None.
    micro = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
    total = scores.total
    assert micro[:3] == pytest.approx((total.precision or 0, total.recall or 0, total.f1 or 0))
    assert accuracy_score(gold, predicted) == pytest.approx(scores.accuracy)

    each = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    counts = [count for _, count in sorted(scores.per_type.items())]
    for values, name in zip(each, ("precision", "recall", "f1", "gold"), strict=True):
        assert list(values) == pytest.approx([getattr(count, name) or 0 for count in counts])


def test_spans_count_by_type_start_and_end() -> None:
    gold = "B-x I-x O B-y B-x O"
    guess = "B-x I-x O B-x I-x O"
    scores = score([labelled(gold, guess)], IOB2)
    assert Count(gold=3, predicted=2, correct=1) == scores.total
    assert {"x": Count(2, 2, 1), "y": Count(1, 0, 0)} == scores.per_type
    assert (1 / 2, 1 / 3, 2 / 5) == (scores.total.precision, scores.total.recall, scores.f1)
    assert (6, 4, 4 / 6) == (scores.tokens, scores.correct, scores.accuracy)
    assert Counter({("B-y", "B-x"): 1, ("B-x", "I-x"): 1}) == scores.confusion


def test_a_span_does_not_reach_into_the_next_sentence() -> None:
    scores = score([labelled("B-x", "B-x"), labelled("I-x", "I-x")], IOB2)
    assert Count(2, 2, 2) == scores.total


def test_plain_tags_have_an_accuracy_and_no_f1() -> None:
    scores = score([labelled("DT NN VB NN", "DT NN NN NN")], PLAIN)
    result = scores.as_dict()
    assert [3 / 4, None, None, None] == [result[name] for name in ("accuracy", "precision", "recall", "f1")]
    assert ("accuracy", 3 / 4, "plain") == (result["metric"], scores.score, result["scheme"])
    assert {"DT": Count(1, 1, 1), "NN": Count(2, 3, 2), "VB": Count(1, 0, 0)} == scores.per_type


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("O O", "O O", (None, None, None)),
        ("B-x O", "O O", (None, 0.0, 0.0)),
        ("O O", "B-x O", (0.0, None, 0.0)),
        ("B-x O", "O B-x", (0.0, 0.0, 0.0)),
        ("B-x O", "B-x O", (1.0, 1.0, 1.0)),
    ],
)
def test_what_has_no_value_is_none(gold: str, predicted: str, expected: tuple[float | None, ...]) -> None:
    result = score([labelled(gold, predicted)], IOB2).as_dict()
    assert ("f1", *expected) == (result["metric"], result["precision"], result["recall"], result["f1"])
    # JSON has no NaN: what scripts read must parse everywhere.
    assert result == json.loads(json.dumps(result, allow_nan=False))


def test_a_type_without_spans_on_one_side_has_no_precision_or_recall() -> None:
    per_type = score([labelled("B-x O", "O B-y")], IOB2).as_dict()["per_type"]
    expected = {
        "x": {"precision": None, "recall": 0.0, "f1": 0.0, "gold": 1, "predicted": 0, "correct": 0},
        "y": {"precision": 0.0, "recall": None, "f1": 0.0, "gold": 0, "predicted": 1, "correct": 0},
    }
    assert expected == per_type


@pytest.mark.parametrize("scheme", [PLAIN, IOB2], ids=str)
@pytest.mark.parametrize("sentences", [[], [labelled("", "")]])
def test_a_score_over_nothing_is_an_error(scheme: Scheme, sentences: list[Labelled]) -> None:
    with pytest.raises(DataError, match="holds no token"):
        score(sentences, scheme)


@pytest.mark.parametrize(("unknown", "probabilities"), [([False], []), ([], []), ([False] * 2, [0.5])])
def test_what_is_known_of_words_must_be_as_much(unknown: list[bool], probabilities: list[float]) -> None:
    with pytest.raises(ValueError, match="as many as the tags"):
        score([Labelled(["O", "O"], ["O", "O"], unknown, probabilities)], IOB2)


def test_gold_and_predicted_tags_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score([Labelled(["O", "O"], ["O"], [False, False])], IOB2)


def test_unknown_words_are_scored_apart() -> None:
    sentence = Labelled(["O", "B-x", "O"], ["O", "O", "O"], [False, True, True])
    scores = score([sentence], IOB2)
    assert {"tokens": 2, "accuracy": 1 / 2} == scores.as_dict()["unknown_words"]
    known = score([labelled("O", "O")], IOB2)
    assert {"tokens": 0, "accuracy": None} == known.as_dict()["unknown_words"]


def test_bins_and_calibration_error_by_hand() -> None:
    # 0.95 and 1.0 in the last bin, one right; 0.62 and 0.66 and 0.7 in the seventh, two right; 0.3 in the third.
    first = Labelled(["O"] * 4, ["O", "O", "X", "X"], [False] * 4, [0.95, 0.62, 1.0, 0.3])
    second = Labelled(["O"] * 2, ["O", "X"], [True] * 2, [0.7, 0.66])
    result = score([first, labelled("", ""), second], IOB2).as_dict()["calibration"]
    expected = {
        2: (1, 0.3, 0.0),
        6: (3, (0.62 + 0.66 + 0.7) / 3, 2 / 3),
        9: (2, 0.975, 1 / 2),
    }
    assert [(i / 10, (i + 1) / 10) for i in range(10)] == [(each["low"], each["high"]) for each in result["bins"]]
    for i, each in enumerate(result["bins"]):
        tokens, probability, accuracy = expected.get(i, (0, None, None))
        found = each["tokens"], each["probability"], each["accuracy"]
        assert (tokens, probability and pytest.approx(probability), accuracy and pytest.approx(accuracy)) == found
    assert result["ece"] == pytest.approx((1 * 0.3 + 3 * (2 / 3 - 0.66) + 2 * 0.475) / 6)
    assert result == json.loads(json.dumps(result, allow_nan=False))


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (0.0, 0),
        (1e-9, 0),
        (0.1, 0),  # a bin holds its upper end
        (math.nextafter(0.1, 1), 1),
        (0.2, 1),
        (0.3, 2),
        (0.5, 4),
        (0.7, 6),
        (0.9, 8),
        (math.nextafter(0.9, 1), 9),
        (1.0, 9),
        (1.0000001, 9),  # rounding in single precision
    ],
)
def test_a_probability_falls_into_one_bin(probability: float, expected: int) -> None:
    found = evaluation.calibration([probability], [True])
    assert [int(i == expected) for i in range(10)] == [each.tokens for each in found.bins]
    assert found.ece == pytest.approx(abs(1 - probability))


@given(
    tokens=st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40),
)
def test_calibration_error_equals_its_definition(tokens: list[tuple[float, bool]]) -> None:
    found = evaluation.calibration([p for p, _ in tokens], [right for _, right in tokens])
    error = 0.0
    for i in range(10):
        group = [(p, right) for p, right in tokens if (i / 10 < p or i == 0) and p <= (i + 1) / 10]
        assert len(group) == found.bins[i].tokens
        if group:
            confidence = math.fsum(p for p, _ in group) / len(group)
            accuracy = sum(right for _, right in group) / len(group)
            error += len(group) / len(tokens) * abs(accuracy - confidence)
    assert found.ece == pytest.approx(error)


def test_calibration_error_is_rounded_alike_by_every_python() -> None:
    found = evaluation.calibration([0.05, 0.25, 0.45, 0.65], [False] * 4)
    assert found.ece == ((0.05 + 0.25) + 0.45 + 0.65) / 4  # sum() gives the next float since Python 3.12


def test_without_all_probabilities_the_calibration_is_not_known() -> None:
    known = Labelled(["O"], ["O"], [False], [0.5])
    assert score([known], IOB2).calibration is not None
    other = labelled("O", "O")
    for sentences in ([other], [known, other], [other, known], [known, known._replace(probabilities=[math.nan])]):
        scores = score(sentences, IOB2)
        assert scores.calibration is None
        assert scores.as_dict()["calibration"] is None


def as_sentence(tokens: str, tags: str) -> Sentence:
    words: Sequence[str] = tokens.split()
    return Sentence(list(words), tags.split(), [()] * len(words), 1)


def test_a_model_is_scored_on_the_tags_that_it_gives(tiny: Model, booking_tsv: Path) -> None:
    sentences = reading.read(str(booking_tsv)).sentences
    tagger = Tagger(tiny)
    tagger._labeller = Labeller(tiny, sentences_are_many)  # as for scores, to the last digit
    tagged = [tagger.tag_tokens(sentence.tokens).tokens for sentence in sentences]
    expected = score(
        (
            Labelled(
                sentence.tags,
                [token.tag for token in tokens],
                [False] * len(tokens),
                [token.probability for token in tokens],
            )
            for sentence, tokens in zip(sentences, tagged, strict=True)
        ),
        IOB2,
    )
    assert expected == evaluation.evaluate(tiny, sentences)
    # The model has learned something, so that nothing is not compared with nothing.
    assert expected.score > 0.5
    assert expected.calibration is not None and 0 < expected.calibration.ece < 1


def test_without_probabilities_the_rest_is_the_same(tiny: Model, booking_tsv: Path) -> None:
    sentences = reading.read(str(booking_tsv)).sentences
    for times in (1, 20):  # labelled in NumPy, and by the kernels
        full = evaluation.evaluate(tiny, sentences * times)
        quick = evaluation.evaluate(tiny, sentences * times, with_probabilities=False)
        assert full.calibration is not None
        assert dataclasses.replace(full, calibration=None) == quick
    assert 2_000 < quick.tokens


def test_the_columns_of_a_file_are_read() -> None:
    rows = [Sentence(["a"] * 2, [f"T{x}", f"T{y}"], [(x,), (y,)], 1) for x in "xy" for y in "xy" for _ in range(9)]
    spec = NetworkSpec(arch="fnn", features="columns", column=4, hidden=6, window=0, decoder="softmax")
    model = training.prepare(rows, spec, TrainingSpec(epochs=20, batch=4, dropout=0.0, learning_rate=0.1))
    training.train(model, rows, threads=1, score=lambda current: evaluation.evaluate(current, rows).score)
    assert 1.0 == evaluation.evaluate(model, rows).accuracy
    wrong = [each._replace(columns=each.columns[::-1]) for each in rows]
    assert 0.5 == evaluation.evaluate(model, wrong).accuracy
    bare = [each._replace(columns=[(), ()]) for each in rows]
    with pytest.raises(DataError, match="this model reads a column beside each token"):
        evaluation.evaluate(model, bare)


def test_words_that_training_never_showed_are_counted(tiny: Model) -> None:
    scores = evaluation.evaluate(tiny, [as_sentence("leave Zanzibar on Doomsday", "O B-departure O O")])
    assert (4, 2) == (scores.tokens, scores.unknown)


def test_a_tag_that_training_never_showed_is_always_wrong(tiny: Model) -> None:
    scores = evaluation.evaluate(tiny, [as_sentence("leave Taipei", "B-unheard B-unheard")])
    assert (2, 0, 0.0) == (scores.tokens, scores.correct, scores.accuracy)
    assert Count(gold=2, predicted=0, correct=0) == scores.per_type["unheard"]
    assert not math.isnan(scores.score)


def test_nothing_to_score_is_an_error_also_for_a_model(tiny: Model) -> None:
    with pytest.raises(DataError, match="holds no token"):
        evaluation.evaluate(tiny, [])
