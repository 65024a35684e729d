"""What pyproject.toml declares is what is run, and fits what the code uses."""

import ast
import datetime
import re
import sys
import tomllib
from pathlib import Path

import pytest

from rnncli import __version__

ROOT = Path(__file__).parent.parent
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = DECLARED["project"]
VERSIONS = re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["classifiers"]))
BOUNDS = {re.match(r"\w+", line)[0]: line for line in PROJECT["dependencies"]}
PARTS = ("rnncli", "benchmarks", "docs", "sample_data")
# The benchmark against PyTorch runs with one version of it.
FILES = sorted(
    {path for part in PARTS for path in (ROOT / part).rglob("*.py")} - {ROOT / "benchmarks/torch_side.py"}
)
# Modules without a promise to stay as they are: what is used of them is bounded.
INTERNAL = ("llvmlite", "numba.core", "typer.models")
COMES_WITH = {"llvmlite": "numba"}


def imports(path: Path) -> set[tuple[str, str]]:
    """What a file imports: the name it is given there, and its dotted name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {(alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names}
    return found


def attributes(path: Path) -> set[str]:
    """Dotted names of attributes that a file uses."""
    tree = ast.parse(path.read_text("utf-8"))
    found = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return {name for name in found if re.fullmatch(r"[\w.]+", name)}


def test_the_declared_pythons_are_those_of_the_classifiers() -> None:
    first, last = int(VERSIONS[0]), int(VERSIONS[-1])
    assert list(map(int, VERSIONS)) == list(range(first, last + 1))
    assert PROJECT["requires-python"] == f">=3.{first},<3.{last + 1}"
    assert DECLARED["tool"]["mypy"]["python_version"] == f"3.{first}"
    assert DECLARED["tool"]["ruff"]["target-version"] == f"py3{first}"
    said = re.search(r"^Python (3\.\d+(?:, 3\.\d+)*) or (3\.\d+)", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert said is not None
    assert [f"3.{version}" for version in VERSIONS] == [*said[1].split(", "), said[2]]


def test_every_dependency_has_a_lower_bound_and_is_used() -> None:
    imported = {name.split(".")[0] for path in (ROOT / "rnncli").rglob("*.py") for _, name in imports(path)}
    assert set(BOUNDS) <= imported
    for name, line in BOUNDS.items():
        assert re.fullmatch(rf"{name}>=[\d.]+(,<[\d.]+)?", line)


def test_what_is_used_beyond_documentation_has_an_upper_bound() -> None:
    used = {name for path in FILES for name in {dotted for _, dotted in imports(path)} | attributes(path)}
    inside = {each for each in INTERNAL if any(f"{name}.".startswith(f"{each}.") for name in used)}
    assert inside == set(INTERNAL)
    for library in {each.split(".")[0] for each in inside}:
        assert ",<" in BOUNDS[COMES_WITH.get(library, library)], library


def test_the_source_distribution_holds_every_page_and_folder_of_the_project() -> None:
    included = set(DECLARED["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    pages = {path for path in ROOT.iterdir() if path.suffix in (".cff", ".md", ".yml") or path.name == "LICENSE"}
    folders = {
        path.parent for pattern in ("*/*.py", "*/*.npz", "*/*.md", "*/*.service") for path in ROOT.glob(pattern)
    }
    made = {path for path in folders if path.name.startswith(".") or path.name in ("build", "dist")}
    assert included == {f"/{path.name}" for path in pages | folders - made}


# Names with an underscore that are part of the documented interface of a library.
DOCUMENTED = {"__version__", "_exit", "__excepthook__", "__unraisablehook__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_name_of_a_library_is_used(path: Path) -> None:
    libraries = {given for given, name in imports(path) if not name.startswith("rnncli")}
    for name in attributes(path):
        owner, *inside = name.split(".")
        if owner in libraries:
            assert not [each for each in inside if each.startswith("_") and each not in DOCUMENTED], name


def test_the_newest_changes_are_those_of_this_version() -> None:
    heading = re.search(r"^## (\S+), (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert heading
    assert __version__ == heading[1]
    assert "unreleased" == heading[2] or datetime.date.fromisoformat(heading[2])


def test_every_library_that_may_be_missing_is_an_extra() -> None:
    extras = PROJECT["optional-dependencies"]
    optional = {re.match(r"[\w-]+", line)[0] for name, lines in extras.items() if name != "test" for line in lines}
    callers = {"sklearn"}  # they are there if what imports them is called
    known = {*BOUNDS, *optional, *COMES_WITH, *callers}
    names = {"dask": "distributed", "markupsafe": "jinja2"}  # libraries that come with others
    for path in (ROOT / "rnncli").rglob("*.py"):
        for _, name in imports(path):
            library = name.split(".")[0]
            is_standard = library in sys.stdlib_module_names or library == "rnncli"
            assert is_standard or names.get(library, library) in known, f"{path.name} imports {library}"
    said = set(
        re.findall(r'"rnncli\[(\w+)\]"', "".join(p.read_text("utf-8") for p in (ROOT / "rnncli").rglob("*.py")))
    )
    assert said <= set(extras)
    assert {"onnx", "safetensors"} <= said
