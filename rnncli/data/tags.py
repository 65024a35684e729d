"""Tag schemes (plain, IOB1, IOB2, IOBES) and the spans that tags mark, by conlleval's rules."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SCHEMES = {
    "plain": "one tag a token, no spans",
    "IOB1": "I-x inside a span; B-x only where a span follows another of its type",
    "IOB2": "B-x begins every span, I-x continues it",
    "IOBES": "B-x … I-x … E-x, and S-x for a span of one token",
}


_PREFIXES = frozenset("OBIES")
_LAST = frozenset("ES")  # a span ends after these
_NOT_INSIDE = frozenset("OBS")  # these do not continue a span


class Span(NamedTuple):
    """Tokens ``start`` … ``end − 1`` of a sentence, labelled ``type``."""

    type: str
    start: int
    end: int


@lru_cache(4096)  # a corpus has many tokens and few different tags
def split(tag: str) -> tuple[str, str]:
    """``"B-city"`` -> ``("B", "city")``; ``"O"`` -> ``("O", "")``; a bare ``"B"`` has the empty type."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def recognise(sentences: Iterable[Sequence[str]]) -> str:
    """Recognise the scheme of the tags of these sentences; return a key of :data:`SCHEMES`.

    It is plain where there are tags other than O, B-x, I-x, E-x and S-x (or bare B, I, E, S), or only O.
    """
    prefixes: set[str] = set()
    opens_with_i = False
    opens_with_b = False
    for tag_before, tag in _pairs(sentences):
        before, kind_before = split(tag_before)
        prefix, kind = split(tag)
        if prefix not in _PREFIXES or (prefix == "O" and tag != "O"):
            return "plain"
        prefixes.add(prefix)
        opens = before == "O" or kind_before != kind
        opens_with_i |= opens and prefix == "I"
        opens_with_b |= opens and prefix == "B"
    if prefixes <= {"O"}:
        return "plain"
    if prefixes & {"E", "S"}:
        return "IOBES"
    # Some files mix IOB1 and IOB2. The spans are the same by both, so either name will do.
    return "IOB1" if opens_with_i and not opens_with_b else "IOB2"


def _pairs(sentences: Iterable[Sequence[str]]) -> set[tuple[str, str]]:
    """The distinct pairs of tags that follow each other, with an O before and after every sentence."""
    pairs: set[tuple[str, str]] = set()
    for tags in sentences:
        pairs.update(pairwise(["O", *tags, "O"]))
    return pairs


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans in order, by the rules of CoNLL's conlleval, which are the same for IOB1, IOB2 and IOBES.

    A span begins at B and S, after E and S, and where I or E follows O or another type. It ends before the next
    span begins, before O, and after E and S. So malformed tags (I-x after O) still mark a span.
    """
    ended: list[Span] = []
    start = 0
    before = ("O", "")
    for i, tag in enumerate([*tags, "O"]):
        prefix, kind = split(tag)
        inside = before[0] != "O"
        ends = inside and (before[0] in _LAST or prefix in _NOT_INSIDE or kind != before[1])
        if ends:
            ended.append(Span(before[1], start, i))
        if prefix != "O" and (not inside or ends):
            start = i
        before = (prefix, kind)
    return ended


Bools = NDArray[np.bool_]


# What a tag may follow: any tag; a tag that leaves no span open; a tag that leaves a span of the same type open.
ANY, CLOSED, OPEN = range(3)

# The score of a move that is not allowed, far below every learned score.
FORBIDDEN = -1e4


class Rule(NamedTuple):
    """Which moves from tag to tag are allowed, for K tags; with many tags a matrix of all pairs would be large.

    As scores of moves it stands for such a matrix: 0 for allowed moves and ``forbidden`` for all others.
    """

    after: NDArray[np.int8]  # (K,) ANY, CLOSED or OPEN
    types: NDArray[np.int64]  # (K,) number of the type, below K
    is_open: Bools  # (K,) whether the tag leaves a span open, which may continue
    forbidden: float = FORBIDDEN

    def allows(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> Bools:
        """Tell whether tags ``after`` may follow tags ``before``, numbers of tags that are broadcast."""
        rule = self.after[after]
        is_open = self.is_open[before]
        continues = is_open & (self.types[before] == self.types[after])
        allowed: Bools = (rule == ANY) | ((rule == CLOSED) & ~is_open) | ((rule == OPEN) & continues)
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


def moves(tags: Sequence[str], scheme: str) -> Moves:
    """Return the moves between these tags that a scheme allows; plain tags may come in any order.

    IOB2: I-x only after B-x or I-x. IOB1: B-x only after B-x or I-x. IOBES: after B-x and I-x comes I-x or E-x,
    after all others (and first) O, B-y or S-y, and no sentence ends inside a span. If some tags of
    the scheme are missing, there may be no allowed path for some lengths (B-x and E-x only, one token).
    """
    # A sentence begins and ends as if there were an O before and after it.
    rule = _rule(["O", *tags], scheme)
    outside = np.zeros(1, np.int64)
    number = np.arange(1, len(tags) + 1)
    return Moves(rule.allows(outside, number), _rule(tags, scheme), rule.allows(number, outside))


def obeys(sentences: Iterable[Sequence[str]], scheme: str) -> bool:
    """Tell whether all moves in the tags of these sentences are allowed."""
    pairs = _pairs(sentences)
    numbers = {tag: number for number, tag in enumerate({tag for pair in pairs for tag in pair})}
    moved = np.array([(numbers[before], numbers[after]) for before, after in pairs], np.int64).reshape(-1, 2)
    return bool(_rule(list(numbers), scheme).allows(moved[:, 0], moved[:, 1]).all())


def _rule(tags: Sequence[str], scheme: str) -> Rule:
    kinds: dict[str, int] = {}
    types = np.array([kinds.setdefault(split(tag)[1], len(kinds)) for tag in tags], np.int64)
    begins, inside, ends = (np.array([split(tag)[0] == prefix for tag in tags], bool) for prefix in "BIE")
    after = np.full(len(tags), ANY, np.int8)
    match scheme:
        case "IOB2":
            after[inside] = OPEN
        case "IOB1":
            after[begins] = OPEN
        case "IOBES":
            after[:] = np.where(inside | ends, OPEN, CLOSED)
    return Rule(after, types, begins | inside)
