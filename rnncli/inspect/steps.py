"""One sentence as a network reads it, step by step: what it looks up, its layers, its scores, how tags are chosen.

Every number is taken from the :class:`.Trace` of the sentence or computed from it as the network does, and stays as
it is: no rounding.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnncli import labelling, memory
from rnncli.config import CELLS
from rnncli.data.inputs import Part
from rnncli.errors import DataError, UsageError
from rnncli.inspect.gradients import names
from rnncli.labelling import single
from rnncli.model import Model
from rnncli.parameters import Array
from rnncli.plain import cells, crf, decoding
from rnncli.plain.forward import Linear, look_up
from rnncli.plain.transitions import blocks, move_scores, scores_to, viterbi_step

Columns = Sequence[tuple[str, ...]]
Document = dict[str, Any]

MOST_ROWS = 100  # of a part of the input that are listed; a long word has as many letter n-grams as letters


class Read(NamedTuple):
    """What a part of the input gives for one token."""

    part: Part
    rows: Array  # numbers of the rows that the token selects
    vector: Array  # (D,) their sum / √count; (0,) for one-hot inputs

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.part.table.name

    def as_dict(self) -> Document:
        """For JSON; a row without a text is the unknown word."""
        listed = self.rows[:MOST_ROWS].tolist()
        rows = [{"row": row, "text": self.part.features.name_of(row) or None} for row in listed]
        return {"name": self.name, "rows": rows, "count": len(self.rows), "vector": self.vector.tolist()}


class Layer(NamedTuple):
    """One direction of a hidden layer in a sentence; the arrays are in the order of the text."""

    name: str  # layer 1, layer 1 forward, layer 1 backward, …
    number: int  # from 1
    direction: int  # 0 forward, 1 backward
    cell: str
    a: Array  # (T, G·H) U x(t) + b
    h: Array  # (T, H)
    s: Array  # (T, H), or (T, 0) for a cell without a state
    w: Array | None  # (G·H, H); None where h(t−1) is not read
    bias: Array  # (H,), or (0,) for a cell without a recurrent bias

    def before(self, step: int) -> int | None:
        """The step that was read before this one; ``None`` for the first."""
        before = step + 1 if self.direction else step - 1
        return before if 0 <= before < len(self.h) else None

    def memory(self, values: Array, step: int) -> Array:
        """The row of ``values`` that was computed before a step; 0 at the first one."""
        before = self.before(step)
        return np.zeros_like(values[step]) if before is None else values[before]

    def gates(self, step: int) -> dict[str, Array]:
        """The value of each gate by its name, (H,); no gate for simple units."""
        if self.w is None:
            return {}
        values = cells.cell(self.cell).gates(self.a[step], self.memory(self.h, step), self.w, self.bias)
        return dict(zip(CELLS[self.cell].gates, values, strict=False))


class Steps:
    """One sentence as a model reads it.

    tokens   at least one
    columns  of each token, for a model that reads them
    """

    def __init__(self, model: Model, tokens: Sequence[str], columns: Columns | None = None) -> None:
        if not tokens:
            raise DataError("this text has no token", hint='give a text such as "leave Taipei on November 2nd"')
        self.model = model
        self.spec = model.network_spec
        self.tokens = list(tokens)
        encoded = model.encode([tokens], None if columns is None else [columns])
        self._batch = single(encoded, 0)
        self._inputs = look_up(model.parameters, self._batch)
        self.trace = labelling.trace(model, encoded)
        self.path, self.probabilities = labelling.decide(model, self.trace)
        self.layers = list(self._layers())

    def __len__(self) -> int:
        return len(self.tokens)

    def _layers(self) -> Iterator[Layer]:
        spec = self.spec
        count = spec.architecture.directions
        for number in range(1, spec.layers + 1):
            w = self.model.parameters.get(f"layer{number}/W")
            bias = self.model.parameters.get(f"layer{number}/{spec.recurrent_bias}")
            values = (self.trace.a, self.trace.h, self.trace.s)
            a, h, s = (np.split(arrays[number - 1], count, axis=1) for arrays in values)
            biases = cells.biases(bias, count, self.trace.o[0])
            for r, name in enumerate(names(spec, number)):
                w_r = None if w is None else w[r]
                yield Layer(name, number, r, spec.cell, a[r], h[r], s[r], w_r, biases[r])

    def check(self, step: int) -> None:
        """Raise UsageError if there is no such step."""
        if not 0 <= step < len(self):
            raise UsageError(f"there is no step {step} in a text of {len(self)} tokens", hint="the first is step 0")

    def read(self, step: int) -> list[Read]:
        """What each part of the input gives for the token of a step."""
        reads = []
        start = 0
        for part, bags in zip(self.model.inputs.parts, self._batch.bags, strict=True):
            number = self._batch.ids[bags.source][step]
            rows = bags.rows[bags.starts[number] : bags.starts[number + 1]]
            end = start if part.table.name == "onehot" else start + part.table.width
            reads.append(Read(part, rows, self._inputs.x[step, start:end]))
            start = end
        return reads

    def added(self, step: int) -> tuple[Array, Array] | None:
        """For a layer that adds neighbours z = P x + p and the vector x̄ + tanh z, (D,); ``None`` without one."""
        if not self.spec.adds_neighbours:
            return None
        columns = Linear.of(self.spec, self.model.parameters)
        z = self.trace.linear[step, columns.z]
        return z, self.trace.linear[step, columns.own] + np.tanh(z)

    def fed_back(self, layer: Layer, step: int) -> Array | None:
        """ŷ(t−1), (K,), where the layer reads it; 0 at the first step."""
        if not (self.spec.architecture.keeps_output and layer.number == self.spec.layers):
            return None
        return layer.memory(self.trace.y, step)

    @cached_property
    def chain(self) -> decoding.Chain | None:
        """The scores of moves that the tags were chosen by; ``None`` if each was chosen by itself."""
        return self.model.chain()

    @cached_property
    def _best(self) -> Array:
        """The score of the best path to each tag of each token, (T, K) float64, as in :func:`.crf.viterbi`."""
        assert self.chain is not None
        o = self.trace.o
        best = np.empty(o.shape)
        best[0] = self.chain.first + o[0].astype(np.float64)
        for t in range(1, len(o)):
            best[t] = viterbi_step(best[t - 1], self.chain.transitions) + o[t]
        return best

    def move(self, step: int) -> Document | None:
        """How the tag of a step was chosen by Viterbi's algorithm, for JSON; ``None`` without moves."""
        if self.chain is None:
            return None
        transitions, first, last = self.chain
        tag = self.path[step]
        previous: list[int] | None = None
        score = first[tag]
        if step:
            previous = []
            for some in blocks(len(first)):
                numbers = np.arange(len(first))[some]
                previous += (self._best[step - 1] + scores_to(transitions, numbers)).argmax(axis=-1).tolist()
            score = move_scores(transitions, self.path[step - 1], tag)
        return {
            "from": self.model.tags[self.path[step - 1]] if step else None,
            "to": self.model.tags[tag],
            "score": float(score),
            "last": float(last[tag]) if step == len(self) - 1 else None,
            "best": self._best[step].tolist(),
            "previous": previous,
        }

    def decoded(self) -> Document:
        """The best path as a whole, for JSON: its score, its probability and, for a CRF, log Z."""
        learned = decoding.learned(self.spec, self.model.parameters)
        is_crf = self.spec.decoder == "crf"
        o = self.trace.o
        score = crf.path_score(self.path, o, *learned)
        log_y = crf.path_score(self.path, decoding.log(self.trace.y), *learned)
        log_partition = crf.log_partition(o, *learned) if is_crf else None
        return {
            "decoder": self.spec.decoder,
            "path": [self.model.tags[number] for number in self.path],
            "score": score,
            "log_partition": log_partition,
            "probability": math.exp(log_y if log_partition is None else min(0.0, score - log_partition)),
        }

    def step(self, step: int) -> Document:
        """Everything about one step, for JSON."""
        self.check(step)
        window = range(max(0, step - self.spec.window), min(len(self), step + self.spec.window + 1))
        added = self.added(step)
        return {
            "step": step,
            "token": self.tokens[step],
            "tag": self.model.tags[self.path[step]],
            "inputs": [read.as_dict() for read in self.read(step)],
            "window": [{"offset": t - step, "token": self.tokens[t]} for t in window],
            "added": None if added is None else {"z": added[0].tolist(), "x": added[1].tolist()},
            "layers": [self._layer(layer, step) for layer in self.layers],
            "scores": self.trace.o[step].tolist(),
            "softmax": self.trace.y[step].tolist(),
            "probabilities": self.probabilities[step].tolist(),
            "move": self.move(step),
        }

    def _layer(self, layer: Layer, step: int) -> Document:
        fed_back = self.fed_back(layer, step)
        by_tag = None if fed_back is None else dict(zip(self.model.tags, fed_back.tolist(), strict=True))
        return {
            "name": layer.name,
            "before": layer.before(step),
            "h": layer.h[step].tolist(),
            "state": layer.s[step].tolist() if layer.s.shape[1] else None,
            "gates": {name: values.tolist() for name, values in layer.gates(step).items()},
            "fed_back": by_tag,
        }

    def as_dict(self, chosen: Sequence[int]) -> Document:
        """The sentence as a whole and some of its steps, for JSON.

        chosen  numbers of the steps, from 0
        """
        for step in chosen:
            self.check(step)
        numbers = self.trace.linear.shape[1] + 2 * self.spec.layers * self.spec.product + 5 * self.trace.o.shape[1]
        what = f"{len(chosen):,} steps of this network"
        memory.check(100 * numbers * len(chosen), what, "ask for fewer")  # numbers of Python
        return {
            "count": len(self),
            "tags": list(self.model.tags),
            "decoded": self.decoded(),
            "steps": [self.step(step) for step in chosen],
        }
