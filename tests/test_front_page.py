"""The README is short, what it says to do works, and no figure on the pages of figures is written by hand."""

import re
import shlex
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rnncli

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MEASURED = [ROOT / "README.md", ROOT / "docs" / "accuracy.md", ROOT / "docs" / "speed.md"]
# What is printed from the benchmarks' files, what a program printed, and code.
GENERATED = re.compile(r"^<!-- ([\w ]+) -->\n.*?^<!-- end -->\n|^```.*?^```$|`[^`\n]*`", re.M | re.S)
WORDS = "two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundred|half"
NUMBER = rf"(?:\d[\d.,\u2009 ]*|\b(?:{WORDS}) (?:and a half )?)"
UNITS = (
    r"%|‰|points?\b|times\b|as fast|as much|[kMG]B\b|[kMG]?FLOP|[mµ]?s\b|tokens/s|tokens a second",
    r"(?:milli|micro)?seconds?\b|minutes?\b|hours?\b",
)
FIGURE = re.compile(rf"[×±] ?\d|{NUMBER}\s*(?:{'|'.join(UNITS)})|\b(?:twice|thrice) as\b", re.I)
SETTINGS = {"95 %"}  # of the intervals, which is chosen and not measured


def figures(text: str) -> list[str]:
    """What looks like a measurement outside what is generated."""
    return [hit[0] for hit in FIGURE.finditer(GENERATED.sub("", text)) if hit[0] not in SETTINGS]


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 1200


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.name)
def test_no_figure_is_written_by_hand(page: Path) -> None:
    assert [] == figures(page.read_text("utf-8"))


@pytest.mark.parametrize(
    "claim",
    [
        "ATIS trains in 50 seconds", "two to three and a half times as fast", "reaches 77 to\n79 % of that",
        "in most 1.5 times the speed", "14 s and 191 MB", "0.33 ms", "makes 104 GFLOP/s", "twice as fast",
    ],
)  # fmt: skip
def test_a_figure_written_by_hand_is_seen(claim: str) -> None:
    assert figures(f"On two cores {claim}, in `3 s`.\n<!-- speed -->\n| 5 s |\n<!-- end -->\n")


def test_a_table_stands_on_one_page() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    names = [name for page in pages for name in re.findall(r"^<!-- ([\w ]+) -->$", page.read_text("utf-8"), re.M)]
    assert {"accuracy", "speed", "delays", "beside others"} <= set(names)
    assert [] == [name for name, times in Counter(names).items() if times > 1 and name not in ("end", "slow")]


def test_own_data_takes_two_commands_or_three_lines_of_python(
    run: "Callable[..., Result]",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    section = README[README.index("## Your own data") :]
    example = re.search(r"^```text\n(.*?)^```$", section, re.M | re.S)
    console = re.search(r"^```console\n(.*?)^```$", section, re.M | re.S)
    python = re.search(r"^```python\n(.*?)^```$", section, re.M | re.S)
    assert example
    assert console
    assert python
    (tmp_path / "train.tsv").write_text((example[1] + "\n") * 20, "utf-8")
    commands = [shlex.split(line.removeprefix("$ rnncli ")) for line in console[1].splitlines()]
    assert len(commands) == 2
    results = [run(*command, env={"RNNCLI_EPOCHS": "30", "RNNCLI_HIDDEN": "8"}) for command in commands]
    assert [0, 0] == [result.exit_code for result in results], results[0].stderr
    assert results[1].stdout == "leave [Taipei: departure] on [November 2nd: departure_time]\n"
    monkeypatch.setattr(rnncli, "train", partial(rnncli.train, epochs=30, hidden=8))  # the defaults take longer
    capsys.readouterr()
    exec(compile(python[1], "README.md", "exec"), {})
    assert ["departure", "Taipei", "departure_time", "November"] == [
        word for line in capsys.readouterr().out.splitlines() for word in line.split()[:2]
    ]


@pytest.mark.parametrize("page", [*MEASURED, ROOT / "SECURITY.md"], ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)|(?:src|srcset)=\"([^\"]+)\"", page.read_text("utf-8"))
    places = [link for pair in links for link in pair if link and not link.startswith("https:")]
    assert places
    assert [] == [place for place in places if not (page.parent / place).exists()]


def test_the_picture_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert {"page-light.png", "page-dark.png"} == set(sizes)
    assert max(sizes.values()) < 200_000


def test_the_citation_is_of_this_version() -> None:
    lines = (ROOT / "CITATION.cff").read_text("utf-8").splitlines()
    given = dict(line.split(": ", 1) for line in lines if re.match(r"[a-z-]+: ", line))
    assert {"cff-version": "1.2.0", "license": "MIT", "version": rnncli.__version__}.items() <= given.items()
    assert {"message", "title"} <= given.keys()
    assert "authors:" in lines
