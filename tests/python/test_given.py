"""Labelled sentences that a program gives: the same as those of a file, and checked as these are."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rnncli
from rnncli import Sentence
from rnncli.errors import DataError, RnncliError, UsageError

TINY: dict[str, Any] = {"hidden": 4, "embedding": 4, "ngram": 4, "epochs": 1, "force": False}
Pairs = list[tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, booking_text: str) -> Path:
    path = tmp_path_factory.mktemp("given") / "train.tsv"
    path.write_text(booking_text, "utf-8")
    return path


@pytest.fixture(scope="module")
def sentences(file: Path) -> list[Sentence]:
    return rnncli.read(file)


@pytest.fixture(scope="module")
def pairs(sentences: list[Sentence]) -> Pairs:
    return [(sentence.tokens, sentence.tags) for sentence in sentences]


@pytest.fixture(scope="module")
def weights(file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SHA-256 of a model that was trained on the file."""
    return rnncli.train(file, out=tmp_path_factory.mktemp("given") / "m.npz", **TINY).sha256


class DataSet:
    """As one of ``datasets``: columns by name, tags as numbers whose names are in its features."""

    def __init__(self, pairs: Pairs) -> None:
        names = sorted({tag for _, tags in pairs for tag in tags})
        self._columns = {
            "id": [str(number) for number in range(len(pairs))],
            "tokens": [tokens for tokens, _ in pairs],
            "ner_tags": [[names.index(tag) for tag in tags] for _, tags in pairs],
        }
        self.column_names = list(self._columns)
        label = type("ClassLabel", (), {"names": names})()
        self.features = {
            "id": object(),
            "tokens": object(),
            "ner_tags": type("List", (), {"feature": label})(),
        }

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def __iter__(self) -> Any:
        raise AssertionError("a data set has columns, which are faster than its rows")


def rows(pairs: Pairs) -> list[tuple[int, str, str]]:
    return [(number, *row) for number, pair in enumerate(pairs) for row in zip(*pair, strict=True)]


def columns(pairs: Pairs) -> dict[str, list[list[str]]]:
    return {"tokens": [tokens for tokens, _ in pairs], "tags": [tags for _, tags in pairs]}


