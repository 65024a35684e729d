"""The threads that share the kernels of a training step with the one that calls them."""

import threading
from typing import Self

from rnncli.kernels import parallel

# Looks at a queue, of 20 ns or so, before a helper goes to sleep: long enough to stay awake from step to step.
SPINS = 20_000


class ThreadTeam:
    """A queue and the helpers that watch it; see :mod:`rnncli.kernels.parallel`."""

    def __init__(self, threads: int) -> None:
        self.queue = parallel.work_queue(threads)
        self._is_needed, self._is_over = threading.Event(), False
        self._helpers = [
            threading.Thread(target=self._help, args=[part], daemon=True) for part in range(1, threads)
        ]
        for helper in self._helpers:
            helper.start()

    def _help(self, part: int) -> None:
        while not self._is_over:
            self._is_needed.wait()
            parallel.work(self.queue, part, SPINS)
            self._is_needed.clear()  # a call that came just before is lost: the next one is heard

    def wake(self) -> None:
        """Have the helpers stand by, who may have gone to sleep; without it they only sleep on."""
        self._is_needed.set()

    def close(self) -> None:
        """Stop the helpers."""
        self._is_over = True
        for helper in self._helpers:
            while helper.is_alive():
                self._is_needed.set()
                helper.join(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
