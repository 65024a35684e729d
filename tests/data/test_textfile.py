"""data/textfile.py and data/opening.py: lines of a file, however it is encoded, ended, packed or delivered."""

import functools
import gzip
import io
import lzma
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data.faults import Faults
from rnncli.data.opening import opened
from rnncli.data.textfile import Lines
from rnncli.errors import DataError, FileError, UsageError


class InPieces(io.RawIOBase):
    """A file that gives a few bytes at a time, as a slow pipe does."""

    def __init__(self, data: bytes, sizes: tuple[int, ...]) -> None:
        self._data = data
        self._sizes = sizes
        self._reads = 0

    def read(self, size: int = -1) -> bytes:
        size = min(size, self._sizes[self._reads % len(self._sizes)])
        self._reads += 1
        piece, self._data = self._data[:size], self._data[size:]
        return piece


def lines_of(data: bytes, encoding: str = "", sizes: tuple[int, ...] = ()) -> list[tuple[int, str]]:
    faults = Faults("file")
    file = InPieces(data, sizes) if sizes else io.BytesIO(data)
    lines = list(Lines(file, faults, encoding))
    faults.raise_any()
    return lines


ENDS = [
    (b"a\nb\n", ["a", "b"]),
    (b"a\nb", ["a", "b"]),
    (b"a\r\nb\r\n", ["a", "b"]),
    (b"a\rb\r", ["a", "b"]),
    (b"a\rb", ["a", "b"]),
    (b"a\r\r\nb\r\r\n", ["a", "b"]),
    (b"a\n\nb\n\n", ["a", "", "b", ""]),
    (b"a\r\rb\r\r", ["a", "", "b", ""]),
    (b"a\r\n\r\nb", ["a", "", "b"]),
    (b"a\r\r\n\r\r\nb", ["a", "", "b"]),
    (b"a\r\r\r\nb", ["a", "", "b"]),
    (b"a\n\rb", ["a", "", "b"]),
    (b"a\r\nb\nc\rd\r\r\ne", ["a", "b", "c", "d", "e"]),
    (b"\r", [""]),
    (b"\n\n", ["", ""]),
    (b"", []),
    ("a\u2028b\u0085c\x0bd\x0ce\x1cf\n".encode(), ["a\u2028b\u0085c\x0bd\x0ce\x1cf"]),
    ("\ufeffa\n\ufeffb\r\ufeff\ufeffc\n\ufeff\n".encode(), ["a", "b", "c", ""]),
    ("a\ufeffb\n\ufeff\tO\n".encode(), ["a\ufeffb", "\ufeff\tO"]),
    ("日本\r\n語\n".encode(), ["日本", "語"]),
]


@pytest.mark.parametrize(("data", "expected"), ENDS)
@pytest.mark.parametrize("sizes", [(), (1,), (2,), (3,), (1, 5)], ids=str)
def test_lines_do_not_depend_on_the_pieces_in_which_they_come(
    data: bytes, expected: list[str], sizes: tuple[int, ...]
) -> None:
    assert list(enumerate(expected, 1)) == lines_of(data, sizes=sizes)


@given(st.lists(st.sampled_from(["a", "é", "\r", "\n", "\ufeff", "\t", "語"]), max_size=12), st.integers(1, 4))
def test_any_pieces_give_the_same_lines(characters: list[str], size: int) -> None:
    data = "".join(characters).encode()
    assert lines_of(data) == lines_of(data, sizes=(size,))


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xff\xfe\0\0", "utf-32-le"),
        (b"\0\0\xfe\xff", "utf-32-be"),
    ],
)
@pytest.mark.parametrize("sizes", [(), (1,), (3,)], ids=str)
def test_a_mark_chooses_the_encoding(mark: bytes, encoding: str, sizes: tuple[int, ...]) -> None:
    data = mark + "né\r\n\n台北".encode(encoding)
    expected = [(1, "né"), (2, ""), (3, "台北")]
    assert expected == lines_of(data, sizes=sizes)
    assert expected == lines_of(data, encoding, sizes)


