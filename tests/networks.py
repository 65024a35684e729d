"""Small networks of every kind, and the sizes of the batch that they read."""

from rnncli.config import ARCHITECTURES, CELLS, NetworkSpec
from rnncli.data.inputs import InputTable

WORDS, NGRAMS, VALUES, TAGS = 6, 9, 3, 4
LENGTHS = (1, 7, 3, 0, 2, 5, 4, 6)  # every length from 1 to 7, and an empty sentence
# Every architecture with every cell that it may have.
NETWORKS = [
    (name, cell)
    for name, architecture in ARCHITECTURES.items()
    for cell in CELLS
    if cell == "simple" or (architecture.keeps_hidden and not architecture.keeps_output)
]
WIDTHS = {"embedding": 3, "ngram": 2, "column1": 4}


def spec_of(arch: str, cell: str, **options: object) -> NetworkSpec:
    """A small network with nothing left to choose."""
    settings = {"hidden": 5, "features": "embedding", "window": 0, "decoder": "softmax", "transitions": "any"}
    return NetworkSpec(arch=arch, cell=cell, **(settings | options))


def parts_of(spec: NetworkSpec) -> list[InputTable]:
    """The tables of a network's inputs."""
    onehot = spec.architecture.directions * spec.gates * spec.hidden
    rows = {"embedding": WORDS, "onehot": WORDS, "ngram": NGRAMS, "column1": VALUES}
    names = [{"columns": "column1"}.get(name, name) for name in spec.inputs]
    return [InputTable(name, rows[name], WIDTHS.get(name, onehot)) for name in names]
