"""The result of a training, as a value and as JSON."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnncli.errors import DivergedError, RnncliError
from rnncli.evaluation import Scores
from rnncli.inspect import chart
from rnncli.model import Model
from rnncli.runs import Refit, Stopped
from rnncli.tables import image, percent, table
from rnncli.training import Failure, PastEpoch, Result, Run


@dataclass(frozen=True)
class Trained:
    """A finished training: the runs of all seeds, and the best of them, which was saved."""

    runs: list[Run]
    failures: list[Failure]  # of seeds without a run
    best: Run
    model: Model  # the one that was saved
    dev: Scores  # of the best run on the development data
    path: Path
    sha256: str
    stopped: Stopped | None = None  # where it was interrupted
    checkpoint: Path | None = None  # from which a training that was interrupted goes on
    log_problem: RnncliError | None = None  # why the log of gradients was not written
    student: Run | None = None  # that learned from all other runs
    refit: Refit | None = None  # the scores are those before it
    time: dict[str, float] = field(default_factory=dict)  # seconds in each part of the work
    # Every epoch of every seed; of a training that went on from a checkpoint, only those since then.
    history: list[PastEpoch] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<trained {self.model.network_spec.description}; {self._score}; {self.path}>"

    @property
    def _score(self) -> str:
        result = self.result
        name = {"f1": "F1"}.get(result.metric, result.metric)
        score = f"{result.best_score:.4f}" if result.metric == "loss" else percent(result.best_score)
        return f"dev {name} {score} in epoch {result.best_epoch} of {result.epochs}"

    def _repr_html_(self) -> str:
        rows = [
            ["network", self.model.network_spec.description],
            ["development data", self._score],
            ["seconds", f"{self.time.get('total', self.result.seconds):.1f}"],
            ["file", str(self.path)],
        ]
        return table("A trained model", [], rows) + "".join(
            image(chart.points(name, "epoch", name, lines, ticks), f"{name} by epoch")
            for name, lines, ticks in self._curves()
        )

    def _curves(self) -> Iterator[tuple[str, list[chart.Points], list[tuple[float, str]]]]:
        """The loss and the score by epoch, a line for each seed."""
        if not self.history:
            return
        last = max(past.epoch for past in self.history)
        ticks = [(float(number), str(number)) for number in range(1, last + 1, max(1, -(-last // 12)))]
        for name in ("loss", "score"):
            lines = []
            for seed in dict.fromkeys(past.seed for past in self.history):
                values = [(past.epoch, getattr(past, name)) for past in self.history if past.seed == seed]
                points = [chart.Point(epoch, value, value, value) for epoch, value in values if value is not None]
                lines.append(chart.Points(f"seed {seed}", points, is_line=True))
            if any(line.points for line in lines):
                yield name, lines, ticks

    @property
    def result(self) -> Result:
        """The result of the best run."""
        return self.best.result

    @property
    def _all(self) -> list[Run]:
        return [*self.runs, self.student] if self.student else self.runs

    @property
    def spread(self) -> tuple[float, float]:
        """Mean and standard deviation of the dev scores over the seeds."""
        scores = [run.score for run in self.runs]
        return statistics.mean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0

    @property
    def problem(self) -> RnncliError | None:
        """What went wrong although the best epoch was saved: divergence, seeds that failed, a log.

        ``None`` for a training that was interrupted, because it is not over.
        """
        if self.stopped:
            return None
        problems = [(run.seed, run.result.diverged) for run in self._all if run.result.diverged]
        problems += [(failure.seed, failure.text) for failure in self.failures]
        if not problems:
            return self.log_problem
        message = "; ".join(f"seed {seed}: {text}" for seed, text in sorted(problems))
        saved = f"epoch {self.result.best_epoch} of seed {self.best.seed} was saved"
        if self.diverged:
            return DivergedError(message, hint=f"{saved}; lower --learning-rate")
        return RnncliError(message, hint=saved)

    @property
    def diverged(self) -> bool:
        """Whether a run ended because a number was not finite."""
        return any(run.result.diverged for run in self._all) or any(each.diverged for each in self.failures)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli train``."""
        mean, deviation = self.spread
        return {
            "model": str(self.path),
            "seed": self.best.seed,
            "epochs": self.result.epochs,
            "best_epoch": self.result.best_epoch,
            "metric": self.result.metric,
            "seconds": self.result.seconds,
            "tokens_per_second": self.result.tokens_per_second,
            "interrupted": self.stopped is not None,
            "diverged": self.diverged,
            "checkpoint": str(self.checkpoint) if self.checkpoint else None,
            "dev": self.dev.as_dict(),
            "refit": self.refit.as_dict() if self.refit else None,
            "time": self.time,
            "history": [past._asdict() for past in self.history],
            "sha256": self.sha256,
            "student": _row(self.student) if self.student else None,
            "seeds": {
                "mean": mean,
                "standard_deviation": deviation,
                "runs": [_row(run) for run in self.runs],
                "failed": [failure._asdict() for failure in self.failures],
            },
        }


def _row(run: Run) -> dict[str, Any]:
    """A run in the JSON contract of ``rnncli train``."""
    return {
        "seed": run.seed,
        "best_epoch": run.result.best_epoch,
        "f1": run.f1,
        "score": run.score,
        "diverged": bool(run.result.diverged),
        "lowered": run.result.lowered,
    }
