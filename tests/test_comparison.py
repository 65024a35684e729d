"""comparison.py: counts by sentence are those of seqeval, and a comparison says what its counts do."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from rnncli import comparison
from rnncli.comparison import compare, intervals, tally
from rnncli.config import ResamplingSpec
from rnncli.data.tags import PLAIN, Scheme
from rnncli.evaluation import Labelled, score
from rnncli.significance import f1

IOB2 = Scheme("IOB2")
FEW = ResamplingSpec(replicates=500)
TAG = st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in "xyz")])


def split(*texts: str) -> list[list[str]]:
    return [text.split() for text in texts]


@pytest.mark.parametrize("scheme", [IOB2, PLAIN], ids=str)
@given(
    sentences=st.lists(st.lists(st.tuples(TAG, TAG, TAG), max_size=6), min_size=1, max_size=8),
)
def test_the_counts_of_all_sentences_are_the_scores(
    scheme: Scheme, sentences: list[list[tuple[str, str, str]]]
) -> None:
    gold, *systems = [[[row[i] for row in sentence] for sentence in sentences] for i in range(3)]
    if not any(gold):
        return
    counts = tally(gold, systems, scheme)
    for number, tags in enumerate(systems):
        scores = score((Labelled(g, p, [False] * len(g)) for g, p in zip(gold, tags, strict=True)), scheme)
        total = scores.total
        assert [total.correct, total.predicted, total.gold] == counts.spans.sums[number].tolist()
        assert [scores.correct, scores.tokens, scores.tokens] == counts.tokens.sums[number].tolist()
        for kind, sample in counts.types.items():
            expected = scores.per_type.get(kind)
            found = sample.sums[number].tolist()
            assert found == ([expected.correct, expected.predicted, expected.gold] if expected else [0, 0, 0])
            assert len(sentences) == sample.sizes.sum()
    assert list(counts.types) == sorted(counts.types)
    assert len(sentences) == counts.spans.sizes.sum() == counts.tokens.sizes.sum()


@given(
    sentences=st.lists(st.lists(st.tuples(TAG, TAG), min_size=1, max_size=6), min_size=1, max_size=5),
)
def test_the_counts_of_a_sentence_are_those_of_seqeval(sentences: list[list[tuple[str, str]]]) -> None:
    gold, predicted = [[[row[i] for row in sentence] for sentence in sentences] for i in range(2)]
    for one, other in zip(gold, predicted, strict=True):
        _, _, value, _ = precision_recall_fscore_support([one], [other], average="micro", zero_division=0)
        found = f1(tally([one], [[other]], IOB2).spans.sums)[0]
        assert value == pytest.approx(np.nan_to_num(found))


GOLD = split(*["B-x I-x O B-y"] * 30, *["O B-x O O"] * 30)
GOOD = split(*["B-x I-x O B-y"] * 28, *["B-x O O B-y"] * 2, *["O B-x O O"] * 30)
POOR = split(*["B-x O O B-y"] * 25, *["B-x I-x O O"] * 5, *["O B-x O O"] * 15, *["O O O O"] * 15)


def test_a_better_system_is_above_a_poor_one() -> None:
    result = compare(["good", "poor"], GOLD, [GOOD, POOR], IOB2, FEW)
    good, poor = result.systems
    assert good.scores.f1 is not None and poor.scores.f1 is not None
    [pair] = result.pairs
    assert good.scores.f1 - poor.scores.f1 == pytest.approx(pair.total.value)
    assert pair.total.interval is not None
    assert 0 < pair.total.interval.low < pair.total.value < pair.total.interval.high
    assert 1 / 501 == pair.total.p == pair.total.p_holm
    assert {"x", "y"} == set(pair.types)
    assert pair.types["y"].value == pytest.approx(1 - 2 * 25 / 55)
    differing = [number for number in range(60) if GOOD[number] != POOR[number]]
    assert (differing, len(differing)) == (result.differing, pair.sentences)
    assert good.intervals.f1 is not None
    assert good.intervals.f1.low < good.scores.f1 < good.intervals.f1.high


def test_a_system_does_not_differ_from_itself() -> None:
    result = compare(["a", "b"], GOLD, [POOR, POOR], IOB2, FEW)
    assert (0.0, (0.0, 0.0), 1.0, 1.0) == result.pairs[0].total
    assert all(difference == (0.0, (0.0, 0.0), 1.0, 1.0) for difference in result.pairs[0].types.values())
    assert [] == result.differing


def test_three_systems_make_three_pairs_and_p_is_adjusted() -> None:
    result = compare(["a", "b", "c"], GOLD, [GOOD, POOR, GOOD], IOB2, FEW)
    assert [(0, 1), (0, 2), (1, 2)] == [(pair.first, pair.second) for pair in result.pairs]
    assert [1 / 501, 1.0, 1 / 501] == [pair.total.p for pair in result.pairs]
    assert [3 / 501, 1.0, 3 / 501] == pytest.approx([pair.total.p_holm for pair in result.pairs])
    types = [difference for pair in result.pairs for difference in pair.types.values()]
    least = min(types, key=lambda difference: difference.p or 0)
    assert (least.p or 0) * len(types) == pytest.approx(least.p_holm)


def test_the_same_seed_gives_the_same_numbers_and_another_others() -> None:
    def numbers(seed: int) -> str:
        resampling = ResamplingSpec(replicates=500, seed=seed)
        return json.dumps(compare(["a", "b"], GOLD, [GOOD, POOR], IOB2, resampling).as_dict(), allow_nan=False)

    assert numbers(1) == numbers(1)
    assert numbers(1).replace('"seed": 1', "") != numbers(2).replace('"seed": 2', "")


def test_plain_tags_are_compared_by_accuracy() -> None:
    gold, one, other = (split(*[text] * 60) for text in ("DT NN VB", "DT NN VB", "DT NN NN"))
    result = compare(["one", "other"], gold, [one, other], PLAIN, FEW)
    assert "accuracy" == result.metric
    assert pytest.approx(1 / 3) == result.pairs[0].total.value
    shown = result.as_dict()["systems"][1]
    assert (2 / 3, None, None) == (shown["accuracy"], shown["f1"], shown["intervals"]["f1"])


@pytest.mark.parametrize(
    ("gold", "one", "other", "expected"),
    [
        (["O O"], ["O O"], ["O O"], (None, None, None)),  # no span anywhere
        (["O O"], ["B-x O"], ["O O"], (None, None, None)),  # F1 of the second is undefined
        (["B-x O"], ["B-x O"], ["O O"], (1.0, (1.0, 1.0), 1.0)),  # one sentence
        (["", "B-x"], ["", "B-x"], ["", "B-y"], (1.0, (1.0, 1.0), 1.0)),  # an empty sentence
    ],
)
def test_hard_cases(gold: Sequence[str], one: Sequence[str], other: Sequence[str], expected: object) -> None:
    result = compare(["a", "b"], split(*gold), [split(*one), split(*other)], IOB2, FEW)
    assert expected == result.pairs[0].total[:3]
    json.dumps(result.as_dict(), allow_nan=False)


def test_intervals_of_one_system_are_those_of_a_comparison() -> None:
    labelled = [Labelled(g, p, [False] * len(g)) for g, p in zip(GOLD, POOR, strict=True)]
    alone = intervals(labelled, IOB2, FEW)
    compared = compare(["a", "b"], GOLD, [POOR, POOR], IOB2, FEW).systems[0].intervals
    assert compared == alone
    assert {"x", "y"} == set(alone.types)
    assert alone.precision and alone.recall and alone.accuracy
    assert alone.recall.low < alone.recall.high


def test_a_long_sentence_counts_once() -> None:
    gold = [["B-x", "O"] * 5_000]
    predicted = [["B-x", "O"] * 2_500 + ["O", "O"] * 2_500]
    counts = comparison.tally(gold, [predicted], IOB2)
    assert [[2_500, 2_500, 5_000]] == counts.spans.sums.tolist()
    assert 1 == counts.spans.sizes.sum()
