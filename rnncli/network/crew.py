"""The threads that share the kernels of a training step with the one that calls them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rnncli.kernels import shared

# Looks at a board, of 20 ns or so, before a helper goes to sleep: long enough to stay awake from step to step.
PATIENCE = 20_000


class Crew:
    """A board and the helpers that watch it; see :mod:`rnncli.kernels.shared`."""

    def __init__(self, threads: int) -> None:
        self.board = shared.board(threads)
        self._is_needed, self._is_over = threading.Event(), False
        self._helpers = [
            threading.Thread(target=self._help, args=[part], daemon=True) for part in range(1, threads)
        ]
        for helper in self._helpers:
            helper.start()

    def _help(self, part: int) -> None:
        while not self._is_over:
            self._is_needed.wait()
            shared.help_out(self.board, part, PATIENCE)
            self._is_needed.clear()  # a call that came just before is lost: the next one is heard

    def wake(self) -> None:
        """Have the helpers stand by, who may have gone to sleep; without it they only sleep on."""
        self._is_needed.set()

    def dismiss(self) -> None:
        """Send the helpers home."""
        self._is_over = True
        for helper in self._helpers:
            while helper.is_alive():
                self._is_needed.set()
                helper.join(0.01)


@contextmanager
def of(threads: int) -> Iterator[Crew]:
    """Yield the calling thread and as many helpers as make up ``threads``."""
    crew = Crew(threads)
    try:
        yield crew
    finally:
        crew.dismiss()
