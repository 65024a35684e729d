"""Places where jobs run: this process, several processes of this machine, or a Dask cluster.

The processes are not a pool of :mod:`concurrent.futures`. If one of its processes ends, such a pool loses all jobs
and says neither which job it was nor how the process ended; nor can it end a job that runs.
"""

from collections import Counter
from collections.abc import Generator, Iterable
from multiprocessing.connection import wait
from typing import NamedTuple, Protocol

from rnncli import threads as thread_limit
from rnncli.errors import UsageError
from rnncli.jobs.child import ATTEMPTS, Child, end
from rnncli.jobs.job import Job, Outcome, perform


class Place(Protocol):
    """Where jobs run. The bytes that they make do not depend on it."""

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do jobs and yield what becomes of each, in any order; a generator that is closed ends those that run."""


class Here(NamedTuple):
    """The process that calls, one job after the other.

    threads  that a job may use; 0 is one for each available CPU
    """

    threads: int = 0

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do jobs in their order."""
        for job in jobs:
            with thread_limit.at_most(self.threads):
                outcome = perform(job)
            yield outcome


class Processes(NamedTuple):
    """Several processes of this machine.

    workers  how many
    threads  that each of them may use
    """

    workers: int
    threads: int = 1

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do jobs. One whose process ends is begun again in another process, and fails the second time."""
        source = iter(jobs)
        again: list[Job] = []
        losses: Counter[str] = Counter()
        idle: list[Child] = []
        busy: list[Child] = []
        ended: list[Outcome] = []
        try:
            while True:
                while len(busy) < self.workers and (job := again.pop() if again else next(source, None)):
                    busy.append(idle.pop() if idle else Child(self.threads))
                    busy[-1].give(job)
                yield from ended  # now that the next jobs are begun
                ended.clear()
                if not busy:
                    return
                ready = wait([child.connection for child in busy])
                for child in [child for child in busy if child.connection in ready]:
                    try:
                        outcome = child.take()
                    except EOFError:
                        busy.remove(child)
                        loss = child.lost()
                        losses[loss.key] += 1
                        if losses[loss.key] < ATTEMPTS:
                            again.append(child.job)
                        else:
                            ended.append(loss)
                    else:
                        if outcome:
                            busy.remove(child)
                            idle.append(child)
                            ended.append(outcome)
        finally:
            end(idle + busy)


def cluster(address: str) -> Place:
    """The workers of a Dask cluster; its address is ``tcp://HOST:8786``, or ``local:N`` for N workers here.

    Raises :class:`.UsageError` without Dask.
    """
    try:
        from rnncli.jobs.dask import Dask
    except ModuleNotFoundError as error:
        hint = 'install it: pip install "rnncli[dask]"'
        raise UsageError("a cluster needs Dask, which is not installed", where="--cluster", hint=hint) from error
    return Dask(address)
