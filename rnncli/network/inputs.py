"""The input layer: table look-ups for each token, and the window of neighbouring tokens."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import NONE_MASKED, Bags, Batch
from rnncli.kernels import activation, embedding, matmul, window
from rnncli.network.arena import Arena
from rnncli.parameters import Array, Parameters

ONEHOT = "input/onehot"


def parts(parameters: Parameters, batch: Batch) -> Iterator[tuple[str, Bags, Array]]:
    """Yield for each part the name of its table, its bags, and its masked tokens, (N,) or (0,) bool."""
    for name, bags in zip(parameters.tables, batch.bags, strict=True):
        yield name, bags, batch.masked if bags.is_word else NONE_MASKED


def gather(parameters: Parameters, batch: Batch, arena: Arena) -> Array:
    """Look up every part but one-hot, side by side: (N, D), D = 0 where there is none."""
    tables = [(parameters[name], bags, masked) for name, bags, masked in parts(parameters, batch) if name != ONEHOT]
    return _look_up(tables, batch.ids, batch.tokens, parameters.flat.dtype, arena)


def _look_up(
    tables: Sequence[tuple[Array, Bags, Array]],
    ids: Mapping[int, Array] | Array,
    count: int,
    dtype: Any,
    arena: Arena,
) -> Array:
    """Look up ``count`` texts in tables, with their bags and masked tokens; ``ids``: (count,) of each source."""
    x = arena.empty((count, sum(table.shape[1] for table, *_ in tables)), dtype)
    column = 0
    x[...] = 0
    for table, bags, masked in tables:
        embedding.gather(arena.queue, table, ids[bags.source], bags.rows, bags.starts, masked, 0, column, x)
        column += table.shape[1]
    return x


def _slots(spec: NetworkSpec, offsets: Array) -> list[Array]:
    """For each slot of the window, left to right, (N,) int32: the row that a token reads there, −1 for none."""
    slots = []
    for distance in range(-spec.window, spec.window + 1):
        rows = np.empty(int(offsets[-1]), np.int32)
        window.neighbours(offsets, distance, rows)
        slots.append(rows)
    return slots


def look_around(spec: NetworkSpec, x: Array, offsets: Array, arena: Arena) -> Array:
    """Put the inputs of the tokens of the window side by side: (N, D) -> (N, (2w + 1) D)."""
    if not spec.window or not x.shape[1]:
        return x
    wide = arena.empty((len(x), (2 * spec.window + 1) * x.shape[1]), x.dtype)
    window.look_around(arena.queue, x, offsets, spec.window, wide)
    return wide


def look_around_backward(spec: NetworkSpec, dwide: Array, offsets: Array, arena: Arena) -> Array:
    """Gradient of :func:`look_around`: (N, (2w + 1) D) -> (N, D)."""
    if not spec.window:
        return dwide
    dx = arena.empty((len(dwide), dwide.shape[1] // (2 * spec.window + 1)), dwide.dtype)
    window.look_around_backward(arena.queue, dwide, offsets, spec.window, dx)
    return dx


def project(
    spec: NetworkSpec,
    parameters: Parameters,
    transposed: Array,
    batch: Batch,
    a: Array,
    arena: Arena,
    own: Array | None = None,
) -> None:
    """Add U x to the product a (N, M); the product of each distinct text is computed once.

    transposed  ((2w + 1) D, M)  Uᵀ
    batch       without masked words
    own         (N, D)  OUT: the vector of each token itself
    """
    slots = _slots(spec, batch.offsets)
    width = len(transposed) // len(slots)
    column = 0
    no_bias = np.zeros(a.shape[1], a.dtype)
    dense = [(parameters[name], bags, masked) for name, bags, masked in parts(parameters, batch) if name != ONEHOT]
    for source, group in itertools.groupby(dense, key=lambda part: part[1].source):
        ids, texts = np.unique(batch.ids[source], return_inverse=True)
        x = _look_up(list(group), {source: ids}, len(ids), a.dtype, arena)
        y = arena.empty((len(ids), a.shape[1]), a.dtype)
        for slot, rows in enumerate(slots):
            first = slot * width + column
            matmul.project(arena.queue, x, transposed[first : first + x.shape[1]], no_bias, y)
            window.add_slot(y, texts, rows, a)
        if own is not None:
            own[:, column : column + x.shape[1]] = x[texts]
        column += x.shape[1]


def add_neighbours(
    spec: NetworkSpec, parameters: Parameters, transposed: Mapping[str, Array], batch: Batch, arena: Arena
) -> Array:
    """What layer 1 reads, x + tanh(P x of the window + p), (N, D), multiplying each distinct text once."""
    p = parameters["window/p"]
    z = arena.empty((batch.tokens, len(p)), p.dtype)
    own = arena.like(z)
    z[:] = p
    project(spec, parameters, transposed["window/P"], batch, z, arena, own)
    activation.forward(arena.queue, z, activation.TANH)
    return np.add(own, z, out=own)


def onehot(spec: NetworkSpec, parameters: Parameters, batch: Batch) -> Iterator[tuple[int, Array, Array, Bags]]:
    """Yield for each slot of the window: first row of its block of the table, ids and masked words there, bags."""
    for name, bags, masked in parts(parameters, batch):
        if name != ONEHOT:
            continue
        words = len(parameters[ONEHOT]) // (2 * spec.window + 1)
        for slot, rows in enumerate(_slots(spec, batch.offsets)):
            ids = np.where(rows < 0, np.int32(-1), batch.ids[bags.source][rows])
            yield slot * words, ids, masked[rows] if len(masked) else masked, bags


def add_onehot(spec: NetworkSpec, parameters: Parameters, batch: Batch, a: Array, arena: Arena) -> None:
    """Add U x of one-hot inputs, columns of U, to the input product a (N, G·R·H)."""
    for first, ids, masked, bags in onehot(spec, parameters, batch):
        embedding.gather(arena.queue, parameters[ONEHOT], ids, bags.rows, bags.starts, masked, first, 0, a)
