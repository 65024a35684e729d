"""Reads hostile files within limits of memory and time: ``child.py KIND FOLDER``, in that folder; prints JSON."""

import json
import os
import resource
import sys
import time
from pathlib import Path

MEMORY = 2 << 30  # bytes of addresses; the libraries of the tests take a third
SECONDS = 300


def resident(field: str) -> int:
    """A field of this process's status in bytes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def forget_peak() -> None:
    """Set the largest resident size so far to the present one."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def limit(seconds: int = SECONDS) -> None:
    """Limit the memory and the processor time of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read all files of a folder."""
    kind, folder = sys.argv[1:]
    limit()
    from readers import outcome

    os.chdir(folder)
    rows = {}
    outcome(kind, Path("no such file"))  # loads the modules
    for path in sorted(Path().iterdir()):
        forget_peak()
        before = resident("VmRSS")
        began = time.perf_counter()
        result = outcome(kind, path)
        rows[path.name] = {
            "outcome": result,
            "bytes": resident("VmHWM") - before,
            "seconds": time.perf_counter() - began,
        }
    sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
