"""Memory is what the architecture keeps, no more and no less."""

import itertools
import json

import numpy as np
import pytest

from rnncli import training
from rnncli.config import CELLS, NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError
from rnncli.inspect.contrast import align, distances
from rnncli.inspect.memory import text_memory, units
from rnncli.tagging import Tagger

SENTENCE = Sentence(["leave", "Taipei", "now"], ["O", "B-x", "O"], [(), (), ()], 1)


def untrained(**spec):
    return training.prepare([SENTENCE], NetworkSpec(**({"hidden": 5, "window": 0} | spec)), TrainingSpec())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"arch": "fnn"}, []),
        ({"arch": "elman"}, [("layer 1", 5)]),
        ({"arch": "elman", "layers": 2}, [("layer 1", 5), ("layer 2", 5)]),
        ({"arch": "elman", "cell": "lstm"}, [("layer 1", 5)]),
        ({"arch": "elman", "cell": "gru", "layers": 2}, [("layer 1", 5), ("layer 2", 5)]),
        ({"arch": "jordan", "layers": 2}, [("output", 2)]),
        ({"arch": "hybrid"}, [("layer 1", 5), ("output", 2)]),
        ({"arch": "bidirectional"}, [("layer 1 forward", 5), ("layer 1 backward", 5)]),
    ],
)
def test_each_architecture_keeps_its_own_memory(spec, expected):
    shown = text_memory(untrained(**spec), "leave Taipei now")
    assert expected == [(memory.name, memory.values.shape[1]) for memory in shown.memories]
    assert all(len(memory.values) == 3 for memory in shown.memories)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("window", [0, 1])
def test_forward_memory_knows_the_past_and_backward_memory_the_future(cell, window):
    model = untrained(arch="bidirectional", cell=cell, window=window)
    a, b = text_memory(model, "leave Taipei now"), text_memory(model, "Taipei Taipei now")
    forward, backward = distances(a, b, align(a.tokens, b.tokens))
    assert (forward.values > 0).all()
    # Through a window the token before is no memory, but it is seen.
    assert [False, window == 0, True] == (backward.values == 0).tolist()


def test_tags_and_their_probabilities_are_those_that_labelling_gives():
    for decoder, transitions in itertools.product(("softmax", "crf"), ("any", "legal")):
        model = untrained(arch="elman", decoder=decoder, transitions=transitions)
        for array in model.parameters.values():
            array[...] = np.random.default_rng(1).standard_normal(array.shape)
        shown, tagged = text_memory(model, "leave Taipei now"), Tagger(model).tag("leave Taipei now").tokens
        assert [token.tag for token in tagged] == shown.tags
        assert [token.probability for token in tagged] == pytest.approx(shown.probabilities, abs=1e-5)


def test_a_text_without_the_columns_that_a_model_reads_is_an_error():
    sentence = SENTENCE._replace(columns=[("VB",), ("NN",), ("RB",)])
    model = training.prepare([sentence], NetworkSpec(arch="elman", hidden=5), TrainingSpec())
    with pytest.raises(DataError, match="this model reads a column beside each token"):
        text_memory(model, "leave Taipei now")


def test_every_number_is_given_for_json():
    model = untrained(arch="hybrid")
    shown = text_memory(model, "leave Taipei now")
    result = json.loads(json.dumps(shown.as_dict()))
    assert ("leave Taipei now", ["leave", "Taipei", "now"]) == (
        result["text"],
        [t["text"] for t in result["tokens"]],
    )
    assert [m.values.tolist() for m in shown.memories] == [m["values"] for m in result["memories"]]


def test_units_are_judged_by_the_tokens_of_all_texts():
    model = untrained(arch="elman")
    traces = [text_memory(model, text) for text in ("leave Taipei now", "now leave")]
    values = np.concatenate([each.memories[0].values for each in traces]).astype(float)
    tags = np.array([tag for each in traces for tag in each.tags])
    means = values.mean(axis=0)
    between = sum((tags == t).sum() * (values[tags == t].mean(axis=0) - means) ** 2 for t in set(tags))
    (found,) = units(model, traces)
    np.testing.assert_allclose(
        found.separation, between / ((values - means) ** 2).sum(axis=0), rtol=1e-6, atol=1e-9
    )


def test_the_output_in_memory_is_a_distribution():
    (memory,) = text_memory(untrained(arch="jordan"), "leave Taipei now").memories
    np.testing.assert_allclose(memory.values.sum(axis=1), 1, rtol=1e-5)


def test_a_text_without_tokens_is_an_error():
    with pytest.raises(DataError, match="no token"):
        text_memory(untrained(arch="elman"), "   ")
