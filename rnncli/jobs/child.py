"""A process that does jobs, one after the other, for the process that has started it."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

from rnncli import threads as thread_limit
from rnncli.errors import RnncliError
from rnncli.jobs.job import Fault, Job, Outcome, failed, perform

ATTEMPTS = 2  # at a job whose process ends before the job does
GRACE = 5.0  # seconds that a process has to remove its temporary files before it is killed
# Beginnings of the variables that libraries read when they are loaded.
_LIBRARIES = ("NUMBA_NUM", "OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM")
_PROGRAM = """
import sys
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
sys.path[:] = connection.recv()
from rnncli.jobs.child import serve
serve(connection, int(sys.argv[2]))
"""


class Child:
    """A process that does one job at a time. It ends with the process that has started it, however that one ends.

    It is a new program, not a fork, which would have locks of threads that it does not have. It has a session
    of its own, so that it does not get Ctrl-C.

    threads  that a job may use

    job  the last one that it was given
    """

    job: Job

    def __init__(self, threads: int) -> None:
        self._is_ready = False
        self.connection, its_end = Pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(its_end.fileno()), str(threads)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ | {f"{library}_THREADS": str(threads) for library in _LIBRARIES},
            pass_fds=[its_end.fileno()],
            start_new_session=True,
        )
        its_end.close()  # so that the connection is closed when the process ends
        self._send(list(sys.path))

    def _send(self, value: object) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # take() sees that the process has ended
            self.connection.send(value)

    def give(self, job: Job) -> None:
        """Begin a job."""
        self.job = job
        self._send(job)

    def take(self) -> Outcome | None:
        """The outcome of its job; ``None`` if the process is ready to begin it; ``EOFError`` if it has ended."""
        try:
            outcome: Outcome | None = self.connection.recv()
        except OSError as error:  # the process was killed while it wrote
            raise EOFError from error
        self._is_ready = True
        return outcome

    def lost(self) -> Outcome:
        """The outcome of its job, after the process has ended before it."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        code = self.process.returncode
        end([self])
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code and code < 0 else f"with exit code {code}"
        if not self._is_ready:
            raise RnncliError(f"a process for jobs ended {how} before it began")
        hint = "it may need more memory than there is: use fewer processes, or a smaller input"
        message = f"the process of the job ended {how}, {ATTEMPTS} times"
        return failed(self.job, Fault("ProcessEnded", message, self.job.key, hint))


def end(children: Iterable[Child]) -> None:
    """End processes; one that does not end by itself is killed. Who waits for one gets ``EOFError`` from it."""
    children = list(children)
    for child in children:
        child.process.terminate()
    until = time.monotonic() + GRACE
    for child in children:
        try:
            child.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        child.connection.close()


def serve(connection: Connection, threads: int) -> None:
    """Do jobs in this process, until there is no more or until the process that gives them has ended."""
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_watch, args=(connection.fileno(),), daemon=True).start()
    with thread_limit.at_most(threads), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(None)
        while True:
            connection.send(perform(connection.recv()))


def _stop(number: int, _: object) -> NoReturn:
    """End this process by an exception, so that a job removes its temporary file."""
    raise SystemExit(128 + number)


def _watch(descriptor: int) -> None:
    """End this process when the other end of its connection is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # nothing but that it is closed
    poll.poll()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
