"""config.py: what a setting may be, and what is said where it may not."""

import dataclasses
import math
import typing
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rnncli import config
from rnncli.config import (
    ARCHITECTURES,
    CELLS,
    INPUTS,
    NetworkSpec,
    TrainingSpec,
    TrialSpec,
    constant_epochs,
    fall_after,
)
from rnncli.errors import UsageError
from rnncli.spec import suggestion

SPECS = (NetworkSpec, TrainingSpec)
KNOWN_FEATURES = "  known: embedding, onehot, ngram, context, vectors, lexicon, columns"


def test_every_setting_has_a_help_text_and_a_default_that_is_allowed() -> None:
    for spec in SPECS:
        made = spec()
        assert made == spec.from_mapping(dataclasses.asdict(made))
        assert [] == [item.name for item in dataclasses.fields(spec) if not item.metadata["help"].endswith(".")]


def test_no_setting_is_in_two_specs() -> None:
    names = [item.name for spec in SPECS for item in dataclasses.fields(spec)]
    assert sorted(set(names)) == sorted(names)


def test_every_architecture_can_be_chosen() -> None:
    assert set(ARCHITECTURES) == set(typing.get_args(config.Arch))
    for name, row in ARCHITECTURES.items():
        assert row == NetworkSpec(arch=name).architecture  # type: ignore[arg-type]


def test_every_cell_can_be_chosen() -> None:
    assert {"auto", *CELLS} == set(typing.get_args(config.CellName))
    for name, row in CELLS.items():
        assert len(row.gates) == NetworkSpec(arch="elman", cell=name).gates
    assert {"simple": 1, "lstm": 4, "gru": 3}.items() <= {
        name: len(row.gates) for name, row in CELLS.items()
    }.items()


def test_every_input_can_be_chosen_alone_and_with_all_others() -> None:
    for name in INPUTS:
        assert [name] == NetworkSpec(features=name).inputs
    # In one order, whatever that of the names is.
    assert list(INPUTS) == NetworkSpec(features="+".join(reversed(INPUTS))).inputs


@pytest.mark.parametrize(
    ("arch", "expected"),
    [("fnn", "simple"), ("elman", "simple"), ("jordan", "simple"), ("hybrid", "simple"), ("bidirectional", "lstm")],
)
def test_each_architecture_has_a_cell_of_its_own(arch: str, expected: str) -> None:
    spec = NetworkSpec(arch=arch)  # type: ignore[arg-type]
    assert expected == spec.resolved(columns=False, vectors=False, scheme=True).cell
    for cell in CELLS if arch in ("elman", "bidirectional") else ("simple",):
        chosen = dataclasses.replace(spec, cell=cell)  # type: ignore[arg-type]
        assert cell == chosen.resolved(columns=False, vectors=False, scheme=True).cell


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"cell": "lstm"}, "added"),
        ({"cell": "gru"}, "added"),
        ({"cell": "simple"}, "joined"),
        ({"cell": "lstm", "window": 0}, "joined"),
        ({"cell": "lstm", "features": "onehot"}, "joined"),
        ({"cell": "lstm", "neighbours": "joined"}, "joined"),
        ({"cell": "simple", "neighbours": "added"}, "added"),
    ],
)
def test_neighbours_are_added_where_units_are_gated(network: dict[str, Any], expected: str) -> None:
    settled = NetworkSpec(arch="elman", **network).resolved(columns=False, vectors=False, scheme=True)
    assert expected == settled.neighbours
    assert (expected == "added") == settled.adds_neighbours


@pytest.mark.parametrize("network", [{"window": 0}, {"features": "onehot"}])
def test_neighbours_that_nothing_adds_are_refused(network: dict[str, Any]) -> None:
    spec = NetworkSpec(neighbours="added", **network)
    with pytest.raises(UsageError, match="--neighbours added needs a --window above 0"):
        spec.resolved(columns=False, vectors=False, scheme=True)


