"""``python -m rnncli`` and the entry point ``rnncli``."""

import gc
import os
import sys

from rnncli.cli.app import program


def main() -> None:
    """Run the program."""
    # NumPy's products are small here: BLAS's own threads would wait for each other. It asks when it is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
    # Modules, sentences and tokens are many objects without cycles: Python would look for some every 700.
    gc.set_threshold(100_000, 20, 20)
    program("".join(sys.argv[1:2]))()


if __name__ == "__main__":
    main()
