"""A training to watch: what happens in it, as small documents for JSON, epoch by epoch.

Events, by their key ``event``:

    begin     ``model``, ``sentences``, ``tokens``, ``sample`` (sentences behind the curves), ``texts``
    epoch     the keys of an epoch in the log of gradients (:mod:`.inspect.gradient_log`), ``metric``, ``seconds``,
              ``planned``, ``kept`` and ``texts``
    diverged  the fields of :class:`.training.Divergence`
    end       ``epochs``, ``best_epoch``, ``score``, ``metric``, ``seconds``, ``stopped``, ``diverged``, and
              ``texts`` as the best epoch labels them
    error     ``message`` and ``hint``; it is the last event, as ``end`` is

``texts`` are the examples as the network labels them now: ``text``, ``tokens`` (``text``, ``tag``, ``probability``)
and ``spans``. A number that is not finite is null.
"""

import math
import threading
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import Any

from rnncli import training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.errors import RnncliError, StoppedError
from rnncli.inspect import gradient_log
from rnncli.inspect.document import described
from rnncli.labelling import predict
from rnncli.model import Model
from rnncli.plain.limits import TooLargeError
from rnncli.scoring import Scoring

Event = dict[str, Any]


class Stoppable(training.Listener):
    """Ends its training after the step that it is at when ``stopped`` is set."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def should_stop(self) -> bool:
        """Whether the training is to end."""
        return self._stopped.is_set()


class LiveTraining(Stoppable):
    """One training, which another thread carries out while its events are read.

    network, settings  with 0 epochs the development data decide their number, as in ``rnncli train``
    sentences, dev     for training, and for the score
    texts              examples that are labelled after every epoch
    threads            that share the work of a step
    stopped            ends the training when it is set, as :meth:`stop` does

    ``model`` has the weights of the best epoch after the event ``end``; before, those of the moment.
    """

    def __init__(
        self,
        network: NetworkSpec,
        settings: TrainingSpec,
        sentences: Sequence[Sentence],
        dev: Sequence[Sentence],
        texts: Sequence[str],
        threads: int = 1,
        stopped: threading.Event | None = None,
    ) -> None:
        super().__init__(stopped or threading.Event())
        self.model = training.prepare(sentences, network, settings)
        self._sentences = list(sentences)
        self._dev = list(dev)
        self._texts = list(texts)
        self._threads = threads
        self._sample = gradient_log.sample(dev, settings.seed)
        self._scoring = Scoring.of(self._dev, self.model, threads)
        self._events: SimpleQueue[Event | BaseException] = SimpleQueue()

    def stop(self) -> None:
        """End the training after the step that it is at; the best epoch so far is kept. Any thread may call it."""
        self._stopped.set()

    def events(self) -> Iterator[Event]:
        """Train, and yield what happens. To close the iterator stops the training. It can be read once."""
        worker = threading.Thread(target=self._train, name="training", daemon=True)
        worker.start()
        try:
            while True:
                event = self._events.get()
                if isinstance(event, BaseException):
                    raise event
                yield event
                if event["event"] in ("end", "error"):
                    return
        finally:
            self.stop()
            worker.join()

    def _train(self) -> None:
        """Run in the thread of the training; every end of it is an event."""
        try:
            self._events.put(self._begin())
            result = training.train(
                self.model,
                self._sentences,
                threads=self._threads,
                score=self._scoring.score,
                scored=self._scoring.scored,
                metric=self._scoring.metric,
                listener=self,
            )
            if not result.best_epoch:
                raise StoppedError("the training was stopped before the end of its first epoch")
            self._events.put(self._end(result))
        except RnncliError as error:
            self._events.put({"event": "error", "message": error.message, "hint": error.hint})
        except BaseException as error:  # raised again where the events are read
            self._events.put(error)

    def _begin(self) -> Event:
        return {
            "event": "begin",
            "model": described(self.model),
            "sentences": len(self._sentences),
            "tokens": sum(len(sentence.tokens) for sentence in self._sentences),
            "sample": len(self._sample),
            "texts": labelled(self.model, self._texts),
        }

    def _end(self, result: training.Result) -> Event:
        return {
            "event": "end",
            "epochs": result.epochs,
            "best_epoch": result.best_epoch,
            "score": _finite(result.best_score),
            "metric": result.metric,
            "seconds": result.seconds,
            "stopped": result.interrupted,
            "diverged": result.diverged or None,
            "texts": labelled(self.model, self._texts),
        }

    def epoch(self, epoch: training.Epoch) -> None:
        """Add the event of an epoch; called by the training, as the methods below are."""
        numbers = (epoch.number, epoch.loss, epoch.score, epoch.steps, epoch.clipped)
        row = gradient_log.epoch_row(self.model, self._sample, *numbers)
        self._events.put(
            {
                "event": "epoch",
                **row,
                "metric": epoch.metric,
                "seconds": epoch.seconds,
                "planned": epoch.planned,
                "kept": epoch.is_kept,
                "texts": labelled(self.model, self._texts),
            }
        )

    def diverged(self, divergence: training.Divergence) -> None:
        """Add an event for a number that is not finite."""
        self._events.put({"event": "diverged", **divergence._asdict(), "norm": _finite(divergence.norm)})


def labelled(model: Model, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Some texts as a model labels them, for JSON; none if its weights are too large to compute with."""
    sentences = [model.cut(text) for text in texts]
    try:
        prediction = predict(model, model.encode(sentences))
    except TooLargeError:
        return []
    tags = iter([model.tags[number] for number in prediction.tags])
    probabilities = iter(prediction.probabilities.tolist())
    rows = []
    for text, tokens in zip(texts, sentences, strict=True):
        row = [{"text": token, "tag": next(tags), "probability": next(probabilities)} for token in tokens]
        spans = model.scheme.spans([token["tag"] for token in row])
        rows.append({"text": text, "tokens": row, "spans": [span._asdict() for span in spans]})
    return rows


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
