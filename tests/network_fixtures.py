"""A ragged batch and float64 networks to check the passes with."""

from typing import NamedTuple

import numpy as np
import pytest
from networks import LENGTHS, TAGS, VALUES, WORDS, parts_of

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Encoded, pack
from rnncli.data.inputs import OF_WORDS
from rnncli.parameters import Parameters, table


class Packed(NamedTuple):
    """Sentences end to end, and where the same tokens are when packed."""

    encoded: Encoded
    positions: np.ndarray
    gold: np.ndarray
    offsets: np.ndarray

    def of(self, spec: NetworkSpec, masked: np.ndarray | None = None, sentence: int | None = None):
        """The batch as this network sees it; some words masked, one sentence alone."""
        encoded = self.encoded._replace(bags=[self.bags(part.name) for part in parts_of(spec)])
        chosen = np.arange(len(LENGTHS)) if sentence is None else np.array([sentence])
        packed = pack(encoded.starts, chosen)
        return encoded.batch(packed) if masked is None else encoded.batch(packed, masked[packed.positions])

    @staticmethod
    def bags(name: str) -> Bags:
        """Words and values select a row each, letter n-grams none to four."""
        if name == "ngram":
            rows = np.array([0, 1, 2, 3, 4, 5, 1, 6, 7, 8, 0], np.int32)
            return Bags(0, False, rows, np.array([0, 1, 3, 3, 7, 10, 11], np.int64))
        count = VALUES if name == "column1" else WORDS
        return Bags(
            int(name == "column1"), name in OF_WORDS, np.arange(count, dtype=np.int32), np.arange(count + 1)
        )


@pytest.fixture
def batch() -> Packed:
    rng = np.random.default_rng(1)
    starts = np.cumsum([0, *LENGTHS])
    count = int(starts[-1])
    ids = np.stack([rng.permutation(np.arange(count) % n) for n in (WORDS, VALUES)]).astype(np.int32)
    ids[1, 3::5] = -1  # texts that are left out in training
    gold = rng.integers(0, TAGS, count).astype(np.int32)
    packed = pack(starts, np.arange(len(LENGTHS)))
    encoded = Encoded(ids[0], ids, [], gold, starts)
    return Packed(encoded, packed.positions, gold[packed.positions], packed.offsets)


@pytest.fixture
def drawn():
    """Return a function that draws the parameters of a spec, biases too, so that no gradient is trivial."""

    def draw(spec: NetworkSpec, dtype: type = np.float64) -> Parameters:
        rng = np.random.default_rng(2)
        parameters = Parameters(table(spec, parts_of(spec), TAGS), dtype)
        for array in parameters.values():
            array[...] = 0.4 * rng.standard_normal(array.shape)
        return parameters

    return draw
