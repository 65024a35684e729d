"""Requests of all connections, labelled together by one thread.

The first request that comes while nothing is labelled waits a few milliseconds for others. While a batch is
labelled, the next requests collect. A request that nobody waits for any longer is left out.
"""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from rnncli.data.sentence import Extra, Sentence
from rnncli.errors import RnncliError
from rnncli.serving.exchange import RefusedError, busy
from rnncli.serving.metrics import Metrics
from rnncli.serving.models import EVERY, Models, Served
from rnncli.serving.settings import Limits
from rnncli.tagging import Tagged

PATIENCE = 0.05  # seconds that a request waits before it is watched whether its client leaves

Input = str | list[str]  # a text, or the tokens of a sentence
_Result = list[Tagged] | Exception


class _Job:
    """A request that waits: what to label, and the future of its result."""

    def __init__(self, served: Served, inputs: Sequence[Input], nbest: int, future: asyncio.Future[list[Tagged]]):
        self.served = served
        self.inputs = inputs
        self.nbest = nbest
        self.future = future
        self.is_dropped = False


class _Ready(NamedTuple):
    """A request whose texts are cut into tokens."""

    job: _Job
    sentences: list[Sentence]
    tokens: int


class Batcher:
    """Labels the requests that are given to :meth:`label`, which is called in the thread of an event loop."""

    def __init__(self, models: Models, limits: Limits, metrics: Metrics) -> None:
        self.waiting = 0  # requests that are accepted and not yet labelled
        self._waiting_bytes = 0
        self._models = models
        self._limits = limits
        self._metrics = metrics
        self._jobs: deque[_Job] = deque()  # that no batch has taken
        self._timer: asyncio.TimerHandle | None = None  # takes a batch when the time of collecting is over
        self._is_labelling = False
        self._batches: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()  # None ends the thread
        self._thread = threading.Thread(target=self._run, name="rnncli labels", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def start(self) -> None:
        """Start the thread that labels."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Label what was accepted, and end the thread."""
        self._is_closed = True
        while self._jobs or self._is_labelling:
            await asyncio.sleep(0.005)
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    async def label(
        self,
        served: Served,
        inputs: Sequence[Input],
        nbest: int,
        size: int,
        gone: Callable[[], Awaitable[None]],
    ) -> list[Tagged]:
        """Label texts or sentences of tokens, and return the results in order.

        nbest  how many labellings of each sentence
        size   bytes of the request
        gone   ends when the client has left

        Raises :class:`.RefusedError`: 503 if too many requests wait, 504 if it takes too long, 413 for too many
        tokens. Raises ConnectionResetError if the client leaves before they are labelled.
        """
        limits = self._limits
        if self._is_closed or not self._loop:
            raise busy("the service stops")
        if self.waiting >= limits.waiting or self._waiting_bytes + size > limits.waiting_bytes:
            raise busy("too many requests wait")
        job = _Job(served, inputs, nbest, self._loop.create_future())
        self.waiting += 1
        self._waiting_bytes += size
        self._jobs.append(job)
        if not (self._is_labelling or self._timer):
            self._timer = self._loop.call_later(limits.collect, self._begin)
        try:
            # Nearly all are labelled soon, so that no task has to watch their clients.
            await asyncio.wait((job.future,), timeout=min(PATIENCE, limits.seconds))
            if not job.future.done():
                await self._wait(job.future, limits.seconds - PATIENCE, gone)
            return job.future.result()
        finally:
            job.is_dropped = True
            job.future.cancel()
            self.waiting -= 1
            self._waiting_bytes -= size

    async def _wait(
        self, future: asyncio.Future[list[Tagged]], seconds: float, gone: Callable[[], Awaitable[None]]
    ) -> None:
        """Wait for a result; an error if the client leaves, or if there is none after so many seconds."""
        leaving = asyncio.ensure_future(gone())
        try:
            await asyncio.wait((future, leaving), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not future.done():
            if leaving.done():
                raise ConnectionResetError
            hint = "send fewer texts in a request"
            raise RefusedError(504, f"no result within {self._limits.seconds:g} seconds", hint=hint)

    def _begin(self) -> None:
        """Give the requests that wait to the thread, but not many more than are enough for a batch."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        batch = []
        size = 0
        while self._jobs and size < self._limits.batch:
            batch.append(self._jobs.popleft())
            size += len(batch[-1].inputs)
        self._is_labelling = bool(batch)
        if batch:
            self._batches.put(batch)

    def _run(self) -> None:
        # The page and its first request come while the kernels are loaded; only labels wait for them.
        for served in (*self._models, *self._models.lessons):
            if not self._is_closed:
                served.prepare()
        while True:
            try:
                batch = self._batches.get(timeout=EVERY)
            except queue.Empty:
                self._models.refresh()
                continue
            if batch is None:
                return
            self._models.refresh()
            try:
                self._label(batch)
            except Exception as error:  # the next requests are labelled, whatever it was
                self._deliver([(job, error) for job in batch])
            self._call(self._begin)

    def _label(self, jobs: list[_Job]) -> None:
        """Label requests, those for one model and one number of labellings together."""
        groups: dict[tuple[Served, int], list[_Ready]] = {}
        dropped = 0
        for job in jobs:
            if job.is_dropped:
                dropped += 1
                continue
            try:
                ready = self._cut(job)
            except Exception as error:
                self._deliver([(job, error)])
            else:
                groups.setdefault((job.served, job.nbest), []).append(ready)
        if dropped:
            self._call(self._count, dropped, 0, 0)
        for group in groups.values():
            self._deliver(self._results(group))

    def _cut(self, job: _Job) -> _Ready:
        """Cut the texts of a request into tokens, and count these."""
        model = job.served.model
        sentences = []
        total = 0
        most = self._limits.tokens // max(1, job.nbest)
        times = f", each counted {job.nbest:,} times" if job.nbest > 1 else ""
        hint = "send fewer texts in a request"
        too_many = RefusedError(413, f"there are more than {self._limits.tokens:,} tokens{times}", hint=hint)
        for item in job.inputs:
            if isinstance(item, str):
                if total + len(item.split()) > most:  # no text that is much too long is cut
                    raise too_many
                cut = model.tokenize(item)
                tokens = [token.text for token in cut]
                extra = Extra(text=item, starts=[token.start for token in cut])
            else:
                tokens = item
                extra = Extra()
            sentences.append(Sentence(tokens, [], [()] * len(tokens), 1, extra))
            total += len(tokens)
            if total > most:
                raise too_many
        return _Ready(job, sentences, total)

    def _results(self, group: list[_Ready]) -> list[tuple[_Job, _Result]]:
        """Label requests together; if there is an error, one after the other, to find whose it is."""
        first = group[0].job
        tagger = first.served.tagger
        tagger.nbest = first.nbest
        try:
            tagged = iter(list(tagger.stream_sentences(s for ready in group for s in ready.sentences)))
        except Exception as error:
            if len(group) == 1:
                return [(first, error)]
            return [result for ready in group for result in self._results([ready])]
        results: list[tuple[_Job, _Result]] = [(r.job, [next(tagged) for _ in r.sentences]) for r in group]
        tokens = sum(ready.tokens for ready in group)
        self._call(self._count, 0, sum(len(ready.sentences) for ready in group), tokens)
        return results

    def _count(self, dropped: int, sentences: int, tokens: int) -> None:
        self._metrics.dropped += dropped
        self._metrics.batches += sentences > 0
        self._metrics.sentences += sentences
        self._metrics.tokens += tokens

    def _deliver(self, results: list[tuple[_Job, _Result]]) -> None:
        self._call(_set_results, results)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Call a function in the thread of the event loop."""
        assert self._loop
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._loop.call_soon_threadsafe(function, *arguments)


def _set_results(results: list[tuple[_Job, _Result]]) -> None:
    for job, result in results:
        if job.future.done():
            continue
        if not isinstance(result, Exception):
            job.future.set_result(result)
        elif isinstance(result, RnncliError):
            job.future.set_exception(RefusedError.of(result))
        else:
            job.future.set_exception(result)
