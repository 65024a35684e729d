"""Raw text -> tokens with their character offsets."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from rnncli.errors import DataError

# A word may hold single marks between its characters (o'clock, 10:30, well-known, 3.5, a/b); others are tokens.
# In many scripts letters have combining marks, which \w does not match.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711-\u074a"
    "\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
)
_WORD = rf"\w[\w{_MARKS}]*"
_PATTERNS = {
    "whitespace": re.compile(r"\S+"),
    "words": re.compile(rf"{_WORD}(?:['’.:,/&@_-]{_WORD})*|[^\w\s]"),
    "characters": re.compile(r"\S"),
}
TOKENIZERS = frozenset(_PATTERNS)


class Token(NamedTuple):
    """``text`` is ``source[start:end]``; offsets count characters."""

    text: str
    start: int
    end: int


def tokenize(text: str, tokenizer: str) -> list[Token]:
    """Cut a text into tokens, by ``whitespace``, ``words`` (words and punctuation) or ``characters``.

    Raises TypeError for a text that is no str, DataError for one that cannot be written as UTF-8.
    """
    _check(text)
    return [Token(m.group(), *m.span()) for m in _PATTERNS[tokenizer].finditer(text)]


def cut(text: str, tokenizer: str) -> list[str]:
    """Return the texts of the tokens of :func:`tokenize`; many times as fast."""
    _check(text)
    if tokenizer == "words":
        return [token for chunk in text.split() for token in _WORDS_OF[chunk]]
    return text.split() if tokenizer == "whitespace" else list("".join(text.split()))


class _Words(dict[str, list[str]]):
    """A cache of the tokens of texts without blanks; faster than ``functools.lru_cache``."""

    def __missing__(self, chunk: str) -> list[str]:
        words: list[str] = _PATTERNS["words"].findall(chunk)
        if len(chunk) <= 40:  # longer chunks seldom occur again
            if len(self) >= 20_000:
                self.clear()
            self[chunk] = words
        return words


_WORDS_OF = _Words()


def _check(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a text to label is a str, not {type(text).__name__}")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise DataError("the text is not UTF-8", hint="check the encoding of the terminal")


def recognise(sentences: Iterable[list[str]]) -> str:
    """Return the name of the tokenizer that most likely made these tokens.

    It is ``characters`` if at least 19 of 20 tokens have one character; else ``words`` if at least 39 of 40 tokens
    are one token by its rule; else ``whitespace``.
    """
    counts = Counter(chain.from_iterable(sentences))
    count = counts.total()
    single = sum(n for token, n in counts.items() if len(token) == 1)
    whole = sum(n for token, n in counts.items() if _PATTERNS["words"].fullmatch(token))
    if single >= 0.95 * count:
        return "characters"
    return "words" if whole >= 0.975 * count else "whitespace"
