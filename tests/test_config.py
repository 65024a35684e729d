"""config.py: what a setting may be, and what is said where it may not."""

import dataclasses
import typing
from typing import Any

import pytest

from rnncli import config
from rnncli.config import ARCHITECTURES, NetworkSpec, TrainingSpec, suggestion
from rnncli.errors import UsageError

SPECS = (NetworkSpec, TrainingSpec)


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
        (NetworkSpec, {"hiden": 8}, 'unknown setting "hiden"\n  did you mean "hidden"?'),
        (TrainingSpec, {"epochs": -1}, "--epochs: -1 is out of range\n  give a number from 1 to 1000000"),
        (TrainingSpec, {"dropout": 0.96}, "--dropout: 0.96 is out of range\n  give a number from 0 to 0.95"),
        (TrainingSpec, {"dropout": float("nan")}, "--dropout: nan is out of range\n  give a number from 0 to 0.95"),
        (
            TrainingSpec,
            {"learning_rate": -0.1},
            "--learning-rate: -0.1 is out of range\n  give a number at least 0",
        ),
        (
            TrainingSpec,
            {"learning_rate": float("nan")},
            "--learning-rate: nan is out of range\n  give a number at least 0",
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
