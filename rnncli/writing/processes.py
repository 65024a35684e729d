"""Which process made a file, and whether it still runs: for temporary files and locks."""

import hashlib
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rnncli import system


class Process(NamedTuple):
    """A process of any machine.

    machine  a name for a machine since its last start, or for a container on it, whose processes see each other
    start    when it began, as the system counts it; "" where that is not known. A number is used again and again.
    """

    machine: str
    pid: int
    start: str


def this_process() -> Process:
    """The process that runs this."""
    return Process(_machine(), os.getpid(), _start(os.getpid()))


def runs(process: Process) -> bool | None:
    """Tell whether a process still runs; ``None`` if nobody can tell, as of another machine."""
    if process.machine != _machine():
        return None
    is_running = system.is_running(process.pid)
    if not is_running:
        return is_running
    start = _start(process.pid)
    return start != _ENDED and (start == process.start or "" in (start, process.start))


_ENDED = "ended"


def _start(pid: int) -> str:
    """When a process began, in ticks since the start of the machine."""
    try:
        # The second field is the name of the program, in parentheses, and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return _ENDED if fields[0] in "ZX" else fields[19]  # a zombie has ended


def _machine() -> str:
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"))  # another one after every start
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 (containers do not see each other)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:12]
