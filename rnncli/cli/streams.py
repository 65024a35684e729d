"""stdin, stdout and stderr: all that is read from them or written to them comes through here.

Results are written whole, or the program ends with an error. Notes that cannot be written are dropped. A stream
that does not wait by itself, because another program has set it so (O_NONBLOCK), is waited for.
"""

import errno
import io
import os
import select
import stat
import sys
from contextlib import suppress
from typing import Any

from rnncli.errors import FileError

# Seconds that a note waits for the reader of a full pipe. After that, notes that do not fit are dropped at once.
PATIENCE = 10.0
# Seconds that results wait for such a reader when the program was asked to end.
AT_THE_END = 1.0


class ReaderLeftError(Exception):
    """Nobody reads stdout any more, as after ``| head -1``. It is not an OSError, which libraries would handle."""


class _Input(io.FileIO):
    """stdin."""

    def readinto(self, buffer: Any) -> int:
        while (count := super().readinto(buffer)) is None:
            select.select([self], [], [])
        return count


class _Output(io.FileIO):
    """A stream that is written, until it fails once.

    patience    seconds to wait for the reader of a full pipe; ``None`` for as long as it takes
    is_writing  whether it is not known how much was written, because a signal came just then
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)
        self.patience: float | None = None
        self.is_over = False
        self.is_writing = False

    def _put(self, data: Any) -> int:
        """Write the first part of some data, when the stream is ready; returns how many bytes that were."""
        data = data[: select.PIPE_BUF]  # a pipe that is ready takes so much at once
        count = None
        while count is None:
            if not select.select([], [self], [], self.patience)[1]:
                raise TimeoutError
            self.is_writing = True
            count = super().write(data)
            self.is_writing = False
        return count


class _Results(_Output):
    """stdout: what cannot be written is an error, once."""

    def write(self, data: Any) -> int:
        if self.is_over:
            return len(data)
        try:
            return self._put(data)
        except BrokenPipeError as error:
            self.is_over = True
            raise ReaderLeftError from error
        except OSError as error:
            self.is_over = True
            if error.errno == errno.EBADF:
                raise FileError("it is closed", where="stdout") from error
            hint = "what was written is not whole"
            raise FileError(error.strerror or "its reader does not read", where="stdout", hint=hint) from error


class _Notes(_Output):
    """stderr: what cannot be written is dropped."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        mode = os.fstat(number).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):  # a terminal may be held by Ctrl-S
            self.patience = PATIENCE

    def write(self, data: Any) -> int:
        if not self.is_over:
            try:
                return self._put(data)
            except TimeoutError:
                self.patience = 0.0
            except OSError:
                self.is_over = True
        return len(data)


def open_all() -> None:
    """Make the streams of the process those of this file. Text is UTF-8, whatever the locale.

    One that was closed is opened, so that no other file gets its number: stdin is empty then, and writing to stdout
    is an error.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    results = _Results(1)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(_Input(0, closefd=False)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(results), "utf-8", line_buffering=results.isatty())
    notes = io.BufferedWriter(_Notes(2))
    sys.stderr = io.TextIOWrapper(notes, "utf-8", "backslashreplace", line_buffering=True)


def finish(is_stopped: bool = False) -> None:
    """Write what waits for stdout after an error; after a signal only what its reader takes at once."""
    results = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if is_stopped and isinstance(results, _Results):
        results.patience = AT_THE_END
        results.is_over = results.is_over or results.is_writing
    with suppress(FileError, ReaderLeftError):
        sys.stdout.flush()
