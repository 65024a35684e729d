"""Raw text -> tokens with their character offsets.

A tokenizer is ``whitespace``, ``characters``, or ``words`` with further parts: see :data:`.TOKENIZER_PARTS`.
Blanks, U+200B and U+FEFF always end a token. A token of the other two does not begin with an invisible character.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import accumulate, chain
from typing import Any, NamedTuple

from rnncli.data.packed import PackedTexts
from rnncli.data.spelling import normal_form
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import DataError

_WORD = r"[\p{L}\p{N}_][\p{L}\p{N}_\p{M}\p{DI}]*"
_IN_URL = r"""\([^\s()<>"]*\)|[^\s()<>"“”„«»‘’]"""
_URL = rf"(?:{_IN_URL})*(?:\([^\s()<>\"]*\)|[\p{{L}}\p{{M}}\p{{N}}/=&\#%_~+$*@-])"
# Endings after which "." joins a lower-case name, of hosts and of files.
_ENDINGS = (
    "com|org|net|edu|gov|mil|info|biz|io|app|dev|uk|fr|nl|ch|eu|ru|jp|cn|tw|br|"
    "txt|pdf|csv|tsv|json|jsonl|xml|html|htm|md|py|js|css|png|jpg|jpeg|gif|svg|doc|docx|xls|xlsx|ppt|zip|gz|npz"
)
_HOST = rf"(?:[\p{{L}}\p{{N}}_-]{{1,63}}+\.){{1,8}}(?:{_ENDINGS})(?![\p{{L}}\p{{N}}_])(?:[/?\#]{_URL})?"
_EMAIL = r"[\p{L}\p{N}_][\p{L}\p{N}_.+%-]{0,63}+@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+"
# U.S., e.g., Ph.D., 5 p.m. without a blank
_ABBREVIATION = r"(?:(?:[\p{L}]|Ph)(?:\.[\p{L}])+|[\p{Nd}]+(?:[.:][\p{Nd}]+)?[ap]\.m)(?![\p{L}\p{N}_])\.?"
# What joins two parts of a word: apostrophes, & @ and middle dots; the quotation mark of Hebrew abbreviations;
# . , : between digits; hyphens and slashes.
_MARKS = r"""['’ʼ&@·‧׳״]|(?<=[\p{Hebrew}])"(?=[\p{Hebrew}])|(?<=[\p{Nd}])[.,:٫٬](?=[\p{Nd}])"""
_HYPHEN = "[-‐‑/]"
_CLITIC = r"['’](?:s|m|d|re|ve|ll)"
_CONTRACTION = rf"(?i)(.+?)(n['’]t|{_CLITIC})|(can)(not)|(gon|wan)(na)|(got)(ta)|(gim|lem)(me)"
_CONTRACTED = frozenset(["cannot", "gonna", "wanna", "gotta", "gimme", "lemme"])
_DIVISIBLE = re.compile("|".join(["['’]", *_CONTRACTED]), re.IGNORECASE)
_CLITICS = 3  # the most at one word
_ELISION = r"(?!n['’]t$)([^\W\d_]{1,7}['’])([^\W\d_].*)"
# Scripts whose words are written without blanks; a character with its marks.
UNSPACED = (
    r"(?!\p{Nd})[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc\uff70]"
    r"[\p{M}\p{DI}\uff9e\uff9f]*"
)
_UNSPACED_RUN = rf"((?:{UNSPACED})+)"
_GRAPHEME = r"(?!\p{DI})\X"
# Every character of these is a grapheme: ASCII and Latin letters, dashes and quotes, Chinese and Japanese.
_ONE_BY_ONE = re.compile(
    r"[\t-\r -~¡-¬®-\u02ff‐-‧\u3000-\u3029\u3030-\u3096\u30a0-\u3163\u3165-\u4dbf\u4e00-\u9fff\uff01-\uff9d]*"
)
# Those of them that are in scripts without blanks.
_CHINESE_OR_JAPANESE = (
    r"([\u3005\u3007\u3021-\u3029\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    r"\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9d]+)"
)
_LONGEST_CACHED = 40  # characters; longer texts without blanks seldom occur again
_CACHED = 20_000

