"""``rnncli tag`` for people: pages with coloured marks, and colours on a terminal."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.marks import TONES

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
TEXTS = "leave Taipei\n\narrive New York\nleave Taipei & arrive <Taipei>\n"


@pytest.fixture
def page(run: Run, trained: "Trained", tmp_path: Path) -> Callable[..., str]:
    """The page of some texts."""

    def make(texts: str, *options: object) -> str:
        (tmp_path / "in.txt").write_text(texts, "utf-8")
        result = run("tag", "--input", "in.txt", "--to", "html", "--model", trained.path, *options)
        assert 0 == result.exit_code, result.stderr
        return result.stdout

    return make


def test_a_page_holds_each_text_with_its_spans_and_a_legend(page: Callable[..., str], run: Run, trained: "Trained"):
    source = page(TEXTS)
    paragraphs = re.findall(r'<p class="rnncli-text" dir="auto">(.*?)</p>', source, re.DOTALL)
    lines = run("tag", "--input", "in.txt", "--model", trained.path).stdout.splitlines()
    for paragraph, line in zip(paragraphs, lines, strict=True):
        shown = re.sub(r"<mark[^>]*><bdi[^>]*>(.*?)</bdi><b><bdi>(.*?)</bdi></b></mark>", r"[\1: \2]", paragraph)
        assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == line
    counts = dict(re.findall(r"<bdi>(\w+)</bdi><b>(\d+)</b></mark>", source.partition("<header")[2]))
    assert counts == {kind: str(sum(line.count(f": {kind}]") for line in lines)) for kind in counts}
    assert "departure" in counts
    assert "4 texts" in source


def test_a_type_has_one_tone_in_all_pages_of_a_model(page: Callable[..., str]):
    def tones(source: str) -> dict[str, str]:
        marks = re.findall(r'<mark class="([^"]*)"[^>]*><bdi[^>]*>[^<]*</bdi><b><bdi>(\w+)', source)
        assert marks
        return {kind: tone for tone, kind in marks}

    both = tones(page("leave Taipei\narrive New York\n"))
    assert len(set(both.values())) == len(both) == 2
    assert tones(page("arrive New York\n")).items() <= both.items()


def test_a_page_of_rnncli_is_replaced_and_nothing_else(run: Run, trained: "Trained", tmp_path: Path):
    words = ("tag", "leave Taipei", "--model", trained.path, "--out", "page.html")
    assert run(*words, "--to", "html").exit_code == 0
    assert run(*words, "--to", "html").exit_code == 0
    assert run(*words, "--to", "tsv").exit_code == 5
    (tmp_path / "page.html").write_text("<p>mine")
    assert run(*words, "--to", "html").exit_code == 5


@pytest.mark.parametrize("options", [("--nbest", "2"), ("--keep-columns",), ("--text-field", "x")])
def test_what_a_page_cannot_show_is_refused(run: Run, tmp_path: Path, options: tuple[str, ...]):
    (tmp_path / "in.txt").write_text("leave Taipei\n")
    result = run("tag", "--input", "in.txt", "--to", "html", *options)
    assert (2, "") == (result.exit_code, result.stdout)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals")
@pytest.mark.parametrize(
    ("environment", "has_colours"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_on_a_terminal_types_have_tones_of_their_own_under_black_letters(
    run: Run, trained: "Trained", tmp_path: Path, environment: dict[str, str], has_colours: bool
):
    (tmp_path / "in.txt").write_text("leave Taipei\narrive New York\n")
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "rnncli", "tag", "--quiet", "-i", "in.txt", "--model", str(trained.path)]
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM")
    }
    subprocess.run(command, stdout=terminal, cwd=tmp_path, check=True, timeout=120, env={**kept, **environment})
    os.close(terminal)
    shown = os.read(controller, 65536).decode()
    os.close(controller)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r\n", "\n")
    assert plain == run("tag", "--input", "in.txt", "--model", trained.path).stdout
    assert plain.startswith("leave [Taipei: departure]\narrive [")
    backgrounds = set(re.findall(r"48;5;(\d+)m", shown))
    if not has_colours:
        assert "\x1b[3" not in shown
        assert "\x1b[4" not in shown
    else:
        assert len(backgrounds) == 2
        assert set(map(int, backgrounds)) <= set(TONES)
        assert set(re.findall(r"38;5;(\d+)", shown)) == {"16"}
