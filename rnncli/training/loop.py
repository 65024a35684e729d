"""The training loop: epochs, scores, early stopping. It reports to a listener."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnncli import arguments
from rnncli.data.sentence import Sentence, check
from rnncli.data.weights import for_tags
from rnncli.errors import DivergedError
from rnncli.kernel_choice import use_kernels
from rnncli.model import Model
from rnncli.network.output import Weights
from rnncli.network.team import ThreadTeam, team_size
from rnncli.plain.limits import TooLargeError
from rnncli.training.best import Best
from rnncli.training.events import Epoch, Listener, Result
from rnncli.training.trainer import Trainer


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
) -> Result:
    """Train a model from :func:`.prepare` in place and leave the weights of the best epoch in it.

    The best epoch is the last one whose score is within one standard error of the highest score so far. Later
    weights are better because the learning rate falls to 0, and with few development data the highest score is
    partly chance (Breiman et al. 1984, the rule of one standard error).

    sentences      the sentences that the model was prepared for
    score          gives the score of the model with its present weights, for example span F1; higher is better
    scored         the number of spans or tokens that the score is a share of; 0 if the score is exact
    metric         the name of the score; of a "loss" the lowest is best, and of equal ones the last
    listener       its ``batch``, ``epoch`` and ``should_stop`` are called
    class_weights  weights of tags, if their file was read already; else those of the model's settings
    """
    arguments.instance("model", model, Model)
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    if not callable(score):
        arguments.refuse("score", "a function of the model", score)
    listener = Listener() if listener is None else arguments.instance("listener", listener, Listener)
    training = model.training_spec
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))
    weights = _weights(model, sentences, class_weights)
    tokens = len(encoded.words)
    best = Best(model.parameters, scored, metric)
    number = 0
    seconds = 0.0
    interrupted = False
    size = team_size(threads, model.network_spec.architecture.directions, training.batch)
    use_kernels(model.network_spec)
    with ThreadTeam(size) as team:
        trainer = Trainer(model, encoded, weights, team)
        while number < training.epochs and number - best.epoch < training.patience:
            began = time.perf_counter()
            steps_before = trainer.steps
            clipped_before = trainer.clipped

            def batch_done(share: float, number: int = number, began: float = began) -> bool:
                listener.batch(number + share, tokens * share / (time.perf_counter() - began))
                return listener.should_stop()

            loss = trainer.epoch(batch_done)
            if interrupted := loss is None:
                break
            taken = time.perf_counter() - began
            number += 1
            seconds += taken
            if not (math.isfinite(loss) and model.parameters.is_finite()):
                raise DivergedError(f"no longer finite after epoch {number}", hint="lower --learning-rate")
            try:
                with np.errstate(all="ignore"):
                    current = score(model)
            except TooLargeError as error:
                message = f"the weights are too large to compute with after epoch {number}"
                raise DivergedError(message, hint="lower --learning-rate") from error
            is_kept = best.update(number, current, model.parameters)
            steps = trainer.steps - steps_before
            clipped = trainer.clipped - clipped_before
            speed = tokens / taken
            listener.epoch(Epoch(number, loss / tokens, current, taken, speed, is_kept, steps, clipped, metric))
    model.parameters.assign(best.parameters)
    speed = number * tokens / max(seconds, 1e-9)
    return Result(number, best.epoch, best.score, seconds, speed, interrupted, metric)


def _weights(model: Model, sentences: Sequence[Sentence], class_weights: Mapping[str, float] | None) -> Weights:
    """The weight of each tag in the loss."""
    choice = class_weights or model.training_spec.class_weight
    if choice == "none":
        return Weights(np.zeros(0, np.float32))
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    return Weights(np.array(for_tags(choice, model.tags, counts), np.float32))
