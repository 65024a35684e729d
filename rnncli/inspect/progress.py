"""How far a long answer is: a function of the share that is done, from 0 to 1, and of what is being done."""

from collections.abc import Callable, Iterable

from rnncli.model import Model

Progress = Callable[[float, str], None]


def silent(done: float, what: str) -> None:
    """Report to nobody."""


def part(progress: Progress, number: int, count: int) -> Progress:
    """The progress of one of ``count`` parts, from 0, as that of the whole."""
    return lambda done, what: progress((number + done) / count, what)


def pairs(model: Model, lengths: Iterable[int]) -> int:
    """Every tag is compared with every token of its sentence: the pairs, times the weights that a token meets."""
    weights = sum(row.size for row in model.parameters.rows if row.is_weight)
    return weights * sum(length * length for length in lengths)
