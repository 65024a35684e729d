"""Round trips: what is written in a format is read again as the same; what it cannot hold is refused or counted."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncli.config import ReadOptions
from rnncli.data.conversion import Conversion
from rnncli.data.formats.charspans import iob2
from rnncli.data.formats.format import Names, Wanted
from rnncli.data.formats.registry import FORMATS
from rnncli.data.reading import Corpus, read
from rnncli.data.sentence import Extra, Sentence
from rnncli.data.tags import Span
from rnncli.errors import DataError

HOLDS_TAGS = [name for name, row in FORMATS.items() if "tags" not in row.lacks]
KEEPS_TOKENS = [name for name in HOLDS_TAGS if "tokens" not in FORMATS[name].lacks]

NASTY = [
    *[
        '"',
        "'",
        ",",
        "#",
        "##",
        "-DOCSTART-",
        "a,b",
        'say "x"',
        "1-2",
        "1.1",
        "_",
        "\\",
        "\\n",
        "[1]",
        "{",
        "null",
        " ",
    ],
    *[
        "a b",
        "\u2028",
        "\u00a0",
        "\u0085",
        "x\u00a0y",
        "\ufeff",
        "\ufeffa",
        "👩🏽‍🚀",
        "🇹🇼",
        "שלום",
        "مرحبا",
        "e\u0301",
        "\x1b[31m",
    ],
]
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n")
plain_texts = st.text(st.sampled_from("abcÄß台北1.-"), min_size=1, max_size=6)
nasty_texts = plain_texts | st.sampled_from(NASTY) | st.text(characters, min_size=1, max_size=6)


class File(NamedTuple):
    """Sentences and the names of their columns."""

    sentences: list[Sentence]
    names: Names


@st.composite
def files(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> File:
    """Sentences with spans, columns, and now and then a text, comments, the start of a document, further fields."""
    width = draw(st.integers(0, 2))
    names = draw(st.sampled_from([("", ""), ("pos", "shape"), ("2", "3")]))[:width]
    sentences = []
    line = 1
    for _ in range(draw(st.integers(1, 3))):
        tokens = draw(st.lists(texts, min_size=1, max_size=5))
        spans = []
        start = 0
        while start < len(tokens):
            length = draw(st.integers(0, len(tokens) - start))
            if length:
                spans.append(Span(draw(st.sampled_from(["PER", "x-y", "B-B", "台北", "O"])), start, start + length))
            start += max(1, length)
        columns = [tuple(draw(texts) for _ in range(width)) for _ in tokens]
        sentences.append(Sentence(tokens, iob2(spans, len(tokens)), columns, line, draw(extras(tokens))))
        line += len(tokens) + 1
    return File(sentences, Names(names))


@st.composite
def extras(draw: st.DrawFn, tokens: Sequence[str]) -> Extra:
    text = None
    starts = None
    if draw(st.booleans()):
        text = draw(st.sampled_from(["", " "]))
        starts = []
        for token in tokens:
            starts.append(len(text))
            text += token + draw(st.sampled_from(["", " ", "  "]))
    comments = draw(st.sampled_from([(), ("# sent_id = 1",), ("# a note = b", "# sent_id = 2")]))
    document = draw(st.sampled_from([None, None, "-DOCSTART- O"]))
    fields = draw(st.sampled_from([None, {"id": 1}, {"id": "a", "meta": {"x": [None, 1.5, "ä"]}, "lang": ["en"]}]))
    return Extra(None, text, starts, comments, document, fields=fields)


def round_trip(file: File, name: str) -> Corpus:
    """What is read of a file that is written in a format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text("".join(FORMATS[name].write(file.sentences, file.names)), "utf-8", newline="")
        return read(str(path), ReadOptions(format=name), Wanted(cells=True))


def content(sentences: Sequence[Sentence]) -> list[tuple[list[str], list[str], list[tuple[str, ...]]]]:
    return [(sentence.tokens, sentence.tags, sentence.columns) for sentence in sentences]


def held(sentence: Sentence, keeps: frozenset[str]) -> dict[str, object]:
    """What a sentence has beside tokens, tags and columns, as far as a format keeps it."""
    extra = sentence.extra
    return {
        "comments": extra.comments if "comments" in keeps else (),
        "documents": extra.document is not None and "documents" in keeps,
        "text": extra.text if "text" in keeps else None,
        "fields": extra.fields or None if "fields" in keeps else None,
    }


