"""The house: imports point down only, nothing below the command line prints or exits, no file grows too long."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rnncli"

# From the top down; parts of one floor do not know each other.
FLOORS = [
    {"__main__"},
    {"interface", "estimator"},
    {"cli"},
    {"diagnosis", "serving"},
    {"studies"},
    {"api", "solving", "lessons"},
    {"trained", "seeds"},
    {"runs"},
    {"task", "tag_job"},
    {"error_analysis"},
    {"comparison"},
    {"checkpoint", "distillation", "scoring", "tag_output", "history"},
    {"training", "tagging", "evaluation", "checking", "inspect", "export"},
    {"labelling", "modelfile"},
    {"kernel_choice"},
    {"model"},
    {"network"},
    {"plain"},
    {"parameters"},
    {"data", "kernels"},
    {"jobs", "keywords"},
    {"config", "archive", "threads", "memory", "clock", "significance"},
    {"writing", "container", "control_groups", "web", "tables"},
    {"spec", "marks"},
    {"arguments", "json_text", "printable", "resources"},
    {"errors", "system"},
]
HEIGHT = {room: -floor for floor, rooms in enumerate(FLOORS) for room in rooms}
TALK = ("print", "input", "exit", "quit", "sys.exit", "os._exit")
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    """Dotted names of everything a file imports, also inside functions."""
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def top(name: str) -> str:
    return name.split(".")[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "rnncli" or parts[1] in ("__version__", room_of(path)):
            continue
        assert HEIGHT[parts[1]] < HEIGHT[room_of(path)], f"{path.name} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_one_home(path):
    homes = {
        "numba": "kernels",
        "llvmlite": "kernels",
        "typer": "cli",
        "rich": "cli",
        "pickle": "nowhere",
        "dask": "jobs",
        "distributed": "jobs",
        "threadpoolctl": "plain",
    }
    homes |= {
        "jinja2": "inspect",
        "markupsafe": "inspect",
        "onnx": "export",
        "pyarrow": "data",
        "safetensors": "export",
        "zstandard": "data",
        "uvicorn": "serving",
    }
    for name in imports(path):
        assert room_of(path) == homes.get(top(name), room_of(path)), f"{path.name} imports {name}"
        if top(name) == "rich":
            assert path.name == "show.py"


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) not in ("cli", "__main__")], ids=str)
def test_nothing_below_the_command_line_prints_or_exits(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "input", "exit", "quit", "sys.exit", "os._exit"), (
                f"{path.name}: {called}"
            )
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("sys.stdout", "sys.stderr"), path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_short(path):
    text = path.read_text("utf-8")
    # The options of all commands are in config.py.
    assert text.count("\n") <= (600 if path.name == "config.py" else 450)
    longest = 100 if room_of(path) == "kernels" else 80
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.body[0].lineno < longest, (
                node.name
            )  # a signature may be as long as its options


def test_every_random_number_comes_from_a_generator():
    for path in FILES:
        for name in imports(path):
            assert top(name) != "random", path.name
        assert "np.random.seed" not in path.read_text("utf-8"), path.name


@pytest.mark.promise("finite")
def test_json_is_written_without_nan(cases):
    """NaN and infinity are no JSON; json.dumps writes them unless ``allow_nan`` is false."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("json.dumps", "json.dump"):
                allowed = [ast.unparse(word.value) for word in node.keywords if word.arg == "allow_nan"]
                assert allowed == ["True" if path.name == "jsonvalues.py" else "False"], path
                cases.add()
