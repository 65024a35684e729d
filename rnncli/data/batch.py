"""Sentences end to end as arrays of integers, and batches packed by time step, longest sentence first.

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
    """The rows that each text selects in the table of one part of the input; the network reads their sum.

    Distinct text i of ``source`` selects ``rows[starts[i] : starts[i + 1]]``.
    """

    source: int  # 0 the tokens, from 1 the columns
    is_word: bool  # a masked token selects the row of the unknown word instead
    rows: Ints
    starts: Longs


class Encoded(NamedTuple):
    """Sentences end to end; sentence s is positions ``starts[s] : starts[s + 1]``."""

    words: Ints  # (N,) numbers of the words in the model's vocabulary, 0 for unknown words
    ids: Ints  # (S, N) for each source the number of the token's text among its distinct texts
    bags: list[Bags]  # one for each part of the input
    tags: Ints  # (N,), −1 where unknown
    starts: Longs  # (B + 1,)

    @property
    def lengths(self) -> Longs:
        """Tokens of each sentence, (B,)."""
        return np.diff(self.starts)

    def batch(self, packed: Packed, masked: Flags = NONE_MASKED) -> Batch:
        """Select the tokens of a packed batch; those of ``masked`` (N,) are read as the unknown word."""
        return Batch(self.ids[:, packed.positions], self.bags, masked, packed.offsets)


class Packed(NamedTuple):
    """A batch: row r holds the token at ``positions[r]``; step t is rows ``offsets[t] : offsets[t + 1]``."""

    positions: Longs  # (N,) into the arrays of Encoded
    offsets: Longs  # (T + 1,)


class Batch(NamedTuple):
    """The tokens of a packed batch as the network reads them."""

    ids: Ints  # (S, N)
    bags: list[Bags]
    masked: Flags  # (N,) words that are read as the unknown word; (0,): none
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
    """Pack the sentences with these numbers; sentences without tokens have no row.

    Sentences of equal length stay in the order of ``sentences``, so the result depends on the arguments alone.
    """
    lengths = starts[sentences + 1] - starts[sentences]
    order = np.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    first = starts[sentences][order]
    longest = int(lengths[0]) if len(lengths) else 0
    # active[t]: how many sentences are longer than t
    ending = np.bincount(lengths, minlength=longest + 1)
    active = len(lengths) - np.cumsum(ending)[:longest]
    offsets = np.zeros(longest + 1, np.int64)
    np.cumsum(active, out=offsets[1:])
    step = np.repeat(np.arange(longest), active)
    rank = np.arange(int(offsets[-1])) - offsets[step]
    return Packed(first[rank] + step, offsets)


def shuffled(encoded: Encoded, size: int, rng: np.random.Generator) -> Iterator[Longs]:
    """Yield one epoch of batches of ``size`` sentence numbers, every sentence once, in random order.

    The sentences of eight batches are sorted by length before they are divided, so that the lengths in a batch
    differ little. Then the batches of the epoch are shuffled.
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
