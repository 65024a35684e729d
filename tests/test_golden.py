"""tests/golden: files of models that every version must load, and the tags that they must give."""

import json
from pathlib import Path

import pytest
from promises import Cases

from rnncli import labelling, modelfile
from rnncli.errors import ModelError
from rnncli.model import Model

FOLDER = Path(__file__).parent / "golden"
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))
TEXTS = json.loads((FOLDER / "texts.json").read_text("utf-8"))


def labelled(model: Model, kernels: bool) -> list[list[list[str]]]:
    """For each text its tokens and their tags."""
    sentences = [model.cut(text) for text in TEXTS["texts"]]
    columns = [[tuple(row[len(token) % len(row)] for row in TEXTS["columns"]) for token in s] for s in sentences]
    encoded = model.encode(sentences, columns if model.inputs.columns else None)
    [(_, _, prediction)] = labelling.Labeller(model, kernels).stream([(None, encoded)])
    tags = [model.tags[number] for number in prediction.tags.tolist()]
    return [[s, tags[start : start + len(s)]] for s, start in zip(sentences, encoded.starts.tolist(), strict=False)]


def test_every_file_has_its_tags() -> None:
    assert sorted(EXPECTED) == sorted(path.name for path in FOLDER.glob("format*-*.npz"))
    assert len(EXPECTED) > 10


@pytest.mark.promise("formats")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_gives_its_tags_and_is_saved_as_it_is(name: str, tmp_path: Path, cases: Cases) -> None:
    model = modelfile.load(FOLDER / name)
    for kernels in cases.counted((False, True)):
        assert EXPECTED[name] == labelled(model, kernels)
    modelfile.save(model, tmp_path / "again.npz")
    assert (FOLDER / name).read_bytes() == (tmp_path / "again.npz").read_bytes()


@pytest.mark.promise("formats")
def test_a_file_of_format_1_is_refused_by_a_true_sentence() -> None:
    with pytest.raises(ModelError) as caught:
        modelfile.load(FOLDER / "format1.npz")
    assert "made by an older rnncli (format 1)" == caught.value.message
    assert "train it again with this version" == caught.value.hint
