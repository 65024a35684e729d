"""The threads that share the kernels of a training step with the thread that calls them."""

import threading
from typing import Self

from rnncli.kernels import packed, parallel
from rnncli.threads import count_threads

# How often a worker reads the queue, once in about 20 ns, before it sleeps: longer than from one step to the next.
SPINS = 20_000


def team_size(threads: int, directions: int, batch: int) -> int:
    """Return how many threads a training step can use: at most twice as many as its recurrences have parts.

    threads     as the user gives it, see :func:`rnncli.threads.count_threads`
    directions  in which the network reads
    batch       sentences in a batch

    A recurrence has one part for each direction and every 8 sentences; products have more. If each thread had a
    core of its own, this many would save most of the time that 32 would: ``benchmarks/threads.py``.
    """
    shares = directions * -(-batch // packed.SENTENCE_UNIT)
    return min(count_threads(threads), 2 * shares, parallel.MOST_PARTS)


class ThreadTeam:
    """A work queue and the worker threads that read it; see :mod:`rnncli.kernels.parallel`.

    threads  how many threads share the work, the caller included; no more are started than work has parts
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
            self._is_needed.clear()  # may undo a call of :meth:`wake` just now; the caller does the work then

    def wake(self) -> None:
        """Wake the workers that sleep, so that they read the queue; until then the caller does their parts."""
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
