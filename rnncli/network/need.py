"""The memory that training takes, estimated before any of it is taken; never more than it really is."""

import math
from collections.abc import Sequence

from rnncli import memory
from rnncli.config import CELLS, NetworkSpec, TrainingSpec
from rnncli.parameters import Parameter

_NUMBER = 4  # bytes of a float32
# What makes an array of a network large, by the beginning of its name.
_LARGER_BY = {
    "input/embedding": "--embedding, or drop embedding from --features",
    "input/ngram": "--ngram, or drop ngram from --features",
    "input/column": "--column",
    "input/onehot": "--hidden or --window",
    "input/vectors": "the size of the vectors of --vectors",
    "output/A": "the number of tags, or give --decoder softmax, which keeps no weights of tags × tags",
    "output/": "--hidden or the number of tags",
    "window/": "--window, --embedding or --ngram",
    "layer1/U": "--hidden, --window, --embedding or --ngram",
    "layer": "--hidden or --layers",
}


def check_network(rows: Sequence[Parameter], training: TrainingSpec) -> None:
    """Refuse a network whose weights cannot be trained in the memory that there is."""
    largest = max(rows, key=lambda row: row.size)
    option = next(hint for name, hint in _LARGER_BY.items() if largest.name.startswith(name))
    weights = sum(row.size for row in rows)
    memory.check(of_weights(rows, training), f"training a network of {weights:,} weights", f"lower {option}")


def check_batch(
    spec: NetworkSpec, rows: Sequence[Parameter], training: TrainingSpec, lengths: Sequence[int], tags: int
) -> None:
    """Refuse batches that cannot be trained on in the memory that there is; see :func:`needed`."""
    what = f"a batch with {_tokens_of_largest_batch(lengths, training.batch):,} tokens"
    hint = "lower --batch, --hidden, --embedding or --ngram, or divide the longest sentence"
    memory.check(needed(spec, rows, training, lengths, tags), what, hint)


def needed(
    spec: NetworkSpec, rows: Sequence[Parameter], training: TrainingSpec, lengths: Sequence[int], tags: int
) -> int:
    """Bytes that training takes for the network and for its largest batch.

    lengths  tokens of each sentence of the training data
    """
    tokens = _tokens_of_largest_batch(lengths, training.batch)
    # If there is only one batch, a third of its arrays may be freed before the others are made.
    return of_weights(rows, training) + tokens * of_token(spec, rows, training, tags) * 2 // 3


def of_weights(rows: Sequence[Parameter], training: TrainingSpec) -> int:
    """Bytes of a network's weights, their transposes, gradients and moments, and the weights that are kept."""
    weights = sum(row.size for row in rows)
    transposed = sum(row.size for row in rows if row.is_weight)
    # The system takes no memory for numbers that are never written: those of rows that are not trained.
    untouched = {"input/onehot"} | ({"input/vectors"} if training.pretrained == "frozen" else set())
    trained = sum(row.size for row in rows if row.name not in untouched)
    moments = 2 if training.optimiser == "adam" else 0
    return _NUMBER * (2 * weights + transposed + (1 + moments) * trained)


def of_token(spec: NetworkSpec, rows: Sequence[Parameter], training: TrainingSpec, tags: int) -> int:
    """Bytes that one token of a batch takes in the forward and the backward pass."""
    architecture = spec.architecture
    outputs = architecture.directions * spec.hidden  # of a layer
    width = sum(row.shape[1] for row in rows if row.is_table and row.name != "input/onehot")
    read = width * (2 * spec.window + 1)  # of the window
    numbers = 2 * (read + (width if spec.window else 0)) + 2 * tags
    if spec.adds_neighbours:
        numbers += 3 * width  # tanh(P x + p), its gradient, and that of what layer 1 reads
    cell = CELLS[spec.cell]
    gated = len(cell.gates) > 1
    for layer in range(1, spec.layers + 1):
        numbers += spec.product  # the input product, in whose place the gates are computed
        numbers += outputs  # the gradient of h
        if architecture.keeps_hidden:
            numbers += outputs  # h(t−1)
        if gated:
            numbers += 2 * outputs + spec.product  # state, h, and the gradient of the gates
        if training.dropout and not (architecture.keeps_only_output and layer == spec.layers):
            numbers += outputs  # h without the units that are dropped
    return _NUMBER * numbers


def _tokens_of_largest_batch(lengths: Sequence[int], batch: int) -> int:
    """At least so many tokens have the largest batch: those of the longest sentence, or of the mean batch."""
    batches = math.ceil(len(lengths) / batch)
    return max(max(lengths), math.ceil(sum(lengths) / batches))
