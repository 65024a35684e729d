"""Writes a file whole or not at all: under a temporary name beside it, synced to disk, and then renamed."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from rnncli import system
from rnncli.errors import FileError
from rnncli.writing import temporary
from rnncli.writing.places import Place, find
from rnncli.writing.streams import buffered, opened

T = TypeVar("T")
# Errors of disks and networks that may be gone a moment later.
_PASSING = {errno.EIO, errno.EINTR, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT}
_PAUSE = 0.2  # seconds before a second attempt
# What a file system answers that does not have a call, and a system that does not allow it.
_UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}
_NOT_ALLOWED = {errno.EPERM, *_UNSUPPORTED}
_COPIED = ("user.", "system.posix_acl_access")  # beginnings of the extended attributes that a new file takes over


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all."""
    write(path, memoryview(text.encode("utf-8")))


def write(path: Path, content: memoryview) -> None:
    """Write bytes, whole or not at all, by :func:`twice`."""

    def call(path: Path) -> None:
        with writing(path) as file:
            file.write(content)

    twice(path, call)


def twice(path: Path, write: Callable[[Path], T]) -> T:
    """Call ``write(path)``, and once more after an error that may pass; a stream has taken a part, so not that."""
    try:
        return write(path)
    except FileError as error:
        cause = error.__cause__
        if not isinstance(cause, OSError) or cause.errno not in _PASSING or is_stream(path):
            raise
        time.sleep(_PAUSE)
        return write(path)


def is_stream(path: Path) -> bool:
    """Tell whether a path leads to what is written as it is, such as a pipe; ``-`` is stdout."""
    try:
        return find(path).is_stream
    except OSError:
        return False


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that gets its name when the block ends; after an error there is none, or the old one.

    Through a symbolic link its target is replaced, and the link stays. The new file has the permissions, and where
    possible the owner, of the old one. Missing folders are made. What is no regular file, as a pipe or /dev/stdout,
    is written at once. The file object cannot seek. ``-`` is stdout.

    What the system refuses becomes a :class:`.FileError`; a reader that closes a pipe is a ``BrokenPipeError``.
    """
    try:
        place = find(path)
        with opened(place) if place.is_stream else _replacing(place) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"could not be written: {error.strerror or error}", where=str(path)) from error


@contextmanager
def _replacing(place: Place) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces the file of a place when the block ends without an exception."""
    folder = place.path.parent
    new = temporary.new_path(folder)  # known before it is made, so that it is removed whenever an exception comes
    with made(folder):
        try:
            temporary.remove_leftovers(folder)
            # The system gives a new file its permissions. One that replaces another is private until it has those.
            mode = 0o600 if place.status else 0o666
            number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.BINARY, mode)
            with buffered(number) as file:
                yield file
                file.flush()
                if place.status:
                    _take_over(number, place.path, place.status)
                _sync(number)
            new.replace(place.path)
            sync_folder(folder)
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)


def nearest_folder(path: Path) -> Path:
    """The folder of a file, or, if that is still to be made, the nearest one above it that exists."""
    return next(folder for folder in path.parents if folder.exists())


def try_to_write(folder: Path) -> None:
    """Make a temporary file and remove it; raise ``OSError`` if that is not possible."""
    temporary.remove_leftovers(folder)
    new = temporary.new_path(folder)
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.BINARY, 0o600))
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


@contextmanager
def made(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; those that are still empty after an exception are removed."""
    new: list[Path] = []
    try:
        for path in reversed([folder, *folder.parents]):
            if not path.exists():
                new.append(path)
                path.mkdir(exist_ok=True)
                sync_folder(path.parent)
        yield
    except BaseException:
        for path in reversed(new):
            with suppress(OSError):
                path.rmdir()
        raise


def _take_over(number: int, path: Path, old: os.stat_result) -> None:
    """Give a new file the owner, the group, the attributes and the permissions of an old one, as far as allowed."""
    new = os.fstat(number)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with _passing_over(_NOT_ALLOWED):
            system.give(number, group=old.st_gid)
        with _passing_over(_NOT_ALLOWED):
            system.give(number, user=old.st_uid)
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(path):
                if name.startswith(_COPIED):
                    os.setxattr(number, name, os.getxattr(path, name))
    mode = old.st_mode & 0o777
    if os.fstat(number).st_gid != old.st_gid:  # another group may do no more than everybody
        mode = mode & ~0o070 | (mode & 0o007) << 3
    with _passing_over(_NOT_ALLOWED):
        system.permit(number, mode)


@contextmanager
def _passing_over(numbers: set[int]) -> Iterator[None]:
    """Pass over errors of the system with these numbers."""
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise


def _sync(number: int) -> None:
    with _passing_over(_UNSUPPORTED):
        os.fsync(number)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last, where the system can do that."""
    try:
        number = os.open(folder, os.O_RDONLY | system.BINARY)
    except PermissionError:  # a folder that may be written and not listed
        return
    try:
        _sync(number)
    finally:
        os.close(number)
