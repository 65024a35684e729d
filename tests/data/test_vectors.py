"""data/vectors.py: four formats, recognised by their content; what is kept, and where each fault is reported."""

import codecs
import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import vectors
from rnncli.data.vectors import Vectors
from rnncli.errors import DataError, FileError

Read = Callable[..., Vectors]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vectors") / "words.vec"


@pytest.fixture(scope="module")
def read(path: Path) -> Read:
    def written_and_read(content: bytes, wanted: vectors.Wanted = lambda word: True) -> Vectors:
        path.write_bytes(content)
        return vectors.read(str(path), wanted)

    return written_and_read


def binary(rows: list[tuple[bytes, list[float]]], end: bytes = b"\n", count: int | None = None) -> bytes:
    """The file that word2vec writes with ``-binary 1``."""
    size = len(rows[0][1])
    head = b"%d %d\n" % (len(rows) if count is None else count, size)
    return head + b"".join(word + b" " + np.array(row, "<f4").tobytes() + end for word, row in rows)


ROWS = [(b"to", [0.5, -1.0, 2.0]), ("台北".encode(), [0.25, 0.0, -3e-5])]
TEXT = "to 0.5 -1 2.0\n台北 .25 0 -3e-05\n".encode()

FORMATS = [
    pytest.param(TEXT, id="GloVe"),
    pytest.param(TEXT.removesuffix(b"\n"), id="no final newline"),
    pytest.param(TEXT.replace(b"\n", b"\r\n"), id="CRLF"),
    pytest.param(codecs.BOM_UTF8 + TEXT, id="byte order mark"),
    pytest.param(b"\n" + TEXT + b"\n\n", id="blank lines"),
    pytest.param(b"2 3\n" + TEXT, id="fastText"),
    pytest.param(b"2 3\r\n" + TEXT.replace(b"\n", b"\r\n"), id="fastText with CRLF"),
    pytest.param(codecs.BOM_UTF8 + b"2 3\n" + TEXT, id="byte order mark before the header"),
    pytest.param(b"2 3\n" + TEXT.replace(b"\n", b" \n"), id="word2vec text, a blank after each number"),
    pytest.param(binary(ROWS), id="word2vec binary"),
    pytest.param(binary(ROWS, end=b""), id="word2vec binary without newlines"),
]


@pytest.mark.parametrize("content", FORMATS)
def test_a_format_is_recognised_by_its_content(read: Read, content: bytes) -> None:
    found = read(content)
    assert (["to", "台北"], 2) == (found.words, found.total)
    assert np.float32 == found.table.dtype
    assert np.array([row for _, row in ROWS], np.float32).tolist() == found.table.tolist()


@pytest.mark.parametrize("content", FORMATS)
def test_only_rows_that_are_wanted_are_kept(read: Read, content: bytes) -> None:
    for wanted in ({"台北", "from"}, lambda word: word == "台北"):
        found = read(content, wanted)
        assert (["台北"], (1, 3), 2) == (found.words, found.table.shape, found.total)
    nothing = read(content, set[str]())
    assert ([], (0, 3), 2) == (nothing.words, nothing.table.shape, nothing.total)


@pytest.mark.parametrize("number", [0.0, 1.0, 2.59e-09, 1.7e-19, 9.2e-41])  # bytes of zeros, of digits and newlines
@pytest.mark.parametrize("size", [2, 3, 50])
def test_raw_numbers_are_not_taken_for_text(read: Read, number: float, size: int) -> None:
    found = read(binary([(b"a", [number] * size), (b"b", [-1.0] * size)]))
    assert ["a", "b"] == found.words
    assert [[np.float32(number)] * size, [-1.0] * size] == found.table.tolist()


