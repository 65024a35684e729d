"""Ctrl-C, SIGTERM and SIGHUP: the program ends quietly, and its exit code is 128 and the number of the signal.

While it starts, nothing is at stake, so it ends at once. A command is ended by :class:`Stopped`, so that it removes
its temporary files; a second signal ends it at once.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rnncli import system

# Seconds. Signals that are no further apart are one request: GNU timeout sends its signal twice.
TOGETHER = 0.2
# Seconds until Stopped is raised again where it was raised in a destructor, which it cannot leave.
AGAIN = 0.01


class Stopped(BaseException):
    """A signal asked the program to end. Since it is no ``Exception``, no command catches it by mistake."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


Handler = Callable[[int], None]

received = 0  # the signal that has ended the command; 0 if there is none
_handlers: list[Handler] = []  # the last one is used; without any, the program ends at once
_latest = -TOGETHER


def install() -> None:
    """Receive the signals from now on; one that is ignored, as SIGHUP is by ``nohup``, stays ignored."""
    for number in system.ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _receive)
    sys.unraisablehook = _raise_again
    sys.excepthook = _print


def _receive(number: int, _: object) -> None:
    global _latest
    now = time.monotonic()
    if now - _latest < TOGETHER:
        return
    _latest = now
    if received or not _handlers:
        os._exit(128 + number)
    _handlers[-1](number)


def stop(number: int) -> None:
    """Raise :class:`Stopped`; the next signal ends the program at once."""
    global received
    received = number
    raise Stopped(number)


@contextmanager
def handled_by(handler: Handler) -> Iterator[None]:
    """Call a function with the number of each signal while the block runs.

    It may raise :class:`Stopped` by :func:`stop`, or return, so that the block goes on.
    """
    _handlers.append(handler)
    try:
        yield
    finally:
        _handlers.remove(handler)


class Stop:
    """A request to stop that waits, if there is something to save: the first signal is noted, the second ends."""

    def __init__(self) -> None:
        self.signal = 0  # the last one; 0 if there was none
        self.can_wait = False  # whether there is something to save

    @property
    def exit_code(self) -> int:
        """The exit code of a program that was stopped by the signal."""
        return 128 + (self.signal or signal.SIGINT)

    def handle(self, number: int) -> None:
        """Note a signal, or end the command by :func:`stop`."""
        is_first = not self.signal
        self.signal = number
        if not (is_first and self.can_wait):
            stop(number)


def _print(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Print an error, but not a :class:`Stopped`: C code that cannot import a module prints why."""
    if not issubclass(kind, Stopped):
        sys.__excepthook__(kind, error, traceback)


def _raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
    if not isinstance(unraisable.exc_value, Stopped):
        sys.__unraisablehook__(unraisable)
        return
    system.soon(AGAIN, lambda: stop(received))
