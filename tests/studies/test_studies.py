"""The commands rnncli study folds and curve: the same result wherever and however often they run."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rnncli.studies import choice, statistics
from rnncli.studies.trial import HeldOut

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
TINY = ("--epochs", "4", "--hidden", "4", "--embedding", "4", "--ngram", "4", "--learning-rate", "0.05", "--quiet")
FOLDS = ("study", "folds", "--k", "3", *TINY, "--json")
CURVE = ("study", "curve", "--shares", "30,60,100", "--seeds", "2", *TINY, "--json")


def shown(result: "Result") -> dict[str, Any]:
    assert 0 == result.exit_code, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def folds_here(booking_tsv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The output of a cross-validation in one process, and its folder."""
    folder = tmp_path_factory.mktemp("folds")
    words = [sys.executable, "-m", "rnncli", *FOLDS, "--jobs", "1", "--work", str(folder), str(booking_tsv)]
    made = subprocess.run(words, capture_output=True, text=True, check=True)
    return made.stdout, folder


def test_each_sentence_is_tested_once_by_a_model_that_has_not_seen_it(folds_here: tuple[str, Path]) -> None:
    result = json.loads(folds_here[0])
    tested = [HeldOut.read(path) for path in sorted(folds_here[1].rglob("*.npz"))]
    assert 3 == len(tested)
    assert list(range(30)) == sorted(np.concatenate([each.sentences for each in tested]).tolist())
    folds = choice.fold_of(range(30), 3, seed=1)
    for number, each in enumerate(tested, 1):
        assert [i for i in range(30) if folds[i] == number] == each.sentences.tolist()
        assert len(each.gold) == each.starts[-1] == len(each.predicted)
    assert [20, 20, 20] == [row["trained_on"] for row in result["trials"]]
    gold, predicted, correct = np.concatenate([each.counts for each in tested]).sum(axis=0).tolist()
    assert 48 == gold
    pooled = result["pooled"]
    assert 2 * correct / (gold + predicted) == pytest.approx(pooled["score"])
    assert pooled["low"] <= pooled["score"] <= pooled["high"]
    scores = [row["score"] for row in result["trials"]]
    assert (np.mean(scores), np.std(scores, ddof=1)) == pytest.approx(
        (result["mean"], result["standard_deviation"])
    )
    assert 48 == sum(each["gold"] for each in result["per_type"].values())


def test_two_processes_give_the_bytes_of_one(
    run: Run, booking_tsv: Path, tmp_path: Path, folds_here: tuple[str, Path]
) -> None:
    result = run(*FOLDS, "--jobs", "2", "--work", tmp_path / "w", booking_tsv)
    assert folds_here[0] == result.stdout
    for path in folds_here[1].rglob("*.npz"):
        assert path.read_bytes() == (tmp_path / "w" / path.relative_to(folds_here[1])).read_bytes()


def test_a_study_that_was_killed_goes_on_to_the_same_result(
    run: Run, booking_tsv: Path, tmp_path: Path, folds_here: tuple[str, Path]
) -> None:
    words = [*FOLDS, "--jobs", "1", "--work", str(tmp_path / "w"), str(booking_tsv)]
    with subprocess.Popen([sys.executable, "-m", "rnncli", *words]) as child:
        until = time.monotonic() + 100
        while not list(tmp_path.rglob("fold-1-of-3.npz")) and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    done = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert folds_here[0] == run(*words).stdout
    manifest = (tmp_path / "w" / "manifest.jsonl").read_text().splitlines()
    assert 3 == len(manifest)
    finished = [path for path in done if path.stat().st_mtime_ns == done[path]]
    assert len(finished) >= len(done) - 1  # the entry of the last one may be missing


