"""The training loop: epochs, scores, early stopping. It reports to a listener, and its state can be saved."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import numpy as np

from rnncli import arguments
from rnncli.clock import KERNELS, Clock, Share
from rnncli.config import FALL
from rnncli.data.sentence import Sentence, check
from rnncli.data.weights import for_tags
from rnncli.errors import DivergedError, ModelError
from rnncli.kernel_choice import use_kernels
from rnncli.kernels.compile import timed
from rnncli.model import Model
from rnncli.network.output import Target, Weights
from rnncli.network.team import ThreadTeam, team_size
from rnncli.plain.limits import TooLargeError
from rnncli.training.best import Best
from rnncli.training.events import Divergence, Epoch, Listener, Result
from rnncli.training.schedule import Plan
from rnncli.training.state import Progress, State, generator, random_state
from rnncli.training.trainer import NotFiniteError, Trainer

# How often a training goes back to the last good weights, with a lower learning rate each time.
MOST_LOWERED = 3
HINT = "lower --learning-rate"
# Where time is limited, so many scorings must be possible after the last step: that of the last epoch, and one with
# the probabilities of all tags, which takes about twice the time.
SCORINGS = 3
# Bytes of weights that are written in a second.
SPEED = 5e7


class Saver(Protocol):
    """Keeps the state of a training."""

    def is_due(self) -> bool:
        """Whether the state should be saved now; asked after every batch."""

    def save(self, state: State) -> None:
        """Save the state; called when it is due, and when the training is stopped."""


class Course(NamedTuple):
    """How long a training may take, and how its state is kept.

    plan        how long it is
    time_share  of a clock that measures training and scoring; both must be over when nothing of it is left
    saver       gets the state when it asks for it, and when the training is stopped
    state       go on from this state of a training with the same arguments, to the same result; its arrays are
                taken out of it, so that they do not need memory twice
    """

    plan: Plan | None = None
    time_share: Share | None = None
    saver: Saver | None = None
    state: State | None = None


TO_THE_END = Course()  # without a limit


def train(
    model: Model,
    sentences: Sequence[Sentence],
    *,
    threads: int,
    score: Callable[[Model], float] | None,
    scored: int = 0,
    metric: str = "score",
    listener: Listener | None = None,
    class_weights: Mapping[str, float] | None = None,
    target: Target | None = None,
    course: Course = TO_THE_END,
) -> Result:
    """Train a model from :func:`.prepare` in place and leave the weights of the best epoch in it.

    How long it takes is said by ``course``, by the settings of the model, or else by the scores: see
    :class:`.Schedule`. The best epoch is the last one whose score is within one standard error of the highest score
    so far. Later weights are better because the learning rate falls to 0, and with few development data the highest
    score is partly chance (Breiman et al. 1984, the rule of one standard error).

    If a loss, a gradient, a weight or a score is not a finite number, the training goes back to the weights of the
    last epoch that was scored, with a tenth of the learning rate, at most three times. Then it ends: with the
    best epoch so far and :attr:`.Result.diverged`, or with :class:`.DivergedError` if there is none.

    sentences      the sentences that the model was prepared for
    score          gives the score of the model with its present weights, for example span F1; higher is better.
                   None: the last epoch is kept
    scored         the number of spans or tokens that the score is a share of; 0 if the score is exact
    metric         the name of the score; of a "loss" the lowest is best, and of equal ones the last
    listener       its ``batch``, ``epoch``, ``diverged`` and ``should_stop`` are called
    class_weights  weights of tags, if their file was read already; else those of the model's settings
    target         what each token of the sentences, one after another, should get; None: its tag
    course         how long the training may take, and where its state is kept
    """
    arguments.instance("model", model, Model)
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    if score is not None and not callable(score):
        arguments.refuse("score", "a function of the model", score)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))
    weights = _weights(model, sentences, class_weights)
    size = team_size(threads, model.network_spec.architecture.directions, model.training_spec.batch)
    use_kernels(model.network_spec)
    best = Best(model.parameters, scored, metric)
    with ThreadTeam(size) as team:
        trainer = Trainer(model, encoded, weights, team, course.plan, target)
        loop = _Loop(model, trainer, best, score, metric, listener, course)
        if course.state is not None:
            loop.restore(course.state)
        interrupted = loop.run()
    if loop.divergence and not best.epoch:
        raise DivergedError(loop.divergence.where, hint=HINT)
    model.parameters.assign(best.parameters)
    return Result(
        trainer.epochs,
        best.epoch,
        float(best.score),
        loop.earlier_seconds,
        loop.passes * len(encoded.words) / max(loop.earlier_seconds, 1e-9),
        interrupted,
        metric,
        best.high_epoch,
        float(best.high_score),
        trainer.lowered,
        loop.divergence.where if loop.divergence else "",
        loop.passes,
        loop.constant,
    )


class _Loop:
    """A training run; the arguments are those of :func:`train`."""

    def __init__(
        self,
        model: Model,
        trainer: Trainer,
        best: Best,
        score: Callable[[Model], float] | None,
        metric: str,
        listener: Listener,
        course: Course,
    ) -> None:
        self.model = model
        self.trainer = trainer
        self.best = best
        self.score = score
        self.metric = metric
        self.listener = listener
        self.saver = course.saver
        self.time_share = course.time_share or Share(Clock())
        self.clock = self.time_share.clock
        self._saving = model.parameters.flat.nbytes / SPEED
        self.fall = 0.0  # seconds from the beginning of a fall that ends in time; 0: it has not begun
        self.good = best.parameters  # the weights after the last epoch that was scored
        self.seconds = 0.0  # that the batches of this epoch took, without loading kernels
        self.earlier_seconds = 0.0  # that the epochs before took
        self.scoring_seconds = 0.0  # that their scoring took
        self.missing = 0.0  # the share of the last epoch that there was no time for
        self.divergence: Divergence | None = None  # that ended the training

    def run(self) -> bool:
        """Train to the end; return whether the listener stopped the training."""
        if self.time_share.is_limited and not self.scoring_seconds:
            self._score()  # how long that takes
        while not self._is_over():
            try:
                if self._epoch():
                    return True
            except NotFiniteError as error:
                if not self._go_back(str(error)):
                    break
        return False

    def _is_over(self) -> bool:
        trainer = self.trainer
        if trainer.batch:  # an epoch that is not scored yet
            return False
        is_done = 0 < trainer.schedule.end <= trainer.steps
        return is_done or self.missing > 0 or (trainer.epochs > 0 and self._left() <= 0)

    @property
    def passes(self) -> float:
        """The passes over the data in all epochs that are over."""
        return self.trainer.epochs - self.missing

    @property
    def constant(self) -> float:
        """The passes before the learning rate began to fall."""
        schedule = self.trainer.schedule
        return min(self.passes, schedule.fall / self.trainer.batches) if schedule.is_falling else self.passes

    def _left(self) -> float:
        """The seconds that are left for training: one more scoring must be possible after it."""
        scoring = self.scoring_seconds / (self.trainer.epochs + 1)
        return self.time_share.left - SCORINGS * scoring - self._saving

    def _epoch(self) -> bool:
        """Train for what is left of an epoch, and score it; return whether the listener stopped the training."""
        trainer = self.trainer
        tokens = len(trainer.encoded.words)
        began = self.clock.seconds("training") - self.seconds
        is_stopped = False

        def batch_done(share: float) -> bool:
            nonlocal is_stopped
            self.seconds = max(self.clock.seconds("training") - began, 1e-9)
            is_late = self._limit()
            self.listener.batch(trainer.epochs + share, tokens * share / self.seconds)
            is_stopped = self.listener.should_stop()
            if self.saver and (is_stopped or self.saver.is_due()):
                self.saver.save(self.state())
            return is_stopped or is_late

        with self._part("training"):
            trainer.epoch(batch_done)
        if is_stopped:
            return True
        self._check_weights()
        score = self._score()
        share = trainer.batch / trainer.batches
        self.missing = 1 - share
        number = trainer.epochs + 1
        is_kept = self.best.update(number, score, self.model.parameters)
        self.good = self.best.parameters if is_kept else self.model.parameters.copy()
        rate = trainer.rate
        trainer.schedule.epoch_over(number, self.best.mark_epoch if self.best.mark_score > 0 else number)
        epoch = Epoch(
            number,
            trainer.loss / (share * tokens),
            score,
            self.seconds,
            share * tokens / self.seconds,
            is_kept,
            trainer.batch,
            trainer.clipped,
            self.metric,
            self._epochs(number - self.missing),
            trainer.schedule.is_falling,
            rate,
        )
        self.earlier_seconds += self.seconds
        self.seconds = 0.0
        trainer.next_epoch()
        self.listener.epoch(epoch)
        return False

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        """Measure a part of the work, without the time in which kernels are loaded or compiled."""
        with self.clock.part(name), timed(lambda seconds: self.clock.move(seconds, KERNELS)):
            yield

    def _epochs(self, passes: float) -> int:
        """About how many epochs the training will have, after so many passes."""
        epochs = self.trainer.schedule.epochs
        if not self.time_share.is_limited:
            return epochs
        seconds = (self.earlier_seconds + self.seconds + self.scoring_seconds) / passes
        return min(epochs, max(1, math.ceil(passes + max(0.0, self._left()) / seconds)))

    def _score(self) -> float:
        """The score of the model; 0 where it is not scored."""
        if self.score is None:
            return 0.0
        before = self.clock.seconds("scoring")
        with np.errstate(all="ignore"), self._part("scoring"):
            try:
                score = self.score(self.model)
            except TooLargeError as error:
                raise NotFiniteError("the weights are too large to compute with") from error
        self.scoring_seconds += self.clock.seconds("scoring") - before
        if not math.isfinite(score):
            raise NotFiniteError("the score is not a finite number")
        return score

    def _limit(self) -> bool:
        """Lower the learning rate where time is limited; return whether the time is over."""
        if not self.time_share.is_limited:
            return False
        left = max(0.0, self._left())
        trainer = self.trainer
        if not self.fall and left <= FALL * (self.earlier_seconds + self.seconds + self.scoring_seconds):
            self.fall = left
            if not trainer.schedule.is_falling:
                trainer.schedule.fall = trainer.steps
        if self.fall:
            trainer.most = left / self.fall
        return left == 0

    def _check_weights(self) -> None:
        if not self.model.parameters.is_finite():
            raise NotFiniteError("a weight is no longer a finite number")

    def _go_back(self, what: str) -> bool:
        """Go back to the last good weights; return whether that was possible once more."""
        trainer = self.trainer
        batch = min(trainer.batch + 1, trainer.batches)
        is_last = trainer.lowered == MOST_LOWERED
        if not is_last:
            trainer.go_back(self.good)
            self.seconds = 0.0
        rate = 0.0 if is_last else trainer.rate_share
        divergence = Divergence(what, trainer.epochs + 1, batch, trainer.norm, trainer.epochs, rate)
        if is_last:
            self.divergence = divergence
        self.listener.diverged(divergence)
        return not is_last

    def state(self) -> State:
        """The state after a batch; raises :class:`NotFiniteError` if a weight is not finite."""
        self._check_weights()
        trainer = self.trainer
        best = self.best
        progress = Progress(
            epochs=trainer.epochs,
            batches=trainer.batch,
            loss=trainer.loss,
            clipped=trainer.clipped,
            seconds=self.seconds,
            earlier_seconds=self.earlier_seconds,
            scoring_seconds=self.scoring_seconds,
            spent=self.clock.spent,
            fall=trainer.schedule.fall,
            end=trainer.schedule.end,
            limited_fall=self.fall,
            lowered=trainer.lowered,
            steps=trainer.optimiser.steps,
            best_epoch=best.epoch,
            best_score=float(best.score) if best.epoch else 0.0,
            high_epoch=best.high_epoch,
            high_score=float(best.high_score) if best.epoch else 0.0,
            mark_epoch=best.mark_epoch,
            mark_score=float(best.mark_score) if best.epoch else 0.0,
            order=trainer.order,
            random=random_state(trainer.rng),
        )
        arrays = {"weights": self.model.parameters.flat, **trainer.optimiser.moments}
        if best.epoch:
            arrays["best"] = best.parameters.flat
        if trainer.epochs > best.epoch:
            arrays["good"] = self.good.flat
        return State(progress, arrays)

    def restore(self, state: State) -> None:
        """Go on from a state."""
        progress, arrays = state
        trainer = self.trainer
        best = self.best
        if (
            0 < progress.end < progress.epochs * trainer.batches + progress.batches
            or progress.best_epoch > progress.epochs
            or progress.batches > trainer.batches
            or any(array.shape != self.model.parameters.flat.shape for array in arrays.values())
        ):
            raise ModelError("the checkpoint does not fit the data")
        trainer.epochs = progress.epochs
        trainer.batch = progress.batches
        trainer.loss = progress.loss
        trainer.clipped = progress.clipped
        trainer.lowered = progress.lowered
        trainer.order = progress.order
        trainer.rng = generator(progress.random)
        trainer.optimiser.restart(arrays["weights"], progress.steps, arrays)
        self.seconds = progress.seconds
        self.earlier_seconds = progress.earlier_seconds
        self.scoring_seconds = progress.scoring_seconds
        self.fall = progress.limited_fall
        trainer.schedule.fall = progress.fall
        trainer.schedule.end = progress.end
        if progress.best_epoch:
            best.epoch = progress.best_epoch
            best.score = progress.best_score
            best.high_epoch = progress.high_epoch
            best.high_score = progress.high_score
            best.mark_epoch = progress.mark_epoch
            best.mark_score = progress.mark_score
            best.parameters.assign_flat(arrays["best"])
        if progress.epochs > progress.best_epoch:
            self.good = best.parameters.copy().assign_flat(arrays["good"])
        arrays.clear()
        self._limit()


def _weights(model: Model, sentences: Sequence[Sentence], class_weights: Mapping[str, float] | None) -> Weights:
    """The weight of each tag in the loss."""
    choice = class_weights or model.training_spec.class_weight
    if choice == "none":
        return Weights(np.zeros(0, np.float32))
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    return Weights(np.array(for_tags(choice, model.tags, counts), np.float32))
