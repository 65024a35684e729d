"""The learning rate over a training: it rises, stays as long as that helps, and falls to 0."""

import math
from typing import NamedTuple

from rnncli.config import TrainingSpec, constant_epochs, fall_after, usual_patience

# The rate rises for at most this share of the steps.
MOST_WARMUP = 0.2


class Plan(NamedTuple):
    """How long a training is, in passes over its data, which need not be whole numbers."""

    constant: float  # before the rate begins to fall
    passes: float  # in all


class Schedule:
    """The share of the peak rate that each step has, from 0.

    It rises linearly over ``warmup`` steps, and falls linearly from the step ``fall`` on to 0 at the step ``end``.
    Until the end is known, ``end`` is 0 and the rate stays. Where time is limited, ``fall`` may be known alone, and
    the rate is lowered by the clock.
    """

    def __init__(self, training: TrainingSpec, tokens: int, batches: int, plan: Plan | None = None) -> None:
        """The schedule of settings that are :meth:`resolved <.TrainingSpec.resolved>`, or of a plan.

        tokens, batches  of a pass over the data
        """
        if plan is None and training.epochs:
            plan = Plan(0.0, training.epochs)
        self.warmup = training.warmup * batches
        self.fall = 0
        self.end = 0
        if plan:
            self.end = max(1, round(plan.passes * batches))
            self.warmup = min(self.warmup, MOST_WARMUP * self.end)
            self.fall = max(round(plan.constant * batches), math.ceil(self.warmup))
        self._patience = training.patience or usual_patience(tokens)
        least, self._most = constant_epochs(tokens)
        self._least = 0 if training.patience else least
        self._batches = batches

    def share(self, step: int) -> float:
        """The share of the peak rate at a step."""
        rising = (step + 1) / self.warmup if step + 1 < self.warmup else 1.0
        falling = max(0, self.end - step) / max(1, self.end - self.fall) if self.end else 1.0
        return min(rising, falling)

    def epoch_over(self, epochs: int, better: int) -> None:
        """Plan the fall after the last of so many epochs, if the last that was clearly better was too long ago.

        Before the ``least`` number of epochs it is too early, and after the ``most`` it is time in any case.
        """
        is_over = epochs >= max(self._least, better + self._patience) or epochs >= self._most
        if is_over and not self.is_falling:
            self.fall = epochs * self._batches
            self.end = self.fall + self._batches * fall_after(epochs)

    @property
    def is_falling(self) -> bool:
        """Whether it is known when the rate begins to fall."""
        return self.fall > 0 or self.end > 0

    @property
    def epochs(self) -> int:
        """The epochs that the training has as far as it is planned; until then, the most that it can have."""
        return math.ceil(self.end / self._batches) if self.end else self._most + fall_after(self._most)
