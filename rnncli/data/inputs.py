"""The input of the network: each part of it has a table, and a text selects rows of that table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Encoded, Longs
from rnncli.data.context import Context
from rnncli.data.lexicon import Lexicon
from rnncli.data.lookup import ContextFeatures, Features, Lookup
from rnncli.data.ngrams import Ngrams
from rnncli.data.vocabulary import Names, Values, Vocabulary
from rnncli.errors import DataError

if TYPE_CHECKING:
    from rnncli.data.vectors import Vectors

Columns = Sequence[Sequence[tuple[str, ...]]]
OF_WORDS = ("embedding", "onehot")  # parts whose table has a row for each word of the vocabulary
PHRASES = "phrases"  # the name of the list of a lexicon's phrases; that of its types has the name of the part
# Characters of a text in a list; in normal form, marked and as UTF-8 it has at most packed.LONGEST_TEXT bytes.
LONGEST_TEXT = 65_536
_Item = TypeVar("_Item")


class InputTable(NamedTuple):
    """The table of one part of the input."""

    name: str  # a name in config.INPUTS; column1, column2, …
    rows: int
    width: int  # for one-hot that of the hidden layer

    @property
    def column(self) -> int:
        """The number of the column between token and tag that the part reads, from 1; 0: it reads the tokens."""
        return int(self.name.removeprefix("column")) if self.name.startswith("column") else 0


class Part(NamedTuple):
    """One part of the input: a table, and the rows of it that a text selects."""

    table: InputTable
    features: Features | ContextFeatures

    @classmethod
    def of(cls, name: str, width: int, features: Features | ContextFeatures) -> Self:
        """Make the part whose table has a row for each of the features."""
        return cls(InputTable(name, len(features), width), features)


def input_lists(names: Iterable[str]) -> list[str]:
    """Names of the lists of texts for the parts of an input with these names."""
    lists = ["words", *(name for name in names if name not in OF_WORDS)]
    return [*lists, PHRASES] if "lexicon" in lists else lists


def _refuse_texts(values: Iterable[object], message: str) -> None:
    """Raise TypeError for a text in place of a list: its letters would be read one by one."""
    if any(issubclass(kind, (str, bytes)) for kind in set(map(type, values))):
        raise TypeError(message)


def _refuse_long(texts: Iterable[str]) -> None:
    length = max(map(len, texts), default=0)
    if length > LONGEST_TEXT:
        message = f"a token or value of {length:,} characters; {LONGEST_TEXT:,} is the most"
        raise DataError(message, hint="is the file cut into tokens?")


def _end_to_end(what: str, rows: Sequence[Sequence[_Item]], lengths: list[int]) -> list[_Item]:
    """Join the items of all sentences; each sentence must have one for each token.

    what  the name of the items in error messages: tags or columns
    """
    _refuse_texts(rows, f"the {what} of a sentence are a list, not a text")
    if len(rows) != len(lengths):
        raise DataError(f"sentences: {len(lengths)}, but there are {what} for {len(rows)}")
    for number, (tokens, row) in enumerate(zip(lengths, rows, strict=True), 1):
        if len(row) != tokens:
            raise DataError(f"tokens of sentence {number}: {tokens}, but there are {what} for {len(row)}")
    return list(chain.from_iterable(rows))


class Inputs:
    """The parts of a model's input, and the words that it knows.

    words    the vocabulary: every word of the training set, with any parts; other words are unknown
    columns  how many columns between token and tag are read
    """

    def __init__(self, words: Vocabulary, parts: Sequence[Part]) -> None:
        self.words = words
        self.parts = list(parts)
        self.columns = sum(part.table.column > 0 for part in parts)
        self._lookups = [self._lookup(column) for column in range(self.columns + 1)]

    def _lookup(self, column: int) -> Lookup:
        """The look-up in the lists of a column; 0: of the tokens, with the words as the first list, part or not."""
        lists = [
            part.features
            for part in self.parts
            if part.table.column == column
            and part.features is not self.words
            and not isinstance(part.features, ContextFeatures)
        ]
        return Lookup(lists if column else [self.words, *lists])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Inputs):
            return NotImplemented
        return (self.words, self.parts) == (other.words, other.parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy, also one in another process, begins with empty look-ups."""
        return type(self), (self.words, self.parts)

    @classmethod
    def count(
        cls,
        spec: NetworkSpec,
        sentences: Sequence[Sequence[str]],
        columns: Columns,
        vectors: "Vectors | None",
        lexicon: Lexicon | None = None,
    ) -> Self:
        """Make the input of a training set.

        sentences  the tokens of each
        columns    of every token of every sentence

        Raises DataError for a text that no model file can list.
        """
        tokens = list(chain.from_iterable(sentences))
        _refuse_long(tokens)
        lists: dict[str, Features | ContextFeatures] = {}
        widths = {
            "embedding": spec.embedding,
            "onehot": spec.product,
            "ngram": spec.ngram,
            "context": spec.ngram,
            "lexicon": spec.column,
        }
        words = Vocabulary.count(tokens, spec.digits)
        for name in spec.inputs:
            if name == "ngram":
                lists[name] = Ngrams.count(tokens, digits=spec.digits)
            elif name == "context":
                lists[name] = Context.count(sentences, spec.digits)
            elif name == "vectors" and vectors:
                lists[name] = Names(vectors.words, spec.digits)
                widths[name] = vectors.table.shape[1]
            elif name == "lexicon" and lexicon:
                lists[name] = lexicon
            elif name == "columns":
                rows = [cells for sentence in columns for cells in sentence]
                _refuse_long(chain.from_iterable(rows))
                for i in range(len(rows[0])):
                    lists[f"column{i + 1}"] = Values.count(cells[i] for cells in rows)
                    widths[f"column{i + 1}"] = spec.column
            else:
                lists[name] = words
        return cls(words, [Part.of(name, widths[name], features) for name, features in lists.items()])

    @classmethod
    def from_lists(
        cls,
        widths: Mapping[str, int],
        lists: Mapping[str, Sequence[str]],
        digits: str = "zero",
        counts: NDArray[np.int64] | None = None,
    ) -> Self:
        """Make the input of a model file: part widths, lists as of :meth:`lists`, how digits are read.

        counts  of the words, as in :class:`.Vocabulary`; a file does not hold them
        """
        words = Vocabulary(lists["words"], digits, counts)
        parts = []
        for name, width in widths.items():
            features: Features | ContextFeatures = words
            if name == "ngram":
                features = Ngrams(lists[name], digits)
            elif name == "context":
                features = Context(lists[name], digits)
            elif name == "vectors":
                features = Names(lists[name], digits)
            elif name == "lexicon":
                features = Lexicon(lists[name], lists[PHRASES])
            elif name not in OF_WORDS:
                features = Values(lists[name])
            parts.append(Part.of(name, width, features))
        return cls(words, parts)

    @property
    def tables(self) -> list[InputTable]:
        """The tables of all parts."""
        return [part.table for part in self.parts]

    @property
    def column_values(self) -> list[Sequence[str]]:
        """The values of each column in the training data, as far as the columns are read."""
        return [part.features.words for part in self.parts if part.table.column > 0]

    @property
    def lexicon(self) -> Lexicon | None:
        """The phrases of the lexicon, if there is one."""
        return next((part.features for part in self.parts if isinstance(part.features, Lexicon)), None)

    def lists(self) -> dict[str, Sequence[str]]:
        """The texts that have rows in tables, by the names that :func:`input_lists` gives."""
        others = {part.table.name: part.features.words for part in self.parts if part.table.name not in OF_WORDS}
        phrases = {PHRASES: self.lexicon.phrases} if self.lexicon else {}
        return {"words": self.words.words, **others, **phrases}

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        columns: Columns | None = None,
        tags: Sequence[Sequence[str]] = (),
        tag_numbers: Mapping[str, int] | None = None,
    ) -> Encoded:
        """Turn sentences into numbers; a tag that is not in ``tag_numbers`` is −1, and without ``tags`` all are.

        The result depends on the arguments alone, not on earlier calls or on other threads.

        Raises TypeError where a text or a list is expected and missing, DataError for columns or tags that are not
        as many as the tokens.
        """
        _refuse_texts(sentences, "a sentence is a list of tokens, not a text")
        lengths = list(map(len, sentences))
        starts = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])
        texts = [list(chain.from_iterable(sentences)), *self._read(columns, lengths)]
        selected = [look_up(column) for look_up, column in zip(self._lookups, texts, strict=True)]
        ids = [column.ids for column in selected]
        rows_of_column = [iter(column.rows) for column in selected]
        words = next(rows_of_column[0])
        bags = []
        for part in self.parts:
            if isinstance(part.features, ContextFeatures):
                bags.append(Bags(len(ids), False, *part.features.rows_of(sentences)))
                ids.append(np.arange(len(texts[0]), dtype=np.int32))  # each token by itself
                continue
            is_word = part.features is self.words
            rows = words if is_word else next(rows_of_column[part.table.column])
            bags.append(Bags(part.table.column, is_word, *rows))
        gold = np.full(len(texts[0]), -1, np.int32)
        if len(tags):
            numbers = tag_numbers or {}
            gold[:] = [numbers.get(tag, -1) for tag in _end_to_end("tags", tags, lengths)]
        return Encoded(words.rows[ids[0]], np.stack(ids), bags, gold, starts)

    def cut(self, encoded: Encoded, tokens: Sequence[str], positions: Longs, starts: Longs) -> Encoded:
        """Make other sentences of the ``tokens`` that were encoded; what a token selects by its neighbours changes.

        positions  (N,) of their tokens, the sentences end to end
        starts     (B + 1,) as in :class:`.Encoded`
        """
        ids = encoded.ids[:, positions]
        bags = encoded.bags.copy()
        for number, part in enumerate(self.parts):
            if isinstance(part.features, ContextFeatures):
                sentences = [[tokens[i] for i in positions[start:end]] for start, end in pairwise(starts)]
                source = bags[number].source
                bags[number] = Bags(source, False, *part.features.rows_of(sentences))
                ids[source] = np.arange(len(positions))
        return Encoded(encoded.words[positions], ids, bags, encoded.tags[positions], starts)

    def _read(self, columns: Columns | None, lengths: list[int]) -> Iterator[list[str]]:
        """Yield the texts of each column that is read."""
        if not self.columns:
            return
        rows = None if columns is None else _end_to_end("columns", columns, lengths)
        _refuse_texts(rows or (), "the columns beside a token are a tuple of texts, not a text")
        if rows is None or any(len(row) < self.columns for row in rows):
            columns_read = "a column" if self.columns == 1 else f"{self.columns} columns"
            message = f"this model reads {columns_read} beside each token, and there are fewer"
            raise DataError(message, hint="a model trained with --features embedding+ngram needs none")
        for i in range(self.columns):
            yield list(map(itemgetter(i), rows))
