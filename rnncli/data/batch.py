"""Sentences as one run of integers, and batches of them packed by time step, longest sentence first.

Letters: N tokens, B sentences, T steps. No padding, no mask: see docs/math.md, "Packed batches".
"""

from __future__ import annotations  # a Generator in a signature would load numpy.random to tag a sentence

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
NONE_MASKED = np.zeros(0, np.bool_)


class Bags(NamedTuple):
    """For one part of the input, the rows of its table that a text selects; their sum stands for it.

    Distinct text i of ``source`` (0 the tokens, from 1 the columns) selects ``rows[starts[i] : starts[i + 1]]``.
    """

    source: int
    is_word: bool  # a word may be read as the unknown word instead
    rows: Ints
    starts: Longs


class Encoded(NamedTuple):
    """Sentences end to end; sentence s is positions ``starts[s] : starts[s + 1]``."""

    words: Ints  # (N,) numbers of the words that the model knows, 0 where it does not
    ids: Ints  # (S, N) for each source the number of the token's text among the distinct ones
    bags: list[Bags]  # one for each part of the input
    tags: Ints  # (N,), −1 where unknown
    starts: Longs  # (B + 1,)

    @property
    def lengths(self) -> Longs:
        """Tokens of each sentence, (B,)."""
        return np.diff(self.starts)

    def batch(self, packed: Packed, masked: Flags = NONE_MASKED) -> Batch:
        """Pick the tokens of a packed batch; ``masked`` (N,) are those to be read as the unknown word."""
        return Batch(self.ids[:, packed.positions], self.bags, masked, packed.offsets)


class Packed(NamedTuple):
    """A batch: row r holds the token at ``positions[r]``; step t is rows ``offsets[t] : offsets[t + 1]``."""

    positions: Longs  # (N,) into the arrays of Encoded
    offsets: Longs  # (T + 1,)


class Batch(NamedTuple):
    """The tokens of a packed batch as the network sees them."""

    ids: Ints  # (S, N)
    bags: list[Bags]
    masked: Flags  # (N,) words to be read as the unknown word; (0,): none
    offsets: Longs  # (T + 1,)

    @property
    def tokens(self) -> int:
        """Tokens of the batch, N."""
        return int(self.ids.shape[1])

    @property
    def sentences(self) -> int:
        """Sentences with at least one token, B."""
        return int(self.offsets[1]) if len(self.offsets) > 1 else 0


def pack(starts: Longs, sentences: Longs) -> Packed:
    """Pack the sentences with these numbers; those without tokens take no row.

    Among sentences of equal length the given order is kept, so the packing is a function of its arguments.
    """
    lengths = starts[sentences + 1] - starts[sentences]
    order = np.argsort(-lengths, kind="stable")
    lengths, first = lengths[order], starts[sentences][order]
    longest = int(lengths[0]) if len(lengths) else 0
    # active[t] = sentences longer than t, by counting how many end at each length
    ends = np.bincount(lengths, minlength=longest + 1)
    active = len(lengths) - np.cumsum(ends)[:longest]
    offsets = np.zeros(longest + 1, np.int64)
    np.cumsum(active, out=offsets[1:])
    step = np.repeat(np.arange(longest), active)
    rank = np.arange(int(offsets[-1])) - offsets[step]
    return Packed(first[rank] + step, offsets)


def shuffled(encoded: Encoded, size: int, rng: np.random.Generator) -> Iterator[Longs]:
    """Yield one epoch of batches of ``size`` sentence numbers, every sentence once, in random order.

    Each run of eight batches is sorted by length before it is cut, so that few sentences of a batch run on
    alone; the batches of the epoch are then shuffled again.
    """
    order = rng.permutation(len(encoded.lengths))
    batches = []
    for start in range(0, len(order), 8 * size):
        pool = order[start : start + 8 * size]
        pool = pool[np.argsort(-encoded.lengths[pool], kind="stable")]
        batches += [pool[i : i + size] for i in range(0, len(pool), size)]
    for i in rng.permutation(len(batches)):
        yield batches[i]


def by_length(encoded: Encoded, tokens: int) -> Iterator[Longs]:
    """Yield batches of sentence numbers, longest first, of at most ``tokens`` tokens (or one sentence)."""
    order = np.argsort(-encoded.lengths, kind="stable")
    start = 0
    while start < len(order):
        count = max(1, tokens // max(1, int(encoded.lengths[order[start]])))
        yield order[start : start + count]
        start += count
