"""The mathematics of the networks in plain NumPy, written to be read.

It is the oracle of the kernels' tests, and the way to label a handful of sentences, which starts without Numba.
"""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
