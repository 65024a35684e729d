"""data/tsv.py: what a labelled file may look like, and where each fault is reported."""

import hashlib
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import reading
from rnncli.data.faults import Faults
from rnncli.data.formats import tsv
from rnncli.data.formats.format import Wanted
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines
from rnncli.errors import DataError, FileError

Read = Callable[[bytes], list[Sentence]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tsv") / "words.tsv"


@pytest.fixture(scope="module")
def read(path: Path) -> Read:
    def written_and_read(content: bytes) -> list[Sentence]:
        path.write_bytes(content)
        return reading.read(str(path)).sentences

    return written_and_read


TWO = [Sentence(["a", "b"], ["O", "B-x"], [(), ()], 1), Sentence(["c"], ["O"], [()], 4)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a\tO\nb\tB-x\n\nc\tO\n\n", TWO, id="plain"),
        pytest.param(b"a\tO\nb\tB-x\n\nc\tO\n", TWO, id="no blank line at the end"),
        pytest.param(b"a\tO\nb\tB-x\n\nc\tO", TWO, id="no final newline"),
        pytest.param(b"a\tO\r\nb\tB-x\r\n\r\nc\tO\r\n", TWO, id="CRLF"),
        pytest.param(b"a\tO\r\nb\tB-x\r\n\r\nc\tO\r", TWO, id="CR at the very end"),
        pytest.param(b"\xef\xbb\xbfa\tO\nb\tB-x\n\nc\tO\n", TWO, id="byte order mark"),
        pytest.param(b"a\tO\nb\tB-x\n  \nc\tO\n", TWO, id="a line of blanks ends a sentence"),
        pytest.param(b"\n\na\tO\n\n\n \n\n", [Sentence(["a"], ["O"], [()], 3)], id="several blank lines"),
        pytest.param(
            b"a\tNN\tu\tO\nb\tVB\tv\tI\n",
            [Sentence(["a", "b"], ["O", "I"], [("NN", "u"), ("VB", "v")], 1)],
            id="columns between are kept",
        ),
        pytest.param(b"a b\tB x\n", [Sentence(["a b"], ["B x"], [()], 1)], id="a blank does not separate"),
        pytest.param(b" \tO\n", [Sentence([" "], ["O"], [()], 1)], id="a blank may be a token"),
        pytest.param(b"a\rb\tO\n", [Sentence(["a\rb"], ["O"], [()], 1)], id="a lone CR ends no line"),
        pytest.param(b"a\0\tO\n", [Sentence(["a\0"], ["O"], [()], 1)], id="NUL"),
        pytest.param(b'"a\tO\n', [Sentence(['"a'], ["O"], [()], 1)], id="a quotation mark quotes nothing"),
        pytest.param(b"#a\tO\n", [Sentence(["#a"], ["O"], [()], 1)], id="no line is a comment"),
    ],
)
def test_sentences_of_a_file(read: Read, content: bytes, expected: list[Sentence]) -> None:
    assert expected == read(content)


# str.splitlines and str.split would cut at each of these.
@pytest.mark.parametrize(
    "character", ["\u2028", "\u2029", "\u00a0", "\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u3000", "\ufeff"]
)
def test_only_tab_and_newline_separate(read: Read, character: str) -> None:
    token, tag = f"x{character}y", f"B{character}"
    expected = [Sentence([token, character], [tag, "O"], [(), ()], 1)]
    assert expected == read(f"{token}\t{tag}\n{character}\tO\n".encode())


ONE_COLUMN = "separate token and tag by one TAB character"
EMPTY = "every column needs at least one character"
RAGGED = "every line needs the same number of columns"
NOT_UTF8 = "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)"


