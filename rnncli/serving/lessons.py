"""The routes for trainings to watch, as streams of events: one network by epochs, or small ones side by side."""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rnncli.data.examples import BOOKING_PAIR
from rnncli.errors import RnncliError
from rnncli.lessons.architectures import NETWORKS, Trained, sample, side_by_side
from rnncli.lessons.form import FORM, TEXT, Chosen, chosen
from rnncli.serving.exchange import EVENTS, Answer, RefusedError, Request, Stream, as_json, busy, event
from rnncli.serving.models import TRAINED, Models
from rnncli.serving.routes import TEXT as STRING
from rnncli.serving.routes import Route
from rnncli.serving.schema import Schema
from rnncli.serving.settings import Settings
from rnncli.threads import count_threads

if TYPE_CHECKING:
    from rnncli.serving.service import Service

LOOK = 0.25  # seconds between two looks at what may end a training
PING = 10.0  # seconds of silence after which a comment shows that the connection is open
PATIENCE = 5.0  # seconds that a training waits for the end of one that was stopped

_HEADERS = (("X-Accel-Buffering", "no"),)  # a proxy is to pass events on at once: nginx
_log = logging.getLogger(__name__)

_TRAIN: Schema = {"type": "object", "additionalProperties": False, "properties": FORM}
_STOP: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {"id": {**STRING, "description": "That of the first event of the training."}},
}
_ARCHITECTURES: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "texts": {"type": "array", "items": TEXT, "minItems": 2, "maxItems": 2, "default": BOOKING_PAIR},
    },
}

Event = tuple[str, Any]


