"""Small networks of every architecture side by side, on two requests that only a memory tells apart.

In ``arrive Taipei`` and ``leave Taipei`` the city has another tag, and only the word before it says which. A
network that reads one token at a time and keeps nothing gives both cities the same tag.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.examples import BOOKING_PAIR
from rnncli.data.sentence import Sentence
from rnncli.inspect.document import Question, document
from rnncli.model import Model
from rnncli.resources import bundled

if TYPE_CHECKING:
    from rnncli.training import Listener

# What a token is read as is its word alone, and each tag is chosen by itself: only the network's memory is left.
_SMALL: dict[str, Any] = {
    "hidden": 32,
    "embedding": 32,
    "features": "embedding",
    "window": 0,
    "decoder": "softmax",
    "transitions": "any",
}
NETWORKS = {
    "fnn": NetworkSpec(arch="fnn", cell="simple", **_SMALL),
    "elman": NetworkSpec(arch="elman", cell="simple", **_SMALL),
    "jordan": NetworkSpec(arch="jordan", cell="simple", **_SMALL),
    "hybrid": NetworkSpec(arch="hybrid", cell="simple", **_SMALL),
    "bidirectional": NetworkSpec(arch="bidirectional", cell="simple", **_SMALL),
    "lstm": NetworkSpec(arch="elman", cell="lstm", **_SMALL),
}
SETTINGS = TrainingSpec(epochs=16, dropout=0.2, batch=16, learning_rate=0.01)
SENTENCES = 2_000  # of the bundled training data
DEV = 300  # of the bundled development data


class Trained(NamedTuple):
    """One of the networks, trained, and what it says of the two texts."""

    name: str
    model: Model
    score: float  # on the development data, of the epoch that was kept
    metric: str
    epochs: int
    seconds: float  # for everything
    document: dict[str, Any]  # of the two texts, as inspect-memory gives it, without measures

    @property
    def parts_at(self) -> int | None:
        """Where the tags of the texts first differ, as a place in their alignment; ``None`` where they do not."""
        place: int | None = self.document["parts_at"]["decision"]
        return place

    def on(self, texts: Sequence[str]) -> Self:
        """The same network with what it says of two other texts."""
        return self._replace(document=document(self.model, Question(texts, measures=False)))

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the weights."""
        values = self._asdict()
        del values["model"]
        return values


def sample() -> tuple[list[Sentence], list[Sentence]]:
    """The first sentences of the bundled training and development data."""
    from rnncli.data import reading

    parts = (("train", SENTENCES), ("dev", DEV))
    train, dev = (reading.read(str(bundled(f"sample_data/{name}.tsv"))).sentences[:size] for name, size in parts)
    return train, dev


def side_by_side(
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence],
    texts: Sequence[str] = BOOKING_PAIR,
    *,
    networks: Mapping[str, NetworkSpec] = NETWORKS,
    settings: TrainingSpec = SETTINGS,
    threads: int = 1,
    listener_of: "Callable[[str], Listener] | None" = None,
) -> Iterator[Trained]:
    """Train one network after another, and yield each as soon as it has said what it makes of the texts.

    sentences, dev  for training, and for the score: :func:`sample`
    texts           two that differ in few words
    listener_of     makes the listener of the training of a network, by its name
    """
    from rnncli import training
    from rnncli.scoring import Scoring

    for name, network in networks.items():
        began = time.perf_counter()
        model = training.prepare(sentences, network, settings)
        scoring = Scoring.of(list(dev), model, threads)
        result = training.train(
            model,
            sentences,
            threads=threads,
            score=scoring.score,
            scored=scoring.scored,
            metric=scoring.metric,
            listener=listener_of(name) if listener_of else training.Listener(),
        )
        said = document(model, Question(texts, measures=False))
        seconds = time.perf_counter() - began
        yield Trained(name, model, result.best_score, result.metric, result.epochs, seconds, said)
