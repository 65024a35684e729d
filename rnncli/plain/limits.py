"""Checks that a network computes with finite numbers: sums of products can overflow even if all weights are finite.

To check the scores is not enough: if a sum overflows, its sign is arbitrary, and φ(±∞) may be an ordinary number.
So the weights are checked: for no text may a sum over inputs and hidden units of at most 1 overflow. Hidden units
that can be larger than 1 (relu, identity) are checked in every run.
"""

from typing import Self

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.errors import ModelError
from rnncli.parameters import Parameters
from rnncli.plain import Array

# The largest float32 is 3e38; decoding adds up a few scores.
LARGEST = 1e37
# A token selects at most so many rows of a table. The sum of n rows is divided by √n, so it is at most √n times the
# largest number of the table.
MOST_ROWS = 10_000
AT_ONCE = 1 << 20  # numbers that are checked together


class TooLargeError(ModelError):
    """A number in a network is not finite or too large; ``row`` is the first row with such a number."""

    def __init__(self, row: int = 0) -> None:
        message = "the weights of this model are too large to compute with"
        super().__init__(message, hint="train it again with a lower --learning-rate")
        self.row = row

    def at(self, where: str) -> Self:
        """Set the place of the error, such as the sentence, for its message; return the error."""
        self.where = where
        return self


def check(*arrays: Array, largest: float = LARGEST) -> None:
    """Raise :class:`TooLargeError` if an array holds NaN, infinity or a number beyond ±``largest``."""
    for array in arrays:
        if array.size and not (array.max() <= largest and array.min() >= -largest):  # false for NaN too
            is_sound = np.abs(array) <= largest
            raise TooLargeError(int(is_sound.reshape(len(array), -1).all(axis=1).argmin()))


def _largest(array: Array) -> float:
    """The largest absolute value; 0 for an empty array."""
    return float(max(array.max(initial=0), -array.min(initial=0)))


def _largest_sum(array: Array) -> float:
    """The largest sum of absolute values along the last axis; some rows at a time, to need little memory."""
    rows = array.reshape(-1, array.shape[-1])
    some = max(1, AT_ONCE // max(1, array.shape[-1]))
    blocks = (np.abs(rows[first : first + some]) for first in range(0, len(rows), some))
    return max((float(block.sum(axis=-1, dtype=np.float64).max()) for block in blocks), default=0.0)


def check_weights(parameters: Parameters) -> float:
    """Raise :class:`TooLargeError` if a sum may overflow; return the largest value that a hidden unit may have."""
    if parameters.hidden_limit is None or parameters.hidden_limit[0] != parameters.version:
        x = max(map(_largest, parameters.tables.values()), default=0.0)
        x *= MOST_ROWS**0.5
        first = 0.0
        sums = 0.0
        for name, array in parameters.items():
            if name not in parameters.tables:
                largest = _largest(array) if array.ndim == 1 else _largest_sum(array)
                sums += largest
                first += largest * x if name in ("window/P", "layer1/U") else 0.0
        if not x + first + sums <= LARGEST:
            raise TooLargeError
        parameters.hidden_limit = parameters.version, LARGEST / max(1.0, sums)
    return parameters.hidden_limit[1]


def check_run(spec: NetworkSpec, parameters: Parameters, hidden: list[Array], o: Array) -> None:
    """Raise :class:`TooLargeError` if a sum has overflowed, or a score is too large to decode.

    hidden  each layer's h (N, R·H)
    o       (N, K)
    """
    limit = check_weights(parameters)
    if spec.cell == "simple" and spec.activation in ("relu", "identity"):
        check(*hidden, largest=limit)
    check(o)
