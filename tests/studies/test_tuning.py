"""rnncli study tune: a budget of time, and settings that a training takes."""

import json
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli.config import RANGES, NetworkSpec, Range, ReadOptions, TrainingSpec
from rnncli.errors import UsageError
from rnncli.modelfile import load
from rnncli.studies import space, tuning_trial
from rnncli.studies.trial import Setting
from rnncli.studies.tuning import Candidate, Trial, Tuning

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
TINY = ("--epochs", "3", "--hidden", "4", "--embedding", "4", "--ngram", "4", "--jobs", "1", "--force", "--quiet")


def tune(data: Path, folder: Path, *words: str, seconds: float = 5) -> tuple[str, ...]:
    files = ("--out", str(folder / "tuned.toml"), "--work", str(folder / "work"))
    return ("study", "tune", "--dev", str(data), "--time", str(seconds), *files, *TINY, *words, str(data))


def shown(result: "Result") -> dict[str, Any]:
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


def test_a_budget_gives_settings_that_a_training_takes_and_the_next_run_goes_on(
    run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    began = time.monotonic()
    first = shown(run(*tune(booking_tsv, tmp_path, "--json")))
    assert time.monotonic() - began < 60
    assert first["trials"] == first["new_trials"] == sum(first["states"].values()) >= 2
    default = first["all"][0]
    values = default["values"]
    assert (0, 0.002, 0.5, 1) == (default["number"], values["learning_rate"], values["dropout"], default["seed"])
    assert not {"hidden", "embedding", "ngram", "epochs"} & values.keys()  # they were given
    assert max(row["score"] for row in first["candidates"]) == first["candidates"][0]["score"]
    settings = tomllib.loads((tmp_path / "tuned.toml").read_text())["train"]
    for name, value in first["best"]["values"].items():
        assert value == settings[name.replace("_", "-")]
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", tmp_path / "tuned.toml", "--out", model, "--force", "--quiet")
    assert 0 == run("train", booking_tsv, *words).exit_code
    trained = load(model)
    assert (4, 3) == (trained.network_spec.hidden, trained.training_spec.epochs)
    for name, value in first["best"]["values"].items():
        assert value == getattr(trained.network_spec, name, getattr(trained.training_spec, name, None))
    # The best of it has the score of its trial.
    if first["best"]["scores"][0] == first["best"]["score"]:
        assert first["best"]["score"] == pytest.approx(trained.provenance["dev"]["f1"])
    second = shown(run(*tune(booking_tsv, tmp_path, "--json")))
    assert second["all"][: first["trials"]] == first["all"]
    assert second["trials"] == first["trials"] + second["new_trials"]
    assert second["new_trials"] >= 1


def test_other_seeds_choose_among_the_best(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = shown(run(*tune(booking_tsv, tmp_path, "--json", seconds=12)))
    assert result["seeds"] >= 2
    seeds = {trial["seed"] for trial in result["all"]}
    assert {1, 2} <= seeds
    assert len(result["best"]["scores"]) >= result["seeds"]
    assert len(result["default"]["scores"]) >= 2


def test_another_study_has_another_folder(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    assert 0 == run(*tune(booking_tsv, tmp_path, seconds=0.5)).exit_code
    result = run(*tune(booking_tsv, tmp_path, "--layers", "2", seconds=0.5))
    assert 2 == result.exit_code
    assert "is a study of other data or options" in result.stderr


def test_a_model_may_not_be_larger_than_it_is_said(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    words = list(tune(booking_tsv, tmp_path, "--json", "--max-size", "40kB", seconds=8))
    for flag in ("--embedding", "--ngram", "--hidden"):
        del words[words.index(flag) : words.index(flag) + 2]
    words[-1:] = ["--hidden", "8", "--window", "0", words[-1]]
    result = run(*words)
    if result.exit_code:
        pytest.fail(result.stderr)
    result = shown(result)
    assert result["states"]["too large"] >= 1
    model = tmp_path / "model.npz"
    words = ("--dev", booking_tsv, "--config", tmp_path / "tuned.toml", "--out", model, "--force", "--quiet")
    assert 0 == run("train", booking_tsv, *words).exit_code
    assert model.stat().st_size <= 40_000
    refused = run(*tune(booking_tsv, tmp_path / "b", "--max-size", "1kB", "--json", seconds=1))
    assert (2, True) == (refused.exit_code, "every model that was tried is larger" in refused.stderr)


def test_ctrl_c_writes_the_best_so_far(booking_tsv: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rnncli", *tune(booking_tsv, tmp_path, seconds=1000)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        until = time.monotonic() + 100
        journal = tmp_path / "work" / "tune.journal"
        while not (journal.exists() and '"values": [' in journal.read_text()) and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.stderr
        assert "interrupted\n" == child.stderr.read()
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
    sizes = {"hidden": 4, "embedding": 4, "ngram": 4}
    training = TrainingSpec(epochs=12, learning_rate=0.05)
    setting = Setting.of(
        {"data": booking_tsv, "dev": booking_tsv}, NetworkSpec(**sizes), training, ReadOptions(), force=True
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