def test_a_curve_rises_and_is_the_same_in_shards(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    whole = shown(run(*CURVE, "--jobs", "1", "--work", tmp_path / "a", booking_tsv))
    assert [7, 14, 24] == [row["sentences"] for row in whole["points"]]
    assert [2, 2, 2] == [len(row["scores"]) for row in whole["points"]]
    assert whole["points"][-1]["mean"] > whole["points"][0]["mean"]
    assert 6 == whole["tested_on"]
    assert (whole["twice"] is None) == (whole["law"] is None)
    for shard in ("1/2", "2/2"):
        result = run(*CURVE[:-1], "--jobs", "1", "--work", tmp_path / "b", "--shard", shard, booking_tsv)
        assert (0, "") == (result.exit_code, result.stdout)
    assert whole == shown(run(*CURVE, "--jobs", "1", "--work", tmp_path / "b", booking_tsv))


def test_groups_are_not_divided(run: Run, tmp_path: Path, booking_text: str) -> None:
    rows = [line.split("\t") for line in booking_text.split("\n")]
    number = iter(range(10_000))
    group = 0
    lines = []
    for row in rows:
        if len(row) == 2:
            lines.append(f"{row[0]}\tg{group // 5}\t{row[1]}\n")
        else:
            group = next(number) + 1
            lines.append("\n")
    data = tmp_path / "grouped.tsv"
    data.write_text("".join(lines[:-1]))
    result = shown(run(*FOLDS, "--jobs", "1", "--group", "2", "--work", tmp_path / "w", data))
    assert ("2", 6) == (result["group"], result["groups"])
    for path in (tmp_path / "w").rglob("*.npz"):
        groups = {i // 5 for i in HeldOut.read(path).sentences.tolist()}
        assert 5 * len(groups) == len(HeldOut.read(path).sentences)
    refused = run("study", "folds", "--k", "7", "--group", "2", "--work", tmp_path / "x", *TINY, data)
    assert (3, "error: 7 folds need at least as many groups; there are 6\n  lower --k\n") == (
        refused.exit_code,
        refused.stderr,
    )


def test_probabilities_are_those_of_the_model(tmp_path: Path, booking_tsv: Path) -> None:
    from rnncli import jobs
    from rnncli.config import NetworkSpec, ReadOptions, TrainingSpec
    from rnncli.studies import folds
    from rnncli.studies.trial import Setting

    sizes = {"hidden": 4, "embedding": 4, "ngram": 4}
    training = TrainingSpec(epochs=12, learning_rate=0.05, dropout=0.5)
    setting = Setting.of({"data": booking_tsv}, NetworkSpec(**sizes), training, ReadOptions())
    made = folds.Plan(setting, 3).jobs(setting.read(), tmp_path, with_probabilities=True)
    (held_out,) = folds.held_out(list(jobs.run(made[:1], tmp_path)))
    assert (len(held_out.gold), len(held_out.tags)) == held_out.probabilities.shape
    assert held_out.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-4)
    chosen = held_out.probabilities[np.arange(len(held_out.gold)), held_out.predicted]
    assert np.mean(chosen == held_out.probabilities.max(axis=1)) > 0.9
    assert held_out.tags == json.loads(np.load(made[0].output)["header"].tobytes())["tags"]


def test_an_interval_by_bootstrap_is_that_of_the_binomial() -> None:
    right = np.repeat([1, 0], [160, 40])
    counts = np.stack([np.ones(200, int), np.ones(200, int), right], 1)
    low, high = statistics.interval(counts, range(200), seed=1)
    half = 1.96 * np.sqrt(0.8 * 0.2 / 200)
    assert (0.8 - half, 0.8 + half) == pytest.approx((low, high), abs=0.01)
    # Whole groups vary more: here all sentences of a group are alike.
    low_of_groups, high_of_groups = statistics.interval(counts, [i // 10 for i in range(200)], seed=1)
    assert high_of_groups - low_of_groups > 2 * (high - low)


@pytest.mark.parametrize("words", [("folds", "-"), ("curve", "--dev", "-", "data.tsv")])
def test_stdin_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run("study", *words)
    assert 2 == result.exit_code
    assert "none can be stdin" in result.stderr


def test_a_table_of_a_configuration_is_read(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    config = tmp_path / "studies.toml"
    config.write_text('hidden = 4\n[study.folds]\nk = 2\nepochs = 1\n[study.curve]\nshares = "50,100"\n')
    words = ("--jobs", "1", "--work", tmp_path / "w", "--json", "--config", config)
    assert 2 == shown(run("study", "folds", *words, booking_tsv))["folds"]
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[study.fold]\nk = 2\n")
    result = run("study", "folds", "--config", wrong, booking_tsv)
    assert (2, True) == (result.exit_code, 'unknown table "study fold"' in result.stderr)


def test_the_figures_and_tables_are_drawn(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    words = ("--jobs", "1", "--work", tmp_path / "w", "--svg", tmp_path / "f.svg", booking_tsv)
    result = run("study", "folds", "--k", "3", *TINY, *words)
    assert 0 == result.exit_code, result.stderr
    assert "pooled F1" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    figure = (tmp_path / "f.svg").read_text()
    assert 3 + 1 == figure.count("<circle")  # and the one of the key
    assert "pooled, 95 %" in figure
