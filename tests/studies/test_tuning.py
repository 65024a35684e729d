"""rnncli study tune: a budget of time, and settings that a training takes."""

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli.clock import Clock
from rnncli.config import RANGES, NetworkSpec, Range, ReadOptions, TrainingSpec
from rnncli.errors import UsageError
from rnncli.jobs import Here
from rnncli.modelfile import load
from rnncli.studies import space, tuning_trial
from rnncli.studies.trial import Setting
from rnncli.studies.tuning import Candidate, Trial, Tuning, summary

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
NO_GOAL = tuning_trial.Goal()
QUICK = TrainingSpec(epochs=3)
RESULT = '"result":{'
TINY = (
    "--epochs",
    "3",
    "--hidden",
    "4",
    "--embedding",
    "4",
    "--ngram",
    "4",
    "--jobs",
    "1",
    "--force",
    "--overwrite",
    "--quiet",
)


def tune(data: Path, folder: Path, *words: str, seconds: float = 5) -> tuple[str, ...]:
    files = ("--out", str(folder / "tuned.toml"), "--work", str(folder / "work"))
    return ("study", "tune", "--dev", str(data), "--time", str(seconds), *files, *TINY, *words, str(data))


def shown(result: "Result") -> dict[str, Any]:
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


class Counted(Clock):
    """A clock that counts trials, so that a test does not depend on the speed of the machine."""

    search: Tuning | None = None

    @property
    def spent(self) -> float:
        return float(len(self.search.trials)) * 100 if self.search else 0.0


SIZES = {"hidden": 4, "embedding": 4, "ngram": 4}
GIVEN = [*SIZES, "epochs"]


def searched(
    data: Path,
    folder: Path,
    trials: int,
    goal: tuning_trial.Goal = NO_GOAL,
    given: Sequence[str] = GIVEN,
    training: TrainingSpec = QUICK,
) -> Tuning:
    """Do a number of trials."""
    sizes = {name: size for name, size in SIZES.items() if name in given}
    files = {"data": data, "dev": data}
    setting = Setting.of(files, NetworkSpec(**sizes), training, ReadOptions(), force=True)
    clock = Counted(100.0 * trials)
    search = Tuning(setting, setting.read(), goal, clock, folder, given)
    with search.opened():
        search.until = time.time() + 3600
        before = len(search.trials)
        clock.search = search
        clock.budget += 100.0 * before
        search.run(Here(1), lambda share, message: None)
    return search


def test_the_first_trial_has_the_defaults_and_other_seeds_choose_among_the_best(
    booking_tsv: Path, tmp_path: Path
) -> None:
    search = searched(booking_tsv, tmp_path, 10)
    result = summary(search)
    first, *others = result["all"]
    values = first["values"]
    assert (0, 0.002, 0.6, 8, 1) == (
        first["number"], values["learning_rate"], values["dropout"], values["batch"], first["seed"],
    )  # fmt: skip
    assert set(RANGES) - set(GIVEN) == set(values)
    assert 10 == result["trials"] == sum(result["states"].values())
    assert [1] * 6 == [trial["seed"] for trial in others[:6]]
    assert [2] * 3 == [trial["seed"] for trial in others[6:]]
    assert 2 == result["seeds"]
    best = [trial for trial in result["all"] if trial["values"] == result["best"]["values"]]
    assert 2 == len(best)
    assert (best[0]["score"] + best[1]["score"]) / 2 == result["best"]["score"]


def test_the_next_run_goes_on(booking_tsv: Path, tmp_path: Path) -> None:
    first = searched(booking_tsv, tmp_path, 3).trials
    second = searched(booking_tsv, tmp_path, 3)
    assert first == second.trials[: len(first)]
    assert len(second.trials) > len(first) >= 3
    drawn = [json.dumps(trial.values, allow_nan=False) for trial in second.trials]
    assert len(set(drawn)) >= 4  # the second run does not draw the same again
    assert len(first) == summary(second)["trials"] - summary(second)["new_trials"]


