"""What the documents name is there: code, commands, options and files."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import PAGES, ROOT

from rnncli.cli.app import program
from rnncli.cli.registry import COMMANDS

DOCS = ROOT / "docs"
WRITTEN = [*PAGES, *(ROOT / folder / "README.md" for folder in ("models", "sample_data", "benchmarks"))]
# Code on a page: a block, or words between backticks.
CODE = re.compile(r"^```[\w-]*\n(.*?)^```$|`([^`]+)`", re.M | re.S)
USE = re.compile(r"(?:^|[|&;(] *|\$ |-m |bin/)rnncli (?=[a-z])([^|;&>`)]*)")
OPTION = re.compile(r"(?<![\w-])--([a-z][\w-]*)")
PATH = re.compile(r"^(?:rnncli|tests|benchmarks|docs|sample_data|models)/[\w./-]*$")
LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)]*)?\)")
# Options of other programs and of scripts of this repository.
OTHERS = {
    "ablations",
    "against",
    "allow-host",
    "check",
    "lang",
    "long",
    "nthreads",
    "nworkers",
    "optimize",
    "pipeline",
    "spec",
    "strict",
    "torch-env",
}
# [`module.name`, `name`](../rnncli/file.py)
LINKS = re.compile(r"\[(`[\w.]+`(?:,\s`[\w.]+`)*)\]\(\.\./(rnncli/[\w/]+\.py)\)")


def names(path: Path) -> set[str]:
    """Everything that a file defines, methods after their class and a point."""
    found, tree = {path.stem, path.name}, ast.parse(path.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_code_that_a_page_names_is_where_it_says(page: Path) -> None:
    for given, place in LINKS.findall(page.read_text("utf-8")):
        defined = names(DOCS.parent / place)
        for name in re.findall(r"`([\w.]+)`", given):
            assert name in defined or name.removeprefix(f"{Path(place).stem}.") in defined, f"{name}: {place}"


def test_pages_name_code() -> None:
    assert len(LINKS.findall((DOCS / "math.md").read_text("utf-8"))) > 20


@pytest.mark.parametrize("maker", ["make_pictures.py", "make_reliability.py", "make_tables.py"])
def test_tables_and_pictures_are_of_what_was_run(maker: str) -> None:
    made = subprocess.run([sys.executable, DOCS / maker, "--check"], capture_output=True, text=True, check=False)
    assert (0, "") == (made.returncode, made.stderr)


def test_the_page_of_the_service_shows_the_files_to_deploy_it() -> None:
    page = (DOCS / "serve.md").read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    names = {"nginx.conf", "Caddyfile", "rnncli.service", "Containerfile"}
    files = {path for path in (DOCS.parent / "deploy").iterdir() if path.suffix != ".whl"}
    assert names == {path.name for path in files}
    assert [] == [path.name for path in files if path.read_text("utf-8") not in blocks]


def code(page: Path) -> list[str]:
    """All code on a page, each command in one line."""
    found = [block or words for block, words in CODE.findall(page.read_text("utf-8"))]
    return [re.sub(r"\\\n|\n(?= )", " ", text) for text in found]


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", WRITTEN, ids=label)
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    program()
    for text in code(page):
        for line in text.splitlines():
            for use in USE.findall(line):
                words = use.split()
                command = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
                group = command == "study" and (len(words) == 1 or not words[1].isalpha())
                assert command in COMMANDS or group, f"rnncli {use}"
                if command in COMMANDS:
                    unknown = set(OPTION.findall(use)) - COMMANDS[command].flags - {"config", "help", "help-all"}
                    assert not unknown, f"rnncli {use}"
    known = {flag for command in COMMANDS.values() for flag in command.flags} | {"config", "help", "help-all"}
    words = " ".join(words for _, words in CODE.findall(page.read_text("utf-8")))
    assert set(OPTION.findall(words)) <= known | OTHERS


@pytest.mark.parametrize("page", WRITTEN, ids=label)
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    for words in code(page):
        assert not PATH.match(words) or (ROOT / words).exists(), words


def test_every_page_is_on_a_shelf_of_the_site() -> None:
    shelves = re.findall(r"^ +- [^\n]*: ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.M)
    assert sorted(shelves) == sorted(page.name for page in DOCS.glob("*.md"))


def test_pages_name_commands() -> None:
    uses = [use for page in WRITTEN for text in code(page) for use in USE.findall(text)]
    assert len(uses) > 100
