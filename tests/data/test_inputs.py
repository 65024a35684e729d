"""data/inputs.py: what tokens look like to the network."""

from typing import Any

import numpy as np
import pytest

from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.data.inputs import Inputs, Part, input_lists
from rnncli.data.ngrams import Ngrams
from rnncli.data.vectors import Vectors
from rnncli.data.vocabulary import Names, Values, Vocabulary
from rnncli.errors import DataError

WORDS = Vocabulary(["leave", "Taipei", "0nd"])
SENTENCES = [["leave", "Taipei"], [], ["leave", "Taichung"]]
COLUMNS = [[("VB", "x"), ("NN", "y")], [], [("VB", "x"), ("NN", "x")]]
VECTORS = Vectors(["leave", "taipei"], np.array([[1, 2, 3], [4, 5, 6]], np.float32), 9)
ALL = "embedding+onehot+ngram+vectors+columns"


def plain(*names: str) -> Inputs:
    return Inputs(WORDS, [Part.of(name, 2, WORDS) for name in names])


def counted(kind: str, **options: Any) -> Inputs:
    spec = NetworkSpec(
        **{"arch": "elman", "cell": "lstm", "hidden": 5, "features": kind, "embedding": 7, **options}
    )
    return Inputs.count(spec, SENTENCES, COLUMNS, VECTORS)


def rows_of(found: Encoded, part: int) -> list[list[int]]:
    """The rows that each token selects of a part's table."""
    bags = found.bags[part]
    return [bags.rows[bags.starts[i] : bags.starts[i + 1]].tolist() for i in found.ids[bags.source]]


def test_words_and_tags_become_numbers_end_to_end() -> None:
    sentences = [["leave", "Taipei"], [], ["nowhere", "2nd", "Leave"]]
    tags = [["O", "B-x"], [], ["O", "never", "I-x"]]
    found = plain("embedding").encode(sentences, None, tags, {"O": 0, "B-x": 1, "I-x": 2})
    assert [1, 2, 0, 3, 1] == found.words.tolist()
    assert [0, 1, 0, -1, 2] == found.tags.tolist()  # −1: a tag that training never showed
    assert [0, 2, 2, 5] == found.starts.tolist()
    assert [2, 0, 3] == found.lengths.tolist()


def test_without_tags_every_tag_is_unknown() -> None:
    assert [-1, -1] == plain("embedding").encode([["leave", "x"]]).tags.tolist()


@pytest.mark.parametrize(("sentences", "starts"), [([], [0]), ([[]], [0, 0]), ([[], []], [0, 0, 0])])
def test_nothing_can_be_encoded(sentences: list[list[str]], starts: list[int]) -> None:
    for found in (plain("embedding").encode(sentences), counted(ALL).encode(sentences, [[] for _ in sentences])):
        assert ([], [], starts) == (found.words.tolist(), found.tags.tolist(), found.starts.tolist())
        assert 0 == found.ids.shape[1]


def test_numbers_have_the_types_that_kernels_take() -> None:
    found = counted(ALL).encode([["leave"]], [[("VB", "x")]], [["O"]], {"O": 0})
    assert ["int32", "int32", "int32", "int64"] == [
        str(array.dtype) for array in (found.words, found.ids, found.tags, found.starts)
    ]
    assert {("int32", "int64")} == {(str(bags.rows.dtype), str(bags.starts.dtype)) for bags in found.bags}
    # Numba compiles a kernel anew for arrays that cannot be written.
    assert all(bags.rows.flags.carray and bags.starts.flags.carray for bags in found.bags)


def test_each_distinct_text_is_looked_up_once() -> None:
    found = plain("embedding").encode([["a", "leave", "a"], ["leave", "Leave"]])
    assert [[0, 1, 0, 1, 2]] == found.ids.tolist()
    assert [0, 1, 1] == found.bags[0].rows.tolist()
    assert [0, 1, 2, 3] == found.bags[0].starts.tolist()


def test_every_part_selects_rows_of_its_own_table() -> None:
    inputs = counted(ALL)
    found = inputs.encode([["TAIPEI", "leave"], ["Taichung"]], [[("NN", "y"), ("VB", "z")], [("?", "x")]])
    numbers = {table.name: number for number, table in enumerate(inputs.tables)}
    # The unknown word is row 0; vectors and columns have none.
    assert [[0], [1], [3]] == rows_of(found, numbers["embedding"]) == rows_of(found, numbers["onehot"])
    assert [[1], [0], []] == rows_of(found, numbers["vectors"])
    assert [[1], [0], []] == rows_of(found, numbers["column1"])
    assert [[1], [], [0]] == rows_of(found, numbers["column2"])
    ngrams = inputs.parts[numbers["ngram"]].features
    expected = [[ngrams.words.index(each) for each in known] for known in (["<t", "<ta", "<tai", "tai"], [])]
    assert expected == rows_of(found, numbers["ngram"])[:2]
    assert [0, 0, 0, 0, 1, 2] == [bags.source for bags in found.bags]


