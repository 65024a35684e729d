"""Rows of tables of files: how a file is read, and what it must give.

The files are in tests/files, in a folder for each kind, written by hand. A row names a file, how it is read, and
either its format and sentences or the error. ``changed`` makes another file of its bytes, for example packed ones.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from rnncli.data import plausibility, reading
from rnncli.data.formats.format import Wanted
from rnncli.data.reading import ReadOptions
from rnncli.data.sentence import Sentence
from rnncli.errors import RnncliError

FILES = Path(__file__).parent / "files"

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


def columns(choice: str, file_format: str = "auto") -> ReadOptions:
    return ReadOptions(format=file_format, columns=choice)


def texts(cells: Texts) -> list[str]:
    if isinstance(cells, str):
        return cells.split(" ") if cells else []
    return list(cells)


def described(sentence: Sentence, expected: tuple[Texts, ...] | str) -> tuple[list[str], ...] | str:
    """The sentence in the form of the table."""
    if isinstance(expected, str):
        return sentence.extra.text or ""
    columns = ["|".join(cells) for cells in sentence.columns]
    described = (sentence.tokens, sentence.tags, columns)
    return described[: max(len(expected), 3 if any(columns) else 1)]


def plausible(corpus: reading.Corpus) -> None:
    """Raise what a training would say of a file."""
    plausibility.refuse(corpus.name, plausibility.problems(corpus, for_training=True))


def check(row: Row, tmp_path: Path) -> None:
    """Check that a file gives its sentences or its error."""
    path = FILES / row.file
    if row.changed:
        path = tmp_path / path.name
        path.write_bytes(row.changed((FILES / row.file).read_bytes()))
    if row.error:
        with pytest.raises(RnncliError) as caught:
            plausible(reading.read(str(path), row.options, row.wanted))
        assert row.error == str(caught.value).replace(f"{path.parent}/", "")
        return
    corpus = reading.read(str(path), row.options, row.wanted)
    if row.wanted.labelled:
        plausible(corpus)
    assert row.format == corpus.format
    expected = [cells if isinstance(cells, str) else tuple(map(texts, cells)) for cells in row.sentences]
    assert len(expected) == len(corpus.sentences)
    assert expected == [described(*pair) for pair in zip(corpus.sentences, row.sentences, strict=True)]


def check_files(rows: Sequence[Row], folders: Iterable[str]) -> None:
    """Check that every file of some folders has a row."""
    files = {f"{name}/{path.name}" for name in folders for path in (FILES / name).iterdir()}
    assert files <= {row.file for row in rows}
