"""data/formats: what is written is read again, what a format cannot hold is refused, what CoNLL-U keeps."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli.data import reading
from rnncli.data.formats import columns
from rnncli.data.formats.format import Names, Wanted
from rnncli.data.formats.registry import FORMATS
from rnncli.data.reading import NAMELESS, Corpus, ReadOptions
from rnncli.data.sentence import Extra, Sentence
from rnncli.errors import DataError, UsageError

FILES = Path(__file__).parent.parent / "files"
WITH_COLUMNS = ("tsv", "conll", "conllu", "csv")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats") / "written"


def written(path: Path, sentences: Sequence[Sentence], file_format: str, names: Names = NAMELESS) -> Corpus:
    """Write sentences and read them again."""
    path.write_text("".join(FORMATS[file_format].write(sentences, names)), "utf-8", newline="")
    return reading.read(str(path), ReadOptions(file_format))


def cells() -> st.SearchStrategy[str]:
    # No NUL, of which a file of text has few, and no byte order mark, which is dropped where a line begins.
    characters = st.characters(codec="utf-8", exclude_characters="\r\n\t \0\ufeff")
    return st.text(st.one_of(st.sampled_from('#-_,;"|1O='), characters), min_size=1, max_size=6)


@st.composite
def corpora(draw: st.DrawFn) -> list[Sentence]:
    width = draw(st.integers(2, 4))
    row = st.lists(cells(), min_size=width, max_size=width).filter(lambda row: not "".join(row).isspace())
    sentences = draw(st.lists(st.lists(row, min_size=1, max_size=4), min_size=1, max_size=4))
    return [
        Sentence([row[0] for row in rows], [row[-1] for row in rows], [tuple(row[1:-1]) for row in rows], 1)
        for rows in sentences
    ]


@pytest.mark.parametrize("file_format", WITH_COLUMNS)
@given(corpus=corpora())
def test_what_is_written_is_read_again(path: Path, file_format: str, corpus: list[Sentence]) -> None:
    names = Names([f"f{i}" for i in range(len(corpus[0].columns[0]))])
    read = written(path, corpus, file_format, names)
    assert [sentence[:3] for sentence in corpus] == [sentence[:3] for sentence in read.sentences]


@pytest.mark.parametrize("file_format", WITH_COLUMNS)
def test_the_bundled_corpus_is_the_same_in_every_format(path: Path, file_format: str) -> None:
    corpus = reading.read(str(Path(__file__).parents[2] / "sample_data" / "train.tsv"))
    path.write_text("".join(FORMATS[file_format].write(corpus.sentences, corpus.names)), "utf-8", newline="")
    read = reading.read(str(path))  # the format is recognised
    assert file_format == read.format
    assert corpus.sha256 == read.sha256


WORDS = st.sampled_from(
    ["leave", "Taipei", "on", "the", "I", "O", "B-12", "#1", "1", "word", "yes,", "a|b", '"', ";"]
)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8))
def test_lines_of_words_are_texts_for_tag(lines: list[str]) -> None:
    """Also if all have equally many words; only tags at the ends of all lines make columns of them."""
    recognised = reading.recognise(lines, labelled=False).name
    if recognised != "text":
        last = [line.split(" ")[-1] for line in lines if not line.startswith("#")]
        assert ("conll", {"B-12", "O"}) == (recognised, {*last, "B-12", "O"})
        assert len(last) > 1


UNFIT = [
    ("a\tb", "O", ("tsv", "conll", "conllu"), r'"a⇥b" holds a TAB'),
    ("a b", "O", ("conll",), '"a b" holds a blank'),
    ("a\nb", "O", WITH_COLUMNS, r'"a\nb" holds a line end'),
    ("a\rb", "O", WITH_COLUMNS, r'"a\rb" holds a line end'),
    ("", "O", WITH_COLUMNS, '"" is empty'),
    ("a", "", WITH_COLUMNS, '"" is empty'),
    (" a", "O", ("tsv", "conllu", "csv"), '" a" has a blank at an end'),
    (" ", "O", ("conll", "conllu"), '" " '),
    ("a", " ", WITH_COLUMNS, '" " '),
    ("\ufeffa", "O", WITH_COLUMNS, r'"\ufeffa" begins with a byte order mark'),
    ("-DOCSTART-", "O", ("tsv", "conll", "conllu"), '"-DOCSTART-" would begin a document'),
    ("# text = a", "O", ("tsv",), '"# text = a" would be read as a comment'),
    ("\u3000", "\u00a0", ("tsv", "conll", "conllu"), r'"\u3000" would be read as a blank line'),
]


@pytest.mark.parametrize(
    ("token", "tag", "file_format", "message"),
    [(token, tag, name, message) for token, tag, formats, message in UNFIT for name in formats],
)
def test_what_a_format_cannot_hold_is_refused(token: str, tag: str, file_format: str, message: str) -> None:
    sentences = [Sentence(["a"], ["O"], [()], 1), Sentence([token, "b"], [tag, "O"], [(), ()], 7)]
    with pytest.raises(DataError) as caught:
        list(FORMATS[file_format].write(sentences, Names()))
    assert str(caught.value).startswith(f"line 7: {message}")
    assert str(caught.value).endswith(f", so {file_format} cannot hold it\n  write JSON Lines: --to jsonl")


UNCHANGED = ["plain.conllu", "contracted.conllu", "empty_nodes.conllu", "without_comments.conllu"]
UNCHANGED += ["plus_ner.conllup", "plus_upos.conllup", "plus_without_id.conllup"]


@pytest.mark.parametrize("name", UNCHANGED)
def test_conllu_gives_back_every_line(name: str) -> None:
    path = FILES / "conllu" / name
    corpus = reading.read(str(path), wanted=Wanted(cells=True))
    expected = path.read_text("utf-8").rstrip("\n") + "\n\n"
    assert expected == "".join(FORMATS["conllu"].write(corpus.sentences, corpus.names))


def test_conllu_with_other_tags_keeps_all_other_columns() -> None:
    path = FILES / "conllu" / "plain.conllu"
    corpus = reading.read(str(path), ReadOptions(columns="tag=XPOS"), Wanted(cells=True))
    sentences = [sentence._replace(tags=["Z"] * len(sentence.tags)) for sentence in corpus.sentences]
    expected = []
    for line in path.read_text("utf-8").splitlines():
        cells = line.split("\t")
        if cells[0].isdecimal():
            cells[4] = "Z"
        expected.append("\t".join(cells) + "\n")
    assert "".join(expected) == "".join(FORMATS["conllu"].write(sentences, corpus.names))


def test_conllu_without_its_cells_is_written_anew() -> None:
    corpus = reading.read(str(FILES / "conllu" / "plain.conllu"))
    lines = "".join(FORMATS["conllu"].write(corpus.sentences, corpus.names)).splitlines()
    assert "# text = I didn't go, Ann." == lines[2]
    assert ["1\tI\t_\tPRON\t_\t_\t_\t_\t_\t_", "2\tdid\t_\tAUX\t_\t_\t_\t_\t_\tSpaceAfter=No"] == lines[3:5]


def test_conllu_says_where_words_are_in_the_text() -> None:
    first = reading.read(str(FILES / "conllu" / "plain.conllu")).sentences[0]
    assert ("I didn't go, Ann.", [0, 2, 5, 9, 11, 13, 16]) == (first.extra.text, first.extra.starts)
    assert ("# newdoc id = d1", "# sent_id = 1") == (first.extra.document, first.extra.comments[1])
    assert [5, 6, 7] == [first.line_of(token) - 1 for token in (1, 2, 3)]
    contracted = reading.read(str(FILES / "conllu" / "contracted.conllu")).sentences[0]
    assert ("Vámonos al mar.", None) == (contracted.extra.text, contracted.extra.starts)


@pytest.mark.parametrize(
    ("rows", "text", "starts"),
    [
        ([("Go", "SpaceAfter=No"), ("!", "_")], "Go!", [0, 2]),
        ([("Go", "_"), ("!", "_")], None, None),  # nothing is said about blanks
        ([("Go", "Gloss=x|SpaceAfter=No"), (",", "_"), ("Ann", "SpaceAfter=No")], "Go, Ann", [0, 2, 4]),
    ],
)
def test_without_a_text_it_is_made_of_the_words_if_they_say_where_blanks_are(
    path: Path, rows: list[tuple[str, str]], text: str | None, starts: list[int] | None
) -> None:
    lines = [f"{i}\t{form}\t_\tX\t_\t_\t_\t_\t_\t{misc}\n" for i, (form, misc) in enumerate(rows, 1)]
    path.write_text("".join(lines), "utf-8")
    extra = reading.read(str(path)).sentences[0].extra
    assert (text, starts) == (extra.text, extra.starts)


def test_conllu_of_other_formats_has_the_text_and_its_blanks() -> None:
    extra = Extra(text="Go, Ann", starts=[0, 2, 4])
    upos = Sentence(["Go", ",", "Ann"], ["VERB", "PUNCT", "PROPN"], [()] * 3, 1, extra)
    expected = (
        "# text = Go, Ann\n1\tGo\t_\tVERB\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\t,\t_\tPUNCT\t_\t_\t_\t_\t_\t_\n"
        "3\tAnn\t_\tPROPN\t_\t_\t_\t_\t_\t_\n\n"
    )
    assert expected == "".join(FORMATS["conllu"].write([upos], Names()))
    spans = upos._replace(tags=["O", "O", "B-PER"], columns=[("VB",), (",",), ("NNP",)])
    expected = (
        "# global.columns = ID FORM POS MISC TAG\n# text = Go, Ann\n1\tGo\tVB\tSpaceAfter=No\tO\n2\t,\t,\t_\tO\n"
        "3\tAnn\tNNP\t_\tB-PER\n\n"
    )
    assert expected == "".join(FORMATS["conllu"].write([spans], Names(["pos"])))


@pytest.mark.parametrize("file_format", ["tsv", "conll"])
def test_documents_and_comments_are_kept(path: Path, file_format: str) -> None:
    second = Sentence(["b"], ["O"], [()], 1, Extra(document="-DOCSTART- -X- O", comments=("# sent_id = 2",)))
    corpus = [Sentence(["a"], ["O"], [()], 1, Extra(comments=("# made by hand",))), second]
    read = written(path, corpus, file_format).sentences
    assert ["a", "b"] == [token for sentence in read for token in sentence.tokens]
    assert [("# made by hand",), ("# sent_id = 2",)] == [sentence.extra.comments for sentence in read]
    assert [None, "-DOCSTART- -X- O"] == [sentence.extra.document for sentence in read]


@pytest.mark.parametrize("file_format", ["tsv", "conll", "conllu", "csv"])
def test_sentences_without_tags_can_be_written(path: Path, file_format: str) -> None:
    path.write_text("".join(FORMATS[file_format].write([Sentence(["a", "b"], [], [], 1)], Names())), "utf-8")
    read = reading.read(str(path), ReadOptions(file_format), Wanted(labelled=False))
    assert [["a", "b"]] == [sentence.tokens for sentence in read.sentences]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("token", '--columns: "token" is not ROLE=COLUMN'),
        ("token=", '--columns: "token=" is not ROLE=COLUMN'),
        ("token=1,token=2", '--columns: "token" is given twice'),
        ("token=0", "--columns: columns are numbered from 1, or from -1 for the last"),
        ("tokens=1,tag=2", '--columns: "tokens" would be a feature'),
        ("word=1,tag=2", '--columns: "word" would be a feature'),
        ("token=1,ner=2", '--columns: "ner" would be a feature'),
    ],
)
def test_a_choice_of_columns_that_cannot_be_understood_is_refused(choice: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        columns.parse(choice)
    assert message == caught.value.message
    assert caught.value.hint


def test_a_choice_of_columns() -> None:
    assert {"token": "2", "tag": "-1", "ner": "x y"} == columns.parse("token=2, tag=-1,ner=x y")


def test_lines_that_occur_again_are_read_alike_where_comments_depend_on_their_place(path: Path) -> None:
    """Columns of lines are remembered; a line that begins with # is judged each time."""
    path.write_text("# id a\tO\nx\tO\n# id a\tO\n\n# id a\tO\ny\tO\n\n" * 3, "utf-8")
    read = reading.read(str(path)).sentences
    assert [["x", "# id a"], ["y"]] * 3 == [sentence.tokens for sentence in read]
