"""Places where jobs run: this process, or several processes of this machine.

The processes are those of :mod:`multiprocessing`, each with a pipe of its own, instead of a pool of
:mod:`concurrent.futures`: a pool that loses one process loses all its jobs, says neither which job it was nor how
the process ended, and cannot end a job that runs.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import NamedTuple, NoReturn, Protocol

from rnncli import threads as thread_limit
from rnncli.errors import RnncliError
from rnncli.jobs.job import Fault, Job, Outcome, failed, perform

ATTEMPTS = 2  # at a job whose process ends before the job does
_HINT = "it may need more memory than there is: use fewer --jobs, or a smaller input"
GRACE = 5.0  # seconds that a process has to remove its temporary files before it is killed
# Libraries read these when they are loaded.
_LIBRARIES = ("NUMBA_NUM", "OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM")
_STOPPING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


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
        attempts: Counter[str] = Counter()
        idle: list[_Worker] = []
        busy: list[_Worker] = []
        ended: list[Outcome] = []
        try:
            while True:
                while len(busy) < self.workers and (job := again.pop() if again else next(source, None)):
                    busy.append(idle.pop() if idle else _Worker(self.threads))
                    busy[-1].give(job)
                yield from ended  # now that the next jobs are begun
                ended.clear()
                if not busy:
                    return
                ready = wait([worker.connection for worker in busy])
                for worker in [worker for worker in busy if worker.connection in ready]:
                    try:
                        outcome = worker.take()
                    except EOFError:
                        busy.remove(worker)
                        problem = worker.problem()
                        attempts[worker.job.key] += 1
                        if attempts[worker.job.key] < ATTEMPTS:
                            again.append(worker.job)
                        else:
                            fault = Fault("ProcessEnded", f"{problem}, {ATTEMPTS} times", worker.job.key, _HINT)
                            ended.append(failed(worker.job, fault))
                    else:
                        if outcome:
                            busy.remove(worker)
                            idle.append(worker)
                            ended.append(outcome)
        finally:
            _end(idle + busy)


class _Worker:
    """A process that does one job at a time.

    job  the last one that it was given
    """

    job: Job

    def __init__(self, threads: int) -> None:
        # "spawn": a process that is forked would have locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        self._is_ready = False
        self.connection, its_end = context.Pipe()
        self.process = context.Process(target=_serve, args=(its_end, threads), name="rnncli job", daemon=True)
        with _signals_blocked():
            self.process.start()
        its_end.close()  # so that the connection is closed when the process ends

    def give(self, job: Job) -> None:
        """Begin a job. That the process has ended is seen by :meth:`take`."""
        self.job = job
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(job)

    def take(self) -> Outcome | None:
        """The outcome of its job; ``None`` if the process is ready to begin it; ``EOFError`` if it has ended."""
        try:
            outcome: Outcome | None = self.connection.recv()
        except OSError as error:  # the process was killed while it wrote
            raise EOFError from error
        self._is_ready = True
        return outcome

    def problem(self) -> str:
        """How the process, which has closed its connection, has ended."""
        self.process.join(GRACE)
        code = self.process.exitcode
        _end([self])
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code and code < 0 else f"with exit code {code}"
        if not self._is_ready:
            hint = 'a script that runs jobs begins with: if __name__ == "__main__":'
            raise RnncliError(f"a process for jobs ended {how} before it began", hint=hint)
        return f"the process of the job ended {how}"


def _end(workers: list[_Worker]) -> None:
    """End processes; one that does not end by itself is killed."""
    for worker in workers:
        worker.connection.close()
        worker.process.terminate()
    until = time.monotonic() + GRACE
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let a process that is started in this block begin with its signals blocked: Ctrl-C is for this one alone."""
    resource_tracker.ensure_running()  # else the first start of a process does this, and ends the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, threads: int) -> None:
    """Do jobs until there is no more, or until the process that gives them has ended."""
    for number in _STOPPING:
        signal.signal(number, _stop if number == signal.SIGTERM else signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    os.environ.update({f"{library}_THREADS": str(threads) for library in _LIBRARIES})
    threading.Thread(target=_watch, daemon=True).start()
    with thread_limit.at_most(threads), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(None)
        while True:
            connection.send(perform(connection.recv()))


def _stop(number: int, _: object) -> NoReturn:
    """End this process by an exception, so that a job removes its temporary file."""
    raise SystemExit(128 + number)


def _watch() -> None:
    """End this process after the one that gives it jobs, however that one has ended."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
