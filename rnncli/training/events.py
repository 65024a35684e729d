"""What a training run reports: its epochs and its result, to a listener."""

from collections.abc import Sequence
from typing import NamedTuple

from rnncli.data.reading import Corpus
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap
from rnncli.data.vectors import Vectors
from rnncli.model import Model
from rnncli.training.carry import Carried
from rnncli.training.state import Progress


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
    metric: str = "score"  # what ``score`` is: "f1", "accuracy" or, lower being better, "loss"; "": not scored
    planned: int = 0  # epochs of the training as far as they are planned; before the rate falls, the most of them
    is_falling: bool = True  # whether the learning rate falls, so that it is known when it begins and ends
    rate: float = 0.0  # the learning rate of its last step


class PastEpoch(NamedTuple):
    """A line of the history of a training."""

    seed: int
    epoch: int
    loss: float | None  # the mean per token; None where it is not finite
    score: float  # on development data, by the metric of the training
    seconds: float  # of its steps
    rate: float  # the learning rate of its last step


class Divergence(NamedTuple):
    """A number of a training that was not finite, and what was done."""

    what: str  # such as "the gradient is not a finite number"
    epoch: int
    batch: int
    norm: float  # of the gradient of this batch; may be infinite or NaN
    good_epoch: int  # whose weights the training went back to; 0: the initial weights
    rate: float  # the share of the learning rate from now on; 0: the training ended

    @property
    def where(self) -> str:
        """What it was, and where."""
        return f"{self.what} in epoch {self.epoch}, batch {self.batch} (norm of the gradient {self.norm:.3g})"

    @property
    def text(self) -> str:
        """What it was, where, and what was done."""
        good = f"the weights of epoch {self.good_epoch}" if self.good_epoch else "the initial weights"
        action = f"back to {good}, with {self.rate:.3g} of the learning rate" if self.rate else "the training ends"
        return f"{self.where}: {action}"


class Result(NamedTuple):
    """The result of a training run; the network has the weights of ``best_epoch``."""

    epochs: int
    best_epoch: int
    best_score: float
    seconds: float
    tokens_per_second: float
    interrupted: bool
    metric: str = "score"  # what ``best_score`` is; see :class:`Epoch`
    high_epoch: int = 0  # the epoch with the highest score (of a loss the lowest)
    high_score: float = 0.0
    lowered: int = 0  # how often the learning rate was lowered because a number was not finite
    diverged: str = ""  # the number that ended the training because it was not finite
    passes: float = 0.0  # over the data: the last epoch may be shorter
    constant: float = 0.0  # those of them before the learning rate began to fall


class Run(NamedTuple):
    """One training run, from one seed."""

    seed: int
    result: Result
    f1: float | None  # on the development data; None where there are no spans

    @property
    def score(self) -> float:
        """The score on development data of the epoch that was kept, by the metric that it was chosen by."""
        return self.result.best_score


class Failure(NamedTuple):
    """A run that ended with an error before any of its epochs was scored."""

    seed: int
    text: str
    diverged: bool


class Resumed(NamedTuple):
    """From where a training goes on."""

    checkpoint: str
    seed: int
    progress: Progress
    batches: int  # in an epoch
    metric: str  # what the scores are, see :class:`Epoch`; "" in a refit


class Listener:
    """Methods that a training run calls; override those of interest."""

    def reading(self, name: str, share: float) -> None:
        """A share of a labelled file was read, from 0 to 1; 0 if it is not known."""

    def read(self, corpus: Corpus) -> None:
        """A labelled file was read."""

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        """The data were read and the network was initialised; ``sentences`` are the training sentences."""

    def resumed(self, resumed: Resumed) -> None:
        """The training goes on from a checkpoint; called after :meth:`prepared` or :meth:`refitting`."""

    def carried(self, carried: Carried) -> None:
        """The training begins from a model; called after the first :meth:`prepared`."""

    def teaching(self, teachers: int, others: int, share: float) -> None:
        """The models of all seeds label sentences without tags, for the student; ``share`` is what is done."""

    def warning(self, message: str) -> None:
        """Something about the data or the training is unusual, and it goes on."""

    def refitting(self, model: Model, sentences: Sequence[Sentence], passes: float) -> None:
        """The best model is trained further, on training and development sentences; epochs are not reported."""

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        """A step was taken; ``epochs`` is how many epochs are done, with a fraction for the current one."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch ended and was scored."""

    def diverged(self, divergence: Divergence) -> None:
        """A number was not finite; the training goes back to earlier weights, or ends."""
        self.warning(divergence.text)

    def should_stop(self) -> bool:
        """Called after every batch; true ends the run, which keeps the best epoch so far."""
        return False
