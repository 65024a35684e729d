"""Arrays are drawn as docs/math.md says, and copies of them are equal and independent."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from networks import NETWORKS, TAGS, parts_of, spec_of

from rnncli.parameters import Parameters, table

RECURRENT = [
    ("elman", "simple"), ("elman", "lstm"), ("hybrid", "simple"), ("bidirectional", "gru"),
]  # fmt: skip


def gates(arch, cell, recurrent, hidden=30):
    """The square matrices that W is made of, one for each gate of each direction; (·, H, H)."""
    spec = spec_of(arch, cell, hidden=hidden)
    drawn = Parameters(table(spec, parts_of(spec), TAGS, recurrent), np.float64)
    return drawn.initialise(np.random.default_rng(5))["layer1/W"].reshape(-1, hidden, hidden)


@pytest.mark.parametrize(("arch", "cell"), RECURRENT)
def test_an_orthogonal_memory_keeps_every_length(arch, cell):
    for each in gates(arch, cell, "orthogonal"):
        np.testing.assert_allclose(each @ each.T, np.eye(30), atol=1e-12)


@pytest.mark.parametrize(("arch", "cell"), RECURRENT)
def test_an_identity_is_one_for_each_gate_and_direction(arch, cell):
    for each in gates(arch, cell, "identity"):
        assert each.tolist() == np.eye(30).tolist()


@pytest.mark.parametrize(("arch", "cell"), RECURRENT)
def test_glorot_counts_the_units_of_one_gate(arch, cell):
    found = gates(arch, cell, "glorot")
    limit = np.sqrt(6 / (30 + 30))
    assert 0.99 * limit < np.abs(found).max() <= limit
    np.testing.assert_allclose(found.std(), limit / np.sqrt(3), rtol=0.05)


COPIES: dict[str, Callable[[Parameters], Parameters]] = {
    "pickle": lambda parameters: pickle.loads(pickle.dumps(parameters)),
    "the oldest pickle": lambda parameters: pickle.loads(pickle.dumps(parameters, 0)),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "its own": Parameters.copy,
}


def drawn_parameters(arch: str, cell: str, dtype: type = np.float32) -> Parameters:
    spec = spec_of(arch, cell, features="embedding+onehot+ngram", decoder="crf")
    return Parameters(table(spec, parts_of(spec), TAGS), dtype).initialise(np.random.default_rng(5))


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_a_copy_is_equal_and_independent(arch: str, cell: str, copied: Callable[..., Parameters]) -> None:
    parameters = drawn_parameters(arch, cell)
    parameters["output/c"][...] = [np.nan, np.inf, -0.0, 1]
    other = copied(parameters)
    assert parameters == other
    before = parameters.flat.tobytes()
    for name, array in other.items():
        array[...] = 7
        assert not np.array_equal(array, parameters[name])
    # The arrays of a copy are views of its vector, as those of the first are of theirs.
    assert {7} == {*other.flat.tolist()} == {*other.tables["input/embedding"].ravel().tolist()}
    assert before == parameters.flat.tobytes()
    assert other != parameters
    drawn_again = other.initialise(np.random.default_rng(5))
    assert drawn_parameters(arch, cell) == drawn_again


def test_what_differs_is_not_equal() -> None:
    parameters = drawn_parameters("elman", "simple")
    assert parameters != drawn_parameters("elman", "simple", np.float64)
    assert parameters != drawn_parameters("elman", "gru")
    assert parameters != dict(parameters)
    for name, array in parameters.items():
        other = parameters.copy()
        other[name].ravel()[-1] = array.ravel()[-1] + 1
        assert parameters != other, name
    renamed = [row._replace(name=f"{row.name}2") for row in parameters.rows]
    other = Parameters(renamed)
    other.flat[...] = parameters.flat
    assert parameters != other
