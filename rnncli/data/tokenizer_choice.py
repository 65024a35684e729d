"""Which tokenizer cuts a text as the training data is cut: the one that gives the tokens of most sentences."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import regex

from rnncli.config import TOKENIZER_PARTS
from rnncli.data.sentence import Sentence
from rnncli.data.tokenize import UNSPACED, Tokenizer, divided, tokenizer
from rnncli.data.vocabulary import Vocabulary

SENTENCES = 2_000  # that are cut to compare tokenizers
KNOWN_SENTENCES = 10_000  # from which known words are taken
# Parts that are added to "words", one by one, as long as one gives the tokens of more sentences; then lexicon.
_PARTS = ("contractions", "elisions", "amounts", "compounds", "characters")
_SINGLE = 0.95  # with so many tokens of one character, a sentence is written without blanks

Sample = Sequence[tuple[str | None, Sequence[str]]]

_UNSPACED = regex.compile(rf"{UNSPACED}|[\u3000-\u303f\uff00-\uff65]")
_LETTERS = regex.compile(r"[\p{L}\p{N}_]")
_OPENING = regex.compile(r"[(\[{“‘«‹¿¡$£€¥]|``|[#]")
_CLOSING = regex.compile(r"[,.;:!?…)\]}”’»›%°']+|[.?!]+|''|(?i:n['’]t|['’](?:s|m|d|re|ve|ll|t))")
_ELIDED = regex.compile(r"\p{L}+['’]")
_JOINING = ("-", "/")


class Choice(NamedTuple):
    """A tokenizer, and the share of sentences whose tokens it gives."""

    name: str
    share: float


def typed(tokens: Sequence[str], joint: str = " ") -> str:
    """The text of a sentence as people type it, guessed from its tokens.

    Punctuation stands at its word, and there are no blanks in scripts that are written without.

    joint  between words: a blank, or "" for sentences that are cut into characters
    """
    text = ""
    open_quote = False
    before = ""  # the last token
    touches = True  # whether the next token follows without a blank
    for position, token in enumerate(tokens):
        after = tokens[position + 1] if position + 1 < len(tokens) else ""
        is_joining = token in _JOINING and _are_words(before, after)
        closes = token == '"' and open_quote
        if not (touches or is_joining or closes or _touch(before, token, joint)):
            text += " "
        text += token
        if token == '"':
            open_quote = not open_quote
        is_opening = _OPENING.fullmatch(token) or (token == '"' and open_quote)
        touches = bool(is_joining or is_opening or _ELIDED.fullmatch(token))
        before = token
    return text


def _are_words(before: str, after: str) -> bool:
    """Tell whether a letter or digit ends the token before, and one begins the token after."""
    return bool(_LETTERS.match(before[-1:]) and _LETTERS.match(after[:1]))


def _touch(before: str, token: str, joint: str) -> bool:
    """Tell whether no blank is typed between two tokens."""
    if _CLOSING.fullmatch(token) or _UNSPACED.match(before[-1:]) or _UNSPACED.match(token[:1]):
        return True
    return joint == "" and (len(before) == len(token) == 1 or not _are_words(before, token))


def of(name: str, sentences: Sequence[Sentence], digits: str) -> Choice:
    """The tokenizer of a name, which may be auto, for training sentences."""
    sample = [(sentence.extra.text, sentence.tokens) for sentence in sentences]
    return choose(sample, digits) if name == "auto" else Choice(name, share(sample, name, digits))


def choose(sentences: Sample, digits: str = "zero") -> Choice:
    """Choose a tokenizer for training sentences, each with its text, or ``None`` if that is not known.

    Compared are ``words``, alone and with those parts that make it better, ``characters`` and ``whitespace``. Of
    equal shares the one that gives more of the tokens is better; of equal ones the first is chosen. Where a text is
    not known, it is :func:`typed`.

    digits  "keep" or "zero": how known words are looked up
    """
    comparison = _Comparison(sentences, digits)
    best = comparison.score("words")
    is_better = True
    while is_better and best.share < 1:
        extended = max(map(comparison.score, _extensions(best.name)), key=_Score.rank, default=best)
        is_better = extended.rank() > best.rank()
        if is_better:
            best = extended
    if best.share < 1:
        with_words = f"{best.name}+lexicon".replace("+characters", "")  # which lexicon does too
        best = max([best, *map(comparison.score, (with_words, "characters", "whitespace"))], key=_Score.rank)
    return Choice(best.name, best.share)


def share(sentences: Sample, name: str, digits: str = "zero") -> float:
    """The share of the sentences whose tokens a tokenizer gives; at most 2,000 of them are cut.

    With ``lexicon``, the known words are those of the other half of the sentences, because new texts have unknown
    words too.
    """
    return _Comparison(sentences, digits).score(name).share


def _extensions(name: str) -> list[str]:
    """The names with one part more, parts in the order of the table."""
    parts = name.split("+")
    return [
        "+".join(part for part in TOKENIZER_PARTS if part in (*parts, new)) for new in _PARTS if new not in parts
    ]


def _spread(sentences: Sample, most: int) -> Sample:
    """At most so many sentences, spread evenly."""
    count = min(most, len(sentences))
    return [sentences[number * len(sentences) // count] for number in range(count)]


class _Score(NamedTuple):
    name: str
    share: float
    tokens: int  # of the other sentences, that are given too

    def rank(self) -> tuple[float, int]:
        """What is compared."""
        return self.share, self.tokens


class _Comparison:
    """A sample of the sentences with their texts, and the words of each half of all sentences."""

    def __init__(self, sentences: Sample, digits: str) -> None:
        sentences = _spread([sentence for sentence in sentences if sentence[1]], KNOWN_SENTENCES)
        lengths = Counter(len(token) for _, tokens in sentences for token in tokens)
        joint = "" if lengths[1] >= _SINGLE * lengths.total() else " "
        self._digits = digits
        self._halves: list[list[tuple[str, list[str]]]] = [[], []]
        self._sentences = [[tokens for _, tokens in sentences[half::2]] for half in (0, 1)]
        for half in (0, 1):
            for text, tokens in _spread(sentences[half::2], SENTENCES // 2):
                self._halves[half].append((typed(tokens, joint) if text is None else text, list(tokens)))

    @cached_property
    def _words(self) -> list[Vocabulary]:
        return [Vocabulary.count(chain.from_iterable(half), self._digits) for half in self._sentences]

    def _tokenizer(self, name: str, half: int) -> Tokenizer:
        """The tokenizer for a half of the sample, with the words of the other half of the sentences."""
        if "lexicon" not in name.split("+"):
            return tokenizer(name)
        words = self._words[1 - half]
        return tokenizer(name, words, divided(name, self._sentences[1 - half], words))

    def score(self, name: str) -> _Score:
        """How well a tokenizer cuts the sample."""
        same = 0
        tokens_too = 0
        for half, sentences in enumerate(self._halves):
            cut = self._tokenizer(name, half).cut
            for text, tokens in sentences:
                result = cut(text)
                if result == tokens:
                    same += 1
                else:
                    tokens_too += (Counter(result) & Counter(tokens)).total()
        return _Score(name, same / max(1, sum(map(len, self._halves))), tokens_too)
