"""The page on Python does what it shows."""

import doctest
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")


def test_every_example_gives_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == PAGE.count("```pycon") > 5
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "python.md", None, None)
    assert (0, len(test.examples)) == doctest.DocTestRunner().run(test)


def test_the_smallest_installation_leaves_out_numba_alone() -> None:
    (line,) = re.findall(r"^pip install numpy (.*)$", PAGE, re.MULTILINE)
    named = {re.split("[<>=]", word)[0] for word in line.replace('"', "").split()} | {"numpy"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split("[<>=]", item)[0] for item in project["dependencies"]}
    assert needed - {"numba"} == named
