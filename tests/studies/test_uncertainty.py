"""The uncertainty of sentences: the probability of the best tags, and the entropy, as NumPy computes them."""

import math

import numpy as np
import pytest
from untrained_models import untrained

from rnncli import labelling
from rnncli.data.sentence import Sentence
from rnncli.network.team import ThreadTeam
from rnncli.studies.uncertainty import ENTROPY, PATH, Judge

TEXTS = ["leave", "Taipei leave now", "leave Taipei on May 2nd", "x y", "leave", "a b c d e f g"]


@pytest.mark.parametrize(
    "network",
    [
        {"decoder": "softmax"},
        {"decoder": "softmax", "transitions": "legal"},
        {"decoder": "crf"},
        {"decoder": "crf", "transitions": "legal"},
        {"decoder": "softmax", "arch": "jordan"},
    ],
    ids=str,
)
@pytest.mark.parametrize("threads", [1, 3])
def test_it_is_what_numpy_computes(network, threads):
    model = untrained(**network)
    sentences = [Sentence(text.split(), [], [()] * len(text.split()), 1) for text in TEXTS]
    encoded = model.encode([s.tokens for s in sentences])
    with ThreadTeam(threads) as team:
        paths = Judge(model, PATH, team).uncertainty(sentences)
        entropies = Judge(model, ENTROPY, team).uncertainty(sentences)
    for number, item in enumerate(sentences):
        ((_, probability),) = labelling.nbest(model, encoded, number, 1)
        assert paths[number] == pytest.approx(1 - probability ** (1 / len(item.tokens)), abs=1e-5)
        y = labelling.decide(model, labelling.trace(model, encoded, number))[1]
        entropy = -(y * np.log(y)).sum(axis=1).mean() / math.log(len(model.tags))
        assert entropies[number] == pytest.approx(entropy, abs=1e-5)
    assert len(set(paths.round(4).tolist())) > 3
