"""Memory is what the architecture keeps, no more and no less."""

import numpy as np
import pytest

from rnncli import training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.tsv import Sentence
from rnncli.errors import DataError
from rnncli.inspect.memory import distances, trace

SENTENCE = Sentence(["leave", "Taipei", "now"], ["O", "B-x", "O"], [(), (), ()], 1)


def untrained(**spec):
    return training.prepare([SENTENCE], NetworkSpec(hidden=5, **spec), TrainingSpec())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"arch": "fnn"}, []),
        ({"arch": "elman"}, [("layer 1", 5)]),
        ({"arch": "elman", "layers": 2}, [("layer 1", 5), ("layer 2", 5)]),
        ({"arch": "jordan", "layers": 2}, [("output", 2)]),
        ({"arch": "hybrid"}, [("layer 1", 5), ("output", 2)]),
        ({"arch": "bidirectional"}, [("layer 1 forward", 5), ("layer 1 backward", 5)]),
    ],
)
def test_each_architecture_keeps_its_own_memory(spec, expected):
    shown = trace(untrained(**spec), "leave Taipei now")
    assert expected == [(memory.name, memory.values.shape[1]) for memory in shown.memories]
    assert all(len(memory.values) == 3 for memory in shown.memories)


def test_forward_memory_knows_the_past_and_backward_memory_the_future():
    model = untrained(arch="bidirectional")
    a, b = trace(model, "leave Taipei now"), trace(model, "Taipei Taipei now")
    forward, backward = distances(a, b)
    assert (forward.values > 0).all()
    assert [False, True, True] == (backward.values == 0).tolist()


def test_distances_are_euclidean_over_the_steps_that_both_texts_have():
    model = untrained(arch="elman")
    a, b = trace(model, "leave Taipei now"), trace(model, "now Taipei")
    (distance,) = distances(a, b)
    x, y = a.memories[0].values, b.memories[0].values
    np.testing.assert_allclose(distance.values, [np.sqrt(((x[t] - y[t]) ** 2).sum()) for t in range(2)], rtol=1e-6)


def test_the_output_in_memory_is_a_distribution():
    (memory,) = trace(untrained(arch="jordan"), "leave Taipei now").memories
    np.testing.assert_allclose(memory.values.sum(axis=1), 1, rtol=1e-5)


def test_a_text_without_tokens_is_an_error():
    with pytest.raises(DataError, match="no token"):
        trace(untrained(arch="elman"), "   ")
