"""How many threads to use; ``threads`` means the same in every command and function."""

import math
import os
from pathlib import Path

from rnncli import arguments


def count_threads(threads: int) -> int:
    """Return how many threads to start: ``threads``, but at most one for each available CPU; 0 means that many.

    A thread that waits for another one keeps its CPU busy, so more threads than CPUs make a run slower.
    """
    threads = arguments.whole_number("threads", threads, 0, "0 is one for each available CPU")
    available = available_cpus()
    return min(threads or available, available)


def available_cpus(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Count the CPUs that this process may use.

    quota  the file of Linux control groups, version 2, that limits the CPU time of a container: microseconds in
           each period and the length of the period, or ``max``
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = map(int, quota.read_text("ascii").split())
    except (OSError, ValueError):  # there is no such file, or no limit
        return cpus
    return max(1, min(cpus, math.ceil(allowed / period)))
