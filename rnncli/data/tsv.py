"""Lines -> sentences -> lines. Token first, tag last, a blank line between sentences; UTF-8, split on TAB alone."""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from rnncli import arguments
from rnncli.data.batch import Ints, Longs
from rnncli.data.watch import Watch, watched
from rnncli.errors import DataError, FileError

SHOWN_FAULTS = 20
_BOM = b"\xef\xbb\xbf"


class Sentence(NamedTuple):
    """Tokens and their tags; the columns between them are kept for features; ``line`` is the first, from 1."""

    tokens: list[str]
    tags: list[str]
    columns: list[tuple[str, ...]]
    line: int


def check(sentence: Sentence, labelled: bool = True) -> Sentence:
    """Return a sentence that a caller made; UsageError unless there is a tag and a row of columns for each token.

    Where there are no columns, their rows may be left out; tags count where they are asked for.
    """
    hint = "a sentence is Sentence(tokens, tags, columns, line)"
    if not isinstance(sentence, Sentence):
        arguments.refuse("sentence", "a Sentence of rnncli.data.tsv", sentence, hint)
    tokens = len(arguments.texts("tokens", sentence.tokens, hint))
    if labelled and len(arguments.texts("tags", sentence.tags, hint)) != tokens:
        arguments.refuse("tags", f"as many as tokens, which are {tokens}", sentence.tags, hint)
    if len(sentence.columns):
        check_columns(sentence.columns, tokens)
    return sentence


def check_columns(columns: Sequence[tuple[str, ...]], tokens: int) -> Sequence[tuple[str, ...]]:
    """Return what stands beside the tokens of a sentence; UsageError unless there is a tuple of texts for each."""
    hint = "give a tuple for each token"
    rows = columns if isinstance(columns, list) else list(arguments.several("columns", columns, "a list", hint))
    if len(rows) != tokens:
        arguments.refuse("columns", f"as many as tokens, which are {tokens}", columns, hint)
    for row in rows:
        if row != ():
            arguments.texts("columns", row, hint)
    return rows


class Corpus(NamedTuple):
    """A labelled file: its name, its sentences and the SHA-256 of its bytes."""

    name: str
    sentences: list[Sentence]
    sha256: str


class Fault(NamedTuple):
    """Something wrong at a place in a file; line and column count from 1, columns in characters."""

    line: int
    column: int
    message: str
    text: str = ""
    hint: str = ""


class Faults:
    """Collects faults of one file, keeps the first few, and raises them together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: list[Fault] = []
        self.count = 0

    def add(self, fault: Fault) -> None:
        """Note a fault; only the first :data:`SHOWN_FAULTS` are kept."""
        self.count += 1
        if self.count <= SHOWN_FAULTS:
            self.kept.append(fault)

    def raise_any(self) -> None:
        """Raise one :class:`DataError` with all faults kept and the number of the others."""
        if not self.count:
            return
        lines = []
        for fault in self.kept:
            text = f": {_shown(fault.text)}" if fault.text else ""
            lines.append(f"{self.name}:{fault.line}:{fault.column}: {fault.message}{text}")
        if self.count > len(self.kept):
            lines.append(f"… and {self.count - len(self.kept)} more faults")
        hints = dict.fromkeys(fault.hint for fault in self.kept if fault.hint)
        raise DataError("\n".join(lines), hint="\n  ".join(hints))


def _shown(text: str) -> str:
    """Quote a line for a message, cut at 60 characters, what cannot be printed escaped."""
    start = text[:60].replace("\t", "⇥")
    shown = start if start.isprintable() else ascii(start)[1:-1]
    return f'"{shown}{"…" if len(text) > 60 else ""}"'


@contextmanager
def opened(path: str, watch: Watch | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading, ``-`` for stdin; what the system refuses becomes a :class:`FileError`."""
    try:
        if path == "-":
            yield sys.stdin.buffer if watch is None else watched(sys.stdin.buffer, watch)
        elif "\0" in path:
            raise FileError("a file's name cannot hold NUL", where=ascii(path))
        else:
            with Path(path).open("rb") as file:
                yield file if watch is None else watched(file, watch)
    except FileNotFoundError as error:
        raise FileError("no such file", where=str(path), hint=_nearby(path)) from error
    except IsADirectoryError as error:
        raise FileError("is a directory, not a file", where=str(path), hint="name a file inside it") from error
    except OSError as error:
        raise FileError(error.strerror or str(error), where=str(path)) from error


def _nearby(path: str) -> str:
    if near := arguments.nearest_path(path):
        return f"did you mean {near}?"
    return f'looked in "{Path(path).parent.absolute()}"'


