"""Labelling needs NumPy alone; only training needs Numba."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import rnncli
from rnncli.trained import Trained

# Runs a command, or Python, where Numba cannot be imported.
BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
if sys.argv[1] == "-c":
    exec(sys.argv[2])
else:
    from rnncli.__main__ import main
    sys.exit(main())
"""


def without_numba(*words: object, code: int = 0) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", BLOCKED, *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert code == ran.returncode, ran.stderr
    return ran


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, booking_text: str) -> Path:
    """A file of so many tokens that the kernels would label it."""
    path = tmp_path_factory.mktemp("many") / "many.tsv"
    path.write_text(booking_text * 20, "utf-8")
    return path


def test_a_text_and_a_file_get_the_same_labels(trained: Trained, many: Path, tmp_path: Path) -> None:
    lines = without_numba("tag", "--model", trained.path, "leave New York on Sunday").stdout
    assert "leave [New York: departure] on [Sunday: departure_time]\n" == lines
    without_numba("tag", "--model", trained.path, "--input", many, "--to", "tsv", "--out", tmp_path / "out.tsv")
    labelled = rnncli.read(tmp_path / "out.tsv")
    tagger = rnncli.load(trained.path)
    expected = list(tagger.stream_sentences(rnncli.read(many)))
    assert [[token.tag for token in tagged.tokens] for tagged in expected] == [s.tags for s in labelled]


def test_scores_are_the_same(trained: Trained, many: Path) -> None:
    scores = json.loads(without_numba("evaluate", many, "--model", trained.path, "--json").stdout)
    expected = rnncli.evaluate(trained, many).as_dict()
    for name in ("sentences", "tokens", "accuracy", "f1", "per_type"):
        assert expected[name] == scores[name]
    assert scores["calibration"]["ece"] == pytest.approx(expected["calibration"]["ece"], abs=1e-6)


@pytest.mark.parametrize(
    "command", [("inspect-memory", "--json"), ("inspect-gradients", "--json"), ("info", "--json")]
)
def test_models_can_be_looked_into(command: tuple[str, ...], trained: Trained) -> None:
    assert json.loads(without_numba(*command, "--model", trained.path).stdout)


def test_from_python_too(trained: Trained, many: Path) -> None:
    code = f"""
import rnncli
tagger = rnncli.load({str(trained.path)!r})
print(tagger.tag("leave Taipei on Sunday"), rnncli.evaluate(tagger, {str(many)!r}), rnncli.check({str(many)!r}))
print(len(list(tagger.stream(["leave Taipei on Sunday"] * 1500))))
try:
    rnncli.load().tag("leave") and rnncli.Tagger(tagger.model, kernels=True).tag("leave")
except rnncli.UsageError as error:
    print(error)
"""
    lines = without_numba("-c", code).stdout.splitlines()
    assert lines[0].startswith("<tagged leave [Taipei: departure] on [Sunday: departure_time]> <scores F1 ")
    assert "1500" == lines[1]
    assert lines[2].startswith("this needs Numba, which cannot be imported: No module named 'numba")


@pytest.mark.parametrize(
    "words",
    [
        ("train",),
        ("-c", "import rnncli; rnncli.train()"),
        ("-c", "import rnncli; rnncli.SequenceTagger().fit([], [])"),
    ],
)
def test_a_training_says_what_to_install(words: tuple[str, ...], tmp_path: Path) -> None:
    options: Any = ("--out", tmp_path / "m.npz") if words[0] == "train" else ()
    error = without_numba(*words, *options, code=2 if words[0] == "train" else 1).stderr
    assert "this needs Numba, which cannot be imported" in error
    assert "install it: pip install 'numba>=0.61,<0.69'" in error
    assert not (tmp_path / "m.npz").exists()
    if words[0] == "train":
        assert "Traceback" not in error


def test_the_version_to_install_is_that_of_the_requirements() -> None:
    from rnncli.kernels.environment import NUMBA

    project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    assert f'"{NUMBA}"' in project
