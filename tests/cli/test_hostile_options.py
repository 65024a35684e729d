"""Every option of every command with values that nobody can mean: one message, exit code 2, nothing done."""

from pathlib import Path

import pytest
import typer

from rnncli.cli.app import program
from rnncli.cli.classes import _names_file

_TOP = typer.main.get_command(program()).commands
COMMANDS = {each.name: each for top in _TOP.values() for each in getattr(top, "commands", {"": top}).values()}
NUMBERS = ["nan", "1e400", "9" * 5_000, "", "inf", "-inf", "-1e400", "0x10", "1,5", "-1", "1 2", "[1]"]
NAMES = ["a\0b", "", "\ud800"]
ARGUMENTS = {
    "study next": ["pool.txt"],
    "train": ["data.tsv"],
    "tag": ["leave Taipei"],
    "evaluate": ["data.tsv"],
    "compare": ["a.npz", "b.npz", "data.tsv"],
    "convert": ["data.tsv", "out.tsv"],
    "check": ["data.tsv"],
    "inspect-memory": ["leave Taipei"],
    "inspect-gradients": ["leave Taipei"],
    "memory-task": ["copy"],
}


def options(command, is_wanted):
    """The options of a command that have a wanted type."""
    context = typer.Context(COMMANDS[command])
    for parameter in COMMANDS[command].params:
        if parameter.param_type_name == "option" and is_wanted(parameter, context):
            yield max(parameter.opts, key=len)


def takes_number(parameter, context):
    return (parameter.metavar in ("N", "X")) and parameter.default is not None


@pytest.mark.promise("limits")
@pytest.mark.promise("finite")
@pytest.mark.parametrize("command", COMMANDS)
def test_numbers_that_cannot_be_meant(command, run, tmp_path, long, cases):
    for option in options(command, takes_number):
        for value in NUMBERS if long else NUMBERS[:3]:
            result = run(*command.split(), *ARGUMENTS.get(command, []), f"{option}={value}")
            assert result.exit_code == 2, (option, value, result.output)
            assert result.stderr.startswith(f"error: {option}"), (option, value)
            assert result.stderr.count("\n") <= 2
            assert len(result.stderr) < 1_500
            cases.add()
    assert cases.count or command not in ("train", "tag", "memory-task")
    assert not list(tmp_path.iterdir())


@pytest.mark.promise("hostile-text")
@pytest.mark.parametrize("command", COMMANDS)
def test_names_that_no_file_can_have(command, run, tmp_path, cases):
    for option in options(command, _names_file):
        for value in NAMES:
            result = run(*command.split(), *ARGUMENTS.get(command, []), f"{option}={value}")
            assert result.exit_code == 2, (option, value, result.output)
            assert result.stderr.startswith("error: --"), (option, value)
            assert not result.stdout
            cases.add()
    assert cases.count
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["tag", "train"])
def test_a_long_value_is_not_repeated_in_whole(command, run):
    result = run(command, "--format", "x" * 100_000)
    assert result.exit_code == 2
    assert len(result.stderr) < 3_000
    assert " … " in result.stderr


@pytest.mark.parametrize("value", ["x" * 5_000, "d/" * 2_500 + "x", "\udcff"])
def test_a_name_that_the_system_refuses_is_an_error_of_input(value, run, tmp_path):
    result = run("check", value)
    assert result.exit_code == 5
    assert "Traceback" not in result.output
    assert not Path(tmp_path, value[:3]).exists()
