"""``rnncli study labels``: a wrong tag that was put into a file is found, and written for people to correct."""

import json
import shutil
from pathlib import Path

import pytest

from rnncli.config import ReadOptions
from rnncli.data.formats.format import Wanted
from rnncli.data.reading import read, reading

OPTIONS = ("--k", "3", "--hidden", "8", "--embedding", "8", "--ngram", "8", "--epochs", "15", "--batch", "4")
OPTIONS += ("--learning-rate", "0.05", "--dropout", "0", "--seed", "2", "--work", "work")
LINE = 7


@pytest.fixture(scope="module")
def data(booking_text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small corpus twice, with one span that has the wrong type: line 7, "arrive [Taipei]"."""
    rows = [block.split("\n") for block in (booking_text * 2).strip().split("\n\n")]
    rows.insert(1, ["arrive\tO", "Taipei\tB-departure", "on\tO", "Friday\tB-destination_time"])
    path = tmp_path_factory.mktemp("labels") / "train.tsv"
    path.write_text("\n\n".join("\n".join(row) for row in rows) + "\n", "utf-8")
    assert path.read_text("utf-8").split("\n")[LINE] == "Taipei\tB-departure"
    return path


@pytest.fixture(scope="module")
def work(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that is done."""
    from typer.testing import CliRunner

    from rnncli.cli.app import program

    folder = tmp_path_factory.mktemp("work") / "work"
    words = ["study", "labels", str(data), *OPTIONS[:-1], str(folder), "--jobs", "2"]
    assert CliRunner().invoke(program(), words).exit_code == 0
    return folder


def test_the_wrong_span_comes_first_and_the_input_stays(run, data, work, tmp_path):
    before = data.read_bytes()
    shutil.copytree(work, tmp_path / "work")
    shown = run("study", "labels", data, *OPTIONS, "--json")
    assert shown.exit_code == 0, shown.stderr
    told = json.loads(shown.stdout)
    first = told["suggestions"][0]
    assert (first["line"], first["tokens"], first["kind"]) == (LINE + 1, ["Taipei"], "type")
    assert (first["given_tags"], first["suggested_tags"]) == (["B-departure"], ["B-destination"])
    assert (told["sentences"], told["folds"], told["seeds"]) == (61, 3, 1)
    assert data.read_bytes() == before
    table = run("study", "labels", data, *OPTIONS, env={"COLUMNS": "80"})
    assert f"{LINE + 1}: arrive [Taipei] on Friday" in table.stdout
    assert max(map(len, table.stdout.split("\n"))) <= 80


def test_any_number_of_processes_and_a_study_that_was_stopped_give_the_same(run, data, work, tmp_path):
    shutil.copytree(work, tmp_path / "work")
    expected = run("study", "labels", data, *OPTIONS, "--json").stdout
    missing = sorted(Path("work").rglob("*.npz"))[1]
    missing.unlink()
    written = {path: path.stat().st_mtime_ns for path in Path("work").rglob("*.npz")}
    again = run("study", "labels", data, *OPTIONS, "--jobs", "1", "--json")
    assert again.stdout == expected
    assert missing.exists()
    assert written == {path: path.stat().st_mtime_ns for path in written}  # only the missing one was trained


@pytest.mark.parametrize(
    "name", ["tsv", "conll", "csv", "jsonl", "json", "conllu", "prodigy", "entities", "doccano"]
)
def test_the_doubtful_sentences_are_read_back_with_the_suggested_tags(run, data, work, tmp_path, name):
    shutil.copytree(work, tmp_path / "work")
    made = run("study", "labels", data, *OPTIONS, "--out", "tasks", "--to", name, "--order", "self-confidence")
    assert made.exit_code == 0, made.stderr
    corpus = read("tasks")
    first = corpus.sentences[0]
    assert first.tokens == ["arrive", "Taipei", "on", "Friday"]
    assert first.tags[:2] == ["O", "B-destination"]
    if name in ("tsv", "conll", "csv", "jsonl", "json", "conllu"):
        assert first.columns[1][-1] == "B-departure"
    else:
        spans = first.extra.fields["rnncli"]["suggestions"][0]["given_spans"]
        assert spans == [{"type": "departure", "start": 1, "end": 2}]
    if name in ("tsv", "conll", "conllu"):
        assert any("line 8" in comment for comment in first.extra.comments)
    if name == "prodigy":
        assert "answer" not in Path("tasks").read_text("utf-8")


def test_tasks_of_label_studio_have_predictions_and_no_annotations(run, data, work, tmp_path):
    shutil.copytree(work, tmp_path / "work")
    assert run("study", "labels", data, *OPTIONS, "--out", "t.json", "--to", "label-studio").exit_code == 0
    task = json.loads(Path("t.json").read_text("utf-8"))[0]
    assert "annotations" not in task
    assert task["predictions"][0]["result"][0]["value"]["labels"] == ["destination"]
    assert task["data"]["rnncli"]["line"] == LINE + 1
    with reading("t.json", ReadOptions(), Wanted(labelled=False)) as file:
        assert next(file.sentences).extra.text == "arrive Taipei on Friday"


def test_what_cannot_be_written_is_refused_before_any_training(run, data, tmp_path):
    plain = tmp_path / "plain.tsv"
    plain.write_text("a\tX\nb\tY\n\nc\tX\nd\tY\n\n" * 4, "utf-8")
    refused = run("study", "labels", plain, *OPTIONS, "--out", "t.json", "--to", "doccano", "--scheme", "plain")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "doccano holds spans" in refused.stderr
    assert not Path("work").exists()
    refused = run("study", "labels", data, *OPTIONS, "--out", "t.txt")
    assert "text cannot hold tags" in refused.stderr
    assert not Path("work").exists()
    refused = run("study", "labels", data, *OPTIONS, "--out", data)
    assert refused.exit_code == 2
