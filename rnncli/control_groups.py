"""Control groups of Linux, which limit what a container may use: the folders with the limits of this process."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")  # the folder with ``proc`` and ``sys``


def folders(controller: str, root: Path = ROOT) -> Iterator[Path]:
    """Yield the folders of this process's groups and of all groups above them, which limit it too.

    controller  that of version 1, such as "cpu"; "" for version 2, where a group has one folder for all
    """
    top = root / "sys/fs/cgroup" / controller
    groups = {top}
    for line in read(root / "proc/self/cgroup").splitlines():
        controllers, _, name = line.partition(":")[2].partition(":")
        if controller in controllers.split(","):
            # In a container the top folder may be the group itself, and the name that of the machine outside.
            group = top / name.lstrip("/")
            groups.update(path for path in (group, *group.parents) if path.is_relative_to(top))
    yield from groups


def read(path: Path) -> str:
    """The content of a file of the system; "" if there is none."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
