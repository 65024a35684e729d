"""Tag schemes (plain, IOB1, IOB2, IOBES) and the spans that tags mark, by conlleval's rules."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SCHEMES = {
    "plain": "one tag a token, no spans",
    "IOB1": "I-x inside a span; B-x only where a span follows another of its type",
    "IOB2": "B-x begins every span, I-x goes on",
    "IOBES": "B-x … I-x … E-x, and S-x for a span of one token",
}


_PREFIXES = frozenset("OBIES")
_LAST = frozenset("ES")  # after which a span has ended
_NOT_INSIDE = frozenset("OBS")  # which cannot go on with a span


class Span(NamedTuple):
    """Tokens ``start`` … ``end − 1`` of a sentence, labelled ``type``."""

    type: str
    start: int
    end: int


def split(tag: str) -> tuple[str, str]:
    """``"B-city"`` -> ``("B", "city")``; ``"O"`` -> ``("O", "")``; a bare ``"B"`` has the empty type."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def recognise(sentences: Iterable[Sequence[str]]) -> str:
    """Name the scheme of the tags of these sentences, a key of :data:`SCHEMES`.

    Tags other than O, B-x, I-x, E-x and S-x (or bare B, I, E, S) make it plain. So does nothing but O.
    """
    prefixes: set[str] = set()
    opens_with_i = b_after_other = False
    for tags in sentences:
        before = ("O", "")
        for tag in tags:
            prefix, kind = split(tag)
            if prefix not in _PREFIXES or (prefix == "O" and tag != "O"):
                return "plain"
            prefixes.add(prefix)
            alone = before[0] == "O" or before[1] != kind
            opens_with_i |= prefix == "I" and alone
            b_after_other |= prefix == "B" and alone
            before = prefix, kind
    if prefixes <= {"O"}:
        return "plain"
    if prefixes & {"E", "S"}:
        return "IOBES"
    # Files that mix both habits exist; scoring treats them alike, so the name is all that depends on it.
    return "IOB1" if opens_with_i and not b_after_other else "IOB2"


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans in order, by the rules of CoNLL's conlleval, which serve IOB1, IOB2 and IOBES alike.

    A span begins at B and S, after E and S, and where I or E follows O or another type; it ends before any
    beginning, before O, and after E and S. So malformed tags (I-x after O) still mark a span.
    """
    found: list[Span] = []
    start, before = 0, ("O", "")
    for i, tag in enumerate([*tags, "O"]):
        prefix, kind = split(tag)
        inside = before[0] != "O"
        ends = inside and (before[0] in _LAST or prefix in _NOT_INSIDE or kind != before[1])
        if ends:
            found.append(Span(before[1], start, i))
        if prefix != "O" and (not inside or ends):
            start = i
        before = prefix, kind
    return found