# Which ASCII characters a category has: re is much faster than regex.
_ASCII = {
    r"\p{L}": "a-zA-Z",
    r"\p{N}": "0-9",
    r"\p{Nd}": "0-9",
    r"\p{Sc}": "$",
    r"[\p{Hebrew}]": "(?!)",
    r"\p{M}": "",
    r"\p{DI}": "",
}

CutChunk = Callable[[str], list[str]]  # cuts a text without blanks


class Token(NamedTuple):
    """``text`` is ``source[start:end]``; offsets count characters."""

    text: str
    start: int
    end: int


class Tokenizer:
    """Cuts texts into tokens. Make one with :func:`tokenizer`."""

    def __init__(self, cut_chunk: CutChunk) -> None:
        self._tokens_of = _Chunks(cut_chunk)

    def cut(self, text: str) -> list[str]:
        """Return the texts of the tokens.

        Raises TypeError for a text that is no str, DataError for one that cannot be written as UTF-8.
        """
        tokens_of = self._tokens_of
        return [token for chunk in _spaced(text).split() for token in tokens_of[chunk]]

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens with their offsets; errors are those of :meth:`cut`."""
        tokens = []
        end = 0
        for token in self.cut(text):
            # What lies between tokens is invisible, and a token does not begin so: the next occurrence is right.
            start = text.index(token, end)
            end = start + len(token)
            tokens.append(Token(token, start, end))
        return tokens


class _Whitespace(Tokenizer):
    def __init__(self) -> None:
        super().__init__(lambda chunk: [chunk])

    def cut(self, text: str) -> list[str]:
        return _spaced(text).split()


class _Characters(Tokenizer):
    def __init__(self) -> None:
        super().__init__(_graphemes)

    def cut(self, text: str) -> list[str]:
        text = _spaced(text)
        return list("".join(text.split())) if _ONE_BY_ONE.fullmatch(text) else super().cut(text)


class _Chunks(dict[str, list[str]]):
    """A cache of the tokens of texts without blanks; faster than ``functools.lru_cache``."""

    def __init__(self, cut_chunk: CutChunk) -> None:
        self._cut_chunk = cut_chunk

    def __missing__(self, chunk: str) -> list[str]:
        tokens = self._cut_chunk(chunk)
        if len(chunk) <= _LONGEST_CACHED:
            if len(self) >= _CACHED:
                self.clear()
            self[chunk] = tokens
        return tokens


@cache
def _compiled(pattern: str) -> Any:
    """A pattern of regex, which is imported late: English texts do not need it."""
    import regex

    return regex.compile(pattern)


class _WordRule:
    """Cuts a text without blanks into words and punctuation, as the parts of the tokenizer's name say."""

    def __init__(self, parts: list[str]) -> None:
        hyphen = rf"(?<=[\p{{Nd}}]){_HYPHEN}(?=[\p{{Nd}}])" if "compounds" in parts else _HYPHEN
        first = rf"(?:{_ABBREVIATION}|{_WORD}|(?<![\p{{L}}\p{{N}}.])\.[\p{{Nd}}]+)"
        word = rf"{first}(?:(?:{_MARKS}|{hyphen}){_WORD})*(?:(?<=[\p{{Hebrew}}])׳)?"
        if "amounts" in parts:
            sign = r"(?:(?<![\p{L}\p{N}])[-+−#])?[\p{Sc}]?(?=\.?[\p{Nd}])"
            word = rf"(?:{sign})?{word}(?:(?<=[\p{{Nd}}])[%‰])?"
        clitic = rf"{_CLITIC}(?![\p{{L}}\p{{N}}])|" if "contractions" in parts else ""
        pattern = (
            rf"(?i:(?:https?|ftp)://|www\.(?=[\p{{L}}])){_URL}|{_EMAIL}|{_HOST}|{word}|"
            rf"[\#@][\p{{L}}_][\p{{L}}\p{{N}}_\p{{M}}]*|{clitic}\.{{2,}}|-{{2,}}|``|''"
        )
        self._pattern = rf"(?!\p{{DI}})(?:{pattern}|\X)"
        for category, characters in _ASCII.items():
            pattern = pattern.replace(category, characters)
        self._pattern_of_ascii = re.compile(rf"{pattern}|[\s\S]")
        self._contracted = _CONTRACTED if "contractions" in parts else frozenset()
        self._divides: list[CutChunk] = []
        if "contractions" in parts:
            self._divides.append(partial(_divide_contraction, re.compile(_CONTRACTION)))
        if "elisions" in parts:
            self._divides.append(partial(_divide_elision, re.compile(_ELISION)))

    def __call__(self, chunk: str) -> list[str]:
        if chunk.isalnum() and chunk.isascii() and chunk.lower() not in self._contracted:  # most words
            return [chunk]
        pattern = self._pattern_of_ascii if chunk.isascii() else _compiled(self._pattern)
        tokens: list[str] = pattern.findall(chunk)
        if self._divides and _DIVISIBLE.search(chunk):
            for divide in self._divides:
                tokens = [part for token in tokens for part in divide(token)]
        return tokens


