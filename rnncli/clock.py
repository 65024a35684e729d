"""Where the time of a training goes, and how much of its budget is left."""

import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rnncli.errors import UsageError

KERNELS = "kernels"  # the part in which they are loaded and compiled


class Clock:
    """Measures from now on; parts of a part are not counted twice. All times are in seconds.

    budget   for everything; 0: there is none
    earlier  how much of it was spent before this began, by the start of the program and before a training goes on
    parts    the time in each part, by name; what belongs to none is ``other``
    """

    def __init__(self, budget: float = 0.0, started: float = 0.0) -> None:
        """Begin to measure, after so many seconds that the program took to start."""
        self.budget = budget
        self.earlier = started
        self.parts = {"other": started}
        self._names = ["other"]
        self._began = time.perf_counter()
        self._last = self._began

    @property
    def times(self) -> dict[str, float]:
        """The time in each part until now, and in ``total``."""
        self._add()
        return {**self.parts, "total": self.spent}

    @property
    def left(self) -> float:
        """What is left of the budget; infinite without one."""
        return (self.budget or math.inf) - self.spent

    @property
    def spent(self) -> float:
        """The time since the beginning, and that before."""
        return self.earlier + time.perf_counter() - self._began

    def seconds(self, name: str) -> float:
        """The time in a part until now."""
        self._add()
        return self.parts.get(name, 0.0)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time within as one of this part."""
        self._add()
        self._names.append(name)
        try:
            yield
        finally:
            self._add()
            self._names.pop()

    def move(self, seconds: float, name: str) -> None:
        """Count seconds of the part that is measured now as those of another."""
        self.parts[self._names[-1]] = self.parts.get(self._names[-1], 0.0) - seconds
        self.parts[name] = self.parts.get(name, 0.0) + seconds

    def _add(self) -> None:
        now = time.perf_counter()
        name = self._names[-1]
        self.parts[name] = self.parts.get(name, 0.0) + now - self._last
        self._last = now


class Share:
    """The share of the time that one of several trainings has, of what is left when this is made.

    The time in which kernels are loaded or compiled meanwhile is taken off the whole, so that all lose by it alike.
    """

    def __init__(self, clock: Clock, share: float = 1.0, before: float = 0.0) -> None:
        """``before``: seconds that the training took before it was stopped, which are a part of its share."""
        self.clock = clock
        self._share = share
        self._end = clock.spent - before + share * (clock.left + before)
        self._kernels = clock.seconds(KERNELS)

    @property
    def is_limited(self) -> bool:
        """Whether there is a budget."""
        return self.clock.budget > 0

    @property
    def left(self) -> float:
        """The seconds that are left of it; infinite without a budget."""
        kernels = self.clock.seconds(KERNELS) - self._kernels
        return self._end + (1 - self._share) * kernels - self.clock.spent


def duration(value: str | float) -> float:
    """The seconds of a number of them, or of a text such as ``30s``, ``5m`` and ``1h30m``; 0 is no limit."""
    parts = re.fullmatch(r"(?:([0-9.]+)h)?(?:([0-9.]+)m)?(?:([0-9.]+)s?)?", str(value).strip())
    try:
        numbers = [float(number or 0) for number in parts.groups()] if parts and str(value).strip() else [-1.0]
    except ValueError:
        numbers = [-1.0]
    seconds = sum(number * unit for number, unit in zip(numbers, (3600.0, 60.0, 1.0), strict=False))
    if isinstance(value, bool) or not 0 <= seconds < math.inf:
        raise UsageError(f"--time {value}: not a duration", hint="give seconds, or a text such as 30s, 5m or 1h30m")
    return seconds