def lines(file: Iterable[bytes], faults: Faults) -> Iterator[tuple[int, str]]:
    r"""Yield (number, text) of each line, without its ``\n`` or ``\r\n``; a byte order mark is dropped.

    A line that is not UTF-8 becomes a fault and is not yielded.
    """
    for number, raw in enumerate(file, 1):
        if number == 1 and raw.startswith(_BOM):
            raw = raw[len(_BOM) :]
        raw = raw.removesuffix(b"\n").removesuffix(b"\r")
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError as error:
            column = len(raw[: error.start].decode("utf-8")) + 1
            byte = f"byte 0x{raw[error.start]:02x} is not UTF-8"
            hint = "save the file as UTF-8 (iconv -f LATIN1 -t UTF-8)"
            faults.add(Fault(number, column, byte, raw.decode("utf-8", "replace"), hint))


def read(path: str) -> Corpus:
    """Read a labelled file; all faults are reported together as one :class:`DataError`.

    Every line has the same number of columns, at least two; none is empty. A line of nothing but blanks ends
    a sentence. A file without any token is an error too.
    """
    name = "stdin" if path == "-" else str(path)
    faults = Faults(name)
    digest = hashlib.sha256()

    def hashed(file: Iterable[bytes]) -> Iterator[bytes]:
        for raw in file:
            digest.update(raw)
            yield raw

    with opened(path) as file:
        sentences = list(parse(lines(hashed(file), faults), faults))
    faults.raise_any()
    if not sentences:
        raise DataError("no token in this file", where=name, hint="expected lines of token<TAB>tag")
    return Corpus(name, sentences, digest.hexdigest())


def parse(numbered: Iterable[tuple[int, str]], faults: Faults, labelled: bool = True) -> Iterator[Sentence]:
    """Cut lines into sentences; unlabelled lines need one column, and all after it are kept as columns."""
    rows: list[list[str]] = []
    first = 0
    width = 0
    kept: dict[str, str] = {}  # one string for all cells that are alike, where a whole file is kept
    for number, text in numbered:
        if not text.strip(" "):
            if rows:
                yield _sentence(rows, first, labelled)
            rows = []
            continue
        cells = text.split("\t")
        width = width or (len(cells) if len(cells) > labelled else 0)  # one column is a fault, no pattern
        is_suspect = len(cells) != width or "" in cells
        if is_suspect and (fault := _fault(number, text, cells, width, labelled)):
            faults.add(fault)
            continue
        if not rows:
            first = number
        rows.append(list(map(kept.setdefault, cells, cells)) if labelled else cells)
    if rows:
        yield _sentence(rows, first, labelled)


def _sentence(rows: list[list[str]], first: int, labelled: bool) -> Sentence:
    tokens, *beside = zip(*rows, strict=True)
    tags = list(beside.pop()) if labelled else []
    return Sentence(list(tokens), tags, list(zip(*beside, strict=True)) or [()] * len(rows), first)


def _fault(number: int, text: str, cells: list[str], width: int, labelled: bool) -> Fault | None:
    if labelled and len(cells) < 2:
        hint = "separate token and tag by one TAB character"
        return Fault(number, len(text) + 1, "expected token<TAB>tag, found one column", text, hint)
    if len(cells) != width:
        message = f"expected {width} columns as in the lines before, found {len(cells)}"
        return Fault(number, 1, message, text, "every line needs the same number of columns")
    column = 1
    for i, cell in enumerate(cells):
        if not cell and (labelled or i == 0):
            what = "token" if i == 0 else "tag" if i == len(cells) - 1 else f"column {i + 1}"
            return Fault(number, column, f"empty {what}", text, "every column needs at least one character")
        column += len(cell) + 1
    return None


# What ends a cell or a line, and the symbols that are written in its place.
_ENDS = str.maketrans({"\t": "␉", "\n": "␊", "\r": "␍"})
_HAS_END = re.compile(r"[\t\n\r]")


def _cells(texts: Sequence[str]) -> Sequence[str]:
    """Texts that can be cells: a TAB, line feed or carriage return in one becomes a visible symbol."""
    return [text.translate(_ENDS) for text in texts] if _HAS_END.search(" ".join(texts)) else texts


def format_sentence(rows: Iterable[Iterable[str]]) -> str:
    """Lines of a sentence, columns joined by TAB, with the blank line that ends it."""
    return "".join("\t".join(_cells(list(cells))) + "\n" for cells in rows) + "\n"


def format_block(tokens: Sequence[str], starts: Longs, tags: Ints, names: Sequence[str]) -> str:
    """Format sentences end to end as :func:`format_sentence` does each, in a few operations for all.

    starts  (B + 1,) first token of each sentence, and the end of the last
    tags    (N,)     number of each token's tag among ``names``
    """
    ends = [f"\t{name}\n" for name in _cells(names)]
    ends += [end + "\n" for end in ends]  # of a sentence's last token
    last = starts[1:][np.diff(starts) > 0] - 1
    chosen = tags.copy()
    chosen[last] += len(names)
    cells = [""] * (2 * len(tokens))
    cells[::2] = _cells(tokens)
    cells[1::2] = [ends[number] for number in chosen.tolist()]
    if len(last) < len(starts) - 1:  # a sentence without tokens is an empty line
        for start in reversed(starts[:-1][np.diff(starts) == 0].tolist()):
            cells.insert(2 * start, "\n")
    return "".join(cells)