FORMS: dict[str, Callable[[Pairs], Iterable[Any]]] = {
    "pairs": lambda pairs: pairs,
    "pairs of arrays": lambda pairs: [(np.array(tokens), np.array(tags)) for tokens, tags in pairs],
    "generator": lambda pairs: (pair for pair in pairs),
    "records": lambda pairs: [{"tokens": tokens, "tags": tags} for tokens, tags in pairs],
    "columns": columns,
    "data set": DataSet,
    "frame of sentences": lambda pairs: pd.DataFrame(columns(pairs)),
    "frame of tokens": lambda pairs: pd.DataFrame(rows(pairs), columns=["sentence", "token", "tag"]),
    "columns of tokens": lambda pairs: dict(
        zip(("sent_id", "word", "ner"), zip(*rows(pairs), strict=True), strict=True)
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_sentences_give_the_model_of_a_file_with_the_same_sentences(
    form: str, pairs: Pairs, weights: str, tmp_path: Path
) -> None:
    assert weights == rnncli.train(FORMS[form](pairs), out=tmp_path / "m.npz", **TINY).sha256


def test_sentences_that_were_read_keep_their_columns(
    sentences: list[Sentence], weights: str, tmp_path: Path
) -> None:
    assert weights == rnncli.train(sentences, out=tmp_path / "m.npz", **TINY).sha256
    lines = [
        f"{token}\t{token[0]}\t{tag}\n" for s in sentences for token, tag in zip(s.tokens, s.tags, strict=True)
    ]
    path = tmp_path / "columns.tsv"
    path.write_text("\n".join("".join(lines[n : n + 3]) for n in range(0, len(lines), 3)), "utf-8")
    expected = rnncli.train(path, out=tmp_path / "file.npz", **TINY)
    assert expected.model.inputs.columns == 1
    assert expected.sha256 == rnncli.train(rnncli.read(path), out=tmp_path / "read.npz", **TINY).sha256


def test_development_data_may_be_given_too(file: Path, pairs: Pairs, tmp_path: Path) -> None:
    dev = pairs[::3]
    path = tmp_path / "dev.tsv"
    path.write_text("\n".join("".join(f"{t}\t{g}\n" for t, g in zip(*pair, strict=True)) for pair in dev), "utf-8")
    expected = rnncli.train(file, path, tmp_path / "a.npz", **TINY)
    assert expected.sha256 == rnncli.train(pairs, dev, tmp_path / "b.npz", **TINY).sha256


def test_tags_that_are_numbers_get_their_names() -> None:
    table = {"tokens": [["a", "b"]], "tags": [[0, 1]]}
    assert [["O", "B-x"]] == [s.tags for s in rnncli.read(table, tag_names="O,B-x")]
    frame = pd.DataFrame({"sentence": [1, 1], "token": ["a", "b"], "tag": [0, 1]})
    assert [["O", "B-x"]] == [s.tags for s in rnncli.read(frame, tag_names="O,B-x")]
    with pytest.raises(DataError, match="<data>, sentence 1: tag number 1, but 1 names"):
        rnncli.read(table, tag_names="O")


def test_columns_are_chosen_as_those_of_a_file() -> None:
    frame = pd.DataFrame({"s": [1, 1, 2], "w": ["a", "b", "c"], "p": ["X", "Y", "X"], "t": ["O", "B-x", "O"]})
    read = rnncli.read(frame, columns="sentence=s,token=w,tag=t,pos=p")
    assert [(["a", "b"], ["O", "B-x"], [("X",), ("Y",)]), (["c"], ["O"], [("X",)])] == [s[:3] for s in read]
    table = {"tokens": [["a"]], "pos_tags": [["X"]], "ner_tags": [["O"]]}
    with pytest.raises(DataError, match="tags may be in each of these fields: ner_tags, pos_tags"):
        rnncli.read(table)
    assert ["X"] == rnncli.read(table, columns="tag=pos_tags")[0].tags


def frame(*rows: tuple[object, object, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sentence", "token", "tag"], dtype=object)


ODD: list[tuple[Any, type[RnncliError], str]] = [
    (5, UsageError, "<data>: expected labelled sentences, got 5"),
    ([], DataError, "<data>: no token in these sentences"),
    ([5], UsageError, "<data>, sentence 1: expected a tuple (tokens, tags) of two lists of texts, got 5"),
    ([(["a"], ["O"]), ("a b", "O O")], UsageError, "<data>, sentence 2: expected a list of tokens, got 'a b'"),
    ([(["a", 3], ["O", "O"])], UsageError, "<data>, sentence 1, token 2: expected a text, got 3"),
    ([(["a", b"b"], ["O", "O"])], UsageError, "<data>, sentence 1, token 2: expected a text, got b'b'"),
    ([(["a", "b"], ["O", None])], UsageError, "<data>, sentence 1, tag 2: expected a text, got None"),
    ([(["a", "b"], ["O"])], DataError, "<data>, sentence 1: 2 tokens, but 1 tags"),
    ([(["a", ""], ["O", "O"])], DataError, "<data>, sentence 1: an empty text in tokens, number 2"),
    ([(["a", "b\tc"], ["O", "O"])], DataError, '<data>, sentence 1: tokens holds "b⇥c", which has a TAB'),
    ([(["a", "\ud800"], ["O", "O"])], DataError, "<data>, sentence 1: a token has half of a surrogate pair"),
    ([{"tokens": ["\ud800"], "tags": ["O"]}], DataError, "<data>, sentence 1: a text has half of a surrogate pair"),
    ([[("a", "O"), ("b", "O")]], UsageError, "this seems to be a list of (token, tag)"),
    (([["a"], ["b"]], [["O"], ["O"]]), UsageError, "<data>, sentence 1: expected a tuple (tokens, tags)"),
    ({"tokens": [["a"]], "tags": []}, UsageError, "the columns have different numbers of rows: tokens 1, tags 0"),
    ({"tokens": ["a"], "tags": ["O"]}, UsageError, "<data>: no column says which sentence a token is of"),
    ({"train": DataSet([(["a"], ["O"])])}, UsageError, "<data>: this has several parts: train"),
    (frame((1, "a", "O"), (2, "b", "O"), (1, "c", "O")), DataError, "<data>, row 3: the rows of sentence 1 in"),
    (frame((1, "a", "O"), (1, float("nan"), "O")), DataError, "<data>, row 2: no text in token"),
    (frame((1, "a", "O"), (1, 2024, "O")), UsageError, "<data>, row 2: expected a text in token, got 2024"),
    (frame((1, "a", "O"), (1, "b\nc", "O")), DataError, "<data>, row 2: a blank, a TAB or a line end in token"),
]  # fmt: skip


@pytest.mark.parametrize(("odd", "kind", "message"), ODD, ids=range(len(ODD)))
def test_what_is_no_labelled_sentence_is_refused_where_it_is(
    odd: Any, kind: type[RnncliError], message: str, tmp_path: Path
) -> None:
    for call in (lambda: rnncli.read(odd), lambda: rnncli.train(odd, out=tmp_path / "m.npz", **TINY)):
        with pytest.raises(kind) as caught:
            call()
        assert message in str(caught.value)
        assert type(caught.value) is kind
    assert [] == list(tmp_path.glob("m.npz"))


def test_what_cannot_be_right_is_refused_as_in_a_file(pairs: Pairs, tmp_path: Path) -> None:
    out = tmp_path / "m.npz"
    swapped = [(tags, tokens) for tokens, tags in pairs]
    with pytest.raises(DataError, match="<data>, sentence 1: the token column holds the tags"):
        rnncli.train(swapped, out=out, **TINY)
    misspelled = [*pairs, (["to", "Rome"], ["O", "B_departure"])]
    with pytest.raises(DataError, match=f'<data>, sentence {len(misspelled)}: not a tag of IOB2.*"B_departure"'):
        rnncli.train(misspelled, out=out, **TINY)
    with pytest.raises(DataError, match="<dev>: these are the training data, as in <data>"):
        rnncli.train(pairs, list(reversed(pairs)), out, **TINY)
    assert not out.exists()
    assert rnncli.check(misspelled).fault_count == 1


def test_sentences_of_a_program_are_checked_against_a_model(pairs: Pairs) -> None:
    with pytest.raises(DataError, match="none of the tags is in the model"):
        rnncli.evaluate(data=[(tokens, [f"B-{n % 3}" for n in range(len(tokens))]) for tokens, _ in pairs])
