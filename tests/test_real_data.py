"""Default settings on real data: what a table in the README promises, with one seed.

RNNCLI_TEST_DATA names a directory with ``atis`` and ``ud-ewt``, each with train.tsv, dev.tsv and test.tsv. Their
terms keep them out of this project, so without it these tests are skipped.
"""

import os
from pathlib import Path

import pytest

from rnncli import api, evaluation
from rnncli.data import reading

DATA = Path(os.environ.get("RNNCLI_TEST_DATA", "none"))


def f1_on_test(folder: str, arch: str, out: Path, **options: object) -> float:
    trained = api.train(DATA / folder / "train.tsv", DATA / folder / "dev.tsv", out, 2, arch=arch, **options)
    return evaluation.evaluate(trained.model, reading.read(str(DATA / folder / "test.tsv")).sentences, 2).score


# A token seen by itself, so that all that a network knows of its neighbours is in its memory.
ALONE = {"features": "embedding", "window": 0, "decoder": "softmax"}


@pytest.mark.skipif(not (DATA / "atis").is_dir(), reason="RNNCLI_TEST_DATA names no directory with atis")
@pytest.mark.parametrize(
    ("arch", "options", "least", "most"),
    [
        ("fnn", ALONE, 0.55, 0.70),
        ("elman", ALONE, 0.92, 1.0),
        ("jordan", {}, 0.90, 1.0),
        ("elman", {}, 0.94, 1.0),
        ("hybrid", {}, 0.94, 1.0),
        ("bidirectional", {"cell": "simple"}, 0.945, 1.0),
        ("bidirectional", {}, 0.952, 1.0),
    ],
)
def test_slot_filling(arch: str, options: dict[str, object], least: float, most: float, tmp_path: Path) -> None:
    assert least <= f1_on_test("atis", arch, tmp_path / "model.npz", **options) <= most


@pytest.mark.skipif(not (DATA / "ud-ewt").is_dir(), reason="RNNCLI_TEST_DATA names no directory with ud-ewt")
def test_part_of_speech(tmp_path: Path) -> None:
    assert f1_on_test("ud-ewt", "bidirectional", tmp_path / "model.npz", epochs=3) > 0.94
