"""What tokens look like to the network: each part of the input turns a text into rows of a table of its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Encoded
from rnncli.data.lookup import Features, Lookup
from rnncli.data.ngrams import Ngrams
from rnncli.data.vocabulary import Names, Values, Vocabulary
from rnncli.errors import DataError

if TYPE_CHECKING:
    from rnncli.data.vectors import Vectors

Columns = Sequence[Sequence[tuple[str, ...]]]
OF_WORDS = ("embedding", "onehot")  # parts whose rows are those of the words
_Beside = TypeVar("_Beside")


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


def _refuse_texts(values: Iterable[object], message: str) -> None:
    """Raise where a text stands in place of a list: its letters would be taken one by one."""
    if any(issubclass(kind, (str, bytes)) for kind in set(map(type, values))):
        raise TypeError(message)


def _end_to_end(what: str, rows: Sequence[Sequence[_Beside]], lengths: list[int]) -> list[_Beside]:
    """Join what stands beside the tokens of each sentence; there must be as much as there are tokens."""
    _refuse_texts(rows, f"the {what} of a sentence are a list, not a text")
    if len(rows) != len(lengths):
        raise DataError(f"sentences: {len(lengths)}, but there are {what} for {len(rows)}")
    for number, (tokens, row) in enumerate(zip(lengths, rows, strict=True), 1):
        if len(row) != tokens:
            raise DataError(f"tokens of sentence {number}: {tokens}, but there are {what} for {len(row)}")
    return list(chain.from_iterable(rows))


class Inputs:
    """The parts of a model's input, and the words that it knows.

    words    every word of the training set, whichever parts there are: it tells unknown words apart
    columns  how many columns between token and tag are read
    """

    def __init__(self, words: Vocabulary, parts: Sequence[Part]) -> None:
        self.words, self.parts = words, list(parts)
        self.columns = sum(part.source > 0 for part in parts)
        self._lookups = [self._lookup(source) for source in range(self.columns + 1)]

    def _lookup(self, source: int) -> Lookup:
        """Look up in the lists of a source; for tokens the words come first, also where they are no part."""
        own = [part.features for part in self.parts if part.source == source and part.features is not self.words]
        return Lookup(own if source else [self.words, *own])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Inputs):
            return NotImplemented
        return (self.words, self.parts) == (other.words, other.parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also one in another process, begins without what was looked up here."""
        return type(self), (self.words, self.parts)

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
        tags: Sequence[Sequence[str]] = (),
        tag_numbers: Mapping[str, int] | None = None,
    ) -> Encoded:
        """Turn sentences into numbers; a tag that is not among ``tag_numbers`` is −1, as are all without ``tags``.

        The result is a function of the arguments: nothing that was encoded before, or is by another thread at the
        same time, changes it.

        Raises TypeError for what is no text or no list, DataError for columns or tags that do not fit the tokens.
        """
        _refuse_texts(sentences, "a sentence is a list of tokens, not a text")
        lengths = list(map(len, sentences))
        starts = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        texts = [list(chain.from_iterable(sentences)), *self._read(columns, lengths)]
        found = [look_up(each) for look_up, each in zip(self._lookups, texts, strict=True)]
        ids = np.stack([each.ids for each in found])
        selected = [iter(each.rows) for each in found]
        words = next(selected[0])
        bags = []
        for part in self.parts:
            is_word = part.features is self.words
            bags.append(Bags(part.source, is_word, *(words if is_word else next(selected[part.source]))))
        gold = np.full(len(texts[0]), -1, np.int32)
        if len(tags):
            numbers = tag_numbers or {}
            gold[:] = [numbers.get(tag, -1) for tag in _end_to_end("tags", tags, lengths)]
        return Encoded(words.rows[ids[0]], ids, bags, gold, starts)

    def _read(self, columns: Columns | None, lengths: list[int]) -> Iterator[list[str]]:
        """Yield the texts of each column that is read."""
        if not self.columns:
            return
        rows = None if columns is None else _end_to_end("columns", columns, lengths)
        _refuse_texts(rows or (), "the columns beside a token are a tuple of texts, not a text")
        if rows is None or any(len(row) < self.columns for row in rows):
            many = "a column" if self.columns == 1 else f"{self.columns} columns"
            message = f"this model reads {many} beside each token, and there are fewer"
            raise DataError(message, hint="a model trained with --input embedding+ngram needs none")
        for i in range(self.columns):
            yield list(map(itemgetter(i), rows))
