"""``python -m rnncli`` and the entry point ``rnncli``."""

import gc
import os
import sys

from rnncli.cli.app import program


def main() -> None:
    """Run the program."""
    # Products are small here, and threads of BLAS would only wait. BLAS reads these variables when it is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
    # There are many objects and hardly any cycles, so look for cycles less often than after every 700 new objects.
    gc.set_threshold(100_000, 20, 20)
    program("".join(sys.argv[1:2]))()


if __name__ == "__main__":
    main()
