"""Help is complete, its examples run, and what is quick stays quick."""

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.api import Trained
from rnncli.cli.classes import ESSENTIAL
from rnncli.cli.registry import COMMANDS
from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
Program = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]


def examples(run: Run, command: str) -> list[str]:
    """The command lines after "Example:" in a command's help."""
    return re.findall(r"^ *Example: (rnncli .*)$", run(*command.split(), "--help").stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "command", ["train", "tag", "evaluate", "compare", "inspect-memory", "inspect-gradients", "memory-task", "info"]
)
def test_every_example_of_the_help_runs(
    run: Run, command: str, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("train", "dev", "test"):
        shutil.copy(bundled(f"sample_data/{name}.tsv"), tmp_path)
    for name in ("model", "old", "new"):
        shutil.copy(trained.path, tmp_path / f"{name}.npz")
    assert 0 == run("convert", "test.tsv", "labelled.conll").exit_code
    (tmp_path / "requests.txt").write_text("leave Taipei\n\narrive Osaka\n", "utf-8")
    (tmp_path / "in").mkdir()
    with gzip.open(tmp_path / "in" / "posts.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"body": "leave Taipei"}\n')
    shown = examples(run, command)
    assert shown
    for line in shown:
        result = run(*shlex.split(line)[1:], env={"RNNCLI_EPOCHS": "1"})
        assert result.exit_code == 0, f"{line}: {result.stderr}"


def test_every_command_and_option_is_explained(run: Run) -> None:
    for command, (_, flags) in COMMANDS.items():
        *group, name = command.split()
        assert re.search(rf"^  {name} +\w", run(*group, "--help").stdout, re.MULTILINE), command
        text = run(*command.split(), "--help-all" if command in ESSENTIAL else "--help").stdout
        assert flags
        for flag in flags:
            assert re.search(rf"--{flag}( [<A-Z][^ \n]*)?\s{{2,}}\w", text), f"{command} --{flag}"


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_overview_fits_a_small_terminal_and_its_commands_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run(*arguments)
    assert (0, "") == (shown.exit_code, shown.stderr)
    lines = shown.stdout.splitlines()
    assert len(lines) < 24  # one is for the prompt
    assert max(map(len, lines)) <= 80
    assert "..." not in shown.stdout
    tries = re.findall(r"^  rnncli (.*)$", shown.stdout, re.MULTILINE)
    assert 3 == len(tries)
    for line in tries:
        result = run(*shlex.split(line), env={"RNNCLI_EPOCHS": "1", "RNNCLI_HIDDEN": "4"})
        assert 0 == result.exit_code, f"{line}: {result.stderr}"


def test_the_help_of_train_shows_what_people_need_and_names_the_rest(run: Run) -> None:
    short = run("train", "--help").stdout
    whole = run("train", "--help-all").stdout
    flags = [set(re.findall(r"^  (?:-\w, )?--([\w-]+)", text, re.MULTILINE)) for text in (short, whole)]
    assert set(ESSENTIAL["train"]) & COMMANDS["train"].flags == flags[0] - {"help", "help-all"}
    assert COMMANDS["train"].flags | {"config", "help", "help-all"} == flags[1]
    assert f"{len(flags[1] - flags[0])} more options: rnncli train --help-all\n" in short
    for text in (short, whole):
        assert ["Arguments", "Data", "Network", "Training", "Output"] == re.findall(r"^(\w+):$", text, re.MULTILINE)


@pytest.mark.parametrize("columns", [60, 80, 110])
def test_help_uses_the_width_that_there_is(program: Program, columns: int) -> None:
    shown = program("train", "--help", env={**os.environ, "COLUMNS": str(columns)}).stdout
    widest = max(len(line) for line in shown.splitlines() if "Example:" not in line)
    assert columns - 10 < widest <= columns


def test_the_manual_is_made_from_the_help() -> None:
    made = subprocess.run([sys.executable, ROOT / "docs/make_cli.py", "--check"], capture_output=True, text=True)
    assert (0, "") == (made.returncode, made.stderr)


LOADED = """
import io, json, sys
from typer.testing import CliRunner
from rnncli.cli.app import program
result = CliRunner().invoke(program(), sys.argv[1:])
assert result.exit_code == 0, result.output
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded(*arguments: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after a command."""
    made = subprocess.run([sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(made.stdout))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([*name.split(), "--help"] for name in COMMANDS)]
)
def test_help_loads_neither_numpy_nor_numba(arguments: list[str]) -> None:
    assert not loaded(*arguments) & {"numpy", "numba", "llvmlite"}


def test_one_sentence_is_tagged_without_numba() -> None:
    modules = loaded("tag", "leave Taipei on November 2nd")
    assert "numpy" in modules
    assert not modules & {"numba", "llvmlite", "rich"}


@pytest.mark.parametrize("command", ["inspect-memory", "info"])
def test_a_model_is_shown_without_numba(command: str) -> None:
    assert not loaded(command) & {"numba", "llvmlite", "jinja2"}


@pytest.mark.parametrize("arguments", [(), ("train", "--help"), ("train", "--help-all"), ("--help",)])
def test_a_reader_that_has_seen_enough_of_the_help_is_no_error(arguments: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert (0, b"") == (child.wait(timeout=60), child.stderr.read())
