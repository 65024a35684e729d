"""The input layer: what the parts of the input give for each token, and for those beside it."""

from collections.abc import Iterator, Mapping

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import NOTHING_HIDDEN, Bags, Batch
from rnncli.kernels import embedding, window
from rnncli.network.parameters import Array, Parameters

ONEHOT = "input/onehot"


def parts(parameters: Parameters, batch: Batch) -> Iterator[tuple[str, Bags, Array]]:
    """Yield the table of each part, its bags, and which tokens are hidden from it."""
    for name, bags in zip(parameters.tables, batch.bags, strict=True):
        yield name, bags, batch.hidden if bags.is_word else NOTHING_HIDDEN


def gather(parameters: Parameters, batch: Batch, dtype: np.dtype[np.floating]) -> Array:
    """Look up every part but one-hot, side by side: (N, D), D = 0 where there is none."""
    width = sum(table.shape[1] for name, table in parameters.tables.items() if name != ONEHOT)
    x, column = np.zeros((batch.tokens, width), dtype), 0
    for name, bags, hidden in parts(parameters, batch):
        if name != ONEHOT:
            table = parameters[name]
            embedding.gather(table, batch.ids[bags.source], bags.rows, bags.starts, hidden, 0, column, x)
            column += table.shape[1]
    return x


def _seen(spec: NetworkSpec, offsets: Array) -> list[Array]:
    """For each place of the window, left to right, the row that every token sees there, −1 for none; (N,) each."""
    found = []
    for distance in range(-spec.window, spec.window + 1):
        rows = np.empty(int(offsets[-1]), np.int32)
        window.neighbours(offsets, distance, rows)
        found.append(rows)
    return found


def look_around(spec: NetworkSpec, x: Array, offsets: Array) -> Array:
    """Put the inputs of the tokens of the window side by side: (N, D) -> (N, (2w + 1) D)."""
    if not spec.window or not x.shape[1]:
        return x
    wide, column = np.empty((len(x), (2 * spec.window + 1) * x.shape[1]), x.dtype), 0
    for rows in _seen(spec, offsets):
        window.spread(x, rows, column, wide)
        column += x.shape[1]
    return wide


def look_around_backward(spec: NetworkSpec, dwide: Array, offsets: Array) -> Array:
    """Gradient of :func:`look_around`."""
    seen = 2 * spec.window + 1
    if seen == 1:
        return dwide
    width = dwide.shape[1] // seen
    dx = np.zeros((len(dwide), width), dwide.dtype)
    for place, rows in enumerate(_seen(spec, offsets)):
        window.spread_backward(dwide, rows, place * width, dx)
    return dx


def _onehot(spec: NetworkSpec, parameters: Parameters, batch: Batch) -> Iterator[tuple[int, Array, Array, Bags]]:
    """For each place of the window: the first row of its block of the table, the ids and the hidden words there."""
    for name, bags, hidden in parts(parameters, batch):
        if name != ONEHOT:
            continue
        words = len(parameters[ONEHOT]) // (2 * spec.window + 1)
        for place, rows in enumerate(_seen(spec, batch.offsets)):
            ids = np.where(rows < 0, np.int32(-1), batch.ids[bags.source][rows])
            yield place * words, ids, hidden[rows] if len(hidden) else hidden, bags


def add_onehot(spec: NetworkSpec, parameters: Parameters, batch: Batch, a: Array) -> None:
    """Add U x of one-hot inputs, columns of U, to the input product a (N, G·R·H)."""
    for first, ids, hidden, bags in _onehot(spec, parameters, batch):
        embedding.gather(parameters[ONEHOT], ids, bags.rows, bags.starts, hidden, first, 0, a)


class TableGradients:
    """The gradients of the tables, and which of their rows a step has touched."""

    def __init__(self, parameters: Parameters, trained: Mapping[str, bool]) -> None:
        tables = {name: table for name, table in parameters.tables.items() if trained.get(name, True)}
        self.gradients = {name: np.zeros_like(table) for name, table in tables.items()}
        self._seen = {name: np.zeros(len(table), np.int64) for name, table in tables.items()}
        self._touched = {name: np.zeros(len(table), np.int32) for name, table in tables.items()}
        self._counts = dict.fromkeys(tables, 0)
        self._stamp = 1

    def add(self, spec: NetworkSpec, parameters: Parameters, batch: Batch, dx: Array, da: Array) -> None:
        """Add what the tokens of a batch contribute: dx (N, D) of the parts, da (N, G·R·H) of one-hot inputs."""
        column = 0
        for name, bags, hidden in parts(parameters, batch):
            if name == ONEHOT:
                for first, ids, unseen, _ in _onehot(spec, parameters, batch):
                    self._scatter(name, da, 0, ids, bags, unseen, first)
                continue
            if name in self.gradients:
                self._scatter(name, dx, column, batch.ids[bags.source], bags, hidden, 0)
            column += parameters[name].shape[1]

    def _scatter(
        self, name: str, dout: Array, column: int, ids: Array, bags: Bags, hidden: Array, first: int
    ) -> None:
        self._counts[name] = embedding.scatter(
            dout, column, ids, bags.rows, bags.starts, hidden, first,
            self.gradients[name], self._seen[name], self._stamp, self._touched[name], self._counts[name],
        )  # fmt: skip

    def touched(self) -> Iterator[tuple[str, Array, Array]]:
        """Yield each table's name, its gradient, and the rows that were touched since the last :meth:`clear`."""
        for name, gradient in self.gradients.items():
            yield name, gradient, self._touched[name][: self._counts[name]]

    def clear(self) -> None:
        """Forget which rows were touched; whoever used the gradients has set them to 0."""
        self._stamp += 1
        self._counts = dict.fromkeys(self._counts, 0)
