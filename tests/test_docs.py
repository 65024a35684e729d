"""What the documents say of the code is there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
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
