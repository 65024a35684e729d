"""Two texts compared: their tokens aligned, the distance of their memories, and where memories and tags differ."""

from difflib import SequenceMatcher
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.inspect.memory import TextMemory

Array = NDArray[Any]
Pair = tuple[int | None, int | None]

_NOTICEABLE = 0.01  # of the largest distance: above it memories count as different
_FAR = 0.5


def align(a: list[str], b: list[str]) -> list[Pair]:
    """Pair the tokens of two sentences, in order; a token without a partner is paired with ``None``.

    Equal tokens are paired as difflib finds them; the tokens between them are paired from the left.
    """
    pairs: list[Pair] = []
    for _, a_start, a_end, b_start, b_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        shared = min(a_end - a_start, b_end - b_start)
        pairs += [(a_start + i, b_start + i) for i in range(shared)]
        pairs += [(i, None) for i in range(a_start + shared, a_end)]
        pairs += [(None, i) for i in range(b_start + shared, b_end)]
    return pairs


class Distance(NamedTuple):
    """Euclidean distance ‖m_a(i) − m_b(j)‖ of one memory in two texts, at every pair (i, j) without a gap."""

    name: str
    values: Array  # (pairs without a gap,)

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {"name": self.name, "values": self.values.tolist()}


def distances(a: TextMemory, b: TextMemory, alignment: list[Pair]) -> list[Distance]:
    """The distances of two texts' memories, memory by memory, pair by pair."""
    pairs = _without_gap(alignment)
    a_rows = [i for _, i, _ in pairs]
    b_rows = [j for _, _, j in pairs]
    return [
        Distance(in_a.name, np.linalg.norm(in_a.values[a_rows] - in_b.values[b_rows], axis=1))
        for in_a, in_b in zip(a.memories, b.memories, strict=True)
    ]


def _without_gap(alignment: list[Pair]) -> list[tuple[int, int, int]]:
    """The pairs (i, j) without a gap, as (position in the alignment, i, j)."""
    return [(position, i, j) for position, (i, j) in enumerate(alignment) if i is not None and j is not None]


class Parting(NamedTuple):
    """Where two texts begin to differ: positions in the alignment, from 0; ``None`` where they do not.

    ``memories`` holds for each memory its name, the first pair whose distance is over a hundredth of the largest
    one, and the first whose distance is over half of it. First is in the order of reading: a backward layer reads
    from the end.
    """

    tokens: int | None  # the first pair of different tokens, or the first token without a partner
    decision: int | None  # the first pair with different tags
    memories: list[tuple[str, int | None, int | None]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "tokens": self.tokens,
            "decision": self.decision,
            "memories": [{"name": name, "first": first, "far": far} for name, first, far in self.memories],
        }


def parting(a: TextMemory, b: TextMemory, alignment: list[Pair], apart: list[Distance]) -> Parting:
    """Find where the tokens, the tags and the memories of two texts begin to differ."""
    pairs = _without_gap(alignment)
    tokens = next(
        (n for n, (i, j) in enumerate(alignment) if i is None or j is None or a.tokens[i] != b.tokens[j]), None
    )
    decision = next((position for position, i, j in pairs if a.tags[i] != b.tags[j]), None)
    memories = []
    for distance in apart:
        largest = float(distance.values.max(initial=0))
        in_order = list(zip([position for position, _, _ in pairs], distance.values.tolist(), strict=True))
        if distance.name.endswith("backward"):
            in_order.reverse()
        first, far = (
            next((position for position, value in in_order if value > share * largest), None)
            for share in (_NOTICEABLE, _FAR)
        )
        memories.append((distance.name, first, far))
    return Parting(tokens, decision, memories)
