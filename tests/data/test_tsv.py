"""data/formats/tsv.py: what a labelled file may look like, and where each fault is reported."""

import hashlib
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnncli.data import reading
from rnncli.data.faults import Faults
from rnncli.data.formats import token_lines, tsv
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
        pytest.param(
            b"New York\tB-x\nLos Angeles\tB-x\nSan Diego\tB-x\n",
            [Sentence(["New York", "Los Angeles", "San Diego"], ["B-x"] * 3, [()] * 3, 1)],
            id="not even one in every line",
        ),
        pytest.param(b" \tO\n", [Sentence([" "], ["O"], [()], 1)], id="a blank may be a token"),
        pytest.param(b"a\tO\rb\tB-x\r\rc\tO", TWO, id="CR"),
        pytest.param(b"a\tO\nb\tB-x\n\t\t\nc\tO", TWO, id="a line of TABs ends a sentence"),
        pytest.param("a\tO\nb\tB-x\n\u00a0\u3000\nc\tO".encode(), TWO, id="a line of other blanks too"),
        pytest.param(b"a \t O\n b\tB-x \n\n c \tO\n", TWO, id="blanks around a field are not part of it"),
        pytest.param(b"a\0\tO\n", [Sentence(["a\0"], ["O"], [()], 1)], id="NUL"),
        pytest.param(b"\0\tO\n", [Sentence(["\0"], ["O"], [()], 1)], id="NUL may be a token"),
        pytest.param(b'"a\tO\n', [Sentence(['"a'], ["O"], [()], 1)], id="a quotation mark quotes nothing"),
        pytest.param(b"#a\tO\n", [Sentence(["#a"], ["O"], [()], 1)], id="a token may begin with #"),
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
LEAVE_OUT = f"{EMPTY}; to leave it out: --columns token=1,tag=3"
IN_CP1252 = "the whole file can be read as cp1252: try --encoding cp1252"
RAGGED = "every line needs the same number of columns"


@pytest.mark.parametrize(
    ("content", "place", "message", "hint"),
    [
        (b"a\tO\nlonely\n", "2:7", 'expected token<TAB>tag, found one column: "lonely"', ONE_COLUMN),
        (b"lonely\na\tO\nb\tO\n", "1:7", 'expected token<TAB>tag, found one column: "lonely"', ONE_COLUMN),
        ("\u00a0x\na\tO\n".encode(), "1:3", r'expected token<TAB>tag, found one column: "\xa0x"', ONE_COLUMN),
        (b"a\tO\n\tO\n", "2:1", 'empty token: "⇥O"', EMPTY),
        (b"a\tO\n\t \tx\n", "2:1", 'expected 2 columns as in the other lines, found 3: "⇥ ⇥x"', RAGGED),
        (b"a\tO\n \tO\n  \tO\n", "3:3", 'empty token: "  ⇥O"', EMPTY),
        ("a\tO\n台北\t\n".encode(), "2:4", 'empty tag: "台北⇥"', EMPTY),
        ("台北\t\tO\n".encode(), "1:4", 'empty column 2: "台北⇥⇥O"', LEAVE_OUT),
        (b"a\tO\nb\tx\tO\n", "2:1", 'expected 2 columns as in the other lines, found 3: "b⇥x⇥O"', RAGGED),
        (b"a\tx\tO\n\nb\tO\n", "3:1", 'expected 3 columns as in the other lines, found 2: "b⇥O"', RAGGED),
        # Most lines decide, and not the first.
        (b"a\tx\tO\n\nb\tO\nc\tO\n", "1:1", 'expected 2 columns as in the other lines, found 3: "a⇥x⇥O"', RAGGED),
        # Four characters before it, in eight bytes.
        ("台北\tB".encode() + b"\xff\n", "1:5", 'byte 0xff is not UTF-8: "台北⇥B\ufffd"', None),
        (b"caf\xe9\tO\n", "1:4", 'byte 0xe9 is not UTF-8: "caf\ufffd⇥O"', IN_CP1252),
        # UTF-8 has no surrogates and no second spelling of "/".
        (b"\xed\xa0\x80\tO\n", "1:1", 'byte 0xed is not UTF-8: "\ufffd\ufffd\ufffd⇥O"', None),
        (b"a\xc0\xaf\tO\n", "1:2", 'byte 0xc0 is not UTF-8: "a\ufffd\ufffd⇥O"', None),
        (b"x" * 70 + b"\n", "1:71", f'expected token<TAB>tag, found one column: "{"x" * 60}…"', ONE_COLUMN),
        (b"\x1b[31m\n", "1:6", r'expected token<TAB>tag, found one column: "\x1b[31m"', ONE_COLUMN),
    ],
)
def test_a_fault_names_its_place_its_text_and_a_way_out(
    read: Read, path: Path, content: bytes, place: str, message: str, hint: str | None
) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert f"{path}:{place}: {message}" == caught.value.message
    assert hint in (caught.value.hint, None)  # which encodings are plausible is the matter of another test