class Running:
    """A training in a thread of its own, whose events are read part by part.

    work   trains, and yields names and data of events
    ended  is called in the thread of the event loop when the training has ended
    """

    def __init__(self, work: "Callable[[Running], Iterator[Event]]", ended: Callable[[], None]) -> None:
        self.id = secrets.token_hex(8)
        self.stopped = threading.Event()  # ends the training
        self.is_left = False  # whether nobody reads the events any longer
        self.has_ended = asyncio.Event()
        self._work = work
        self._ended = ended
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()  # None is the end
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._run, name="rnncli trains", daemon=True).start()

    def leave(self) -> None:
        """End the training, as nobody reads its events any longer."""
        self.is_left = True
        self.stopped.set()

    def _run(self) -> None:
        try:
            for name, data in self._work(self):
                self._call(self._parts.put_nowait, event(name, data))
        except RnncliError as error:
            self._fail(error.message, error.hint)
        except Exception:
            _log.exception("a training failed")
            self._fail("the service failed to train", "its log says why")
        finally:
            self._call(self._end)

    def _fail(self, message: str, hint: str) -> None:
        self._call(self._parts.put_nowait, event("error", {"event": "error", "message": message, "hint": hint}))

    def _end(self) -> None:
        self._parts.put_nowait(None)
        self._ended()
        self.has_ended.set()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._loop.call_soon_threadsafe(function, *arguments)

    async def parts(self, service: "Service", request: Request) -> AsyncIterator[bytes]:
        """The events; ConnectionResetError if the client leaves. The training ends early if the service stops."""
        until = time.monotonic() + service.settings.limits.training
        last = time.monotonic()
        leaving = asyncio.ensure_future(request.gone())
        coming = asyncio.ensure_future(self._parts.get())
        try:
            while True:
                await asyncio.wait((leaving, coming), timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
                now = time.monotonic()
                if coming.done():
                    part = coming.result()
                    if part is None:
                        return
                    yield part
                    last = now
                    coming = asyncio.ensure_future(self._parts.get())
                elif leaving.done():
                    raise ConnectionResetError
                elif now >= last + PING:
                    yield b": ping\n\n"
                    last = now
                if service.is_stopping or now >= until:
                    self.stopped.set()
        finally:
            leaving.cancel()
            coming.cancel()


class Trainings:
    """The trainings of a service, of which one runs at a time, and what they have made."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._threads = settings.threads
        self._running: Running | None = None
        self._networks: dict[str, Trained] = {}  # side by side; only the thread of a training changes it

    async def begin(
        self, service: "Service", request: Request, work: Callable[[Running], Iterator[Event]]
    ) -> Stream:
        """The events of some work; a :class:`.RefusedError` with status 503 while another training runs."""
        if self._running and self._running.stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._running.has_ended.wait(), PATIENCE)
        if self._running:
            raise busy("another training runs")
        if service.is_stopping:
            raise busy("the service stops")
        running = Running(work, self._free)
        self._running = running
        return Stream(running.parts(service, request), running.leave, headers=_HEADERS)

    def _free(self) -> None:
        self._running = None

    def stop(self, name: str) -> None:
        """Stop the training of this identifier, whose best epoch is kept."""
        if self._running is None or not secrets.compare_digest(self._running.id.encode(), name.encode()):
            raise RefusedError(404, "no training with this id runs", "id", "it may have ended already")
        self._running.stopped.set()

    def train(self, choice: Chosen) -> Callable[[Running], Iterator[Event]]:
        """The work of one training, whose network becomes the model :data:`.TRAINED`."""

        def work(running: Running) -> Iterator[Event]:
            yield "id", {"id": running.id}
            from rnncli.lessons.live import LiveTraining  # which takes its time

            sentences, dev = sample()
            live = LiveTraining(
                choice.network,
                choice.settings,
                sentences[: choice.sentences],
                dev,
                choice.texts,
                count_threads(self._threads),
                running.stopped,
            )
            for happened in live.events():
                if happened["event"] == "end" and not running.is_left:
                    live.model.provenance["examples"] = choice.texts
                    self._models.add_lesson(TRAINED, live.model)
                    happened["model"] = TRAINED
                yield happened["event"], happened

        return work

    def side_by_side(self, texts: list[str]) -> Callable[[Running], Iterator[Event]]:
        """The work of training each network that is not trained yet; each becomes a model with its name."""

        def work(running: Running) -> Iterator[Event]:
            known = dict(self._networks)
            for network in known.values():
                yield "network", network.on(texts).as_dict()
            rest = {name: network for name, network in NETWORKS.items() if name not in known}
            if rest:
                from rnncli.lessons.live import Stoppable

                made = side_by_side(
                    *sample(),
                    texts,
                    networks=rest,
                    threads=count_threads(self._threads),
                    listener_of=lambda name: Stoppable(running.stopped),
                )
                for network in made:
                    if running.stopped.is_set():
                        return
                    self._networks[network.name] = network
                    network.model.provenance["examples"] = BOOKING_PAIR
                    self._models.add_lesson(network.name, network.model)
                    yield "network", network.as_dict()
            yield "end", {"event": "end"}

        return work


async def _settings(service: "Service", request: Request, body: Any) -> Answer:
    return as_json({"settings": FORM})


async def _train(service: "Service", request: Request, body: Any) -> Stream:
    try:
        choice = chosen(body)
    except RnncliError as error:
        raise RefusedError.of(error) from error
    return await service.trainings.begin(service, request, service.trainings.train(choice))


async def _stop(service: "Service", request: Request, body: Any) -> Answer:
    service.trainings.stop(body["id"])
    return as_json({"id": body["id"]})


async def _architectures(service: "Service", request: Request, body: Any) -> Stream:
    texts = body.get("texts", BOOKING_PAIR)
    return await service.trainings.begin(service, request, service.trainings.side_by_side(texts))


ROUTES = (
    Route("GET", "/v1/train", "The settings of a training: defaults and bounds, as JSON Schema.", _settings),
    Route(
        "POST",
        "/v1/train",
        "Train on the bundled corpus, and say what happens: id, begin, epoch, diverged, end, error.",
        _train,
        _TRAIN,
        result=STRING,
        media=EVENTS,
    ),
    Route("POST", "/v1/train/stop", "Stop a training; its best epoch is kept.", _stop, _STOP),
    Route(
        "POST",
        "/v1/architectures",
        "Small networks of every architecture on two texts: network for each, then end.",
        _architectures,
        _ARCHITECTURES,
        result=STRING,
        media=EVENTS,
    ),
)
