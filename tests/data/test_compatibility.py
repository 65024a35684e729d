"""What cannot be right about two files, or about a file and a model."""

import gzip
from pathlib import Path

import pytest

from rnncli.data import compatibility
from rnncli.data.reading import read
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError

TEXT = "leave\tO\nTaipei\tB-city\n\nback\tO\nto\tO\nOslo\tB-city\n"


def write(path: Path, text: str = TEXT) -> str:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


SAME = {
    "the same file": ("train.tsv", TEXT),
    "another spelling of its name": ("../FOLDER/train.tsv", TEXT),
    "a copy": ("dev.tsv", TEXT),
    "packed": ("dev.tsv.gz", TEXT),
    "other line ends": ("dev.tsv", TEXT.replace("\n", "\r\n")),
    "another format": ("dev.txt", TEXT.replace("\t", " ")),
    "another order": ("dev.tsv", "back\tO\nto\tO\nOslo\tB-city\n\nleave\tO\nTaipei\tB-city\n"),
}


@pytest.mark.parametrize(("name", "text"), SAME.values(), ids=SAME)
def test_the_training_data_are_no_development_data(tmp_path: Path, name: str, text: str) -> None:
    train = read(write(tmp_path / "train.tsv"))
    path = tmp_path / name.replace("FOLDER", tmp_path.name)
    assert compatibility.same_data(train, read(write(path, text)))


def test_a_link_to_the_training_data_is_no_development_data(tmp_path: Path) -> None:
    train = read(write(tmp_path / "train.tsv"))
    (tmp_path / "dev.tsv").symlink_to(tmp_path / "train.tsv")
    (tmp_path / "hard.tsv").hardlink_to(tmp_path / "train.tsv")
    for name in ("dev.tsv", "hard.tsv"):
        assert compatibility.same_data(train, read(str(tmp_path / name)))


OTHER = {
    "a part": "leave\tO\nTaipei\tB-city\n",
    "other tags": TEXT.replace("B-city", "B-town"),
    "another token": TEXT.replace("Oslo", "Bergen"),
    "more": TEXT + "\nthanks\tO\n",
}


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_other_data_are_development_data(tmp_path: Path, text: str) -> None:
    train = read(write(tmp_path / "train.tsv"))
    assert compatibility.same_data(train, read(write(tmp_path / "dev.tsv", text))) is None


def tagged(*tags: str, columns: str = "") -> list[Sentence]:
    """One sentence with these tags; ``columns`` has a value for each token."""
    rows = [(value,) for value in columns.split()] or [()] * len(tags)
    return [Sentence([f"w{i}" for i in range(len(tags))], list(tags), rows, 1)]


NER = ["O", "B-PER", "I-PER", "B-LOC"]
POS = ["NOUN", "VERB", "ADJ", "X"]


@pytest.mark.parametrize(
    ("tags", "known"),
    [
        (["DET", "NOUN", "VERB", "ADJ"], NER),
        (["O", "B-city", "O", "B-day", "I-day", "B-time"], NER),
        (NER * 4, POS),
        (["O", "B-city"] * 10, NER),
    ],
)
def test_tags_that_nobody_knows_are_refused(tags: list[str], known: list[str]) -> None:
    problem = compatibility.unknown_tags(tagged(*tags), known, "the model")
    assert problem
    assert problem.is_refused


@pytest.mark.parametrize(
    ("tags", "known"),
    [
        (["O", "O", "O"], NER),  # no tag to be wrong
        (["O", "I-LOC", "O"], NER),  # a tag that is new, of a type that is known
        (["B-LOC", "B-x", "B-y", "B-z"], NER),
        (["U-PER", "B-LOC", "L-LOC"], NER),  # of another scheme
        (["PER-B", "x-B", "y-B", "z-B"], NER),  # spelled in another way
        (["b_per", "b_LOC", "b_x", "b_y"], NER),
        (["O", "B-city"], NER),  # one type in few tokens may be chance
    ],
)
def test_tags_of_which_one_is_known_are_read(tags: list[str], known: list[str]) -> None:
    assert compatibility.unknown_tags(tagged(*tags), known, "the model") is None


MODEL = {"columns": [["NN", "VB", "IN"]], "tags": ["O", "B-NP", "I-NP", "B-VP"]}


@pytest.mark.parametrize(
    "values",
    ["B-NP I-NP O B-VP O", "O O O B-NP NN", "dog eat in big dog cat"],
    ids=["the gold tags", "mostly the gold tags", "lemmas"],
)
def test_a_column_of_other_values_is_refused(values: str) -> None:
    problem = compatibility.foreign_columns(tagged(*["O"] * len(values.split()), columns=values), **MODEL)
    assert problem
    assert problem.is_refused
    assert "NN, VB, IN" in problem.hint


@pytest.mark.parametrize(
    "values",
    ["NN VB NN IN NN", "NN JJ RB UH CD", "NN NN B-NP O NN", "UH"],
    ids=["known values", "mostly new values", "a tag among them", "one new value"],
)
def test_a_column_with_known_values_is_read(values: str) -> None:
    sentences = tagged(*["O"] * len(values.split()), columns=values)
    assert compatibility.foreign_columns(sentences, **MODEL) is None


def test_a_column_whose_values_are_also_tags_is_read() -> None:
    sentences = tagged(*["O"] * 5, columns="O B-NP I-NP O O")
    assert compatibility.foreign_columns(sentences, [["O", "B-NP", "I-NP"]], MODEL["tags"]) is None


def test_files_with_other_columns_are_named(tmp_path: Path) -> None:
    train = read(write(tmp_path / "train.tsv", "leave\tVB\tO\n"))
    dev = read(write(tmp_path / "dev.tsv"))
    with pytest.raises(DataError) as caught:
        compatibility.check_columns(train, dev)
    assert f"{train.name} has a column beside token and tag, this file has none" == caught.value.message
    compatibility.check_columns(train, train)
    with pytest.raises(DataError, match="the model reads 2 columns beside each token; this file has 1"):
        compatibility.check_column_count("test.tsv", 1, 2)
    compatibility.check_column_count("test.tsv", 2, 2)
    compatibility.check_column_count("test.tsv", 3, 2)
