"""The state of a training between two batches: all that its further steps and its result depend on."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np

from rnncli.errors import ModelError
from rnncli.parameters import Array

Random = tuple[int, int, int, int]
T = TypeVar("T")


class Progress(NamedTuple):
    """The numbers of a state."""

    epochs: int  # that are over
    batches: int  # of the next epoch that are done
    loss: float  # the sum over these batches
    clipped: int  # steps of these batches whose gradient was clipped
    seconds: float  # that these batches took
    earlier_seconds: float  # that the epochs before took
    scoring_seconds: float  # that their scoring took
    spent: float  # seconds since the beginning of everything
    fall: int  # the step at which the learning rate begins to fall
    end: int  # the last step; 0: not planned yet
    limited_fall: float  # seconds that the fall takes where time is limited; 0: it has not begun
    lowered: int  # how often the learning rate was lowered
    steps: int  # of the optimiser, since its moments were 0
    best_epoch: int  # the one to keep; 0: none yet
    best_score: float
    high_epoch: int  # the one with the highest score, of a loss with the lowest
    high_score: float
    mark_epoch: int  # the last one that was clearly better than those before it
    mark_score: float
    order: Random  # from which the order of the sentences of this epoch is drawn
    random: Random  # from which the next batch draws

    @property
    def all_seconds(self) -> float:
        """What the training took."""
        return self.earlier_seconds + self.seconds + self.scoring_seconds


class State(NamedTuple):
    """The state of a training. The arrays are those of the training itself; its next step changes them."""

    progress: Progress
    arrays: dict[str, Array]  # each (parameters,), of the type of the parameters


def random_state(rng: np.random.Generator) -> Random:
    """The numbers of a generator, which is a PCG64."""
    state: Any = rng.bit_generator.state
    return state["state"]["state"], state["state"]["inc"], state["has_uint32"], state["uinteger"]


def generator(state: Random) -> np.random.Generator:
    """A generator that goes on from these numbers."""
    rng = np.random.default_rng(0)
    words = {"state": state[0], "inc": state[1]}
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": words,
        "has_uint32": state[2],
        "uinteger": state[3],
    }
    return rng


def read_fields(kind: type[T], values: Any) -> T:
    """Make a record of whole numbers from 0, finite numbers and texts from JSON; a wrong value is a ModelError."""
    hints = get_type_hints(kind)
    if not isinstance(values, dict) or values.keys() != hints.keys():
        raise ModelError("the fields of a record are damaged")
    for name, value in values.items():
        if not _IS_VALID[hints[name]](value):
            raise ModelError(f"{name} is damaged")
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _is_random(value: Any) -> bool:
    ends = (2**128, 2**128, 2, 2**32)
    return isinstance(value, list) and len(value) == 4 and all(map(_is_whole, value, ends))


def _is_whole(value: Any, end: int = 2**63) -> bool:
    return type(value) is int and 0 <= value < end


_IS_VALID: dict[Any, Callable[[Any], bool]] = {
    int: _is_whole,
    float: lambda value: type(value) is float and math.isfinite(value),
    str: lambda value: type(value) is str,
    bool: lambda value: type(value) is bool,
    Random: _is_random,
}
