"""Each model that ships does what the table in models/README.md says."""

import re
from pathlib import Path

import pytest

from rnncli import api, evaluation
from rnncli.data import reading
from rnncli.modelfile import load
from rnncli.resources import bundled

FOLDER = Path(__file__).parent.parent / "models"
ROWS = re.findall(
    r"^\| `(\S+)` \|.*\| ([\d.]+) \| ([\d.]+) \| [\d.]+ MB \|$", (FOLDER / "README.md").read_text("utf-8"), re.M
)


def test_every_model_has_a_row() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.npz")) == sorted(name for name, _, _ in ROWS)


@pytest.mark.parametrize(("name", "dev", "test"), ROWS)
def test_a_model_scores_what_is_stated(name: str, dev: str, test: str) -> None:
    model = load(FOLDER / name)
    assert f"{100 * model.provenance['dev']['f1']:.2f}" == dev
    for part, stated in (("dev", dev), ("test", test)):
        scores = evaluation.evaluate(model, reading.read(str(bundled(f"sample_data/{part}.tsv"))).sentences)
        assert 100 * scores.score == pytest.approx(
            float(stated), abs=0.3
        )  # the last bits differ between processors


def test_the_default_model_is_small_and_knows_where_it_comes_from() -> None:
    model, corpus = load(FOLDER / "default.npz"), reading.read(str(bundled("sample_data/train.tsv")))
    assert (FOLDER / "default.npz").stat().st_size < 5_000_000
    assert corpus.sha256 == model.provenance["data_sha256"]
    assert api.BOOKING_PAIR == model.provenance["examples"]
    assert 1 == model.training_spec.seed