def _divide_contraction(contraction: re.Pattern[str], token: str) -> list[str]:
    """Don't -> Do n't; shouldn't've -> should n't 've; cannot -> can not."""
    tails: list[str] = []
    while len(tails) < _CLITICS and (match := contraction.fullmatch(token)):
        token, tail = filter(None, match.groups())
        tails.insert(0, tail)
    return [token, *tails]


def _divide_elision(elision: re.Pattern[str], token: str) -> list[str]:
    """L'homme -> L' homme."""
    match = elision.fullmatch(token)
    return list(match.groups()) if match else [token]


def _graphemes(chunk: str) -> list[str]:
    """The visible characters, each with its marks; emoji, flags and the like are one."""
    return list(chunk) if _ONE_BY_ONE.fullmatch(chunk) else _compiled(_GRAPHEME).findall(chunk)


class _Unspaced:
    """Cuts scripts without blanks into characters, and what is between them with another rule."""

    def __init__(self, cut_other: CutChunk) -> None:
        self._others = _Chunks(cut_other)
        self._runs_of_single = re.compile(_CHINESE_OR_JAPANESE)

    def __call__(self, chunk: str) -> list[str]:
        if chunk.isascii():
            return self._others[chunk]
        tokens: list[str] = []
        runs = self._runs_of_single if _ONE_BY_ONE.fullmatch(chunk) else _compiled(_UNSPACED_RUN)
        for number, part in enumerate(runs.split(chunk)):
            if number % 2:
                tokens += _graphemes(part)
            elif part:
                tokens += self._others[part]
        return tokens


class _DivisibleWords:
    """Those of a long list of words that a rule would cut; whether it does is computed when it is asked for."""

    def __init__(self, cut_chunk: CutChunk, words: Vocabulary, divided: Iterable[str]) -> None:
        self._cut_chunk = cut_chunk
        self._known = words
        self._divided = frozenset(divided)

    def __contains__(self, word: object) -> bool:
        assert isinstance(word, str)
        return word not in self._divided and self._known.lists(word) and len(self._cut_chunk(word)) > 1


class _Lengths:
    """At least the length of the longest word that begins with two characters, in a table of fixed size."""

    _PLACES = 2**16

    def __init__(self, words: Iterable[str]) -> None:
        self._lengths = array("l", [0]) * self._PLACES
        for word in words:
            place = hash(word[:2]) % self._PLACES
            self._lengths[place] = max(self._lengths[place], len(word))

    def get(self, first: str, default: int) -> int:
        """The length for two characters."""
        return self._lengths[hash(first) % self._PLACES] or default


