"""The optimiser: the gradients of all parameters, their norm, and the steps along them."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Batch
from rnncli.kernels import embedding, optimiser
from rnncli.kernels.optimiser import ADAM, COLUMNS, OPTIMISERS, ROWS
from rnncli.network.arena import Arena
from rnncli.network.backward import InputGradients
from rnncli.network.inputs import ONEHOT, onehot, parts
from rnncli.parameters import Array, Parameters


def _blocks(parameters: Parameters) -> Iterator[tuple[int, ...]]:
    """Yield the blocks of all arrays but the tables, with the columns of :mod:`rnncli.kernels.optimiser`."""
    for row in parameters.rows:
        if not row.is_table:
            width = row.shape[-1]
            yield parameters.starts[row.name], row.size // width, width, -1, row.shape[-2] if row.is_weight else 0


class Optimiser:
    """Holds the gradient of a network, 0 after each step, and the moments of an optimiser; takes the steps."""

    def __init__(self, spec: NetworkSpec, parameters: Parameters, kind: str, frozen: Sequence[str] = ()) -> None:
        """Start with these parameters, which every step changes.

        kind    a name of :data:`rnncli.kernels.optimiser.OPTIMISERS`
        frozen  tables that are not trained
        """
        self.spec = spec
        self.parameters = parameters
        self.transposed = parameters.transposed()
        self.gradient, self._m, self._v = (Parameters(parameters.rows, parameters.flat.dtype) for _ in range(3))
        self.steps = 0  # since the moments were 0
        self._kind = OPTIMISERS[kind]
        fixed = np.array(list(_blocks(parameters)))
        self._fixed = len(fixed)
        self._count = len(fixed)
        self._fixed_rows = int(fixed[:, ROWS].sum())
        # For each row of a table, a stamp: the number of the last batch that selected it.
        self._stamps = {
            name: np.zeros(len(table), np.int64) for name, table in parameters.tables.items() if name not in frozen
        }
        self._stamp = 0
        self._block_list = np.empty((len(fixed) + sum(map(len, self._stamps.values())), COLUMNS), np.int64)
        self._block_list[: len(fixed)] = fixed

    def add_tables(self, batch: Batch, gradients: InputGradients, arena: Arena) -> None:
        """Add the gradients of the tables of the inputs, and list the rows that the batch selects."""
        self._count = self._fixed
        self._stamp += 1
        column = 0
        for name, bags, masked in parts(self.parameters, batch):
            if name == ONEHOT:
                for first, ids, masked_in_slot, _ in onehot(self.spec, self.parameters, batch):
                    self._add_table(name, gradients.das[-1], 0, ids, bags, masked_in_slot, first, arena)
            else:
                self._add_table(name, gradients.dx, column, batch.ids[bags.source], bags, masked, 0, arena)
                column += self.parameters[name].shape[1]

    def _add_table(
        self, name: str, dout: Array, column: int, ids: Array, bags: Bags, masked: Array, first: int, arena: Arena
    ) -> None:
        if name in self._stamps:
            table = self.gradient[name]
            texts = (ids, bags.rows, bags.starts, masked, first)
            stamps = self._stamps[name]
            at = self.parameters.starts[name]
            self._count = embedding.touch(
                *texts, table.shape[1], at, stamps, self._stamp, self._block_list, self._count
            )
            embedding.scatter(arena.queue, dout, column, *texts, table)

    def norm(self, arena: Arena) -> float:
        """The Euclidean norm of the gradient; not finite if a number of it is not."""
        sums = arena.empty(self._fixed_rows + self._count - self._fixed, np.float64)
        optimiser.squared_norms(arena.queue, self.gradient.flat, self._block_list[: self._count], sums)
        return math.sqrt(float(sums.sum()))

    def step(self, rate: float, scale: float, arena: Arena) -> None:
        """Take a step along ``scale`` times the gradient, which is 0 afterwards."""
        self.steps += 1
        optimiser.descend(
            arena.queue,
            self._kind,
            self.parameters.flat,
            self.gradient.flat,
            self.gradient.flat.dtype.type(scale),
            self._m.flat,
            self._v.flat,
            self.transposed.flat,
            self._block_list[: self._count],
            rate,
            self.steps,
        )
        self.parameters.version += 1

    @property
    def moments(self) -> dict[str, Array]:
        """The moments that the optimiser has, each (parameters,)."""
        return {"m": self._m.flat, "v": self._v.flat} if self._kind == ADAM else {}

    def restart(self, weights: Array, steps: int = 0, moments: Mapping[str, Array] | None = None) -> None:
        """Go on from other weights, (parameters,), and from these moments after so many steps; else they are 0."""
        self.parameters.assign_flat(weights)
        self.transposed.assign(self.parameters.transposed())
        self.gradient.flat[...] = 0
        self.steps = steps
        for name, moment in self.moments.items():
            moment[...] = moments[name] if moments else 0
