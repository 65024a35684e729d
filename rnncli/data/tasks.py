"""The classical tests of memory as sequence labelling: a tag that rests on tokens many steps before it.

Every sentence begins with a head of five tokens, some of which matter, and goes on with tokens that do not.
``delay`` steps after the head, where the token is ``?``, the tag is what the head held. All other tags are O.

    copy         two of the head are a letter A–D; each is the tag of the ? exactly ``delay`` tokens after it
    order        two of the head are X or Y; the tag of the ? says which, in their order: XX, XY, YX or YY
    adding-sign  two numbers of the head are marked by *; the tag of the ? is the sign of their sum, never 0

Sources: delayed copy: Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 2, and Pascanu, Mikolov
and Bengio 2013, section 4.1, noiseless memorisation; order: experiment 6a of the former; adding: experiment 4, of
which only the sign of the sum is left, since a tag is not a number.
"""

from __future__ import annotations  # a Generator in a signature would load numpy.random

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncli.data.tsv import Sentence
from rnncli.errors import UsageError

HEAD = 5
QUERY, OTHER = "?", "O"
_DISTRACTORS = ["a", "b", "c", "d"]
_NUMBERS = ["-3", "-2", "-1", "+1", "+2", "+3"]

Pair = tuple[list[str], list[str]]


class Task(NamedTuple):
    """One kind of task."""

    make: Callable[[int, np.random.Generator], Pair]
    chance: float  # of a guess that knows everything but the head: the share of sentences it gets right
    asks: str  # for help and docs


def _noise(words: list[str], length: int, rng: np.random.Generator) -> Pair:
    return [words[i] for i in rng.integers(len(words), size=length)], [OTHER] * length


def _two(field: int, rng: np.random.Generator) -> list[int]:
    """Two places in the head, in order; one where there is but one."""
    return sorted(rng.permutation(field)[:2].tolist())


def _copy(delay: int, rng: np.random.Generator) -> Pair:
    field = min(HEAD, delay)  # a letter must not fall where a question stands
    tokens, tags = _noise(_DISTRACTORS, field + delay, rng)
    for place in _two(field, rng):
        tokens[place] = tags[place + delay] = "ABCD"[rng.integers(4)]
        tokens[place + delay] = QUERY
    return tokens, tags


def _order(delay: int, rng: np.random.Generator) -> Pair:
    tokens, tags = _noise(_DISTRACTORS, HEAD + delay, rng)
    for place in _two(HEAD, rng):
        tokens[place] = "XY"[rng.integers(2)]
    tokens[-1], tags[-1] = QUERY, "".join(token for token in tokens[:HEAD] if token in "XY")
    return tokens, tags


def _adding_sign(delay: int, rng: np.random.Generator) -> Pair:
    tokens, tags = _noise(_NUMBERS, HEAD + delay, rng)
    places = _two(HEAD, rng)
    while not (total := sum(int(tokens[place]) for place in places)):
        tokens[places[1]] = _NUMBERS[rng.integers(len(_NUMBERS))]
    for place in places:
        tokens[place] += "*"
    tokens[-1], tags[-1] = QUERY, "positive" if total > 0 else "negative"
    return tokens, tags


TASKS = {
    "copy": Task(_copy, 1 / 16, "the letter that stood exactly as many tokens before"),
    "order": Task(_order, 1 / 4, "which two of X and Y the sentence began with, in order"),
    "adding-sign": Task(_adding_sign, 1 / 2, "the sign of the sum of the two marked numbers"),
}
# Streams of random numbers: what a network is tested on it has not been trained on.
PARTS = {"train": 0, "dev": 1, "test": 2}


def sentences(task: str, delay: int, count: int, seed: int, part: str = "train") -> list[Sentence]:
    """Draw sentences of a task, a function of the arguments alone.

    task   a name of :data:`TASKS`
    delay  tokens between what must be remembered and the question, at least 1
    part   a name of :data:`PARTS`; each has random numbers of its own
    """
    if delay < 1 or count < 1:
        raise UsageError(f"a delay of {delay} and {count} sentences make no task", hint="give numbers from 1 on")
    rng = np.random.default_rng([seed, list(TASKS).index(task), delay, PARTS[part]])
    found, line = [], 1
    for _ in range(count):
        tokens, tags = TASKS[task].make(delay, rng)
        found.append(Sentence(tokens, tags, [()] * len(tokens), line))
        line += len(tokens) + 1
    return found
