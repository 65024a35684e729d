"""The parameters of a network: one table of their names, shapes and initialisers, and the arrays made from it."""

from __future__ import annotations  # a Generator in a signature would load numpy.random

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncli.config import CELLS, NetworkSpec
from rnncli.data.inputs import InputTable

Array = NDArray[Any]


def _zeros(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return np.zeros(shape)


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Rows of expected length 1, whatever their width, so that a wider embedding does not saturate φ."""
    return np.asarray(rng.standard_normal(shape) / np.sqrt(shape[-1]))


def _glorot(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Glorot and Bengio 2010, equation 16."""
    limit = np.sqrt(6.0 / (shape[-2] + shape[-1]))
    return rng.uniform(-limit, limit, shape)


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Saxe, McClelland and Ganguli 2014: all singular values are 1, so memory neither fades nor explodes at first.

    shape  (R, G·H, H): one matrix for each gate of each direction
    """
    units = shape[2]
    blocks = []
    for _ in range(shape[0] * shape[1] // units):
        q, r = np.linalg.qr(rng.standard_normal((units, units)))
        blocks.append(q * np.sign(np.diagonal(r)))
    return np.concatenate(blocks).reshape(shape)


def _identity(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Le, Jaitly and Hinton 2015: with φ = relu, memory does not change at first; shape (R, G·H, H)."""
    return np.tile(np.eye(shape[2]), (shape[0], shape[1] // shape[2], 1))


def _glorot_of_gates(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """:func:`_glorot` with H inputs and H outputs, for each gate of each direction; shape (R, G·H, H)."""
    return _glorot((shape[0] * shape[1] // shape[2], shape[2], shape[2]), rng).reshape(shape)


RECURRENT: dict[str, Callable[[tuple[int, ...], np.random.Generator], Array]] = {
    "orthogonal": _orthogonal,
    "identity": _identity,
    "glorot": _glorot_of_gates,
}


def _biases(shape: tuple[int, ...], rng: np.random.Generator, cell: str, units: int) -> Array:
    """0, except for gates of the cell whose biases start at another value; shape (R·G·H,)."""
    gates = CELLS[cell].gates
    biases = np.zeros(shape)
    for gate, value in CELLS[cell].first_biases:
        biases.reshape(-1, len(gates), units)[:, gates.index(gate)] = value
    return biases


def _feedback_only(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Wy of a network whose only memory is its output: standard deviation 2; see :func:`_output_only`."""
    return np.asarray(2 * rng.standard_normal(shape))


def _output_only(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """V of a network whose only memory is its output: three times as large as Glorot's.

    Training drives ŷ to 0 and 1, so such a network remembers by small differences of probability. With Glorot's
    scale ŷ hardly depends on the token at first, Wy learns nothing, and the trained network has no memory: see
    docs/decisions.md.
    """
    return 3 * _glorot(shape, rng)


# Initialisers of the tables of inputs; those of other inputs are drawn by :func:`_normal`.
_INPUT_TABLES = {"onehot": _glorot, "vectors": _zeros}


class Parameter(NamedTuple):
    """One array of a network. A table has a row for each text of an input; a batch uses few of them."""

    name: str
    shape: tuple[int, ...]
    initialise: Callable[[tuple[int, ...], np.random.Generator], Array]
    is_table: bool = False

    @property
    def size(self) -> int:
        """How many numbers the array has."""
        return math.prod(self.shape)

    @property
    def is_weight(self) -> bool:
        """Whether the forward pass multiplies by it; see :meth:`Parameters.transposed`."""
        return len(self.shape) > 1 and not self.is_table and self.name != "output/A"


def table(
    spec: NetworkSpec, inputs: Sequence[InputTable], tags: int, recurrent: str = "orthogonal"
) -> list[Parameter]:
    """List the parameters of a network in the order in which they are stored and drawn.

    Letters as in docs/math.md: R directions, G gates, H hidden units, D input width, K tags. The table of one-hot
    inputs is Uᵀ of layer 1, so that the column of U that a word selects is one row; with a window it has one such
    block for each token of the window. ``recurrent`` is a name of :data:`RECURRENT`.
    """
    arch = spec.architecture
    h = spec.hidden
    outputs = arch.directions * h  # of a layer
    window = 2 * spec.window + 1  # tokens
    rows: list[Parameter] = []
    for part in inputs:
        shape = (part.rows * (window if part.name == "onehot" else 1), part.width)
        rows.append(Parameter(f"input/{part.name}", shape, _INPUT_TABLES.get(part.name, _normal), is_table=True))
    width = window * sum(part.width for part in inputs if part.name != "onehot")
    if spec.adds_neighbours:
        one = width // window
        rows.append(Parameter("window/P", (one, width), _glorot))
        rows.append(Parameter("window/p", (one,), _zeros))
        width = one
    for layer in range(1, spec.layers + 1):
        if width:
            rows.append(Parameter(f"layer{layer}/U", (spec.product, width), _glorot))
        if arch.keeps_hidden:
            rows.append(Parameter(f"layer{layer}/W", (arch.directions, spec.gates * h, h), RECURRENT[recurrent]))
        if arch.keeps_output and layer == spec.layers:
            rows.append(
                Parameter(f"layer{layer}/Wy", (h, tags), _feedback_only if arch.keeps_only_output else _glorot)
            )
        biases = functools.partial(_biases, cell=spec.cell, units=spec.hidden)
        rows.append(Parameter(f"layer{layer}/b", (spec.product,), biases))
        if spec.recurrent_bias:
            rows.append(Parameter(f"layer{layer}/{spec.recurrent_bias}", (outputs,), _zeros))
        width = outputs
    rows.append(Parameter("output/V", (tags, outputs), _output_only if arch.keeps_only_output else _glorot))
    rows.append(Parameter("output/c", (tags,), _zeros))
    if spec.decoder == "crf":
        rows += [Parameter(f"output/{name}", (tags,), _zeros) for name in ("first", "last")]
        rows.append(Parameter("output/A", (tags, tags), _zeros))
    return rows


class Parameters(Mapping[str, Array]):
    """The arrays of a network by name. They are views of one vector, ``flat``, one after another.

    ``version`` changes whenever :meth:`initialise`, :meth:`assign` or training changes the numbers, so that results
    computed from an older version can be computed again.
    """

    version = 0
    hidden_limit: tuple[int, float] | None = None  # a version and its largest hidden unit: see plain.limits

    def __init__(self, rows: Sequence[Parameter], dtype: DTypeLike = np.float32) -> None:
        self.rows = rows
        self.starts = dict[str, int]()
        self.flat = np.zeros(sum(row.size for row in rows), dtype)
        self._arrays = dict[str, Array]()
        start = 0
        for row in rows:
            self.starts[row.name] = start
            self._arrays[row.name] = self.flat[start : start + row.size].reshape(row.shape)
            start += row.size
        self.tables = {row.name: self._arrays[row.name] for row in rows if row.is_table}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Any:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __eq__(self, other: object) -> bool:
        """Whether names, shapes, types and all bits of the numbers are the same."""
        if not isinstance(other, Parameters):
            return NotImplemented
        return self._content() == other._content()

    def _content(self) -> tuple[Any, ...]:
        return [(row.name, row.shape) for row in self.rows], self.flat.dtype, self.flat.tobytes()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy the vector only; the arrays of the copy are views of its own vector."""
        return type(self), (self.rows, self.flat.dtype), self.flat

    def __setstate__(self, flat: Array) -> None:
        self.flat[...] = flat

    def initialise(self, rng: np.random.Generator) -> Self:
        """Give every array its initial values, in the order of the table."""
        for row in self.rows:
            self._arrays[row.name][...] = row.initialise(row.shape, rng)
        self.version += 1
        return self

    def assign(self, other: Mapping[str, Array]) -> Self:
        """Copy the values of another set of arrays with the same names and shapes."""
        for name, array in self._arrays.items():
            array[...] = other[name]
        self.version += 1
        return self

    def assign_flat(self, flat: Array) -> Self:
        """Copy the values of all arrays end to end, (P,)."""
        self.flat[...] = flat
        self.version += 1
        return self

    def copy(self) -> Parameters:
        """Return an independent copy."""
        return Parameters(self.rows, self.flat.dtype).assign(self)

    def transposed_weights(self) -> dict[str, Array]:
        """Return copies of the weights as (inputs, outputs), which the forward pass multiplies by.

        Copying takes 55 µs for 128 units in both directions, as long as training on 15 tokens, so all batches of a
        prediction share one copy.
        """
        weights = {row.name: np.swapaxes(self[row.name], -2, -1) for row in self.rows if row.is_weight}
        return {name: np.ascontiguousarray(weight) for name, weight in weights.items()}

    def transposed(self) -> Parameters:
        """Return what :meth:`transposed_weights` does, for training, which changes both copies of a weight.

        They have the same positions in their vector as the weights in theirs; the rest of the vector is not used.
        """
        weights = {row.name: np.swapaxes(self[row.name], -2, -1) for row in self.rows if row.is_weight}
        transposed = Parameters(
            [row._replace(shape=weights[row.name].shape) if row.is_weight else row for row in self.rows],
            self.flat.dtype,
        )
        for name, weight in weights.items():
            transposed[name][...] = weight
        return transposed

    def is_finite(self) -> bool:
        """Tell whether every weight is a finite number."""
        return bool(np.isfinite(self.flat).all())
