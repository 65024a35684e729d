"""Files as people have them, and what each must give: one table for all formats.

The files are in tests/files, in a folder for each format, written by hand. A row names a file, how it is read, and
either its format and sentences or the error. ``changed`` makes another file of its bytes, for example packed ones.
"""

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from rnncli.data import plausibility, reading
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

FORCE = "\n  --force reads it as it is"
REFUSED = [  # what cannot be right in any format
    Row(
        "refused/header.tsv",
        error='header.tsv:1: this line names the columns: "token tag"'
        "\n  read it as such: --columns token=token,tag=tag" + FORCE,
    ),
    Row(
        "refused/header.txt",
        error='header.txt:1: this line names the columns: "FORM UPOS"'
        "\n  read it as such: --columns token=FORM,tag=UPOS" + FORCE,
    ),
    Row(
        "refused/header_of_a_joined_file.tsv",
        error='header_of_a_joined_file.tsv:4: this line names the columns: "word label"\n  remove the line' + FORCE,
    ),
    Row(
        "refused/header_of_numbers.tsv",
        error='header_of_numbers.tsv:1: this line names the columns: "0 1"\n  remove the line' + FORCE,
    ),
    Row(
        "refused/header_with_numbers.tsv",
        error='header_with_numbers.tsv:1: this line names the columns: "Sentence # Word POS Tag"'
        "\n  read it as such: --columns token=Word,tag=Tag" + FORCE,
    ),
    Row(
        "refused/heads_last.txt",
        error="heads_last.txt: the tags are numbers of tokens, as the heads of a dependency tree"
        "\n  choose the tag's column: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/lemmas_last.tsv",
        error='lemmas_last.tsv: the tags are mostly the tokens themselves or their lemmas: "the"'
        "\n  choose the tag's column: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/no_tags.tsv",
        error='no_tags.tsv: all tags are "_", so there is nothing to learn' + FORCE,
    ),
    Row(
        "refused/no_tokens.tsv",
        error='no_tokens.tsv:1: all tokens are "_"\n  every line needs a token and its tag' + FORCE,
    ),
    Row(
        "refused/numbered.tsv",
        error='numbered.tsv:1: the token column counts, from "1" on'
        "\n  choose the columns: --columns token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/numbered_through_the_file.txt",
        error='numbered_through_the_file.txt:1: the token column counts, from "0" on'
        "\n  choose the columns: --columns token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/numbered_twice.tsv",
        error='numbered_twice.tsv:1: the token column counts, from "1-1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
    ),
    Row(
        "refused/numbers_of_sentences.tsv",
        error='numbers_of_sentences.tsv:1: the token column holds the number of the sentence, from "Sentence: 1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
    ),
    Row(
        "refused/offsets_last.tsv",
        error="offsets_last.tsv: almost as many tags as tokens: 10 tags, 10 tokens"
        "\n  choose the tag's column: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/parts_of_speech_first.txt",
        error='parts_of_speech_first.txt:1: the token column holds the tags: "PROPN", "VERB", "ADP"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/tags_first.tsv",
        error='tags_first.tsv:1: the token column holds the tags: "B-PER", "O", "B-LOC"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/tags_first_of_three.tsv",
        error='tags_first_of_three.tsv:1: the token column holds the tags: "B-NP", "B-VP", "B-PP"'
        "\n  choose the columns: --columns token=3,tag=1" + FORCE,
    ),
    Row(
        "refused/texts_with_labels.tsv",
        error="texts_with_labels.tsv:1: the token column holds whole texts, not tokens: "
        '"I loved every minute of it"'
        "\n  every line needs one token and its tag" + FORCE,
    ),
]

UNUSUAL = [  # what looks odd and may be right
    Row("unusual/copied_letters.tsv", "tsv", [("a b c a", "a b c a"), ("b d a", "b d a")]),
    Row(
        "unusual/digits.tsv",
        "tsv",
        [("call 0 9 1 2 3", "O B-phone I-phone I-phone I-phone I-phone"), ("count 1 2 3", "O O O O")],
    ),
    Row(
        "unusual/digits_alone.tsv",
        "tsv",
        [("3 1 4 1 5 9", "B-num I-num I-num I-num I-num I-num"), ("2 7 1 8", "B-num I-num I-num I-num")],
    ),
    Row("unusual/grades.tsv", "tsv", [("good bad fine , worst", "4 1 3 0 0"), ("best , worse", "5 0 1")]),
    Row(
        "unusual/letters.txt",
        "conll",
        [
            ("A C G T A", "exon exon B-promoter I-promoter I-promoter"),
            ("T T A C G", "exon intron intron B-site I-site"),
        ],
    ),
    Row(
        "unusual/names_in_a_sentence.tsv",
        "tsv",
        [("token tag label", "O B-label I-label"), ("word class", "O B-label")],
    ),
    Row("unusual/nothing_to_find.tsv", "tsv", [("leave now", "O O"), ("thanks", "O")]),
    Row(
        "unusual/tokens_with_blanks.tsv",
        "tsv",
        [(["New York", "is", "big"], "B-city O O"), (["Los Angeles", "too"], "B-city O")],
    ),
    Row(
        "unusual/words_like_names.tsv",
        "tsv",
        [("Word said , to .", "NN VBD , TO ."), ("text and label .", "NN CC NN .")],
    ),
    Row(
        "unusual/words_like_tags.tsv",
        "tsv",
        [("I B-2 E-mail O B", "O B-code O B-blood B-blood"), ("I-95 is full", "B-road O O")],
    ),
]

ROWS = [*TSV, *CONLL, *CONLLU, *CSV, *TEXT, *ENCODINGS, *JSON, *JSONL, *REFUSED, *UNUSUAL]


def texts(cells: Texts) -> list[str]:
    return cells.split(" ") if isinstance(cells, str) else list(cells)


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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
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


CURED = [row for row in REFUSED if "--columns" in row.error]


@pytest.mark.parametrize("row", CURED, ids=lambda row: row.file)
def test_the_columns_that_a_message_names_make_the_file_plausible(row: Row) -> None:
    choice = re.findall(r"--columns (\S+)", row.error)[0]
    plausible(reading.read(str(FILES / row.file), ReadOptions(columns=choice)))


def test_every_file_has_a_row() -> None:
    files = {path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file()}
    assert files == {row.file for row in ROWS}
