"""Settings for a budget of time: which trials are done, what each gives, and which one is best.

The trials are drawn by Optuna (Akiba et al. 2019): its sampler of Parzen trees (Bergstra et al. 2011) proposes
settings, and a trial whose best score so far is below the median of the others after as many epochs is pruned. All
is kept in a journal, a file that the processes of the trials share and from which the next run goes on.

The score of one training is partly chance, and the best of many is chosen by it. So a part of the time is kept for
trainings of the best settings, and of the defaults, from other seeds.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

from rnncli import writing
from rnncli.clock import Clock
from rnncli.data.parts import Parts
from rnncli.errors import DataError, RnncliError, UsageError
from rnncli.jobs import Job, Outcome, Place, error_of
from rnncli.jobs.job import state_of
from rnncli.scoring import Scoring
from rnncli.studies.space import Space
from rnncli.studies.trial import Setting
from rnncli.studies.tuning_trial import (
    CUT,
    FAILED,
    FUNCTION,
    STATES,
    TOO_LARGE,
    WHOLE,
    Goal,
    check_label,
    divided,
    load_optuna,
    open_study,
    undisturbed,
)  # fmt: skip

JOURNAL = "tune.journal"
EXPLORING = 0.7  # the share of the time in which new settings are tried; the rest is for other seeds of the best
CANDIDATES = 3  # that are trained from other seeds, beside the defaults
MOST_SEEDS = 5  # of each of them
LEAST = 0.5  # of the time of a usual trial, for which a trial is still begun


class Trial(NamedTuple):
    """A trial that is over.

    values   of the options that are tuned
    state    one of the words above
    seconds  that it took
    size     bytes of the model file; 0: not asked for
    """

    number: int
    seed: int
    values: Mapping[str, Any]
    state: str
    score: float
    epochs: int
    seconds: float
    size: int


class Candidate(NamedTuple):
    """Settings with the trials of them that are whole, or that were cut where there is no whole one."""

    values: Mapping[str, Any]
    trials: list[Trial]

    def score(self, seeds: int) -> float:
        """The mean score of its first trials."""
        return mean(trial.score for trial in self.trials[:seeds])


class Tuning:
    """A study with a budget of time. Use it in the block of :meth:`opened`.

    clock    has the budget
    folder   of the journal
    given    names of the options that have a value of the user's
    """

    def __init__(
        self, setting: Setting, parts: Parts, goal: Goal, clock: Clock, folder: Path, given: Collection[str]
    ) -> None:
        self.setting = setting
        self.goal = goal
        self.clock = clock
        self.journal = folder / JOURNAL
        self.until = time.time() + clock.left
        train, dev = divided(setting, parts)
        model = setting.task(train, dev, parts.scheme).prepare(setting.training.seed)
        if why := Scoring.of(dev, model, 1).why_loss:
            raise DataError(f"{why}, so no score tells settings apart", hint="give other --dev data")
        if goal.metric:
            check_label(goal, dev, parts)
        self.space = Space.of(setting, model, given)
        if not self.space.ranges:
            raise UsageError("all options that are tuned were given", hint="leave out what may change")
        self.running: dict[str, tuple[Any, dict[str, Any], int]] = {}
        self.earlier = 0  # trials of earlier runs

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the journal, which no other run may use; one of other data or options is a :class:`.UsageError`."""
        load_optuna()
        self.journal.parent.mkdir(parents=True, exist_ok=True)
        with writing.lock(self.journal):
            self.study = open_study(self.journal)
            self.earlier = len(self.study.trials)
            self.study = open_study(self.journal, self.setting.training.seed + self.earlier)
            self._check_identity()
            for trial in self.study.trials:  # of a run that was stopped
                if not trial.state.is_finished() and trial.state.name == "RUNNING":
                    self.study.tell(trial.number, state=load_optuna().trial.TrialState.FAIL)
            if not self.earlier:
                self.study.enqueue_trial(dict(self.space.defaults), {"seed": self.setting.training.seed})
            yield

    def _check_identity(self) -> None:
        job = self.setting.job("", {"metric": self.goal.metric, "max_size": self.goal.max_size})
        identity = {
            "arguments": job.arguments,
            "tuned": sorted(self.space.ranges),
            "files": [state_of(path).sha256 for path in job.inputs],
        }
        identity = json.loads(json.dumps(identity, allow_nan=False))
        known = self.study.user_attrs.get("identity")
        if known is None:
            self.study.set_user_attr("identity", identity)
        elif known != identity:
            hint = "give another --work, or remove this folder"
            raise UsageError("is a study of other data or options", where=str(self.journal), hint=hint)

    def run(self, place: Place, advance: Callable[[float, str], None]) -> None:
        """Do trials until the time is over.

        advance  called after each trial with the share of the time that is spent, and a message
        """
        with closing(place.outcomes(self._jobs())) as outcomes:
            for outcome in outcomes:
                with undisturbed():
                    self._tell(outcome)
                    trials = self.trials
                scores = [trial.score for trial in trials if trial.state == WHOLE]
                best = f", best {100 * max(scores):.2f}" if scores else ""
                advance(min(1.0, self.clock.spent / self.clock.budget), f"trials: {len(trials)}{best}")

    def _jobs(self) -> Iterator[Job]:
        """The trials to begin, each chosen when it is asked for."""
        limit = EXPLORING * self.clock.budget
        while (self.clock.spent < limit or not self.candidates()) and self._is_worth_it():
            with undisturbed():
                job = self._job(self.study.ask(), can_be_pruned=True)
            yield job
        best = self.candidates()[:CANDIDATES]
        default = self.default
        if default and default not in best:
            best.append(default)
        for _ in range(MOST_SEEDS - 1):
            for candidate in best:
                seconds = mean(trial.seconds for trial in candidate.trials)
                if len(best) < 2 or seconds > self.clock.left:
                    return
                seed = self._next_seed(candidate.values)
                with undisturbed():
                    self.study.enqueue_trial(
                        dict(candidate.values), {"seed": seed, "fixed": dict(candidate.values)}
                    )
                    job = self._job(self.study.ask(), can_be_pruned=False)
                yield job

    def _next_seed(self, values: Mapping[str, Any]) -> int:
        begun = [seed for _, running, seed in self.running.values() if running == values]
        seeds = begun + [trial.seed for trial in self.trials if trial.values == values]
        return max(seeds) + 1

    def _is_worth_it(self) -> bool:
        """Whether there is time for a good part of a usual trial; there always is for the first one."""
        seconds = [trial.seconds for trial in self.trials if trial.state in (WHOLE, CUT)]
        return not self.trials or self.clock.left > max(1.0, LEAST * median(seconds or [0.0]))

    def _job(self, trial: Any, can_be_pruned: bool) -> Job:
        seed = trial.user_attrs.get("seed", self.setting.training.seed)
        drawn = self.space.draw(trial)
        values = trial.user_attrs.get("fixed", drawn)  # a rounded value is not drawn again
        trial.set_user_attr("values", values)
        trial.set_user_attr("seed", seed)
        part = {
            "values": values,
            "seed": seed,
            "until": self.until,
            "metric": self.goal.metric,
            "max_size": self.goal.max_size,
            "journal": str(self.journal),
            "trial": trial.number if can_be_pruned else -1,
        }
        key = f"trial-{trial.number}"
        self.running[key] = trial, values, seed
        return self.setting.job(key, part, function=FUNCTION)

    def _tell(self, outcome: Outcome) -> None:
        """Note the result of a trial in the journal."""
        states = load_optuna().trial.TrialState
        trial, _, _ = self.running.pop(outcome.key)
        if outcome.fault:
            trial.set_user_attr("result", {"state": FAILED, "seconds": outcome.seconds})
            self.study.tell(trial, state=states.FAIL)
            raise error_of(outcome)
        counts = outcome.counts
        trial.set_user_attr("result", {**counts, "seconds": outcome.seconds})
        if counts["state"] == WHOLE:
            self.study.tell(trial, counts["score"])
        elif counts["state"] == FAILED:
            self.study.tell(trial, state=states.FAIL)
        else:
            if counts["state"] == TOO_LARGE:
                trial.report(-counts["size"], 0)  # so that the sampler learns what is smaller
            self.study.tell(trial, state=states.PRUNED)

    @property
    def trials(self) -> list[Trial]:
        """All trials that are over, of earlier runs too."""
        trials = []
        for each in self.study.get_trials(deepcopy=False):
            result = each.user_attrs.get("result")
            if result is not None and each.state.is_finished():
                numbers = (
                    result.get("score", 0.0),
                    result.get("epochs", 0),
                    result["seconds"],
                    result.get("size", 0),
                )
                attributes = each.user_attrs
                trials.append(
                    Trial(each.number, attributes["seed"], attributes["values"], result["state"], *numbers)
                )
        return trials

    def candidates(self) -> list[Candidate]:
        """All settings that have a score, the best by its mean over all seeds first; one seed counts as well."""
        trials = self.trials
        state = WHOLE if any(trial.state == WHOLE for trial in trials) else CUT
        by_values: dict[str, Candidate] = {}
        for trial in trials:
            if trial.state == state:
                key = json.dumps(trial.values, sort_keys=True, allow_nan=False)
                by_values.setdefault(key, Candidate(trial.values, [])).trials.append(trial)
        return sorted(by_values.values(), key=lambda each: -each.score(len(each.trials)))

    @property
    def default(self) -> Candidate | None:
        """The candidate with the default settings; ``None`` if it has no score."""
        return next((each for each in self.candidates() if each.values == dict(self.space.defaults)), None)

    def best(self) -> tuple[Candidate, int] | None:
        """The best candidate, and the number of seeds that it was chosen by; ``None`` before the first score.

        Of those with the most seeds that at least two share, else of all, the one with the highest mean score.
        """
        every = self.candidates()
        if not every:
            return None
        counts = sorted((len(each.trials) for each in every), reverse=True)
        seeds = counts[min(1, len(counts) - 1)]
        several = [each for each in every if len(each.trials) >= seeds]
        return max(several, key=lambda each: each.score(seeds)), seeds


