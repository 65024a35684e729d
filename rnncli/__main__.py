"""``python -m rnncli`` and the entry point ``rnncli``."""

from rnncli.cli.app import app


def main() -> None:
    """Run the program."""
    app()


if __name__ == "__main__":
    main()
