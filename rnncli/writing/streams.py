"""Writes to open files of the system: short writes, full pipes, FIFOs that nobody reads yet."""

import errno
import io
import logging
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from rnncli import system
from rnncli.writing.places import Place

_log = logging.getLogger("rnncli")
_PAUSE = 0.05  # seconds between two attempts to open a FIFO
_LONGEST = 20.0  # seconds that a reader of a FIFO is waited for


class _Descriptor(io.RawIOBase):
    """An open file of the system; after :meth:`give_up`, nothing more is written to it."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._is_given_up = False

    def fileno(self) -> int:
        return self._number

    def writable(self) -> bool:
        return True

    def give_up(self) -> None:
        self._is_given_up = True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        if self._is_given_up:
            return len(data)
        while True:
            try:
                return os.write(self._number, data)
            except InterruptedError:
                pass
            except BlockingIOError:  # a full pipe that another program has set so that it does not wait
                system.is_writable(self._number)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._number)


@contextmanager
def buffered(number: int) -> Iterator[BinaryIO]:
    """A buffered file object for a descriptor, which is closed at the end; after an exception without a flush."""
    raw = _Descriptor(number)
    file = io.BufferedWriter(raw)  # type: ignore[type-var]
    try:
        yield file
        file.flush()
    except BaseException:
        raw.give_up()
        raise
    finally:
        file.close()


@contextmanager
def opened(place: Place) -> Iterator[BinaryIO]:
    """Open a stream for writing; what is open already goes on where it is."""
    with buffered(_open(place) if place.descriptor is None else os.dup(place.descriptor)) as file:
        yield file


def _open(place: Place) -> int:
    """Open a pipe or a device. For a while it waits for somebody to read a FIFO."""
    assert place.status
    flags = os.O_WRONLY | system.BINARY | system.WITHOUT_TERMINAL
    if not stat.S_ISFIFO(place.status.st_mode):
        return os.open(place.path, flags)
    began = time.monotonic()
    is_announced = False
    while True:
        try:
            number = os.open(place.path, flags | system.WITHOUT_WAITING)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() - began > _LONGEST:
                raise OSError(errno.ENXIO, f"no program has read it for {_LONGEST:.0f} s") from error
            if not is_announced:
                _log.info(f"waiting for a program that reads {place.path} …")
                is_announced = True
            time.sleep(_PAUSE)
        else:
            os.set_blocking(number, True)
            return number
