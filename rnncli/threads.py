"""How many threads to use: one meaning of ``threads`` for every command and function."""

import math
import os
from pathlib import Path

from rnncli.errors import UsageError


def count_threads(asked: int) -> int:
    """Return how many threads to start: as many as asked for, for 0 one for each available CPU, and never more.

    A thread that waits for another one reads memory all the time, so more threads than CPUs make a run slower.
    """
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 0:
        hint = "give a number from 0; 0 is one for each available CPU"
        raise UsageError(f"--threads: expected a whole number, got {asked!r}", hint=hint)
    available = available_cpus()
    return min(asked or available, available)


def available_cpus(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Count the CPUs that this process may use.

    quota  the file in which Linux tells a container which share of its CPUs' time it may use: microseconds in a
           period and the period, or ``max``; control groups, version 2
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        time, period = map(int, quota.read_text("ascii").split())
    except (OSError, ValueError):  # there is no such file, or no limit
        return cpus
    return max(1, min(cpus, math.ceil(time / period)))
