"""Labelled files for commands: read, and say what was recognised."""

from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.config import ReadOptions

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus


def read(path: str, options: ReadOptions) -> "Corpus":
    """Read a labelled file and say what was recognised."""
    from rnncli.data import reading

    corpus = reading.read(path, options)
    show.note(corpus.description)
    return corpus
