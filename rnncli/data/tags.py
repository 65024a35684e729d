"""Tag schemes: how tags are spelled, which spans they mark by conlleval's rules, which tag may follow which."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.errors import UsageError

# The parts that a tag can play, by their letters in IOBES: the begin, inside, end and whole of a span.
_PARTS = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}


class Row(NamedTuple):
    """A scheme of :data:`SCHEMES`."""

    letters: str  # of the tags in a span; "" where tags have none
    text: str  # for people


SCHEMES = {
    "plain": Row("", "one tag a token, no spans"),
    "io": Row("", "neighbours with the same tag are a span"),
    "IOB1": Row("BI", "I-x inside a span; B-x only where a span follows another of its type"),
    "IOB2": Row("BI", "B-x begins every span, I-x continues it"),
    "IOE1": Row("IE", "I-x inside a span; E-x only where a span is followed by another of its type"),
    "IOE2": Row("IE", "E-x ends every span, I-x is before it"),
    "IOBES": Row("BIES", "B-x … I-x … E-x, and S-x for a span of one token"),
    "BILOU": Row("BILU", "B-x … I-x … L-x, and U-x for a span of one token"),
    "BMES": Row("BMES", "B-x … M-x … E-x, and S-x for a span of one token"),
    "BMEWO": Row("BMEW", "B-x … M-x … E-x, and W-x for a span of one token"),
}
SEPARATORS = ("-", "_", "")

_LAST = frozenset("ES")  # a span ends after these
_NOT_INSIDE = frozenset("OBS")  # these do not continue a span


class Span(NamedTuple):
    """Tokens ``start`` … ``end − 1`` of a sentence, labelled ``type``."""

    type: str
    start: int
    end: int


@dataclass(frozen=True)
class Scheme:
    """What the tags of a file mark, and how they are spelled. Its text stands in the header of a model."""

    name: str = "plain"  # a key of SCHEMES
    separator: str = "-"  # between letter and type: one of SEPARATORS
    is_suffix: bool = False  # "x-B" instead of "B-x"
    is_lower: bool = False  # "b-x" instead of "B-x"
    outside: str = "O"  # the tag of a token outside all spans: "O" or "o"

    @cached_property
    def text(self) -> str:
        """The name; where tags are not spelled as "B-x" and "O", then also such tags as they are spelled."""
        if self.name == "plain":
            return self.name
        if self.name == "io":
            return self.name if self.outside == "O" else f"{self.name} {self.outside}"
        example = self.tag(_PARTS[SCHEMES[self.name].letters[0]], "x")
        usual = f"{SCHEMES[self.name].letters[0]}-x"
        return self.name if (example, self.outside) == (usual, "O") else f"{self.name} {example} {self.outside}"

    @staticmethod
    def read(text: str) -> "Scheme":
        """The scheme with this text; a :class:`.UsageError` if there is none."""
        scheme = _schemes().get(text) if isinstance(text, str) else None
        if scheme is None:
            raise UsageError("its tag scheme is not known")
        return scheme

    @property
    def description(self) -> str:
        """What the tags mark, for people."""
        return SCHEMES[self.name].text

    @property
    def has_spans(self) -> bool:
        """Whether the tags mark spans; plain tags do not."""
        return self.name != "plain"

    @property
    def limits_moves(self) -> bool:
        """Whether not every tag may follow every tag."""
        return bool(SCHEMES[self.name].letters)

    @cached_property
    def letters(self) -> dict[str, str]:
        """The letters of the scheme as they are spelled, and the parts that they stand for."""
        letters = SCHEMES[self.name].letters
        return {letter.lower() if self.is_lower else letter: _PARTS[letter] for letter in letters}

    def split(self, tag: str) -> tuple[str, str]:
        """The part that a tag plays, one of O, B, I, E and S, and its type: ``"B-city"`` -> ``("B", "city")``.

        The type is "" for a bare B and for a tag outside. Also the letters of other schemes are read, as conlleval
        reads them. A tag that is not spelled as this scheme spells tags is outside.
        """
        return _readings(self)[tag]

    def named(self, name: str) -> "Scheme":
        """Another scheme in the spelling of this one."""
        return replace(self, name=name)

    def type_of(self, tag: str) -> str | None:
        """The type of a tag, of plain tags the tag itself; ``None`` if it is outside."""
        if self.name == "plain":
            return None if tag == self.outside else tag
        part, kind = self.split(tag)
        return None if part == "O" else kind

    def is_legal(self, tag: str) -> bool:
        """Tell whether a tag is one of this scheme: its letter is one of the scheme, or it is outside."""
        if not self.limits_moves or tag == self.outside:
            return True
        letter, _ = self.cut(tag)
        return letter in self.letters

    def cut(self, tag: str) -> tuple[str, str]:
        """The letter and the type of a tag by its spelling: ``"x_B"`` -> ``("B", "x")``; else two empty texts."""
        letter = tag[-1:] if self.is_suffix else tag[:1]
        rest = tag[:-1] if self.is_suffix else tag[1:]
        if not rest:
            return letter, ""
        if not self.separator:
            # "B-x" and "B_x" have a separator.
            return (letter, rest) if rest[-1 if self.is_suffix else 0].isalnum() else ("", "")
        if self.is_suffix:
            return (letter, rest.removesuffix(self.separator)) if rest.endswith(self.separator) else ("", "")
        return (letter, rest.removeprefix(self.separator)) if rest.startswith(self.separator) else ("", "")

    def tag(self, part: str, kind: str) -> str:
        """Spell a tag: part "B" and type "city" -> ``"B-city"``."""
        letter = next(letter for letter, its_part in self.letters.items() if its_part == part)
        separator = self.separator if kind else ""
        return f"{kind}{separator}{letter}" if self.is_suffix else f"{letter}{separator}{kind}"

    def spans(self, tags: Sequence[str]) -> list[Span]:
        """The spans in order, by the rules of CoNLL's conlleval, which are the same for all schemes.

        A span begins at B and S, after E and S, and where I or E follows O or another type. It ends before the next
        span begins, before O, and after E and S. So malformed tags (I-x after O) still mark a span. Plain tags mark
        none.
        """
        if not self.has_spans:
            return []
        readings = _readings(self)
        ended: list[Span] = []
        start = 0
        part_before = "O"
        kind_before = ""
        for i, tag in enumerate(itertools.chain(tags, (self.outside,))):
            part, kind = readings[tag]
            inside = part_before != "O"
            ends = inside and (part_before in _LAST or part in _NOT_INSIDE or kind != kind_before)
            if ends:
                ended.append(Span(kind_before, start, i))
            if part != "O" and (not inside or ends):
                start = i
            part_before = part
            kind_before = kind
        return ended

    def write(self, spans: Iterable[Span], length: int) -> list[str]:
        """The tags of a sentence of ``length`` tokens with these spans, which are in order and do not overlap.

        :meth:`spans` of the result gives them again, except for io: there neighbours of one type become one span,
        and a type that is the tag outside is none. Plain tags cannot mark spans: a :class:`.UsageError`.
        """
        if not self.has_spans:
            raise UsageError("plain tags cannot mark spans")
        tags = [self.outside] * length
        before = Span("", -1, -1)
        for span in spans:
            if span.start < before.end or not 0 <= span.start < span.end <= length:
                raise UsageError(f"spans overlap or are out of order, or are not in the sentence: {span}")
            follows = (before.type, before.end) == (span.type, span.start)
            if follows and self.name == "IOE1":
                tags[span.start - 1] = self.tag("E", span.type)
            tags[span.start : span.end] = self._inside(span.type, span.end - span.start, follows)
            before = span
        return tags

    def _inside(self, kind: str, length: int, follows: bool) -> list[str]:
        """The tags of a span; ``follows``: directly after another of its type."""
        if self.name == "io":
            return [kind] * length
        parts = ["I"] * length
        if self.name == "IOB2" or (self.name == "IOB1" and follows):
            parts[0] = "B"
        elif self.name == "IOE2":
            parts[-1] = "E"
        elif "S" in self.letters.values():
            parts = ["B", *parts[1:-1], "E"] if length > 1 else ["S"]
        return [self.tag(part, kind) for part in parts]

    def moves(self, tags: Sequence[str]) -> "Moves":
        """The moves between these tags that the scheme allows; plain and io tags may come in any order.

        IOB2: I-x only after B-x or I-x. IOB1: B-x only after B-x or I-x. IOE2: after I-x only I-x or E-x. IOE1:
        after E-x only I-x or E-x. IOBES and its like: after B-x and I-x comes I-x or E-x, after all others (and
        first) O, B-y or S-y, and no sentence ends inside a span. If some tags of the scheme are missing, there may
        be no allowed path for some lengths (B-x and E-x only, one token).
        """
        # A sentence begins and ends as if there were an O before and after it.
        rule = self.rule([self.outside, *tags])
        outside = np.zeros(1, np.int64)
        number = np.arange(1, len(tags) + 1)
        return Moves(rule.allows(outside, number), self.rule(tags), rule.allows(number, outside))

    def rule(self, tags: Sequence[str]) -> "Rule":
        """The moves from tag to tag, without those at the beginning and at the end of a sentence."""
        kinds: dict[str, int] = {}
        readings = [self.split(tag) for tag in tags]
        types = np.array([kinds.setdefault(kind, len(kinds)) for _, kind in readings], np.int64)
        begins, inside, ends = (np.array([part == p for part, _ in readings], bool) for p in "BIE")
        after = np.full(len(tags), ANY, np.int8)
        is_open = begins | inside
        match self.name:
            case "IOB2":
                after[inside] = OPEN
            case "IOB1":
                after[begins] = OPEN
            case "IOE1" | "IOE2":
                is_open = ends if self.name == "IOE1" else inside
                after[:] = np.where(inside | ends, JOINED, CLOSED)
            case "IOBES" | "BILOU" | "BMES" | "BMEWO":
                after[:] = np.where(inside | ends, OPEN, CLOSED)
        return Rule(after, types, is_open)

    def malformed(self, sentences: Iterable[Sequence[str]]) -> "list[Malformed]":
        """The moves in the tags of these sentences that the scheme does not allow.

        Before and after a sentence it is as if there were a tag outside.
        """
        padded = [[self.outside, *tags, self.outside] for tags in sentences]
        pairs = list({pair for tags in padded for pair in pairwise(tags)})
        numbers = {tag: number for number, tag in enumerate(dict.fromkeys(itertools.chain(*pairs)))}
        moved = np.array([(numbers[before], numbers[tag]) for before, tag in pairs], np.int64).reshape(-1, 2)
        is_allowed = self.rule(list(numbers)).allows(moved[:, 0], moved[:, 1])
        wrong = {pair for pair, allowed in zip(pairs, is_allowed.tolist(), strict=True) if not allowed}
        if not wrong:
            return []
        return [
            Malformed(sentence, token, *pair)
            for sentence, tags in enumerate(padded)
            for token, pair in enumerate(pairwise(tags))
            if pair in wrong
        ]


PLAIN = Scheme()


class Malformed(NamedTuple):
    """A move that a scheme does not allow; ``token`` is the number of tokens where a sentence ends so."""

    sentence: int  # from 0
    token: int  # from 0
    before: str  # the tag outside at the beginning of a sentence
    tag: str  # the tag outside at its end


class _Readings(dict[str, tuple[str, str]]):
    """The part and the type of tags; a corpus has many tokens and few different tags."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme

    def __missing__(self, tag: str) -> tuple[str, str]:
        self[tag] = reading = self._read(tag)
        return reading

    def _read(self, tag: str) -> tuple[str, str]:
        scheme = self.scheme
        if not scheme.has_spans or tag == scheme.outside:
            return "O", ""
        if scheme.name == "io":
            return "I", tag
        letter, kind = scheme.cut(tag)
        # Without a separator most words begin or end with the letter of some scheme.
        if letter in scheme.letters or (scheme.separator and letter in _letters(scheme.is_lower)):
            return _PARTS[letter.upper()], kind
        return "O", ""


