"""tagging.py: texts in, labelled texts out, in order."""

import copy
import dataclasses
import json
import math
import multiprocessing
import pickle
import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncli import api, evaluation, labelling, training
from rnncli.api import Trained
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.formats import token_lines
from rnncli.data.sentence import Sentence
from rnncli.data.tags import PLAIN
from rnncli.data.tokenize import Token, tokenizer
from rnncli.errors import DataError, UsageError
from rnncli.labelling import Labeller
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.plain import crf as chain
from rnncli.plain.decoding import learned
from rnncli.tagging import Reading, Tagged, TaggedSpan, TaggedToken, Tagger, joined

TEXT = "  leave New York,\ton May 2nd"


@pytest.fixture
def tagger(tiny: Model) -> Tagger:
    return Tagger(tiny)


def test_tokens_keep_their_offsets_and_get_tags_and_probabilities(tagger: Tagger) -> None:
    tagged = tagger.tag(TEXT)
    encoded = tagger.model.encode([["leave", "New", "York", ",", "on", "May", "2nd"]])
    [(_, _, predicted)] = Labeller(tagger.model).stream([(None, encoded)])
    expected = [
        TaggedToken(*token, tagger.model.tags[number], probability)
        for token, number, probability in zip(
            tokenizer("words").tokenize(TEXT),
            predicted.tags.tolist(),
            predicted.probabilities.tolist(),
            strict=True,
        )
    ]
    assert TEXT == tagged.text
    assert expected == tagged.tokens


def test_spans_join_tokens_and_multiply_their_probabilities(tagger: Tagger) -> None:
    tagged = tagger.tag(TEXT)
    expected = []
    for kind, first, end in tagger.model.scheme.spans([token.tag for token in tagged.tokens]):
        tokens = tagged.tokens[first:end]
        start, stop = tokens[0].start, tokens[-1].end
        probability = math.prod(token.probability for token in tokens)
        expected.append(TaggedSpan(kind, TEXT[start:stop], start, stop, probability))
    assert expected == tagged.spans
    # The model has learned enough for a span of two words to be among them.
    assert "New York" in [span.text for span in tagged.spans]


def test_probabilities_are_those_of_the_likeliest_tag(tagger: Tagger) -> None:
    model = tagger.model
    model.network_spec = dataclasses.replace(model.network_spec, decoder="softmax", transitions="any")
    y = labelling.trace(model, model.encode([["leave", "Taipei"]])).y
    expected = [(model.tags[int(row.argmax())], float(row.max())) for row in y]
    found = [(token.tag, token.probability) for token in tagger.tag("leave Taipei").tokens]
    assert [tag for tag, _ in expected] == [tag for tag, _ in found]
    assert [p for _, p in expected] == pytest.approx([p for _, p in found])


def test_probabilities_of_a_chain_are_marginals(tagger: Tagger) -> None:
    model, by = tagger.model, tagger.model.chain()
    assert ("crf", True) == (model.network_spec.decoder, by is not None)
    o = labelling.trace(model, model.encode([["leave", "New", "York"]])).o
    own = learned(model.network_spec, model.parameters)  # what the scheme forbids plays no part in them
    expected, best = chain.marginals(o, *own), chain.viterbi(o, *by).tolist()
    tokens = tagger.tag("leave New York").tokens
    assert [model.tags[number] for number in best] == [token.tag for token in tokens]
    assert [expected[t, number] for t, number in enumerate(best)] == pytest.approx([t.probability for t in tokens])


def test_a_text_without_tokens_has_an_empty_result(tagger: Tagger) -> None:
    for text in ("", " \t "):
        assert (text, [], [], []) == tuple(tagger.tag(text))
    assert ("", [], [], []) == tuple(tagger.tag_tokens([]))


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_a_stream_gives_one_result_a_text_in_order(tagger: Tagger, block: int) -> None:
    texts = ["leave Taipei", "", "arrive New York on Sunday", " ", "hello there .", "leave Taipei"]
    assert texts == [tagged.text for tagged in tagger.stream(texts, block)]
    assert [tagger.tag(text).tokens for text in texts] == [tagged.tokens for tagged in tagger.stream(texts, block)]


