"""What may leave a network: numbers that can be computed with. Weights may be finite, and their products not."""

from typing import Self

import numpy as np

from rnncli.errors import ModelError
from rnncli.plain import Array

# float32 ends at 3e38; decoding adds up a few scores.
LARGEST = 1e37


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


def check(*arrays: Array) -> None:
    """Raise :class:`TooLargeError` if an array holds NaN, infinity or a number beyond ±:data:`LARGEST`."""
    for array in arrays:
        if array.size and not (array.max() <= LARGEST and array.min() >= -LARGEST):  # false for NaN too
            is_sound = np.abs(array) <= LARGEST
            raise TooLargeError(int(is_sound.reshape(len(array), -1).all(axis=1).argmin()))
