"""Whatever a file of JSON holds, it gives sentences or an error that names a line; never another exception."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.data.faults import Faults
from rnncli.data.formats import records
from rnncli.data.formats.format import Wanted
from rnncli.data.formats.jsonvalues import Values
from rnncli.data.reading import read
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines
from rnncli.errors import DataError


def values(text: str) -> tuple[list[tuple[int, int, Any]], Faults]:
    faults = Faults("file")
    return [tuple(value) for value in Values(Lines(io.BytesIO(text.encode()), faults), faults)], faults


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}\n\n  {"b": 2}', [(1, 1, {"a": 1}), (3, 3, {"b": 2})]),
        ('[{"a": 1},\n {"b": 2}]', [(1, 2, {"a": 1}), (2, 2, {"b": 2})]),
        ('{\n"a": {"b": [1,\n2]}\n}\n{"c": 3}', [(1, 1, {"a": {"b": [1, 2]}}), (5, 1, {"c": 3})]),
        ('[{"a": 1}]\n[\n{"b": 2}]', [(1, 2, {"a": 1}), (3, 1, {"b": 2})]),  # two exports in one file
        ('{"a": 1} {"b": 2}', [(1, 1, {"a": 1}), (1, 10, {"b": 2})]),
        ('["a", {}]\n["b", {}]', [(1, 1, ["a", {}]), (2, 1, ["b", {}])]),
        ("[\n\n]", []),
        ("", []),
        ('{"a": "\u2028\\ud83d\\ude00"}', [(1, 1, {"a": "\u2028😀"})]),
    ],
)
def test_values_follow_each_other_or_are_in_an_array(text: str, expected: list[tuple[int, int, Any]]) -> None:
    found, faults = values(text)
    assert expected == found
    assert faults.count == 0


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("{'a': 1}", 1, 2, "expected a double quote"),
        ('{"a": True}', 1, 7, "expected true, found True"),
        ('{"a": None}', 1, 7, "expected null, found None"),
        ('{"a": 1,}', 1, 9, "a comma before }"),
        ('[{"a": 1},\n]', 2, 1, "a comma before ]"),
        ('[{"a": [1,\n2,\n]}]', 3, 1, "a comma before ], in the value that begins in line 1"),
        ('[{"a": 1} {"b": 2}]', 1, 11, "expected , or ] after a value"),
        ('{"a": 1}, {"b": 2}', 1, 9, "expected a value"),
        ('{"a" 1}', 1, 6, "expected a colon after a key"),
        ('{"a": 1 "b": 2}', 1, 9, "expected a comma or the end after a value"),
        ('{"a": "x\ty"}', 1, 9, "a control character in a string, or a string without an end"),
        ('{"a": "x\n"}', 1, 9, "a control character in a string, or a string without an end"),
        ('{"a": "\\x"}', 1, 8, "an unknown escape"),
        ('{"a": 1} // b', 1, 10, "expected a value"),
        ('[{"a": 1},\n{"b":', 2, 6, "the file ends inside a value"),
        ('[{"a": 1}', 1, 10, "the file ends inside an array"),
    ],
)
def test_what_is_no_json_is_named_with_its_position(text: str, line: int, column: int, message: str) -> None:
    _, faults = values(text)
    fault = faults.kept[0]
    assert (line, column, f"not JSON: {message}") == (fault.line, fault.column, fault.message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"a": ' + "1" * 10_000 + "}", "too many digits"),
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"a": "\\uDC00\\ud83d"}', "half of a surrogate pair"),
        ('{"b": {"a": 1, "a": 1}}', "is in an object twice"),
    ],
)
def test_what_python_would_read_otherwise_is_refused(text: str, message: str) -> None:
    found, faults = values(f'{text}\n{{"next": 1}}')
    assert message in faults.kept[0].message
    assert found in ([(2, 1, {"next": 1})], [])


def test_a_value_over_many_blocks_is_read_in_linear_time() -> None:
    """A reader that starts again with every block would decode 2¹⁸ characters some thousand times."""
    count = 0

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            nonlocal count
            count += len(s) - idx
            return super().raw_decode(s, idx)

    text = '{"x": [\n' + '"abcdefgh",\n' * 1_000_000 + '"i"]}'
    faults = Faults("file")
    reader = Values(Lines(io.BytesIO(text.encode()), faults), faults)
    reader._decoder = Counting()
    assert [1_000_001] == [len(value["x"]) for _, _, value in reader]
    assert count < 4 * len(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 9)
    | st.floats(allow_nan=False)
    | st.text(st.sampled_from("ab \n台😀"), max_size=4),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "tokens",
                    "tags",
                    "text",
                    "spans",
                    "label",
                    "entities",
                    "start",
                    "end",
                    "data",
                    "annotations",
                    "result",
                    "value",
                    "labels",
                    "answer",
                    "columns",
                    "starts",
                    "comments",
                    "document",
                    "paragraphs",
                    "sentences",
                    "annotation_id",
                    "to_name",
                    "from_name",
                    "ws",
                    "probability",
                    "tag",
                ]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)
well_formed = st.fixed_dictionaries(
    {"tokens": st.just(["a", "b"]), "tags": st.just(["O", "B-x"]), "text": st.just("a b")}
)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("labelled", [False, True])
@settings(deadline=None, max_examples=300)
@given(values=st.lists(json_values | well_formed, min_size=1, max_size=3))
def test_any_json_gives_sentences_or_a_data_error(labelled: bool, force: bool, values: list[Any]) -> None:
    wanted = Wanted(labelled=labelled, force=force)
    faults = Faults("file")
    text = "\n".join(map(json.dumps, values))
    lines = Lines(io.BytesIO(text.encode()), faults)
    try:
        sentences = list(records.read(lines, wanted, faults).sentences)
    except DataError as error:
        assert "file" in str(error)
        return
    for sentence in sentences:
        check(sentence, labelled)


def check(sentence: Sentence, labelled: bool) -> None:
    """What every reader must give: texts that are not empty and within a line, as many tags as tokens."""
    assert len(sentence.columns) == len(sentence.tokens)
    assert not labelled or len(sentence.tags) == len(sentence.tokens) > 0
    for text in (*sentence.tokens, *sentence.tags):
        assert isinstance(text, str)
        assert text
        assert not set("\t\r\n") & set(text)
    extra = sentence.extra
    if extra.starts is not None:
        assert extra.text is not None
        ends = [start + len(token) for start, token in zip(extra.starts, sentence.tokens, strict=True)]
        assert sentence.tokens == [extra.text[a:b] for a, b in zip(extra.starts, ends, strict=True)]
        assert all(end <= start for end, start in zip(ends, extra.starts[1:], strict=False))


@pytest.mark.parametrize(
    ("units", "start", "end"),
    [("characters", 2, 6), ("UTF-16", 3, 7)],
)
def test_offsets_count_characters_or_units_of_utf16(tmp_path: Path, units: str, start: int, end: int) -> None:
    path = tmp_path / "spans.jsonl"
    span = {"start": start, "end": end, "text": "Oslo", "label": "LOC"}
    path.write_text(json.dumps({"text": "😀 Oslo", "entities": [span]}), "utf-8")
    assert [["O", "B-LOC"]] == [sentence.tags for sentence in read(str(path)).sentences]


def test_a_span_with_another_text_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    span = {"start": 4, "end": 8, "text": "Oslo", "label": "LOC"}
    path.write_text(json.dumps({"text": "😀 Oslo is cold", "entities": [span]}), "utf-8")
    with pytest.raises(DataError, match='the span from 4 to 8 is "Oslo", but the text has "lo i" there'):
        read(str(path))


def test_tokens_that_are_not_where_they_start_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "prodigy.jsonl"
    tokens = [{"text": "Oslo", "start": 0, "end": 4}, {"text": "now", "start": 4, "end": 7}]
    path.write_text(json.dumps({"text": "Oslo now", "tokens": tokens, "spans": [], "answer": "accept"}), "utf-8")
    with pytest.raises(DataError, match="1:1: the tokens are not in the text where they start"):
        read(str(path))
