"""The signals that stop a training: the first waits for a state that can be saved, the second does not."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rnncli.errors import HUNG_UP, INTERRUPTED, TERMINATED

# Exit codes by the names of signals; SIGHUP is missing on Windows.
EXIT_CODES = {"SIGINT": INTERRUPTED, "SIGTERM": TERMINATED, "SIGHUP": HUNG_UP}


class Stop:
    """A request to stop."""

    def __init__(self) -> None:
        self.signal: str | None = None  # the name of the last signal
        self.can_wait = False  # whether there is something to save, for which the first signal waits

    @property
    def exit_code(self) -> int:
        """The exit code of a program that was stopped by the signal."""
        return EXIT_CODES[self.signal or "SIGINT"]

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Note the first signal; stop at once if there is nothing to wait for, and at the second."""
        is_first = self.signal is None
        self.signal = signal.Signals(number).name
        if not (is_first and self.can_wait):
            raise KeyboardInterrupt


@contextmanager
def stopping() -> Iterator[Stop]:
    """Handle the signals while the block runs, except those that the caller of the program has switched off."""
    stop = Stop()
    before = {}
    for name in EXIT_CODES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as nohup does
            before[number] = signal.signal(number, stop.handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
