"""How many threads to use; ``threads`` means the same in every command and function."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnncli import arguments
from rnncli.control_groups import ROOT, folders, read

MOST = 2**31  # more than any machine has
_limits = [MOST]  # of threads in this process, by at_most


def count_threads(threads: int) -> int:
    """Return how many threads to start: ``threads``, but at most one for each available CPU; 0 means that many.

    A thread that waits for another one keeps its CPU busy, so more threads than CPUs make a run slower.
    """
    threads = arguments.whole_number("threads", threads, 0, "0 is one for each available CPU")
    available = min(available_cpus(), *_limits)
    return min(threads or available, available)


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Let this process use no more threads while the block runs, whatever is asked for; 0 is no limit."""
    _limits.append(threads or MOST)
    try:
        yield
    finally:
        _limits.pop()


def available_cpus(root: Path = ROOT) -> int:
    """Count the CPUs that this process may use.

    Linux control groups limit the CPU time of a container: so many microseconds in each period.

    root  the folder with ``proc`` and ``sys``
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [read(folder / "cpu.max").split() for folder in folders("", root)]
    names = "cpu.cfs_quota_us", "cpu.cfs_period_us"
    limits += [[read(folder / name).strip() for name in names] for folder in folders("cpu", root)]
    for limit in limits:
        with suppress(ValueError):  # there is no such file, or no limit: "max", or −1
            quota, period = map(int, limit)
            if quota > 0 < period:
                cpus = min(cpus, math.ceil(quota / period))
    return cpus