@pytest.mark.parametrize(
    ("columns", "vectors", "expected"),
    [
        (False, False, "embedding+ngram"),
        (True, False, "embedding+ngram+columns"),
        (False, True, "embedding+ngram+vectors"),
        (True, True, "embedding+ngram+vectors+columns"),
    ],
)
def test_the_input_is_what_there_is(columns: bool, vectors: bool, expected: str) -> None:
    assert expected == NetworkSpec().resolved(columns=columns, vectors=vectors, scheme=True).features
    more = NetworkSpec().resolved(columns=columns, vectors=vectors, scheme=True, lexicon=True, characters=True)
    there = expected.replace("ngram", "context").removesuffix("+columns") + "+lexicon" + "+columns" * columns
    assert there == more.features
    chosen = "onehot+vectors" if vectors else "onehot"
    assert chosen == NetworkSpec(features=chosen).resolved(columns=columns, vectors=vectors, scheme=True).features


@pytest.mark.parametrize("scheme", [True, False])
def test_decoding_keeps_to_the_rules_of_a_scheme(scheme: bool) -> None:
    found = [
        NetworkSpec(transitions=transitions).resolved(columns=False, vectors=False, scheme=scheme).transitions
        for transitions in typing.get_args(config.Transitions)
    ]
    assert ["legal" if scheme else "any", "any", "legal"] == found


def test_nothing_else_is_changed_where_a_spec_is_settled() -> None:
    spec = NetworkSpec(arch="elman", hidden=7, window=3, decoder="softmax", column=5)
    settled = spec.resolved(columns=False, vectors=False, scheme=False)
    expected = {"cell": "simple", "features": "embedding+ngram", "digits": "zero", "transitions": "any"}
    expected["neighbours"] = "joined"
    assert dataclasses.asdict(spec) | expected == dataclasses.asdict(settled)
    assert settled == settled.resolved(columns=False, vectors=False, scheme=True)


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        ("fnn", (False, False, 1)),
        ("elman", (True, False, 1)),
        ("jordan", (False, True, 1)),
        ("hybrid", (True, True, 1)),
        ("bidirectional", (True, False, 2)),
    ],
)
def test_what_an_architecture_keeps(arch: str, expected: tuple[bool, bool, int]) -> None:
    row = ARCHITECTURES[arch]
    assert expected == (row.keeps_hidden, row.keeps_output, row.directions)


