"""A file that is watched while it is read: how far it is, and when its writer lets us wait."""

import io
import os
from collections.abc import Callable
from typing import BinaryIO

from rnncli import system


def _nothing() -> None:
    pass


def _ignore(share: float) -> None:
    pass


class Watch:
    """What is known of a file while it is read.

    before_wait  called when a pipe or a terminal has nothing to read at the moment. A program at its other end may
                 wait for the answer to a line before it writes the next.
    after_read   called with the share that was read after each part of a file
    """

    def __init__(
        self, before_wait: Callable[[], None] = _nothing, after_read: Callable[[float], None] = _ignore
    ) -> None:
        self.before_wait = before_wait
        self.after_read = after_read
        self.size = 0  # bytes; 0 if it is not known
        self.bytes_read = 0

    @property
    def share(self) -> float:
        """The share that was read, from 0 to 1; 0 if the size is not known."""
        return min(1.0, self.bytes_read / self.size) if self.size else 0.0


class _Watched(io.RawIOBase):
    def __init__(self, file: BinaryIO, watch: Watch) -> None:
        self._file = file
        self._watch = watch
        self._read: Callable[[int], bytes] = getattr(file, "read1", file.read)
        try:
            watch.size = os.fstat(file.fileno()).st_size
            self._can_wait = True
        except (OSError, AttributeError):  # not a file of the system
            self._can_wait = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self._can_wait and not system.is_readable(self._file, 0):
            self._watch.before_wait()
        data = self._read(len(buffer))
        self._watch.bytes_read += len(data)
        self._watch.after_read(self._watch.share)
        buffer[: len(data)] = data
        return len(data)


def watched(file: BinaryIO, watch: Watch | None) -> BinaryIO:
    """The same file, watched if there is a watch."""
    if watch is None:
        return file
    return io.BufferedReader(_Watched(file, watch), 2**16)  # type: ignore[type-var]
