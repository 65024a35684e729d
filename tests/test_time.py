"""``train --time``: a budget for everything, by a clock on which every batch takes a second."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numba.core.compiler_lock import global_compiler_lock

from rnncli import api, clock
from rnncli.api import checkpoint_of
from rnncli.clock import Clock, duration
from rnncli.errors import StoppedError, UsageError
from rnncli.trained import Trained
from rnncli.training import Epoch, Listener, Trainer

SMALL: dict[str, Any] = {"hidden": 4, "embedding": 3, "ngram": 3, "batch": 8, "force": True}
BATCHES = 4  # of an epoch


class Ticking(Listener):
    """A second passes with every step; the training is stopped after some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.most = math.inf
        self.reading_seconds = 0.0  # of each file
        self.loading_seconds = 0.0  # of the kernels, in the first step
        self.batches = [0]  # of each seed, and of the refit
        self.epochs: list[Epoch] = []
        take = Trainer.step

        def step(trainer: Trainer, *arguments: Any) -> float:
            with global_compiler_lock:  # as when Numba compiles
                self.seconds += self.loading_seconds
                self.loading_seconds = 0.0
            self.seconds += 1
            return take(trainer, *arguments)

        monkeypatch.setattr(Trainer, "step", step)
        monkeypatch.setattr(clock.time, "perf_counter", lambda: self.seconds)

    def read(self, *_: Any) -> None:
        self.seconds += self.reading_seconds

    def prepared(self, *_: Any) -> None:
        self.batches.append(0)

    def refitting(self, *_: Any) -> None:
        self.batches.append(0)

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.batches[-1] += 1

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def should_stop(self) -> bool:
        return self.seconds >= self.most


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    return Ticking(monkeypatch)


def trained(data: Path, listener: Ticking, seconds: float, dev: bool = True, **options: Any) -> Trained:
    out = data.with_name(f"{data.stem}-{seconds}.npz")
    return api.train(
        data, data if dev else None, out, listener=listener, time=seconds, **(SMALL | {"patience": 1000} | options)
    )


def test_the_rate_falls_so_that_the_training_ends_in_time(ticking: Ticking, booking_tsv: Path) -> None:
    result = trained(booking_tsv, ticking, 102).result
    assert [0, 102] == ticking.batches
    assert (25.5, 82 / BATCHES) == (result.passes, result.constant)
    assert [4, 4, 2] == [epoch.steps for epoch in ticking.epochs[-3:]]
    assert [26] * 3 == [epoch.planned for epoch in ticking.epochs[-3:]]
    assert [21, 22, 23, 24, 25, 26] == [epoch.number for epoch in ticking.epochs if epoch.is_falling]


def test_the_fall_may_be_within_the_first_epoch(ticking: Ticking, booking_tsv: Path) -> None:
    result = trained(booking_tsv, ticking, 3).result
    assert (0.75, 1, 1) == (result.passes, result.epochs, result.best_epoch)


def test_without_need_it_takes_less(ticking: Ticking, booking_tsv: Path) -> None:
    result = trained(booking_tsv, ticking, 1000, patience=0, epochs=3).result
    assert (3, 3 * BATCHES) == (result.epochs, ticking.seconds)


