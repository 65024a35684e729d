"""What a training run reports: its epochs and its result, to a listener."""

from collections.abc import Sequence
from typing import NamedTuple

from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap
from rnncli.data.vectors import Vectors
from rnncli.model import Model


class Epoch(NamedTuple):
    """One pass over the training data. ``loss`` is the mean per token, ``seconds`` do not include the scoring."""

    number: int
    loss: float
    score: float
    seconds: float
    tokens_per_second: float
    is_kept: bool
    steps: int  # of the optimiser
    clipped: int  # steps whose gradient was longer than ``clip``
    metric: str = "score"  # what ``score`` is: "f1", "accuracy" or, lower being better, "loss"


class Result(NamedTuple):
    """The result of a training run; the network has the weights of ``best_epoch``."""

    epochs: int
    best_epoch: int
    best_score: float
    seconds: float
    tokens_per_second: float
    interrupted: bool
    metric: str = "score"  # what ``best_score`` is; see :class:`Epoch`


class Listener:
    """Methods that a training run calls; override those of interest."""

    def reading(self, name: str, share: float) -> None:
        """A share of a labelled file was read, from 0 to 1; 0 if it is not known."""

    def read(self, corpus: Corpus) -> None:
        """A labelled file was read."""

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        """The data were read and the network was initialised; ``sentences`` are the training sentences."""

    def warning(self, message: str) -> None:
        """Something about the data is unusual, and training goes on; called before or after :meth:`prepared`."""

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """A step was taken; ``epochs`` is how many epochs are done, with a fraction for the current one."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch ended and was scored."""

    def should_stop(self) -> bool:
        """Called after every batch; true ends the run, which keeps the best epoch so far."""
        return False
