"""A sentence of a file: its tokens, tags and columns, and what else the file says about it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rnncli import arguments


class Extra(NamedTuple):
    """What a file says about a sentence beside tokens, tags and columns; labelling does not need it."""

    lines: Sequence[int] | None = None  # the line of each token; None: one line after another from the first
    text: str | None = None  # that the tokens were cut from
    starts: Sequence[int] | None = None  # where each token starts in the text, in characters
    comments: tuple[str, ...] = ()  # lines before the sentence, as they stand
    document: str | None = None  # the line that begins a document with this sentence; "" if there is none
    cells: Sequence[tuple[str, ...]] | None = None  # every column of each token, if the reader was asked for them
    rows: tuple[tuple[int, str], ...] = ()  # lines that are no token, and the number of tokens before each
    fields: Mapping[str, Any] | None = None  # further fields of a JSON object
    value: Mapping[str, Any] | None = None  # the whole object, if it is this sentence alone, where it has no labels


NOTHING = Extra()
SHOWN = 12  # tokens of a sentence in its repr


class Sentence(NamedTuple):
    """Tokens and their tags; the columns beside them are features; ``line`` is the first, from 1."""

    tokens: list[str]
    tags: list[str]
    columns: list[tuple[str, ...]]
    line: int
    extra: Extra = NOTHING

    def __repr__(self) -> str:
        tags = self.tags or [""] * len(self.tokens)
        pairs = [f"{token}/{tag}" if tag else token for token, tag in zip(self.tokens, tags, strict=False)]
        return f"<sentence {' '.join(pairs[:SHOWN])}{' …' if len(pairs) > SHOWN else ''}>"

    def line_of(self, token: int) -> int:
        """The line of a token, which is numbered from 0."""
        return self.line + token if self.extra.lines is None else self.extra.lines[token]


def check(sentence: Sentence, labelled: bool = True) -> Sentence:
    """Return a sentence that a caller made; UsageError unless there is a tag and a row of columns for each token.

    Where there are no columns, their rows may be left out; tags count where they are asked for.
    """
    hint = "a sentence is Sentence(tokens, tags, columns, line)"
    if not isinstance(sentence, Sentence):
        arguments.refuse("sentence", "a Sentence of rnncli.data.sentence", sentence, hint)
    tokens = len(arguments.texts("tokens", sentence.tokens, hint))
    if labelled and len(arguments.texts("tags", sentence.tags, hint)) != tokens:
        arguments.refuse("tags", f"as many as tokens, which are {tokens}", sentence.tags, hint)
    if len(sentence.columns):
        check_columns(sentence.columns, tokens)
    return sentence


def check_columns(columns: Sequence[tuple[str, ...]], tokens: int) -> Sequence[tuple[str, ...]]:
    """Return the columns beside the tokens of a sentence; UsageError unless there is a tuple of texts for each."""
    hint = "give a tuple for each token"
    rows = columns if isinstance(columns, list) else list(arguments.several("columns", columns, "a list", hint))
    if len(rows) != tokens:
        arguments.refuse("columns", f"as many as tokens, which are {tokens}", columns, hint)
    for row in rows:
        if row != ():
            arguments.texts("columns", row, hint)
    return rows
