"""A trial of tuning: a training with some settings, which a journal of Optuna may prune, and its score."""

import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rnncli import evaluation, modelfile, system
from rnncli.clock import Clock
from rnncli.config import FALL
from rnncli.data.parts import Parts
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap, kept_apart
from rnncli.data.vectors import Vectors
from rnncli.errors import DivergedError, UsageError
from rnncli.evaluation import Scores
from rnncli.jobs import Counts
from rnncli.model import Model
from rnncli.spec import suggestion
from rnncli.studies.space import with_values
from rnncli.studies.trial import Setting, trained
from rnncli.task import Task
from rnncli.training import Epoch, Listener

FUNCTION = "rnncli.studies.tuning_trial:train_trial"
WARMUP = 4  # epochs after which a trial may be pruned
STARTUP = 4  # trials that are drawn at random, and whose scores are the first to prune by
_PROVENANCE = 2_000  # bytes that are added to a model file after the training, and so many for each type
_PROVENANCE_OF_TYPE = 250
# What became of a trial. Only a whole one has a score that can be compared.
STATES = WHOLE, CUT, PRUNED, TOO_LARGE, FAILED = "whole", "cut", "pruned", "too large", "failed"


def load_optuna() -> Any:
    """Import Optuna, which the extra ``tune`` installs; without it a :class:`.UsageError`."""
    try:
        import optuna
    except ImportError as error:
        raise UsageError("study tune needs Optuna", hint='pip install "rnncli[tune]"') from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


class Goal(NamedTuple):
    """What is to be best, and how large a model file may be.

    metric    "" for the usual score on development data, else ``f1:LABEL``: F1 of one type
    max_size  bytes; 0: any size
    """

    metric: str = ""
    max_size: int = 0

    @property
    def label(self) -> str:
        """The type whose F1 counts; "" for all together."""
        return self.metric.removeprefix("f1:") if self.metric else ""

    def score(self, scores: Scores) -> float:
        """The score that is compared."""
        if not self.label:
            return scores.score
        count = scores.per_type.get(self.label)
        return (count.f1 if count else None) or 0.0


def size_of(text: str) -> int:
    """Read a size such as ``2MB``, ``500kB`` and ``1000000``; return bytes. Others are a :class:`.UsageError`."""
    units = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}
    digits = text.strip().rstrip("kKmMgGbB")
    unit = text.strip()[len(digits) :].lower()
    try:
        size = float(digits) * units[unit]
    except (KeyError, ValueError):
        size = 0.0
    if not 1 <= size < 1e15:
        raise UsageError(f"--max-size {text}: not a size", hint="give one such as 2MB or 500kB")
    return int(size)


def divided(setting: Setting, parts: Parts) -> tuple[list[Sentence], list[Sentence]]:
    """The sentences for training and development: those of the files, or a share of the first file."""
    if parts.dev:
        return parts.train, parts.dev
    return kept_apart(parts.train, setting.training.dev_share, setting.training.seed, parts.scheme)


def train_trial(
    *,
    part: Mapping[str, Any],
    inputs: Sequence[Path],
    output: Path | None = None,
    **options: Any,
) -> Counts:
    """Train with some settings and score the best epoch on development data. The result depends on the time left.

    part  ``values``: of the options that are tuned; ``seed``; ``until``: when the time is over, in seconds of
          :func:`time.time`; ``metric`` and ``max_size`` of the :class:`Goal`; ``journal``: its path, and ``trial``,
          the number there, −1 for a trial that is not pruned

    Returns the ``state``, the ``score``, the score of each ``type``, ``epochs``, ``size`` in bytes, ``seconds``.
    """
    clock = Clock(max(0.1, part["until"] - time.time()))
    setting = Setting.of_job(**options, inputs=inputs)
    goal = Goal(part["metric"], part["max_size"])
    parts = setting.read()
    train, dev = divided(setting, parts)
    chosen = with_values(setting.with_seed(part["seed"]), part["values"])
    task = chosen.task(train, dev, parts.scheme)._replace(refit=False)
    size = file_size(task) if goal.max_size else 0
    if size > goal.max_size:
        return {"state": TOO_LARGE, "size": size, "seconds": clock.spent, "epochs": 0, "score": 0.0}
    watcher = _Watcher(goal, dev, part)
    try:
        runs = trained(task, watcher, clock)
    except DivergedError:
        return {"state": FAILED, "size": size, "seconds": clock.spent, "epochs": 0, "score": 0.0}
    run, _, scores = runs.saved(1)
    is_cut = clock.left <= FALL * clock.spent  # the learning rate fell for want of time
    state = PRUNED if watcher.is_pruned else CUT if is_cut else WHOLE
    return {
        "state": state,
        "size": size,
        "seconds": clock.spent,
        "epochs": run.result.epochs,
        "score": goal.score(scores),
        "metric": scores.metric,
    }


def file_size(task: Task) -> int:
    """About how many bytes the model file of a training has; it is measured without training it."""
    model = task.prepare(task.training_spec.seed)
    types = {task.scheme.type_of(tag) for tag in model.tags}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        modelfile.save(model, path)
        return path.stat().st_size + _PROVENANCE + _PROVENANCE_OF_TYPE * len(types)


class _Watcher(Listener):
    """Reports the epochs of a trial to the journal, and stops it where it is pruned."""

    def __init__(self, goal: Goal, dev: list[Sentence], part: Mapping[str, Any]) -> None:
        self.goal = goal
        self.dev = dev
        self.is_pruned = False
        self.trial = part["trial"]
        self.study = open_study(Path(part["journal"])) if self.trial >= 0 else None

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        self.model = model

    def epoch(self, epoch: Epoch) -> None:
        if self.study is None:
            return
        score = epoch.score
        if self.goal.label:
            score = self.goal.score(evaluation.evaluate(self.model, self.dev, 1, with_probabilities=False))
        storage = self.study._storage
        identity = storage.get_trial_id_from_study_id_trial_number(self.study._study_id, self.trial)
        with undisturbed():
            storage.set_trial_intermediate_value(identity, epoch.number, score)
            self.is_pruned = self.study.pruner.prune(self.study, storage.get_trial(identity))

    def should_stop(self) -> bool:
        return self.is_pruned


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a signal wait until the block is over, so that the journal is whole, and its lock is released."""
    if threading.current_thread() is not threading.main_thread():  # which gets no signals
        yield
        return
    waiting: list[int] = []
    before = {number: signal.getsignal(number) for number in system.ENDING}
    for number in before:
        signal.signal(number, lambda received, _: waiting.append(received))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)


def open_study(journal: Path, seed: int = 0) -> Any:
    """Open the study of a journal, or begin one."""
    optuna = load_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what Optuna calls experimental
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP)
        study: Any = optuna.create_study(
            storage=storage,
            sampler=sampler,
            pruner=pruner,
            study_name="tune",
            direction="maximize",
            load_if_exists=True,
        )
    return study


def check_label(goal: Goal, dev: Sequence[Sentence], parts: Parts) -> None:
    """Refuse a metric whose type is not in the development data."""
    scheme = parts.scheme
    if scheme.has_spans:
        types = {span.type for sentence in dev for span in scheme.spans(sentence.tags)}
    else:
        types = {tag for sentence in dev for tag in sentence.tags}
    if not goal.metric.startswith("f1:"):
        raise UsageError(f"--metric {goal.metric}: not a metric", hint="give f1:LABEL, or leave it out")
    if goal.label not in types:
        message = f"--metric {goal.metric}: no type of the development data has this name"
        raise UsageError(message, hint=suggestion(goal.label, sorted(types)))
