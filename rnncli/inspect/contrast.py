"""Two texts side by side: their tokens aligned, how far their memories lie apart, where the decision parts."""

from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.inspect.memory import Trace

Array = NDArray[Any]
Pair = tuple[int | None, int | None]

_NOTICEABLE = 0.01  # of the largest distance: from here on memories have parted
_FAR = 0.5


def align(a: list[str], b: list[str]) -> list[Pair]:
    """Pair the tokens of two sentences, in order; a token that the other has no partner for stands alone.

    Equal tokens are paired as difflib finds them; between them, tokens that were replaced pair off from the left.
    """
    pairs: list[Pair] = []
    for _, a_start, a_end, b_start, b_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        both = min(a_end - a_start, b_end - b_start)
        pairs += [(a_start + i, b_start + i) for i in range(both)]
        pairs += [(i, None) for i in range(a_start + both, a_end)]
        pairs += [(None, i) for i in range(b_start + both, b_end)]
    return pairs


class Distance(NamedTuple):
    """Euclidean distance ‖m_a(i) − m_b(j)‖ of a memory of two texts at every pair (i, j) that both have."""

    name: str
    values: Array  # (pairs without a gap,)

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {"name": self.name, "values": self.values.tolist()}


def distances(a: Trace, b: Trace, alignment: list[Pair]) -> list[Distance]:
    """How far two texts' memories lie apart, memory by memory, pair by pair."""
    pairs = _whole(alignment)
    rows, others = [i for _, i, _ in pairs], [j for _, _, j in pairs]
    return [
        Distance(one.name, np.linalg.norm(one.values[rows] - two.values[others], axis=1))
        for one, two in zip(a.memories, b.memories, strict=True)
    ]


def _whole(alignment: list[Pair]) -> list[tuple[int, int, int]]:
    """The pairs without a gap, each after its place in the alignment."""
    return [(place, i, j) for place, (i, j) in enumerate(alignment) if i is not None and j is not None]


class Parting(NamedTuple):
    """Where two texts part. All are places in the alignment, counted from 0; ``None`` for nowhere.

    ``memories`` holds for each memory its name, the first pair in the order in which it reads (backward from the
    end) at which it is noticeably apart (over a hundredth of its largest distance), and the first at which it is
    far apart (over half of that).
    """

    tokens: int | None  # the first pair of different tokens, or the first token without a partner
    decision: int | None  # the first pair that gets different tags
    memories: list[tuple[str, int | None, int | None]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "tokens": self.tokens,
            "decision": self.decision,
            "memories": [{"name": name, "first": first, "far": far} for name, first, far in self.memories],
        }


def parting(a: Trace, b: Trace, alignment: list[Pair], apart: list[Distance]) -> Parting:
    """Find where two texts part."""
    pairs = _whole(alignment)
    tokens = next(
        (n for n, (i, j) in enumerate(alignment) if i is None or j is None or a.tokens[i] != b.tokens[j]), None
    )
    decision = next((place for place, i, j in pairs if a.tags[i] != b.tags[j]), None)
    memories = []
    for distance in apart:
        largest = float(distance.values.max(initial=0))
        reads = list(zip([place for place, _, _ in pairs], distance.values.tolist(), strict=True))
        if distance.name.endswith("backward"):
            reads.reverse()
        first, far = (
            next((place for place, value in reads if value > share * largest), None)
            for share in (_NOTICEABLE, _FAR)
        )
        memories.append((distance.name, first, far))
    return Parting(tokens, decision, memories)
