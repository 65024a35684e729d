"""Files as people have them, and what each must give: one table for all formats.

The files are in tests/files, in a folder for each format, written by hand. A row names a file, how it is read, and
either its format and sentences or the error. ``changed`` makes another file of its bytes, for example packed ones.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from rnncli.data import reading
from rnncli.data.formats.format import Wanted
from rnncli.data.reading import ReadOptions
from rnncli.data.sentence import Sentence
from rnncli.errors import RnncliError

FILES = Path(__file__).parent.parent / "files"

Texts = str | Sequence[str]  # a string is cut at its blanks


class Row(NamedTuple):
    """A file and what it must give.

    sentences  (tokens, tags) of each; (tokens, tags, columns) where there are columns, each as "a|b" for a token;
               without labels only (tokens,); for texts the text itself
    error      the whole message without the folder of the file: "name.tsv:3:1: …"; "" if there is none
    """

    file: str
    format: str = ""
    sentences: Sequence[tuple[Texts, ...] | str] = ()
    error: str = ""
    options: ReadOptions = ReadOptions()
    wanted: Wanted = Wanted()
    changed: Callable[[bytes], bytes] | None = None


UNLABELLED = Wanted(labelled=False)
LEAVE = [("Leave Taipei", "O B-city"), ("Thanks", "O")]

TSV = [
    Row("tsv/plain.tsv", "tsv", LEAVE),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=gzip.compress),
    Row("tsv/plain.tsv", "tsv", LEAVE, changed=lzma.compress),
    Row(
        "tsv/plain.tsv",
        error="plain.tsv: compressed by bzip2\n  unpack it first: bunzip2 --keep FILE",
        changed=bz2.compress,
    ),
]

CONLL = [
    Row("conll/two_columns.txt", "conll", [("Mara spoke in Oslo", "I-PER O O I-LOC"), ("Yes .", "O O")]),
]

CONLLU: list[Row] = []

CSV: list[Row] = []

TEXT = [
    Row("text/requests.txt", "text", ["leave Taipei on Monday", "thank you"], wanted=UNLABELLED),
]

ENCODINGS: list[Row] = []

JSON: list[Row] = []

JSONL: list[Row] = []

REFUSED: list[Row] = []  # what cannot be right in any format

ROWS = [*TSV, *CONLL, *CONLLU, *CSV, *TEXT, *ENCODINGS, *JSON, *JSONL, *REFUSED]


def texts(cells: Texts) -> list[str]:
    return cells.split(" ") if isinstance(cells, str) else list(cells)


def described(sentence: Sentence, expected: tuple[Texts, ...] | str) -> tuple[list[str], ...] | str:
    """The sentence in the form of the table."""
    if isinstance(expected, str):
        return sentence.extra.text or ""
    columns = ["|".join(cells) for cells in sentence.columns]
    described = (sentence.tokens, sentence.tags, columns)
    return described[: max(len(expected), 3 if any(columns) else 1)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
    path = FILES / row.file
    if row.changed:
        path = tmp_path / path.name
        path.write_bytes(row.changed((FILES / row.file).read_bytes()))
    if row.error:
        with pytest.raises(RnncliError) as caught:
            reading.read(str(path), row.options, row.wanted)
        assert row.error == str(caught.value).replace(f"{path.parent}/", "")
        return
    corpus = reading.read(str(path), row.options, row.wanted)
    assert row.format == corpus.format
    expected = [cells if isinstance(cells, str) else tuple(map(texts, cells)) for cells in row.sentences]
    assert len(expected) == len(corpus.sentences)
    assert expected == [described(*pair) for pair in zip(corpus.sentences, row.sentences, strict=True)]


def test_every_file_has_a_row() -> None:
    files = {path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file()}
    assert files == {row.file for row in ROWS}
