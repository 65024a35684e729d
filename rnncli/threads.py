"""How many threads to use; ``threads`` means the same in every command and function."""

import math
import os
from contextlib import suppress
from pathlib import Path

from rnncli import arguments
from rnncli.control_groups import ROOT, folders, read


def count_threads(threads: int) -> int:
    """Return how many threads to start: ``threads``, but at most one for each available CPU; 0 means that many.

    A thread that waits for another one keeps its CPU busy, so more threads than CPUs make a run slower.
    """
    threads = arguments.whole_number("threads", threads, 0, "0 is one for each available CPU")
    available = available_cpus()
    return min(threads or available, available)


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
