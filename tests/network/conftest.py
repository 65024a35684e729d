"""A ragged batch and float64 networks to check the passes with."""

from typing import NamedTuple

import numpy as np
import pytest

from rnncli.config import NetworkSpec
from rnncli.data.batch import Encoded, pack
from rnncli.network.parameters import Parameters, table

WORDS, TAGS = 6, 4
LENGTHS = (1, 7, 3, 0, 2, 5, 4, 6)  # every length from 1 to 7, and an empty sentence


class Batch(NamedTuple):
    """Sentences end to end, and the same tokens packed."""

    encoded: Encoded
    positions: np.ndarray
    words: np.ndarray
    gold: np.ndarray
    offsets: np.ndarray


@pytest.fixture
def batch() -> Batch:
    rng = np.random.default_rng(1)
    starts = np.cumsum([0, *LENGTHS])
    words = rng.integers(0, WORDS, starts[-1]).astype(np.int32)
    gold = rng.integers(0, TAGS, starts[-1]).astype(np.int32)
    packed = pack(starts, np.arange(len(LENGTHS)))
    return Batch(
        Encoded(words, gold, starts),
        packed.positions,
        words[packed.positions],
        gold[packed.positions],
        packed.offsets,
    )


@pytest.fixture
def drawn():
    """Return a function that draws the parameters of a spec, biases too, so that no gradient is trivial."""

    def draw(spec: NetworkSpec, dtype: type = np.float64) -> Parameters:
        rng = np.random.default_rng(2)
        parameters = Parameters(table(spec, WORDS, TAGS), dtype)
        for array in parameters.values():
            array[...] = 0.4 * rng.standard_normal(array.shape)
        return parameters

    return draw
