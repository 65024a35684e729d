"""Where the time of a training goes, and how much of its budget is left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Measures from now on; parts of a part are not counted twice. All times are in seconds.

    budget   for everything; 0: there is none
    earlier  how much of it a training that goes on has spent before
    parts    the time in each part, by name; what belongs to none is ``other``
    """

    def __init__(self, budget: float = 0.0) -> None:
        self.budget = budget
        self.earlier = 0.0
        self.parts: dict[str, float] = {}
        self._names = ["other"]
        self._began = time.perf_counter()
        self._last = self._began

    @property
    def spent(self) -> float:
        """The time since the beginning, and before it was resumed."""
        return self.earlier + time.perf_counter() - self._began

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
