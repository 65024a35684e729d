"""A trained network with its vocabulary, tags and provenance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.batch import Encoded
from rnncli.data.inputs import Columns, Inputs
from rnncli.data.tags import Moves, Scheme
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
        """Make a model with random initial parameters, drawn with the seed of ``training_spec``."""
        rows = table(network_spec, inputs.tables, len(tags), training_spec.recurrent_init)
        parameters = Parameters(rows).initialise(np.random.default_rng([training_spec.seed, 0]))
        return cls(network_spec, training_spec, tokenizer, scheme, tags, inputs, parameters)

    def encode(
        self,
        sentences: Sequence[Sequence[str]],
        columns: Columns | None = None,
        tags: Sequence[Sequence[str]] = (),
    ) -> Encoded:
        """Turn tokens into numbers, and their columns and tags if there are any."""
        numbers = {tag: number for number, tag in enumerate(self.tags)}
        return self.inputs.encode(sentences, columns, tags, numbers)

    @cached_property
    def allowed(self) -> Moves | None:
        """The moves that decoding allows; ``None`` if it allows all."""
        if self.network_spec.transitions == "any" or not self.scheme.limits_moves:
            return None
        return self.scheme.moves(self.tags)

    def chain(self) -> Chain | None:
        """The scores of moves that decoding uses; ``None`` if each tag is chosen by itself."""
        return decoding.chain(self.network_spec, self.parameters, self.allowed)
