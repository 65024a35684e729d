"""Arrays are drawn as docs/math.md says."""

import numpy as np
import pytest
from networks import TAGS, parts_of, spec_of

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
