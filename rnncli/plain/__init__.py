"""The mathematics of the networks in plain NumPy, written to be read.

It is the oracle of the kernels' tests, and the way to label until the kernels are worth loading.
"""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
