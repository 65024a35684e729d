"""What may leave a network: numbers that can be computed with. Weights may be finite, and sums of products not.

It is not enough to look at the scores: once a sum is infinite its sign is chance, and φ(±∞) is a sound number.
So the weights must be such that no sum over inputs and hidden units of at most 1 can overflow, whatever the text;
hidden units that may be larger (relu, identity) are looked at as they are.
"""

from typing import Self

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.errors import ModelError
from rnncli.parameters import Parameters
from rnncli.plain import Array

# float32 ends at 3e38; decoding adds up a few scores.
LARGEST = 1e37
# The sum of a token's n rows of a table is divided by √n, so it is √n times the largest at most.
MOST_ROWS = 10_000


class TooLargeError(ModelError):
    """What left a network is not finite or too large; ``row`` is the first row where that is so."""

    def __init__(self, row: int = 0) -> None:
        message = "the weights of this model are too large to compute with"
        super().__init__(message, hint="train it again with a lower --learning-rate")
        self.row = row

    def at(self, where: str) -> Self:
        """Say where."""
        self.where = where
        return self


def check(*arrays: Array, largest: float = LARGEST) -> None:
    """Raise :class:`TooLargeError` if an array holds NaN, infinity or a number beyond ±``largest``."""
    for array in arrays:
        if array.size and not (array.max() <= largest and array.min() >= -largest):  # false for NaN too
            is_sound = np.abs(array) <= largest
            raise TooLargeError(int(is_sound.reshape(len(array), -1).all(axis=1).argmin()))


def check_weights(parameters: Parameters) -> float:
    """Raise :class:`TooLargeError` if a sum may overflow; return how large a hidden unit may be."""
    if parameters.hidden_limit is None or parameters.hidden_limit[0] != parameters.version:
        x = max((float(np.abs(table).max(initial=0)) for table in parameters.tables.values()), default=0.0)
        x *= MOST_ROWS**0.5
        first = sums = 0.0
        for name, array in parameters.items():
            if name not in parameters.tables:
                rows = np.abs(array) if array.ndim == 1 else np.abs(array).sum(axis=-1, dtype=np.float64)
                largest = float(rows.max(initial=0))
                sums += largest
                first += largest * x if name == "layer1/U" else 0.0
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
