"""The longest delay that an architecture learns to solve: training on a memory task, once for each delay."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rnncli import arguments, labelling, training
from rnncli.config import NetworkSpec, TrainingSpec, TrialSpec
from rnncli.data import tasks
from rnncli.data.sentence import Sentence
from rnncli.data.tasks import QUERY
from rnncli.errors import DivergedError
from rnncli.model import Model
from rnncli.modelfile import network_header
from rnncli.spec import suggestion

DELAYS = (5, 10, 20, 50, 100)
SOLVED = 0.01  # a task is solved if fewer of the fresh sentences are wrong, as in Pascanu et al. 2013
FRESH = 1_000  # sentences that decide whether a task is solved; none is used in training
_DEV = 300  # sentences that decide when to stop
# The units' memory must be the only way to an answer, so there is no window and no part of the input but the word.
# The weights of all tags have the same sum. Otherwise the many O would dominate the gradient.
NETWORK: dict[str, Any] = {
    "features": "embedding", "embedding": 16, "window": 0, "decoder": "softmax", "transitions": "any",
}  # fmt: skip
TRAINING: dict[str, Any] = {
    "batch": 20, "dropout": 0.0, "unknown": 0.0, "class_weight": "balanced",
    "tokenizer": "whitespace",
}  # fmt: skip
SENTENCES = 4_000


class Attempt(NamedTuple):
    """One network trained on one delay."""

    delay: int
    seed: int
    wrong: float  # share of fresh sentences with any wrong answer; 1 for a training that diverged at once
    epochs: int
    seconds: float  # of training
    clipped: float  # share of steps
    diverged: bool

    @property
    def is_solved(self) -> bool:
        """Less than 1 % of fresh sentences wrong."""
        return self.wrong < SOLVED


class Solved(NamedTuple):
    """The attempts of an architecture at a task, for each seed."""

    task: str
    network: NetworkSpec
    training: TrainingSpec
    sentences: int
    attempts: list[Attempt]

    def longest(self, seed: int) -> int:
        """The longest delay solved from this seed; 0 for none."""
        return max((a.delay for a in self.attempts if a.seed == seed and a.is_solved), default=0)

    @property
    def seeds(self) -> list[int]:
        """The seeds, in order."""
        return list(dict.fromkeys(attempt.seed for attempt in self.attempts))

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli memory-task --solve``."""
        return {
            "version": 1,
            "task": self.task,
            "network": network_header(self.network),
            "training": dataclasses.asdict(self.training),
            "sentences": self.sentences,
            "fresh": FRESH,
            "solved_below": SOLVED,
            "chance_right": tasks.TASKS[self.task].chance,
            "longest": [{"seed": seed, "delay": self.longest(seed)} for seed in self.seeds],
            "attempts": [{**attempt._asdict(), "solved": attempt.is_solved} for attempt in self.attempts],
        }


class _UntilSolved(training.Listener):
    """Collects the epochs of a training and stops it when the score is perfect."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self.epochs: list[training.Epoch] = []
        self._advance = advance

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self._advance(epochs)

    def epoch(self, epoch: training.Epoch) -> None:
        self.epochs.append(epoch)

    def should_stop(self) -> bool:
        return bool(self.epochs) and self.epochs[-1].score == 1


def specs(trial: TrialSpec) -> tuple[NetworkSpec, TrainingSpec]:
    """The full network and training specs of a trial."""
    network_names = {item.name for item in dataclasses.fields(NetworkSpec)}
    options = dataclasses.asdict(trial)
    network = {name: value for name, value in options.items() if name in network_names}
    settings = {name: value for name, value in options.items() if name not in network_names}
    return NetworkSpec(**NETWORK, **network), TrainingSpec(**TRAINING, **settings)


def solve(
    task: str,
    trial: TrialSpec,
    *,
    delays: Sequence[int] = DELAYS,
    seeds: int = 1,
    sentences: int = SENTENCES,
    threads: int = 1,
    report: Callable[[Attempt], None] = lambda attempt: None,
    advance: Callable[[int, float], None] = lambda delay, done: None,
) -> Solved:
    """Train a new network on each delay, shortest first, until one is not solved; repeat it for each seed.

    seeds      how many seeds; the first is that of ``trial``
    sentences  how many there are in an epoch; all epochs have the same
    report     called after every delay with the attempt
    advance    called after every batch with the delay and the share of its epochs that is done
    """
    if task not in tasks.TASKS:
        arguments.refuse("task", "the name of a task", task, suggestion(str(task), tasks.TASKS))
    arguments.instance("trial", trial, TrialSpec)
    delays = [arguments.whole_number("delay", delay, 1) for delay in arguments.several("delays", delays, "several")]
    seeds = arguments.whole_number("seeds", seeds, 1, "it is how many runs there are")
    sentences = arguments.whole_number("sentences", sentences, 1)
    tasks.check_size(max(delays, default=1), sentences)  # before hours with shorter delays
    attempts = []
    network, settings = specs(trial)
    for seed in range(trial.seed, trial.seed + seeds):
        for delay in sorted(delays):
            seeded = dataclasses.replace(settings, seed=seed)
            attempts.append(_attempt(task, delay, network, seeded, sentences, threads, advance))
            report(attempts[-1])
            if not attempts[-1].is_solved:
                break
    return Solved(task, network, settings, sentences, attempts)


def _attempt(
    task: str,
    delay: int,
    network: NetworkSpec,
    settings: TrainingSpec,
    count: int,
    threads: int,
    advance: Callable[[int, float], None],
) -> Attempt:
    train, dev, fresh = (
        tasks.sentences(task, delay, size, settings.seed, part)
        for part, size in (("train", count), ("dev", _DEV), ("test", FRESH))
    )
    model = training.prepare(train, network, settings)
    listener = _UntilSolved(lambda done: advance(delay, done / settings.epochs))
    epochs = listener.epochs

    def score(model: Model) -> float:
        return 1 - wrong(model, dev, threads)

    try:
        result = training.train(model, train, threads=threads, score=score, listener=listener)
    except DivergedError:
        return Attempt(delay, settings.seed, 1.0, len(epochs), sum(e.seconds for e in epochs), 0.0, True)
    steps = sum(epoch.steps for epoch in epochs)
    clipped = sum(epoch.clipped for epoch in epochs) / max(1, steps)
    failed = wrong(model, fresh, threads)
    return Attempt(
        delay, settings.seed, failed, len(epochs), result.seconds, clipped, diverged=bool(result.diverged)
    )


def wrong(model: Model, sentences: Sequence[Sentence], threads: int = 1) -> float:
    """The share of sentences with any wrong answer; only the tags of the tokens ``?`` are answers."""
    encoded = model.encode([sentence.tokens for sentence in sentences])
    predicted = labelling.predict(model, encoded, threads, with_probabilities=False).tags
    failed = 0
    for sentence, (start, end) in zip(sentences, itertools.pairwise(encoded.starts), strict=True):
        rows = zip(sentence.tokens, sentence.tags, predicted[start:end], strict=True)
        failed += any(token == QUERY and gold != model.tags[tag] for token, gold, tag in rows)
    return failed / len(sentences)
