"""The workers of a Dask cluster as the place of jobs, with the scheduling, the retries and the transport of Dask.

A worker does jobs in a process of its own, so that no job can end a worker. It reads the inputs and writes the
outputs of a job itself, so it needs the file system of the client. For a file that is an argument (:class:`.Blob`)
it does not need that: the bytes are sent to all workers once.

Dask sends pickles, so whoever can connect to a scheduler can run programs on its workers and its clients.
"""

import importlib.metadata
import logging
import os
import platform
import re
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple

import dask
from distributed import Client, KilledWorker, LocalCluster, WorkerPlugin, as_completed, get_worker

from rnncli import arguments, writing
from rnncli.errors import FileError, ModelError, UsageError
from rnncli.jobs.child import ATTEMPTS, Child, end
from rnncli.jobs.job import Blob, Fault, Job, Outcome, failed, state_of

_CONNECTING = 10  # seconds to wait for a scheduler
_CLOSING = 5  # seconds
_AHEAD = 2  # jobs for each thread, so that it need not wait for the client
_COUNTING = 2.0  # seconds between two counts of the workers

# In the process of a worker:
_idle: list[Child] = []
_busy: dict[Child, str] = {}  # and the run whose job it does
_sent: dict[str, Path] = {}  # by SHA-256: files whose bytes were sent


