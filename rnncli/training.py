"""The training loop: epochs, batches, optimiser, early stopping on a score. It reports to a listener.

Threads share the work of each step, so their number changes the time and never the result.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rnncli import arguments
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import tokenizer_choice
from rnncli.data.batch import Encoded, Longs, Packed, pack, shuffled
from rnncli.data.digits import choose_digits
from rnncli.data.inputs import Inputs
from rnncli.data.reading import Corpus
from rnncli.data.schemes import choose
from rnncli.data.sentence import Sentence, check
from rnncli.data.split import Overlap
from rnncli.data.tags import Scheme
from rnncli.data.tokenize import divided
from rnncli.data.vectors import Vectors
from rnncli.data.weights import for_tags
from rnncli.errors import DivergedError
from rnncli.kernel_choice import use_kernels
from rnncli.model import Model
from rnncli.network.arena import Arena
from rnncli.network.forward import NONE_FORCED, Dropout
from rnncli.network.gradient import add_gradient
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Weights
from rnncli.network.team import ThreadTeam, team_size
from rnncli.parameters import Array, Parameters
from rnncli.plain.limits import TooLargeError


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


class Trainer:
    """Trains a network: :meth:`step` on one batch, :meth:`epoch` on all sentences."""

    def __init__(self, model: Model, encoded: Encoded, weights: Weights, team: ThreadTeam) -> None:
        self.spec = model.network_spec
        self.training = model.training_spec
        self.encoded = encoded
        self.weights = weights
        self.team = team
        self.arena = Arena(team.queue)
        self.rng = np.random.default_rng([self.training.seed, 1])
        self.batches = -(-len(encoded.lengths) // self.training.batch)
        self.steps = 0  # since training began
        self.clipped = 0  # steps whose gradient was clipped
        # For each word of the vocabulary, the probability that it is masked: read as the unknown word.
        self.mask_rates = np.where(model.inputs.words.counts == 1, self.training.unknown, 0.0)
        frozen = [] if self.training.pretrained == "tuned" else ["input/vectors"]
        self.optimiser = Optimiser(self.spec, model.parameters, self.training.optimiser, frozen)

    def epoch(self, batch_done: Callable[[float], bool]) -> float | None:
        """Train on every sentence once; return the summed loss, or ``None`` if ``batch_done`` ended the epoch.

        batch_done  called after every batch with the share of the epoch that is done; true ends the epoch
        """
        loss = 0.0
        steps = self.training.epochs * self.batches
        for batch, sentences in enumerate(shuffled(self.encoded, self.training.batch, self.rng), 1):
            rate = self.training.learning_rate * schedule(self.training.warmup, self.steps, steps)
            loss += self.step(sentences, rate)
            if batch_done(batch / self.batches):
                return None
        return loss

    def step(self, sentences: Longs, rate: float) -> float:
        """Take one step of the optimiser; return the summed loss of the batch."""
        self.team.wake()
        self.arena.clear()
        packed = pack(self.encoded.starts, sentences)
        with np.errstate(all="ignore"):  # if it diverges, the norm is not finite
            loss = self._add_gradient(packed)
            norm = self.optimiser.norm(self.arena)
        if not math.isfinite(norm):
            raise DivergedError("the gradient is no longer a finite number", hint="lower --learning-rate")
        clip = self.training.clip  # of the global norm: Pascanu 2013, Algorithm 1
        is_clipped = 0 < clip < norm
        self.steps += 1
        self.clipped += is_clipped
        self.optimiser.step(self.steps, rate, clip / norm if is_clipped else 1.0, self.arena)
        return loss

    def _add_gradient(self, packed: Packed) -> float:
        """Add the gradient of a batch to the optimiser's; return its summed loss."""
        words = self.encoded.words[packed.positions]
        gold = self.encoded.tags[packed.positions]
        masked = self.rng.random(len(words)) < self.mask_rates[words]
        forced = self._forced(gold)
        keys = self.rng.integers(2**32, size=self.spec.layers + 1).tolist()
        scale = 1.0 / max(1, len(words))
        objective = Objective(scale, self.weights, scale * self.training.omega)
        dropout = Dropout(self.training.dropout, iter(keys))
        batch = self.encoded.batch(packed, masked)
        return add_gradient(self.optimiser, batch, gold, objective, self.arena, dropout, forced)

    def _forced(self, gold: Array) -> Array:
        """Tags that are fed back in place of the network's output, (N,); −1 where the output itself is fed back."""
        if not self.spec.architecture.keeps_output or self.training.feedback == "predicted":
            return NONE_FORCED
        if self.training.feedback == "mixed":
            return np.where(self.rng.random(len(gold)) < 0.5, gold, np.int32(-1))
        return gold


