"""The training loop: epochs, batches, optimiser, early stopping on a score. It reports by callback.

Threads share the kernels of a step, so their number changes the time and never the result.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import tokenize
from rnncli.data.batch import Encoded, Longs, Packed, pack, shuffled
from rnncli.data.inputs import Inputs
from rnncli.data.tags import obeys, recognise
from rnncli.data.tsv import Sentence
from rnncli.data.vectors import Vectors
from rnncli.data.weights import for_tags
from rnncli.errors import DivergedError
from rnncli.model import Model
from rnncli.network import output
from rnncli.network.arena import Arena
from rnncli.network.backward import backward
from rnncli.network.forward import Dropout, forward
from rnncli.network.optimiser import Optimiser, Step
from rnncli.network.output import Weights
from rnncli.network.parameters import Array
from rnncli.network.team import ThreadTeam, team_size


class Epoch(NamedTuple):
    """One pass over the training data. ``loss`` is the mean per token, ``seconds`` leave the scoring out."""

    number: int
    loss: float
    score: float
    seconds: float
    tokens_per_second: float
    is_kept: bool
    steps: int  # of the optimiser
    clipped: int  # of them, those whose gradient was longer than ``clip``


class Result(NamedTuple):
    """What a training run did; the network holds the weights of ``best_epoch``, the one that was kept."""

    epochs: int
    best_epoch: int
    best_score: float
    seconds: float
    tokens_per_second: float
    interrupted: bool


class Trainer:
    """Holds a network, its gradient and the optimiser's moments; :meth:`step` learns from one batch."""

    def __init__(self, model: Model, encoded: Encoded, weights: Weights, team: ThreadTeam) -> None:
        self.spec, self.training, self.parameters = model.network, model.training, model.parameters
        self.encoded, self.weights, self.team = encoded, weights, team
        self.hiding = np.where(model.inputs.words.counts == 1, self.training.unknown, 0.0)
        frozen = [] if self.training.pretrained == "tuned" else ["input/vectors"]
        self.optimiser = Optimiser(self.spec, self.parameters, self.training.optimiser, frozen)
        self.arena = Arena(team.queue)
        self.rng = np.random.default_rng([self.training.seed, 1])
        self.batches = -(-len(encoded.lengths) // self.training.batch)
        self.steps = self.clipped = 0  # since training began

    def epoch(self, told: Callable[[float], bool]) -> float | None:
        """Learn from every sentence once; return the summed loss, or ``None`` if ``told`` said to stop.

        told  hears after every batch which share of the epoch is done
        """
        loss = 0.0
        for done, batch in enumerate(shuffled(self.encoded, self.training.batch, self.rng), 1):
            rate = self.training.learning_rate * schedule(
                self.training.warmup, self.steps, self.training.epochs * self.batches
            )
            loss += self.step(batch, rate)
            if told(done / self.batches):
                return None
        return loss

    def step(self, sentences: Longs, rate: float) -> float:
        """Take one step of the optimiser; return the summed loss of the batch."""
        self.team.wake()
        self.arena.clear()
        part = pack(self.encoded.starts, sentences)
        with np.errstate(all="ignore"):  # what diverges is found in the gradient's norm
            loss = self._learn(part, 1.0 / max(1, len(part.positions)))
            norm = self.optimiser.norm(self.arena)
        if not math.isfinite(norm):
            raise DivergedError("the gradient is no longer a finite number", hint="lower --learning-rate")
        # Its global norm is clipped: Pascanu 2013, Algorithm 1.
        clip = self.training.clip
        is_clipped = 0 < clip < norm
        self.steps, self.clipped = self.steps + 1, self.clipped + is_clipped
        self.optimiser.step(Step(clip / norm if is_clipped else 1.0, rate, self.steps), self.arena)
        return loss

    def _learn(self, part: Packed, scale: float) -> float:
        """Add the gradient of a batch to the one that is to be followed; return its summed loss."""
        spec, parameters, gradient = self.spec, self.parameters, self.optimiser.gradient
        hidden = self.rng.random(len(part.positions)) < self.hiding[self.encoded.words[part.positions]]
        forced = self._forced(part)
        noise = Dropout(self.training.dropout, iter(self.rng.integers(2**32, size=spec.layers + 1).tolist()))
        gold, batch = self.encoded.tags[part.positions], self.encoded.batch(part, hidden)
        trace = forward(spec, parameters, batch, noise, self.optimiser.turned, forced, self.arena)
        loss = output.loss(spec, parameters, trace, gold, part.offsets, scale, self.weights, gradient)
        omega = scale * self.training.omega
        found = backward(spec, parameters, trace, loss.do, part.offsets, gradient, forced, omega)
        self.optimiser.add_tables(batch, found, self.arena)
        return loss.total

    def _forced(self, part: Packed) -> Array | None:
        """Tags that are fed back in place of the network's own output; −1 where its own is."""
        if not self.spec.architecture.keeps_output or self.training.feedback == "predicted":
            return None
        gold = self.encoded.tags[part.positions]
        if self.training.feedback == "mixed":
            gold = np.where(self.rng.random(len(gold)) < 0.5, gold, np.int32(-1))
        return gold


def schedule(warmup: float, step: int, steps: int) -> float:
    """Share of the peak learning rate at a step, from 0: linear warm-up, then decay that would end at ``steps``."""
    rising = max(1.0, warmup * steps)
    return min((step + 1) / rising, (steps - step) / max(1.0, steps - rising))


def prepare(
    sentences: Sequence[Sentence], network: NetworkSpec, training: TrainingSpec, vectors: Vectors | None = None
) -> Model:
    """Make an untrained model for these training sentences: vocabularies, tags, scheme, tokenizer."""
    tags = list(dict.fromkeys(tag for sentence in sentences for tag in sentence.tags))
    tokenizer: str = training.tokenizer
    if tokenizer == "auto":
        tokenizer = tokenize.recognise(sentence.tokens for sentence in sentences)
    scheme = recognise(sentence.tags for sentence in sentences)
    columns = [sentence.columns for sentence in sentences]
    obedient = scheme != "plain" and obeys((sentence.tags for sentence in sentences), scheme)
    network = network.resolved(bool(columns[0][0]), vectors is not None, obedient)
    tokens = [token for sentence in sentences for token in sentence.tokens]
    training = training.resolved(network, len(sentences), len(tokens))
    inputs = Inputs.count(network, tokens, columns, vectors)
    model = Model.untrained(network, training, inputs, tags, tokenizer, scheme)
    if vectors and "vectors" in network.inputs:
        model.parameters["input/vectors"][...] = vectors.table
    return model


def train(
    model: Model,
    sentences: Sequence[Sentence],
    *,
    threads: int,
    score: Callable[[Model], float],
    scored: int = 0,
    report: Callable[[Epoch], None] = lambda epoch: None,
    advance: Callable[[float, float], None] = lambda epochs, speed: None,
    should_stop: Callable[[], bool] = lambda: False,
    class_weights: Mapping[str, float] | None = None,
) -> Result:
    """Train a model from :func:`prepare` in place and leave the weights of the best epoch in it.

    The best is the last one whose score is within a standard error of the highest: at a rate that falls to 0, later
    weights are better ones, and among scores on little data the highest is luck (Breiman et al. 1984, the rule of
    one standard error).

    sentences      those that the model was prepared for
    score          of the model as it is, higher is better: span F1 on development data
    scored         of how many things, spans or tokens, the score is a share; 0: it is exact
    advance        told after every batch how many epochs are done, and the tokens a second of this one
    should_stop    asked after every batch; the best epoch so far is kept then
    class_weights  of tags, where the file that holds them was read already
    """
    encoded = model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    choice = class_weights or model.training.class_weight
    weights = Weights(np.array([] if choice == "none" else for_tags(choice, model.tags, counts), np.float32))
    training, parameters = model.training, model.parameters
    best, best_score, best_epoch, number, highest = parameters.copy(), -1.0, 0, 0, -1.0
    seconds, tokens, interrupted = 0.0, len(encoded.words), False
    directions = model.network.architecture.directions
    with ThreadTeam(team_size(threads, directions, training.batch)) as team:
        trainer = Trainer(model, encoded, weights, team)
        while number < training.epochs and number - best_epoch < training.patience:
            began, steps, clipped = time.perf_counter(), trainer.steps, trainer.clipped

            def told(done: float, number: int = number, began: float = began) -> bool:
                advance(number + done, tokens * done / (time.perf_counter() - began))
                return should_stop()

            loss = trainer.epoch(told)
            if interrupted := loss is None:
                break
            taken = time.perf_counter() - began
            number, seconds = number + 1, seconds + taken
            if not (math.isfinite(loss) and parameters.is_finite()):
                raise DivergedError(f"no longer finite after epoch {number}", hint="lower --learning-rate")
            with np.errstate(all="ignore"):  # finite weights may still be too large to compute with
                current = score(model)
            least = highest - _standard_error(highest, scored)
            if is_kept := current > least or (scored > 0 and current == least):
                best, best_score, best_epoch = parameters.copy(), current, number
            highest = max(highest, current)
            steps, clipped = trainer.steps - steps, trainer.clipped - clipped
            report(Epoch(number, loss / tokens, current, taken, tokens / taken, is_kept, steps, clipped))
    parameters.assign(best)
    return Result(number, best_epoch, best_score, seconds, number * tokens / max(seconds, 1e-9), interrupted)


def _standard_error(share: float, count: int) -> float:
    """Of a share of so many things; 0 where nothing can be said."""
    return math.sqrt(share * (1 - share) / count) if count and 0 < share < 1 else 0.0
