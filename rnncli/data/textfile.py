"""A file of text as numbered lines: in any encoding, with any line ends."""

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO

from rnncli import memory
from rnncli.data import encodings
from rnncli.data.faults import Fault, Faults
from rnncli.data.opening import CHUNK, MARKS, opened, start_of
from rnncli.errors import DataError, UsageError

LONGEST_LINE = 1 << 30  # characters; a document of JSON may be one line
HEAD_LINES = 1_000  # that are read ahead to recognise a format

_LINE_END = re.compile(r"\r\r?\n|\r")
_MARK_IN_TEXT = re.compile("^\ufeff+(?!\t)", re.MULTILINE)  # a mark alone in the first column may be a token
_CHECKED = 1 << 25  # after so many characters of a line each it is checked whether twice as many fit in memory
_READ = 1 << 22  # bytes, after which it is checked whether there is so much memory:
_LEAST = 1 << 26
_SHOWN = 400  # bytes after a fault that are decoded to show the line


class Lines:
    r"""The lines of a text file as (number from 1, text), without ``\n``, ``\r\n``, ``\r\r\n``, ``\r`` at the end.

    A byte order mark at the start chooses the encoding, and one at the start of any line is dropped, since files
    that are joined have them there. Text that cannot be decoded is a fault and ends the reading after the line
    before it.

    A line that is too long, or does not fit in memory, ends the reading too.

    encoding  a name that Python knows; "" is that of the byte order mark, else UTF-8
    path      of the file, to read it again for other encodings; "-" if that is not possible
    longest   characters that a line may have
    first     number of the first line
    start     the first lines of the whole file, where this is a part of it
    """

    def __init__(
        self,
        file: IO[bytes],
        faults: Faults,
        encoding: str = "",
        path: str = "-",
        longest: int = LONGEST_LINE,
        first: int = 1,
        start: list[str] | None = None,
    ) -> None:
        self.faults = faults
        self.encoding = _known(encoding) if encoding else ""
        self._path = path
        self._longest = longest
        self._first = first
        self._start = start
        self._file = file
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        self._ahead: deque[tuple[int, list[str]]] = deque()
        self._blocks = self._cut()
        self._undecodable: UnicodeDecodeError | None = None
        self._all_ascii = True  # what was decoded so far

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return chain.from_iterable(enumerate(lines, first) for first, lines in self.blocks())

    def blocks(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (number of the first, lines) of what is read at once; from a pipe this is what waits there."""
        while self._ahead:
            yield self._ahead.popleft()
        yield from self._blocks

    def head(self, whole: bool = True) -> list[str]:
        """The first lines, at most :data:`HEAD_LINES`, which are still read later.

        whole  wait for so many; else for the first lines only, because somebody may wait for an answer
        """
        if self._start is not None:
            return self._start
        count = sum(len(lines) for _, lines in self._ahead)
        while not self._ahead or (whole and count < HEAD_LINES):
            block = next(self._blocks, None)
            if block is None:
                break
            self._ahead.append(block)
            count += len(block[1])
        head: list[str] = []
        for _, lines in self._ahead:
            head += lines[: HEAD_LINES - len(head)]
        return head

    def _cut(self) -> Iterator[tuple[int, list[str]]]:
        number = self._first
        pieces: list[str] = []  # of a line whose end is not read yet
        length = 0  # of these
        for text in self._decoded():
            if "\n" not in text and "\r" not in text:
                pieces.append(text)
                length += len(text)
                if self._is_too_long(number, length, len(text)):
                    return
                continue
            length = 0
            text = "".join([*pieces, text])
            held = ""
            if "\r" in text:
                if text[-1] == "\r":  # the file may go on with \n or \r\n
                    held = text[-2:] if text.endswith("\r\r") else "\r"
                text = _LINE_END.sub("\n", text[: len(text) - len(held)])
            lines = text.split("\n")
            pieces = [lines.pop() + held]
            if "\ufeff" in text:
                lines = [_MARK_IN_TEXT.sub("", line) for line in lines]
            if lines:
                yield number, lines
                number += len(lines)
        rest = _MARK_IN_TEXT.sub("", _LINE_END.sub("\n", "".join(pieces)))
        if self._undecodable:
            *lines, start = rest.split("\n")
            if lines:
                yield number, lines
            self.faults.add(self._fault(self._undecodable, number + len(lines), start))
        elif rest:
            yield number, rest.removesuffix("\n").split("\n")

    def _is_too_long(self, line: int, length: int, added: int) -> bool:
        """Whether a line has too many characters so far; if so, that is a fault."""
        message = ""
        if length > self._longest:
            message = f"a line of more than {self._longest:,} characters"
        elif length // _CHECKED > (length - added) // _CHECKED and 4 * length > memory.available():
            message = f"a line of more than {length:,} characters does not fit in memory"
        if message:
            self.faults.add(Fault(line, 1, message, hint="is this a text file?"))
        return bool(message)

    def _decoded(self) -> Iterator[str]:
        """Decode chunk by chunk. What is not valid ends the text and is noted."""
        data = self._without_mark(start_of(self._file, tuple(MARKS)))
        if not self.encoding:
            self.encoding = "utf-8"
            if fault := _not_text(data):
                self.faults.add(fault)
                return
        decoder = codecs.getincrementaldecoder(self.encoding)()
        data = data or self._read(CHUNK)  # there may be no more than a mark yet
        read = 0  # since it was last checked how much memory there is
        while True:
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                self._undecodable = error
                yield error.object[: error.start].decode(self.encoding, "ignore")
                return
            yield text
            if not data:
                return
            read += len(data)
            if read > _READ:  # what was read may be kept
                memory.check(_LEAST, f"to read more of {self.faults.name}", "give less at once")
                read = 0
            self._all_ascii = self._all_ascii and text.isascii()
            data = self._read(CHUNK)

    def _without_mark(self, data: bytes) -> bytes:
        """Drop the byte order mark, which chooses the encoding; DataError if another was chosen."""
        for mark, name in MARKS.items():
            if data.startswith(mark):
                usual = name.removesuffix("-le").removesuffix("-be")
                if self.encoding not in ("", name, usual, f"{name}-sig"):
                    message = f"begins with the byte order mark of {name.upper()}, not {self.encoding.upper()}"
                    raise DataError(message, where=self.faults.name, hint="leave out --encoding")
                self.encoding = name
                return data[len(mark) :]
        return data

    def _fault(self, error: UnicodeDecodeError, line: int, start: str) -> Fault:
        """Say where the text is not valid, and which encodings would read the whole file."""
        after = error.object[error.start : error.start + _SHOWN].decode(self.encoding, "replace")
        text = start + re.split(r"[\r\n]", after, maxsplit=1)[0]
        message = f"byte 0x{error.object[error.start]:02x} is not {self.encoding.upper()}"
        return Fault(line, len(start) + 1, message, text, self._hint(error.object))

    def _hint(self, chunk: bytes) -> str:
        """The encodings that read the whole file, or of a pipe what was read, if all before it was ASCII."""
        names: list[str] = []
        subject = "the whole file"
        if self._path != "-" and Path(self._path).is_file():
            names = encodings.plausible(lambda: _chunks(self._path))
        elif self._all_ascii:
            subject = "the text so far"
            names = encodings.plausible(lambda: [chunk])
        if self.encoding == "utf-8" and encodings.is_damaged_utf8(chunk, names):
            return "other characters are UTF-8: mend this line"
        if names:
            return f"{subject} can be read as {' or '.join(names)}: try --encoding {names[0]}"
        return f"no usual encoding reads {subject}; if you know it, give it by --encoding NAME"


def _chunks(path: str) -> Iterator[bytes]:
    with opened(path) as file:
        yield from iter(lambda: file.read(CHUNK), b"")


def _known(encoding: str) -> str:
    try:
        codec = codecs.lookup(encoding)
        is_of_text = codec._is_text_encoding and codec.name not in _NOT_OF_FILES
        if not is_of_text or codec.incrementaldecoder is None:
            raise LookupError
    except (LookupError, ValueError) as error:
        hint = "usual ones: utf-8, utf-16, latin-1, cp1252, gb18030, big5, shift_jis, euc-kr"
        raise UsageError(f'--encoding: "{encoding}" is not an encoding of text', hint=hint) from error
    return codec.name


_NOT_OF_FILES = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}


def _not_text(data: bytes) -> Fault | None:
    """A fault for what would pass as UTF-8: UTF-16 without a byte order mark, ISO-2022, binary data."""
    zero = data.find(b"\0") + 1
    if zero and (encoding := encodings.utf16_without_mark(data)):
        hint = f"it looks like UTF-16 without a byte order mark: try --encoding {encoding}"
        return Fault(1, zero, "NUL characters beside the others", "", hint)
    if zero and data.count(0) >= 0.3 * len(data):
        kind = "a tar archive" if data[257:262] == b"ustar" else "binary data"
        return Fault(1, zero, f"{kind}, not text: many characters are NUL", "", "give a text file")
    for escape, encoding in ((b"\x1b$B", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr")):
        if escape in data:
            before = data[: data.index(escape)]
            column = len(before) - before.rfind(b"\n")
            hint = f"it looks like {encoding}: try --encoding {encoding}"
            return Fault(before.count(b"\n") + 1, column, "an escape sequence of ISO-2022", "", hint)
    return None


def numbered(path: str, faults: Faults, longest: int) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of the lines of a file in UTF-8 or with a byte order mark; ``longest`` as in Lines."""
    with opened(path) as file:
        yield from Lines(file, faults, path=path, longest=longest)
