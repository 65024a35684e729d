"""A training that begins from a model: what the model knows keeps its weights, and the rest gets initial values."""

import dataclasses
import hashlib
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncli import modelfile
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import compatibility
from rnncli.data.inputs import PHRASES, Inputs
from rnncli.data.lexicon import Lexicon
from rnncli.data.spelling import composed
from rnncli.data.vectors import Vectors
from rnncli.data.vocabulary import Vocabulary
from rnncli.errors import UsageError
from rnncli.model import Model

MOST_BEFORE = 10  # models that a model began from, one after another, of which it names the hashes
_START = "the model that the training begins from"


class Start(NamedTuple):
    """The model that a training begins from."""

    model: Model
    sha256: str  # of its file

    @classmethod
    def read(cls, path: str | Path) -> "Start":
        """Read a model file."""
        model = modelfile.load(path)
        with Path(path).open("rb") as file:
            return cls(model, hashlib.file_digest(file, "sha256").hexdigest())

    @property
    def chain(self) -> list[str]:
        """SHA-256 of this file, and of those that it itself began from, the last first."""
        before = self.model.provenance.get("init_from")
        hashes = [text for text in before if isinstance(text, str)] if isinstance(before, list) else []
        return [self.sha256, *hashes][:MOST_BEFORE]


class Carried(NamedTuple):
    """What a training has from the model that it begins from."""

    network: str  # a description of its structure, which is that of the model
    known_words: int  # of the training data, that the model has
    other_words: int  # of the model, that are not in the training data
    new_words: int
    known_tags: int
    new_tags: list[str]
    score: float  # of the model on the development data, before the training

    @classmethod
    def of(cls, start: Model, model: Model, score: float) -> "Carried":
        """Compare an untrained model with the one that it begins from."""
        known = model.inputs.words.counts[: len(start.inputs.words)]
        words = int((known > 0).sum())
        return cls(
            start.network_spec.description,
            words,
            len(start.inputs.words) - 1 - words,
            len(model.inputs.words) - len(start.inputs.words),
            len(start.tags),
            model.tags[len(start.tags) :],
            score,
        )


def settings(
    start: Model, network: NetworkSpec, training: TrainingSpec, given: Collection[str]
) -> tuple[NetworkSpec, TrainingSpec]:
    """The settings of a training that begins from a model: its network, and its tokenizer if none is given.

    given  names of the options that were given; one that contradicts the model is a :class:`.UsageError`
    """
    stored = start.network_spec
    for item in dataclasses.fields(NetworkSpec):
        value = getattr(network, item.name)
        if item.name not in given or value in ("auto", getattr(stored, item.name)):
            continue
        if item.name != "features" or network.inputs != stored.inputs:
            _refuse(item.name, value, getattr(stored, item.name))
    if training.scheme not in ("auto", start.scheme.name):
        _refuse("scheme", training.scheme, start.scheme.name)
    if training.tokenizer == "auto":
        training = dataclasses.replace(training, tokenizer=start.tokenizer)
    return stored, training


def _refuse(name: str, value: object, stored: object) -> None:
    flag = "--" + name.replace("_", "-")
    message = f"{flag} {value}: {_START} has {flag} {stored}"
    raise UsageError(message, hint=f"leave {flag} out, or train without --init-from")


def joined_inputs(old: Inputs, new: Inputs) -> Inputs:
    """The input of a model with what is new behind what it has; words are counted in the new data alone."""
    lists = {}
    for name, texts in old.lists().items():
        if name in ("lexicon", PHRASES):  # joined already
            lists[name] = new.lists()[name]
            continue
        known = {*texts, *map(composed, texts)}
        lists[name] = [*texts, *(text for text in new.lists()[name] if text not in known)]
    widths = {table.name: table.width for table in old.tables}
    words = Vocabulary(lists["words"], old.words.digits)
    counts = np.zeros(len(words), np.int64)
    counts[[words.number(word) for word in new.words.words]] = new.words.counts[1:]
    return Inputs.from_lists(widths, lists, old.words.digits, counts)


def joined(old: list[str], new: list[str]) -> list[str]:
    """The tags of a model, and behind them those that are new."""
    return list(dict.fromkeys([*old, *new]))


def columns(start: Model, columns: list[list[tuple[str, ...]]]) -> list[list[tuple[str, ...]]]:
    """The columns beside the tokens that the model reads; fewer are a :class:`.DataError`."""
    needed = start.inputs.columns
    compatibility.check_column_count("", len(next(chain.from_iterable(columns))), needed)
    return [[cells[:needed] for cells in rows] for rows in columns]


def vectors(start: Model, vectors: Vectors | None) -> Vectors | None:
    """The vectors of new words: none where no file of them is given."""
    width = next((table.width for table in start.inputs.tables if table.name == "vectors"), 0)
    if vectors is None:
        return Vectors([], np.zeros((0, width), np.float32), 0) if width else None
    size = vectors.table.shape[1]
    if size != width:
        reads = f"vectors of {width} numbers" if width else "no word vectors"
        raise UsageError(f"--vectors has {size} numbers for a word, and {_START} reads {reads}")
    return vectors


def lexicon(start: Model, lexicon: Lexicon | None) -> Lexicon | None:
    """The lexicon of the model, and behind its types those of another; a model without one takes none."""
    known = start.inputs.lexicon
    if lexicon and not known:
        raise UsageError(f"--lexicon: {_START} reads no lexicon", hint="train without --init-from")
    return known.joined(lexicon) if known and lexicon else known


def carry(start: Model, model: Model) -> None:
    """Copy the weights of a model into one whose texts and tags begin with its own."""
    window = 2 * start.network_spec.window + 1
    for table in start.inputs.tables:
        blocks = window if table.name == "onehot" else 1  # one for each token of the window
        old = start.parameters[f"input/{table.name}"].reshape(blocks, table.rows, table.width)
        new = model.parameters[f"input/{table.name}"]
        new.reshape(blocks, len(new) // blocks, table.width)[:, : table.rows] = old
    for name in start.parameters.keys() - start.parameters.tables.keys():
        weights = start.parameters[name]
        model.parameters[name][tuple(map(slice, weights.shape))] = weights
    model.parameters.version += 1
