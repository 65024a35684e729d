"""A number that is not finite sends a training back to good weights, and never gets into a file."""

import json
import math
import re
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from promises import Cases

from rnncli import api, memory, training
from rnncli.api import checkpoint_of
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.data.split import Overlap
from rnncli.data.vectors import Vectors
from rnncli.errors import DivergedError, RnncliError, StoppedError
from rnncli.inspect import gradient_log
from rnncli.model import Model
from rnncli.modelfile import load
from rnncli.plain.limits import TooLargeError
from rnncli.trained import Trained
from rnncli.training import Divergence, Epoch, Listener

BATCHES = 4  # of an epoch
SMALL: dict[str, Any] = {
    "hidden": 4, "embedding": 3, "ngram": 3, "batch": 8, "epochs": 3, "arch": "elman", "force": True,
}  # fmt: skip


class Spoiling(Listener):
    """Makes one weight a bad number after some batches, which are counted over all epochs."""

    def __init__(self, batches: Container[int], value: float = math.nan, seeds: Container[int] = (1,)) -> None:
        self.batches = batches
        self.value = value
        self.seeds = seeds
        self.name = "output/c"
        self.count = 0
        self.rest = math.inf  # batches until the training is stopped
        self.divergences: list[Divergence] = []
        self.scored: list[int] = []
        self.kept: list[bool] = []

    def prepared(self, model: Model, sentences: Sequence[Sentence], dev: Overlap, vectors: Vectors | None) -> None:
        self.model = model

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.count += 1
        self.rest -= 1
        if self.model.training_spec.seed in self.seeds and self.count in self.batches:
            self.model.parameters[self.name].flat[0] = self.value

    def epoch(self, epoch: Epoch) -> None:
        assert all(math.isfinite(number) for number in (epoch.loss, epoch.score))
        self.scored.append(epoch.number)
        self.kept.append(epoch.is_kept)

    def diverged(self, divergence: Divergence) -> None:
        self.divergences.append(divergence)

    def should_stop(self) -> bool:
        return self.rest <= 0


