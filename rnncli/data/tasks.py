"""The classical memory tasks as sequence labelling: a tag that depends on tokens many steps before it.

Every sentence begins with a head of five tokens, of which two matter. The tokens after the head do not matter.
``delay`` steps later the token is ``?``, and its tag depends on the head. All other tags are O.

    copy         two tokens of the head are letters A–D; each is the tag of the ? exactly ``delay`` tokens later
    order        two tokens of the head are X or Y; the tag of the ? is both in their order: XX, XY, YX or YY
    adding-sign  two numbers of the head are marked by *; the tag of the ? is the sign of their sum, never 0

Sources: delayed copy: Hochreiter and Schmidhuber 1997, "Long short-term memory", experiment 2, and Pascanu, Mikolov
and Bengio 2013, section 4.1, noiseless memorisation; order: experiment 6a of the former; adding: experiment 4, but
with the sign of the sum, since a tag is not a number.
"""

from __future__ import annotations  # a Generator in a signature would load numpy.random

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncli import memory
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError

HEAD = 5
QUERY, OTHER = "?", "O"
_TOKEN = 24  # bytes: token, tag and columns are a reference each
_DISTRACTORS = ["a", "b", "c", "d"]
_NUMBERS = ["-3", "-2", "-1", "+1", "+2", "+3"]

Pair = tuple[list[str], list[str]]


class Task(NamedTuple):
    """One kind of task."""

    make: Callable[[int, np.random.Generator], Pair]
    chance: float  # the share of sentences that a guess without the head gets right
    asks: str  # for help and docs


def _noise(words: list[str], length: int, rng: np.random.Generator) -> Pair:
    return [words[i] for i in rng.integers(len(words), size=length)], [OTHER] * length


def _two(field: int, rng: np.random.Generator) -> list[int]:
    """Two positions in the head, in order; only one for a head of one token."""
    return sorted(rng.permutation(field)[:2].tolist())


def _copy(delay: int, rng: np.random.Generator) -> Pair:
    field = min(HEAD, delay)  # so that no letter is at the position of a question
    tokens, tags = _noise(_DISTRACTORS, field + delay, rng)
    for position in _two(field, rng):
        letter = "ABCD"[rng.integers(4)]
        tokens[position] = letter
        tokens[position + delay] = QUERY
        tags[position + delay] = letter
    return tokens, tags


def _order(delay: int, rng: np.random.Generator) -> Pair:
    tokens, tags = _noise(_DISTRACTORS, HEAD + delay, rng)
    for position in _two(HEAD, rng):
        tokens[position] = "XY"[rng.integers(2)]
    tokens[-1] = QUERY
    tags[-1] = "".join(token for token in tokens[:HEAD] if token in "XY")
    return tokens, tags


def _adding_sign(delay: int, rng: np.random.Generator) -> Pair:
    tokens, tags = _noise(_NUMBERS, HEAD + delay, rng)
    first, second = _two(HEAD, rng)
    while not (total := int(tokens[first]) + int(tokens[second])):
        tokens[second] = _NUMBERS[rng.integers(len(_NUMBERS))]
    tokens[first] += "*"
    tokens[second] += "*"
    tokens[-1] = QUERY
    tags[-1] = "positive" if total > 0 else "negative"
    return tokens, tags


TASKS = {
    "copy": Task(_copy, 1 / 16, "the letter that stood exactly as many tokens before"),
    "order": Task(_order, 1 / 4, "which two of X and Y the sentence began with, in order"),
    "adding-sign": Task(_adding_sign, 1 / 2, "the sign of the sum of the two marked numbers"),
}
# Each part has its own random numbers, so the sentences of a test are drawn apart from those of the training.
PARTS = {"train": 0, "dev": 1, "test": 2}


def check_size(delay: int, count: int) -> None:
    """Refuse so many sentences of such a delay if they do not fit in memory."""
    what = f"{count:,} sentences with a delay of {delay:,} tokens"
    memory.check(count * (delay + 1) * _TOKEN, what, "lower the delay or the number of sentences")


def sentences(
    task: str,
    delay: int,
    count: int,
    seed: int,
    part: str = "train",
    advance: Callable[[float], None] = lambda done: None,
) -> list[Sentence]:
    """Draw sentences of a task; the result depends on ``task``, ``delay``, ``count``, ``seed`` and ``part`` alone.

    task     a name of :data:`TASKS`
    delay    tokens from what must be remembered to the question, at least 1
    part     a name of :data:`PARTS`
    advance  called before every sentence with the share that is done

    Raises UsageError for a delay or a count below 1.
    """
    if delay < 1 or count < 1:
        raise UsageError(f"a delay of {delay} and {count} sentences make no task", hint="give numbers from 1 on")
    check_size(delay, count)
    rng = np.random.default_rng([seed, list(TASKS).index(task), delay, PARTS[part]])
    drawn = []
    line = 1
    for number in range(count):
        advance(number / count)
        tokens, tags = TASKS[task].make(delay, rng)
        drawn.append(Sentence(tokens, tags, [()] * len(tokens), line))
        line += len(tokens) + 1
    return drawn
