"""The mathematics of the networks in plain NumPy, written to be read.

The tests compare the kernels with it, and short texts are labelled with it, because loading the kernels takes time.
"""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
