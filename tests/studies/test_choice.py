"""Which sentences a trial trains on and is tested on."""

import itertools
from collections import Counter
from pathlib import Path

import pytest

from rnncli.config import ReadOptions
from rnncli.data.reading import Corpus, read
from rnncli.errors import DataError, UsageError
from rnncli.studies import choice


def corpus(tmp_path: Path, text: str, **options: str) -> Corpus:
    path = tmp_path / "data.txt"
    path.write_text(text, "utf-8")
    return read(str(path), ReadOptions(**options))


@pytest.mark.parametrize("sizes", [[1] * 23, [5, 1, 1, 8, 3, 3, 1, 1, 2, 2], [40, 1, 1]])
def test_each_group_is_in_one_fold_and_no_fold_is_empty(sizes: list[int]) -> None:
    group_of = [group for group, size in enumerate(sizes) for _ in range(size)]
    folds = choice.fold_of(group_of, 3, seed=7)
    assert {1, 2, 3} == set(folds)
    assert len(sizes) == len(set(zip(group_of, folds, strict=True)))
    if max(sizes) == 1:
        counts = Counter(folds).values()
        assert max(counts) - min(counts) <= 1
    assert folds == choice.fold_of(group_of, 3, seed=7)
    assert len(sizes) < 10 or folds != choice.fold_of(group_of, 3, seed=8)


@pytest.mark.parametrize(
    ("group_of", "what"), [([0, 1, 2], "sentences; there are 3"), ([0, 0, 1, 1], "groups; there are 2")]
)
def test_too_few_for_the_folds_are_refused(group_of: list[int], what: str) -> None:
    with pytest.raises(DataError, match=what):
        choice.fold_of(group_of, 5, seed=1)


def test_two_sentences_cannot_be_divided(long: bool) -> None:
    with pytest.raises(DataError, match="fewer than 2"):
        choice.fold_of([0, 1], 2, seed=1)


def test_shares_are_nested_and_never_hold_what_is_tested() -> None:
    chosen = [set(choice.shares(200, 0.2, share, 3, 9)[0]) for share in (0.06, 0.25, 0.5, 1)]
    tested = set(choice.shares(200, 0.2, 0.5, 4, 9)[1])
    assert [10, 40, 80, 160] == [len(each) for each in chosen]
    assert 40 == len(tested)
    for smaller, larger in itertools.pairwise(chosen):
        assert smaller < larger
    assert chosen[-1] == set(range(200)) - tested
    assert chosen[1] != set(choice.shares(200, 0.2, 0.25, 4, 9)[0])  # of another seed
    assert (list(range(50)), []) == choice.shares(50, 0.0, 1.0, 3, 9)


def test_groups_are_documents(tmp_path: Path) -> None:
    conll = "-DOCSTART- O\n\na O\n\nb O\n\n-DOCSTART- O\n\nc O\n\nd O\n\n"
    assert [1, 1, 2, 2] == choice.groups(corpus(tmp_path, conll), "documents")
    with pytest.raises(DataError, match="no line begins a document"):
        choice.groups(corpus(tmp_path, "a\tO\n\nb\tO\n"), "documents")


TABLE = "a\tx\tO\nb\tx\tO\n\nc\ty\tO\n\nd\tx\tO\n"


def test_groups_are_the_values_of_a_column_which_is_no_feature(tmp_path: Path) -> None:
    read_table = corpus(tmp_path, TABLE)
    assert [0, 1, 0] == choice.groups(read_table, "2")
    assert [[(), ()], [()], [()]] == [s.columns for s in choice.without_group(read_table, "2").sentences]
    with pytest.raises(UsageError, match="no column between token and tag"):
        choice.groups(read_table, "5")


def test_groups_are_the_values_of_a_field(tmp_path: Path) -> None:
    lines = '{"tokens": ["a"], "tags": ["O"], "book": 1}\n{"tokens": ["b"], "tags": ["O"], "book": 2}\n'
    assert [0, 1, 0] == choice.groups(corpus(tmp_path, lines + lines[: lines.index("\n") + 1]), "book")


def test_a_sentence_in_two_groups_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.txt:4: a sentence is in two groups: x and y"):
        choice.groups(corpus(tmp_path, "a\tx\tO\nb\tx\tO\n\nc\ty\tO\nd\tx\tO\n"), "2")
