"""Opening a model and labelling with it take at most twice the size of its file, and a constant."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damaged_models
import numpy as np
import pytest
from promises import Cases

from rnncli import modelfile
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.inputs import Inputs
from rnncli.data.packed import PackedTexts
from rnncli.data.tags import Scheme
from rnncli.export.half import halved
from rnncli.model import Model

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MB = 2**20
# Beyond what a tiny model takes: for lists and weights, and for headers.
CONSTANT = 12 * MB
HEADERS = 44 * MB

# Prints the peaks of the memory that is used and of that which is asked for, and what came of it.
CHILD = """
import sys
from rnncli import labelling, modelfile
from rnncli.errors import ModelError
kernels = sys.argv[2] == "kernels"
outcome = "labelled"
try:
    model = modelfile.load(sys.argv[1])
    tokens = model.cut("leave Taipei on May 2nd, unheard")
    columns = [[("a",) * model.inputs.columns] * len(tokens)] if model.inputs.columns else None
    encoded = model.encode([tokens], columns)
    list(labelling.Labeller(model, kernels).stream([(None, encoded)]))
except ModelError as error:
    outcome = error.message
with open("/proc/self/status") as file:
    fields = dict(line.split(":") for line in file)
print(*(int(fields[name].split()[0]) * 1024 for name in ("VmHWM", "VmPeak")), outcome)
"""


def peaks(path: Path, kernels: bool) -> tuple[int, int, str]:
    """The most memory that was used, the most that was asked for, and what came of it."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    arguments = [sys.executable, "-c", CHILD, str(path), "kernels" if kernels else "plain"]
    child = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment)
    used, asked, outcome = child.stdout.split(" ", 2)
    return int(used), int(asked), outcome.strip()


def model(lists: dict[str, Any], widths: dict[str, int], kinds: int = 1, **network: Any) -> Model:
    """A model with these lists and so many types of tags, with weights that are small."""
    settled = {"arch": "elman", "cell": "simple", "hidden": 4, "digits": "zero", "transitions": "legal"}
    settled["neighbours"] = "joined"
    spec = NetworkSpec(**(settled | network))
    inputs = Inputs.from_lists(widths, {"words": ["a"]} | lists)
    training = TrainingSpec(recurrent_init="glorot")
    tags = ["O", *(f"{part}-x{kind}" for kind in range(kinds) for part in "BI")]
    one = Model.untrained(spec, training, inputs, tags, "words+lexicon", Scheme("IOB2"))
    for array in one.parameters.values():
        array *= 0.01
    return one