@given(data=st.data())
def test_a_binary_file_gives_back_its_numbers_whatever_their_bytes(read: Read, data: st.DataObject) -> None:
    size = data.draw(st.integers(4, 8))
    row = st.lists(st.floats(-4, 4, width=32), min_size=size, max_size=size)
    # Bytes of ordinary numbers are hardly ever text; here −0.1 stands in for the other hundreds.
    table = [[-0.1, *each] for each in data.draw(st.lists(row, min_size=1, max_size=5))]
    end = data.draw(st.sampled_from([b"", b"\n"]))
    found = read(binary([(b"abcde"[i : i + 1], each) for i, each in enumerate(table)], end))
    assert list("abcde"[: len(table)]) == found.words
    assert np.array(table, np.float32).tolist() == found.table.tolist()


def test_rows_of_any_number_of_chunks_are_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.random.default_rng(1).normal(size=(50, 7)).astype("<f4")
    rows = [(f"wört-{chr(97 + i % 26)}{'x' * (i // 26)}".encode(), row.tolist()) for i, row in enumerate(table)]
    text = "".join(f"{word.decode()} {' '.join(map(repr, row))}\n" for word, row in rows).encode()
    for head in (40, 64, 1000):
        monkeypatch.setattr(vectors, "_HEAD", head)
        for chunk in (1, 29, 64):
            monkeypatch.setattr(vectors, "_CHUNK", chunk)
            assert table.tolist() == read(binary(rows)).table.tolist()
        assert table.tolist() == read(text).table.tolist()


def test_all_spellings_of_tokens_are_wanted() -> None:
    assert {"May", "may", "2ND", "0ND", "2nd", "0nd"} == vectors.wanted_by(["May", "2ND", "may", "May"])


def kept(read: Read, words: str, *tokens: str) -> dict[str, int]:
    """Which row of the file each word that is kept has its number from."""
    content = "".join(f"{word} {number} 0.5\n" for number, word in enumerate(words.split()))
    found = read(content.encode(), vectors.wanted_by(tokens))
    return dict(zip(found.words, found.table[:, 0].astype(int).tolist(), strict=True))


def test_a_row_stands_for_its_word_and_for_its_form_with_zeros(read: Read) -> None:
    assert {"1984": 1, "0000": 0} == kept(read, "1815 1984 1999 to 25", "1984")
    assert {"0000": 0} == kept(read, "1815 1914", "1984")
    assert {} == kept(read, "25 to", "1984")
    # Where the form with zeros is written somewhere, that counts, wherever it stands.
    assert {"0000": 1} == kept(read, "1815 0000 1914 0000", "1984")
    assert {"0000": 1, "1815": 2} == kept(read, "1914 0000 1815", "1815")


def test_with_digits_kept_a_row_stands_for_its_word_alone(path: Path) -> None:
    path.write_text("1815 1 1\n1984 2 2\n", "utf-8")
    tokens = ["1984", "1777", "0000"]
    for digits, expected in (("zero", ["0000", "1984"]), ("keep", ["1984"])):
        assert expected == vectors.read(str(path), vectors.wanted_by(tokens, digits), digits).words


@pytest.mark.parametrize("spelling", ["café", "cafe\u0301"])
@pytest.mark.parametrize("token", ["café", "cafe\u0301", "Cafe\u0301"])
def test_both_spellings_of_a_letter_with_a_mark_have_one_row(path: Path, spelling: str, token: str) -> None:
    path.write_text(f"on 1 1\n{spelling} 2 2\n", "utf-8")
    assert ["café"] == vectors.read(str(path), vectors.wanted_by([token])).words
    path.write_bytes(b"1 2\n" + spelling.encode() + b" " + np.array([1, 0.3], "<f4").tobytes())
    assert ["café"] == vectors.read(str(path), vectors.wanted_by([token])).words


def test_of_two_spellings_of_a_word_the_first_row_counts(path: Path) -> None:
    path.write_text("cafe\u0301 1 1\ncafé 2 2\n", "utf-8")
    assert [[1, 1]] == vectors.read(str(path), {"café"}).table.tolist()


