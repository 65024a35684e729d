"""Labelled files for commands: read, and say what was recognised."""

from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.config import ReadOptions

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus
    from rnncli.model import Model


def read(path: str, options: ReadOptions, tokenizer: str = "auto", force: bool = False) -> "Corpus":
    """Read a labelled file and say what was recognised; ``tokenizer`` cuts texts with spans."""
    from rnncli.data import reading
    from rnncli.data.formats.format import Wanted
    from rnncli.data.watch import Watch

    with show.progress() as progress:
        watch = Watch(after_read=lambda share: progress.update(share, f"reading {path}"))
        corpus = reading.read(path, options, Wanted(tokenizer=tokenizer, force=force), watch)
    show.note(corpus.description)
    return corpus


def read_for(model: "Model", path: str, options: ReadOptions, force: bool) -> "Corpus":
    """The same; a file that cannot be right, or that does not fit the model, is refused without ``force``."""
    from rnncli import evaluation

    corpus = read(path, options, model.tokenizer, force)
    evaluation.check_data(model, corpus, force)
    return corpus
