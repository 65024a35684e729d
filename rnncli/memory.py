"""How much memory there is, and a refusal of what cannot fit before any of it is taken.

Estimates count only what is certainly taken at the same time, so that nothing is refused that would work.
"""

import math
from pathlib import Path

from rnncli.errors import UsageError

_ROOT = Path("/")
# Of the two versions of Linux control groups: the folder, the file of the limit, and the line of memory.stat with
# the bytes that cannot be given back, as the cached contents of files can.
_GROUPS = {
    "v2": ("sys/fs/cgroup", "memory.max", "anon"),
    "v1": ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "total_rss"),
}
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


def available(root: Path = _ROOT) -> float:
    """Bytes that this process can still take; infinite where the system does not say.

    It is the least of what the machine has, what the limits of control groups leave, which containers have, and
    what the limit of the address space leaves (``ulimit -v``).

    root  the folder with ``proc`` and ``sys``
    """
    meminfo = _numbers(root / "proc/meminfo")
    swap = 1024 * meminfo.get("SwapFree:", 0)
    free = 1024 * meminfo["MemAvailable:"] if "MemAvailable:" in meminfo else math.inf
    return max(0.0, min(min(free, _left_by_groups(root)) + swap, _left_by_address_space(root)))


def size(count: int) -> str:
    """A number of bytes with a unit: ``1.64 GB``."""
    power = min(len(_UNITS) - 1, max(0, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:.4g} {_UNITS[power]}" if count < 10**21 else f"1,000 {_UNITS[-1]}"


def _left_by_groups(root: Path) -> float:
    """What the limits of this process's control groups and of those above them leave."""
    left = math.inf
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        if controllers not in ("", "memory"):
            continue
        folder, limit, used = _GROUPS["v1" if controllers else "v2"]
        top = root / folder
        group = top / name.lstrip("/")
        # In a container the folder may be the group itself, and its name that of the machine outside.
        for path in {top, *(path for path in (group, *group.parents) if path.is_relative_to(top))}:
            text = "".join(_lines(path / limit))
            if text.isdecimal():  # else there is no such file, or "max"
                left = min(left, int(text) - _numbers(path / "memory.stat").get(used, 0))
    return left


def _left_by_address_space(root: Path) -> float:
    try:
        import resource
    except ImportError:  # on Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return math.inf
    pages = "".join(_lines(root / "proc/self/statm")).split(" ")[0]
    return limit - (int(pages) * resource.getpagesize() if pages.isdecimal() else 0)


def _numbers(path: Path) -> dict[str, int]:
    """The lines of a file of a word and a number."""
    rows = [line.split() for line in _lines(path)]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return []
