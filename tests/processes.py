"""Programs that tests start, and the processes that those start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TESTS = Path(__file__).parent
PATH = os.pathsep.join(map(str, [TESTS.parent, TESTS]))  # so that a program imports this package and these files


@contextmanager
def program(*command: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start Python with a command, as the first of a group of processes, and end all of them with the block."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": PATH} | environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):  # without waiting for others that have them open
            if pipe:
                pipe.close()


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    below = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(_fields(path)[1]) == pid:
                below += [int(path.parent.name), *children(int(path.parent.name))]
    return below


def runs(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return _fields(Path(f"/proc/{pid}/stat"))[0] not in "ZX"
    except OSError:
        return False


def _fields(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").rpartition(")")[2].split()


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is true."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
