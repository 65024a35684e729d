"""Models that several tests look into: drawn at random in float64, and one that copies a word from k tokens ago."""

from collections.abc import Sequence

import numpy as np

from rnncli import training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.model import Model
from rnncli.parameters import Parameters

TEXT = ["the", "cat", "sat", "on", "the", "mat", "xyzzy"]  # of which the last is not known
SIDES = [("D",), ("N",), ("V",), ("P",), ("D",), ("N",), ("?",)]
TAGS = ["O", "B-a", "I-a", "B-b", "O", "I-b"]


def drawn(scale: float = 0.7, tags: Sequence[list[str]] = (TAGS, TAGS), **spec: object) -> Model:
    """A model with random weights in float64, biases too, which knows all words of TEXT but the last.

    tags  of two sentences or more, so that n-grams of neighbours occur twice
    """
    settings = {"hidden": 4, "embedding": 3, "ngram": 3, "column": 2, "window": 0}
    settings |= {"neighbours": "joined", "decoder": "softmax"}
    sentence = Sentence(TEXT[:6], TAGS, SIDES[:6], 1)
    has_columns = "columns" in str(spec.get("features", ""))
    if not has_columns:
        sentence = sentence._replace(columns=[()] * 6)
    network = NetworkSpec(**({"features": "embedding"} | settings | spec))
    model = training.prepare([sentence._replace(tags=row) for row in tags], network, TrainingSpec())
    rng, old = np.random.default_rng(5), model.parameters
    model.parameters = Parameters(old.rows, np.float64)
    for array in model.parameters.values():
        array[...] = scale * rng.standard_normal(array.shape)
    return model


LETTERS = "abcde"


def copying(lag: int, activation: str) -> Model:
    """An Elman network of registers: h shifts the last words along, and tag(t) is word(t − lag), at first O."""
    sentence = Sentence([*LETTERS, "a"], [*LETTERS.upper(), "O"], [()] * 6, 1)
    size = len(LETTERS)
    network = NetworkSpec(
        arch="elman",
        cell="simple",
        activation=activation,
        hidden=(lag + 1) * size,
        features="onehot",
        window=0,
        decoder="softmax",
    )
    model = training.prepare([sentence], network, TrainingSpec())
    for array in model.parameters.values():
        array[...] = 0
    for i, letter in enumerate(LETTERS):
        tag = model.tags.index(letter.upper())
        model.parameters["input/onehot"][model.inputs.words.number(letter), i] = 1
        model.parameters["output/V"][tag, lag * size + i] = 1
    for i in range(lag * size):
        model.parameters["layer1/W"][0, size + i, i] = 1
    model.parameters["output/c"][model.tags.index("O")] = 0.5
    return model