def test_the_first_row_of_a_word_counts(read: Read) -> None:
    assert {"to": 0, "on": 2} == kept(read, "to to on to on", "to", "on")


def test_a_lower_cased_row_serves_any_case_but_not_the_other_way_round(read: Read) -> None:
    assert {"may": 1, "May": 2} == kept(read, "MAY may May", "May")
    assert {"may": 1} == kept(read, "MAY may May", "may")


@pytest.mark.parametrize("header", [b"", b"5 2\n"])
def test_words_may_hold_blanks_and_other_separators(read: Read, header: bytes) -> None:
    content = ". . . 1 2\nat name@domain.com 3 4\na\u00a0b 5 6\n\u2028 7 8\n\x85 9 10\n".encode()
    found = read(header + content)
    assert [". . .", "at name@domain.com", "a\u00a0b", "\u2028", "\x85"] == found.words
    assert [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]] == found.table.tolist()


def test_a_word_may_be_a_number(read: Read) -> None:
    found = read(b"0 1 2\n1.5 3 4\n", {"0", "1.5"})
    assert ["0", "1.5"] == found.words
    assert [[1, 2], [3, 4]] == found.table.tolist()


def test_words_that_are_not_utf8_are_left_out_of_a_binary_file(read: Read) -> None:
    found = read(binary([(b"a", [1.0, -2.0]), (b"\xe5\x8f", [3.0, 4.0]), (b"b", [5.0, 6.0])]))
    assert (["a", "b"], [[1, -2], [5, 6]], 3) == (found.words, found.table.tolist(), found.total)


def test_numbers_of_rows_that_are_not_wanted_are_not_looked_at(read: Read) -> None:
    assert [[1, 2]] == read(b"a 1 2\nb x nan\n", {"a"}).table.tolist()
    assert [[1, 2]] == read(binary([(b"a", [1, 2]), (b"b", [np.nan, -1])]), {"a"}).table.tolist()


BLANKS = "expected lines of a word and its numbers, one blank before each number"
AS_MANY = "every word needs as many numbers as the first, or the header says"
DAMAGED = "the file is cut off or damaged; fetch it again"
NOT_UTF8 = "the whole file can be read as cp1252: try --encoding cp1252"
GOOD = binary([(b"a", [1.0, -2.0]), (b"b", [3.0, 4.0])])