class Dask(NamedTuple):
    """The workers of a Dask cluster; each does as many jobs at once as it has threads.

    address  of its scheduler, as ``tcp://HOST:8786`` or ``tls://HOST:8786``; ``local:N`` starts N workers here
    """

    address: str

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do jobs. One whose process ends is begun again, and fails the second time.

        Dask begins a job again on another worker if its worker ends, as often as its configuration says.
        Raises :class:`.FileError` if there is no scheduler or if it is lost, :class:`.UsageError` if a worker has
        another version of rnncli, Python, NumPy, Numba or Dask.
        """
        with _connected(self.address) as client:
            run = _Run(client, self.address)
            run.compare_versions()
            try:
                yield from run.outcomes(jobs)
            finally:
                run.end()


class _Missing(NamedTuple):
    """What a worker answers that cannot read a file of this content."""

    blob: Blob


class _Run:
    """The jobs of one run that are at the scheduler: a few for each thread of a worker."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address
        self._name = f"rnncli-{os.urandom(6).hex()}"
        self._numbers = count()
        self._completed = as_completed(loop=client.loop, with_results=True, raise_errors=False)
        self._jobs: dict[Any, Job] = {}  # by future
        self._sent: set[str] = set()  # SHA-256 of what was sent to the workers
        self._most = 1  # jobs at the scheduler
        self._is_lost = False  # whether the scheduler does not answer
        self._due = 0.0  # when workers are counted

    def outcomes(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """Do jobs."""
        source = iter(jobs)
        ended: list[Outcome] = []
        while True:
            self._count_workers()
            for job in islice(source, max(0, self._most - len(self._jobs))):
                self._submit(job)
            yield from ended  # now that the next jobs are begun
            ended.clear()
            if not self._jobs:
                return
            for future, result in self._completed.next_batch():
                job = self._jobs.pop(future)
                if outcome := self._outcome(job, result):
                    ended.append(outcome)

    def end(self) -> None:
        """End the jobs that run, and the processes of workers that have nothing to do."""
        if self._is_lost:
            return
        with suppress(OSError, TimeoutError, CancelledError):
            self._client.cancel(list(self._jobs), force=True)
            self._client.run(_end, self._name)

    def compare_versions(self) -> None:
        """Refuse a cluster that may give other results. Workers that come later do it themselves."""
        with self._losses():
            answers = self._client.run(_packages, on_error="return")
            try:
                answers[self._address] = self._client.run_on_scheduler(_packages)
            except (ImportError, AttributeError) as error:
                answers[self._address] = error
        for address, theirs in answers.items():
            if isinstance(theirs, Exception):
                raise UsageError(
                    f"cannot run rnncli: {theirs}", where=address, hint='pip install "rnncli[dask]" there'
                )
            _compare(address, theirs, _packages())

    def _count_workers(self) -> None:
        """Find out how many threads there are now; workers may come and go."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _COUNTING
        with self._losses():
            threads = sum(self._client.nthreads().values())
        self._most = max(1, _AHEAD * threads)

    def _submit(self, job: Job) -> None:
        absolute = job._replace(
            inputs=tuple(path.absolute() for path in job.inputs),
            output=job.output and job.output.absolute(),
            arguments={
                name: value._replace(path=value.path.absolute()) if isinstance(value, Blob) else value
                for name, value in job.arguments.items()
            },
        )
        key = f"{self._name}-{next(self._numbers)}"
        with self._losses():
            future = self._client.submit(_perform, absolute, self._name, _packages(), key=key, pure=False)
        self._jobs[future] = job
        self._completed.add(future)

    def _outcome(self, job: Job, result: Any) -> Outcome | None:
        """What became of a job; ``None`` if it was begun again.

        result  what the job returned, or what Dask has in its place: an exception with its type and traceback
        """
        if isinstance(result, _Missing):
            self._send(result.blob)
            self._submit(job)
            return None
        if isinstance(result, Outcome):
            inputs = [
                state._replace(path=str(path)) for state, path in zip(result.inputs, job.inputs, strict=False)
            ]
            output = result.output and result.output._replace(path=str(job.output))
            return result._replace(inputs=tuple(inputs), output=output)
        if not isinstance(result, tuple):  # the job was cancelled, which Dask does when it loses the scheduler
            raise self._lost()
        error = result[1]
        if isinstance(error, UsageError):
            raise error
        if isinstance(error, KilledWorker):
            message = f"{error.allowed_failures + 1} workers ended while they had the job"
            return failed(job, Fault("WorkersEnded", message, job.key, "the log of the scheduler may say why"))
        return failed(job, Fault(type(error).__name__, str(error), traceback=repr(error)))

    def _send(self, blob: Blob) -> None:
        """Send a file to all workers, also to those that come later."""
        if blob.sha256 in self._sent:
            return
        if state_of(blob.path).sha256 != blob.sha256:
            raise ModelError("was changed after the run began", where=str(blob.path), hint="begin the run again")
        with self._losses():
            self._client.register_plugin(_Content(blob.sha256, blob.path.read_bytes()), name=blob.sha256)
        self._sent.add(blob.sha256)

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except (OSError, TimeoutError, CancelledError) as error:
            raise self._lost() from error

    def _lost(self) -> FileError:
        self._is_lost = True
        hint = "the same command does the rest, when the scheduler runs again"
        return FileError("the scheduler of the cluster does not answer any more", where=self._address, hint=hint)


class _Content(WorkerPlugin):  # type: ignore[misc]
    """Keeps the bytes of a file in the folder of a worker."""

    idempotent = True

    def __init__(self, sha256: str, content: bytes) -> None:
        self.sha256 = sha256
        self.content = content

    def setup(self, worker: Any) -> None:
        """Write the file, when a worker gets it."""
        path = Path(worker.local_directory) / self.sha256
        writing.write(path, memoryview(self.content))
        _sent[self.sha256] = path


def _perform(job: Job, run: str, packages: dict[str, str]) -> Outcome | _Missing:
    """Do a job for a worker, in a process of the worker that stays for the next job."""
    _compare(get_worker().address, _packages(), packages)
    values = dict(job.arguments)
    for name, value in values.items():
        if isinstance(value, Blob):
            if (
                path := _sent.get(value.sha256)
            ) and path.exists():  # another worker of this process may have had it
                values[name] = Blob(path, value.sha256)
            elif not _can_read(value):
                return _Missing(value)
    job = job._replace(arguments=values)
    for attempt in range(1, ATTEMPTS + 1):
        child = _idle.pop() if _idle else Child(threads=1)
        _busy[child] = run
        child.give(job)
        try:
            while not (outcome := child.take()):
                pass
        except EOFError:
            loss = child.lost()
            if not _busy.pop(child, None) or attempt == ATTEMPTS:
                return loss
        else:
            del _busy[child]
            _idle.append(child)
            return outcome
    raise AssertionError


def _end(run: str) -> None:
    """End the processes of a worker that do jobs of a run, and those that do none, which have models in memory."""
    children = [child for child, theirs in _busy.items() if theirs == run]
    for child in children:
        del _busy[child]
    while _idle:
        children.append(_idle.pop())
    end(children)


def _can_read(blob: Blob) -> bool:
    try:
        return state_of(blob.path).sha256 == blob.sha256
    except FileError:
        return False


@cache
def _packages() -> dict[str, str]:
    """The versions of what the bytes of a result may depend on; of Python as far as compiled files depend on it."""
    packages = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("rnncli", "numpy", "numba", "distributed"):
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = "without a version"
    return packages


def _compare(address: str, theirs: dict[str, str], ours: dict[str, str]) -> None:
    """Raise a :class:`.UsageError` that names both if two environments have other versions."""
    for name, version in ours.items():
        if theirs.get(name) != version:
            hint = "a cluster needs the same versions everywhere"
            raise UsageError(f"has {name} {theirs.get(name)}, and this program {version}", where=address, hint=hint)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address, or of workers that are started here and ended with the block."""
    with ExitStack() as stack:
        stack.enter_context(_silent())
        scheduler: Any = address
        if match := re.fullmatch(r"local:([1-9]\d{0,3})", address):
            stack.enter_context(dask.config.set({"distributed.worker.profile.enabled": False}))
            scheduler = stack.enter_context(_local(int(match[1])))
        elif not re.fullmatch(r"(tcp|tls|ucx|wss?)://.+", address):
            hint = "tcp://HOST:8786 is the scheduler of a cluster, local:4 starts four workers here"
            arguments.refuse("--cluster", "the address of a scheduler", address, hint)
        try:
            client = Client(scheduler, timeout=_CONNECTING, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            hint = "start it with: dask scheduler"
            raise FileError("no scheduler answers", where=address, hint=hint) from error
        stack.callback(_close, client)
        yield client


def _close(client: Client) -> None:
    with suppress(OSError, TimeoutError, CancelledError, RuntimeError):
        client.close(timeout=_CLOSING)


@contextmanager
def _local(workers: int) -> Iterator[LocalCluster]:
    cluster = LocalCluster(
        n_workers=workers,
        processes=False,  # jobs have theirs
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )
    try:
        yield cluster
    finally:
        with suppress(OSError, TimeoutError, CancelledError):
            cluster.close(timeout=_CLOSING)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the log of Dask from the terminal: what matters becomes an error or a fault."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in ("distributed", "tornado")]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
