"""Files that cannot be right in any format, and files that look odd and may be right."""

import re
from pathlib import Path

import pytest
from file_rows import FILES, Row, check, check_files, columns, plausible

from rnncli.data import reading

FORCE = "\n  --force reads it as it is"
REFUSED = [  # what cannot be right in any format
    Row(
        "refused/brackets.txt",
        error='brackets.txt: the tags are brackets around spans, such as "(NP*", of which no span is read'
        "\n  write the spans as IOB2: B-x, I-x and O" + FORCE,
    ),
    Row(
        "refused/brat.ann",
        error="brat.ann:1: lines of annotations in a text of another file, as brat writes them: "
        '"PER 0 12"\n  every line needs a token and its tag' + FORCE,
    ),
    Row(
        "refused/documents_first.txt",
        error="documents_first.txt:2: all tokens of a sentence are the same, such as "
        '"bc/cctv/00/cctv_0000"'
        "\n  choose the columns: --columns token=4,tag=5" + FORCE,
    ),
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
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/lemmas_last.tsv",
        error='lemmas_last.tsv: the tags are mostly the tokens themselves or their lemmas: "the"'
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/lines_numbered.txt",
        error='lines_numbered.txt:1: the token column counts, from "1" on'
        "\n  choose the columns: --columns token=2,tag=4" + FORCE,
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
        error="offsets_last.tsv: almost as many tags as tokens: 20 tags, 20 tokens"
        "\n  choose the columns: --columns token=1,tag=2" + FORCE,
    ),
    Row(
        "refused/parts_of_speech_first.txt",
        error='parts_of_speech_first.txt:1: the token column holds the tags: "PROPN", "VERB", "ADP"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/penn_tags_first.txt",
        error='penn_tags_first.txt:1: the token column holds the tags: "NNP", "VBD", "IN"'
        "\n  choose the columns: --columns token=2,tag=1" + FORCE,
    ),
    Row(
        "refused/sentences_by_number.tsv",
        error='sentences_by_number.tsv:1: the token column holds the number of the sentence, from "1" on'
        "\n  choose the columns: --format csv --columns sentence=1,token=2,tag=3" + FORCE,
    ),
    Row(
        "refused/sentences_by_number.tsv",
        "csv",
        [('Mara went " north', "B-PER O O O"), ("She left Oslo", "O O B-LOC"), ("Thanks .", "O O")],
        options=columns("sentence=1,token=2,tag=3", "csv"),
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

ROWS = [*REFUSED, *UNUSUAL]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.file)
def test_a_file_gives_its_sentences_or_its_error(row: Row, tmp_path: Path) -> None:
    check(row, tmp_path)


def test_every_file_has_a_row() -> None:
    check_files(ROWS, ["refused", "unusual"])


CURED = [row for row in REFUSED if "--columns" in row.error]


@pytest.mark.parametrize("row", CURED, ids=lambda row: row.file)
def test_the_columns_that_a_message_names_make_the_file_plausible(row: Row) -> None:
    choice = re.findall(r"--columns (\S+)", row.error)[0]
    file_format = "csv" if "--format csv" in row.error else "auto"
    plausible(reading.read(str(FILES / row.file), columns(choice, file_format)))