def test_a_training_takes_the_settings(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = shown(run(*tune(booking_tsv, tmp_path, "--json", seconds=1)))
    assert 0 == result["all"][0]["number"]
    settings = tomllib.loads((tmp_path / "tuned.toml").read_text())["train"]
    for name, value in result["best"]["values"].items():
        assert value == settings[name.replace("_", "-")]
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", tmp_path / "tuned.toml", "--out", model, "--force", "--quiet")
    trained = run("train", booking_tsv, *words)
    assert 0 == trained.exit_code, trained.stderr
    made = load(model)
    assert (4, 3) == (made.network_spec.hidden, made.training_spec.epochs)
    for name, value in result["best"]["values"].items():
        assert value == getattr(made.network_spec, name, getattr(made.training_spec, name, None))


def test_the_score_is_that_of_a_training_with_the_settings(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    search = searched(booking_tsv, tmp_path, 3)
    trial = search.trials[1]
    path = tmp_path / "settings.toml"
    path.write_text(space.toml(search.setting, trial.values, ["a comment"]))
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", path, "--out", model, "--force", "--quiet", "--threads", "1")
    assert 0 == run("train", booking_tsv, *words).exit_code
    assert trial.score == load(model).provenance["dev"]["f1"]


def test_another_study_has_another_folder(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    assert 0 == run(*tune(booking_tsv, tmp_path, seconds=0.5)).exit_code
    result = run(*tune(booking_tsv, tmp_path, "--layers", "2", seconds=0.5))
    assert 2 == result.exit_code
    assert "is a study of other data or options" in result.stderr


def test_a_model_may_not_be_larger_than_it_is_said(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    goal = tuning_trial.Goal(max_size=350_000)
    search = searched(booking_tsv, tmp_path / "work", 14, goal, ["epochs"])
    result = summary(search)
    assert result["states"]["too large"] >= 1
    path = tmp_path / "settings.toml"
    path.write_text(space.toml(search.setting, result["best"]["values"], []))
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", path, "--out", model, "--force", "--quiet")
    assert 0 == run("train", booking_tsv, *words).exit_code
    assert model.stat().st_size <= 350_000
    with pytest.raises(UsageError, match="every model that was tried is larger"):
        summary(searched(booking_tsv, tmp_path / "b", 3, tuning_trial.Goal(max_size=1_000)))


def test_the_f1_of_one_type_is_what_counts(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    training = TrainingSpec(epochs=8, learning_rate=0.05)
    given = [*GIVEN, "learning_rate"]
    goal = tuning_trial.Goal("f1:departure")
    search = searched(booking_tsv, tmp_path, 1, goal, given, training)
    usual = searched(booking_tsv, tmp_path / "usual", 1, NO_GOAL, given, training)
    assert search.trials[0].values == usual.trials[0].values
    assert search.trials[0].score != usual.trials[0].score
    path = tmp_path / "settings.toml"
    path.write_text(space.toml(search.setting, search.trials[0].values, []))
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", path, "--out", model, "--force", "--quiet")
    assert 0 == run("train", booking_tsv, *words).exit_code
    assert search.trials[0].score == load(model).provenance["dev"]["per_type"]["departure"]["f1"]


def test_ctrl_c_writes_the_best_so_far(booking_tsv: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rnncli", *tune(booking_tsv, tmp_path, seconds=1000)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        until = time.monotonic() + 100
        journal = tmp_path / "work" / "tune.journal"
        # With the second result the first trial is over.
        while not (journal.exists() and journal.read_text().count(RESULT) > 1) and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        assert "" == child.stderr.read()
    assert 130 == child.returncode
    assert "learning-rate" in tomllib.loads((tmp_path / "tuned.toml").read_text())["train"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--metric", "f1:departur"), 'did you mean "departure"?'),
        (("--metric", "recall"), "not a metric"),
        (("--max-size", "big"), "not a size"),
        (("--time", "soon"), "not a duration"),
        (("--time", "0"), "--time is missing"),
        (("--shard", "1/2"), "depends on those before"),
    ],
)
def test_what_cannot_be_meant(
    run: Run, booking_tsv: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    result = run(*tune(booking_tsv, tmp_path, *words))
    assert (2, "") == (result.exit_code, result.stdout)
    assert message in result.stderr
    assert not (tmp_path / "tuned.toml").exists()


def test_without_optuna_the_extra_is_named(
    run: Run, booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = run(*tune(booking_tsv, tmp_path))
    assert (2, 'error: study tune needs Optuna\n  pip install "rnncli[tune]"\n') == (
        result.exit_code,
        result.stderr,
    )


@pytest.mark.parametrize("name", RANGES)
def test_both_ends_of_each_range_are_values_of_the_option(name: str) -> None:
    setting = Setting({}, NetworkSpec(), TrainingSpec(), ReadOptions())
    tried = RANGES[name]
    default = getattr(NetworkSpec(), name, getattr(TrainingSpec(), name, None))
    kind = type(default)
    for value in (tried.low, tried.high) if isinstance(tried, Range) else tried:
        changed = space.with_values(setting, {name: kind(value)})
        assert value == getattr(changed.network, name, getattr(changed.training, name, None))


@pytest.mark.parametrize(
    ("text", "size"), [("2MB", 2_000_000), ("500kB", 500_000), ("1.5 GB", 1_500_000_000), ("7", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert size == tuning_trial.size_of(text)


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "2TB", "nanMB", "1e99", "2 M B"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--max-size"):
        tuning_trial.size_of(text)


def candidate(*scores: float) -> Candidate:
    return Candidate(
        {"window": len(scores)}, [Trial(0, s, {}, "whole", score, 1, 1.0, 0) for s, score in enumerate(scores)]
    )


@pytest.mark.parametrize(
    ("scores", "best", "seeds"),
    [
        ([(0.9,), (0.8,)], 0, 1),
        ([(0.9, 0.7), (0.85, 0.85), (0.95,)], 1, 2),  # the third was not confirmed
        ([(0.9, 0.7, 0.99), (0.85, 0.85)], 1, 2),  # the third seed has one score alone
        ([(0.4,)], 0, 1),
    ],
)
def test_settings_are_compared_by_as_many_seeds(
    monkeypatch: pytest.MonkeyPatch, scores: list[tuple[float, ...]], best: int, seeds: int
) -> None:
    made = [candidate(*each) for each in scores]
    search = Tuning.__new__(Tuning)
    monkeypatch.setattr(Tuning, "candidates", lambda self: made)
    assert (made[best], seeds) == search.best()


def test_a_poor_trial_is_pruned(booking_tsv: Path, tmp_path: Path) -> None:
    training = TrainingSpec(epochs=12, learning_rate=0.05)
    setting = Setting.of(
        {"data": booking_tsv, "dev": booking_tsv}, NetworkSpec(**SIZES), training, ReadOptions(), force=True
    )
    journal = tmp_path / "tune.journal"
    study = tuning_trial.open_study(journal)
    outcomes = []
    for rate in (0.05, 0.05, 0.05, 0.05, 1e-7):
        trial = study.ask()
        part = {
            "values": {"learning_rate": rate},
            "seed": trial.number + 1,
            "until": time.time() + 600,
            "metric": "",
            "max_size": 0,
            "journal": str(journal),
            "trial": trial.number,
        }
        arguments = setting.job("", part, function=tuning_trial.FUNCTION).arguments
        counts = tuning_trial.train_trial(**arguments, inputs=list(setting.files.values()))
        outcomes.append((counts["state"], counts["epochs"]))
        study.tell(trial, counts["score"])
    assert [("whole", 12)] * 4 == outcomes[:4]
    assert ("pruned", tuning_trial.WARMUP) == outcomes[4]
