"""What tokens look like to the network: each part of the input turns a text into rows of a table of its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Encoded
from rnncli.data.ngrams import Ngrams
from rnncli.data.vocabulary import Names, Values, Vocabulary
from rnncli.errors import DataError

if TYPE_CHECKING:
    from rnncli.data.vectors import Vectors

Columns = Sequence[Sequence[tuple[str, ...]]]
REMEMBERED = 100_000  # texts whose rows are looked up once for all blocks of a file
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


class Inputs:
    """The parts of a model's input, and the words that it knows.

    words    every word of the training set, whichever parts there are: it tells unknown words apart
    columns  how many columns between token and tag are read
    """

    def __init__(self, words: Vocabulary, parts: Sequence[Part]) -> None:
        self.words, self.parts = words, list(parts)
        self.columns = sum(part.source > 0 for part in parts)
        self._number = lru_cache(REMEMBERED)(words.number)
        self._select = [
            lru_cache(REMEMBERED)(lambda text, select=part.features.select: np.array(select(text), np.int32))
            for part in parts
        ]

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
        ids = np.empty((len(sources), int(starts[-1])), np.int32)
        texts = []
        for source, values in enumerate(sources):
            distinct = {text: number for number, text in enumerate(dict.fromkeys(values))}
            ids[source] = [distinct[value] for value in values]
            texts.append(list(distinct))  # what is looked up, once each
        words = np.array([self._number(text) for text in texts[0]], np.int32)
        bags = [self._bags(*each, texts) for each in zip(self.parts, self._select, strict=True)]
        numbers = tag_numbers or {}
        gold = [numbers.get(tag, -1) for sentence in tags for tag in sentence]
        return Encoded(
            words[ids[0]] if len(words) else ids[0],
            ids,
            bags,
            np.array(gold, np.int32) if gold else np.full(len(ids[0]), -1, np.int32),
            starts,
        )

    def _bags(self, part: Part, select: Callable[[str], NDArray[np.int32]], texts: Sequence[Sequence[str]]) -> Bags:
        """The rows that each distinct text selects, end to end."""
        selected = [np.empty(0, np.int32), *map(select, texts[part.source])]
        starts = np.cumsum([len(rows) for rows in selected])
        return Bags(part.source, part.features is self.words, np.concatenate(selected), starts)