@pytest.mark.parametrize("encoding", ["latin-1", "GBK", "shift_jis", "koi8-r", "utf-16-le", "ISO-8859-15", "U8"])
def test_an_encoding_may_be_chosen(encoding: str) -> None:
    text = {"GBK": "北京", "shift_jis": "東京", "koi8-r": "Москва"}.get(encoding, "né")
    assert [(1, text), (2, "b")] == lines_of(f"{text}\nb\n".encode(encoding), encoding, (1,))


@pytest.mark.parametrize(
    "name", ["latin0", "utf-9", "base64", "rot13", "idna", "unicode-escape", "undefined", "é", "a\0b"]
)
def test_what_is_no_encoding_of_text_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is not an encoding of text"):
        Lines(io.BytesIO(b""), Faults("file"), name)


@pytest.mark.parametrize(
    ("data", "place", "before"),
    [
        (b"\xff", "1:1", []),
        (b"a\r\nb\r\n\r\ncd\xff\n", "4:3", ["a", "b", ""]),
        (b"a\rb\r\xff", "3:1", ["a", "b"]),
        (b"a\r\r\nb\xff", "2:2", ["a"]),
        ("日本\n語".encode() + b"\xe8", "2:2", ["日本"]),
        (b"x" * 9 + b"\n" + b"y" * 9 + b"\xff\n", "2:10", ["x" * 9]),
    ],
)
@pytest.mark.parametrize("sizes", [(), (1,), (4,)], ids=str)
def test_a_byte_that_is_not_of_the_encoding_ends_the_reading_after_the_line_before(
    data: bytes, place: str, before: list[str], sizes: tuple[int, ...]
) -> None:
    faults = Faults("file")
    lines = Lines(InPieces(data, sizes) if sizes else io.BytesIO(data), faults)
    assert before == [text for _, text in lines]
    with pytest.raises(DataError, match=rf"^file:{place}: byte 0x.. is not UTF-8"):
        faults.raise_any()


@pytest.mark.parametrize("data", [b"\0" * 600, b"name.tsv" + bytes(249) + b"ustar" + bytes(250)])
def test_binary_data_is_not_text(data: bytes) -> None:
    with pytest.raises(DataError, match="not text: many characters are NUL"):
        lines_of(data)


def test_a_long_line_takes_time_in_proportion() -> None:
    """If it were quadratic, this would take minutes: 20 MB that come in pieces of 16 KB."""
    data = b"x" * 20_000_000
    assert [(1, "x" * len(data))] == lines_of(data, sizes=(2**14,))
    ends = b"\r" * 1_000_000
    assert len(ends) == len(lines_of(ends, sizes=(2**14,)))


def test_the_head_is_read_again_with_its_numbers() -> None:
    data = "".join(f"{number}\n" for number in range(1, 3001)).encode()
    lines = Lines(InPieces(data, (100,)), Faults("file"))
    assert [str(number) for number in range(1, 1001)] == lines.head()
    assert lines.head() == lines.head()
    assert [(number, str(number)) for number in range(1, 3001)] == list(lines)


def test_a_slow_pipe_gives_each_line_as_it_comes() -> None:
    reading_end, writing_end = os.pipe()
    received: list[str] = []
    arrived = threading.Event()

    def read() -> None:
        with os.fdopen(reading_end, "rb") as file:
            lines = Lines(file, Faults("pipe"))
            lines.head(whole=False)
            for _, text in lines:
                received.append(text)
                arrived.set()

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(writing_end, "wb", buffering=0) as pipe:
        for line in ("first", "second", "third"):
            arrived.clear()
            pipe.write(f"{line}\r\n".encode())
            assert arrived.wait(10), f"{line} was not read while the pipe was open"
            assert line == received[-1]
    reader.join(10)


# Opening: what the bytes are.

Pack = Callable[[bytes], bytes]


