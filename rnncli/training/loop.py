"""The training loop: epochs, scores, early stopping. It reports to a listener, and its state can be saved."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from rnncli import arguments
from rnncli.data.sentence import Sentence, check
from rnncli.data.weights import for_tags
from rnncli.errors import DivergedError, ModelError
from rnncli.kernel_choice import use_kernels
from rnncli.model import Model
from rnncli.network.output import Target, Weights
from rnncli.network.team import ThreadTeam, team_size
from rnncli.plain.limits import TooLargeError
from rnncli.training.best import Best
from rnncli.training.events import Divergence, Epoch, Listener, Result
from rnncli.training.state import Progress, State, generator, random_state
from rnncli.training.trainer import NotFiniteError, Trainer

# How often a training goes back to the last good weights, with a lower learning rate each time.
MOST_LOWERED = 3
HINT = "lower --learning-rate"


class Saver(Protocol):
    """Keeps the state of a training."""

    def is_due(self) -> bool:
        """Whether the state should be saved now; asked after every batch."""

    def save(self, state: State) -> None:
        """Save the state; called when it is due, and when the training is stopped."""


def train(
    model: Model,
    sentences: Sequence[Sentence],
    *,
    threads: int,
    score: Callable[[Model], float],
    scored: int = 0,
    metric: str = "score",
    listener: Listener | None = None,
    class_weights: Mapping[str, float] | None = None,
    saver: Saver | None = None,
    state: State | None = None,
    target: Target | None = None,
) -> Result:
    """Train a model from :func:`.prepare` in place and leave the weights of the best epoch in it.

    The best epoch is the last one whose score is within one standard error of the highest score so far. Later
    weights are better because the learning rate falls to 0, and with few development data the highest score is
    partly chance (Breiman et al. 1984, the rule of one standard error).

    If a loss, a gradient, a weight or a score is not a finite number, the training goes back to the weights of the
    last epoch that was scored, with a tenth of the learning rate, at most three times. Then it ends: with the
    best epoch so far and :attr:`.Result.diverged`, or with :class:`.DivergedError` if there is none.

    sentences      the sentences that the model was prepared for
    score          gives the score of the model with its present weights, for example span F1; higher is better
    scored         the number of spans or tokens that the score is a share of; 0 if the score is exact
    metric         the name of the score; of a "loss" the lowest is best, and of equal ones the last
    listener       its ``batch``, ``epoch``, ``diverged`` and ``should_stop`` are called
    class_weights  weights of tags, if their file was read already; else those of the model's settings
    saver          gets the state of the training when it asks for it, and when the training is stopped
    state          go on from this state of a training with the same arguments, to the same result; its arrays are
                   taken out of it, so that they do not need memory twice
    target         what each token of the sentences, one after another, should get; None: its tag
    """
    arguments.instance("model", model, Model)
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    if not callable(score):
        arguments.refuse("score", "a function of the model", score)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))
    weights = _weights(model, sentences, class_weights)
    size = team_size(threads, model.network_spec.architecture.directions, model.training_spec.batch)
    use_kernels(model.network_spec)
    best = Best(model.parameters, scored, metric)
    with ThreadTeam(size) as team:
        loop = _Loop(model, Trainer(model, encoded, weights, team, target), best, score, metric, listener, saver)
        if state is not None:
            loop.restore(state)
        interrupted = loop.run()
    if loop.divergence and not best.epoch:
        raise DivergedError(loop.divergence.where, hint=HINT)
    model.parameters.assign(best.parameters)
    epochs = loop.trainer.epochs
    speed = epochs * len(encoded.words) / max(loop.earlier_seconds, 1e-9)
    return Result(
        epochs,
        best.epoch,
        float(best.score),
        loop.earlier_seconds,
        speed,
        interrupted,
        metric,
        best.high_epoch,
        float(best.high_score),
        loop.trainer.lowered,
        loop.divergence.where if loop.divergence else "",
    )


class _Loop:
    """A training run; the arguments are those of :func:`train`."""

    def __init__(
        self,
        model: Model,
        trainer: Trainer,
        best: Best,
        score: Callable[[Model], float],
        metric: str,
        listener: Listener,
        saver: Saver | None,
    ) -> None:
        self.model = model
        self.trainer = trainer
        self.best = best
        self.score = score
        self.metric = metric
        self.listener = listener
        self.saver = saver
        self.good = best.parameters  # the weights after the last epoch that was scored
        self.seconds = 0.0  # that the batches of this epoch took
        self.earlier_seconds = 0.0  # that the epochs before took
        self.divergence: Divergence | None = None  # that ended the training

    def run(self) -> bool:
        """Train to the end; return whether the listener stopped the training."""
        settings = self.trainer.training
        while self.trainer.epochs < min(settings.epochs, self.best.epoch + settings.patience):
            try:
                if self._epoch():
                    return True
            except NotFiniteError as error:
                if not self._go_back(str(error)):
                    break
        return False

    def _epoch(self) -> bool:
        """Train for what is left of an epoch, and score it; return whether the listener stopped the training."""
        trainer = self.trainer
        tokens = len(trainer.encoded.words)
        began = time.perf_counter() - self.seconds

        def batch_done(share: float) -> bool:
            self.seconds = time.perf_counter() - began
            self.listener.batch(trainer.epochs + share, tokens * share / self.seconds)
            is_stopped = self.listener.should_stop()
            if self.saver and (is_stopped or self.saver.is_due()):
                self.saver.save(self.state())
            return is_stopped

        if trainer.epoch(batch_done):
            return True
        self._check_weights()
        with np.errstate(all="ignore"):
            try:
                score = self.score(self.model)
            except TooLargeError as error:
                raise NotFiniteError("the weights are too large to compute with") from error
        if not math.isfinite(score):
            raise NotFiniteError("the score is not a finite number")
        number = trainer.epochs + 1
        is_kept = self.best.update(number, score, self.model.parameters)
        self.good = self.best.parameters if is_kept else self.model.parameters.copy()
        epoch = Epoch(
            number,
            trainer.loss / tokens,
            score,
            self.seconds,
            tokens / self.seconds,
            is_kept,
            trainer.batches,
            trainer.clipped,
            self.metric,
        )
        self.earlier_seconds += self.seconds
        self.seconds = 0.0
        trainer.next_epoch()
        self.listener.epoch(epoch)
        return False

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
            lowered=trainer.lowered,
            steps=trainer.optimiser.steps,
            best_epoch=best.epoch,
            best_score=float(best.score) if best.epoch else 0.0,
            high_epoch=best.high_epoch,
            high_score=float(best.high_score) if best.epoch else 0.0,
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
            progress.epochs > trainer.training.epochs
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
        if progress.best_epoch:
            best.epoch = progress.best_epoch
            best.score = progress.best_score
            best.high_epoch = progress.high_epoch
            best.high_score = progress.high_score
            best.parameters.assign_flat(arrays["best"])
        if progress.epochs > progress.best_epoch:
            self.good = best.parameters.copy().assign_flat(arrays["good"])
        arrays.clear()


def _weights(model: Model, sentences: Sequence[Sentence], class_weights: Mapping[str, float] | None) -> Weights:
    """The weight of each tag in the loss."""
    choice = class_weights or model.training_spec.class_weight
    if choice == "none":
        return Weights(np.zeros(0, np.float32))
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    return Weights(np.array(for_tags(choice, model.tags, counts), np.float32))
