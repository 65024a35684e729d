"""The models of a service, which are read again when their files change."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rnncli.errors import ModelError, RnncliError, UsageError
from rnncli.modelfile import load
from rnncli.serving.exchange import RefusedError
from rnncli.serving.settings import Settings
from rnncli.spec import suggestion
from rnncli.tag_output import refuse_text
from rnncli.tagging import Tagger

EVERY = 1.0  # seconds between two looks at the files

_log = logging.getLogger(__name__)
_State = tuple[int, int, int]  # of a file: when it was written, its size, its number


class Served:
    """A model, and what became of the last change of its file.

    problem  why the file that is there now is not used; "" if it is
    loaded   how often a file was loaded
    """

    def __init__(self, name: str, path: Path, threads: int) -> None:
        self.name = name
        self.problem = ""
        self.loaded = 0
        self._path = path
        self._threads = threads
        self._state: _State | None = None
        self._load()

    def _load(self) -> None:
        state = _state(self._path)
        self._state = state
        # The kernels label from the beginning, so that an answer does not depend on those before it.
        tagger = Tagger(load(self._path), self._threads, kernels=True)
        refuse_text(tagger)
        self.tagger = tagger
        self.loaded += 1

    def prepare(self) -> None:
        """Load the kernels, so that the first request does not wait for them."""
        with suppress(RnncliError):  # of labelling, which the first request gets too
            self.tagger.tag("a")

    def refresh(self) -> None:
        """Load the file if it has changed. A bad one is logged, and the model stays as it is."""
        try:
            if _state(self._path) == self._state:
                return
            self._load()
        except Exception as error:  # whatever it is, requests are answered
            if not isinstance(error, ModelError):  # it may be loaded later, although it does not change
                self._state = None
            problem = error.message if isinstance(error, RnncliError) else str(error) or type(error).__name__
            if problem != self.problem:
                _log.warning("model %s: its file has changed and is not used: %s", self.name, problem)
            self.problem = problem
            return
        self.problem = ""
        _log.info("model %s: its file has changed and is used from now on", self.name)


class Models:
    """All models by their names. An error of loading one is raised when the service starts."""

    def __init__(self, settings: Settings) -> None:
        if not settings.models:
            raise UsageError("a service needs a model", hint="rnncli serve --model FILE")
        self._served = {name: Served(name, path, settings.threads) for name, path in settings.models.items()}
        self.default = next(iter(self._served))
        self._next_look = 0.0

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def named(self, name: str | None) -> Served:
        """The model of a name, or the first; a :class:`.RefusedError` with status 404 if there is none."""
        served = self._served.get(self.default if name is None else name)
        if served is None:
            raise RefusedError(
                404, f"the service has no model {name}", "model", suggestion(str(name), self._served)
            )
        return served

    def refresh(self) -> None:
        """Look at the files, if the last look was a second ago."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + EVERY
            for served in self:
                served.refresh()


def _state(path: Path) -> _State:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino
