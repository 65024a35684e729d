"""Where large files can be cut into parts that are labelled one by one and joined to the bytes of the whole.

A cut is between two lines, or, where a blank line ends a sentence, after a blank line. What a reader remembers of
the lines before must be nothing there: no comment and no begin of a document may wait for its sentence.
"""

from pathlib import Path
from typing import BinaryIO

from rnncli.config import ReadOptions
from rnncli.data.formats import columns
from rnncli.data.formats.format import Wanted
from rnncli.data.opening import MARKS, Part
from rnncli.data.packing import PACKED
from rnncli.data.reading import reading
from rnncli.errors import RnncliError

_OF_BLANK_LINES = ("tsv", "conll", "conllu")
_WIDE = tuple(mark for mark, name in MARKS.items() if name != "utf-8")  # a line end is several bytes there


def parts(path: Path, size: int, options: ReadOptions, are_records: bool = False) -> list[Part]:
    """Parts of a file of about so many bytes; none if it cannot be cut, or is not larger.

    are_records  whether each line stands for itself, whatever the format
    """
    try:
        length = path.stat().st_size
        if size <= 0 or length <= size or options.columns or options.encoding not in ("", "utf-8"):
            return []
        with path.open("rb") as file:
            if file.read(8).startswith((*PACKED, *_WIDE)):
                return []
            name = "text"
            if not are_records:
                with reading(str(path), options, Wanted(labelled=False, force=True)) as recognised:
                    name = recognised.format
            if name not in ("text", *_OF_BLANK_LINES):
                return []
            cuts = [0]
            while cuts[-1] + size < length:
                file.seek(cuts[-1] + size)
                cuts.append(_after_sentence(file) if name in _OF_BLANK_LINES else _after_line(file))
    except (OSError, RnncliError):  # who labels it says what is wrong
        return []
    cuts = [cut for cut in cuts if cut < length]
    return [Part(start, end) for start, end in zip(cuts, [*cuts[1:], length], strict=True)] if cuts[1:] else []


def _after_line(file: BinaryIO) -> int:
    file.readline()
    return file.tell()


def _after_sentence(file: BinaryIO) -> int:
    """The place after the next blank line that has a token before it; the end of the file if there is none."""
    file.readline()
    has_token = False
    while line := file.readline():
        if line.isspace():
            if has_token:
                break
        else:
            has_token = not line.startswith((b"#", columns.DOCUMENT.encode()))
    return file.tell()


def count_lines(path: Path, end: int) -> int:
    """The line ends among the first bytes of a file; errors of reading are ``OSError``."""
    count = 0
    with path.open("rb") as file:
        while end > 0 and (piece := file.read(min(end, 1 << 20))):
            count += piece.count(b"\n")
            end -= len(piece)
    return count