def summary(tuning: Tuning) -> dict[str, Any]:
    """The JSON contract of ``rnncli study tune``. Raises a :class:`.RnncliError` where no trial has a score."""
    chosen = tuning.best()
    trials = tuning.trials
    if not chosen:
        if any(trial.state == TOO_LARGE for trial in trials):
            least = min(trial.size for trial in trials if trial.state == TOO_LARGE)
            hint = f"the smallest one had about {least:,} bytes"
            raise UsageError("--max-size: every model that was tried is larger", hint=hint)
        raise RnncliError("no trial was long enough to have a score", hint="give more --time")
    best, seeds = chosen
    default = tuning.default
    return {
        "metric": tuning.goal.metric or "dev",
        "budget": tuning.clock.budget,
        "seconds": tuning.clock.spent,
        "trials": len(trials),
        "new_trials": len(trials) - sum(trial.number < tuning.earlier for trial in trials),
        "states": {state: sum(t.state == state for t in trials) for state in STATES},
        "seeds": seeds,
        "best": {**_row(best), "score": best.score(seeds), "is_default": best is default or best == default},
        "default": _row(default) if default else None,
        "candidates": [_row(each) for each in tuning.candidates()[:10]],
        "all": [trial._asdict() for trial in trials],
    }


def _row(candidate: Candidate) -> dict[str, Any]:
    first = candidate.trials[0]
    return {
        "trial": first.number,
        "score": candidate.score(len(candidate.trials)),
        "scores": [trial.score for trial in candidate.trials],
        "epochs": first.epochs,
        "seconds": first.seconds,
        "size": first.size,
        "values": dict(candidate.values),
    }
