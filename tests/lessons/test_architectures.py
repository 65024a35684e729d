"""Only a network with a memory tells two requests apart that differ in a word before the city."""

import dataclasses
import json

import pytest

from rnncli.data import reading
from rnncli.data.examples import BOOKING_PAIR
from rnncli.lessons.architectures import DEV, NETWORKS, SENTENCES, SETTINGS, sample, side_by_side

TEXTS = ["arrive Taipei on Sunday", "leave Taipei on Sunday"]


@pytest.fixture(scope="module")
def trained(booking_tsv):
    """Networks even smaller, trained on the small corpus, which memory alone can learn."""
    sentences = reading.read(str(booking_tsv)).sentences
    small = {name: dataclasses.replace(network, hidden=8, embedding=8) for name, network in NETWORKS.items()}
    settings = dataclasses.replace(SETTINGS, epochs=12, batch=4, learning_rate=0.05, dropout=0.0)
    made = side_by_side(sentences, sentences, TEXTS, networks=small, settings=settings)
    return {one.name: one for one in made}


def test_without_memory_both_cities_get_the_same_tag(trained):
    fnn = trained["fnn"]
    arrive, leave = ([row["tag"] for row in text["tokens"]][1:] for text in fnn.document["texts"])
    assert arrive == leave
    assert fnn.parts_at is None
    probabilities = [[row["probability"] for row in text["tokens"]][1:] for text in fnn.document["texts"]]
    assert probabilities[0] == probabilities[1]  # to the last bit


@pytest.mark.parametrize("name", ["elman", "hybrid", "bidirectional", "lstm"])
def test_with_memory_the_tags_part_at_the_city(trained, name):
    assert trained[name].parts_at == 1
    cities = [text["tokens"][1]["tag"] for text in trained[name].document["texts"]]
    assert cities == ["B-destination", "B-departure"]
    assert all(value > 0 for value in trained[name].document["distances"][0]["values"])


def test_what_they_say_is_json_of_the_two_texts(trained):
    for name, one in trained.items():
        shown = json.loads(json.dumps(one.as_dict(), allow_nan=False))
        assert [text["text"] for text in shown["document"]["texts"]] == TEXTS
        assert shown["name"] == name
        assert "connectivity" not in shown["document"]["texts"][0]


def test_the_sample_is_the_beginning_of_the_bundled_corpus():
    sentences, dev = sample()
    assert (len(sentences), len(dev)) == (SENTENCES, DEV)
    words = {token for sentence in sentences for token in sentence.tokens}
    assert {token for text in BOOKING_PAIR for token in text.split()} <= words


def test_every_architecture_and_the_lstm_are_compared_by_their_memory_alone():
    assert {network.arch for network in NETWORKS.values()} == {"fnn", "elman", "jordan", "hybrid", "bidirectional"}
    assert NETWORKS["lstm"].cell == "lstm"
    assert {(network.window, network.decoder) for network in NETWORKS.values()} == {(0, "softmax")}