@cache
def _readings(scheme: Scheme) -> _Readings:
    return _Readings(scheme)


@cache
def _letters(is_lower: bool) -> frozenset[str]:
    """The letters of all schemes."""
    return frozenset("".join(_PARTS).lower() if is_lower else _PARTS)


def spellings(outside: str) -> list[Scheme]:
    """All spellings of tags in a span, the usual one first, as plain schemes."""
    kinds = itertools.product((False, True), SEPARATORS, (False, True))
    return [Scheme("plain", separator, is_suffix, is_lower, outside) for is_lower, separator, is_suffix in kinds]


@cache
def _schemes() -> dict[str, Scheme]:
    """All schemes by their texts."""
    every = {"plain": PLAIN}
    for outside in "Oo":
        for spelling in spellings(outside):
            for name in SCHEMES:
                scheme = Scheme(name, spelling.separator, spelling.is_suffix, spelling.is_lower, outside)
                every.setdefault(scheme.text, scheme)
    return every


Bools = NDArray[np.bool_]


# What a tag may follow: any tag; a tag that is not open; an open tag of its type; either of the last two.
ANY, CLOSED, OPEN, JOINED = range(4)

# The score of a move that is not allowed, far below every learned score.
FORBIDDEN = -1e4


class Rule(NamedTuple):
    """Which moves from tag to tag are allowed, for K tags; with many tags a matrix of all pairs would be large.

    As scores of moves it stands for such a matrix: 0 for allowed moves and ``forbidden`` for all others.
    """

    after: NDArray[np.int8]  # (K,) ANY, CLOSED, OPEN or JOINED
    types: NDArray[np.int64]  # (K,) number of the type, below K
    is_open: Bools  # (K,) whether the type of the tag matters for what may follow, as where a span may continue
    forbidden: float = FORBIDDEN

    def allows(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> Bools:
        """Tell whether tags ``after`` may follow tags ``before``, numbers of tags that are broadcast."""
        rule = self.after[after]
        is_open = self.is_open[before]
        continues = is_open & (self.types[before] == self.types[after])
        may_follow_closed = (rule == CLOSED) | (rule == JOINED)
        may_follow_open = (rule == OPEN) | (rule == JOINED)
        allowed: Bools = (rule == ANY) | (may_follow_closed & ~is_open) | (may_follow_open & continues)
        return allowed


class Moves(NamedTuple):
    """Which tag may begin a sentence, follow another and end a sentence; K tags."""

    first: Bools  # (K,)
    rule: Rule
    last: Bools  # (K,)

    @property
    def follow(self) -> Bools:
        """(K, K): ``follow[i, j]`` if tag j may come directly after tag i."""
        number = np.arange(len(self.first))
        return self.rule.allows(number[:, None], number[None, :])
