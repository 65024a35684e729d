"""Training sentences in which spans are exchanged for others of their type.

Source: Dai and Adel 2020, "An analysis of simple data augmentation for named entity recognition", section 3:
mention replacement.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rnncli.data.batch import Encoded, Longs
from rnncli.data.tags import Scheme

LONGEST = 16  # tokens; longer spans stay where they are


class Exchange:
    """The spans of encoded sentences, and others that may stand in their places."""

    def __init__(self, encoded: Encoded, tags: Sequence[str], scheme: Scheme) -> None:
        """``tags``: the names of the numbers in ``encoded``."""
        self._starts = encoded.starts
        # For each sentence, its spans: first position, end, and a number of the list of spans that fit there.
        self._spans: list[list[tuple[int, int, int]]] = []
        self._fitting: list[list[tuple[int, int]]] = []
        numbers: dict[tuple[str, str], int] = {}
        names = [tags[number] for number in encoded.tags]
        for first, end in pairwise(encoded.starts.tolist()):
            found = []
            for span in scheme.spans(names[first:end]) if scheme.has_spans else ():
                at = first + span.start, first + span.end
                # With these schemes one tag of a span depends on the span beside it.
                bound = {"IOB1": names[at[0]], "IOE1": names[at[1] - 1]}.get(scheme.name, "")
                if at[1] - at[0] <= LONGEST:
                    number = numbers.setdefault((span.type, bound), len(self._fitting))
                    if number == len(self._fitting):
                        self._fitting.append([])
                    self._fitting[number].append(at)
                    found.append((*at, number))
            self._spans.append(found)

    def cut(self, sentences: Longs, share: float, rng: np.random.Generator) -> tuple[Longs, Longs]:
        """The positions of the tokens of these sentences, end to end, and where each begins, as in ``Encoded``.

        Each span is exchanged with probability ``share``, for one that is drawn from all that fit there.
        """
        pieces = [np.empty(0, np.int64)]
        lengths = []
        for sentence in sentences.tolist():
            at, end = self._starts[sentence : sentence + 2].tolist()
            pieces_before = len(pieces)
            spans = self._spans[sentence]
            for (first, after, number), chance in zip(spans, rng.random(len(spans)).tolist(), strict=True):
                if chance < share:
                    fitting = self._fitting[number]
                    pieces.append(np.arange(at, first))
                    pieces.append(np.arange(*fitting[rng.integers(len(fitting))]))
                    at = after
            pieces.append(np.arange(at, end))
            lengths.append(sum(map(len, pieces[pieces_before:])))
        return np.concatenate(pieces), np.cumsum([0, *lengths])
