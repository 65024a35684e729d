"""How much memory there is, and a refusal of what cannot fit before any of it is taken.

Estimates count only what is certainly taken at the same time, so that nothing is refused that would work.
"""

import math
from pathlib import Path

from rnncli.control_groups import ROOT, folders, read
from rnncli.errors import UsageError

# By the controller of control groups, "" for version 2: the file of the limit, and the line of memory.stat with the
# bytes that cannot be given back, as the cached contents of files can.
_GROUPS = {"": ("memory.max", "anon"), "memory": ("memory.limit_in_bytes", "total_rss")}
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def check(needed: int, what: str, hint: str) -> None:
    """Refuse what takes more memory than there is.

    needed  bytes
    what    takes them: the subject of the message
    hint    which options to lower
    """
    free = available()
    if needed > free:
        message = f"{what} would take at least {size(needed)} of memory, and {size(int(free))} are available"
        raise UsageError(message, hint=hint)


def check_address_space(needed: int, what: str) -> None:
    """Refuse what the limit of the address space would end without a clear error; see :func:`check`."""
    free = left_by_address_space()
    if needed > free:
        message = f"{what} takes {size(needed)} of addresses, and the limit leaves {size(max(0, int(free)))}"
        raise UsageError(message, hint="raise the limit: ulimit -v unlimited")


def available(root: Path = ROOT) -> float:
    """Bytes that this process can still take; infinite where the system does not say.

    It is the least of what the machine has, what the limits of control groups leave, which containers have, and
    what the limit of the address space leaves (``ulimit -v``).

    root  the folder with ``proc`` and ``sys``
    """
    meminfo = _numbers(root / "proc/meminfo")
    swap = 1024 * meminfo.get("SwapFree:", 0)
    free = 1024 * meminfo["MemAvailable:"] if "MemAvailable:" in meminfo else math.inf
    return max(0.0, min(min(free, _left_by_groups(root)) + swap, left_by_address_space(root)))


def size(count: int) -> str:
    """A number of bytes with a unit: ``1.64 GB``."""
    power = min(len(_UNITS) - 1, max(0, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:.4g} {_UNITS[power]}" if count < 10**21 else f"1,000 {_UNITS[-1]}"


def _left_by_groups(root: Path) -> float:
    """What the limits of this process's control groups and of those above them leave."""
    left = math.inf
    for controller, (limit, used) in _GROUPS.items():
        for folder in folders(controller, root):
            text = read(folder / limit).strip()
            if text.isdecimal():  # else there is no such file, or "max"
                left = min(left, int(text) - _numbers(folder / "memory.stat").get(used, 0))
    return left


def left_by_address_space(root: Path = ROOT) -> float:
    """Bytes that the limit of the address space leaves (``ulimit -v``); infinite without a limit."""
    try:
        import resource
    except ImportError:  # on Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return math.inf
    pages = read(root / "proc/self/statm").split(" ")[0]
    return limit - (int(pages) * resource.getpagesize() if pages.isdecimal() else 0)


def _numbers(path: Path) -> dict[str, int]:
    """The lines of a file of a word and a number."""
    rows = [line.split() for line in read(path).splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
