"""What takes its time and is not labelling, in threads of its own: so many at once, so many that wait."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rnncli.errors import RnncliError
from rnncli.inspect.progress import Progress
from rnncli.serving.exchange import RefusedError, busy
from rnncli.serving.settings import Limits

T = TypeVar("T")


class _DroppedError(Exception):
    """Nobody waits for the result any longer."""


class Work:
    """Runs functions in threads; :meth:`do` is called in the thread of an event loop."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.seconds
        self._pool = ThreadPoolExecutor(limits.running, "rnncli inspects")
        self._places = threading.Semaphore(limits.computing)
        self._is_stopped = False

    def stop(self) -> None:
        """Begin nothing any more, and end what reports its progress."""
        self._is_stopped = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def do(self, function: Callable[[Progress], T]) -> T:
        """The result of a function, which is given a progress to report to; this ends it if nobody waits.

        Raises :class:`.RefusedError`: 503 if too many wait, 504 if it takes too long, and those of the function.
        """
        if self._is_stopped:
            raise busy("the service stops")
        if not self._places.acquire(blocking=False):
            raise busy("too many inspections wait")
        is_dropped = threading.Event()

        def progress(done: float, what: str) -> None:
            if is_dropped.is_set() or self._is_stopped:
                raise _DroppedError

        def run() -> T:
            progress(0, "")
            return function(progress)

        future: Future[T] = self._pool.submit(run)
        future.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise RefusedError(
                504, f"no result within {self._seconds:g} seconds", hint="give a shorter text"
            ) from None
        except RnncliError as error:
            raise RefusedError.of(error) from error
        except _DroppedError:
            raise busy("the service stops") from None
        finally:
            is_dropped.set()
