"""What checks of a labelled file count in it, and the problems that they report."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from rnncli.data.formats.format import Names
from rnncli.data.sentence import Sentence


class Problem(NamedTuple):
    """What cannot be right in a file.

    topic       of two problems of one topic only the first is reported, since one mistake has several signs
    line        from 1; 0 if it is about the whole file
    is_refused  False: worth a note, but there may be a reason for it
    """

    topic: str
    message: str
    hint: str = ""
    line: int = 0
    is_refused: bool = True


class Column(NamedTuple):
    """A column of a file: its number or name for ``--columns``, and how often each value occurs."""

    name: str
    values: Counter[str]


# Formats with a token on each line, in which blank lines end sentences.
BY_LINES = frozenset(("tsv", "conll", "conllu", "csv"))


class Evidence:
    """Sentences of a file, and the counts that several checks need."""

    def __init__(self, sentences: Sequence[Sentence], names: Names, format_name: str) -> None:
        self.sentences = sentences
        self.names = names
        self.has_blank_lines = format_name in BY_LINES
        self.tokens = Counter(chain.from_iterable(sentence.tokens for sentence in sentences))
        self.tags = Counter(chain.from_iterable(sentence.tags for sentence in sentences))
        self.size = self.tokens.total()

    @cached_property
    def pairs(self) -> Counter[tuple[str, str]]:
        """How often each token has each tag."""
        return Counter(pair for s in self.sentences for pair in zip(s.tokens, s.tags, strict=True))

    @cached_property
    def features(self) -> list[Column]:
        """The columns that are neither the token nor the tag."""
        rows = list(chain.from_iterable(sentence.columns for sentence in self.sentences))
        count = min(map(len, rows), default=0)
        names = [*self.names.features, *map(str, range(len(self.names.features) + 2, count + 2))]
        return [Column(names[i], Counter(row[i] for row in rows)) for i in range(count)]

    @property
    def token_name(self) -> str:
        """The number or name of the column of the tokens."""
        return self._name(self.names.token)

    @property
    def tag_column(self) -> Column:
        """The column of the tags."""
        last = len(self.features) + 1
        return Column(self._name(last if self.names.tag is None else self.names.tag), self.tags)

    def _name(self, number: int) -> str:
        """The number from 1 or the name of a column for ``--columns``; ``number`` counts from 0."""
        name = self.names.cells[number] if number < len(self.names.cells) else ""
        return name or str(number + 1)

    def predictable(self, given: int) -> float:
        """The share of tokens that have the most frequent tag of their token (0), or the reverse (1)."""
        best: dict[str, int] = {}
        for pair, count in self.pairs.items():
            best[pair[given]] = max(best.get(pair[given], 0), count)
        return sum(best.values()) / self.size
