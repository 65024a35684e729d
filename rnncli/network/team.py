"""The threads that share the kernels of a training step with the thread that calls them."""

import threading
from typing import Self

from rnncli.kernels import packed, parallel
from rnncli.threads import count_threads

# How often a worker reads the queue, about every 20 ns, before it sleeps: for longer than the pause between steps.
SPINS = 20_000


def team_size(threads: int, directions: int, batch: int) -> int:
    """Return how many threads a training step can use: at most twice as many as its recurrences have parts.

    threads     as the user gives it, see :func:`rnncli.threads.count_threads`
    directions  in which the network reads
    batch       sentences in a batch

    A recurrence has one part for each direction and every 8 sentences; products have more. With a core for each
    thread, so many threads save most of the time that 32 would save: ``benchmarks/threads.py``.
    """
    shares = directions * -(-batch // packed.SENTENCE_UNIT)
    return min(count_threads(threads), 2 * shares, parallel.MOST_PARTS)


class ThreadTeam:
    """A work queue and the worker threads that read it; see :mod:`rnncli.kernels.parallel`.

    threads  how many threads share the work, the caller included; at most one for each part of the work
    """

    def __init__(self, threads: int) -> None:
        self.queue = parallel.work_queue(threads)
        self._is_needed = threading.Event()
        self._is_closed = False
        parts = min(threads, parallel.MOST_PARTS)
        self._workers = [threading.Thread(target=self._work, args=[part], daemon=True) for part in range(1, parts)]
        for worker in self._workers:
            worker.start()

    def _work(self, part: int) -> None:
        while not self._is_closed:
            self._is_needed.wait()
            parallel.work(self.queue, part, SPINS)
            self._is_needed.clear()  # may undo a simultaneous :meth:`wake`; then the caller does the work

    def wake(self) -> None:
        """Wake the workers that sleep, so that they read the queue; until they do, the caller does their parts."""
        self._is_needed.set()

    def close(self) -> None:
        """Stop the workers and wait for their end."""
        self._is_closed = True
        for worker in self._workers:
            while worker.is_alive():
                self._is_needed.set()
                worker.join(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