def test_the_rate_is_0_at_the_end(booking_tsv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the weights change in a step is in proportion to the rate, with plain gradient descent."""
    changes = []

    class Watching(Ticking):
        def prepared(self, model: Any, *_: Any) -> None:
            self.model = model
            self.before = model.parameters.flat.copy()

        def batch(self, epochs: float, tokens_per_second: float) -> None:
            super().batch(epochs, tokens_per_second)
            changes.append(float(abs(self.model.parameters.flat - self.before).sum()))
            self.before = self.model.parameters.flat.copy()

    listener = Watching(monkeypatch)
    trained(booking_tsv, listener, 50, optimiser="sgd", dropout=0.0, learning_rate=0.01)
    assert 0 < changes[-1] < 0.2 * changes[39]
    assert changes[-1] < changes[44] < changes[39]


def test_seeds_share_the_time(ticking: Ticking, booking_tsv: Path) -> None:
    runs = trained(booking_tsv, ticking, 90, seeds=3).runs
    assert [30, 30, 30] == ticking.batches[1:]
    assert [7.5] * 3 == [run.result.passes for run in runs]


def test_the_time_before_the_first_seed_is_no_part_of_its_share(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.reading_seconds = 20
    trained(booking_tsv, ticking, 130, seeds=3)  # two files are read
    assert [30, 30, 30] == ticking.batches[1:]


def test_the_time_of_loading_kernels_is_taken_off_the_budget_of_all_seeds(
    ticking: Ticking, booking_tsv: Path
) -> None:
    ticking.loading_seconds = 30
    result = trained(booking_tsv, ticking, 90, seeds=3)
    assert [20, 20, 20] == ticking.batches[1:]
    assert {"kernels": 30, "training": 60, "total": 90}.items() <= result.time.items()
    assert [20] * 3 == [run.result.seconds for run in result.runs]
    assert {4} == {run.result.constant for run in result.runs}  # the fall is a fifth of what was trained


def test_a_seed_that_was_stopped_loads_kernels_again(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.most = 50
    ticking.loading_seconds = 30
    assert trained(booking_tsv, ticking, 150, seeds=3).stopped
    ticking.most = math.inf
    ticking.loading_seconds = 30
    trained(booking_tsv, ticking, 150, seeds=3, resume=True)
    assert [20, 10, 30, 30] == ticking.batches[1:]


def test_a_student_and_its_refit_have_the_time_that_their_data_need(ticking: Ticking, booking_tsv: Path) -> None:
    text = booking_tsv.with_name("text.txt")
    text.write_text("leave Taipei\n" * 87)  # three times as many as the 29 training sentences
    trained(booking_tsv, ticking, 140, dev=False, seeds=2, unlabelled=text)
    assert [20, 20, 80, 20] == ticking.batches[1:]


def test_a_seed_that_was_stopped_gets_the_rest_of_its_share(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.most = 50
    assert trained(booking_tsv, ticking, 90, seeds=3).stopped
    ticking.most = math.inf
    trained(booking_tsv, ticking, 90, seeds=3, resume=True)
    assert [30, 20 + 10, 30] == [ticking.batches[1], sum(ticking.batches[2:4]), ticking.batches[4]]


def test_a_refit_has_its_share_of_it(ticking: Ticking, booking_tsv: Path) -> None:
    result = trained(booking_tsv, ticking, 100, dev=False)
    assert 100 == sum(ticking.batches)
    assert 80 == ticking.batches[1]
    assert 30 == result.refit.sentences
    assert 1000 == result.model.training_spec.patience


def test_the_time_before_it_was_stopped_counts(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.most = 30
    assert trained(booking_tsv, ticking, 60).stopped
    ticking.most = math.inf
    result = trained(booking_tsv, ticking, 60, resume=True)
    assert result.stopped is None
    assert [30, 30] == ticking.batches[1:]
    assert 15 == result.result.passes


@pytest.mark.parametrize("at", [20, 55])  # before and within the fall
def test_on_the_same_clock_a_resumed_training_gives_the_same_model(
    at: int, ticking: Ticking, booking_tsv: Path
) -> None:
    whole = trained(booking_tsv, ticking, 60)
    losses = [epoch.loss for epoch in ticking.epochs]
    ticking.epochs.clear()
    ticking.most = ticking.seconds + at
    assert trained(booking_tsv, ticking, 60).stopped
    ticking.most = math.inf
    assert whole.sha256 == trained(booking_tsv, ticking, 60, resume=True).sha256
    assert losses == [epoch.loss for epoch in ticking.epochs]


def test_a_training_that_goes_on_may_get_more_time(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.most = 30
    out = trained(booking_tsv, ticking, 60).path
    ticking.most = math.inf
    options = SMALL | {"patience": 1000, "resume": True, "time": "80s"}
    assert 20 == api.train(booking_tsv, booking_tsv, out, listener=ticking, **options).result.passes


def test_a_budget_that_is_spent_saves_the_epoch_it_has(ticking: Ticking, booking_tsv: Path) -> None:
    ticking.most = 2
    with pytest.raises(StoppedError):
        trained(booking_tsv, ticking, 3)
    assert checkpoint_of(booking_tsv.with_name(f"{booking_tsv.stem}-3.npz")).exists()
    ticking.most = math.inf
    assert 0.75 == trained(booking_tsv, ticking, 3, resume=True).result.passes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("5m", 300), ("1h30m", 5400), ("90", 90), (0.5, 0.5), ("1.5m", 90), ("1h2m3s", 3723),
        ("2h", 7200), ("1h30", 3630), (" 7 ", 7), (0, 0),
    ],
)  # fmt: skip
def test_durations(text: str | float, seconds: float) -> None:
    assert seconds == duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "-1", -1, "1x", "s", "m5", "5s3m", "nan", "inf", math.nan, math.inf, True, "1..5s", "٣", "9" * 400, "0s0"],
)  # fmt: skip
def test_what_is_no_duration(text: Any, booking_tsv: Path) -> None:
    with pytest.raises(UsageError, match="not a duration\n  give seconds, or a text such as 30s, 5m or 1h30m"):
        api.train(booking_tsv, out=booking_tsv.with_name("none.npz"), time=text)


def test_the_command_refuses_it_too(run: Callable[..., Any], booking_tsv: Path) -> None:
    result = run("train", booking_tsv, "--time", "soon")
    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith("error: --time soon: not a duration\n")


def test_parts_of_parts_are_counted_once(ticking: Ticking) -> None:
    measured = Clock()
    ticking.seconds += 1
    with measured.part("training"):
        ticking.seconds += 10
        with measured.part("scoring"):
            ticking.seconds += 100
        ticking.seconds += 10
        measured.move(5, "kernels")
    assert {"other": 1, "training": 15, "scoring": 100, "kernels": 5, "total": 121} == measured.times