@pytest.mark.parametrize(
    ("content", "place", "message", "hint"),
    [
        # As many numbers everywhere.
        (b"a 1 2\nb 1\n", ":2:1", 'expected 2 numbers after the word, found 1: "b 1"', AS_MANY),
        (b"a 1 2\nb 1 2 3\n", ":2:1", 'expected 2 numbers after the word, found 3: "b 1 2 3"', AS_MANY),
        (b"a 1 2\nb\n", ":2:1", 'expected 2 numbers after the word, found 0: "b"', AS_MANY),
        (b"2 3\na 1 2\nb 1 2 3\n", ":2:1", 'expected 3 numbers after the word, found 2: "a 1 2"', AS_MANY),
        (b"2 1\na 1 2\nb 1\n", ":2:1", 'expected 1 numbers after the word, found 2: "a 1 2"', AS_MANY),
        # Numbers that are none.
        (b"a 1 2\nb 1 x\n", ":2:5", 'not a number: "x"', BLANKS),
        ("a 1 2\n台北 1,5 2\n".encode(), ":2:4", 'not a number: "1,5"', BLANKS),
        (b"a 1 2\nb 1_0 2\n", ":2:3", 'not a number: "1_0"', BLANKS),
        ("a 1 2\nb 3 ٣\n".encode(), ":2:5", 'not a number: "٣"', BLANKS),
        (b"2 2\na 1 x\nb 1 2\n", ":2:5", 'not a number: "x"', BLANKS),
        *(
            (f"a 1 2\nb 3 {number}\n".encode(), ":2:5", f'not a finite number: "{number}"', BLANKS)
            for number in ("nan", "NaN", "inf", "-inf", "1e39", "-1e999")
        ),
        (b"nan nan 2\n", ":1:5", 'not a finite number: "nan"', BLANKS),
        # Blanks.
        (b"a 1 2\nb  1\n", ":2:3", 'not a number: "b  1"', BLANKS),
        (b"a 1 2\nb  1 2\n", ":2:3", 'one blank too many: "b  1 2"', BLANKS),
        (b"a\t1\t2\n", ":1:6", 'expected a number at the end: "a⇥1⇥2"', BLANKS),
        # Something else.
        (b"a word or two\n", ":1:14", 'expected a number at the end: "a word or two"', BLANKS),
        (b"a 1 2\ncaf\xe9 1 2\n", ":2:4", 'byte 0xe9 is not UTF-8: "caf\ufffd 1 2"', NOT_UTF8),
        (b"", "", "no word vector in this file", BLANKS),
        (b"\n\n", "", "no word vector in this file", BLANKS),
        (b"0 3\n", "", "no word vector in this file", BLANKS),
        (b"\x1f\x8b\x08\x00", "", "the compressed file is damaged or cut off", "copy or fetch it again"),
        (b"PK\x03\x04", "", "a zip archive, not text", "unpack it first: unzip FILE"),
        (b"\xba\x16\x4f\x2f\x0c", "", "is a whole fastText model", "give its .vec file instead"),
        # Headers.
        (b"3 2\na 1 2\nb 1 2\n", ":1:1", "the header says that there are 3 rows, found 2", DAMAGED),
        (b"1 2\na 1 2\nb 1 2\n", ":1:1", "the header says that there are 1 rows, found 2", DAMAGED),
        (b"2 2\n", ":1:1", "the header says that there are 2 rows, found 0", DAMAGED),
        (b"9 0\n", ":1:3", "the header says that each word has 0 numbers", "from 1 to 65536 are possible"),
        (b"9 99999\n", ":1:3", "the header says that each word has 99999 numbers", "from 1 to 65536 are possible"),
        # Binary.
        (GOOD[:-3], ":3:1", "the file ends inside row 2 of 2", DAMAGED),
        (GOOD[:-9], ":3:1", "the file ends inside row 2 of 2", DAMAGED),
        (GOOD[:10], ":2:1", "the file ends inside row 1 of 2", DAMAGED),
        (b"3" + GOOD[1:], ":1:1", "the header says that there are 3 rows, found 2", DAMAGED),
        (b"1" + GOOD[1:], ":1:1", "the header says that there are 1 rows, found more", DAMAGED),
        (
            binary([(b"a", [1.0, -2.0]), (b"b", [3.0, np.inf])]),
            ":3:1",
            'a number is not finite in the row of: "b"',
            DAMAGED,
        ),
        (
            b"9" + GOOD[1:] + b"x" * 20_000,
            ":4:1",
            "row 3 does not begin with a word",
            DAMAGED,
        ),
    ],
)
def test_a_fault_names_its_place_its_text_and_a_way_out(
    read: Read, path: Path, content: bytes, place: str, message: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(content)
    assert f"{path}{place}: {message}\n  {hint}" == str(caught.value)


def test_faults_are_reported_together_up_to_twenty(read: Read, path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(b"a 1 2\n" + b"b x y\nc 1\n" * 500)
    places = [line.split(": ")[0] for line in caught.value.message.splitlines()]
    assert [f"{path}:{line}:{3 if line % 2 == 0 else 1}" for line in range(2, 22)] == places


def test_a_packed_file_is_unpacked(read: Read) -> None:
    for content in (TEXT, binary(ROWS)):
        assert ["to", "台北"] == read(gzip.compress(content)).words


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (TEXT, binary(ROWS)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "ascii"))
        assert ["to", "台北"] == vectors.read("-", lambda word: True).words


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        vectors.read(str(tmp_path / "no.vec"), set())
