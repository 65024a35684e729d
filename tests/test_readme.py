"""What the README says of the architectures is what the program has; tests/test_pages.py runs its commands."""

from pathlib import Path

from rnncli.config import ARCHITECTURES

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_table_of_architectures_is_that_of_the_code() -> None:
    for name, architecture in ARCHITECTURES.items():
        assert f"| `{name}` | {architecture.memory} |" in README
