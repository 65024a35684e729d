"""inspect-gradients shows what is computed, as tables, JSON and pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from rnncli.api import Trained
from rnncli.data import reading
from rnncli.inspect.gradients import gradients

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "2", "--quiet")


def test_a_corpus_is_shown_with_its_gold_tags(run: Run, trained: Trained, booking_tsv: Path) -> None:
    result = run("inspect-gradients", "--corpus", booking_tsv, "--model", trained.path, "--json")
    assert 0 == result.exit_code
    shown = json.loads(result.stdout)
    found = gradients(trained.model, reading.read(str(booking_tsv)).sentences)
    assert shown["tokens"] == shown["gold"]
    assert json.loads(json.dumps(found.as_dict())) == {
        k: v for k, v in shown.items() if k not in ("version", "model")
    }
    assert (1, trained.model.network_spec.arch) == (shown["version"], shown["model"]["arch"])
    assert {"vanishing": 0.1, "exploding": 10.0} == shown["thresholds"]


def test_a_text_is_shown_with_the_tags_that_it_is_given(run: Run, trained: Trained) -> None:
    shown = json.loads(run("inspect-gradients", "leave Taipei", "--model", trained.path, "--json").stdout)
    assert (1, 2, 0) == (shown["sentences"], shown["tokens"], shown["gold"])


def test_one_token_has_no_step_back_and_that_is_shown(run: Run, trained: Trained) -> None:
    result = run("inspect-gradients", "leave", "--model", trained.path)
    assert (0, "") == (result.exit_code, result.stderr)
    assert "layer 1 forward: unknown\n" in result.stdout


@pytest.mark.parametrize("width", ["80", "200"])
def test_the_terminal_shows_curves_numbers_and_a_verdict(run: Run, trained: Trained, width: str) -> None:
    command = ("inspect-gradients", "leave Taipei on November 2nd", "--model", trained.path)
    result = run(*command, env={"COLUMNS": width, "NO_COLOR": "1"})
    assert (0, "") == (result.exit_code, result.stderr)
    found = json.loads(run(*command, "--json").stdout)
    for curve in found["curves"]:
        assert f"‖∂L(t)/∂h(t−k)‖: {curve['name']}" in result.stdout
        for value in curve["mean"]:
            assert f"{value:.1e}" in result.stdout
    for verdict in found["verdicts"]:
        assert f"{verdict['name']}: {verdict['word']}; a step back × {verdict['factor']:.3f}" in result.stdout
    assert "below 0.1 is vanishing, above 10 exploding" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= int(width)
    assert "●" in result.stdout


def test_the_picture_names_every_curve(run: Run, trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "g.svg"
    run("inspect-gradients", "leave Taipei now", "--model", trained.path, "--svg", path)
    texts = [text.text for text in ElementTree.parse(path).iter() if text.tag.endswith("text")]
    for name in ("layer 1 forward", "layer 1 backward", "distance k in tokens"):
        assert name in texts


def test_the_log_of_a_training_is_drawn(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    log, svg = tmp_path / "log.json", tmp_path / "log.svg"
    made = run("train", booking_tsv, "--out", tmp_path / "m.npz", *QUICK, "--log-gradients", log, "--seeds", "2")
    assert (0, "") == (made.exit_code, made.stderr)
    result = run("inspect-gradients", "--log", log, "--svg", svg, env={"NO_COLOR": "1"})
    assert 0 == result.exit_code
    document = json.loads(log.read_text("utf-8"))
    for run_ in document["runs"]:
        for name in ("layer 1 forward", "layer 1 backward"):
            assert f"by epoch: {name}, seed {run_['seed']} (▁ 1e" in result.stdout
        for epoch in run_["epochs"]:
            assert f"{epoch['loss']:.4f}" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    root = ElementTree.parse(svg).getroot()
    cells = [rect for rect in root.iter("{http://www.w3.org/2000/svg}rect") if len(rect)]
    curves = [epoch["curves"][0]["mean"] for epoch in document["runs"][0]["epochs"]]
    assert [f"{value:.2e}" for values in curves for value in values] == [rect[0].text for rect in cells]
    assert document == json.loads(run("inspect-gradients", "--log", log, "--json").stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a", "--log", "x"), 2, "TEXT, --corpus and --log exclude each other"),
        (("   ",), 3, "this text has no token"),
        (("--log", "missing.json"), 5, "missing.json: no such file"),
        (("--corpus", "missing.tsv"), 5, "missing.tsv: no such file"),
        (("leave", "--svg", "."), 5, "is a directory, not a file name"),
    ],
)
def test_what_cannot_be_shown_is_told(
    run: Run, trained: Trained, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = run("inspect-gradients", *arguments, "--model", trained.path)
    assert (code, "") == (result.exit_code, result.stdout)
    assert message in result.stderr


def test_a_log_without_an_epoch_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text('{"version": 1, "sample": {}, "runs": []}')
    result = run("inspect-gradients", "--log", tmp_path / "log.json")
    assert (3, "") == (result.exit_code, result.stdout)
    assert "no epoch of this log is over" in result.stderr


def test_a_network_without_memory_is_told(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    run("train", booking_tsv, "--out", tmp_path / "m.npz", "--arch", "fnn", *QUICK)
    result = run("inspect-gradients", "leave", "--model", tmp_path / "m.npz")
    assert 2 == result.exit_code
    assert "keeps nothing in memory" in result.stderr


def test_what_will_take_long_is_said_beforehand(run, trained, monkeypatch):
    monkeypatch.setattr("rnncli.cli.inspect_gradients.MANY_PAIRS", 1)
    shown = run("inspect-gradients", "leave Taipei now", "--model", trained.path)
    assert "which may take minutes" in shown.stderr


def test_a_dash_is_stdout(run: Run, trained: Trained, tmp_path: Path) -> None:
    arguments = ("inspect-gradients", "leave Taipei", "--model", trained.path, "--svg")
    assert 0 == run(*arguments, "picture.svg").exit_code
    assert (tmp_path / "picture.svg").read_text("utf-8") == run(*arguments, "-").stdout
    assert ["picture.svg"] == [path.name for path in tmp_path.iterdir()]
