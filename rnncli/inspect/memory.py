"""The memory of a network, token by token."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.config import NetworkSpec
from rnncli.data.tags import Span
from rnncli.errors import DataError
from rnncli.inspect.units import Tally, Units, bounds, kind
from rnncli.model import Model

Array = NDArray[Any]


class Memory(NamedTuple):
    """One vector that a layer carries from step to step: h of a layer and direction, or ŷ."""

    name: str  # layer 1, layer 1 forward, layer 1 backward, … or output
    values: Array  # (T, M): after each token has been read, in the order of the text


class TextMemory(NamedTuple):
    """One text as a model labels it, with the memories after each token."""

    text: str
    tokens: list[str]
    tags: list[str]
    probabilities: list[float]
    spans: list[Span]  # none where tags are plain
    memories: list[Memory]  # none for an architecture without memory
    columns: list[tuple[str, ...]]  # of each token

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        rows = zip(self.tokens, self.tags, self.probabilities, strict=True)
        return {
            "text": self.text,
            "tokens": [{"text": text, "tag": tag, "probability": p} for text, tag, p in rows],
            "spans": [span._asdict() for span in self.spans],
            "memories": [{"name": m.name, "values": m.values.tolist()} for m in self.memories],
        }


def memories(network: NetworkSpec, h: Sequence[Array], y: Array | None) -> list[Memory]:
    """Name the memories of an architecture: h of every layer and direction, ŷ, both, or none.

    The vector at token t is what the next step reads: step t + 1, or step t − 1 where the network reads backward.
    """
    architecture = network.architecture
    size = network.hidden
    named = []
    if architecture.keeps_hidden:
        for layer, h_of_layer in enumerate(h, 1):
            if architecture.directions == 1:
                named.append(Memory(f"layer {layer}", h_of_layer))
            else:
                named.append(Memory(f"layer {layer} forward", h_of_layer[:, :size]))
                named.append(Memory(f"layer {layer} backward", h_of_layer[:, size:]))
    if architecture.keeps_output and y is not None:
        named.append(Memory("output", y))
    return named


def text_memory(model: Model, text: str, columns: Sequence[tuple[str, ...]] | None = None) -> TextMemory:
    """Label a text and record the memories after every token.

    columns  the columns of each token, for a model that reads them

    Raises DataError for a text without tokens, and where columns are missing.
    """
    tokens = model.cut(text)
    if not tokens:
        raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
    token_columns: list[tuple[str, ...]] = [()] * len(tokens) if columns is None else list(columns)
    encoded = model.encode([tokens], [token_columns])
    trace = labelling.trace(model, encoded)
    prediction = labelling.predict(model, encoded)
    tags = [model.tags[number] for number in prediction.tags]
    return TextMemory(
        text,
        tokens,
        tags,
        prediction.probabilities.tolist(),
        model.scheme.spans(tags),
        memories(model.network_spec, trace.h, trace.y),
        token_columns,
    )


def units(model: Model, texts: Sequence[TextMemory]) -> list[Units]:
    """Measure the units of each memory over the tokens of these texts and their predicted tags."""
    numbers = {tag: number for number, tag in enumerate(dict.fromkeys(tag for text in texts for tag in text.tags))}
    kinds = [kind(model.scheme, tag) for tag in numbers]
    measured = []
    for index, memory in enumerate(texts[0].memories):
        tally = Tally(memory.values.shape[1], kinds, bounds(model.network_spec, memory.name))
        for text in texts:
            tally.add(text.memories[index].values, np.array([numbers[tag] for tag in text.tags]))
        measured.append(tally.result())
    return measured


def scales(network: NetworkSpec, texts: Sequence[TextMemory]) -> list[tuple[float, float]]:
    """The least and the greatest value to draw, for each memory: its bounds, else ± its largest |value|."""
    limits = []
    for index, memory in enumerate(texts[0].memories):
        low, high = bounds(network, memory.name)
        largest = max(float(np.abs(text.memories[index].values).max()) for text in texts) or 1.0
        limits.append((-largest if low is None else low, largest if high is None else high))
    return limits
