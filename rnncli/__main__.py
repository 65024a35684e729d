"""``python -m rnncli`` and the entry point ``rnncli``."""

import gc
import os
import sys

from rnncli.cli import signals


def main() -> None:
    """Run the program and end the process."""
    signals.install()  # before all that takes time
    from rnncli.cli import streams

    streams.open_all()
    # Products are small here, and threads of BLAS would only wait. BLAS reads these variables when it is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ.setdefault(name, "1")
    # There are many objects and hardly any cycles, so look for cycles less often than after every 700 new objects.
    gc.set_threshold(100_000, 20, 20)
    from rnncli.cli.app import program

    try:
        program("".join(sys.argv[1:2]))()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        if not signals.received:
            streams.finish()
            raise
        code = 128 + signals.received  # the signal came last, or a library has made another error of it
    os._exit(code)  # All is written. What Python does at its end takes time, and a signal would be seen in it.


if __name__ == "__main__":
    main()
