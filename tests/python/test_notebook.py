"""How results show themselves: in one short line, and in a notebook as safe HTML."""

import base64
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

import rnncli
from rnncli.data.reading import Corpus
from rnncli.tables import Shade, percent, table
from rnncli.trained import Trained

VOID = {"img", "br", "meta"}
HOSTILE = "</td><script>alert(1)</script>&\x1b[31m\u202e\"'"


class Outline(HTMLParser):
    """The elements of a piece of HTML, its words without styles, and the pictures in it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.styles: list[str] = []
        self.pictures: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert [] == self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert not [name for name in attributes if name.startswith("on")]
        self.tags.append(tag)
        self.styles.append(attributes.get("style") or "")
        if tag == "img":
            kind, data = (attributes["src"] or "").split(",", 1)
            assert "data:image/svg+xml;base64" == kind
            self.pictures.append(base64.b64decode(data).decode())
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)


def shown(result: Any) -> Outline:
    source = result._repr_html_()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", source)
    assert "http" not in re.sub(r'src="data:[^"]*"', "", source)
    outline = Outline(source)
    assert not {"script", "iframe", "link", "object", "form"} & set(outline.tags)
    for picture in outline.pictures:
        ElementTree.fromstring(picture)
    return outline


def test_everything_has_a_short_repr(trained: Trained) -> None:
    tagger = rnncli.load(trained.path)
    sentences = rnncli.read([(["word"] * 5_000, ["O"] * 5_000)] * 2)
    results = {
        "<trained bidirectional, 1 × 8 lstm, crf; dev F1 ": trained,
        "<model bidirectional, 1 × 8 lstm, crf; ": trained.model,
        "<tagger with <model ": tagger,
        "<tagged leave [New York: departure] on [Sunday: departure_time]>": tagger.tag("leave New York on Sunday"),
        "<tagged word word ": tagger.tag("word " * 5_000),
        "<scores F1 ": trained.dev,
        "<sentence word/O word/O ": sentences[0],
        "<2 sentences of train.tsv>": Corpus("train.tsv", sentences),
        "<memory of bidirectional: 'leave'>": rnncli.inspect_memory(trained, "leave"),
        "<gradients by distance over 2 tokens: layer 1 forward ": rnncli.inspect_gradients(trained, "leave now"),
        "<report on <data> (1 sentences): 0 faults>": rnncli.check([(["a", "b"], ["O", "B-x"])]),
    }
    for beginning, result in results.items():
        assert repr(result).startswith(beginning)
        assert len(repr(result)) <= 320
        assert "\n" not in repr(result)


def test_labelled_texts_have_their_spans_as_marks(trained: Trained) -> None:
    outline = shown(rnncli.load(trained.path).tag("leave New York on Sunday"))
    assert "leave New Yorkdeparture on Sundaydeparture_time" == "".join(outline.words).strip()
    assert 2 == outline.tags.count("mark")
    shown(rnncli.load(trained.path).tag(HOSTILE))
    shown(rnncli.inspect_memory(trained, HOSTILE))


def test_tags_that_mark_no_spans_are_marks_too() -> None:
    data = [(["she", "sleeps"], ["PRON", "VERB"]), (["he", "eats"], ["PRON", "VERB"])] * 4
    tagger = rnncli.SequenceTagger(hidden=4, embedding=4, ngram=4, epochs=30, learning_rate=0.05)
    tagger.fit(*zip(*data, strict=True))
    assert "shePRON sleepsVERB" in "".join(shown(tagger.tagger_.tag("she sleeps")).words)


def test_scores_are_a_table(trained: Trained) -> None:
    scores = trained.dev
    words = shown(scores).words
    for kind, count in scores.per_type.items():
        row = words.index(kind)
        assert [percent(count.precision), percent(count.recall), percent(count.f1)] == words[row + 1 : row + 4]
        assert f"{count.gold:,}" == words[row + 4]
    assert words[-5] == "all"


def test_a_training_shows_its_curves(trained: Trained) -> None:
    outline = shown(trained)
    assert str(trained.path) in outline.words
    assert 2 == len(outline.pictures)
    for name, picture in zip(("loss", "score"), outline.pictures, strict=True):
        assert f">{name}<" in picture
        (line,) = re.findall(r'<polyline points="([^"]+)"', picture)
        assert len(trained.history) == len(line.split())


def test_memories_are_maps_with_a_row_for_each_token(trained: Trained) -> None:
    document = rnncli.inspect_memory(trained, "arrive New York", "leave New York")
    outline = shown(document)
    titles = [word for word in outline.words if "full colour at" in word]
    assert 2 * 3 == len(titles)  # for each text what tags rest on, and two memories
    assert any(title.startswith("layer 1 forward (a): the memory after each token") for title in titles)
    assert outline.tags.count("tr") == 2 * (1 + 3 * 3)  # a head for what tags rest on
    grounds = [style.partition("background:")[2] for style in outline.styles if "background:" in style]
    units = 2 * 3 * 8
    assert 2 * (3 * 3 + units) == len(grounds)
    assert {"#f0913a", "#6aa5e3"} & set(grounds)  # the largest value has the full colour
    assert 2 * 3 * 3 == sum("color:#000" in style for style in outline.styles)  # those with letters


def test_a_type_has_one_tone_in_all_texts() -> None:
    document = rnncli.inspect_memory(None, "arrive Taipei", "leave Taipei")
    tones = set(re.findall(r'<mark class="([^"]+)".*?<b><bdi>(\w+)', document._repr_html_()))
    assert {"departure", "destination"} == {kind for _, kind in tones}
    assert 2 == len(dict(tones))  # each type has one tone, in both texts, and no other has it


def test_a_corpus_shows_how_much_decisions_need(trained: Trained, booking_tsv: Any) -> None:
    words = shown(rnncli.inspect_memory(trained, data=booking_tsv)).words
    assert "Memory over 30 sentences" in words
    assert "only the tokens before" in words


def test_gradients_are_curves_and_verdicts(trained: Trained) -> None:
    gradients = rnncli.inspect_gradients(trained, "leave New York on Sunday")
    outline = shown(gradients)
    assert 1 == len(outline.pictures)
    for verdict in gradients.verdicts:
        assert {verdict.name, verdict.word} <= set(outline.words)


def test_a_report_lists_faults_and_escapes_what_they_quote(tmp_path: Any) -> None:
    path = tmp_path / "<b>.tsv"
    path.write_text(f"a\tO\nb\tB-x\n{HOSTILE}\n\nc\tB_x\n", "utf-8")
    words = "".join(shown(rnncli.check(path)).words)
    assert "<b>.tsv:3" in words
    assert "</td><script>" in words


@pytest.mark.parametrize("share", [-1.0, -0.4, 0.0, 0.4, 1.0])
def test_black_letters_can_be_read_on_every_shade(share: float) -> None:
    (style,) = [s for s in Outline(table("", [], [[Shade(share, "x")]])).styles if "background" in s]
    colour = bytes.fromhex(style.partition("background:#")[2])
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert (luminance + 0.05) / 0.05 >= 4.5
