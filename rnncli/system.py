"""What operating systems differ in: each difference is one function or constant here, and nothing else asks.

Linux is tested, and ``rnncli tag`` on Linux without what Windows lacks (tests/test_system.py).
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

# Flags of os.open. Windows alone has text files, others alone have the rest.
BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)
WITHOUT_TERMINAL = getattr(os, "O_NOCTTY", 0)
# Bytes that a pipe which is ready takes at once; 512 is the least of POSIX.
PIPE_BYTES = getattr(select, "PIPE_BUF", 512)
# Signals that ask a program to end.
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_CAN_ASK = hasattr(select, "PIPE_BUF")  # Windows asks sockets alone whether they are ready


def is_readable(file: Any, seconds: float | None = None) -> bool:
    """Wait until a file can be read without waiting; false if it cannot after so many seconds, or nobody knows."""
    return _CAN_ASK and bool(select.select([file], [], [], seconds)[0])


def is_writable(file: Any, seconds: float | None = None) -> bool:
    """Wait until a file can be written; false if it cannot after so many seconds."""
    return not _CAN_ASK or bool(select.select([], [file], [], seconds)[1])


def is_for_reading(descriptor: int) -> bool:
    """Tell whether an open file can be read alone; false where the system does not say."""
    try:
        import fcntl
    except ImportError:
        return False
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def is_running(pid: int) -> bool | None:
    """Tell whether a process of this machine runs; ``None`` where it cannot be asked without ending it."""
    if sys.platform == "win32":
        return None
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it belongs to another user
        pass
    return True


def give(descriptor: int, user: int = -1, group: int = -1) -> None:
    """Give an open file to a user or a group, where files have such."""
    if hasattr(os, "fchown"):
        os.fchown(descriptor, user, group)


def permit(descriptor: int, mode: int) -> None:
    """Set the permissions of an open file, where files have such."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)


def soon(seconds: float, call: Callable[[], object]) -> None:
    """Call a function from a signal after so many seconds; where there is no such signal, not at all."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: call())
        signal.setitimer(signal.ITIMER_REAL, seconds)