@pytest.mark.parametrize(
    ("spec", "values", "message"),
    [
        (NetworkSpec, {"hidden": 0}, "--hidden: 0 is out of range\n  give a number from 1 to 65536"),
        (NetworkSpec, {"hidden": 65537}, "--hidden: 65537 is out of range\n  give a number from 1 to 65536"),
        (NetworkSpec, {"layers": 65}, "--layers: 65 is out of range\n  give a number from 1 to 64"),
        (NetworkSpec, {"hidden": 8.0}, "--hidden: expected int, got 8.0"),
        (NetworkSpec, {"hidden": True}, "--hidden: expected int, got True"),
        (NetworkSpec, {"hidden": "8"}, "--hidden: expected int, got '8'"),
        (NetworkSpec, {"hidden": None}, "--hidden: expected int, got None"),
        (NetworkSpec, {"arch": "elmann"}, '--arch: "elmann" is not one of its values\n  did you mean "elman"?'),
        (
            NetworkSpec,
            {"activation": 3},
            '--activation: "3" is not one of its values\n  known: tanh, relu, sigmoid, identity',
        ),
        (NetworkSpec, {"cell": "lstn"}, '--cell: "lstn" is not one of its values\n  did you mean "lstm"?'),
        (NetworkSpec, {"decoder": "crff"}, '--decoder: "crff" is not one of its values\n  did you mean "crf"?'),
        (TrainingSpec, {"exchange": -0.5}, "--exchange -0.5: not a probability\n  give 0 to 1, or leave it out"),
        (NetworkSpec, {"window": -1}, "--window: -1 is out of range\n  give a number from 0 to 64"),
        (NetworkSpec, {"window": 65}, "--window: 65 is out of range\n  give a number from 0 to 64"),
        (NetworkSpec, {"ngram": 0}, "--ngram: 0 is out of range\n  give a number from 1 to 65536"),
        (NetworkSpec, {"column": 0}, "--column: 0 is out of range\n  give a number from 1 to 65536"),
        (NetworkSpec, {"features": 3}, "--features: expected str, got 3"),
        (
            NetworkSpec,
            {"features": "embeding"},
            '--features: "embeding" is not one of its values\n  did you mean "embedding"?',
        ),
        (
            NetworkSpec,
            {"features": "ngram+zzz"},
            '--features: "zzz" is not one of its values\n' + KNOWN_FEATURES,
        ),
        (
            NetworkSpec,
            {"features": "auto+zzz"},
            '--features: "auto" is not one of its values\n' + KNOWN_FEATURES,
        ),
        *(
            (
                NetworkSpec,
                {"features": value},
                '--features: "" is not one of its values\n' + KNOWN_FEATURES,
            )
            for value in ("", "ngram+", "+ngram", "ngram++onehot")
        ),
        (NetworkSpec, {"features": "ngram+onehot+ngram"}, '--features: "ngram+onehot+ngram" names one thing twice'),
        *(
            (
                NetworkSpec,
                {"cell": cell, "arch": arch},
                f"--cell {cell} needs a network that keeps only its hidden layer; --arch {arch} does not\n"
                "  use --arch elman or bidirectional, or --cell simple",
            )
            for cell in ("lstm", "gru")
            for arch in ("fnn", "jordan", "hybrid")
        ),
        (
            TrainingSpec,
            {"feedback": "golden"},
            '--feedback: "golden" is not one of its values\n  did you mean "gold"?',
        ),
        (
            TrainingSpec,
            {"pretrained": "froze"},
            '--pretrained: "froze" is not one of its values\n  did you mean "frozen"?',
        ),
        *(
            (
                TrainingSpec,
                {"tokenizer": value},
                f"--tokenizer {value}: these do not go together\n"
                "  give whitespace or characters alone, or join words and others: words+contractions",
            )
            for value in ("lexicon", "characters+lexicon", "whitespace+words", "whitespace+characters")
        ),
        (
            TrainingSpec,
            {"tokenizer": "words+contraction"},
            '--tokenizer: "contraction" is not one of its values\n  did you mean "contractions"?',
        ),
        (NetworkSpec, {"digits": "keeps"}, '--digits: "keeps" is not one of its values\n  did you mean "keep"?'),
        (TrainingSpec, {"class_weight": 2}, "--class-weight: expected str, got 2"),
        (NetworkSpec, {"hiden": 8}, 'unknown setting "hiden"\n  did you mean "hidden"?'),
        (TrainingSpec, {"epochs": -1}, "--epochs: -1 is out of range\n  give a number from 0 to 1000000"),
        (TrainingSpec, {"dropout": 0.96}, "--dropout: 0.96 is out of range\n  give a number from -1 to 0.95"),
        (TrainingSpec, {"dropout": -0.5}, "--dropout -0.5: not a share\n  give 0 to 0.95, or leave it out"),
        (TrainingSpec, {"dropout": math.nan}, "--dropout: nan is out of range\n  give a number from -1 to 0.95"),
        (
            TrainingSpec,
            {"learning_rate": -0.1},
            "--learning-rate: -0.1 is out of range\n  give a number of at least 0",
        ),
        (
            TrainingSpec,
            {"learning_rate": float("nan")},
            "--learning-rate: nan is out of range\n  give a number of at least 0",
        ),
        (TrainingSpec, {"dev_share": "a"}, "--dev-share: expected float, got 'a'"),
        (TrainingSpec, {"seed": -1}, f"--seed: -1 is out of range\n  give a number from 0 to {2**63 - 1}"),
        (TrainingSpec, {"learning-rate": 1}, 'unknown setting "learning-rate"\n  did you mean "learning_rate"?'),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(
    spec: type[NetworkSpec] | type[TrainingSpec], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        spec.from_mapping(values)
    assert message == str(caught.value)


@pytest.mark.parametrize(
    "values", [{"dropout": 0}, {"dropout": 0.95}, {"learning_rate": 1}, {"seed": 2**63 - 1}, {"warmup": 1}]
)
def test_the_ends_of_a_range_and_whole_numbers_are_allowed(values: dict[str, Any]) -> None:
    made = TrainingSpec.from_mapping(values)
    assert values == {name: getattr(made, name) for name in values}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"seed": np.int64(7)}, "7"),
        ({"learning_rate": np.float64(0.1)}, "0.1"),
        ({"dropout": np.float32(0.25)}, "0.25"),
        ({"dropout": Fraction(1, 4)}, "0.25"),
        ({"warmup": np.int8(1)}, "1"),
        ({"optimiser": np.str_("sgd")}, "'sgd'"),
        ({"class_weight": np.str_("balanced")}, "'balanced'"),
    ],
)
def test_numbers_and_texts_of_other_kinds_are_kept_as_those_of_python(
    values: dict[str, Any], expected: str
) -> None:
    (name,) = values
    assert expected == repr(getattr(TrainingSpec(**values), name))


