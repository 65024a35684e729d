"""One corpus in every format: read alike, trained to the same bytes, and labelled back into any format."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli import api
from rnncli.data import reading
from rnncli.data.formats.format import Names
from rnncli.data.formats.registry import FORMATS
from rnncli.data.sentence import Sentence
from rnncli.errors import StoppedError
from rnncli.resources import bundled
from rnncli.trained import Trained

if TYPE_CHECKING:
    from typer.testing import Result

SMALL: dict[str, Any] = {"epochs": 1, "hidden": 8, "embedding": 8, "ngram": 8, "batch": 16}
DATA = Path(os.environ.get("RNNCLI_TEST_DATA", "/nowhere"))
OF_TEXTS = ("doccano", "prodigy", "label-studio", "entities")
LABELLED = [name for name in FORMATS if name != "text"]


def written(path: Path, name: str, sentences: list[Sentence], names: Names = reading.NAMELESS) -> Path:
    path.write_text("".join(FORMATS[name].write(sentences, names)), "utf-8")
    return path


@pytest.fixture(scope="module")
def sentences() -> list[Sentence]:
    return reading.read(str(bundled("sample_data/train.tsv"))).sentences[:200]


def test_how_much_of_a_file_was_read_is_told(sentences: list[Sentence], tmp_path: Path) -> None:
    path = written(tmp_path / "train.tsv", "tsv", sentences * 100)
    shares: list[float] = []

    class Shares(api.Listener):
        def reading(self, name: str, share: float) -> None:
            assert str(path) == name
            shares.append(share)

        def should_stop(self) -> bool:
            return True

    with pytest.raises(StoppedError):
        api.train(path, out=tmp_path / "m.npz", listener=Shares(), **SMALL)
    assert 2 < len(set(shares))
    assert sorted(shares) == shares
    assert 1.0 == shares[-1]


@pytest.fixture(scope="module")
def of_tsv(sentences: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("tsv")
    return api.train(written(folder / "train.tsv", "tsv", sentences), out=folder / "m.npz", **SMALL)


@pytest.mark.parametrize("name", LABELLED)
def test_every_format_trains_the_same_bytes(
    name: str, sentences: list[Sentence], of_tsv: Trained, tmp_path: Path
) -> None:
    data = written(tmp_path / "data", name, sentences)  # the name says nothing of the format
    trained = api.train(data, out=tmp_path / "m.npz", **SMALL)
    if name in OF_TEXTS:  # the texts, which TSV does not have, have a say in the tokenizer
        trained.model.tokenizer = of_tsv.model.tokenizer
        trained.model.divided = of_tsv.model.divided
        assert of_tsv.model == trained.model
    else:
        assert of_tsv.sha256 == trained.sha256


@pytest.mark.skipif(not DATA.is_dir(), reason="no real data here")
@pytest.mark.parametrize(
    ("folder", "file", "name"), [("conll2000", "train.pos.tsv", "conll"), ("ud-ewt", "train.tsv", "conllu")]
)
def test_published_data_trains_the_same_bytes_in_its_own_layout(
    folder: str, file: str, name: str, tmp_path: Path
) -> None:
    corpus = reading.read(str(DATA / folder / file))
    data = written(tmp_path / "data", name, corpus.sentences, corpus.names)
    assert reading.read(str(data)).format == name
    hashes = [
        api.train(path, out=tmp_path / f"{number}.npz", **SMALL).sha256
        for number, path in enumerate((DATA / folder / file, data))
    ]
    assert hashes[0] == hashes[1]


CONLLU = """\
# newdoc
# text = leave Taipei.
1\tleave\tleave\tVERB\t_\t_\t0\troot\t_\t_
2-3\tTaipei.\t_\t_\t_\t_\t_\t_\t_\t_
2\tTaipei\t_\tPROPN\t_\t_\t_\t_\t_\t_
3\t.\t_\tPUNCT\t_\t_\t_\t_\t_\t_

"""


@pytest.fixture
def tag(run: Callable[..., "Result"], trained: Trained, tmp_path: Path) -> Callable[..., str]:
    def labelled(content: str, *arguments: str) -> str:
        path = tmp_path / "in"
        path.write_text(content, "utf-8")
        result = run("tag", "--input", path, "--model", trained.path, "--quiet", *arguments)
        assert (0, "") == (result.exit_code, result.stderr)
        return result.stdout

    return labelled


def test_of_conllu_everything_is_kept_and_the_tags_have_a_column_of_their_own(tag: Callable[..., str]) -> None:
    lines = tag(CONLLU, "--to", "conllu").splitlines()
    assert "# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC TAG" == lines[0]
    assert CONLLU.splitlines()[:2] == lines[1:3]
    cells = [line.split("\t") for line in lines[3:7]]
    assert CONLLU.splitlines()[2:6] == ["\t".join(row[:-1]) for row in cells]
    assert ["O", "_", "O"] == [cells[0][-1], cells[1][-1], cells[3][-1]]
    assert cells[2][-1] in ("B-departure", "B-destination")


def test_a_chosen_column_of_conllu_gets_the_tags(tag: Callable[..., str]) -> None:
    rows = [line.split("\t") for line in tag(CONLLU, "--to", "conllu", "--columns", "tag=XPOS").splitlines()]
    assert ["O", "_", rows[4][4], "O"] == [row[4] for row in rows[2:6]]
    assert ["VERB", "_", "PROPN", "PUNCT"] == [row[3] for row in rows[2:6]]


def test_the_new_tag_comes_after_the_other_columns(tag: Callable[..., str]) -> None:
    content = "leave\tVB\tO\nTaipei\tNNP\tB-x\n\nthanks\tUH\tO\n"
    rows = [line.split("\t") for line in tag(content, "--to", "tsv", "--keep-columns").splitlines()]
    assert [["leave", "VB", "O"], ["Taipei", "NNP", "B-x"], [""], ["thanks", "UH", "O"], [""]] == [
        row[:3] for row in rows
    ]
    assert [4, 4, 1, 4, 1] == [len(row) for row in rows]
    header = tag(content, "--to", "csv", "--keep-columns").splitlines()[0]
    assert "sentence,token,column1,column2,tag" == header


def test_texts_become_labelled_files(tag: Callable[..., str], tmp_path: Path) -> None:
    for name in ("conll", "conllu", "csv"):
        path = tmp_path / name
        path.write_text(tag("leave Taipei.\n\nthanks\n", "--to", name), "utf-8")
        corpus = reading.read(str(path))
        assert (name, ["leave", "Taipei", "."], ["thanks"]) == (
            corpus.format,
            *(s.tokens for s in corpus.sentences),
        )
    assert "SpaceAfter=No" in (tmp_path / "conllu").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--input", "in", "--to", "csv", "--nbest", "2"), "--nbest cannot be written --to csv"),
        (("leave", "--to", "tsv", "--keep-columns"), "--keep-columns needs a file, and --to tsv, conll or csv"),
        (("--input", "in", "--to", "jsonl", "--keep-columns"), "--keep-columns needs a file"),
    ],
)
def test_outputs_that_do_not_go_together_are_refused(
    run: Callable[..., "Result"], arguments: tuple[str, ...], message: str
) -> None:
    result = run("tag", *arguments)
    assert (2, True) == (result.exit_code, message in result.stderr)
