"""tagging.py: texts in, labelled texts out, in order."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli import api
from rnncli.api import Trained
from rnncli.data import tags
from rnncli.data.tokenize import Token, tokenize
from rnncli.model import Model, load
from rnncli.tagging import TaggedSpan, TaggedToken, Tagger, joined

TEXT = "  leave New York,\ton May 2nd"


@pytest.fixture
def tagger(tiny: Model) -> Tagger:
    return Tagger(tiny)


def test_tokens_keep_their_offsets_and_get_tags_and_probabilities(tagger: Tagger) -> None:
    tagged = tagger.tag(TEXT)
    encoded = tagger.model.encode([["leave", "New", "York", ",", "on", "May", "2nd"]])
    predicted = tagger.model.predict(encoded)
    expected = [
        TaggedToken(*token, tagger.model.tags[number], probability)
        for token, number, probability in zip(
            tokenize(TEXT, "words"), predicted.tags.tolist(), predicted.probabilities.tolist(), strict=True
        )
    ]
    assert TEXT == tagged.text
    assert expected == tagged.tokens


def test_spans_join_tokens_and_multiply_their_probabilities(tagger: Tagger) -> None:
    tagged = tagger.tag(TEXT)
    expected = []
    for kind, first, end in tags.spans([token.tag for token in tagged.tokens]):
        tokens = tagged.tokens[first:end]
        start, stop = tokens[0].start, tokens[-1].end
        probability = math.prod(token.probability for token in tokens)
        expected.append(TaggedSpan(kind, TEXT[start:stop], start, stop, probability))
    assert expected == tagged.spans
    # The model has learned enough for a span of two words to be among them.
    assert "New York" in [span.text for span in tagged.spans]


def test_probabilities_are_those_of_the_likeliest_tag(tagger: Tagger) -> None:
    y = tagger.model.trace(["leave", "Taipei"]).y
    expected = [(tagger.model.tags[int(row.argmax())], float(row.max())) for row in y]
    found = [(token.tag, token.probability) for token in tagger.tag("leave Taipei").tokens]
    assert expected == found


def test_a_text_without_tokens_has_an_empty_result(tagger: Tagger) -> None:
    for text in ("", " \t "):
        assert (text, [], []) == tuple(tagger.tag(text))
    assert ("", [], []) == tuple(tagger.tag_tokens([]))


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_a_stream_gives_one_result_a_text_in_order(tagger: Tagger, block: int) -> None:
    texts = ["leave Taipei", "", "arrive New York on Sunday", " ", "hello there .", "leave Taipei"]
    assert texts == [tagged.text for tagged in tagger.stream(texts, block)]
    assert [tagger.tag(text).tokens for text in texts] == [tagged.tokens for tagged in tagger.stream(texts, block)]


def test_a_stream_reads_no_further_than_the_block_that_it_needs(tagger: Tagger) -> None:
    read = []

    def texts() -> Iterator[str]:
        for i in range(1_000_000):
            read.append(i)
            yield "leave Taipei"

    results = tagger.stream(texts(), block=3)
    assert [] == read
    next(results)
    assert [0, 1, 2] == read


def test_an_empty_stream_ends_at_once(tagger: Tagger) -> None:
    assert [] == list(tagger.stream([]))


def test_tokens_that_are_cut_already_are_not_cut_again(tagger: Tagger) -> None:
    tagged = tagger.tag_tokens(["leave", "New York,", "!?"])
    assert "leave New York, !?" == tagged.text
    assert [("leave", 0, 5), ("New York,", 6, 15), ("!?", 16, 18)] == [tuple(token[:3]) for token in tagged.tokens]


@given(st.lists(st.text(max_size=4), max_size=6))
def test_joined_tokens_stand_where_their_offsets_say(tokens: list[str]) -> None:
    text, found = joined(tokens)
    assert tokens == [text[token.start : token.end] for token in found]
    assert " ".join(tokens) == text


def test_joined_tokens_are_separated_by_one_blank() -> None:
    assert ("台北 on", [Token("台北", 0, 2), Token("on", 3, 5)]) == joined(["台北", "on"])


def test_the_json_contract(tagger: Tagger) -> None:
    result = tagger.tag("leave New York").as_dict()
    assert ["tokens", "spans"] == list(result)
    assert ["text", "start", "end", "tag", "probability"] == list(result["tokens"][0])
    assert ["type", "text", "start", "end", "probability"] == list(result["spans"][0])
    assert {"leave": (0, 5), "New": (6, 9), "York": (10, 14)} == {
        token["text"]: (token["start"], token["end"]) for token in result["tokens"]
    }


def test_plain_tags_make_no_spans(tiny: Model) -> None:
    tiny.scheme = "plain"
    tagged = Tagger(tiny).tag(TEXT)
    assert (7, []) == (len(tagged.tokens), tagged.spans)


def test_threads_change_no_result(tiny: Model) -> None:
    texts = ["leave New York on May 2nd", "hello there ."] * 400
    assert list(Tagger(tiny, 1).stream(texts)) == list(Tagger(tiny, 3).stream(texts))


def test_a_loaded_model_labels_as_the_trained_one(trained: Trained) -> None:
    opened = api.load(trained.path)
    assert Tagger(trained.model).tag(TEXT) == opened.tag(TEXT)
    assert Tagger(load(trained.path)).tag(TEXT) == opened.tag(TEXT)


def test_characters_are_labelled_one_by_one(tiny: Model) -> None:
    tiny.tokenizer = "characters"
    text = "十一月二日抵達台北"
    tokens = Tagger(tiny).tag(text).tokens
    assert [(character, i, i + 1) for i, character in enumerate(text)] == [tuple(token[:3]) for token in tokens]
