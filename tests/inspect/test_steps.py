"""The steps of a sentence and the equation of every number in them are those of the network."""

import json

import numpy as np
import pytest
from networks import NETWORKS
from small_models import SIDES, TEXT, drawn
from untrained_models import EVERYTHING, untrained

from rnncli import labelling
from rnncli.data.tags import FORBIDDEN
from rnncli.errors import DataError, UsageError
from rnncli.inspect.equation import number, quantities, unfold
from rnncli.inspect.steps import Steps
from rnncli.model import Model
from rnncli.parameters import Parameters
from rnncli.plain import crf

EPSILON = float(np.finfo(np.float32).eps)


def in_float32(model: Model) -> Model:
    model.parameters = Parameters(model.parameters.rows).assign(model.parameters)
    return model


def steps_of(length: int = len(TEXT), **spec: object) -> Steps:
    return Steps(in_float32(drawn(**spec)), TEXT[:length], SIDES[:length])


def numbers_of(document: dict, what: str) -> list[float]:
    """The values of a quantity in the document of a step."""
    place, _, name = what.rpartition("/")
    if place == "input":
        return next(part["vector"] for part in document["inputs"] if part["name"] == name)
    if place == "window":
        return document["added"][name]
    if place == "output":
        return document[{"o": "scores", "y": "softmax"}[name]]
    layer = next(layer for layer in document["layers"] if layer["name"] == place)
    return layer[name] if name in ("h", "state") else layer["gates"][name]


def check_every_number(steps: Steps) -> None:
    """Every number of every step is that of its equation, whose terms add up to it within rounding."""
    for t in range(len(steps)):
        document = steps.step(t)
        for what, units in quantities(steps).items():
            values = numbers_of(document, what)
            assert units == len(values)
            for unit, value in enumerate(values):
                equation = unfold(steps, what, t, unit)
                assert equation.value == value, what
                terms = np.concatenate([product.terms for product in equation.products])
                rounding = EPSILON * (4 + len(terms)) * (1 + np.abs(terms).sum())
                if equation.function == "softmax":
                    rounding = 16 * EPSILON
                assert abs(equation.result - value) <= rounding, (what, t, unit)
                if unit == 0:
                    check_document(equation.as_dict(2), equation.sum)


def check_document(document: dict, total: float) -> None:
    """The terms that are listed, and the rest, add up to the whole."""
    json.dumps(document, allow_nan=False)
    parts = 0.0
    for product in document["products"]:
        listed = sum(term["value"] for term in product["terms"])
        assert listed + product["rest"]["value"] == pytest.approx(product["value"], rel=1e-9, abs=1e-12)
        scale = product["scale"]["value"] if product["scale"] else 1
        for term in product["terms"]:
            assert term["weight"] * term["input"] * scale == pytest.approx(term["value"], rel=1e-12)
        if product["rest"]["count"]:
            assert len(product["terms"]) == 2
        parts += product["value"]
    assert parts == pytest.approx(total, rel=1e-9, abs=1e-12)
    assert document["sum"] == total


READINGS = [(1, 0, "joined"), (2, 1, "joined"), (2, 1, "added")]


@pytest.mark.parametrize(("layers", "window", "neighbours"), READINGS)
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_the_terms_of_every_number_add_up_to_it(arch, cell, layers, window, neighbours):
    network = {
        "arch": arch,
        "cell": cell,
        "layers": layers,
        "window": window,
        "neighbours": neighbours,
        "hidden": 2,
    }
    for length in (1, 3):
        check_every_number(steps_of(length, features="embedding+onehot+ngram", **network))


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "identity"])
def test_every_activation_has_its_equation(activation):
    check_every_number(steps_of(arch="hybrid", cell="simple", activation=activation))


@pytest.mark.parametrize(("features", "window", "neighbours"), [("onehot", 2, "joined"), (EVERYTHING, 1, "added")])
def test_every_part_of_the_input_has_its_terms(features, window, neighbours):
    model = untrained(features=features, window=window, neighbours=neighbours, arch="bidirectional", cell="lstm")
    check_every_number(Steps(model, ["leave", "Taipei", "2nd", "?"], [("VB", "x")] * 4))


def test_inputs_are_named_by_the_rows_that_they_select():
    model = untrained(features="embedding+ngram+context+columns", lists={"column1": ["VB", "NN"]})
    steps = Steps(model, ["leave", "Taipei", "xyz"], [("NN", "x"), ("?", "x"), ("VB", "?")])
    rows = [
        {part["name"]: [row["text"] for row in part["rows"]] for part in steps.step(t)["inputs"]} for t in range(3)
    ]
    assert rows[0]["column1"] == ["NN"]
    assert rows[0]["context"] == ["-1  leave", "+0 leave Taipei", "-1  leave Taipei"]
    assert rows[1]["embedding"] == ["Taipei"]
    assert rows[1]["ngram"] == ["<t", "<ta"]
    assert rows[1]["column1"] == []
    assert rows[2]["embedding"] == [None]  # an unknown word
    assert rows[2]["column2"] == []
    assert unfold(steps, "input/ngram", 1, 3).products[0].names(1) == "<ta"


