"""The training loop: epochs, shards, optimiser, early stopping on a score. It reports by callback.

A batch is cut into a fixed number of shards; threads run shards, and gradients are summed in shard order, so
the number of threads changes the time and never the result.
"""

import functools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import tokenize
from rnncli.data.batch import Encoded, Longs, Packed, pack, shards, shuffled
from rnncli.data.tags import recognise
from rnncli.data.tsv import Sentence
from rnncli.data.vocabulary import UNKNOWN, Vocabulary
from rnncli.errors import DivergedError
from rnncli.kernels import embedding, optimiser, output
from rnncli.model import Model
from rnncli.network.backward import backward
from rnncli.network.forward import Dropout, forward, transposed
from rnncli.network.parameters import Array, Parameters, views

SHARDS = 4
LEARNING_RATES = {"adam": 0.002, "sgd": 0.5}
# A Jordan net leaves the plateau on which the fed-back output is ignored only with larger steps.
JORDAN_LEARNING_RATES = {"adam": 0.01, "sgd": 0.5}


class Epoch(NamedTuple):
    """One pass over the training data. ``loss`` is the mean per token, ``seconds`` leave the scoring out."""

    number: int
    loss: float
    score: float
    seconds: float
    tokens_per_second: float
    is_best: bool


class Result(NamedTuple):
    """What a training run did; the network holds the best epoch's weights."""

    epochs: int
    best_epoch: int
    best_score: float
    seconds: float
    tokens_per_second: float
    interrupted: bool


class _Shard(NamedTuple):
    words: Array
    dx: Array
    loss: float


Run = Callable[..., Iterable[_Shard]]  # map, or that of a pool of threads


