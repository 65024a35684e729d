"""How uncertain a model is of sentences, from 0 to 1.

path     1 − P(y*)^(1/T), where y* are the best tags of a sentence of T tokens: the order of the length-normalised
         log-probability MNLP of Shen et al. 2018, "Deep active learning for named entity recognition", section 4
entropy  the mean over the tokens of −Σ p log p of their K tags, divided by its largest value, log K: the token
         entropy of Settles and Craven 2008, "An analysis of active learning strategies for sequence labeling tasks"
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnncli.data.batch import by_length, pack
from rnncli.data.sentence import Sentence
from rnncli.labelling import BATCH_TOKENS
from rnncli.model import Model
from rnncli.network import output
from rnncli.network.arena import Arena
from rnncli.network.team import ThreadTeam
from rnncli.plain.limits import check_weights

PATH = "path"
ENTROPY = "entropy"


class Judge:
    """Measures the uncertainty of sentences; the result does not depend on the number of threads.

    measure  PATH or ENTROPY
    """

    def __init__(self, model: Model, measure: str, team: ThreadTeam) -> None:
        check_weights(model.parameters)
        self._model = model
        self._measure = measure
        self._team = team
        self._arena = Arena(team.queue)
        self._transposed = model.parameters.transposed_weights()
        self._chain = model.chain()

    def uncertainty(self, sentences: Sequence[Sentence]) -> NDArray[np.float64]:
        """The uncertainty of sentences, (S,), each of at least one token."""
        model = self._model
        encoded = model.encode([s.tokens for s in sentences], [s.columns for s in sentences])
        result = np.zeros(len(sentences))
        for numbers in by_length(encoded, BATCH_TOKENS):
            packed = pack(encoded.starts, numbers)
            self._team.wake()
            self._arena.clear()
            paths, entropies = output.certainty(
                model.network_spec,
                model.parameters,
                encoded.batch(packed),
                self._transposed,
                self._chain,
                self._arena,
            )
            lengths = encoded.lengths[numbers]
            if self._measure == PATH:
                result[numbers] = -np.expm1(paths / lengths)
                continue
            count = int(packed.offsets[1])
            rank = np.arange(len(entropies)) - np.repeat(packed.offsets[:-1], np.diff(packed.offsets))
            result[numbers] = np.bincount(rank, entropies, count) / lengths / max(np.log(len(model.tags)), 1)
        return result