def test_a_phrase_of_a_lexicon_is_named_by_its_type_and_place():
    lists = {"lexicon": ["city", "day"], "phrases": ["new york\tcity", "sunday\tday"]}
    steps = Steps(untrained(features="embedding+lexicon", lists=lists), ["new", "york", "Sunday"])
    named = [[row["text"] for row in steps.step(t)["inputs"][1]["rows"]] for t in range(3)]
    assert named == [["city B"], ["city E"], ["day S, other capitals"]]


@pytest.mark.parametrize(("arch", "reads"), [("jordan", True), ("hybrid", True), ("elman", False)])
def test_what_is_fed_back_is_named_by_tag(arch, reads):
    steps = steps_of(arch=arch, cell="simple", layers=2)
    below, top = steps.step(2)["layers"]
    assert below["fed_back"] is None
    if not reads:
        assert top["fed_back"] is None
        return
    assert top["fed_back"] == dict(zip(steps.model.tags, steps.trace.y[1].tolist(), strict=True))
    assert set(steps.step(0)["layers"][1]["fed_back"].values()) == {0.0}
    product = next(p for p in unfold(steps, "layer 2/h", 2, 0).as_dict()["products"] if p["of"] == "output/y")
    assert product["symbol"] == "Wy ŷ(2)"
    assert {term["name"] for term in product["terms"]} == set(steps.model.tags)


def test_a_backward_layer_reads_from_the_end():
    steps = steps_of(3, arch="bidirectional", cell="simple")
    assert [[layer["before"] for layer in steps.step(t)["layers"]] for t in range(3)] == [
        [None, 1],
        [0, 2],
        [1, None],
    ]
    assert "W h(3)" in unfold(steps, "layer 1 backward/h", 1, 0).text


def test_the_best_path_is_retraced_from_its_moves():
    """From the last tag back through the predecessors, and the score of each move counted with the scores."""
    for transitions in ("any", "legal"):
        steps = steps_of(arch="elman", cell="simple", decoder="crf", transitions=transitions)
        document = steps.as_dict(range(len(steps)))
        tags = document["tags"]
        moves = [step["move"] for step in document["steps"]]
        total = sum(move["score"] for move in moves) + moves[-1]["last"]
        path = [int(np.argmax(np.add(moves[-1]["best"], steps.chain.last)))]
        for move in reversed(moves[1:]):
            path.append(move["previous"][path[-1]])
        assert [tags[k] for k in path[::-1]] == document["decoded"]["path"]
        assert [move["to"] for move in moves] == document["decoded"]["path"]
        assert [move["from"] for move in moves] == [None, *document["decoded"]["path"][:-1]]
        scores = sum(step["scores"][tags.index(step["tag"])] for step in document["steps"])
        assert document["decoded"]["score"] == pytest.approx(total + scores, rel=1e-6)
        expected = labelling.nbest(steps.model, steps.model.encode([TEXT]), 0, 1)[0]
        assert document["decoded"]["probability"] == pytest.approx(expected[1], rel=1e-6)
        assert np.array([step["probabilities"] for step in document["steps"]]) == pytest.approx(
            crf.marginals(steps.trace.o, *(steps.model.parameters[f"output/{n}"] for n in ("A", "first", "last")))
        )
        assert (FORBIDDEN in steps.chain.first) == (transitions == "legal")


def test_tags_that_are_chosen_one_by_one_have_no_move():
    document = steps_of(arch="elman", cell="simple", decoder="softmax", transitions="any").as_dict([0])
    assert document["steps"][0]["move"] is None
    assert document["decoded"]["log_partition"] is None
    assert document["steps"][0]["probabilities"] == document["steps"][0]["softmax"]


def test_only_the_steps_that_are_asked_for_are_listed():
    model = in_float32(drawn(arch="bidirectional", cell="gru", decoder="crf"))
    document = Steps(model, TEXT * 200).as_dict([1399, 0])
    assert document["count"] == 1400
    assert [step["step"] for step in document["steps"]] == [1399, 0]
    assert sum(len(json.dumps(step)) for step in document["steps"]) < 20_000


def test_an_equation_is_a_text():
    text = unfold(steps_of(3, arch="elman", cell="simple", window=1), "layer 1/h", 1, 3).text
    symbols, numbers, value = text.removeprefix("h₄(2) = ").split(" = ")
    assert symbols == "tanh(U x(1…3) + W h(1) + b)"
    parts = numbers.removeprefix("tanh(").removesuffix(")").replace(" − ", " + −").replace("−", "-").split(" + ")
    assert np.tanh(sum(map(float, parts))) == pytest.approx(float(value.replace("−", "-")), abs=0.02)


def test_numbers_are_written_for_people():
    written = [number(value) for value in (0.0, -0.0, 0.314, -1.2, 0.00004, 12345.0, 4.0)]
    assert written == ["0.00", "0.00", "0.31", "−1.20", "4.00e−05", "1.23e+04", "4.00"]


def test_what_is_not_there_is_an_error():
    steps = steps_of(3, arch="elman", cell="lstm")
    for what, step, unit in (("layer 2/h", 0, 0), ("layer 1/h", 3, 0), ("layer 1/h", 0, 4), ("output/y", -1, 0)):
        with pytest.raises(UsageError):
            unfold(steps, what, step, unit)
    with pytest.raises(UsageError):
        steps.as_dict([3])
    with pytest.raises(DataError):
        Steps(steps.model, [])
