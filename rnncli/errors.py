"""Errors that a user can act on: what is wrong, where, and what to try. Each kind has its exit code.

0 done · 1 unexpected · 2 usage · 3 bad data · 4 bad model · 5 input/output · 6 diverged
129 hung up · 130 interrupted · 143 terminated
"""

from typing import Any

INTERRUPTED = 130


class RnncliError(Exception):
    """Base of all errors that rnncli raises on purpose; ``exit_code`` is that of the command line."""

    exit_code = 1
    trained: Any = None  # the :class:`.trained.Trained` that was saved before a training ended with this error

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class UsageError(RnncliError):
    """An option, a configuration key or an argument that is not valid."""

    exit_code = 2


class MissingLibraryError(UsageError):
    """A library that is needed for this, and not for other things, is not installed."""


class DataError(RnncliError):
    """Training or test data, or a text, that is not what its format says."""

    exit_code = 3


class ModelError(RnncliError):
    """A model file that is damaged, hostile, of a newer version or not a model at all."""

    exit_code = 4


class FileError(RnncliError):
    """The operating system refused to read or write: missing, no permission, disk full."""

    exit_code = 5


class DivergedError(RnncliError):
    """A loss, a gradient, a weight or a score of a training is not a finite number."""

    exit_code = 6


class StoppedError(RnncliError):
    """A training was asked to stop before it had anything to keep."""

    exit_code = INTERRUPTED
