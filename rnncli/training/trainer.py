"""The steps of a training: batches in random order, their gradients and the optimiser.

Threads share the work of each step, so their number changes the time and never the result.
"""

import math
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from rnncli.config import LEXICON_DROPOUT
from rnncli.data.batch import Batch, Encoded, Longs, Packed, pack, shuffled
from rnncli.data.exchange import Exchange
from rnncli.data.lexicon import Lexicon
from rnncli.data.lookup import Rows
from rnncli.model import Model
from rnncli.network.arena import Arena
from rnncli.network.forward import NONE_FORCED, Dropout
from rnncli.network.gradient import add_gradient
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Target, Weights
from rnncli.network.team import ThreadTeam
from rnncli.parameters import Array, Parameters
from rnncli.training.schedule import Plan, Schedule
from rnncli.training.state import generator, random_state

# A gradient as long as this cannot be used: Adam keeps the squares of its numbers, and float32 ends at 3.4e38.
LONGEST = 1e19
# The learning rate is multiplied by this each time that the training goes back to earlier weights.
LOWER = 0.1


class NotFiniteError(ArithmeticError):
    """A number of a training is not finite; the message says which."""


class Trainer:
    """Trains a network: :meth:`step` on one batch, :meth:`epoch` on all sentences."""

    def __init__(
        self,
        model: Model,
        encoded: Encoded,
        weights: Weights,
        team: ThreadTeam,
        plan: Plan | None = None,
        target: Target | None = None,
    ) -> None:
        self.spec = model.network_spec
        self.training = model.training_spec
        self.encoded = encoded
        self.weights = weights
        self.target = target or Target.of(encoded.tags)
        self.team = team
        self.arena = Arena(team.queue)
        self.rng = np.random.default_rng([self.training.seed, 1])
        self.order = random_state(self.rng)  # from which the order of the batches of this epoch is drawn
        self.batches = -(-len(encoded.lengths) // self.training.batch)
        self.schedule = Schedule(self.training, len(encoded.words), self.batches, plan)
        self.most = 1.0  # the most that the next step may have of the learning rate
        self.epochs = 0  # that are over
        self.batch = 0  # batches of this epoch that are done
        self.loss = 0.0  # the sum over them
        self.clipped = 0  # their steps whose gradient was clipped
        self.norm = 0.0  # of the last gradient
        self.lowered = 0  # how often the learning rate was lowered
        # For each word of the vocabulary, the probability that it is masked: read as the unknown word.
        self.mask_rates = np.where(model.inputs.words.counts == 1, self.training.unknown, 0.0)
        # For each token, the number of the phrase of the lexicon that it is in.
        self.source, self.phrases = _phrases(model, encoded)
        has_exchange = self.training.exchange > 0 and model.scheme.has_spans
        self.exchange = Exchange(encoded, model.tags, model.scheme) if has_exchange else None
        frozen = [] if self.training.pretrained == "tuned" else ["input/vectors"]
        self.optimiser = Optimiser(self.spec, model.parameters, self.training.optimiser, frozen)

    def epoch(self, batch_done: Callable[[float], bool]) -> bool:
        """Train on the sentences of this epoch that are left; return whether ``batch_done`` ended it.

        The last epoch of the schedule may be shorter.

        batch_done  called after every batch with the share of the epoch that is done; true ends the epoch
        """
        for sentences in self._batches():
            if self.schedule.end and self.steps >= self.schedule.end:
                break
            self.loss += self.step(sentences, self._rate(self.steps))
            self.batch += 1
            if batch_done(self.batch / self.batches):
                return True
        return False

    def next_epoch(self) -> None:
        """Begin the next epoch, after the last batch of one."""
        self.epochs += 1
        self.order = random_state(self.rng)
        self._restart_epoch()

    def go_back(self, weights: Parameters) -> None:
        """Begin this epoch again from earlier weights, with a lower learning rate and the moments at 0."""
        self.lowered += 1
        self.optimiser.restart(weights.flat)
        self._restart_epoch()

    def _restart_epoch(self) -> None:
        self.batch = 0
        self.loss = 0.0
        self.clipped = 0

    def _batches(self) -> Iterator[Longs]:
        """The batches of this epoch that are left."""
        rng = generator(self.order)
        batches = shuffled(self.encoded, self.training.batch, rng)
        if self.batch == 0:
            self.rng = rng
        return islice(batches, self.batch, None)

    @property
    def rate_share(self) -> float:
        """The share of the learning rate that the steps have."""
        return LOWER**self.lowered

    @property
    def steps(self) -> int:
        """The steps that are done, without those that were taken back."""
        return self.epochs * self.batches + self.batch

    @property
    def rate(self) -> float:
        """The learning rate of the last step."""
        return self._rate(max(0, self.steps - 1))

    def _rate(self, step: int) -> float:
        share = min(self.most, self.schedule.share(step))
        return self.rate_share * self.training.learning_rate * share

    def step(self, sentences: Longs, rate: float) -> float:
        """Take one step of the optimiser; return the summed loss of the batch.

        Raises :class:`NotFiniteError` for a loss or gradient that is no finite number.
        """
        self.team.wake()
        self.arena.clear()
        packed = self._pack(sentences)
        with np.errstate(all="ignore"):
            loss = self._add_gradient(packed)
            self.norm = self.optimiser.norm(self.arena)
        clip = self.training.clip  # of the global norm: Pascanu 2013, Algorithm 1
        is_clipped = 0 < clip < self.norm
        scale = clip / self.norm if is_clipped else 1.0
        if not math.isfinite(loss):
            raise NotFiniteError("the loss is no longer a finite number")
        if not scale * self.norm < LONGEST:
            raise NotFiniteError("the gradient is no longer a finite number")
        self.clipped += is_clipped
        self.optimiser.step(rate, scale, self.arena)
        return loss

    def _pack(self, sentences: Longs) -> Packed:
        """Pack sentences, some of whose spans are exchanged for others of their type."""
        if not self.exchange:
            return pack(self.encoded.starts, sentences)
        positions, starts = self.exchange.cut(sentences, self.training.exchange, self.rng)
        packed = pack(starts, np.arange(len(sentences)))
        return packed._replace(positions=positions[packed.positions])

    def _add_gradient(self, packed: Packed) -> float:
        """Add the gradient of a batch to the optimiser's; return its summed loss."""
        words = self.encoded.words[packed.positions]
        gold = self.encoded.tags[packed.positions]
        target = self.target.at(packed.positions)
        masked = self.rng.random(len(words)) < self.mask_rates[words]
        forced = self._forced(gold)
        keys = self.rng.integers(2**32, size=self.spec.layers + 1).tolist()
        scale = 1.0 / max(1, len(words))
        objective = Objective(scale, self.weights, scale * self.training.omega)
        dropout = Dropout(self.training.dropout, iter(keys))
        batch = self.encoded.batch(packed, masked)
        if len(self.phrases):
            self._leave_out_phrases(batch, packed)
        return add_gradient(self.optimiser, batch, target, objective, self.arena, dropout, forced)

    def _leave_out_phrases(self, batch: Batch, packed: Packed) -> None:
        """Leave out phrases of the lexicon, so that the network learns to do without them too."""
        phrases, number = np.unique(self.phrases[packed.positions], return_inverse=True)
        batch.ids[self.source][(self.rng.random(len(phrases)) < LEXICON_DROPOUT)[number]] = -1

    def _forced(self, gold: Array) -> Array:
        """Tags that are fed back in place of the network's output, (N,); −1 where the output itself is fed back."""
        if not self.spec.architecture.keeps_output or self.training.feedback == "predicted":
            return NONE_FORCED
        if self.training.feedback == "mixed":
            return np.where(self.rng.random(len(gold)) < 0.5, gold, np.int32(-1))
        return gold


def _phrases(model: Model, encoded: Encoded) -> tuple[int, Array]:
    """The source of the lexicon's rows, and the phrase of each token, (N,); without a lexicon (0,)."""
    for part, bags in zip(model.inputs.parts, encoded.bags, strict=True):
        if isinstance(part.features, Lexicon):
            return bags.source, Lexicon.phrases_of(Rows(bags.rows, bags.starts))
    return 0, np.empty(0, np.int64)
