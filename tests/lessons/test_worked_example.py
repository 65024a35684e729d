"""The worked example of docs/math.md, by hand, by the model and by its equations."""

import numpy as np
import pytest

from rnncli import modelfile
from rnncli.inspect.equation import unfold
from rnncli.inspect.steps import Steps
from rnncli.lessons.worked_example import TEXTS, worked_example


@pytest.mark.parametrize(
    ("text", "h", "o"),
    [
        ("1 1 2", [2, 6, 16], [4, 12, 32]),
        ("2 1 1", [4, 10, 22], [8, 20, 44]),
        ("1 2 1", [2, 8, 18], [4, 16, 36]),
        ("2", [4], [8]),
        ("3 1", [0, 2], [0, 4]),  # an unknown word is read as [0, 0]
    ],
)
def test_the_model_computes_what_is_computed_by_hand(text, h, o):
    model = worked_example()
    steps = Steps(model, model.cut(text))
    shown = [steps.step(t) for t in range(len(steps))]
    assert [step["layers"][0]["h"] for step in shown] == [[value] * 2 for value in h]
    assert [step["scores"] for step in shown] == [[value] * 2 for value in o]


def test_a_second_layer_reads_the_first_and_its_own_memory():
    steps = Steps(worked_example(layers=2), ["1", "1", "2"])
    shown = [steps.step(t) for t in range(3)]
    assert [[layer["h"] for layer in step["layers"]] for step in shown] == [
        [[2, 2], [4, 4]], [[6, 6], [20, 20]], [[16, 16], [72, 72]],
    ]  # fmt: skip
    assert [step["scores"] for step in shown] == [[8, 8], [40, 40], [144, 144]]


def test_its_equations_are_those_of_the_lecture():
    steps = Steps(worked_example(), ["1", "1", "2"])
    texts = [unfold(steps, what, t, 0).text for t in range(3) for what in ("layer 1/h", "output/o")]
    assert texts == [
        "h₁(1) = U x(1) + W h(0) + b = 2.00 + 0.00 + 0.00 = 2.00",
        "o[first](1) = V h(1) + c = 4.00 + 0.00 = 4.00",
        "h₁(2) = U x(2) + W h(1) + b = 2.00 + 4.00 + 0.00 = 6.00",
        "o[first](2) = V h(2) + c = 12.00 + 0.00 = 12.00",
        "h₁(3) = U x(3) + W h(2) + b = 4.00 + 12.00 + 0.00 = 16.00",
        "o[first](3) = V h(3) + c = 32.00 + 0.00 = 32.00",
    ]
    terms = unfold(steps, "layer 1/h", 2, 1).as_dict()["products"][1]["terms"]
    assert [(term["weight"], term["input"], term["value"]) for term in terms] == [(1, 6, 6), (1, 6, 6)]


def test_it_is_a_model_like_any_other(tmp_path):
    modelfile.save(worked_example(), tmp_path / "worked.npz")
    model = modelfile.load(tmp_path / "worked.npz")
    assert model.provenance["examples"] == TEXTS
    o = Steps(model, ["1", "1", "2"]).trace.o
    np.testing.assert_array_equal(o, [[4, 4], [12, 12], [32, 32]])