def test_faults_of_several_kinds_are_reported_together_in_order(read: Read, path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(b"a\tO\nb\n\tO\nc\tx\tO\nd\t\ne\tO\nK\xf6ln\tO\n")
    places = [line.split(": ")[0] for line in caught.value.message.splitlines()]
    assert [f"{path}:{place}" for place in ("2:2", "3:1", "4:1", "5:3", "7:2")] == places
    assert [ONE_COLUMN, EMPTY, RAGGED] == caught.value.hint.split("\n  ")[:3]
    assert "cp1252" in caught.value.hint.split("\n  ")[3]


@pytest.mark.parametrize(
    ("faults", "shown", "rest"),
    [(1, 1, []), (20, 20, []), (23, 20, ["… and 3 more faults"]), (1000, 20, ["… and 980 more faults"])],
)
def test_twenty_faults_are_shown_and_the_others_counted(
    read: Read, path: Path, faults: int, shown: int, rest: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        read(b"a\tO\n" + b"lonely\n" * faults + b"a\tO\n" * faults)
    message = 'expected token<TAB>tag, found one column: "lonely"'
    expected = [f"{path}:{line}:7: {message}" for line in range(2, shown + 2)]
    assert expected + rest == caught.value.message.splitlines()


@pytest.mark.parametrize("content", [b"", b"\n", b"\n \n\r\n\n", b"\xef\xbb\xbf", b"   "])
def test_a_file_without_a_token_is_an_error(read: Read, path: Path, content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert f"{path}: no token in this file\n  expected lines of token<TAB>tag" == str(caught.value)


def test_a_corpus_knows_its_name_and_the_hash_of_its_sentences(read: Read, path: Path) -> None:
    """A file as this program writes it has the hash of its bytes; how it is written does not change the hash."""
    plain = b"a\tO\nb\tB-x\n\nc\tO\n"
    for content in (plain, b"\xef\xbb\xbfa\tO\r\nb\t B-x\r\n\r\n\r\nc \tO", b"a O\nb B-x\n\nc O\n"):
        path.write_bytes(content)
        corpus = reading.read(str(path))
        assert (str(path), hashlib.sha256(plain).hexdigest()) == (corpus.name, corpus.sha256)


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\tO\nb\n".encode()), "ascii"))
    with pytest.raises(DataError, match=r"^stdin:2:2: "):
        reading.read("-")


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        reading.read(str(tmp_path))
    assert f"{tmp_path}: is a directory, not a file\n  name a file inside it" == str(caught.value)


def parsed(content: str, faults: Faults) -> list[Sentence]:
    lines = Lines(io.BytesIO(content.encode()), faults)
    return list(tsv.read(lines, Wanted(labelled=False), faults).sentences)


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


@pytest.mark.parametrize(("character", "symbol"), [("\t", "␉"), ("\n", "␊"), ("\r", "␍")])
def test_no_cell_forges_a_column_or_a_line(read: Read, character: str, symbol: str) -> None:
    cells = [f"a{character}B-x", f"O{character}b"]
    expected = [cell.replace(character, symbol) for cell in cells]
    written = token_lines.format_sentence([cells, ["c", "O"]])
    assert [([expected[0], "c"], [expected[1], "O"])] == [(s.tokens, s.tags) for s in read(written.encode())]
    in_block = token_lines.format_block([cells[0], "c"], np.array([0, 2]), np.array([0, 1]), [cells[1], "O"])
    assert written == in_block