@pytest.mark.parametrize("odd", [True, np.True_, None, b"tanh", [1], np.zeros(2), 1j, object])
def test_a_value_of_no_fitting_kind_is_refused(odd: Any) -> None:
    for spec in (NetworkSpec, TrainingSpec, TrialSpec):
        for item in dataclasses.fields(spec):
            with pytest.raises(UsageError, match="--" + item.name.replace("_", "-")):
                spec(**{item.name: odd})


def test_a_message_says_where_the_setting_was_found() -> None:
    with pytest.raises(UsageError) as caught:
        NetworkSpec.from_mapping({"hiden": 8}, where="run.toml")
    assert 'run.toml: unknown setting "hiden"\n  did you mean "hidden"?' == str(caught.value)


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        NetworkSpec().hidden = 0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("elmann", ["fnn", "elman"], 'did you mean "elman"?'),
        ("transformer", ["fnn", "elman"], "known: fnn, elman"),
        ("", [], "known: "),
    ],
)
def test_a_mistyped_name_is_answered_with_a_suggestion(name: str, known: list[str], expected: str) -> None:
    assert expected == suggestion(name, known)


@pytest.mark.parametrize(
    ("sentences", "tokens", "least", "most", "batch"),
    [
        (1, 1, 56, 64, 8),
        (500, 5_600, 56, 64, 8),
        (1_200, 20_000, 20, 38, 12),
        (4_478, 50_497, 12, 24, 16),
        (12_544, 204_577, 6, 12, 16),
        (10**6, 2 * 10**7, 2, 4, 16),
    ],
)
def test_what_the_size_of_the_data_decides(sentences: int, tokens: int, least: int, most: int, batch: int) -> None:
    spec = TrainingSpec().resolved(NetworkSpec(), sentences)
    assert (batch, 0.002) == (spec.batch, spec.learning_rate)
    assert (least, most) == constant_epochs(tokens)
    assert most + fall_after(most) == spec.most_epochs(tokens)
    given = TrainingSpec(epochs=3, batch=5, learning_rate=0.1, dropout=0.0, exchange=0.0)
    assert given == given.resolved(NetworkSpec(), sentences)
    assert 3 == given.most_epochs(tokens)


def test_a_number_of_epochs_leaves_nothing_to_patience() -> None:
    with pytest.raises(UsageError, match="--patience and --epochs cannot both be given"):
        TrainingSpec(epochs=3, patience=2).resolved(NetworkSpec(), 10)


def test_the_learning_rate_is_that_of_the_optimiser_and_larger_for_jordan() -> None:
    found = [
        TrainingSpec(optimiser=name).resolved(NetworkSpec(arch=arch), 10).learning_rate  # type: ignore[arg-type]
        for name in ("adam", "sgd")
        for arch in ("elman", "jordan", "hybrid")
    ]
    assert [0.002, 0.01, 0.002, 0.5, 0.5, 0.5] == found
