"""Gradients of all parameters from what the shards of a batch found, a piece at a time, so that threads can share.

A weight's gradient is a product over all tokens, doutᵀ x. Shards keep its two factors; a piece, some rows of a
weight or some columns of a table, adds the shards' products up in their order, and is stepped on its own. So there
is one gradient, whatever the number of shards, and no byte of it depends on the number of threads.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Bags, Batch
from rnncli.kernels import embedding, matmul, optimiser
from rnncli.network.inputs import ONEHOT, onehot, parts
from rnncli.network.parameters import Array, Parameters

# Numbers of a weight in one piece: few enough to share the work evenly, and to stay in a core's cache.
PIECE = 1 << 16


class Factors(NamedTuple):
    """The gradient of a weight, or one block of it: dout[:, column:+rows]ᵀ x[:, at:+columns]."""

    dout: Array  # (N, ·)
    column: int
    x: Array  # (N, ·); of a bias, whose gradient is the sum of dout, (0, 0)
    at: int


class Slopes(NamedTuple):
    """What one packed batch, or a shard of it, says about the gradients."""

    batch: Batch
    dx: Array  # (N, D) gradient of what the parts of the input give for each token
    da: Array  # (N, R·G·H) of layer 1's input product, which is that of one-hot inputs
    factors: dict[tuple[str, int], Factors]  # by the name of the parameter and the block of it, a direction
    sums: dict[str, Array]  # gradients that are computed whole: those of the moves of a CRF


class Step(NamedTuple):
    """How the optimiser goes on: along ``scale`` times the gradient."""

    scale: float
    rate: float
    number: int  # from 1


class Piece(Protocol):
    """A share of the parameters, with its gradient, which is 0 between steps, and the optimiser's moments."""

    @property
    def size(self) -> int:
        """Numbers in it."""

    def collect(self, slopes: Sequence[Slopes]) -> float:
        """Sum the gradient up, in the order of ``slopes``; return its squared norm."""

    def update(self, step: Step) -> None:
        """Take a step of the optimiser, and set the gradient to 0."""


class WeightPiece:
    """Rows ``first : end`` of one block of an array that is not a table."""

    def __init__(
        self, name: str, block: int, first: int, arrays: Sequence[Array], turned: Array | None, kind: str
    ) -> None:
        """``arrays``: the parameter, its gradient and both moments; ``turned``: the whole parameter transposed."""
        self.name, self.block, self.first = name, block, first
        self.weight, self.gradient, self.m, self.v = arrays
        self.turned = turned
        self.optimise = optimiser.OPTIMISERS[kind][0]
        self.size = self.weight.size

    def collect(self, slopes: Sequence[Slopes]) -> float:
        """See :class:`Piece`."""
        gradient = self.gradient
        for found in slopes:
            if self.name in found.sums:
                gradient += found.sums[self.name]
                continue
            dout, column, x, at = found.factors[self.name, self.block]
            if gradient.ndim == 1:
                matmul.add_sum(dout, gradient)
            else:
                matmul.add_tn(dout, 0, column + self.first, x, 0, at, gradient, len(x))
        return float(optimiser.squared_norm(gradient.reshape(-1)))

    def update(self, step: Step) -> None:
        """See :class:`Piece`."""
        arrays = (array.reshape(-1) for array in (self.weight, self.gradient, self.m, self.v))
        theta, gradient, m, v = arrays
        scale = gradient.dtype.type(step.scale)
        self.optimise(theta, gradient, scale, m, v, step.rate, step.number)
        if self.turned is not None:
            matmul.turn(self.weight, self.turned, self.first)


class TablePiece:
    """Columns ``left : right`` of a table, of which a batch touches few rows."""

    def __init__(
        self,
        name: str,
        spec: NetworkSpec,
        parameters: Parameters,
        columns: tuple[int, int],
        arrays: Sequence[Array],
        kind: str,
    ) -> None:
        """``arrays``: the whole table, its gradient and both moments."""
        self.name, self.spec, self.parameters, self.columns = name, spec, parameters, columns
        self.table, self.gradient, self.m, self.v = arrays
        self.optimise = optimiser.OPTIMISERS[kind][1]
        self.size = self.table.size
        self.seen = np.zeros(len(self.table), np.int64)
        self.touched, self.count, self.stamp = np.zeros(len(self.table), np.int32), 0, 0

    @property
    def rows(self) -> Array:
        """The rows that were touched since the step before."""
        return self.touched[: self.count]

    def collect(self, slopes: Sequence[Slopes]) -> float:
        """See :class:`Piece`."""
        self.count, self.stamp = 0, self.stamp + 1
        for found in slopes:
            column = 0
            for name, bags, hidden in parts(self.parameters, found.batch):
                if name == self.name:
                    if name == ONEHOT:
                        for first, ids, unseen, _ in onehot(self.spec, self.parameters, found.batch):
                            self._scatter(found.da, 0, ids, bags, unseen, first)
                    else:
                        self._scatter(found.dx, column, found.batch.ids[bags.source], bags, hidden, 0)
                column += self.parameters[name].shape[1] if name != ONEHOT else 0
        return float(optimiser.squared_norm_of_rows(self.gradient, self.rows, *self.columns))

    def _scatter(self, dout: Array, column: int, ids: Array, bags: Bags, hidden: Array, first: int) -> None:
        self.count = embedding.scatter(
            dout, column, ids, bags.rows, bags.starts, hidden, first, self.gradient, *self.columns,
            self.seen, self.stamp, self.touched, self.count,
        )  # fmt: skip

    def update(self, step: Step) -> None:
        """See :class:`Piece`."""
        scale = self.gradient.dtype.type(step.scale)
        self.optimise(
            self.table, self.gradient, scale, self.m, self.v, self.rows, *self.columns, step.rate, step.number
        )


def pieces(
    spec: NetworkSpec,
    parameters: Parameters,
    gradient: Parameters,
    turned: dict[str, Array],
    kind: str,
    frozen: Sequence[str] = (),
) -> Iterator[Piece]:
    """Cut the parameters of a network into pieces; how depends on their shapes alone.

    gradient  arrays like ``parameters``, all 0; each piece writes its own part
    turned    transposed weights by name, which the pieces keep in step
    kind      a name of :data:`rnncli.kernels.optimiser.OPTIMISERS`
    frozen    tables that are not trained
    """
    for row in parameters.rows:
        name, weight, slope = row.name, parameters[row.name], gradient[row.name]
        if name in frozen:
            continue
        m, v = np.zeros_like(weight), np.zeros_like(weight)
        if row.is_table:
            middle = weight.shape[1] // 2
            for columns in (0, middle), (middle, weight.shape[1]):
                if columns[0] < columns[1]:
                    yield TablePiece(name, spec, parameters, columns, (weight, slope, m, v), kind)
            continue
        blocks = weight.shape[0] if weight.ndim == 3 else 1
        for block in range(blocks):
            arrays = [array[block] if blocks > 1 or array.ndim == 3 else array for array in (weight, slope, m, v)]
            of_block = turned.get(name)
            if of_block is not None and of_block.ndim == 3:
                of_block = of_block[block]
            # What is summed as a whole, and a bias, is one piece.
            size = PIECE // weight.shape[-1] if name in turned else len(weight)
            for first in range(0, len(arrays[0]), max(1, size)):
                cut = [array[first : first + max(1, size)] for array in arrays]
                yield WeightPiece(name, block, first, cut, of_block, kind)