class Trainer:
    """Holds a network, its gradients and the optimiser's moments; :meth:`step` learns from one batch."""

    def __init__(self, model: Model, encoded: Encoded) -> None:
        self.spec, self.training, self.parameters = model.network, model.training, model.parameters
        self.encoded, self.once = encoded, model.vocabulary.once
        self.update_dense, self.update_rows = optimiser.OPTIMISERS[self.training.optimiser]
        rows, dense = self.parameters.rows, self.parameters.dense
        self.m, self.v = Parameters(rows, dense.dtype), Parameters(rows, dense.dtype)
        self.gradients = [np.zeros_like(dense) for _ in range(SHARDS)]
        self.views = [views(rows, gradient) for gradient in self.gradients]
        self.table_gradient = np.zeros_like(self.parameters.table)
        self.rng = np.random.default_rng([self.training.seed, 1])
        self.batches = -(-len(encoded.lengths) // self.training.batch)
        self.steps = 0
        own = JORDAN_LEARNING_RATES if self.spec.architecture.keeps_only_output else LEARNING_RATES
        self.peak = self.training.learning_rate or own[self.training.optimiser]

    def epoch(self, run: Run, told: Callable[[float], bool]) -> float | None:
        """Learn from every sentence once; return the summed loss, or ``None`` if ``told`` said to stop.

        told  hears after every batch which share of the epoch is done
        """
        loss = 0.0
        for done, batch in enumerate(shuffled(self.encoded, self.training.batch, self.rng), 1):
            rate = self.peak * schedule(self.training.warmup, self.steps, self.training.epochs * self.batches)
            loss += self.step(batch, rate, run)
            if told(done / self.batches):
                return None
        return loss

    def step(self, batch: Longs, rate: float, run: Run) -> float:
        """Take one step of the optimiser; return the summed loss of the batch."""
        parts = [pack(self.encoded.starts, sentences) for sentences in shards(batch, SHARDS)]
        scale = 1.0 / max(1, sum(len(part.positions) for part in parts))
        # Numbers are drawn here, in the order of the shards, whichever thread will use them.
        words = [self._words(part) for part in parts]
        keys = self.rng.integers(2**32, size=(len(parts), self.spec.layers + 1)).tolist()
        shard = functools.partial(self._shard, transposed(self.parameters), scale)
        done = list(run(shard, range(len(parts)), parts, words, keys))
        self._update(done, rate)
        return sum(each.loss for each in done)

    def _words(self, part: Packed) -> Array:
        """The words of a batch, some that were seen once as the unknown word."""
        words = self.encoded.words[part.positions]
        if self.training.unknown:
            words[self.once[words] & (self.rng.random(len(words)) < self.training.unknown)] = UNKNOWN
        return words

    def _shard(
        self, turned: dict[str, Array], scale: float, number: int, part: Packed, words: Array, keys: list[int]
    ) -> _Shard:
        """Run one shard forward and backward; its gradients go to its own buffer and to the result."""
        gold, noise = self.encoded.tags[part.positions], Dropout(self.training.dropout, iter(keys))
        with np.errstate(all="ignore"):  # what diverges is found in the gradient's norm
            trace = forward(self.spec, self.parameters, words, part.offsets, noise, turned)
            do = np.empty_like(trace.y)
            loss = output.cross_entropy(trace.y, gold, do.dtype.type(scale), do)
            self.gradients[number][:] = 0
            dx = backward(self.spec, self.parameters, trace, do, self.views[number])
        return _Shard(words, dx, loss)

    def _update(self, done: list[_Shard], rate: float) -> None:
        """Sum the shards' gradients in order, clip their global norm (Pascanu 2013, Algorithm 1), step."""
        total = self.gradients[0]
        for number in range(1, len(done)):
            total += self.gradients[number]
        for shard in done:
            embedding.scatter(shard.dx, shard.words, self.table_gradient)
        rows = np.unique(np.concatenate([shard.words for shard in done]))
        norm = math.sqrt(optimiser.squared_norm(total) + optimiser.squared_norm_of_rows(self.table_gradient, rows))
        if not math.isfinite(norm):
            raise DivergedError("the gradient is no longer a finite number", hint="lower --learning-rate")
        clip = self.training.clip
        if clip and norm > clip:
            total *= total.dtype.type(clip / norm)
            self.table_gradient[rows] *= total.dtype.type(clip / norm)
        self.steps += 1
        p = self.parameters
        self.update_dense(p.dense, total, self.m.dense, self.v.dense, rate, self.steps)
        self.update_rows(p.table, self.table_gradient, self.m.table, self.v.table, rows, rate, self.steps)


def schedule(warmup: float, step: int, steps: int) -> float:
    """Share of the peak learning rate at a step, from 0: linear warm-up, then decay that would end at ``steps``."""
    rising = max(1.0, warmup * steps)
    return min((step + 1) / rising, (steps - step) / max(1.0, steps - rising))


def prepare(sentences: Sequence[Sentence], network: NetworkSpec, training: TrainingSpec) -> Model:
    """Make an untrained model for these training sentences: vocabulary, tags, scheme, tokenizer."""
    vocabulary = Vocabulary.count(token for sentence in sentences for token in sentence.tokens)
    tags = list(dict.fromkeys(tag for sentence in sentences for tag in sentence.tags))
    tokenizer: str = training.tokenizer
    if tokenizer == "auto":
        tokenizer = tokenize.recognise(sentence.tokens for sentence in sentences)
    scheme = recognise(sentence.tags for sentence in sentences)
    return Model.untrained(network, training, vocabulary, tags, tokenizer, scheme)


def train(
    model: Model,
    sentences: Sequence[Sentence],
    *,
    threads: int,
    score: Callable[[Model], float],
    report: Callable[[Epoch], None] = lambda epoch: None,
    advance: Callable[[float, float], None] = lambda epochs, speed: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Train a model from :func:`prepare` in place and leave the weights of the best epoch in it.

    sentences    those that the model was prepared for
    score        of the model as it is, higher is better: span F1 on development data
    advance      told after every batch how many epochs are done, and the tokens a second of this one
    should_stop  asked after every batch; the best epoch so far is kept then
    """
    encoded = model.encode([s.tokens for s in sentences], [s.tags for s in sentences])
    training, parameters, trainer = model.training, model.parameters, Trainer(model, encoded)
    best, best_score, best_epoch, number = parameters.copy(), -1.0, 0, 0
    seconds, tokens, interrupted = 0.0, len(encoded.words), False
    with ThreadPoolExecutor(threads) as pool:
        while number < training.epochs and number - best_epoch < training.patience:
            began = time.perf_counter()

            def told(done: float, number: int = number, began: float = began) -> bool:
                advance(number + done, tokens * done / (time.perf_counter() - began))
                return should_stop()

            loss = trainer.epoch(pool.map if threads > 1 else map, told)
            if interrupted := loss is None:
                break
            taken = time.perf_counter() - began
            number, seconds = number + 1, seconds + taken
            if not (math.isfinite(loss) and parameters.is_finite()):
                raise DivergedError(f"no longer finite after epoch {number}", hint="lower --learning-rate")
            with np.errstate(all="ignore"):  # finite weights may still be too large to compute with
                current = score(model)
            if is_best := current > best_score:
                best, best_score, best_epoch = parameters.copy(), current, number
            report(Epoch(number, loss / tokens, current, taken, tokens / taken, is_best))
    parameters.assign(best)
    return Result(number, best_epoch, best_score, seconds, number * tokens / max(seconds, 1e-9), interrupted)
