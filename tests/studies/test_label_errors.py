"""What the models of all folds say together; equal sentences are in one fold."""

import numpy as np
import pytest

from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN, Scheme
from rnncli.studies.choice import EQUAL, fold_of, groups
from rnncli.studies.label_errors import Pooled, Report
from rnncli.studies.trial import HeldOut


def sentence(tags, line=1, tokens=None):
    return Sentence(tokens or [f"w{i}" for i in range(len(tags))], list(tags), [()] * len(tags), line)


def held_out(numbers, lengths, tags, probabilities):
    starts = np.cumsum([0, *lengths])
    none = np.zeros(starts[-1], np.int32)
    table = np.array(probabilities, np.float32)
    return HeldOut(np.array(numbers), starts, np.zeros((len(numbers), 3), np.int64), none, none, table, tags)


def test_tags_are_matched_by_name_and_seeds_are_averaged():
    sentences = [sentence("A"), sentence("BC"), sentence("A")]
    pooled = Pooled.of(
        sentences,
        [
            held_out([1], [2], ["C", "B"], [[0.3, 0.7], [0.9, 0.1]]),
            held_out([2, 0], [1, 1], ["B", "A"], [[0.2, 0.8], [0.4, 0.6]]),
            held_out([0, 1], [1, 2], ["A", "B", "C"], [[1, 0, 0], [0.1, 0.5, 0.4], [0, 0.1, 0.9]]),
        ],
    )
    assert pooled.tags == ["A", "B", "C"]
    assert pooled.sentences == [0, 1, 2]
    expected = [[0.8, 0.2, 0], [0.05, 0.6, 0.35], [0, 0.1, 0.9], [0.8, 0.2, 0]]
    assert pooled.probabilities == pytest.approx(np.array(expected))


def test_sentences_that_no_model_labelled_are_left_out():
    pooled = Pooled.of(
        [sentence("A"), sentence("AB"), sentence("B")], [held_out([2], [1], ["B", "A"], [[0.9, 0.1]])]
    )
    assert pooled.sentences == [2]
    assert pooled.probabilities == pytest.approx(np.array([[0.1, 0.9]]))


def test_equal_sentences_are_in_one_fold():
    sentences = [sentence("AB", tokens=["a", f"b{i % 7}"]) for i in range(60)]
    sentences += [sentence("A", tokens=[f"a b{i}"]) for i in range(7)]  # other tokens, though the same text
    folds = fold_of(groups(Corpus("", sentences), EQUAL), 3, 1)
    assert all(len({folds[i] for i in range(first, 60, 7)}) == 1 for first in range(7))
    assert set(folds) == {1, 2, 3}
    group_of = groups(Corpus("", sentences), EQUAL)
    assert group_of[60] != group_of[0]
    assert len(set(group_of)) == 14


def report(scheme, tags, rows, table):
    corpus = Corpus("train.tsv", [sentence(row, 1 + 10 * i) for i, row in enumerate(rows)])
    part = held_out(range(len(rows)), list(map(len, rows)), tags, table)
    return Report.of(corpus, corpus.sentences, scheme, [part], "margin")


def test_a_report_says_where_and_what():
    table = [[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]]
    told = report(PLAIN, ["A", "B"], ["AB", "AA"], table).as_dict()
    assert told["noise"] == pytest.approx(0.25)
    assert told["tags"][0] == {
        "tag": "A",
        "tokens": 3,
        "threshold": pytest.approx(1.9 / 3),
        "noise": pytest.approx(1 / 3),
    }
    assert told["pairs"] == [{"given": "A", "suggested": "B", "tokens": 1}]
    (only,) = told["suggestions"]
    assert (only["file"], only["line"], only["sentence_line"]) == ("train.tsv", 12, 11)
    assert (only["before"], only["tokens"], only["after"]) == (["w0"], ["w1"], [])
    assert (only["given_tags"], only["suggested_tags"]) == (["A"], ["B"])
    assert only["score"] == only["sentence_score"] == pytest.approx(0.1)


def test_the_suggested_tags_keep_all_other_spans():
    scheme = Scheme("IOB1")
    tags = ["O", "I-x", "B-x", "I-y"]
    right = ["I-x", "B-x", "O", "I-y"]
    doubtful = ["I-x", "I-y", "O", "I-y"]  # the second is meant to be x too, beside the first
    meant = np.full((4 * 21, 4), 0.02)
    rows = [right] * 21
    meant[np.arange(4 * 21), [tags.index(tag) for row in rows for tag in row]] = 0.94
    told = report(scheme, tags, [right] * 20 + [doubtful], meant)
    ((task, facts),) = told.doubtful()
    assert task.tags == ["I-x", "B-x", "O", "I-y"]
    assert [row[-1] for row in task.columns] == doubtful
    assert (facts["rank"], facts["line"]) == (1, 202)
    assert facts["suggestions"][0]["suggested_spans"] == [{"type": "x", "start": 1, "end": 2}]
