"""Cross-validation: every sentence is tested once, by a model that was trained without its fold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnncli.data.parts import Parts
from rnncli.jobs import Job, Outcome
from rnncli.studies import choice
from rnncli.studies.statistics import interval, mean_and_deviation, score_of
from rnncli.studies.trial import HeldOut, Setting


class Plan(NamedTuple):
    """A cross-validation.

    folds  into which the sentences are divided, K
    seeds  how often: each time with another seed of the folds and of the training, from that of the options on
    """

    setting: Setting
    folds: int
    seeds: int = 1

    def jobs(self, parts: Parts, folder: Path, with_probabilities: bool = False) -> list[Job]:
        """The jobs; each writes a :class:`.HeldOut` into the folder.

        parts  as :meth:`.Setting.read` gives them

        Too few sentences or groups for so many folds are a :class:`.DataError`.
        """
        group_of = choice.groups(parts.corpus, self.setting.group)
        first = self.setting.training.seed
        jobs = []
        for seed in range(first, first + self.seeds):
            fold_of = choice.fold_of(group_of, self.folds, seed)
            setting = self.setting.with_seed(seed)
            for fold in range(1, self.folds + 1):
                key = f"seed-{seed}/fold-{fold}-of-{self.folds}"
                part = {"fold": fold, "folds": self.folds, "seed": seed}
                work = sum(number != fold for number in fold_of)
                output = folder / f"{key}.npz"
                jobs.append(setting.job(key, part, output, work, with_probabilities=with_probabilities))
        return jobs


def held_out(outcomes: Sequence[Outcome]) -> list[HeldOut]:
    """What the models of all folds say, in the order of the outcomes."""
    return [HeldOut.read(Path(outcome.output.path)) for outcome in outcomes if outcome.output]


def summary(plan: Plan, parts: Parts, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The JSON contract of ``rnncli study folds``, of the outcomes of all folds.

    The mean and the standard deviation are over the folds of all seeds. The pooled score is that of all held-out
    sentences together, with a bootstrap over sentences, or over groups where there are some.
    """
    rows = [
        {
            "seed": outcome.arguments["part"]["seed"],
            "fold": outcome.arguments["part"]["fold"],
            "sentences": outcome.counts["scores"]["sentences"],
            "trained_on": outcome.counts["sentences"],
            "epochs": outcome.counts["epochs"],
            "dev": outcome.counts["dev"],
            "score": score_of(outcome.counts["scores"]["total"]),
        }
        for outcome in outcomes
    ]
    rows.sort(key=lambda row: (row["seed"], row["fold"]))
    scores = [outcome.counts["scores"] for outcome in outcomes]
    mean, deviation = mean_and_deviation([row["score"] for row in rows])
    tested = held_out(outcomes)
    counts = np.concatenate([each.counts for each in tested])
    group_of = choice.groups(parts.corpus, plan.setting.group)
    unit = [group_of[i] for each in tested for i in each.sentences.tolist()]
    low, high = interval(counts, unit, plan.setting.training.seed)
    return {
        "metric": scores[0]["metric"],
        "folds": plan.folds,
        "seeds": plan.seeds,
        "group": plan.setting.group,
        "groups": len(set(group_of)),
        "sentences": len(parts.train),
        "mean": mean,
        "standard_deviation": deviation,
        "pooled": {"score": score_of(counts.sum(axis=0).tolist()), "low": low, "high": high},
        "per_type": _per_type([each["types"] for each in scores]),
        "trials": rows,
    }


def _per_type(types: Sequence[dict[str, list[int]]]) -> dict[str, Any]:
    """For each type the mean and standard deviation over the folds that have it, and the pooled score."""
    per_type: dict[str, Any] = {}
    for kind in sorted({kind for each in types for kind in each}):
        counts = [each[kind] for each in types if kind in each]
        mean, deviation = mean_and_deviation([score_of(each) for each in counts])
        pooled = np.sum(counts, axis=0).tolist()
        per_type[kind] = {
            "mean": mean,
            "standard_deviation": deviation,
            "score": score_of(pooled),
            "gold": pooled[0],
            "predicted": pooled[1],
            "correct": pooled[2],
            "folds": len(counts),
        }
    return per_type
