"""Runs a list of jobs at a place, and keeps the list of what is done."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from rnncli import errors, writing
from rnncli.config import OnError
from rnncli.errors import FileError, RnncliError, UsageError
from rnncli.jobs.job import Job, Outcome, values_of
from rnncli.jobs.manifest import Manifest
from rnncli.jobs.places import Here, Place
from rnncli.jobs.shard import WHOLE, Shard

HERE = Here()


class Progress(NamedTuple):
    """How far a run is.

    jobs       of the run
    done       of them, with those of earlier runs and those that failed
    failed     of them
    work       of all jobs that were not done before, in the unit of :class:`.Job`
    work_done  of it
    """

    jobs: int
    done: int
    failed: int
    work: float
    work_done: float

    @property
    def share(self) -> float:
        """Of the work that this run has to do, from 0 to 1."""
        return self.work_done / self.work if self.work else 1.0


Listener = Callable[[Progress], None]


def run(
    jobs: Iterable[Job],
    folder: Path,
    *,
    place: Place = HERE,
    shard: Shard = WHOLE,
    on_error: OnError = "fail",
    overwrite: bool = False,
    listener: Listener = lambda progress: None,
) -> Iterator[Outcome]:
    """Do the jobs that are not done, and yield what became of each: first of those that were done.

    The iterator has to be used up or closed; when it is closed, or an exception ends it, the jobs that run are
    stopped, and what is done stays. The same call goes on from there.

    folder     of the manifest and of ``errors.jsonl``
    shard      of the jobs that is done
    on_error   ``skip``: after a fault of a job go on with the others; ``fail``: raise it, and stop those that run
    overwrite  replace an output that no run of this folder has made
    listener   is called at the start and after each job

    Raises :class:`.UsageError` if two jobs have one key or one output, :class:`.FileError` for an output that is an
    input or was not made here, or if another run does the same, and with ``fail`` the error of a job.
    """
    chosen = shard.select(_checked(list(jobs)))
    manifest = Manifest(folder, shard)
    with manifest.opened():
        known = {job.key: manifest.done(job) for job in chosen}
        missing = [job for job in chosen if not known[job.key]]
        if not overwrite:
            _check_outputs(missing, manifest)
        manifest.begin(missing)
        progress = Progress(len(chosen), len(chosen) - len(missing), 0, sum(job.work for job in missing), 0.0)
        listener(progress)
        yield from filter(None, known.values())
        if not missing:
            return
        work = {job.key: job.work for job in missing}
        folders = {job.output.parent for job in missing if job.output}
        with _tidied(folders), closing(place.outcomes(missing)) as outcomes:
            for outcome in outcomes:
                manifest.add(outcome)
                progress = progress._replace(
                    done=progress.done + 1,
                    failed=progress.failed + bool(outcome.fault),
                    work_done=progress.work_done + work[outcome.key],
                )
                listener(progress)
                if outcome.fault and on_error == "fail":
                    raise error_of(outcome)
                yield outcome


def error_of(outcome: Outcome) -> RnncliError:
    """The error of a job that failed, of its own class; it names the job."""
    fault = outcome.fault
    assert fault
    kind = getattr(errors, fault.kind, None)
    if isinstance(kind, type) and issubclass(kind, RnncliError):
        return kind(fault.message, where=fault.where or outcome.key, hint=fault.hint)
    if not fault.traceback:
        return RnncliError(fault.message, where=outcome.key, hint=fault.hint)
    message = f"an unexpected error, {fault.kind}: {fault.message}"
    return RnncliError(message, where=outcome.key, hint="errors.jsonl says where in the program")


def failure(outcomes: Sequence[Outcome], folder: Path) -> RnncliError | None:
    """The error of a run that has skipped faults, of the class of the first one by key; ``None`` without faults."""
    faults = sorted((outcome for outcome in outcomes if outcome.fault), key=lambda outcome: outcome.key)
    if not faults:
        return None
    error = type(error_of(faults[0]))
    message = f"{len(faults)} of {len(outcomes)} jobs failed, the first one is {faults[0].key}"
    return error(message, where=str(folder), hint="errors.jsonl lists them; the same command tries them again")


def _checked(jobs: list[Job]) -> list[Job]:
    for what, values in (
        ("key", [job.key for job in jobs]),
        ("output", [job.output for job in jobs if job.output]),
    ):
        repeated = [value for value, count in Counter(map(str, values)).items() if count > 1]
        if repeated:
            raise UsageError(f"two jobs have one {what}", where=repeated[0], hint=f"each needs {what} of its own")
    inputs = {os.path.realpath(path) for job in jobs for path in job.inputs}  # also of a loop of links
    for job in jobs:
        values_of(job.arguments)
        if job.output and os.path.realpath(job.output) in inputs:
            raise FileError("is read and cannot be written too", where=str(job.output), hint="use another folder")
    return jobs


@contextmanager
def _tidied(folders: Iterable[Path]) -> Iterator[None]:
    """Remove at the end what processes that were killed have left in folders."""
    try:
        yield
    finally:
        for folder in folders:
            writing.remove_leftovers(folder)


def _check_outputs(jobs: Sequence[Job], manifest: Manifest) -> None:
    """Refuse to replace a file that no run of this folder has made."""
    for job in jobs:
        if job.output and not manifest.knows(job.key) and job.output.exists():
            hint = "use another folder, or give --overwrite to replace it"
            raise FileError(
                "is there already, and no run of this folder has made it", where=str(job.output), hint=hint
            )
