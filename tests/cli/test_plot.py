"""``rnncli train --plot`` and the lines of bars at the end of a training."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess

    from typer.testing import Result

Run = Callable[..., "Result"]
TINY = ("--epochs", "4", "--hidden", "2", "--embedding", "2", "--ngram", "2", "--threads", "1", "--out", "m.npz")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def course(stderr: str) -> list[str]:
    """The lines of bars, and of the epoch that was saved."""
    return [line for line in stderr.splitlines() if re.match(r"(loss|dev \w+) {3,}[▁-█1-8]|\s+\^", line)]


def test_a_plot_is_written_and_the_end_shows_the_course(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = run("train", booking_tsv, *TINY, "--seeds", "2", "--plot", "plot.svg")
    assert 0 == result.exit_code, result.stderr
    assert result.stderr.endswith("wrote   plot.svg\n")
    svg = (tmp_path / "plot.svg").read_text("utf-8")
    assert svg.count("<polyline") == 6
    loss, score, mark = course(result.stderr)
    losses = re.findall(r"loss (\d\.\d{4}) ", result.stderr)
    saved = int(mark.split()[-1])
    assert f"epoch {saved} was saved" in result.stderr
    assert f"epoch {saved}, saved" in svg
    bars = loss.split()[1]
    assert len(bars) == 4
    first, last = loss.split()[2::2]
    assert (first, last) in ((losses[0], losses[3]), (losses[4], losses[7]))  # of the seed that was saved
    assert score.startswith("dev ")
    assert mark.index("^") == loss.index(bars) + saved - 1
    assert max(map(len, course(result.stderr))) <= 80


def test_a_plot_is_a_page_by_its_name_and_replaces_only_its_kind(
    run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    words = ("train", booking_tsv, *TINY, "--plot", "plot.html", "--json")
    for _ in range(2):
        result = run(*words)
        assert 0 == result.exit_code, result.stderr
        assert [] == course(result.stderr)
    assert (tmp_path / "plot.html").read_text("utf-8").startswith("<!doctype html>")
    (tmp_path / "plot.html").write_text("<p>mine")
    result = run(*words)
    assert (5, "") == (result.exit_code, result.stdout)


def test_the_plot_changes_no_byte_of_the_model(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    models = []
    for plot in ((), ("--plot", "plot.svg")):
        assert 0 == run("train", booking_tsv, *TINY, *plot, "--overwrite").exit_code
        models.append((tmp_path / "m.npz").read_bytes())
    assert models[0] == models[1]


def test_where_bars_cannot_be_written_there_are_digits(
    program: "Callable[..., subprocess.CompletedProcess[str]]", booking_tsv: Path
) -> None:
    result = program("train", booking_tsv, *TINY, env={**os.environ, **ASCII})
    assert 0 == result.returncode, result.stderr
    loss, _, _ = course(result.stderr)
    assert re.fullmatch("[1-8]{4}", loss.split()[1])
    assert {"1", "8"} <= set(loss.split()[1])


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_the_course_is_for_people_alone(run: Run, booking_tsv: Path, option: str) -> None:
    assert [] == course(run("train", booking_tsv, *TINY, option).stderr)
