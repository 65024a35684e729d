"""Small networks of every kind, and the sizes of the batch that they read."""

from rnncli.config import NetworkSpec
from rnncli.network.parameters import Input

WORDS, NGRAMS, VALUES, TAGS = 6, 9, 3, 4
LENGTHS = (1, 7, 3, 0, 2, 5, 4, 6)  # every length from 1 to 7, and an empty sentence
NETWORKS = [
    ("fnn", "simple"),
    ("elman", "simple"),
    ("elman", "lstm"),
    ("elman", "gru"),
    ("jordan", "simple"),
    ("hybrid", "simple"),
    ("bidirectional", "simple"),
    ("bidirectional", "lstm"),
    ("bidirectional", "gru"),
]
WIDTHS = {"embedding": 3, "ngram": 2, "column1": 4}


def spec_of(arch: str, cell: str, **options: object) -> NetworkSpec:
    """A small network with nothing left to choose."""
    settings = {"hidden": 5, "input": "embedding", "window": 0, "output": "softmax", "decoding": "free"}
    return NetworkSpec(arch=arch, cell=cell, **(settings | options))


def parts_of(spec: NetworkSpec) -> list[Input]:
    """The tables of a network's inputs."""
    onehot = spec.architecture.directions * spec.gates * spec.hidden
    rows = {"embedding": WORDS, "onehot": WORDS, "ngram": NGRAMS, "column1": VALUES}
    names = [{"columns": "column1"}.get(name, name) for name in spec.inputs]
    return [Input(name, rows[name], WIDTHS.get(name, onehot)) for name in names]
