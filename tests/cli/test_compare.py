"""``rnncli compare``: models and predictions, tables, JSON, the file of differences, and what is refused."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli import modelfile
from rnncli.data import reading

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained
    from rnncli.model import Model

Run = Callable[..., "Result"]
QUICK = ("--replicates", "200")


@pytest.fixture
def gold(booking_tsv: Path) -> Path:
    return booking_tsv


@pytest.fixture
def wrong(booking_text: str, tmp_path: Path) -> Path:
    """Predictions in which every departure from Taipei is missed and every "hello there" is one."""
    text = booking_text.replace("Taipei\tB-departure\n", "Taipei\tO\n").replace("hello\tO", "hello\tB-departure")
    path = tmp_path / "wrong.tsv"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def worse(tiny: "Model", tmp_path: Path) -> Path:
    """The model with two of its tags exchanged."""
    a, b = (tiny.tags.index(f"B-{kind}") for kind in ("departure", "destination"))
    tiny.tags[a], tiny.tags[b] = tiny.tags[b], tiny.tags[a]
    path = tmp_path / "worse.npz"
    modelfile.save(tiny, path)
    return path


def test_two_models_are_told_apart(run: Run, trained: "Trained", worse: Path, gold: Path) -> None:
    shown = json.loads(run("compare", trained.path, worse, gold, *QUICK, "--json").stdout)
    assert ("f1", "IOB2", 30) == (shown["metric"], shown["scheme"], shown["sentences"])
    assert [str(trained.path), str(worse)] == [system["name"] for system in shown["systems"]]
    good, bad = (system["f1"] for system in shown["systems"])
    evaluated = json.loads(run("evaluate", gold, "--model", worse, "--json").stdout)
    assert evaluated["f1"] == bad
    assert evaluated["macro"]["f1"] == shown["systems"][1]["macro"]["f1"]
    [pair] = shown["pairs"]
    assert good - bad == pytest.approx(pair["difference"])
    assert pair["interval"][0] <= pair["difference"] <= pair["interval"][1]
    assert 1 / 201 == pair["p"]
    assert pair["sentences"] == len(shown["differing"]) > 10
    first = shown["differing"][0]
    sentence = reading.read(str(gold)).sentences[first["sentence"] - 1]
    assert (sentence.tokens, sentence.tags, sentence.line) == (first["tokens"], first["gold"], first["line"])
    assert 2 == len(first["predicted"])
    assert first["predicted"][0] != first["predicted"][1]


def test_predictions_of_any_format_are_compared_with_a_model(
    run: Run, trained: "Trained", wrong: Path, gold: Path, tmp_path: Path
) -> None:
    assert 0 == run("convert", wrong, "wrong.jsonl").exit_code
    assert 0 == run("convert", wrong, "wrong.conll.gz", "--to", "conll").exit_code
    documents = []
    for name in ("wrong.tsv", "wrong.jsonl", "wrong.conll.gz"):
        result = run("compare", trained.path, name, gold, *QUICK, "--json")
        assert 0 == result.exit_code, result.stderr
        documents.append(result.stdout.replace(name, "NAME"))
    assert 1 == len(set(documents))
    shown = json.loads(documents[0])["systems"][1]
    departures = shown["per_type"]["departure"]
    assert (12, 9, 8) == (departures["gold"], departures["predicted"], departures["correct"])


def test_predictions_of_rnncli_tag_are_those_of_its_model(
    run: Run, trained: "Trained", worse: Path, gold: Path
) -> None:
    assert 0 == run("tag", "--input", gold, "--to", "conll", "--out", "p.conll", "--model", worse).exit_code
    result = run("compare", worse, "p.conll", gold, *QUICK, "--json")
    [pair] = json.loads(result.stdout)["pairs"]
    assert (0.0, [0.0, 0.0], 1.0, 0) == (pair["difference"], pair["interval"], pair["p"], pair["sentences"])


def test_the_tables_fit_80_columns(run: Run, trained: "Trained", worse: Path, wrong: Path, gold: Path) -> None:
    for systems in ((trained.path, worse), (trained.path, worse, wrong)):
        result = run("compare", *systems, gold, *QUICK, "--show", "2", env={"COLUMNS": "80"})
        tables, _, sentences = result.stdout.partition("\nsentence ")
        lines = [line for line in tables.splitlines() if not line.startswith((" A ", " B ", " C ")) or "─" in line]
        assert max(map(len, lines)) <= 80
        assert f" A {trained.path}\n" in tables
        assert ("p by Holm" in tables.partition("by type")[0]) == (len(systems) == 3)
        assert "departure_time" in tables and "95 % interval" in tables
        assert 1 == sentences.count("\nsentence ")
        assert re.search(r"the first 2 of \d+ sentences that differ, of 30; --differences writes all", sentences)
        assert "[Taipei: departure]" in sentences


def test_few_sentences_are_noted(run: Run, wrong: Path, gold: Path, tmp_path: Path) -> None:
    note = "warning: 30 sentences are too few for intervals and p that can be relied on"
    assert note in run("compare", wrong, gold, gold, *QUICK).stderr.splitlines()
    many = tmp_path / "many.tsv"
    many.write_text(gold.read_text("utf-8") * 2, "utf-8")
    assert "too few" not in run("compare", many, many, many, *QUICK).stderr


def test_the_file_of_differences_has_every_token(run: Run, wrong: Path, gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "differ.tsv"
    result = run("compare", gold, wrong, gold, *QUICK, "--differences", out)
    assert f"wrote   {out}" in result.stderr
    header, *lines = out.read_text("utf-8").splitlines()
    assert "token\tgold\tA\tB\tsentence\tline" == header
    assert [["leave", "O", "O", "O", "1", "1"], ["Taipei", "B-departure", "B-departure", "O", "1", "2"]] == [
        line.split("\t") for line in lines[:2]
    ]
    assert 5 == sum(not line for line in lines)  # a blank line after each of the sentences
    to_stdout = run("compare", gold, wrong, gold, *QUICK, "--differences", "-")
    assert out.read_text("utf-8") == to_stdout.stdout


def test_seed_and_threads(run: Run, trained: "Trained", worse: Path, gold: Path) -> None:
    def shown(*options: str) -> str:
        return str(run("compare", trained.path, worse, gold, *QUICK, "--json", *options).stdout)

    assert shown() == shown("--threads", "1") == shown("--threads", "2", "--seed", "1")
    assert shown() != shown("--seed", "2")


def test_plain_tags_are_compared_by_accuracy(run: Run, tmp_path: Path) -> None:
    text = "the\tDT\ncat\tNN\nsat\tVB\n\n" * 60
    (tmp_path / "gold.tsv").write_text(text)
    (tmp_path / "a.tsv").write_text(text.replace("VB", "NN", 20))
    (tmp_path / "b.tsv").write_text(text.replace("VB", "JJ", 40))
    shown = json.loads(run("compare", "a.tsv", "b.tsv", "gold.tsv", *QUICK, "--json").stdout)
    assert ("accuracy", "plain") == (shown["metric"], shown["scheme"])
    assert pytest.approx(20 / 180) == shown["pairs"][0]["difference"]
    tables = run("compare", "a.tsv", "b.tsv", "gold.tsv", *QUICK).stdout
    assert "Difference of accuracy in points" in tables
    assert "  A    the cat [sat: NN]\n  B    the cat [sat: JJ]\n" in tables


# What is refused.


def refused(result: "Result", code: int, message: str) -> None:
    assert (code, "") == (result.exit_code, result.stdout), result.stderr
    assert f"error: {message}" in result.stderr


def test_other_tokens_are_an_error_with_both_places(
    run: Run, booking_text: str, gold: Path, tmp_path: Path
) -> None:
    hint = "\n  both files must have the same sentences with the same tokens\n"
    cases = {
        "token": (
            booking_text.replace("York\tI-departure\n", "Jork\tI-departure\n", 1),
            26,
            '"Jork" here, "York"',
            26,
        ),
        "shorter": (booking_text.replace("York\tI-departure\n", "", 1), 26, '"on" here, "York"', 26),
        "cut": (
            booking_text.replace("2nd\tI-departure_time\n", "", 1),
            4,
            'the end of the sentence here, "2nd"',
            5,
        ),
    }
    for name, (text, line, message, there) in cases.items():
        path = tmp_path / f"{name}.tsv"
        path.write_text(text, "utf-8")
        for command in (("compare", gold, path, gold), ("evaluate", gold, "--predictions", path)):
            refused(run(*command), 3, f"{path}:{line}: {message} in {gold}:{there}{hint}")
    path.write_text(booking_text + "more\tO\n", "utf-8")
    line = booking_text.count("\n") + 1
    refused(run("compare", gold, path, gold), 3, f'{path}:{line}: a sentence more than {gold} has: "more"')
    path.write_text(booking_text.rpartition("no\tO")[0], "utf-8")
    refused(run("compare", gold, path, gold), 3, f"{path}: the file ends before sentence 30 of {gold}, in line ")


def test_what_cannot_be_compared_is_refused(run: Run, trained: "Trained", gold: Path, tmp_path: Path) -> None:
    (tmp_path / "other.npz").write_bytes(b"PK\x03\x04" + b"a.npy" * 10)
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04" + b"xl/" * 10)
    (tmp_path / "plain.tsv").write_text("a\tX\nb\tY\n\n" * 9)
    refused(run("compare", gold, gold), 2, "there is nothing to compare")
    refused(run("compare", *[gold] * 28), 2, "27 systems are too many")
    refused(run("compare", "-", gold, "-"), 2, "stdin can be read once")
    refused(run("compare", "other.npz", gold, gold), 4, "other.npz: ")
    refused(run("compare", "book.xlsx", gold, gold), 3, "book.xlsx: an Excel workbook")
    refused(run("compare", "missing.npz", gold, gold), 5, "missing.npz: no such file")
    refused(run("compare", tmp_path, gold, gold), 5, f"{tmp_path}: is a directory")
    refused(
        run("compare", trained.path, "plain.tsv", "plain.tsv"), 3, "plain.tsv: none of the tags is in the model"
    )


def test_predictions_in_another_scheme_are_refused(run: Run, gold: Path) -> None:
    assert 0 == run("convert", gold, "other.tsv", "--scheme", "IOBES").exit_code
    message = f"other.tsv: the tags here are IOBES, those of {gold} are IOB2\n  write them as IOB2: rnncli convert"
    refused(run("compare", gold, "other.tsv", gold), 3, message)
    refused(run("evaluate", gold, "--predictions", "other.tsv"), 3, message)


def test_models_of_spans_and_of_plain_tags_are_not_compared(
    run: Run, trained: "Trained", booking_text: str, gold: Path, tmp_path: Path
) -> None:
    quick = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--threads", "1")
    assert 0 == run("train", gold, "--scheme", "plain", "--out", "plain.npz", *quick).exit_code
    message = f"the tags of {trained.path} are IOB2, those of plain.npz are plain"
    refused(run("compare", trained.path, "plain.npz", gold), 2, message)


def test_a_reader_that_leaves_ends_the_command_quietly(gold: Path, wrong: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "rnncli", "compare", str(gold), str(wrong), str(gold), "--json", *QUICK]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        notes = child.stderr.read()
    assert (0, False) == (child.returncode, b"Traceback" in notes)