@pytest.mark.parametrize(("block", "ahead"), [(1, 0), (3, 6)])
def test_a_stream_reads_two_blocks_ahead_and_none_where_somebody_types(
    block: int, ahead: int, tagger: Tagger
) -> None:
    read = []

    def texts() -> Iterator[str]:
        for i in range(1_000_000):
            read.append(i)
            yield "leave Taipei"

    results = tagger.stream(texts(), block=block)
    assert [] == read
    next(results)
    assert list(range(block + ahead)) == read
    results.close()


def test_lines_of_token_and_tag_are_those_of_the_results(tagger: Tagger) -> None:
    texts = ["leave Taipei on November 2nd", "", "   ", "arrive Taipei", "", "x"] * 3
    expected = [
        token_lines.format_sentence((token.text, token.tag) for token in each.tokens)
        for each in tagger.stream(texts)
    ]
    for block in (1, 2, 5, 100):
        assert "".join(expected) == "".join(tagger.tsv(texts, block))
    rows = [Sentence(text.split(), [], [()] * len(text.split()), 1) for text in texts]
    assert "".join(expected) == "".join(tagger.tsv_sentences(rows, 4))


@pytest.mark.parametrize("sound", [0, 4, 5])
def test_what_was_read_before_a_fault_is_labelled(tagger: Tagger, sound: int) -> None:
    def texts() -> Iterator[str]:
        yield from ["leave Taipei"] * sound
        raise DataError("broken")

    found = []
    with pytest.raises(DataError, match="broken"):
        for each in tagger.stream(texts(), block=2):
            found.append(each.text)
    assert ["leave Taipei"] * sound == found
    lines = []
    with pytest.raises(DataError, match="broken"):
        for block in tagger.tsv(texts(), block=2):
            lines.append(block)
    assert "".join(tagger.tsv(["leave Taipei"] * sound)) == "".join(lines)


STREAMS = ("stream", "stream_sentences", "tsv", "tsv_sentences")


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("odd", [0, -1, 2.5, "2", None, True, [1]])
def test_a_block_is_at_least_one_sentence(tagger: Tagger, name: str, odd: Any) -> None:
    """It is refused at once, not when the first result is asked for."""
    hint = "it is how many sentences are labelled at a time"
    message = f"block: expected a whole number of at least 1, got {odd!r}\n  {hint}"
    with pytest.raises(UsageError) as caught:
        getattr(tagger, name)([], odd)
    assert message == str(caught.value)
    assert [] == list(getattr(tagger, name)([], np.int64(2)))


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("odd", ["leave Taipei", b"leave", None, 3])
def test_one_text_is_not_several(tagger: Tagger, name: str, odd: Any) -> None:
    with pytest.raises(UsageError, match=rf"^(texts|sentences): expected several (texts|sentences), got {odd!r}\n"):
        getattr(tagger, name)(odd)


ODD_TEXTS: list[tuple[Any, str]] = [
    (None, "got None\n  tag_tokens(tokens) labels a list of tokens"),
    (3, "got 3\n  tag_tokens(tokens) labels a list of tokens"),
    (["leave", "Taipei"], "got ['leave', 'Taipei']\n  tag_tokens(tokens) labels a list of tokens"),
    (b"leave", "got b'leave'\n  decode it: value.decode(\"utf-8\")"),
]


@pytest.mark.parametrize(("odd", "got"), ODD_TEXTS)
def test_what_is_no_text_is_refused_and_what_came_before_it_is_labelled(tagger: Tagger, odd: Any, got: str) -> None:
    texts = ["leave Taipei", "hello", odd, "leave"]
    for call in (lambda: tagger.tag(odd), lambda: list(tagger.tsv(texts))):
        with pytest.raises(UsageError) as caught:
            call()
        assert f"text: expected a text, {got}" == str(caught.value)
    for block in (1, 2, 100):
        labelled = []
        with pytest.raises(UsageError):
            for tagged in tagger.stream(texts, block):
                labelled.append(tagged.text)
        assert texts[:2] == labelled