def bad_word(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def trained_with(listener: Listener, data: Path, out: Path, **options: Any) -> Trained:
    return api.train(data, data, out, listener=listener, **(SMALL | options))


@pytest.mark.promise("finite")
@pytest.mark.parametrize(
    ("name", "value"),
    [("output/c", math.nan), ("output/c", -math.inf), ("layer1/W", 3e38), ("input/embedding", math.inf)],
)
def test_a_bad_weight_after_any_batch(
    name: str, value: float, booking_tsv: Path, tmp_path: Path, cases: Cases
) -> None:
    for batch in range(1, 3 * BATCHES + 1):
        listener = Spoiling([batch], value)
        listener.name = name
        log = tmp_path / "log.json"
        trained = trained_with(listener, booking_tsv, tmp_path / "m.npz", log_gradients=log)
        if value != 3e38:  # which is a number; but what is computed from it may not be one
            (divergence,) = listener.divergences
            epoch = (batch - 1) // BATCHES + 1
            assert (epoch, epoch - 1, 0.1) == (divergence.epoch, divergence.good_epoch, divergence.rate)
            assert batch - BATCHES * (epoch - 1) <= divergence.batch <= BATCHES
            assert 1 == trained.result.lowered
        assert [1, 2, 3] == listener.scored
        assert load(trained.path).parameters.is_finite()
        json.dumps(trained.as_dict(), allow_nan=False)
        (run,) = json.loads(log.read_text(), parse_constant=bad_word)["runs"]
        assert len(listener.divergences) == len(run.get("diverged", []))
        cases.add()


@pytest.mark.promise("resume")
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_resumed_or_not_it_goes_back_to_the_same_weights(
    optimiser: str, booking_tsv: Path, tmp_path: Path, long: bool, cases: Cases
) -> None:
    options = {"optimiser": optimiser, "learning_rate": 0.05, "epochs": 2}
    for batch in range(1, 2 * BATCHES + 1, 1 if long else 3):
        compare_resumed(batch, booking_tsv, tmp_path, **options)
        cases.add()


@pytest.mark.promise("resume")
def test_the_weights_that_it_goes_back_to_need_not_be_the_best(booking_tsv: Path, tmp_path: Path) -> None:
    options = {"learning_rate": 1.0, "seed": 14, "hidden": 6, "epochs": 5, "exchange": 0.0, "dropout": 0.5}
    kept = compare_resumed(2 * BATCHES + 2, booking_tsv, tmp_path, **options)
    assert [True, False] == kept[:2]


def compare_resumed(batch: int, data: Path, folder: Path, **options: Any) -> list[bool]:
    """Compare a training that goes back after a batch with the same stopped after each; return what was kept."""
    seeds = [options.get("seed", 1)]
    listener = Spoiling([batch], seeds=seeds)
    whole = trained_with(listener, data, folder / "whole.npz", **options)
    parts = Spoiling([batch], seeds=seeds)
    while True:
        parts.rest = 1
        try:
            resumed = trained_with(parts, data, folder / "parts.npz", resume=True, **options)
        except StoppedError:
            continue
        if not resumed.stopped:
            break
    assert whole.sha256 == resumed.sha256
    assert 1 == whole.result.lowered == resumed.result.lowered
    return listener.kept


def test_a_gradient_whose_square_is_no_number_is_not_used(booking_tsv: Path, tmp_path: Path) -> None:
    """Adam would never move a weight again whose mean of squares is infinite."""
    weights = tmp_path / "weights.tsv"
    weights.write_text("O\t1e30\n")
    with pytest.raises(DivergedError, match="the gradient is no longer a finite number in epoch 1, batch 1"):
        trained_with(Listener(), booking_tsv, tmp_path / "m.npz", class_weight=str(weights), clip=0.0)


@pytest.mark.promise("work-kept")
def test_the_best_epoch_is_saved_when_the_training_ends(booking_tsv: Path, tmp_path: Path, cases: Cases) -> None:
    good = [trained_with(Listener(), booking_tsv, tmp_path / "good.npz", seed=1)]
    for first in range(1, 3 * BATCHES + 1):
        out = tmp_path / f"{first}.npz"
        listener = Spoiling(range(first, 1000))
        with pytest.raises(DivergedError) as caught:
            trained_with(listener, booking_tsv, out, checkpoint_every=1e-9)
        epoch = (first - 1) // BATCHES + 1
        assert [0.1, 0.01, 0.001, 0.0] == pytest.approx([each.rate for each in listener.divergences])
        assert {epoch} == {each.epoch for each in listener.divergences}
        assert f" in epoch {epoch}, batch {listener.divergences[-1].batch} (norm of the gradient" in str(
            caught.value
        )
        assert not checkpoint_of(out).exists()
        cases.add()
        if epoch == 1:
            assert caught.value.trained is None
            assert not out.exists()
            continue
        trained = caught.value.trained
        assert epoch - 1 == load(out).provenance["best_epoch"] == trained.result.best_epoch
        assert load(out).parameters == trained.model.parameters
        assert trained.as_dict()["diverged"]
    assert good[0].problem is None


def test_a_score_that_cannot_be_computed_is_one_too(booking_tsv: Path) -> None:
    sentences = [Sentence(["leave", "Taipei"], ["O", "B-city"], [()] * 2, 1)] * 4

    def too_large() -> float:
        raise TooLargeError

    for bad in (lambda: math.nan, lambda: math.inf, too_large):
        scores: list[Callable[[], float]] = [lambda: 0.5, bad, lambda: 0.6, lambda: 0.7]
        model = training.prepare(sentences, NetworkSpec(arch="elman", hidden=4), TrainingSpec(epochs=3))
        given = iter(scores)
        listener = Spoiling([])
        listener.model = model
        result = training.train(
            model,
            sentences,
            threads=1,
            score=lambda _, given=given: next(given)(),
            listener=listener,
        )
        assert (3, 0.7, 1) == (result.best_epoch, result.best_score, result.lowered)
        assert [(2, 1)] == [(each.epoch, each.good_epoch) for each in listener.divergences]


@pytest.mark.promise("work-kept")
@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_seed_that_diverges_does_not_take_the_others_with_it(
    is_stopped: bool, booking_tsv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "m.npz"
    listener = Spoiling(range(1000), seeds=(2, 4))
    while True:
        listener.rest = 3 if is_stopped else math.inf
        try:
            trained = trained_with(listener, booking_tsv, out, seeds=4, resume=True)
        except DivergedError as error:
            assert re.match(r"seed 2: .* is no longer a finite number in epoch 1, batch 2", error.message)
            assert f"epoch {error.trained.result.best_epoch} of seed {error.trained.best.seed}" in error.hint
            trained = error.trained
            break
        except StoppedError:
            continue
        assert trained.stopped
    alone = [trained_with(Listener(), booking_tsv, tmp_path / "alone.npz", seed=seed) for seed in (1, 3)]
    assert [each.best.score for each in alone] == [run.score for run in trained.runs]
    assert max(alone, key=lambda each: each.best.score).sha256 == trained.sha256
    assert [(2, True), (4, True)] == [(each.seed, each.diverged) for each in trained.failures]
    document = trained.as_dict()
    assert document["diverged"]
    assert [2, 4] == [each["seed"] for each in document["seeds"]["failed"]]


class Raising(Spoiling):
    """Fails in one seed."""

    def epoch(self, epoch: Epoch) -> None:
        if self.model.training_spec.seed in self.seeds:
            raise MemoryError("no memory")


@pytest.mark.promise("work-kept")
def test_a_seed_that_fails_does_not_take_the_others_with_it(booking_tsv: Path, tmp_path: Path) -> None:
    for seeds in ((1,), (2,), (3,), (1, 2)):
        with pytest.raises(RnncliError, match=f"seed {seeds[0]}: no memory") as caught:
            trained_with(Raising([], seeds=seeds), booking_tsv, tmp_path / "m.npz", seeds=3)
        trained = caught.value.trained
        assert {1, 2, 3} - set(seeds) == {run.seed for run in trained.runs}
        assert load(trained.path).training_spec.seed == trained.best.seed
        assert not trained.as_dict()["diverged"]
    with pytest.raises(MemoryError):
        trained_with(Raising([], seeds=(1, 2)), booking_tsv, tmp_path / "none.npz", seeds=2)
    assert not (tmp_path / "none.npz").exists()


class SpoilingTheRefit(Spoiling):
    """Makes weights bad numbers in the refit, whose batches alone are counted."""

    def refitting(self, model: Model, sentences: Sequence[Sentence], passes: float) -> None:
        self.model = model
        self.count = 1000


@pytest.mark.promise("work-kept")
def test_a_refit_that_diverges_is_left_out(booking_tsv: Path, tmp_path: Path) -> None:
    def trained(listener: Listener, **options: Any) -> Trained:
        return api.train(booking_tsv, None, tmp_path / "m.npz", listener=listener, **(SMALL | options))

    without = trained(Listener(), refit="no", epochs=12)
    for batches in (range(1001, 2000), range(1006, 2000)):  # in its first and in its second epoch of three
        listener = SpoilingTheRefit(batches)
        warnings: list[str] = []
        listener.warning = warnings.append  # type: ignore[method-assign]
        result = trained(listener, epochs=12)
        assert [0.1, 0.01, 0.001, 0.0] == pytest.approx([each.rate for each in listener.divergences])
        assert warnings[-1].endswith(": the model from before the refit is saved")
        assert (None, None) == (result.refit, result.problem)
        assert without.model.parameters == load(result.path).parameters
    once = SpoilingTheRefit([1003])
    assert 3 == trained(once, epochs=12).refit.epochs
    assert 1 == len(once.divergences)


@pytest.mark.promise("work-kept")
def test_a_log_that_cannot_be_written_costs_no_training(booking_tsv: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.json"

    class InTheWay(Listener):
        def epoch(self, epoch: Epoch) -> None:
            if epoch.number == 1:
                log.mkdir()

    with pytest.raises(RnncliError, match=r"log\.json: could not be written") as caught:
        trained_with(InTheWay(), booking_tsv, tmp_path / "m.npz", log_gradients=log)
    assert 3 == caught.value.trained.result.epochs
    assert load(tmp_path / "m.npz").parameters.is_finite()


@pytest.mark.promise("work-kept")
def test_a_log_that_does_not_fit_in_memory_costs_no_training(
    booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Listener):
        def epoch(self, epoch: Epoch) -> None:
            monkeypatch.setattr(memory, "available", lambda: 1.0)

    with pytest.raises(RnncliError, match="of memory, and 1 bytes are available") as caught:
        trained_with(Full(), booking_tsv, tmp_path / "m.npz", log_gradients=tmp_path / "log.json")
    assert 3 == caught.value.trained.result.epochs
    assert load(tmp_path / "m.npz").parameters.is_finite()


@pytest.mark.promise("work-kept")
def test_gradients_that_cannot_be_computed_cost_no_training(booking_tsv: Path, tmp_path: Path) -> None:
    """Scores may be good although the units of the sample are too large."""

    class TooLarge(Spoiling):
        def epoch(self, epoch: Epoch) -> None:
            if epoch.number == 2:
                large = self.model.parameters.copy()
                large["layer1/W"][...] = 3e38
                self.model.parameters.assign(large)

    log = tmp_path / "log.json"
    trained = trained_with(TooLarge([]), booking_tsv, tmp_path / "m.npz", log_gradients=log)
    assert 3 == trained.result.epochs
    assert 1 == trained.result.lowered
    (run,) = gradient_log.read(str(log))["runs"]
    assert [True, False, True] == [bool(epoch["curves"]) for epoch in run["epochs"]]


def test_the_command_saves_says_and_fails(
    run: Callable[..., Any], booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rnncli.cli import train_view

    class View(train_view.TrainView):
        def prepared(self, model: Model, *rest: Any) -> None:
            super().prepared(model, *rest)
            self.spoiled = model

        def batch(self, epochs: float, tokens_per_second: float) -> None:
            super().batch(epochs, tokens_per_second)
            if epochs > 1:
                self.spoiled.parameters["output/c"][0] = np.nan

    monkeypatch.setattr(train_view, "TrainView", View)
    words = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "3", "--batch", "8", "--force")
    result = run("train", booking_tsv, "--dev", booking_tsv, "--out", "m.npz", "--json", *words)
    assert 6 == result.exit_code
    document = json.loads(result.stdout)
    assert (True, 1, False) == (document["diverged"], document["best_epoch"], document["interrupted"])
    assert 4 == result.stderr.count("warning: the loss is no longer a finite number in epoch 2, batch 2 (norm of")
    assert "back to the weights of epoch 1, with 0.01 of the learning rate" in result.stderr
    assert "\ndiverged after 1 of 3 epochs\nepoch 1 was saved: " in result.stderr
    assert result.stderr.endswith("  epoch 1 of seed 1 was saved; lower --learning-rate\n")
    assert load(tmp_path / "m.npz").provenance["best_epoch"] == 1
