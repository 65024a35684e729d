"""``python -m rnncli`` and the entry point ``rnncli``."""

import gc
import os
import sys

from rnncli.cli.app import program


def _open_closed_streams() -> None:
    """Open streams that were closed when the program began, so that no other file gets their numbers.

    Then stdin is empty, what is written to stderr is lost, and writing to stdout is an error.
    """
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))


def main() -> None:
    """Run the program."""
    _open_closed_streams()
    # Products are small here, and threads of BLAS would only wait. BLAS reads these variables when it is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
    # There are many objects and hardly any cycles, so look for cycles less often than after every 700 new objects.
    gc.set_threshold(100_000, 20, 20)
    program("".join(sys.argv[1:2]))()


if __name__ == "__main__":
    main()
