"""The memory of a network, token by token."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.config import NetworkSpec
from rnncli.data.tags import Span, spans
from rnncli.data.tokenize import tokenize
from rnncli.errors import DataError
from rnncli.inspect.units import Tally, Units, bounds
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
    spans: list[Span]  # none where tags are plain
    memories: list[Memory]  # none for an architecture that keeps nothing
    columns: list[tuple[str, ...]]  # what stands beside each token

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
    """Name what the architecture keeps: h of every layer and direction, ŷ, both, or nothing.

    A vector at token t is what step t passes on: to t + 1, or to t − 1 where the network reads backward.
    """
    architecture, units = network.architecture, network.hidden
    found = []
    if architecture.keeps_hidden:
        for layer, hidden in enumerate(h, 1):
            if architecture.directions == 1:
                found.append(Memory(f"layer {layer}", hidden))
            else:
                found.append(Memory(f"layer {layer} forward", hidden[:, :units]))
                found.append(Memory(f"layer {layer} backward", hidden[:, units:]))
    if architecture.keeps_output and y is not None:
        found.append(Memory("output", y))
    return found


def trace(model: Model, text: str, columns: Sequence[tuple[str, ...]] | None = None) -> Trace:
    """Label a text and keep the memory after every token.

    columns  what stands beside each token, for a model that was trained to read it
    """
    tokens = [token.text for token in tokenize(text, model.tokenizer)]
    if not tokens:
        raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
    beside: list[tuple[str, ...]] = [()] * len(tokens) if columns is None else list(columns)
    encoded = model.encode([tokens], [beside])
    run, given = labelling.trace(model, encoded), labelling.predict(model, encoded)
    tags = [model.tags[number] for number in given.tags]
    found = [] if model.scheme == "plain" else spans(tags)
    kept = memories(model.network_spec, run.h, run.y)
    return Trace(text, tokens, tags, given.probabilities.tolist(), found, kept, beside)


def units(network: NetworkSpec, traces: Sequence[Trace]) -> list[Units]:
    """What the units of each memory do over the tokens of these texts, told apart by the tags they are given."""
    numbers = {tag: number for number, tag in enumerate(dict.fromkeys(tag for each in traces for tag in each.tags))}
    found = []
    for place, memory in enumerate(traces[0].memories):
        tally = Tally(memory.values.shape[1], len(numbers), bounds(network, memory.name))
        for each in traces:
            tally.add(each.memories[place].values, np.array([numbers[tag] for tag in each.tags]))
        found.append(tally.result())
    return found


def scales(network: NetworkSpec, traces: Sequence[Trace]) -> list[tuple[float, float]]:
    """The least and the greatest value of each memory's picture: its bounds, else the largest |value| seen."""
    found = []
    for place, memory in enumerate(traces[0].memories):
        low, high = bounds(network, memory.name)
        largest = max(float(np.abs(each.memories[place].values).max()) for each in traces) or 1.0
        found.append((-largest if low is None else low, largest if high is None else high))
    return found
