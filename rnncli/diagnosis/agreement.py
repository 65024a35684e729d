"""Whether the two implementations of a network, NumPy and the kernels, label alike."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncli.data.batch import Encoded
from rnncli.data.inputs import Columns
from rnncli.diagnosis.check import Check
from rnncli.labelling import Labeller, Prediction
from rnncli.model import Model

# Both compute in float32, in another order of additions; that is seldom more than 1e-5 of a probability.
TOLERANCE = 1e-3
LENGTHS = range(1, 16)  # of the sentences that are made up


class Agreement(NamedTuple):
    """How far both agree on some sentences."""

    sentences: int
    tokens: int
    differing: int  # tokens with another tag, or with another probability of it
    largest: float  # difference of two probabilities


def agreement(model: Model, sentences: Sequence[Sequence[str]], columns: Columns | None = None) -> Agreement:
    """Label sentences in both ways. Scores that are too large to compute with are a :class:`.ModelError`."""
    encoded = model.encode(sentences, columns)
    return compared(
        len(sentences), _labelled(model, encoded, kernels=False), _labelled(model, encoded, kernels=True)
    )


def compared(sentences: int, plain: Prediction, compiled: Prediction) -> Agreement:
    """Compare the tags and probabilities of so many sentences."""
    p = plain.probabilities.astype(np.float64)
    difference = np.abs(p - compiled.probabilities)
    # Of two tags that are equally probable either may be chosen.
    is_tie = (difference <= TOLERANCE) & (p <= 0.5 + TOLERANCE)
    differs = ~(difference <= TOLERANCE) | ((plain.tags != compiled.tags) & ~is_tie)
    largest = float(np.nan_to_num(difference, nan=1.0).max(initial=0.0))
    return Agreement(sentences, len(p), int(differs.sum()), largest)


def _labelled(model: Model, encoded: Encoded, kernels: bool) -> Prediction:
    ((_, _, prediction),) = Labeller(model, kernels).stream([(None, encoded)])
    return prediction


def made_up(model: Model) -> tuple[list[list[str]], Columns]:
    """Sentences of words that the model knows, and columns of values that it knows: the same for the same model."""
    words = model.inputs.words.words or ["word"]
    rng = np.random.default_rng(0)
    sentences = [[words[number] for number in rng.integers(len(words), size=length)] for length in LENGTHS]
    values = [column or [""] for column in model.inputs.column_values]
    columns = [
        [tuple(column[number] for column, number in zip(values, row, strict=True)) for row in numbers]
        for numbers in (rng.integers([len(column) for column in values], size=(n, len(values))) for n in LENGTHS)
    ]
    return sentences, columns


def check(model: Model) -> Check:
    """Check that both label made-up sentences alike."""
    return judged(agreement(model, *made_up(model)))


def judged(result: Agreement) -> Check:
    """What the agreement means."""
    of = f"{result.sentences} sentences, {result.tokens} tokens"
    values = result._asdict()
    if not result.differing:
        text = f"NumPy and the kernels label alike: {of}; probabilities differ by {result.largest:.0e} at most"
        return Check("labels", "ok", text, values=values)
    text = f"NumPy and the kernels label {result.differing} of {result.tokens} tokens differently"
    hint = "its weights may be too large to compute with, or the kernels are wrong here: see rnncli doctor"
    return Check("labels", "failed", text, hint, values)
