"""The memory of a network, token by token, and how far the memories of two texts lie apart."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data.tokenize import tokenize
from rnncli.errors import DataError
from rnncli.model import Model

Array = NDArray[Any]


class Memory(NamedTuple):
    """One vector that a layer carries from step to step.

    ``name`` says which: ``layer 1``, ``layer 1 forward``, ``layer 1 backward`` or ``output``.
    """

    name: str
    values: Array  # (T, M): after each token has been read, in the order of the text


class Trace(NamedTuple):
    """What a network did with one text."""

    text: str
    tokens: list[str]
    tags: list[str]
    probabilities: list[float]
    memories: list[Memory]  # none for an architecture that keeps nothing

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        rows = zip(self.tokens, self.tags, self.probabilities, strict=True)
        return {
            "text": self.text,
            "tokens": [{"text": text, "tag": tag, "probability": p} for text, tag, p in rows],
            "memories": [{"name": m.name, "values": m.values.tolist()} for m in self.memories],
        }


class Distance(NamedTuple):
    """Euclidean distance ‖m_a(t) − m_b(t)‖ of two texts' memories at every step that both have."""

    name: str
    values: Array  # (min(T_a, T_b),)

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return {"name": self.name, "values": self.values.tolist()}


def trace(model: Model, text: str) -> Trace:
    """Label a text and keep the memory after every token.

    The memory is what the architecture keeps: h of every layer and direction, ŷ, both, or nothing. A vector at
    token t is what step t passes on: to t + 1, or to t − 1 where the network reads backward.
    """
    tokens = [token.text for token in tokenize(text, model.tokenizer)]
    if not tokens:
        raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
    encoded = model.encode([tokens])
    run, given = model.trace(encoded), model.predict(encoded)
    architecture, units = model.network.architecture, model.network.hidden
    memories = []
    for layer, h in enumerate(run.h, 1):
        if not architecture.keeps_hidden:
            break
        if architecture.directions == 1:
            memories.append(Memory(f"layer {layer}", h))
        else:
            memories.append(Memory(f"layer {layer} forward", h[:, :units]))
            memories.append(Memory(f"layer {layer} backward", h[:, units:]))
    if architecture.keeps_output:
        memories.append(Memory("output", run.y))
    tags = [model.tags[number] for number in given.tags]
    return Trace(text, tokens, tags, given.probabilities.tolist(), memories)


def distances(a: Trace, b: Trace) -> list[Distance]:
    """How far two texts' memories lie apart, memory by memory, step by step."""
    steps = min(len(a.tokens), len(b.tokens))
    return [
        Distance(one.name, np.linalg.norm(one.values[:steps] - two.values[:steps], axis=1))
        for one, two in zip(a.memories, b.memories, strict=True)
    ]
