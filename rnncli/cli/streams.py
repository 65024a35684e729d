"""stdin, stdout and stderr: all that is read from them or written to them comes through here.

Results are written whole, or the program ends with an error. Notes that cannot be written are dropped. A stream
that does not wait by itself, because another program has set it so (O_NONBLOCK), is waited for.
"""

import errno
import io
import os
import stat
import sys
from contextlib import suppress
from typing import Any

from rnncli import system
from rnncli.errors import FileError

# Seconds that a note waits for the reader of a full pipe. After that, notes that do not fit are dropped at once.
PATIENCE = 10.0
# Seconds that results wait for such a reader when the program was asked to end.
AT_THE_END = 1.0
BUFFER = 2**13  # bytes that are written together


class ReaderLeftError(Exception):
    """Nobody reads stdout any more, as after ``| head -1``. It is not an OSError, which libraries would handle."""


class _Input(io.FileIO):
    """stdin."""

    def readinto(self, buffer: Any) -> int:
        while (count := super().readinto(buffer)) is None:
            system.is_readable(self)
        return count


class _Output(io.BufferedIOBase):
    """A stream that is written, until it fails once. A signal loses nothing that waits to be written.

    patience    seconds to wait for the reader of a full pipe; ``None`` for as long as it takes
    is_writing  whether it is not known how much was written, because a signal came just then
    """

    def __init__(self, number: int) -> None:
        self._file = io.FileIO(number, "wb", closefd=False)
        self._waiting = bytearray()
        self.patience: float | None = None
        self.is_over = False
        self.is_writing = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def write(self, data: Any) -> int:
        self._waiting += data
        if len(self._waiting) >= BUFFER:
            self.flush()
        return len(data)

    def flush(self) -> None:
        try:
            while self._waiting and not self.is_over:
                self._put()
        except OSError as error:
            self._failed(error)
        self._waiting.clear()

    def _put(self) -> None:
        """Write the first part of what waits, when the stream is ready."""
        if not system.is_writable(self._file, self.patience):
            raise TimeoutError
        self.is_writing = True
        # A pipe that is ready takes so much without waiting, so that a signal does not come in the middle.
        count = self._file.write(self._waiting[: system.PIPE_BYTES])
        del self._waiting[: count or 0]
        self.is_writing = False

    def _failed(self, error: OSError) -> None:
        self.is_over = True


class _Results(_Output):
    """stdout: what cannot be written is an error, once."""

    def _failed(self, error: OSError) -> None:
        super()._failed(error)
        if isinstance(error, BrokenPipeError):
            raise ReaderLeftError from error
        if error.errno == errno.EBADF:
            raise FileError("it is closed", where="stdout") from error
        message = error.strerror or "its reader does not read"
        raise FileError(message, where="stdout", hint="what was written is not whole") from error


class _Notes(_Output):
    """stderr: what cannot be written is dropped."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        mode = os.fstat(number).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):  # a terminal may be held by Ctrl-S
            self.patience = PATIENCE

    def _failed(self, error: OSError) -> None:
        if isinstance(error, TimeoutError):
            self.patience = 0.0
        else:
            super()._failed(error)


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
    sys.stdout = io.TextIOWrapper(results, "utf-8", line_buffering=results.isatty())
    sys.stderr = io.TextIOWrapper(_Notes(2), "utf-8", "backslashreplace", line_buffering=True)


def finish(is_stopped: bool = False) -> None:
    """Write what waits for stdout after an error; after a signal only what its reader takes at once."""
    results = getattr(sys.stdout, "buffer", None)
    if is_stopped and isinstance(results, _Results):
        results.patience = AT_THE_END
        results.is_over = results.is_over or results.is_writing
    with suppress(FileError, ReaderLeftError):
        sys.stdout.flush()
