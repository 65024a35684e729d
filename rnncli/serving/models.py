"""The models of a service, which are read again when their files change."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rnncli.errors import ModelError, RnncliError, UsageError
from rnncli.lessons.worked_example import worked_example
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.serving.exchange import RefusedError
from rnncli.serving.settings import Settings
from rnncli.spec import suggestion
from rnncli.tag_output import refuse_text
from rnncli.tagging import Tagger

WORKED_EXAMPLE = "worked example"
TRAINED = "trained"  # by the page
EVERY = 1.0  # seconds between two looks at the files

_log = logging.getLogger(__name__)
_State = tuple[int, int, int]  # of a file: when it was written, its size, its number


class Served:
    """A model that requests can name."""

    is_lesson = False  # whether it comes with the page
    problem = ""  # why the file that is there now is not used; "" if it is

    def __init__(self, name: str, model: Model, threads: int) -> None:
        self.name = name
        self._threads = threads
        self._use(model)

    def _use(self, model: Model) -> None:
        # The kernels label from the beginning, so that an answer does not depend on those before it.
        tagger = Tagger(model, self._threads, kernels=True)
        refuse_text(tagger)
        self.tagger = tagger

    @property
    def model(self) -> Model:
        """The model that is used now."""
        return self.tagger.model

    def prepare(self) -> None:
        """Load the kernels, so that the first request does not wait for them."""
        with suppress(Exception):  # which the first request gets too
            self.tagger.tag("a")


class Lesson(Served):
    """A model that explains networks. It has no file."""

    is_lesson = True


class FromFile(Served):
    """A model of a file, and what became of the last change of the file; ``loaded`` is how often it was loaded."""

    def __init__(self, name: str, path: Path, threads: int) -> None:
        self.loaded = 1
        self._path = path
        self._state: _State | None = _state(path)
        super().__init__(name, load(path), threads)

    def _load(self) -> None:
        self._state = _state(self._path)
        self._use(load(self._path))
        self.loaded += 1

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
    """The models of the service, from files, and those of lessons. An error of a file is raised at the start."""

    def __init__(self, settings: Settings) -> None:
        if not settings.models:
            raise UsageError("a service needs a model", hint="rnncli serve --model FILE")
        if TRAINED in settings.models:
            hint = f"give the file another one: --model NAME={settings.models[TRAINED]}"
            raise UsageError(f"the name {TRAINED} is that of the model that the page trains", hint=hint)
        self._threads = settings.threads
        self._served = {name: FromFile(name, path, settings.threads) for name, path in settings.models.items()}
        self._lessons: dict[str, Lesson] = {}
        self.add_lesson(WORKED_EXAMPLE, worked_example())
        self.add_lesson(f"{WORKED_EXAMPLE}, two layers", worked_example(layers=2))
        self.default = next(iter(self._served))
        self._next_look = 0.0

    def __iter__(self) -> Iterator[FromFile]:
        """The models from files."""
        return iter(self._served.values())

    @property
    def lessons(self) -> list[Lesson]:
        """The models of lessons, used by requests that name them; one from a file goes before one of its name."""
        return [lesson for name, lesson in list(self._lessons.items()) if name not in self._served]

    def add_lesson(self, name: str, model: Model) -> None:
        """Add a model of a lesson, or put it in the place of one with this name. Any thread may call it."""
        self._lessons[name] = Lesson(name, model, self._threads)

    def named(self, name: str | None) -> Served:
        """The model of a name, or the first; a :class:`.RefusedError` with status 404 if there is none."""
        name = self.default if name is None else name
        served = self._served.get(name) or self._lessons.get(name)
        if served is None:
            hint = suggestion(name, [*self._served, *self._lessons])
            raise RefusedError(404, f"the service has no model {name}", "model", hint)
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
