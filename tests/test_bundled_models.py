"""Each model that ships does what the table in models/README.md says."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from rnncli import api, evaluation
from rnncli.data import reading
from rnncli.modelfile import load
from rnncli.resources import MODELS, bundled

FOLDER = Path(__file__).parent.parent / "models"
ROWS = re.findall(
    r"^\| `(\S+)` \|.*\[`(\S+)/train\.tsv`\].*\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) MB \|$",
    (FOLDER / "README.md").read_text("utf-8"),
    re.M,
)


def test_every_model_has_a_row() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.npz")) == sorted(row[0] for row in ROWS)
    assert [f"{name}.npz" for name in MODELS] == [row[0] for row in ROWS]


@pytest.mark.parametrize(("name", "data", "dev", "test", "size"), ROWS)
def test_a_model_scores_what_is_stated(name: str, data: str, dev: str, test: str, size: str) -> None:
    model = load(FOLDER / name)
    assert f"{(FOLDER / name).stat().st_size / 1e6:.2f}" == size
    assert f"{100 * model.provenance['dev']['f1']:.2f}" == dev
    for part, stated in (("dev", dev), ("test", test)):
        scores = evaluation.evaluate(model, reading.read(str(bundled(f"{data}/{part}.tsv"))).sentences)
        assert 100 * scores.score == pytest.approx(
            float(stated), abs=0.3
        )  # the last bits differ between processors


def test_the_default_model_is_small_and_knows_where_it_comes_from() -> None:
    model, corpus = load(FOLDER / "default.npz"), reading.read(str(bundled("sample_data/train.tsv")))
    assert (FOLDER / "default.npz").stat().st_size < 5_000_000
    assert corpus.sha256 == model.provenance["data_sha256"]
    assert api.BOOKING_PAIR == model.provenance["examples"]
    assert 1 == model.training_spec.seed


def test_the_chinese_model_is_small_and_knows_where_it_comes_from() -> None:
    model, corpus = load("zh"), reading.read(str(bundled("sample_data/zh/train.tsv")))
    assert (FOLDER / "zh.npz").stat().st_size < 1_000_000
    assert corpus.sha256 == model.provenance["data_sha256"]
    assert "characters" == model.tokenizer
    assert 1 == model.training_spec.seed


def test_a_file_goes_before_a_bundled_model_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zh").mkdir()  # a folder is no model
    chinese = load("zh")
    (tmp_path / "zh").rmdir()
    shutil.copy(FOLDER / "default.npz", "zh")
    assert load("default").tags == load("zh").tags != chinese.tags


def test_the_wheel_has_every_model() -> None:
    included = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text("utf-8"))
    included = included["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in MODELS:
        assert f"rnncli/bundled/models/{name}.npz" == included[f"models/{name}.npz"]
