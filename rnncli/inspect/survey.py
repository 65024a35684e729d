"""One pass over a corpus: measures of every memory's units, and the contexts of one unit's extreme values."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.data.sentence import Sentence
from rnncli.inspect.memory import Memory, memories
from rnncli.inspect.progress import Progress, silent
from rnncli.inspect.units import Tally, Units, bounds, kind
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
    """The contexts of a unit's highest and lowest values; of contexts with equal words only one is kept."""

    memory: str
    unit: int  # from 0
    up: list[Context]  # the highest value first
    down: list[Context]  # the lowest value first

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        sides = {"up": self.up, "down": self.down}
        return {"memory": self.memory, "unit": self.unit} | {
            side: [context.as_dict() for context in contexts] for side, contexts in sides.items()
        }


class Survey(NamedTuple):
    """The result of a pass over a corpus."""

    units: dict[str, Units]  # by the name of the memory
    driven: Driven | None  # where a unit was asked for


class _Largest:
    """Keeps the contexts with the largest ``sign`` · value."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.contexts: list[Context] = []

    def add(self, values: Array, context_of: "_ContextFinder") -> None:
        best: dict[tuple[tuple[str, ...], str, tuple[str, ...]], Context] = {}
        for row in np.argsort(-self._sign * values, kind="stable").tolist():
            context = context_of(row, float(values[row]))
            best.setdefault((context.before, context.token, context.after), context)
            if len(best) == SHOWN_CONTEXTS:
                break
        for context in self.contexts:
            key = (context.before, context.token, context.after)
            best[key] = max(context, best.get(key, context), key=lambda c: self._sign * c.value)
        self.contexts = sorted(best.values(), key=lambda c: (-self._sign * c.value, c.line))[:SHOWN_CONTEXTS]


class _ContextFinder:
    """Finds the words around the token of a row of a batch."""

    def __init__(self, sentences: Sequence[Sentence], starts: Array, positions: Array) -> None:
        self._sentences = sentences
        self._starts = starts
        self._positions = positions

    def __call__(self, row: int, value: float) -> Context:
        position = int(self._positions[row])
        number = int(np.searchsorted(self._starts, position, "right")) - 1
        sentence = self._sentences[number]
        t = position - int(self._starts[number])
        before = tuple(sentence.tokens[max(0, t - _WORDS_AROUND) : t])
        after = tuple(sentence.tokens[t + 1 : t + 1 + _WORDS_AROUND])
        return Context(value, sentence.line, before, sentence.tokens[t], after, sentence.tags[t])


def survey(
    model: Model,
    sentences: Sequence[Sentence],
    unit: tuple[str, int] | None = None,
    progress: Progress = silent,
) -> Survey:
    """Run a model over labelled sentences; only sums and the contexts of extreme values stay in memory.

    unit  the name of a memory and the number of a unit in it, from 0: the unit whose contexts are wanted
    """
    numbers = {tag: n for n, tag in enumerate(dict.fromkeys(tag for s in sentences for tag in s.tags))}
    kinds = [kind(model.scheme, tag) for tag in numbers]
    tallies: dict[str, Tally] = {}
    highest = _Largest(1)
    lowest = _Largest(-1)
    tokens = sum(len(sentence.tokens) for sentence in sentences)
    done = 0
    for block, starts, positions, batch_memories in _runs(model, sentences):
        progress(done / tokens, "units")
        gold = np.array([numbers[tag] for sentence in block for tag in sentence.tags])[positions]
        for memory in batch_memories:
            if memory.name not in tallies:
                limits = bounds(model.network_spec, memory.name)
                tallies[memory.name] = Tally(memory.values.shape[1], kinds, limits)
            tallies[memory.name].add(memory.values, gold)
            if unit and memory.name == unit[0]:
                context_of = _ContextFinder(block, starts, positions)
                for extreme in (highest, lowest):
                    extreme.add(memory.values[:, unit[1]], context_of)
        done += len(positions)
    driven = Driven(*unit, highest.contexts, lowest.contexts) if unit else None
    return Survey({name: tally.result() for name, tally in tallies.items()}, driven)


def _runs(
    model: Model, sentences: Sequence[Sentence]
) -> Iterator[tuple[Sequence[Sentence], Array, Array, list[Memory]]]:
    """Yield for each batch its block of sentences, their starts, the positions of its tokens and their memories."""
    for start in range(0, len(sentences), _BLOCK_SENTENCES):
        block = sentences[start : start + _BLOCK_SENTENCES]
        encoded = model.encode([s.tokens for s in block], [s.columns for s in block])
        for positions, h, y in labelling.hidden_layers(model, encoded):
            yield block, encoded.starts, positions, memories(model.network_spec, h, y)