ROWS = "\n  give a tuple for each token"
ODD_TOKENS: list[tuple[Any, Any, str]] = [
    ("leave", None, "tokens: expected a list of texts, got 'leave'\n  tag(text) cuts a text into tokens"),
    (b"leave", None, "tokens: expected a list of texts, got b'leave'\n  tag(text) cuts a text into tokens"),
    (None, None, "tokens: expected a list of texts, got None\n  tag(text) cuts a text into tokens"),
    (["leave", 3], None, "tokens, number 2: expected a text, got 3"),
    (["leave", None], None, "tokens, number 2: expected a text, got None"),
    ([["leave"]], None, "tokens, number 1: expected a text, got ['leave']"),
    (["a", "b"], [("x",)], f"columns: expected as many as tokens, which are 2, got [('x',)]{ROWS}"),
    (["a"], [(), ()], f"columns: expected as many as tokens, which are 1, got [(), ()]{ROWS}"),
    (["a"], [], f"columns: expected as many as tokens, which are 1, got []{ROWS}"),
    (["a"], 3, f"columns: expected a list, got 3{ROWS}"),
    (["a"], "x", f"columns: expected a list, got 'x'{ROWS}"),
    (["a"], ["xy"], f"columns: expected a list of texts, got 'xy'{ROWS}"),
    (["a"], [("x", 3)], "columns, number 2: expected a text, got 3"),
]  # fmt: skip


