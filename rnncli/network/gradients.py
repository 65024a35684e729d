"""From one batch to one step: the gradients of all parameters, their norm, and the optimiser that follows them."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Batch
from rnncli.kernels import embedding, matmul, optimiser
from rnncli.network.backward import Found
from rnncli.network.inputs import ONEHOT, onehot, parts
from rnncli.network.parameters import Array, Parameter, Parameters
from rnncli.network.room import Room


class Step(NamedTuple):
    """How the optimiser goes on: along ``scale`` times the gradient."""

    scale: float
    rate: float
    number: int  # from 1


class _Touched:
    """The rows of a table that a batch touches."""

    def __init__(self, rows: int) -> None:
        self._seen, self._stamp = np.zeros(rows, np.int64), 0
        self._rows, self._count = np.zeros(rows, np.int32), 0

    @property
    def rows(self) -> Array:
        """Their numbers, in the order in which they were touched first."""
        return self._rows[: self._count]

    def clear(self) -> None:
        """Begin with another batch."""
        self._count, self._stamp = 0, self._stamp + 1

    def add(self, ids: Array, bags: Bags, hidden: Array, first: int) -> None:
        """Add those of some texts; the arguments are those of :func:`rnncli.kernels.embedding.touch`."""
        self._count = embedding.touch(
            ids, bags.rows, bags.starts, hidden, first, self._seen, self._stamp, self._rows, self._count
        )


def _blocks(rows: Sequence[Parameter]) -> Array:
    """Where the arrays of a dense vector lie, as :mod:`rnncli.kernels.optimiser` has it: (·, 3)."""
    widths = [(row.size, row.shape[-1]) for row in rows if not row.is_table]
    starts = np.cumsum([0, *(size for size, _ in widths[:-1])])
    return np.array([(start, size // width, width) for start, (size, width) in zip(starts, widths, strict=True)])


class Descent:
    """The gradient of a network, 0 between steps, and the moments of an optimiser, which takes the steps."""

    def __init__(
        self,
        spec: NetworkSpec,
        parameters: Parameters,
        turned: Mapping[str, Array],
        kind: str,
        frozen: Sequence[str] = (),
    ) -> None:
        """Start from these parameters.

        turned  transposed weights by name, which are kept in step
        kind    a name of :data:`rnncli.kernels.optimiser.OPTIMISERS`
        frozen  tables that are not trained
        """
        self.spec, self.parameters, self.turned = spec, parameters, turned
        self.gradient, self._m, self._v = (Parameters(parameters.rows, parameters.dense.dtype) for _ in range(3))
        self._touched = {
            name: _Touched(len(table)) for name, table in parameters.tables.items() if name not in frozen
        }
        self._dense, self._rows = optimiser.OPTIMISERS[kind]
        self._blocks = _blocks(parameters.rows)
        self._sums = np.empty(int(self._blocks[:, 1].sum()))  # of squares, one for each row

    def add_tables(self, batch: Batch, found: Found, room: Room) -> None:
        """Add the gradients of the tables of the inputs."""
        column = 0
        for name, bags, hidden in parts(self.parameters, batch):
            if touched := self._touched.get(name):
                touched.clear()
                if name == ONEHOT:
                    for first, ids, unseen, _ in onehot(self.spec, self.parameters, batch):
                        self._scatter(name, touched, found.das[-1], 0, ids, bags, unseen, first, room)
                else:
                    self._scatter(name, touched, found.dx, column, batch.ids[bags.source], bags, hidden, 0, room)
            column += self.parameters[name].shape[1] if name != ONEHOT else 0

    def _scatter(
        self,
        name: str,
        touched: _Touched,
        dout: Array,
        column: int,
        ids: Array,
        bags: Bags,
        hidden: Array,
        first: int,
        room: Room,
    ) -> None:
        touched.add(ids, bags, hidden, first)
        embedding.scatter(room.board, dout, column, ids, bags.rows, bags.starts, hidden, first, self.gradient[name])

    def norm(self, room: Room) -> float:
        """The gradient's length; not finite where a number of it is not."""
        optimiser.squared_norms(room.board, self.gradient.dense, self._blocks, self._sums)
        total = float(self._sums.sum())
        for name, touched in self._touched.items():
            sums = room.empty(len(touched.rows), np.float64)
            optimiser.squared_norms_of_rows(room.board, self.gradient[name], touched.rows, sums)
            total += float(sums.sum())
        return math.sqrt(total)

    def step(self, step: Step, room: Room) -> None:
        """Take a step, and set the gradient to 0."""
        scale = self.gradient.dense.dtype.type(step.scale)
        arrays = self.parameters.dense, self.gradient.dense, scale, self._m.dense, self._v.dense
        self._dense(room.board, *arrays, self._blocks, step.rate, step.number)
        for name, touched in self._touched.items():
            table, slope, m, v = (each[name] for each in (self.parameters, self.gradient, self._m, self._v))
            self._rows(room.board, table, slope, scale, m, v, touched.rows, step.rate, step.number)
        for name, turned in self.turned.items():
            weight = self.parameters[name]
            matmul.turn(room.board, *(a if a.ndim == 3 else a[None] for a in (weight, turned)))
