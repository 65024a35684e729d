"""What tokens look like to the network: each part of the input turns a text into rows of a table of its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Encoded, Ints
from rnncli.data.ngrams import Ngrams
from rnncli.data.vocabulary import Names, Values, Vocabulary
from rnncli.errors import DataError

if TYPE_CHECKING:
    from rnncli.data.vectors import Vectors

Columns = Sequence[Sequence[tuple[str, ...]]]
REMEMBERED = 100_000  # texts, after which all are forgotten, so that memory stays what it is
OF_WORDS = ("embedding", "onehot")  # parts whose rows are those of the words


class Features(Protocol):
    """A locked list of texts, each with a row in a table, and the rows that a token selects."""

    words: list[str]

    def __len__(self) -> int: ...

    def select(self, token: str) -> list[int]:
        """Rows whose sum stands for the token; none of them gives 0."""


class Part(NamedTuple):
    """One part of the input."""

    name: str  # its table is input/<name>
    source: int  # what it reads: 0 the token, from 1 the columns between token and tag
    width: int  # of a row; for one-hot that of the hidden layer
    features: Features


def _source(name: str) -> int:
    return int(name.removeprefix("column")) if name.startswith("column") else 0


def input_lists(names: Iterable[str]) -> list[str]:
    """Names of the lists of texts that these parts of an input need."""
    return ["words", *(name for name in names if name not in OF_WORDS)]


class _Numbers(dict[str, int]):
    """Distinct texts by number, from 0 in the order in which they came."""

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self)
        return number


class _Known:
    """The distinct texts of one source so far, and what they select: looked up once for all blocks of a file."""

    def __init__(self, source: int, words: Vocabulary, parts: Sequence[Part]) -> None:
        self.numbers, self._vocabulary = _Numbers(), words
        self._parts = [part for part in parts if part.source == source]
        self.words = np.empty(0, np.int32)  # their numbers in the vocabulary
        none = np.empty(0, np.int32), np.zeros(1, np.int64)
        self.bags = [Bags(source, part.features is words, *none) for part in self._parts]

    def number(self, texts: Sequence[str]) -> Ints:
        """Number texts; what is new among them is looked up. Arrays that were given out stay as they are."""
        before = len(self.numbers)
        found = np.fromiter(map(self.numbers.__getitem__, texts), np.int32, len(texts))
        if new := list(islice(self.numbers, before, None)):
            numbers = [self._vocabulary.number(text) for text in new]
            self.words = np.concatenate([self.words, np.array(numbers, np.int32)])
            self.bags = [
                self._with(bags, [part.features.select(text) for text in new])
                for part, bags in zip(self._parts, self.bags, strict=True)
            ]
        return found

    @staticmethod
    def _with(bags: Bags, selected: Sequence[Sequence[int]]) -> Bags:
        """The bags and more."""
        ends = bags.starts[-1] + np.cumsum([len(rows) for rows in selected])
        rows = np.fromiter(chain.from_iterable(selected), np.int32)
        return bags._replace(rows=np.concatenate([bags.rows, rows]), starts=np.concatenate([bags.starts, ends]))


class Inputs:
    """The parts of a model's input, and the words that it knows.

    words    every word of the training set, whichever parts there are: it tells unknown words apart
    columns  how many columns between token and tag are read
    """

    def __init__(self, words: Vocabulary, parts: Sequence[Part]) -> None:
        self.words, self.parts = words, list(parts)
        self.columns = sum(part.source > 0 for part in parts)
        self._known: list[_Known] = []  # of each source
        self._looking = Lock()

    @classmethod
    def count(cls, spec: NetworkSpec, tokens: Sequence[str], columns: Columns, vectors: "Vectors | None") -> Self:
        """Make the input of a training set.

        tokens   of all its sentences, end to end
        columns  of every token of every sentence
        """
        found: dict[str, Features] = {}
        widths = {
            "embedding": spec.embedding,
            "onehot": spec.product,
            "ngram": spec.ngram,
        }
        words = Vocabulary.count(tokens)
        for name in spec.inputs:
            if name == "ngram":
                found[name] = Ngrams.count(tokens)
            elif name == "vectors" and vectors:
                found[name], widths[name] = Names(vectors.words), vectors.table.shape[1]
            elif name == "columns":
                rows = [cells for sentence in columns for cells in sentence]
                for i in range(len(rows[0])):
                    found[f"column{i + 1}"] = Values(dict.fromkeys(cells[i] for cells in rows))
                    widths[f"column{i + 1}"] = spec.column
            else:
                found[name] = words
        return cls(words, [Part(name, _source(name), widths[name], found[name]) for name in found])

    @classmethod
    def from_lists(cls, widths: Mapping[str, int], lists: Mapping[str, list[str]]) -> Self:
        """Make the input of a model file: the width of each part, and the lists of :meth:`lists`."""
        words, parts = Vocabulary(lists["words"]), []
        kinds: dict[str, Callable[[list[str]], Features]] = {"ngram": Ngrams, "vectors": Names}
        for name, width in widths.items():
            features = words if name in OF_WORDS else kinds.get(name, Values)(lists[name])
            parts.append(Part(name, _source(name), width, features))
        return cls(words, parts)

    def lists(self) -> dict[str, list[str]]:
        """The texts that have rows in tables, by the names that :func:`input_lists` gives."""
        own = {part.name: part.features.words for part in self.parts if part.name not in OF_WORDS}
        return {"words": self.words.words, **own}

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        columns: Columns | None = None,
        tags: Iterable[Sequence[str]] = (),
        tag_numbers: Mapping[str, int] | None = None,
    ) -> Encoded:
        """Turn sentences into numbers; a tag that is not among ``tag_numbers`` is −1."""
        starts = np.zeros(len(sentences) + 1, np.int64)
        np.cumsum([len(tokens) for tokens in sentences], out=starts[1:])
        sources = [[token for tokens in sentences for token in tokens]]
        if self.columns:
            if columns is None or any(len(row) < self.columns for rows in columns for row in rows):
                many = "a column" if self.columns == 1 else f"{self.columns} columns"
                message = f"this model reads {many} beside each token, and there are fewer"
                raise DataError(message, hint="a model trained with --input embedding+ngram needs none")
            sources += [[row[i] for rows in columns for row in rows] for i in range(self.columns)]
        with self._looking:
            if any(len(known.numbers) > REMEMBERED for known in self._known) or not self._known:
                self._known = [_Known(source, self.words, self.parts) for source in range(len(sources))]
            ids = np.stack([known.number(texts) for known, texts in zip(self._known, sources, strict=True)])
            words, bags = self._known[0].words[ids[0]], [bags for known in self._known for bags in known.bags]
        numbers = tag_numbers or {}
        gold = [numbers.get(tag, -1) for sentence in tags for tag in sentence]
        tagged = np.array(gold, np.int32) if gold else np.full(len(words), -1, np.int32)
        return Encoded(words, ids, bags, tagged, starts)
