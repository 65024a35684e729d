"""One pass over a corpus: what the units of every memory do, and the contexts that drive one of them most."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.data.tsv import Sentence
from rnncli.inspect.memory import Memory, memories
from rnncli.inspect.units import Tally, Units, bounds
from rnncli.model import Model

Array = NDArray[Any]

SHOWN_CONTEXTS = 5
_WORDS_AROUND = 4
_BLOCK_SENTENCES = 1_024


class Context(NamedTuple):
    """A token of a corpus with the words around it, and the value that a unit has after it was read."""

    value: float
    line: int  # the first of its sentence, from 1
    before: tuple[str, ...]
    token: str
    after: tuple[str, ...]
    tag: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self._asdict(), "before": list(self.before), "after": list(self.after)}


class Driven(NamedTuple):
    """The contexts that drive a unit most, highest first and lowest first; contexts of equal words count once."""

    memory: str
    unit: int  # from 0
    up: list[Context]
    down: list[Context]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        sides = {"up": self.up, "down": self.down}
        return {"memory": self.memory, "unit": self.unit} | {
            side: [context.as_dict() for context in found] for side, found in sides.items()
        }


class Survey(NamedTuple):
    """What a pass over a corpus found; ``units`` by the name of the memory."""

    units: dict[str, Units]
    driven: Driven | None


class _Largest:
    """Keeps the contexts with the largest ``sign`` · value."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.found: list[Context] = []

    def add(self, values: Array, context_of: "_Finder") -> None:
        best: dict[tuple[tuple[str, ...], str, tuple[str, ...]], Context] = {}
        for row in np.argsort(-self._sign * values, kind="stable").tolist():
            context = context_of(row, float(values[row]))
            best.setdefault((context.before, context.token, context.after), context)
            if len(best) == SHOWN_CONTEXTS:
                break
        for context in self.found:
            key = (context.before, context.token, context.after)
            best[key] = max(context, best.get(key, context), key=lambda c: self._sign * c.value)
        self.found = sorted(best.values(), key=lambda c: (-self._sign * c.value, c.line))[:SHOWN_CONTEXTS]


class _Finder:
    """From a row of a batch to the words around its token."""

    def __init__(self, sentences: Sequence[Sentence], starts: Array, positions: Array) -> None:
        self._sentences, self._starts, self._positions = sentences, starts, positions

    def __call__(self, row: int, value: float) -> Context:
        position = int(self._positions[row])
        number = int(np.searchsorted(self._starts, position, "right")) - 1
        sentence, place = self._sentences[number], position - int(self._starts[number])
        before = tuple(sentence.tokens[max(0, place - _WORDS_AROUND) : place])
        after = tuple(sentence.tokens[place + 1 : place + 1 + _WORDS_AROUND])
        return Context(value, sentence.line, before, sentence.tokens[place], after, sentence.tags[place])


def survey(model: Model, sentences: Sequence[Sentence], unit: tuple[str, int] | None = None) -> Survey:
    """Run a model over labelled sentences; only sums and the best contexts are kept.

    unit  the memory's name and the unit's number in it, from 0, whose contexts are wanted
    """
    numbers = {tag: n for n, tag in enumerate(dict.fromkeys(tag for each in sentences for tag in each.tags))}
    tallies: dict[str, Tally] = {}
    up, down = _Largest(1), _Largest(-1)
    for block, starts, positions, kept in _runs(model, sentences):
        gold = np.array([numbers[tag] for sentence in block for tag in sentence.tags])[positions]
        for memory in kept:
            if memory.name not in tallies:
                limits = bounds(model.network_spec, memory.name)
                tallies[memory.name] = Tally(memory.values.shape[1], len(numbers), limits)
            tallies[memory.name].add(memory.values, gold)
            if unit and memory.name == unit[0]:
                for side in (up, down):
                    side.add(memory.values[:, unit[1]], _Finder(block, starts, positions))
    driven = Driven(*unit, up.found, down.found) if unit else None
    return Survey({name: tally.result() for name, tally in tallies.items()}, driven)


def _runs(
    model: Model, sentences: Sequence[Sentence]
) -> Iterator[tuple[Sequence[Sentence], Array, Array, list[Memory]]]:
    """Blocks of sentences, where each begins, and batch by batch the positions of tokens and their memories."""
    for start in range(0, len(sentences), _BLOCK_SENTENCES):
        block = sentences[start : start + _BLOCK_SENTENCES]
        encoded = model.encode([each.tokens for each in block], [each.columns for each in block])
        for positions, h, y in labelling.hidden_layers(model, encoded):
            yield block, encoded.starts, positions, memories(model.network_spec, h, y)