@pytest.mark.parametrize(("tokens", "columns", "message"), ODD_TOKENS)
def test_what_are_no_tokens_is_refused(tagger: Tagger, tokens: Any, columns: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        tagger.tag_tokens(tokens, columns)
    assert message == str(caught.value)


@pytest.mark.parametrize("name", ["stream_sentences", "tsv_sentences"])
@pytest.mark.parametrize(
    ("odd", "message"),
    [
        ("leave Taipei", "sentence: expected a Sentence of rnncli.data.sentence, got 'leave Taipei'"),
        (["leave"], "sentence: expected a Sentence of rnncli.data.sentence, got ['leave']"),
        (Sentence("leave", [], [], 1), "tokens: expected a list of texts, got 'leave'"),  # type: ignore[arg-type]
        (Sentence(["leave", 3], [], [], 1), "tokens, number 2: expected a text, got 3"),  # type: ignore[list-item]
        (Sentence(["a"], [], [("x",)] * 2, 1), "columns: expected as many as tokens, which are 1, got"),
        (Sentence(["a"], [], ["x"], 1), "columns: expected a list of texts, got 'x'"),  # type: ignore[list-item]
    ],
)
def test_what_is_no_sentence_is_refused(tagger: Tagger, name: str, odd: Any, message: str) -> None:
    with pytest.raises(UsageError, match="^" + re.escape(message)):
        list(getattr(tagger, name)([odd]))


def test_tokens_may_be_a_tuple_an_array_or_made_one_by_one(tagger: Tagger) -> None:
    expected = tagger.tag_tokens(["leave", "Taipei"])
    for tokens in (("leave", "Taipei"), np.array(["leave", "Taipei"]), iter(["leave", "Taipei"])):
        assert expected == tagger.tag_tokens(tokens)  # type: ignore[arg-type]
    assert expected == next(tagger.stream_sentences([Sentence(["leave", "Taipei"], [], [], 1)]))


@pytest.mark.parametrize("odd", [-1, 1.0, "1", None, True])
def test_there_are_no_fewer_readings_than_none(tiny: Model, odd: Any) -> None:
    with pytest.raises(UsageError, match=f"^nbest: expected a whole number of at least 0, got {odd!r}$"):
        Tagger(tiny, nbest=odd)


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
    nbest = Tagger(tagger.model, nbest=2).tag("leave New York").as_dict()
    assert result == {key: value for key, value in nbest.items() if key != "nbest"}
    assert [["tags", "probability"]] * 2 == [list(reading) for reading in nbest["nbest"]]
    assert [token["tag"] for token in result["tokens"]] == nbest["nbest"][0]["tags"]
    assert nbest == json.loads(json.dumps(nbest))
    assert ["type", "text", "start", "end", "probability"] == list(result["spans"][0])
    assert {"leave": (0, 5), "New": (6, 9), "York": (10, 14)} == {
        token["text"]: (token["start"], token["end"]) for token in result["tokens"]
    }


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_readings_are_the_likeliest_first_and_share_no_more_than_all(tiny: Model, decoder: str) -> None:
    tiny.network_spec = dataclasses.replace(tiny.network_spec, decoder=decoder)
    tagger = Tagger(tiny, nbest=20)
    for text in (TEXT, "arrive", "Sunday on York"):
        tagged = tagger.tag(text)
        readings, probabilities = tagged.readings, [reading.probability for reading in tagged.readings]
        assert [token.tag for token in tagged.tokens] == readings[0].tags
        assert sorted(probabilities, reverse=True) == probabilities
        assert 0 < sum(probabilities) <= 1 + 1e-6
        assert len(readings) == len({tuple(reading.tags) for reading in readings})
        assert {len(tagged.tokens)} == {len(reading.tags) for reading in readings}


def test_the_probability_of_a_reading_is_that_of_all_its_tags_together(tiny: Model) -> None:
    tiny.network_spec = dataclasses.replace(tiny.network_spec, decoder="softmax")
    tagged = Tagger(tiny, nbest=1).tag(TEXT)
    product = math.prod(token.probability for token in tagged.tokens)
    assert tagged.readings[0].probability == pytest.approx(product)


@pytest.mark.parametrize("nbest", [1, 2, 7])
def test_there_are_as_many_readings_as_were_asked_for(tiny: Model, nbest: int) -> None:
    texts = ["leave New York", "", "hello"]
    found = list(Tagger(tiny, nbest=nbest).stream(texts))
    # Of nine tags the four that go on with a span cannot stand alone.
    assert [nbest, 0, min(nbest, 5)] == [len(tagged.readings) for tagged in found]
    assert [tagged[:3] for tagged in Tagger(tiny).stream(texts)] == [tagged[:3] for tagged in found]


def test_a_sentence_can_be_read_in_another_way(tiny: Model) -> None:
    tagged = Tagger(tiny, nbest=1).tag("leave New York")
    other = tagged.read_as(Reading(["O", "B-destination", "O"], 0.25))
    assert ["O", "B-destination", "O"] == [token.tag for token in other.tokens]
    assert [TaggedSpan("destination", "New", 6, 9, 0.25)] == other.spans
    city = tagged.read_as(Reading(["O", "B-destination", "I-destination"], 0.25)).spans
    assert [TaggedSpan("destination", "New York", 6, 14, 0.25)] == city
    assert [("leave", 0, 5), ("New", 6, 9), ("York", 10, 14)] == [tuple(token[:3]) for token in other.tokens]
    assert (tagged.text, []) == (other.text, other.readings)


def with_columns() -> Model:
    """A model whose tag is the second column, whatever the word."""
    sentences = [
        Sentence(["a", "b"], [f"T{x}", f"T{y}"], [("?", x), ("!", y)], 1)
        for x in "xyz"
        for y in "xyz"
        for _ in "ab"
    ]
    spec = NetworkSpec(arch="fnn", features="columns", column=8, hidden=8, window=0, decoder="softmax")
    settings = TrainingSpec(epochs=30, batch=4, dropout=0.0, learning_rate=0.1)
    model = training.prepare(sentences, spec, settings)
    training.train(model, sentences, threads=1, score=lambda current: evaluation.evaluate(current, sentences).score)
    return model


def test_columns_beside_the_tokens_are_read() -> None:
    tagger = Tagger(with_columns())
    tagged = tagger.tag_tokens(["a", "a", "c"], [("?", "x"), ("?", "z"), ("!", "y")])
    assert ["Tx", "Tz", "Ty"] == [token.tag for token in tagged.tokens]
    rows = ["yx", "", "z"]
    sentences = [Sentence(["b"] * len(row), [], [("?", x) for x in row], 1) for row in rows]
    found = list(tagger.stream_sentences(sentences, block=2))
    assert [["Ty", "Tx"], [], ["Tz"]] == [[token.tag for token in each.tokens] for each in found]
    assert ["b b", "", "b"] == [each.text for each in found]
    message = "this model reads 2 columns beside each token, and there are fewer"
    for call in (lambda: tagger.tag("a b"), lambda: tagger.tag_tokens(["a"], [("x",)])):
        with pytest.raises(DataError, match=message):
            call()
    assert [] == tagger.tag(" ").tokens


def test_sentences_that_are_cut_already_are_labelled_as_their_tokens(tagger: Tagger) -> None:
    rows = [["leave", "New York,"], [], ["hello"]]
    sentences = [Sentence(tokens, [], [("x",)] * len(tokens), 1) for tokens in rows]
    found = [tagger.tag_tokens(tokens) for tokens in rows]
    assert found == list(tagger.stream_sentences(sentences)) == list(tagger.stream_sentences(sentences, block=1))


def test_plain_tags_make_no_spans(tiny: Model) -> None:
    tiny.scheme = PLAIN
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


# The last is long enough for the kernels.
SHORT_AND_LONG = [TEXT, "", "arrive Kaohsiung", "hello there . leave New York on June 13th " * 300]


def assert_alike(expected: list[Tagged], found: list[Tagged]) -> None:
    """All labels are the same. Probabilities may differ as those of NumPy and of the kernels do."""
    assert [each.text for each in expected] == [each.text for each in found]
    for one, other in zip(expected, found, strict=True):
        for name in ("tokens", "spans", "readings"):
            ours, theirs = getattr(one, name), getattr(other, name)
            assert [each[:-1] for each in ours] == [each[:-1] for each in theirs]
            assert [each[-1] for each in ours] == pytest.approx([each[-1] for each in theirs], abs=1e-5)


def test_a_copy_of_a_tagger_labels_alike(tiny: Model) -> None:
    tagger = Tagger(tiny, nbest=2)
    for _ in range(2):  # before it labels anything and after
        for other in (pickle.loads(pickle.dumps(tagger)), copy.copy(tagger), copy.deepcopy(tagger)):
            assert tagger == other
            assert_alike(list(tagger.stream(SHORT_AND_LONG)), list(other.stream(SHORT_AND_LONG)))


def test_what_a_tagger_has_labelled_changes_no_byte_of_its_pickle(tiny: Model) -> None:
    """What it made for itself stays where it is: weights in another order, memory to work in, what it looked up."""
    tagger = Tagger(tiny)
    before = pickle.dumps(tagger)
    for text in SHORT_AND_LONG:
        tagger.tag(text)
    assert before == pickle.dumps(tagger)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # in a process of many threads, which is the point
@pytest.mark.parametrize("method", sorted({"fork", "spawn"} & {*multiprocessing.get_all_start_methods()}))
def test_other_processes_label_alike(tiny: Model, method: str) -> None:
    """Also those that were started while a thread of this one is labelling."""
    tagger = Tagger(tiny, threads=2)
    expected = [tagger.tag(text) for text in SHORT_AND_LONG]
    is_over = threading.Event()

    def label() -> int:
        return sum(1 for _ in iter(is_over.is_set, True) for _ in tagger.stream(SHORT_AND_LONG * 4, block=3))

    with ThreadPoolExecutor() as threads:
        busy = threads.submit(label)
        try:
            for _ in range(3 if method == "fork" else 1):
                with multiprocessing.get_context(method).Pool(2) as processes:
                    labelled = processes.map_async(tagger.tag, SHORT_AND_LONG * 3, chunksize=1)
                    assert_alike(expected * 3, labelled.get(timeout=60))
        finally:
            is_over.set()
    assert busy.result() > 0


def test_threads_that_share_a_tagger_do_not_disturb_each_other(tiny: Model) -> None:
    tagger = Tagger(tiny, threads=2)
    texts = [SHORT_AND_LONG[-1], *SHORT_AND_LONG, "leave Taipei " * 1_100]
    expected = list(Tagger(tiny).stream(texts, block=1))
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(lambda _: list(tagger.stream(texts, block=1)), range(24)):
                assert_alike(expected, found)
    finally:
        sys.setswitchinterval(before)
