"""Runs the jobs of a command: where its options say, with the progress of all of them in one line."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rnncli.cli import show
from rnncli.config import JobOptions

if TYPE_CHECKING:
    from rnncli.jobs import Job, Outcome, Place, Progress, Shard


def run(
    jobs: "Iterable[Job]", folder: Path, options: JobOptions, threads: int = 0, overwrite: bool = False
) -> "list[Outcome]":
    """Do jobs, and return what became of each, in the order of their keys.

    folder   of the manifest
    threads  that one process may use, where only one works; with several or a cluster each uses one

    With ``--on-error skip`` the outcomes of jobs that failed are among them: see :func:`rnncli.jobs.failure`, whose
    error a command raises after it has shown its results. All errors of :func:`rnncli.jobs.run`.
    """
    from rnncli.jobs import run

    with show.progress() as bar:

        def listen(progress: "Progress") -> None:
            failed = f", {progress.failed:,} failed" if progress.failed else ""
            bar.update(progress.share, f"{progress.done:,} of {progress.jobs:,} jobs{failed}")

        outcomes = run(
            jobs,
            folder,
            place=place(options, threads),
            shard=shard(options),
            on_error=options.on_error,
            overwrite=overwrite,
            listener=listen,
        )
        return sorted(outcomes, key=lambda outcome: outcome.key)


def place(options: JobOptions, threads: int = 0) -> "Place":
    """Where the options say that jobs run."""
    from rnncli.jobs import Here, Processes, cluster

    if options.cluster:
        return cluster(options.cluster)
    return Here(threads) if options.jobs == 1 else Processes(options.jobs)


def shard(options: JobOptions) -> "Shard":
    """The shard that the options name."""
    from rnncli.jobs import WHOLE, Shard

    return Shard.of(options.shard) if options.shard else WHOLE
