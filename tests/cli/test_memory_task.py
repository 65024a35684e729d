"""memory-task writes sentences that train reads, and tells the longest delay that is solved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.data import reading, tasks

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]


@pytest.mark.parametrize("task", tasks.TASKS)
def test_the_sentences_are_a_file_that_can_be_read(run: Run, tmp_path: Path, task: str) -> None:
    path = tmp_path / "made" / "dev.tsv"
    command = ("memory-task", task, "--delay", "7", "--sentences", "30", "--seed", "4", "--part", "dev")
    result = run(*command, "--out", path)
    assert (0, "", f"wrote   {path}\n") == (result.exit_code, result.stdout, result.stderr)
    assert tasks.sentences(task, 7, 30, 4, "dev") == reading.read(str(path)).sentences
    assert path.read_text("utf-8") == run(*command).stdout
    shown = json.loads(run(*command, "--json").stdout)
    made = [(each.tokens, each.tags) for each in reading.read(str(path)).sentences]
    assert made == [(each["tokens"], each["tags"]) for each in shown["sentences"]]


def test_the_longest_delay_solved_is_told(run: Run) -> None:
    command = ("memory-task", "copy", "--solve", "--delays", "30,1", "--hidden", "16", "--sentences", "500")
    options = ("--epochs", "2", "--learning-rate", "0.01", "--seeds", "2", "--seed", "3")
    result = run(*command, *options)
    assert 0 == result.exit_code
    assert "longest delay solved: 1 (seed 3), 1 (seed 4)" in result.stdout
    shown = json.loads(run(*command, *options, "--json").stdout)
    assert [{"seed": 3, "delay": 1}, {"seed": 4, "delay": 1}] == shown["longest"]
    assert [(1, True), (30, False)] * 2 == [(each["delay"], each["solved"]) for each in shown["attempts"]]
    assert ("elman", "simple", 16) == tuple(shown["network"][name] for name in ("arch", "cell", "hidden"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("copy", "--solve", "--delays", "5,x"), '--delays: "5,x" is not a list of numbers from 1 on'),
        (("copy", "--solve", "--delays", "0"), '--delays: "0" is not a list of numbers from 1 on'),
        (("copy", "--delays", "5"), "--delays is for a run with --solve\n  give --delay, or --solve too"),
        (("copy", "--solve", "--delay", "5"), "--delay is for a run without --solve\n  give --delays"),
        (("copy", "--solve", "--out", "x.tsv"), "--out is for the sentences of a task"),
        (("copy", "--solve", "--arch", "jordan", "--cell", "lstm"), "--cell lstm needs"),
        (("copy", "--solve", "--arch", "jordan", "--omega", "1"), "--omega needs simple units"),
        (("sort",), 'TASK: "sort" is not one of its values'),
        (("copy", "--delay", "0"), "--delay: 0 is out of range"),
    ],
)
def test_what_is_not_valid_is_refused(run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("memory-task", *arguments)
    assert (2, "") == (result.exit_code, result.stdout)
    assert message in result.stderr
    assert [] == list(tmp_path.iterdir())
