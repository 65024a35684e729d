"""The steps of a training: batches in random order, their gradients and the optimiser.

Threads share the work of each step, so their number changes the time and never the result.
"""

import math
from collections.abc import Callable

import numpy as np

from rnncli.data.batch import Encoded, Longs, Packed, pack, shuffled
from rnncli.errors import DivergedError
from rnncli.model import Model
from rnncli.network.arena import Arena
from rnncli.network.forward import NONE_FORCED, Dropout
from rnncli.network.gradient import add_gradient
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Weights
from rnncli.network.team import ThreadTeam
from rnncli.parameters import Array


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
