"""Which sentences to label next: those of which a model is uncertain, and which differ from each other.

The most uncertain sentences of a pool are the candidates. Of these, the next one is that with the largest

    (1 − d) · u(s) / max u  −  d · max cos(s, s′)

over the sentences s′ that were chosen before: maximal marginal relevance (Carbonell and Goldstein 1998). cos
compares the words of two sentences, each word with the weight times · log((1 + n) / (1 + number of candidates with
it)), where n is the number of candidates.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data.sentence import Sentence

BLOCK = 4_096  # sentences whose uncertainty is measured together
CANDIDATES = 20  # for each sentence that is wanted
FEWEST = 1_000
MOST = 50_000

Array = NDArray[np.float64]


class Chosen(NamedTuple):
    """A sentence of a pool.

    number       of the sentence in the pool, from 0
    uncertainty  from 0 to 1
    similarity   to the nearest of those before it, from 0 to 1
    """

    number: int
    sentence: Sentence
    uncertainty: float
    similarity: float = 0.0


class Candidates:
    """Keeps the most uncertain of any number of sentences; equal ones count once.

    size      how many are kept
    columns   how many columns of each token count

    The uncertainty of a sentence depends on its tokens and these columns alone. So one that was not kept is not
    kept when it occurs again, and only those that are kept need be compared.
    """

    def __init__(self, size: int, columns: int = 0) -> None:
        self._size = size
        self._columns = columns
        self._kept: list[tuple[float, int]] = []  # a heap: uncertainty, −number
        self._sentences: dict[int, Sentence] = {}
        self._keys: set[object] = set()  # of the sentences that are kept: what is equal in equal ones
        self.repeated = 0  # those that are equal to one that is kept

    def add(
        self, sentences: Iterable[tuple[int, Sentence]], measure: Callable[[Sequence[Sentence]], Array]
    ) -> None:
        """Add numbered sentences; ``measure`` gives the uncertainty, (S,), of several."""
        rest = iter(sentences)
        while block := list(islice(rest, BLOCK)):
            values = measure([sentence for _, sentence in block])
            for (number, sentence), value in zip(block, values.tolist(), strict=True):
                self._add(number, sentence, value)

    def _add(self, number: int, sentence: Sentence, value: float) -> None:
        item = (value, -number)
        if len(self._kept) == self._size and item < self._kept[0]:
            return
        key = self._key(sentence)
        if key in self._keys:
            self.repeated += 1
            return
        self._keys.add(key)
        self._sentences[number] = sentence
        heapq.heappush(self._kept, item)
        if len(self._kept) > self._size:
            _, gone = heapq.heappop(self._kept)
            self._keys.remove(self._key(self._sentences.pop(-gone)))

    def _key(self, sentence: Sentence) -> object:
        columns = [tuple(row[: self._columns]) for row in sentence.columns] if self._columns else []
        return tuple(sentence.tokens), tuple(columns)

    def ordered(self) -> list[Chosen]:
        """The sentences that are kept, the most uncertain first, of equal ones the first."""
        kept = sorted(self._kept, reverse=True)
        return [Chosen(-number, self._sentences[-number], value) for value, number in kept]


def size(count: int) -> int:
    """How many candidates there are for so many sentences."""
    return max(count, min(MOST, max(FEWEST, CANDIDATES * count)))


def choose(candidates: Sequence[Chosen], count: int, diversity: float) -> list[Chosen]:
    """Choose up to ``count`` candidates, in the order in which to label them; ``diversity`` is d, from 0 to 1."""
    if not candidates or count < 1:
        return []
    words = _Words([candidate.sentence.tokens for candidate in candidates])
    uncertainty = np.array([candidate.uncertainty for candidate in candidates])
    relevance = (1 - diversity) * uncertainty / max(float(uncertainty.max()), np.finfo(float).tiny)
    nearest = np.zeros(len(candidates))
    is_left = np.ones(len(candidates), bool)
    chosen = []
    for _ in range(min(count, len(candidates))):
        best = int(np.where(is_left, relevance - diversity * nearest, -np.inf).argmax())
        is_left[best] = False
        chosen.append(candidates[best]._replace(similarity=float(nearest[best])))
        if diversity:
            np.maximum(nearest, words.similarity(best), out=nearest)
    return chosen


class _Words:
    """The words of sentences as sparse vectors of length 1; those of one sentence are end to end."""

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        counts = [Counter(word.lower() for word in tokens) for tokens in sentences]
        number_of: dict[str, int] = {}
        self._words = np.array(
            [number_of.setdefault(word, len(number_of)) for word in chain.from_iterable(counts)], np.int64
        )
        times = np.array([number for count in counts for number in count.values()], np.float64)
        lengths = np.array([len(count) for count in counts], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        frequency = np.bincount(self._words, minlength=len(number_of))
        weights = times * np.log((1 + len(counts)) / (1 + frequency[self._words]))
        self._sentence = np.repeat(np.arange(len(counts)), lengths)
        norms = np.sqrt(np.bincount(self._sentence, weights**2, len(counts)))
        self._weights = weights / np.maximum(norms, np.finfo(float).tiny)[self._sentence]
        self._one = np.zeros(len(number_of))

    def similarity(self, sentence: int) -> Array:
        """The cosine of the angles between one sentence and all, (S,)."""
        own = slice(*self._starts[sentence : sentence + 2])
        self._one[self._words[own]] = self._weights[own]
        products = np.bincount(self._sentence, self._weights * self._one[self._words], len(self._starts) - 1)
        self._one[self._words[own]] = 0
        return np.minimum(products, 1.0)