def test_only_words_may_be_hidden() -> None:
    found = counted(ALL).encode([["leave"]], [[("VB", "x")]])
    assert [True, True, False, False, False, False] == [bags.is_word for bags in found.bags]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("embedding", [("embedding", 0, 7, 4)]),
        ("onehot", [("onehot", 0, 20, 4)]),  # four gates of five units
        ("ngram", [("ngram", 0, 64, 5)]),
        ("vectors", [("vectors", 0, 3, 2)]),
        ("columns", [("column1", 1, 96, 2), ("column2", 2, 96, 2)]),
        ("columns+embedding", [("embedding", 0, 7, 4), ("column1", 1, 96, 2), ("column2", 2, 96, 2)]),
    ],
)
def test_parts_of_a_training_set(kind: str, expected: list[tuple[str, int, int, int]]) -> None:
    inputs = counted(kind)
    assert expected == [(table.name, table.column, table.width, table.rows) for table in inputs.tables]
    assert sum(name.startswith("column") for name, *_ in expected) == inputs.columns
    assert ["leave", "Taipei", "Taichung"] == inputs.words.words  # also where they are no part of the input


def test_widths_are_those_of_the_spec() -> None:
    inputs = counted(ALL, arch="bidirectional", cell="gru", ngram=9, column=11)
    widths = {table.name: table.width for table in inputs.tables}
    assert {"embedding": 7, "onehot": 30, "ngram": 9, "vectors": 3, "column1": 11, "column2": 11} == widths


def test_words_are_counted_for_those_that_teach_the_unknown_word() -> None:
    assert [0, 2, 1, 1] == counted("ngram").words.counts.tolist()


def test_lists_of_texts_and_widths_make_the_same_inputs_again() -> None:
    inputs = counted(ALL)
    lists = inputs.lists()
    assert ["words", "ngram", "vectors", "column1", "column2"] == list(lists)
    assert list(lists) == input_lists(table.name for table in inputs.tables)
    assert (["leave", "Taipei", "Taichung"], ["leave", "taipei"]) == (lists["words"], lists["vectors"])
    assert (["VB", "NN"], ["x", "y"]) == (lists["column1"], lists["column2"])
    again = Inputs.from_lists({table.name: table.width for table in inputs.tables}, lists)
    assert lists == again.lists()
    assert inputs.tables == again.tables
    kinds = [Vocabulary, Vocabulary, Ngrams, Names, Values, Values]
    assert kinds == [type(part.features) for part in again.parts]
    sentence = ["TAIPEI", "Taichung", "never", "2nd"], [("NN", "y"), ("VB", "z"), ("?", "x"), ("NN", "")]
    one, other = (each.encode([sentence[0]], [sentence[1]]) for each in (inputs, again))
    assert [rows_of(one, i) for i in range(6)] == [rows_of(other, i) for i in range(6)]
    assert [bags.is_word for bags in one.bags] == [bags.is_word for bags in other.bags]


@pytest.mark.parametrize(
    ("columns", "many"),
    [(["VB"], "a column"), (["VB", "x"], "2 columns")],
)
def test_columns_that_the_model_reads_must_be_there(columns: list[str], many: str) -> None:
    spec = NetworkSpec(arch="elman", cell="simple", features="columns")
    inputs = Inputs.count(spec, [["leave"]], [[tuple(columns)]], None)
    message = f"this model reads {many} beside each token, and there are fewer"
    for given in (None, [[()]], [[tuple(columns[1:])]]):
        with pytest.raises(DataError, match=message):
            inputs.encode([["leave"]], given)
    # More than it reads does no harm: the tag, where a file is labelled already.
    exact, more = (inputs.encode([["leave"]], [[row]]) for row in (tuple(columns), (*columns, "O")))
    assert [rows_of(exact, i) for i in range(len(columns))] == [rows_of(more, i) for i in range(len(columns))]


def test_columns_that_the_model_does_not_read_are_left_alone() -> None:
    found = plain("embedding").encode([["leave"]], [[("VB", "x")]])
    assert (1, 1) == found.ids.shape


def with_columns() -> Inputs:
    return Inputs.count(
        NetworkSpec(arch="elman", cell="simple", features="columns"), [["leave"]], [[("VB", "x")]], None
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([[("VB", "x")] * 2], "sentences: 2, but there are columns for 1"),
        ([[("VB", "x")] * 2, [("VB", "x")] * 2], "tokens of sentence 2: 1, but there are columns for 2"),
        # As many in sum, yet none of them beside its own token.
        ([[("VB", "x")], [("VB", "x")] * 2], "tokens of sentence 1: 2, but there are columns for 1"),
    ],
)
def test_columns_must_be_as_many_as_tokens(columns: list[list[tuple[str, ...]]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        with_columns().encode([["leave", "now"], ["leave"]], columns)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([["O", "O"]], "sentences: 2, but there are tags for 1"),
        ([["O"], ["O", "O"]], "tokens of sentence 1: 2, but there are tags for 1"),
        ([["O", "O"], []], "tokens of sentence 2: 1, but there are tags for 0"),
    ],
)
def test_tags_must_be_as_many_as_tokens(tags: list[list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        plain("embedding").encode([["leave", "now"], ["leave"]], None, tags, {"O": 0})


def test_a_text_in_place_of_a_list_is_refused() -> None:
    for sentences in (["leave now"], "leave", [b"leave"], [["leave"], "now"]):
        with pytest.raises(TypeError, match="a sentence is a list of tokens, not a text"):
            plain("embedding").encode(sentences)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the tags of a sentence are a list, not a text"):
        plain("embedding").encode([["leave"]], None, ["O"], {"O": 0})
    for columns, message in (
        (["VB"], "the columns of a sentence are a list, not a text"),
        ([["VB"]], "the columns beside a token are a tuple of texts, not a text"),
    ):
        with pytest.raises(TypeError, match=message):
            with_columns().encode([["leave"]], columns)  # type: ignore[arg-type]
