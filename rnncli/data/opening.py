"""Opens a file for reading its bytes: packed files are unpacked, other kinds of files are named and refused."""

import codecs
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from rnncli import arguments
from rnncli.data import packing
from rnncli.data.packing import PACKED
from rnncli.data.watch import Watch, watched
from rnncli.errors import DataError, FileError

CHUNK = 2**18  # bytes that are read at once

# Byte order marks. That of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_ZIP = b"PK\x03\x04"
_PICKLE = ("a pickle of Python, not text", "a pickle can run any program; write its data as JSON or TSV")
_OTHER_KINDS = {
    _ZIP: ("a zip archive, not text", "unpack it first: unzip FILE"),
    **{
        b"BZh%d1AY&SY" % level: ("compressed by bzip2", "unpack it first: bunzip2 --keep FILE")
        for level in range(1, 10)
    },
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive, not text", "unpack it first: 7z x FILE"),
    b"\x93NUMPY": ("an array of NumPy, not text", "give a text file of tokens and tags"),
    **{b"\x80" + bytes([protocol]): _PICKLE for protocol in range(2, 6)},
    b"%PDF-": ("a PDF document, not text", "export its text first"),
    b"PAR1\x15": ("a Parquet table, not text", "rnncli tag FILE --text-field COLUMN --out-dir FOLDER labels it"),
    b"ARROW1\0\0": ("an Arrow table, not text", "write it as JSON Lines: datasets.Dataset.to_json"),
    b"\xff\xff\xff\xff": ("an Arrow table, not text", "write it as JSON Lines: datasets.Dataset.to_json"),
    b"SQLite format 3\0": ("an SQLite database, not text", "export its table as CSV first"),
    b"\x89HDF\r\n": ("an HDF5 file, not text", "give a text file of tokens and tags"),
    b"\xd0\xcf\x11\xe0": ("an old Word or Excel document, not text", "save it as text (a table: as CSV)"),
    b"{\\rtf": ("an RTF document, not plain text", "save it as plain text"),
    b"version https://git-lfs": ("a pointer of Git LFS, not the file itself", "fetch the file: git lfs pull"),
}
_INSIDE_ZIP = {
    b"xl/": ("an Excel workbook, not text", "save the sheet as CSV"),
    b"word/": ("a Word document, not text", "save it as plain text"),
    b"opendocument": ("an OpenDocument file, not text", "save it as text (a table: as CSV)"),
    b".npy": ("an .npz archive of NumPy, not text", "if it is a model, give it by --model"),
}


def name_of(path: str) -> str:
    """What messages call a file; ``-`` is stdin."""
    return "stdin" if path == "-" else str(path)


@contextmanager
def opened(path: str, watch: Watch | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading, ``-`` for stdin, unpacked if it is gzip, xz or, by an extra, zstd.

    What the system refuses becomes a :class:`FileError`, damaged compressed data a :class:`DataError`, also while
    the file is read. A file of another known kind, such as a zip archive, is a :class:`DataError`.
    """
    if path == "-":
        yield _unpacked(watched(sys.stdin.buffer, watch), "stdin")
        return
    if "\0" in path:
        raise FileError("a file's name cannot hold NUL", where=ascii(path))
    if not path:
        raise FileError("the name of the file is empty", hint="give the name of a file, or - for stdin")
    try:
        file = Path(path).open("rb")  # noqa: SIM115
    except FileNotFoundError as error:
        raise FileError("no such file", where=str(path), hint=_nearby(Path(path))) from error
    except IsADirectoryError as error:
        raise FileError("is a directory, not a file", where=str(path), hint="name a file inside it") from error
    except OSError as error:
        raise FileError(error.strerror or str(error), where=str(path)) from error
    with file:
        yield _unpacked(watched(file, watch), str(path))


class Part(NamedTuple):
    """A part of a file that is not packed: from the beginning of a line to the beginning of another.

    start, end  in bytes; the last byte is ``end`` − 1
    line        number of its first line, from 1
    """

    start: int
    end: int
    line: int = 1


class _Limited(io.RawIOBase):
    """The next bytes of a file, at most so many."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened_part(path: str, part: Part) -> Iterator[BinaryIO]:
    """Open a part of a file for reading; errors as in :func:`opened`."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115
        file.seek(part.start)
    except OSError as error:
        raise FileError(error.strerror or str(error), where=str(path)) from error
    with file:
        limited = io.BufferedReader(_Limited(file, part.end - part.start), CHUNK)  # type: ignore[type-var]
        yield joined(b"", limited, str(path))


def _nearby(path: Path) -> str:
    """The file with the nearest name; else those of the folder that may be labelled files."""
    if near := arguments.nearest_path(path):
        return f"did you mean {near}?"
    with suppress(OSError):  # the folder cannot be listed, or the current one was removed
        names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
        labelled = [name for name in names if name.endswith((".tsv", ".conll", ".conllu", ".jsonl", ".csv"))][:5]
        there = f"in {path.parent} there is: {', '.join(labelled)}"
        return arguments.in_one_line(there if labelled else f'looked in "{path.parent.absolute()}"')
    return ""


class _Source(io.RawIOBase):
    """Bytes that were read ahead, and then the rest of a file; errors of reading name the file."""

    def __init__(self, start: bytes, file: IO[bytes], name: str) -> None:
        self._start = start
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._start[: len(buffer)]
        self._start = self._start[len(buffer) :]
        try:
            data = data or self._read(len(buffer))
        except Exception as error:
            if isinstance(error, packing.damages()):
                message = "the compressed file is damaged or cut off"
                raise DataError(message, where=self._name, hint="copy or fetch it again") from error
            if isinstance(error, OSError):
                raise FileError(error.strerror or str(error), where=self._name) from error
            raise
        buffer[: len(data)] = data
        return len(data)


def joined(start: bytes, file: IO[bytes], name: str) -> BinaryIO:
    """A file of bytes that were read already and of the rest of a file."""
    return io.BufferedReader(_Source(start, file, name), CHUNK)  # type: ignore[type-var]


def start_of(file: IO[bytes], beginnings: tuple[bytes, ...]) -> bytes:
    """Read up to :data:`CHUNK` bytes, at least until it is known with which of these the file begins."""
    read = getattr(file, "read1", file.read)
    start = b""
    while any(len(start) < len(beginning) and beginning.startswith(start) for beginning in beginnings):
        piece = read(CHUNK - len(start))
        if not piece:
            break
        start += piece
    return start


def _unpacked(file: BinaryIO, name: str) -> BinaryIO:
    source = joined(b"", file, name)
    start = start_of(source, (*MARKS, *PACKED, *_OTHER_KINDS))
    if start.startswith(PACKED):
        packed = packing.unpacked(start, joined(start, source, name), name)
        source = joined(b"", packed, name)
        start = start_of(source, (*MARKS, *PACKED, *_OTHER_KINDS))
        if start.startswith(PACKED):
            raise DataError("compressed twice", where=name, hint="unpack it once first: gunzip, unxz or unzstd")
    for beginning, (problem, hint) in _OTHER_KINDS.items():
        if start.startswith(beginning):
            if beginning == _ZIP:
                problem, hint = _inside_zip(start + source.read(CHUNK))
            raise DataError(problem, where=name, hint=hint)
    return joined(start, source, name)


def _inside_zip(start: bytes) -> tuple[str, str]:
    """What kind of zip archive begins with these bytes, by the names of its members."""
    return next((kind for member, kind in _INSIDE_ZIP.items() if member in start), _OTHER_KINDS[_ZIP])