def frames(data: bytes) -> bytes:
    """Packed by zstd, in two frames."""
    half = len(data) // 2
    return zstandard.compress(data[:half]) + zstandard.compress(data[half:])


PACKERS: list[Pack] = [gzip.compress, functools.partial(lzma.compress, preset=0), zstandard.compress, frames]


@pytest.mark.parametrize("pack", PACKERS)
def test_packed_data_is_unpacked_from_a_file_and_from_stdin(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(300_000).hex().encode()
    path = tmp_path / "named.txt"  # not its name, but its content says that it is packed
    path.write_bytes(pack(data))
    with opened(str(path)) as file:
        assert data == file.read()
    with opened(str(path)) as file:  # by lines, and in pieces
        assert [data[:7], data[7:]] == [file.read(7), file.readline()]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(data))))
    with opened("-") as file:
        assert data == file.read()


@pytest.mark.parametrize("pack", PACKERS)
def test_of_a_file_that_is_cut_off_all_lines_before_are_read(pack: Pack, tmp_path: Path) -> None:
    lines = [os.urandom(30).hex() for _ in range(20_000)]
    path = tmp_path / "words.tsv.gz"
    packed = pack("\n".join(lines).encode())
    path.write_bytes(packed[: len(packed) * 9 // 10])
    read: list[str] = []
    message = rf"^{path}: the compressed file is damaged or cut off\n  copy or fetch it again$"
    with pytest.raises(DataError, match=message), opened(str(path)) as file:
        read.extend(text for _, text in Lines(file, Faults(str(path))))
    assert lines[: len(read)] == read
    assert len(read) > 14_000


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"PK\x03\x04" + bytes(26) + b"word/document.xml", "a Word document, not text"),
        (b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", "an Excel workbook, not text"),
        (b"PK\x03\x04" + bytes(26) + b"header.npy", "an .npz archive of NumPy, not text"),
        (b"PK\x03\x04" + bytes(26) + b"train.tsv", "a zip archive, not text"),
        (b"\x93NUMPY\x01\0", "an array of NumPy, not text"),
        (b"\x80\x04\x95", "a pickle of Python, not text"),
        (b"%PDF-1.7\n", "a PDF document, not text"),
        (b"PAR1\x15\x04", "a Parquet table, not text"),
        (b"ARROW1\0\0", "an Arrow table, not text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, not the file itself"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_other_kinds_of_files_are_named(start: bytes, message: str, pack: Pack, tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_bytes(pack(start))
    with pytest.raises(DataError) as caught, opened(str(path)):
        pass
    assert (str(path), message) == (caught.value.where, caught.value.message)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["PK\tO\n", "BZh\tO\n", "PAR1\tO\n", "%\tO\n", "7z\tO\n", "version\tO\n"])
def test_a_text_that_begins_like_another_kind_is_text(text: str, tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text(text)
    with opened(str(path)) as file:
        assert text.encode() == file.read()


def test_an_error_of_the_caller_is_not_one_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("a\tO\n")
    with pytest.raises(BrokenPipeError), opened(str(path)):
        raise BrokenPipeError
    with pytest.raises(EOFError), opened(str(path)):
        raise EOFError


@pytest.mark.parametrize(
    ("path", "message"),
    [("", "the name of the file is empty"), ("a\0b", "a file's name cannot hold NUL")],
)
def test_a_name_that_no_file_can_have(path: str, message: str) -> None:
    with pytest.raises(FileError, match=message), opened(path):
        pass


def test_a_missing_file_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    for name in ("train.tsv", "dev.jsonl", "notes.txt"):
        (tmp_path / name).touch()
    hints = []
    for missing in ("trian.tsv", "quite_another"):
        with pytest.raises(FileError, match="no such file") as caught, opened(str(tmp_path / missing)):
            pass
        hints.append(caught.value.hint.replace('"', ""))
    assert [f"did you mean {tmp_path / 'train.tsv'}?", f"in {tmp_path} there is: dev.jsonl, train.tsv"] == hints
