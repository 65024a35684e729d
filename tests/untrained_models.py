"""Small models of every kind, whose weights are drawn and not trained."""

from typing import Any

import numpy as np

from rnncli import labelling
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.tags import Scheme
from rnncli.model import Model

TAGS = ["O", "B-x", "I-x"]
LISTS = {
    "words": ["leave", "Taipei", "0nd"],
    "ngram": ["=x", "<t", "<ta", "e>"],
    "vectors": ["leave", "taipei"],
    "column1": ["VB", "NN"],
    "column2": ["x"],
}
EVERYTHING = "embedding+onehot+ngram+vectors+columns"


def untrained(lists: dict[str, list[str]] | None = None, **network: Any) -> Model:
    """A small model; every weight is drawn, also those that training would start at 0."""
    settled = {"arch": "elman", "cell": "simple", "hidden": 3, "features": "embedding", "digits": "zero"}
    spec = NetworkSpec(**(settled | {"neighbours": "joined", "transitions": "any"} | network))
    onehot = spec.product
    widths = {"embedding": 2, "onehot": onehot, "ngram": 4, "vectors": 3, "column1": 2, "column2": 1}
    names = [name for name in widths if name in spec.inputs or ("columns" in spec.inputs and "column" in name)]
    inputs = Inputs.from_lists({name: widths[name] for name in names}, LISTS | (lists or {}), spec.digits)
    model = Model.untrained(spec, TrainingSpec(), inputs, TAGS, "words", Scheme("IOB2"))
    rng = np.random.default_rng(3)
    for array in model.parameters.values():
        array[...] = rng.standard_normal(array.shape)
    return model


def predictions(model: Model, texts: list[str]) -> tuple[list[int], list[float]]:
    sentences = [text.split() for text in texts]
    columns = [[(("VB", "NN", "?")[len(token) % 3], "x") for token in tokens] for tokens in sentences]
    found = labelling.predict(model, model.encode(sentences, columns))
    return found.tags.tolist(), found.probabilities.tolist()
