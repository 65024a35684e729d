"""The data sets of the benchmarks: their files, small samples of them, and the reading of a TSV file.

The sides that run in environments of their own import this too, so it needs the standard library alone.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

# Sentences of the training file that serve as development data where a program needs some and the set has none.
HELD = 500
SIZES = (100, 300, 1000)
Row = Sequence[str]  # the cells of a line: token, further columns, tag


class Set(NamedTuple):
    """A data set: its files below DATA_DIR."""

    title: str
    folder: str
    has_dev: bool = True
    name: str = "{}.tsv"  # of a file, with train, dev or test
    size: int | None = None  # sentences of a sample of the training file; None: all
    spacy: str | None = None  # the component that learns it
    language: str = "en"

    @property
    def heading(self) -> str:
        """The title, with the size of a sample."""
        return f"{self.title}, {self.size:,} sentences" if self.size else self.title

    def path(self, data: Path, part: str) -> Path:
        """The file of a part: train, dev or test."""
        return data / self.folder / self.name.format(part)


FULL = {
    "atis": Set("ATIS, words, span F1", "atis", spacy="ner"),
    "chunks-pos": Set("CoNLL-2000, words and POS, span F1", "conll2000", has_dev=False, name="{}.pos.tsv"),
    "chunks": Set("CoNLL-2000, words, span F1", "conll2000", has_dev=False, spacy="ner"),
    "ewt": Set("UD English EWT, UPOS accuracy", "ud-ewt", spacy="tagger"),
    "zh": Set("UD Chinese GSD, characters, span F1", "ud-zh-characters", spacy="ner", language="zh"),
}
# No development data is given for a sample.
SMALL = {
    f"{name}-{size}": FULL[name]._replace(has_dev=False, size=size, spacy=None)
    for name in ("atis", "chunks")
    for size in SIZES
}
SETS = FULL | SMALL


def read(path: Path) -> list[list[Row]]:
    """The sentences of a TSV file: for each token its cells."""
    blocks = path.read_text("utf-8").split("\n\n")
    return [[line.split("\t") for line in block.splitlines()] for block in blocks if block.strip()]


def write(path: Path, sentences: Iterable[Iterable[Row]]) -> None:
    """Write sentences as TSV with a blank line between them."""
    blocks = ("".join("\t".join(row) + "\n" for row in sentence) for sentence in sentences)
    path.write_text("\n".join(blocks), "utf-8")


def shuffled(path: Path) -> list[list[Row]]:
    """The sentences of a file in an order that is always the same."""
    sentences = read(path)
    random.Random(0).shuffle(sentences)
    return sentences
