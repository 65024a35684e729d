"""``python -m rnncli`` and the entry point ``rnncli``."""

import os

from rnncli.cli.app import app


def main() -> None:
    """Run the program."""
    # NumPy's products are small here: BLAS's own threads would wait for each other. It asks when it is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    app()


if __name__ == "__main__":
    main()