@pytest.mark.parametrize("name", KEEPS_TOKENS)
@settings(deadline=None, max_examples=60)
@given(file=files(nasty_texts))
def test_what_is_written_is_read_again_or_refused(name: str, file: File) -> None:
    row = FORMATS[name]
    if "columns" in row.lacks:
        file = without_columns(file)
    try:
        corpus = round_trip(file, name)
    except DataError as error:
        assert "cannot hold" in str(error) and name not in ("json", "jsonl")
        return
    assert content(file.sentences) == content(corpus.sentences)


@pytest.mark.parametrize("name", ["json", "jsonl"])
@settings(deadline=None, max_examples=100)
@given(file=files(nasty_texts))
def test_json_keeps_all_that_a_sentence_has(name: str, file: File) -> None:
    corpus = round_trip(file, name)
    keeps = FORMATS[name].keeps
    assert [held(s, keeps) for s in file.sentences] == [held(s, keeps) for s in corpus.sentences]
    starts = [list(s.extra.starts) if s.extra.starts is not None else None for s in file.sentences]
    assert starts == [s.extra.starts for s in corpus.sentences]
    if set(file.names.features) == {"pos", "shape"}:
        assert file.names.features == corpus.names.features


@pytest.mark.parametrize("first", KEEPS_TOKENS)
@pytest.mark.parametrize("second", KEEPS_TOKENS)
@settings(deadline=None, max_examples=10)
@given(file=files(plain_texts))
def test_over_another_format_and_back(first: str, second: str, file: File) -> None:
    rows = [FORMATS[first], FORMATS[second]]
    if any("columns" in row.lacks for row in rows):
        file = without_columns(file)
    start = round_trip(file, first)
    there = round_trip(File(start.sentences, start.names), second)
    back = round_trip(File(there.sentences, there.names), first)
    assert content(file.sentences) == content(back.sentences)
    keeps = rows[0].keeps & rows[1].keeps & {"documents", "fields"}
    assert [held(s, keeps) for s in start.sentences] == [held(s, keeps) for s in back.sentences]


@pytest.mark.parametrize("name", ["doccano", "label-studio"])
@settings(deadline=None, max_examples=60)
@given(file=files(st.sampled_from(["Mara", "台", "flew", "Oslo", "x9"])))
def test_a_text_with_spans_gives_the_same_spans(name: str, file: File) -> None:
    spaced = [s._replace(extra=Extra(text=None, fields=s.extra.fields)) for s in file.sentences]
    corpus = round_trip(without_columns(File(spaced, file.names)), name)
    assert [s.tags for s in spaced] == [s.tags for s in corpus.sentences]
    assert [s.tokens for s in spaced] == [s.tokens for s in corpus.sentences]
    assert [s.extra.fields for s in spaced] == [s.extra.fields for s in corpus.sentences]


def without_columns(file: File) -> File:
    return File([s._replace(columns=[()] * len(s.tokens)) for s in file.sentences], Names())


def test_starts_that_do_not_follow_from_the_text_are_kept() -> None:
    sentence = Sentence(["a", " "], ["O", "O"], [(), ()], 1, Extra(text="a  ", starts=[0, 2]))
    assert [0, 2] == round_trip(File([sentence], Names()), "jsonl").sentences[0].extra.starts


def test_what_a_format_cannot_keep_is_counted() -> None:
    extra = Extra(
        text="a  b", comments=("# c = d",), document="-DOCSTART-", fields={"id": 1, "url": ""}, rows=((0, "1-2"),)
    )
    sentence = Sentence(["a", "b"], ["O", "B-x"], [("N", "M")] * 2, 1, extra)

    def losses(name: str) -> list[str]:
        conversion = Conversion(FORMATS[name])
        assert list(conversion.write([sentence, sentence], Names(("pos", ""))))
        assert (conversion.sentences, conversion.tokens) == (2, 4)
        return conversion.losses()

    text = "texts as they were typed (2)"
    rows = "rows that are no tokens (2)"
    fields = "further fields (id, url)"
    assert losses("jsonl") == [rows]
    assert losses("tsv") == ["names of columns (1)", rows, text, fields]
    assert losses("prodigy") == ["columns (2)", "comments (2)", "document ends (2)", rows]
    assert losses("text") == ["tags (4)", "columns (2)", "comments (2)", "document ends (2)", rows, fields]


def test_a_text_that_would_be_cut_otherwise_is_counted() -> None:
    sentences = [
        Sentence(["do", "n't"], ["O", "O"], [(), ()], 1, Extra(text="don't")),
        Sentence(["a"], ["O"], [()], 3),
    ]
    conversion = Conversion(FORMATS["doccano"])
    assert list(conversion.write(sentences, Names()))
    assert conversion.losses() == ["tokens of sentences that would be cut otherwise (1)"]