def short_texts(count: int) -> PackedTexts:
    """Different texts of four bytes, as short as so many can be."""
    number = np.arange(count)
    letters = np.stack([33 + number // 94**place % 94 for place in range(4)] + [np.full(count, 10)], axis=1)
    return PackedTexts(letters.astype(np.uint8).tobytes()[:-1])


def short_phrases(count: int) -> PackedTexts:
    """Different phrases of five small letters in order, with a type of one letter."""
    number = np.arange(count)
    letters = [97 + number // 26**place % 26 for place in (4, 3, 2, 1, 0)]
    ends = [np.full(count, code) for code in b"\tx\n"]
    lines = np.stack([*letters, *ends], axis=1)
    return PackedTexts(lines.astype(np.uint8).tobytes()[:-1])


def large_models(size: int) -> dict[str, Callable[[], Model]]:
    """Models of about so many bytes, each with one part that is large."""
    units = int((size / 4 / 4) ** 0.5)
    words = [f"word{number}" for number in range(size // (11 + 256))]
    return {
        "words": lambda: model({"words": short_texts(size // 5), "ngram": ["=x"]}, {"ngram": 2}, features="ngram"),
        "n-grams": lambda: model({"ngram": short_texts(size // 9)}, {"ngram": 1}, features="ngram"),
        "phrases": lambda: model(
            {"lexicon": ["x"], "phrases": short_phrases(size // 24)}, {"lexicon": 1}, features="lexicon"
        ),
        "values": lambda: model({"column1": short_texts(size // 9)}, {"column1": 1}, features="columns"),
        "a table": lambda: model({"words": words}, {"embedding": 64}, features="embedding"),
        "moves": lambda: model({}, {"embedding": 8}, kinds=int((size / 16) ** 0.5), features="embedding"),
        "weights": lambda: model({}, {"embedding": 8}, features="embedding", cell="lstm", hidden=units),
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("memory") / "tiny.npz"
    modelfile.save(model({}, {"embedding": 2}, features="embedding"), path)
    return path


@pytest.mark.promise("memory")
@pytest.mark.parametrize("kind", large_models(0))
def test_labelling_takes_twice_the_file(kind: str, tiny: Path, tmp_path: Path, long: bool, cases: Cases) -> None:
    path = tmp_path / "large.npz"
    modelfile.save(large_models(64 * MB if long else 12 * MB)[kind](), path)
    # With many tags the kernels take more: see docs/format.md.
    for kernels in (False, True) if kind != "moves" and (long or kind == "weights") else (False,):
        cases.add()
        bounds = [peak + 2 * path.stat().st_size + CONSTANT for peak in peaks(tiny, kernels)[:2]]
        *used, outcome = peaks(path, kernels)
        assert ("labelled", True, True) == (outcome, used[0] < bounds[0], used[1] < bounds[1]), (used, bounds)


@pytest.mark.promise("memory")
def test_a_file_of_float16_counts_as_one_of_float32(tiny: Path, tmp_path: Path) -> None:
    whole = large_models(12 * MB)["weights"]()
    modelfile.save(whole, tmp_path / "whole.npz")
    modelfile.save(halved(whole, ""), tmp_path / "half.npz")
    for kernels in (False, True):
        size = (tmp_path / "whole.npz").stat().st_size
        bounds = [peak + 2 * size + CONSTANT for peak in peaks(tiny, kernels)[:2]]
        *used, outcome = peaks(tmp_path / "half.npz", kernels)
        assert ("labelled", True, True) == (outcome, used[0] < bounds[0], used[1] < bounds[1]), (used, bounds)


@pytest.mark.promise("limits")
def test_too_little_memory_is_no_damage(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "large.npz"
    modelfile.save(large_models(64 * MB)["weights"](), path)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({peaks(tiny, False)[1] + 20 * MB},) * 2)"
    code = f"{limit}\nfrom rnncli import modelfile\nmodelfile.load({str(path)!r})"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"FileError: {path}: not enough memory to open it" in child.stderr


MARKS = 500_000  # few enough for a header
BOMBS = {
    "objects": "[" + "{}," * (MARKS // 3) + "0]",
    "too many objects": "[" + "{}," * 5_000_000 + "0]",
    "objects in objects": "[" + '{"":{}},' * (MARKS // 5) + "0]",
    "lists in lists": "[" + "[[]]," * (MARKS // 4) + "0]",
    "too deep lists": "[" * 400_000,
    "different keys": "{" + ",".join(f'"{number:x}":{number}' for number in range(MARKS // 2)) + "}",
    "different texts": "[" + ",".join(f'"{number:x}"' for number in range(MARKS)) + "]",
    "long texts": "[" + ",".join(f'"{"a" * 28}"' for number in range(MARKS)) + "]",
    "a wide character": '["' + "a" * 15 * MB + '\U0001f600"]',
    "wide characters": '["' + "\U0001f600" * 3 * MB + '"]',
    "long numbers": "[" + ",".join("9" * 4_000 for _ in range(4_000)) + "]",
}


@pytest.mark.promise("memory")
@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_header_takes_no_more_than_the_constant(text: str, tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    path.write_bytes(damaged_models.with_header(tiny.read_bytes(), f'{{\n "format": 2,\n "provenance": {text}\n}}'))
    bounds = [peak + 2 * path.stat().st_size + HEADERS for peak in peaks(tiny, False)[:2]]
    *used, outcome = peaks(path, False)
    assert used[0] < bounds[0] and used[1] < bounds[1], (used, bounds, outcome)
    assert outcome != "labelled"


@pytest.mark.promise("memory")
def test_a_model_with_very_many_tags_is_saved_and_loaded(tmp_path: Path) -> None:
    """What training writes for 22,000 types: their scores, and the weights of 44,001 tags."""
    one = model({}, {"embedding": 2}, kinds=22_000, features="embedding", decoder="softmax")
    kinds = [tag.removeprefix("B-") for tag in one.tags[1::2]]
    scores = dict.fromkeys(("precision", "recall", "f1"), 0.9672131147540983) | dict.fromkeys(
        ("gold", "predicted"), 12
    )
    one.provenance = {
        "dev": {"per_type": dict.fromkeys(kinds, scores)},
        "class_weights": dict.fromkeys(one.tags, 1 / 3),
    }
    modelfile.save(one, tmp_path / "model.npz")
    assert one == modelfile.load(tmp_path / "model.npz")
