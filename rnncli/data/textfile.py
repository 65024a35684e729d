"""A file of text as numbered lines: compressed or not, in any encoding, with any line ends."""

import codecs
import gzip
import io
import lzma
import re
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO

from rnncli.data.encodings import readable_as
from rnncli.data.faults import Fault, Faults
from rnncli.errors import DataError, FileError, UsageError

CHUNK = 2**18  # bytes that are read at once
HEAD = 2**16  # characters that are read ahead to recognise a format

_GZIP = b"\x1f\x8b"
_XZ = b"\xfd7zXZ\0"
# Byte order marks. That of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_LONGEST_MAGIC = len(_XZ)
_OTHER_KINDS = {
    b"PK\x03\x04": ("a zip archive, not text", "unpack it first; if it is a model, give it by --model"),
    b"BZh": ("compressed by bzip2", "unpack it first: bunzip2 --keep FILE"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", "unpack it first: unzstd --keep FILE"),
}
_LINE_END = re.compile(r"\r\r?\n|\r")
_MARK_IN_TEXT = re.compile("^\ufeff", re.MULTILINE)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading, ``-`` for stdin, unpacked if it is gzip or xz.

    What the system refuses becomes a :class:`FileError`, damaged compressed data a :class:`DataError`.
    """
    try:
        if path == "-":
            yield _unpacked(sys.stdin.buffer, "stdin")
        elif "\0" in path:
            raise FileError("a file's name cannot hold NUL", where=ascii(path))
        elif not path:
            raise FileError("the name of the file is empty", hint="give the name of a file, or - for stdin")
        else:
            with Path(path).open("rb") as file:
                yield _unpacked(file, str(path))
    except FileNotFoundError as error:
        raise FileError("no such file", where=str(path), hint=_nearby(path)) from error
    except IsADirectoryError as error:
        raise FileError("is a directory, not a file", where=str(path), hint="name a file inside it") from error
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        name = "stdin" if path == "-" else path
        raise DataError(f"damaged or cut off: {error}", where=name, hint="get or pack the file again") from error
    except OSError as error:
        raise FileError(error.strerror or str(error), where=str(path)) from error


def _nearby(path: str) -> str:
    folder = Path(path).parent
    names = sorted(p.name for p in folder.glob("*.tsv"))[:5] if folder.is_dir() else []
    return f"in {folder} there is: {', '.join(names)}" if names else f'looked in "{folder.absolute()}"'


class _Joined(io.RawIOBase):
    """Bytes that were read ahead, and then the rest of the file."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start = start
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._start[: len(buffer)]
        self._start = self._start[len(buffer) :]
        data = data or self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _start_of(file: BinaryIO, size: int) -> bytes:
    """The first ``size`` bytes, or fewer: no more is waited for than is needed to know what they begin."""
    read = getattr(file, "read1", file.read)
    start = b""
    magics = (*_MARKS, _GZIP, _XZ, *_OTHER_KINDS)
    while any(len(start) < len(magic) and magic.startswith(start) for magic in magics):
        piece = read(size - len(start))
        if not piece:
            break
        start += piece
    return start


def joined(start: bytes, file: BinaryIO) -> BinaryIO:
    """A file of bytes that were read already and of the rest of a file."""
    return io.BufferedReader(_Joined(start, file), CHUNK)  # type: ignore[type-var]


def _unpacked(file: BinaryIO, name: str) -> BinaryIO:
    start = _start_of(file, _LONGEST_MAGIC)
    for magic, (problem, hint) in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise DataError(problem, where=name, hint=hint)
    whole = joined(start, file)
    if start.startswith(_GZIP):
        return gzip.GzipFile(fileobj=whole)  # type: ignore[return-value]
    return lzma.LZMAFile(whole) if start.startswith(_XZ) else whole  # type: ignore[return-value]


class Lines:
    r"""The lines of a text file as (number from 1, text), without ``\n``, ``\r\n``, ``\r\r\n``, ``\r`` at the end.

    A byte order mark at the start chooses the encoding, and one at the start of any line is dropped, since files
    that are joined have them there. Text that cannot be decoded is a fault, and ends the reading.

    encoding  a name that Python knows; "" is that of the byte order mark, else UTF-8
    """

    def __init__(self, file: IO[bytes], faults: Faults, encoding: str = "", path: str = "-") -> None:
        self.faults = faults
        self.encoding = _known(encoding) if encoding else ""
        self._path = path
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self._ahead: deque[tuple[int, list[str]]] = deque()
        self._blocks = self._cut()

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return chain.from_iterable(enumerate(lines, first) for first, lines in self.blocks())

    def blocks(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of the first, lines) of what is read at once; from a pipe this is what waits there."""
        while self._ahead:
            yield self._ahead.popleft()
        yield from self._blocks

    def head(self, whole: bool = True) -> list[str]:
        """The first lines, about :data:`HEAD` characters, which are still read later.

        whole  wait for so many; else for the first line only, because somebody may wait for an answer
        """
        size = sum(len(line) for _, lines in self._ahead for line in lines)
        while not self._ahead or (whole and size < HEAD):
            block = next(self._blocks, None)
            if block is None:
                break
            self._ahead.append(block)
            size += sum(map(len, block[1])) + len(block[1])
        return [line for _, lines in self._ahead for line in lines]

    def _cut(self) -> Iterator[tuple[int, list[str]]]:
        number = 1
        pieces: list[str] = []  # of a line whose end is not read yet
        for text in self._decoded():
            if "\n" not in text and "\r" not in text:
                pieces.append(text)
                continue
            text = "".join([*pieces, text])
            if "\r" in text:
                open_end = len(text) - len(text.rstrip("\r"))  # a line feed may follow
                held = text[len(text) - open_end :]
                text = _LINE_END.sub("\n", text[: len(text) - open_end])
            else:
                held = ""
            if "\ufeff" in text:
                text = _MARK_IN_TEXT.sub("", text)
            lines = text.split("\n")
            pieces = [lines.pop() + held]
            if lines:
                yield number, lines
                number += len(lines)
        rest = _MARK_IN_TEXT.sub("", _LINE_END.sub("\n", "".join(pieces)))
        if rest:
            yield number, rest.removesuffix("\n").split("\n")

    def _decoded(self) -> Iterator[str]:
        """Decode chunk by chunk. What is not valid becomes a fault with its line and column."""
        data = self._read(CHUNK)
        for mark, name in _MARKS.items():
            if data.startswith(mark) and self.encoding in ("", name):
                data = data[len(mark) :]
                self.encoding = name
                break
        self.encoding = self.encoding or "utf-8"
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line = 1
        column = 1  # where the next chunk goes on
        is_ascii = True
        while True:
            before = decoder.getstate()[0]
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                self._add_fault(error, line, column, before + data, is_ascii)
                return
            if "\0" in text and (fault := _without_mark(text, line)):
                self.faults.add(fault)
                return
            yield text
            if not data:
                return
            is_ascii = is_ascii and text.isascii()
            ends = text.count("\n") or text.count("\r")
            line += ends
            after_end = len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1
            column = after_end + (1 if ends else column)
            data = self._read(CHUNK)

    def _add_fault(self, error: UnicodeDecodeError, line: int, column: int, chunk: bytes, is_ascii: bool) -> None:
        """Say where the text is not valid, and which encodings would read the whole file."""
        lines_before = _LINE_END.sub("\n", chunk[: error.start].decode(self.encoding, "replace")).split("\n")
        start = lines_before[-1]
        column = len(start) + (column if len(lines_before) == 1 else 1)
        after = chunk[error.start : error.start + 4 * CHUNK].decode(self.encoding, "replace")
        text = start + re.split(r"[\r\n]", after, maxsplit=1)[0]
        message = f"byte 0x{chunk[error.start]:02x} is not {self.encoding.upper()}"
        names = self._readable(chunk, is_ascii)
        if names:
            hint = f"the whole file can be read as: {', '.join(names)}; try --encoding {names[0]}"
        else:
            hint = "no usual encoding reads the whole file; if you know it, give it by --encoding NAME"
        self.faults.add(Fault(line + len(lines_before) - 1, column, message, text, hint))

    def _readable(self, chunk: bytes, is_ascii: bool) -> list[str]:
        """The encodings that read the whole file, or of stdin the rest, if all before it was ASCII."""
        if self._path != "-":
            with opened(self._path) as file:
                return readable_as(iter(lambda: file.read(CHUNK), b""))
        if not is_ascii:
            return []
        return readable_as(chain([chunk], iter(lambda: self._read(CHUNK), b"")))


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        if "".encode(name) != b"" and not name.startswith("utf"):
            raise LookupError
        codecs.getincrementaldecoder(name)().decode(b"")
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        hint = "usual ones: utf-8, utf-16, latin-1, cp1252, gb18030, big5, shift_jis, euc-kr"
        raise UsageError(f'--encoding: "{encoding}" is not an encoding of text', hint=hint) from error
    return name


def _without_mark(text: str, line: int) -> Fault | None:
    """A fault for UTF-16 without a byte order mark, which is valid UTF-8 with a NUL beside every letter."""
    zeros = text.count("\0")
    if zeros < 0.2 * len(text):
        return None
    encoding = "utf-16-be" if text[::2].count("\0") > text[1::2].count("\0") else "utf-16-le"
    where = text.index("\0") + 1
    hint = f"it looks like UTF-16 without a byte order mark: try --encoding {encoding}"
    return Fault(line, where, "most characters are NUL", "", hint)


def numbered(path: str, faults: Faults) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of the lines of a file in UTF-8 or with a byte order mark."""
    with opened(path) as file:
        yield from Lines(file, faults, path=path)
