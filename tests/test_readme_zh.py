"""What the Chinese README shows is what the program prints, and what it names is there."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.zh.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.M | re.S)
# "$ command" and the lines that it prints
SHOWN = [re.findall(r"^\$ rnncli (.*)\n((?:(?!\$ ).*\n)*)", block, re.M) for block in BLOCKS]


@pytest.mark.parametrize("commands", SHOWN, ids=lambda commands: commands[0][0].split()[0])
def test_commands_print_what_is_shown(
    commands: list[tuple[str, str]], run: "Callable[..., Result]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = re.search(r"^```text\n(.*?)^```", README, re.M | re.S)
    assert data is not None
    (tmp_path / "train.tsv").write_text(data[1], "utf-8")
    for command, printed in commands:
        command, _, lines = command.partition(" | head -")
        result = run(*shlex.split(command), env={"COLUMNS": "80"})
        assert 0 == result.exit_code, result.stderr
        if printed:
            shown = [line.rstrip() for line in result.stdout.splitlines()[: int(lines) if lines else None]]
            assert [line.rstrip() for line in printed.splitlines()] == shown


def test_three_commands_and_two_are_shown() -> None:
    assert [3, 2] == [len(commands) for commands in SHOWN]


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)
    assert len(links) > 10
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_picture_is_that_of_the_model(run: "Callable[..., Result]", tmp_path: Path) -> None:
    drawn = tmp_path / "memory.svg"
    assert 0 == run("inspect-memory", "--model", "zh", "十一月二日到台北", "--svg", drawn).exit_code
    numbers = [
        [float(cell) for cell in re.findall(r">([−-]?\d+\.\d\d)<", path.read_text("utf-8").replace("−", "-"))]
        for path in (drawn, ROOT / "docs/pictures/memory-zh.svg")
    ]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.02)
    assert len(numbers[0]) == 64


def test_the_command_of_the_bundled_model_is_the_one_of_its_table() -> None:
    shown = re.search(r"^rnncli (train sample_data/zh/.*) --out", README, re.M)
    table = (ROOT / "models/README.md").read_text("utf-8")
    assert shown is not None
    assert f"`rnncli {shown[1]} --out models/zh.npz`" in table


def test_it_is_short() -> None:
    prose = re.sub(r"^```.*?^```|<!-- scores.*?<!-- end -->", "", README, flags=re.M | re.S)
    assert len(re.findall(r"[\u4e00-\u9fff]", prose)) < 1_800  # about 1,200 English words
