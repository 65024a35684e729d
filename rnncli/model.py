"""A trained network with its vocabulary, tags and provenance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import Encoded
from rnncli.data.inputs import Columns, Inputs
from rnncli.data.tags import Moves, Scheme
from rnncli.data.tokenize import Token, Tokenizer, tokenizer
from rnncli.network import need
from rnncli.parameters import Parameters, table
from rnncli.plain import decoding
from rnncli.plain.decoding import Chain


@dataclass
class Model:
    """Everything that is needed to label text."""

    network_spec: NetworkSpec
    training_spec: TrainingSpec
    tokenizer: str
    scheme: Scheme
    tags: list[str]
    inputs: Inputs
    parameters: Parameters
    provenance: dict[str, Any] = field(default_factory=dict)
    divided: list[str] = field(default_factory=list)  # known words that a tokenizer with lexicon cuts
    # The settings of training as they are in the file that the model was read from, for saving it again.
    stored_training: dict[str, Any] | None = field(default=None, compare=False)
    # Whether its file has the weights as float16, which is so until training changes one.
    half: bool = field(default=False, compare=False)
    # The share of the training sentences whose tokens the tokenizer gives; not in the file, so nan after loading.
    reproduced: float = field(default=math.nan, compare=False)

    def __repr__(self) -> str:
        words = len(self.inputs.words)
        return f"<model {self.network_spec.description}; {words:,} words, {len(self.tags)} tags>"

    def __getstate__(self) -> dict[str, Any]:
        """Copy the fields only; cached properties are computed again in the copy."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def untrained(
        cls,
        network_spec: NetworkSpec,
        training_spec: TrainingSpec,
        inputs: Inputs,
        tags: list[str],
        tokenizer: str,
        scheme: Scheme,
    ) -> "Model":
        """Make a model with random initial parameters, drawn with the seed of ``training_spec``.

        A network that cannot be trained in the memory that there is, is a :class:`.UsageError`.
        """
        rows = table(network_spec, inputs.tables, len(tags), training_spec.recurrent_init)
        need.check_network(rows, training_spec)
        parameters = Parameters(rows).initialise(np.random.default_rng([training_spec.seed, 0]))
        return cls(network_spec, training_spec, tokenizer, scheme, list(tags), inputs, parameters)

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        columns: Columns | None = None,
        tags: Sequence[Sequence[str]] = (),
    ) -> Encoded:
        """Turn tokens into numbers, and their columns and tags if there are any."""
        numbers = {tag: number for number, tag in enumerate(self.tags)}
        return self.inputs.encode(sentences, columns, tags, numbers)

    def cut(self, text: str) -> list[str]:
        """Cut a text into tokens; errors are those of :meth:`.Tokenizer.cut`."""
        return self._tokenizer.cut(text)

    def tokenize(self, text: str) -> list[Token]:
        """The same tokens with their offsets in the text."""
        return self._tokenizer.tokenize(text)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return tokenizer(self.tokenizer, self.inputs.words, self.divided)

    @cached_property
    def allowed(self) -> Moves | None:
        """The moves that decoding allows; ``None`` if it allows all."""
        if self.network_spec.transitions == "any" or not self.scheme.limits_moves:
            return None
        return self.scheme.moves(self.tags)

    def chain(self) -> Chain | None:
        """The scores of moves that decoding uses; ``None`` if each tag is chosen by itself."""
        return decoding.chain(self.network_spec, self.parameters, self.allowed)