def schedule(warmup: float, step: int, steps: int) -> float:
    """The share of the peak learning rate at a step, from 0: a linear warm-up, then a linear decay to 0."""
    warmup_steps = max(1.0, warmup * steps)
    return min((step + 1) / warmup_steps, (steps - step) / max(1.0, steps - warmup_steps))


class _Best:
    """The epoch to keep so far, with its score and its weights; the arguments are those of :func:`train`."""

    def __init__(self, parameters: Parameters, scored: int, metric: str) -> None:
        self.parameters = parameters.copy()
        self.epoch = 0
        self.score = math.inf if metric == "loss" else -1.0
        self._highest = self.score  # of a loss the lowest
        self._scored = scored
        self._is_loss = metric == "loss"

    def update(self, epoch: int, score: float, parameters: Parameters) -> bool:
        """Keep an epoch if it is as good as the best so far; return whether it is."""
        if self._is_loss:
            is_kept = score <= self._highest
            self._highest = min(self._highest, score)
        else:
            least = self._highest - _standard_error(self._highest, self._scored)
            is_kept = score > least or (self._scored > 0 and score == least)
            self._highest = max(self._highest, score)
        if is_kept:
            self.parameters = parameters.copy()
            self.epoch = epoch
            self.score = score
        return is_kept


def prepare(
    sentences: Sequence[Sentence],
    network: NetworkSpec,
    training: TrainingSpec,
    vectors: Vectors | None = None,
    scheme: Scheme | None = None,
) -> Model:
    """Make an untrained model for these training sentences, with their vocabularies, tags, scheme, tokenizer.

    scheme  that of the tags, if it was recognised already
    """
    arguments.instance("network", network, NetworkSpec)
    arguments.instance("training", training, TrainingSpec)
    if vectors is not None:
        arguments.instance("vectors", vectors, Vectors, "read them: rnncli.data.vectors.read")
    sentences = [check(sentence) for sentence in arguments.several("sentences", sentences, "labelled sentences")]
    if not any(sentence.tokens for sentence in sentences):
        arguments.refuse("sentences", "at least one token", sentences)
    tags = list(dict.fromkeys(tag for sentence in sentences for tag in sentence.tags))
    if scheme is None:
        scheme = choose(training.scheme, (sentence.tags for sentence in sentences))
    columns = [sentence.columns for sentence in sentences]
    digits = network.digits if network.digits != "auto" else choose_digits(sentences)
    has_columns = bool(columns[0] and columns[0][0])
    network = network.resolved(has_columns, vectors is not None, scheme.limits_moves, digits)
    tokens = [token for sentence in sentences for token in sentence.tokens]
    cut = _tokenizer(training.tokenizer, sentences, network.digits)
    training = training.resolved(network, len(sentences), len(tokens))
    inputs = Inputs.count(network, tokens, columns, vectors)
    model = Model.untrained(network, training, inputs, tags, cut.name, scheme)
    model.reproduced = cut.share
    model.divided = divided(cut.name, (sentence.tokens for sentence in sentences), inputs.words)
    if vectors and "vectors" in network.inputs:
        model.parameters["input/vectors"][...] = vectors.table
    return model


def _tokenizer(name: str, sentences: Sequence[Sentence], digits: str) -> tokenizer_choice.Choice:
    """The tokenizer of a name, which may be auto, and the share of the sentences whose tokens it gives."""
    sample = [(sentence.extra.text, sentence.tokens) for sentence in sentences]
    if name == "auto":
        return tokenizer_choice.choose(sample, digits)
    return tokenizer_choice.Choice(name, tokenizer_choice.share(sample, name, digits))


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
    """Train a model from :func:`prepare` in place and leave the weights of the best epoch in it.

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
    best = _Best(model.parameters, scored, metric)
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


def _standard_error(share: float, count: int) -> float:
    """The standard error of a share of ``count`` things; 0 if it is not known."""
    return math.sqrt(share * (1 - share) / count) if count and 0 < share < 1 else 0.0
