"""From one batch to one step: the gradients of all parameters, their norm, and the optimiser that follows them."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Batch
from rnncli.kernels import embedding, optimiser
from rnncli.kernels.optimiser import COLUMNS, OPTIMISERS, ROWS
from rnncli.network.arena import Arena
from rnncli.network.backward import Found
from rnncli.network.inputs import ONEHOT, onehot, parts
from rnncli.network.parameters import Array, Parameters


class Step(NamedTuple):
    """How the optimiser goes on: along ``scale`` times the gradient."""

    scale: float
    rate: float
    number: int  # from 1


def _blocks(parameters: Parameters) -> Iterator[tuple[int, ...]]:
    """Yield the blocks of all arrays but the tables, as :mod:`rnncli.kernels.optimiser` has them."""
    for row in parameters.rows:
        if not row.is_table:
            width = row.shape[-1]
            yield parameters.starts[row.name], row.size // width, width, -1, row.shape[-2] if row.is_weight else 0


class Optimiser:
    """The gradient of a network, 0 between steps, and the moments of an optimiser, which takes the steps."""

    def __init__(self, spec: NetworkSpec, parameters: Parameters, kind: str, frozen: Sequence[str] = ()) -> None:
        """Start from these parameters.

        kind    a name of :data:`rnncli.kernels.optimiser.OPTIMISERS`
        frozen  tables that are not trained
        """
        self.spec, self.parameters, self.turned = spec, parameters, parameters.transposed()
        self.gradient, self._m, self._v = (Parameters(parameters.rows, parameters.flat.dtype) for _ in range(3))
        self._kind, fixed = OPTIMISERS[kind], np.array(list(_blocks(parameters)))
        self._fixed, self._count, self._height = len(fixed), len(fixed), int(fixed[:, ROWS].sum())
        # A stamp for each row of a table: the number of the last batch that touched it.
        self._seen = {
            name: np.zeros(len(table), np.int64) for name, table in parameters.tables.items() if name not in frozen
        }
        self._stamp = 0
        self._list = np.empty((len(fixed) + sum(map(len, self._seen.values())), COLUMNS), np.int64)
        self._list[: len(fixed)] = fixed

    def add_tables(self, batch: Batch, found: Found, arena: Arena) -> None:
        """Add the gradients of the tables of the inputs."""
        self._count, self._stamp, column = self._fixed, self._stamp + 1, 0
        for name, bags, hidden in parts(self.parameters, batch):
            if name == ONEHOT:
                for first, ids, unseen, _ in onehot(self.spec, self.parameters, batch):
                    self._add_table(name, found.das[-1], 0, ids, bags, unseen, first, arena)
            else:
                self._add_table(name, found.dx, column, batch.ids[bags.source], bags, hidden, 0, arena)
                column += self.parameters[name].shape[1]

    def _add_table(
        self, name: str, dout: Array, column: int, ids: Array, bags: Bags, hidden: Array, first: int, arena: Arena
    ) -> None:
        if name in self._seen:
            table, texts = self.gradient[name], (ids, bags.rows, bags.starts, hidden, first)
            seen, at = self._seen[name], self.parameters.starts[name]
            self._count = embedding.touch(*texts, table.shape[1], at, seen, self._stamp, self._list, self._count)
            embedding.scatter(arena.queue, dout, column, *texts, table)

    def norm(self, arena: Arena) -> float:
        """The gradient's length; not finite where a number of it is not."""
        sums = arena.empty(self._height + self._count - self._fixed, np.float64)
        optimiser.squared_norms(arena.queue, self.gradient.flat, self._list[: self._count], sums)
        return math.sqrt(float(sums.sum()))

    def step(self, step: Step, arena: Arena) -> None:
        """Take a step, and set the gradient to 0."""
        vectors = (a.flat for a in (self.parameters, self.gradient, self._m, self._v, self.turned))
        theta, gradient, m, v, turned = vectors
        scale, blocks = gradient.dtype.type(step.scale), self._list[: self._count]
        optimiser.descend(
            arena.queue, self._kind, theta, gradient, scale, m, v, turned, blocks, step.rate, step.number
        )
