"""Erasing a word gives what the measure by ablation says of it, and what a text of the unknown word gives."""

import json

import numpy as np
import pytest
from networks import NETWORKS
from small_models import SIDES, TEXT, drawn

from rnncli.errors import DataError, UsageError
from rnncli.inspect.connectivity import connectivity
from rnncli.inspect.contrast import align, distances
from rnncli.inspect.document import Question, document
from rnncli.inspect.erasing import erased
from rnncli.inspect.memory import text_memory


@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_erasing_a_word_is_the_ablation_of_it(arch, cell):
    model = drawn(arch=arch, cell=cell, decoder="crf", window=1)
    measured = connectivity(model, TEXT)
    for token in range(len(TEXT)):
        shown = erased(model, TEXT, token)
        json.dumps(shown, allow_nan=False)
        np.testing.assert_allclose(shown["score_falls"], measured.ablation[:, token], atol=1e-12)
        np.testing.assert_allclose(shown["probability_falls"], measured.probability[:, token], atol=1e-12)
        assert [row["changed"] for row in shown["tokens"]] == measured.changed[:, token].tolist()


@pytest.mark.parametrize(("window", "neighbours"), [(0, "joined"), (1, "joined"), (1, "added")])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_erasing_a_word_is_reading_a_word_that_is_not_known(arch, cell, window, neighbours):
    model = drawn(arch=arch, cell=cell, window=window, neighbours=neighbours)
    other = [*TEXT[:2], "unknown", *TEXT[3:]]
    a, b = text_memory(model, " ".join(TEXT)), text_memory(model, " ".join(other))
    shown = erased(model, TEXT, 2)
    assert [row["tag"] for row in shown["tokens"]] == b.tags
    assert [row["probability"] for row in shown["tokens"]] == pytest.approx(b.probabilities)
    by_name = {row["name"]: row["values"] for row in shown["distances"]}
    expected = distances(a, b, align(a.tokens, b.tokens))
    assert list(by_name) == [distance.name for distance in expected]
    for distance in expected:
        np.testing.assert_allclose(by_name[distance.name], distance.values, atol=1e-12)


def test_a_word_that_is_not_there_cannot_be_erased():
    with pytest.raises(UsageError):
        erased(drawn(arch="elman", cell="simple"), TEXT, len(TEXT))


def test_a_document_shows_the_steps_that_are_asked_for_of_two_texts():
    model = drawn(arch="hybrid", cell="simple")
    texts = ["the cat sat on", "the mat"]
    shown = document(model, Question(texts, steps=[3, 1], measures=False), drawn(arch="jordan", cell="simple"))
    json.dumps(shown, allow_nan=False)
    for answer in (shown, shown["compare"]):
        steps = [[step["step"] for step in text["steps"]["steps"]] for text in answer["texts"]]
        assert steps == [[3, 1], [1]]
        assert "connectivity" not in answer["texts"][0]
        assert [step["h"] for step in answer["texts"][0]["steps"]["steps"][0]["layers"]]
    assert shown["distances"]
    assert shown["parts_at"]["tokens"] == 1
    for values, step in zip(shown["texts"][0]["memories"][0]["values"], (0, 1, 2, 3), strict=True):
        if step in (1, 3):
            [of_step] = [s for s in shown["texts"][0]["steps"]["steps"] if s["step"] == step]
            assert of_step["layers"][0]["h"] == values
    with pytest.raises(UsageError):
        document(model, Question(texts, steps=[4], measures=False))


def test_a_document_reads_the_columns_that_are_given():
    model = drawn(arch="elman", cell="simple", features="embedding+columns")
    text = " ".join(TEXT)
    shown = document(model, Question([text], columns=[SIDES], steps=[1], measures=False))["texts"][0]
    (step,) = shown["steps"]["steps"]
    assert [part["rows"][0]["text"] for part in step["inputs"]] == ["cat", "N"]
    assert step["layers"][0]["h"] == shown["memories"][0]["values"][1]
    other = document(model, Question([text], columns=[SIDES[::-1]], measures=False))["texts"][0]
    assert other["memories"][0]["values"][1] != shown["memories"][0]["values"][1]
    for columns in ((), [SIDES[:3]]):
        with pytest.raises(DataError):
            document(model, Question([text], columns=columns, measures=False))
