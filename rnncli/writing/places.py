"""What the name of an output leads to: a file to be replaced, or a stream to be written as it is."""

import errno
import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from rnncli import system

_MOST_LINKS = 40  # as in Linux
# Devices that take anything. Other devices are not for results.
_SINKS = ("/dev/null", "/dev/zero", "/dev/full")
_TERMINALS = re.compile(r"/dev/(tty.*|pts/\d+|console)")


class Place(NamedTuple):
    """Where an output is written.

    path        the file itself, no symbolic link to it
    descriptor  of a stream that is open already, such as /dev/stdout or /dev/fd/3; the stream goes on after this
    status      of what is there; ``None`` if there is nothing
    """

    path: Path
    descriptor: int | None
    status: os.stat_result | None

    @property
    def is_stream(self) -> bool:
        """Whether it is written as it is: a pipe, a device, and whatever is open already."""
        return self.descriptor is not None or (self.status is not None and not stat.S_ISREG(self.status.st_mode))

    @property
    def is_folder(self) -> bool:
        """Whether there is a directory."""
        return self.status is not None and stat.S_ISDIR(self.status.st_mode)

    def problem(self, is_binary: bool) -> str:
        """Why this stream cannot take results; "" if it can."""
        assert self.status
        kind = self.status.st_mode
        if is_binary and _is_terminal(self):
            return "is a terminal, which cannot show it"
        if self.descriptor is not None:
            return "is not open for writing" if system.is_for_reading(self.descriptor) else ""
        if stat.S_ISBLK(kind):
            return "is a disk, not a file"
        if stat.S_ISSOCK(kind):
            return "is a socket, not a file"
        if not stat.S_ISCHR(kind) or _is_terminal(self):
            return ""
        sinks = [os.stat(name).st_rdev for name in _SINKS if os.path.exists(name)]  # noqa: PTH110, PTH116
        return "" if self.status.st_rdev in sinks else "is a device, not a file"


def find(path: str | Path) -> Place:
    """Find out where a path leads; ``-`` is stdout. Raise ``OSError`` if that cannot be known."""
    name, descriptor = ("-", 1) if str(path) == "-" else _follow(os.fspath(path))
    if descriptor is not None:
        return Place(Path(name), descriptor, os.fstat(descriptor))
    try:
        status = os.stat(name)  # noqa: PTH116
    except FileNotFoundError:
        status = None
    return Place(Path(name).absolute(), None, status)


def _follow(name: str) -> tuple[str, int | None]:
    """Follow symbolic links to the name of a file, or to the number of an open one, such as /dev/stdout."""
    descriptors = (f"/proc/{os.getpid()}/fd", "/dev/fd")
    for _ in range(_MOST_LINKS):
        folder, last = os.path.split(name)
        if last.isdecimal() and os.path.realpath(folder) in descriptors:
            return name, int(last)
        try:
            link = os.readlink(name)  # noqa: PTH115
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # no link, or nothing
                return name, None
            raise
        name = os.path.join(folder, link)  # noqa: PTH118
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _is_terminal(place: Place) -> bool:
    if place.descriptor is not None:
        return os.isatty(place.descriptor)
    return bool(_TERMINALS.fullmatch(os.path.realpath(place.path)))


def is_mount_point(path: Path) -> bool:
    """Tell whether a file is mounted by itself, as files of containers can be."""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return False
    name = re.sub(rb"[ \t\n\\]", lambda match: b"\\%03o" % match[0][0], os.fsencode(os.path.realpath(path)))
    return any(line.split(b" ")[4] == name for line in mounts)
