"""Adds whole lines to the end of a file, such as a log of what is done."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rnncli import system
from rnncli.errors import FileError
from rnncli.writing.files import made, sync_folder

_BLOCK = 2**16  # bytes that are read at once


@contextmanager
def appending(path: Path) -> Iterator[Callable[[str], None]]:
    """Open a file, and yield a function that adds a line to it and returns when the line is on the disk.

    A line that a killed process has begun is removed first. A line that cannot be written whole is removed too, and
    is a :class:`.FileError`. Only one process may do this at a time: see :func:`.lock`.
    """
    number = -1

    def add(line: str) -> None:
        end = os.fstat(number).st_size
        data = memoryview(line.encode("utf-8") + b"\n")
        try:
            while data:
                data = data[os.write(number, data) :]
            os.fsync(number)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(number, end)
            raise FileError(f"could not be written: {error.strerror or error}", where=str(path)) from error

    try:
        with made(path.parent):
            number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | system.BINARY, 0o666)
            os.ftruncate(number, _end_of_lines(number))
            sync_folder(path.parent)
    except OSError as error:
        if number >= 0:
            os.close(number)
        raise FileError(f"could not be written: {error.strerror or error}", where=str(path)) from error
    try:
        yield add
    finally:
        os.close(number)


def _end_of_lines(number: int) -> int:
    """The position after the last line that is whole."""
    end = os.fstat(number).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(number, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