class Lexicon:
    """Known words that a rule would cut; neighbouring tokens that are such a word together are joined.

    words    the known words
    divided  those that stay as the rule cuts them
    """

    def __init__(self, cut_chunk: CutChunk, words: Vocabulary, divided: Iterable[str] = ()) -> None:
        self._cut_chunk = cut_chunk
        self._digits = words.digits
        self._words: Container[str]
        self._longest: _Lengths | dict[str, int]  # of the longest word that begins with two characters
        if isinstance(words.words, PackedTexts):
            self._words = _DivisibleWords(cut_chunk, words, divided)
            self._longest = _Lengths(words.words)
            return
        self._words = known = {word for word in words.words if len(cut_chunk(word)) > 1}.difference(divided)
        self._longest = {}
        for word in known:
            self._longest[word[:2]] = max(self._longest.get(word[:2], 0), len(word))

    def __call__(self, chunk: str) -> list[str]:
        """Cut a text without blanks; what an invisible character divides is not joined."""
        pieces = self._cut_chunk(chunk)
        if sum(map(len, pieces)) == len(chunk):
            return self._joined(pieces)
        tokens = []
        neighbours: list[str] = []
        end = 0
        for piece in pieces:
            start = chunk.index(piece, end)
            if start > end:
                tokens += self._joined(neighbours)
                neighbours = []
            neighbours.append(piece)
            end = start + len(piece)
        return tokens + self._joined(neighbours)

    def _joined(self, pieces: list[str]) -> list[str]:
        """From left to right, join the longest word."""
        if len(pieces) < 2:
            return pieces
        tokens = []
        begin = 0
        text, ends = self._text(pieces)
        while begin < len(pieces):
            end = begin + 1
            for stop, _ in self._words_from(begin, text, ends):
                end = stop
            tokens.append(pieces[begin] if end == begin + 1 else "".join(pieces[begin:end]))
            begin = end
        return tokens

    def words_in(self, tokens: Sequence[str]) -> Iterator[str]:
        """Yield every word that two or more neighbouring tokens are together."""
        text, ends = self._text(tokens)
        for begin in range(len(tokens)):
            for _, word in self._words_from(begin, text, ends):
                yield word

    def _text(self, pieces: Sequence[str]) -> tuple[str, list[int]]:
        """The normal forms of the pieces as one text, and where each ends."""
        text = "".join(pieces)
        if normal_form(text, self._digits) != text:
            pieces = [normal_form(piece, self._digits) for piece in pieces]
            text = "".join(pieces)
        return text, list(accumulate(map(len, pieces)))

    def _words_from(self, begin: int, text: str, ends: list[int]) -> list[tuple[int, str]]:
        """The words that begin with a piece, the shortest first, and the number of the piece after each."""
        start = ends[begin - 1] if begin else 0
        first = text[start : start + 2]
        longest = max(self._longest.get(first, 0), self._longest.get(first.lower(), 0))
        words = []
        for position in range(begin + 1, len(ends) if longest else 0):
            end = ends[position]
            if end > start + longest:
                break
            word = text[start:end]
            if word not in self._words:
                word = word.lower()
            if word in self._words:
                words.append((position + 1, word))
        return words


def divided(name: str, sentences: Iterable[Sequence[str]], words: Vocabulary) -> list[str]:
    """Known words that these sentences show more often as several tokens than as one.

    words  the vocabulary of the sentences, with its counts
    """
    if "lexicon" not in name.split("+"):
        return []
    lexicon = Lexicon(_rule(name), words)
    apart = Counter(chain.from_iterable(map(lexicon.words_in, sentences)))
    return [word for word, count in apart.items() if count > words.counts[words.number(word)]]


@cache
def _words(parts: tuple[str, ...]) -> _WordRule:
    return _WordRule(list(parts))


@cache
def _fixed(name: str) -> Tokenizer:
    """A tokenizer whose tokens do not depend on known words."""
    if name == "whitespace":
        return _Whitespace()
    if name == "characters":
        return _Characters()
    return Tokenizer(_rule(name))


def _rule(name: str) -> CutChunk:
    parts = name.split("+")
    words = _words(tuple(sorted({"contractions", "elisions", "amounts", "compounds"} & set(parts))))
    return _Unspaced(words) if {"characters", "lexicon"} & set(parts) else words


def tokenizer(name: str, words: Vocabulary | None = None, divided: Iterable[str] = ()) -> Tokenizer:
    """Return the tokenizer of a name that :func:`.is_tokenizer` knows; lexicon needs the known words."""
    if "lexicon" in name.split("+") and words is not None:
        return Tokenizer(Lexicon(_rule(name), words, divided))
    return _fixed(name)


def _spaced(text: str) -> str:
    """The text with a blank for each U+200B and U+FEFF; offsets stay as they are."""
    if not isinstance(text, str):
        raise TypeError(f"a text to label is a str, not {type(text).__name__}")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError("the text is not UTF-8", hint="check the encoding of the terminal") from error
    return text.replace("\u200b", " ").replace("\ufeff", " ")