@pytest.mark.parametrize(
    ("content", "place", "message", "hint"),
    [
        (b"a\tO\nlonely\n", "2:7", 'expected token<TAB>tag, found one column: "lonely"', ONE_COLUMN),
        (b"lonely\na\tO\nb\tO\n", "1:7", 'expected token<TAB>tag, found one column: "lonely"', ONE_COLUMN),
        ("\u00a0\na\tO\n".encode(), "1:2", r'expected token<TAB>tag, found one column: "\xa0"', ONE_COLUMN),
        (b"a\tO\n\tO\n", "2:1", 'empty token: "⇥O"', EMPTY),
        (b"a\tO\n\t\n", "2:1", 'empty token: "⇥"', EMPTY),
        ("a\tO\n台北\t\n".encode(), "2:4", 'empty tag: "台北⇥"', EMPTY),
        ("台北\t\tO\n".encode(), "1:4", 'empty column 2: "台北⇥⇥O"', EMPTY),
        (b"a\tO\nb\tx\tO\n", "2:1", 'expected 2 columns as in the lines before, found 3: "b⇥x⇥O"', RAGGED),
        (b"a\tx\tO\n\nb\tO\n", "3:1", 'expected 3 columns as in the lines before, found 2: "b⇥O"', RAGGED),
        # Four characters before it, in eight bytes.
        ("台北\tB".encode() + b"\xff\n", "1:5", 'byte 0xff is not UTF-8: "台北⇥B\ufffd"', NOT_UTF8),
        (b"caf\xe9\tO\n", "1:4", 'byte 0xe9 is not UTF-8: "caf\ufffd⇥O"', NOT_UTF8),
        # UTF-8 has no surrogates and no second spelling of "/".
        (b"\xed\xa0\x80\tO\n", "1:1", 'byte 0xed is not UTF-8: "\ufffd\ufffd\ufffd⇥O"', NOT_UTF8),
        (b"a\xc0\xaf\tO\n", "1:2", 'byte 0xc0 is not UTF-8: "a\ufffd\ufffd⇥O"', NOT_UTF8),
        (b"x" * 70 + b"\n", "1:71", f'expected token<TAB>tag, found one column: "{"x" * 60}…"', ONE_COLUMN),
        (b"\x1b[31m\n", "1:6", r'expected token<TAB>tag, found one column: "\x1b[31m"', ONE_COLUMN),
    ],
)
def test_a_fault_names_its_place_its_text_and_a_way_out(
    read: Read, path: Path, content: bytes, place: str, message: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert f"{path}:{place}: {message}\n  {hint}" == str(caught.value)


def test_faults_of_several_kinds_are_reported_together_in_order(read: Read, path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(b"a\tO\nb\n\tO\n\xff\tO\nc\t\n")
    places = [line.split(": ")[0] for line in caught.value.message.splitlines()]
    assert [f"{path}:{place}" for place in ("2:2", "3:1", "4:1", "5:3")] == places
    assert "\n  ".join([ONE_COLUMN, EMPTY, NOT_UTF8]) == caught.value.hint


@pytest.mark.parametrize(
    ("faults", "shown", "rest"),
    [(1, 1, []), (20, 20, []), (23, 20, ["… and 3 more faults"])],
)
def test_twenty_faults_are_shown_and_the_others_counted(
    read: Read, path: Path, faults: int, shown: int, rest: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        read(b"a\tO\n" + b"lonely\n" * faults)
    message = 'expected token<TAB>tag, found one column: "lonely"'
    expected = [f"{path}:{line}:7: {message}" for line in range(2, shown + 2)]
    assert expected + rest == caught.value.message.splitlines()


@pytest.mark.parametrize("content", [b"", b"\n", b"\n \n\r\n\n", b"\xef\xbb\xbf", b"   "])
def test_a_file_without_a_token_is_an_error(read: Read, path: Path, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert f"{path}: no token in this file\n  expected lines of token<TAB>tag" == str(caught.value)


def test_a_corpus_knows_its_name_and_the_hash_of_its_bytes(path: Path) -> None:
    content = b"\xef\xbb\xbfa\tO\r\n\r\n"
    path.write_bytes(content)
    corpus = reading.read(str(path))
    assert (str(path), hashlib.sha256(content).hexdigest()) == (corpus.name, corpus.sha256)


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\tO\nb\n".encode()), "ascii"))
    with pytest.raises(DataError, match=r"^stdin:2:2: "):
        reading.read("-")


def test_a_missing_file_is_named_with_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("a\tO\n")
    (tmp_path / "other.txt").write_text("a\tO\n")
    missing = tmp_path / "trian.tsv"
    with pytest.raises(FileError) as caught:
        reading.read(str(missing))
    assert f"{missing}: no such file\n  did you mean {tmp_path / 'train.tsv'}?" == str(caught.value)


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        reading.read(str(tmp_path))
    assert f"{tmp_path}: is a directory, not a file\n  name a file inside it" == str(caught.value)


def parsed(content: str, faults: Faults) -> list[Sentence]:
    lines = Lines(io.BytesIO(content.encode()), faults)
    return list(reading.read(lines, Wanted(labelled=False), faults).sentences)


def test_unlabelled_lines_need_one_column_and_keep_the_others() -> None:
    faults = Faults("stdin")
    expected = [Sentence(["a", "b"], [], [("x", ""), ("y", "z")], 1), Sentence(["c"], [], [("", "")], 4)]
    assert expected == parsed("a\tx\t\nb\ty\tz\n\nc\t\t\n", faults)
    assert 0 == faults.count


@pytest.mark.parametrize(("content", "place"), [("a\n\tx\n", "2:1"), ("a\tx\n\tx\n", "2:1"), ("a\nb\tx\n", "2:1")])
def test_unlabelled_lines_can_be_faulty_too(content: str, place: str) -> None:
    faults = Faults("stdin")
    parsed(content, faults)
    with pytest.raises(DataError, match=f"^stdin:{place}: "):
        faults.raise_any()


def cells() -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1, max_size=8)


@st.composite
def corpora(draw: st.DrawFn) -> list[list[list[str]]]:
    """Sentences of rows of cells, with as many columns everywhere."""
    width = draw(st.integers(2, 4))
    row = st.lists(cells(), min_size=width, max_size=width)
    sentences = st.lists(st.lists(row, min_size=1, max_size=4), min_size=1, max_size=4)
    # A byte order mark is dropped where a file begins, and there alone.
    return draw(sentences.filter(lambda found: not found[0][0][0].startswith("\ufeff")))


@given(corpora())
def test_what_is_written_is_read_again(read: Read, corpus: list[list[list[str]]]) -> None:
    expected, line = [], 1
    for rows in corpus:
        columns = [tuple(row[1:-1]) for row in rows]
        expected.append(Sentence([row[0] for row in rows], [row[-1] for row in rows], columns, line))
        line += len(rows) + 1
    assert expected == read("".join(map(tsv.format_sentence, corpus)).encode())


@pytest.mark.parametrize(("character", "symbol"), [("\t", "␉"), ("\n", "␊"), ("\r", "␍")])
def test_no_cell_forges_a_column_or_a_line(read: Read, character: str, symbol: str) -> None:
    cells = [f"a{character}B-x", f"O{character}b"]
    expected = [cell.replace(character, symbol) for cell in cells]
    written = tsv.format_sentence([cells, ["c", "O"]])
    assert [([expected[0], "c"], [expected[1], "O"])] == [(s.tokens, s.tags) for s in read(written.encode())]
    in_block = tsv.format_block([cells[0], "c"], np.array([0, 2]), np.array([0, 1]), [cells[1], "O"])
    assert written == in_block
