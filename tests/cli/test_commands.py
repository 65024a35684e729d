"""The commands do what their contracts say, on the bundled model and corpus."""

import hashlib
import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rnncli.model import load
from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]
LEAVE = "leave Taipei on November 2nd"


def test_train_prints_its_contract_and_the_hash_of_the_file(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "model.npz"
    result = run("train", booking_tsv, "--out", out, "--epochs", "2", "--hidden", "4", "--seed", "7", "--json")
    assert 0 == result.exit_code
    shown = json.loads(result.stdout)
    assert (str(out), 7, 2) == (shown["model"], shown["seed"], shown["epochs"])
    assert shown["best_epoch"] in (1, 2)
    assert shown["seconds"] > 0
    assert shown["tokens_per_second"] > 0
    assert {"sentences", "tokens", "accuracy", "precision", "recall", "f1", "per_type", "unknown_words"} <= set(
        shown["dev"]
    )
    assert hashlib.sha256(out.read_bytes()).hexdigest() == shown["sha256"]
    assert [out] == list(out.parent.iterdir())


def test_train_tells_what_it_found_and_what_to_run_next(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    result = run("train", booking_tsv, "--dev", booking_tsv, "--out", out, "--epochs", "1", "--hidden", "4")
    assert "" == result.stdout
    assert "IOB2" in result.stderr
    assert "0.0 % of tokens unknown" in result.stderr
    assert "dev sentences are also training sentences" in result.stderr
    assert f"next: rnncli tag --model {out} " in result.stderr


def test_quiet_says_nothing(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = run("train", booking_tsv, "--out", tmp_path / "m.npz", "--epochs", "1", "--hidden", "4", "--quiet")
    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)


def test_a_share_of_the_training_data_is_kept_where_no_dev_is_given(run: Run, booking_tsv: Path, tmp_path: Path):
    results = [
        run("train", booking_tsv, "-o", tmp_path / f"{i}.npz", "--epochs", "1", "--hidden", "4", "--json", "-q")
        for i in range(2)
    ]
    first, second = (json.loads(result.stdout) for result in results)
    assert first["sha256"] == second["sha256"]
    assert 0 < first["dev"]["sentences"]


def test_ctrl_c_saves_the_best_epoch_so_far(booking_tsv: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    arguments = ["train", booking_tsv, "--out", out, "--epochs", "100000", "--patience", "100000", "--hidden", "4"]
    command = [sys.executable, "-m", "rnncli", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch   2/"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert 130 == process.returncode
    assert "next: rnncli tag" in rest
    assert load(out).provenance["best_epoch"] >= 1


def test_tag_prints_a_readable_line(run: Run) -> None:
    assert "leave [Taipei: departure] on [November 2nd: departure_time]\n" == run("tag", LEAVE).stdout


def test_tag_prints_tsv(run: Run) -> None:
    tags = ["O", "B-departure", "O", "B-departure_time", "I-departure_time"]
    lines = [f"{token}\t{tag}\n" for token, tag in zip(LEAVE.split(), tags, strict=True)]
    assert "".join(lines) + "\n" == run("tag", LEAVE, "--output", "tsv").stdout


def test_tag_prints_json_with_offsets_and_probabilities(run: Run) -> None:
    text = "  leave  Taipei,  on November 2nd"
    shown = json.loads(run("tag", text, "--json").stdout)
    assert ["leave", "Taipei", ",", "on", "November", "2nd"] == [token["text"] for token in shown["tokens"]]
    for part in shown["tokens"] + shown["spans"]:
        assert text[part["start"] : part["end"]] == part["text"]
        assert 0 < part["probability"] <= 1
    assert ["departure", "departure_time"] == [span["type"] for span in shown["spans"]]
    inside = [token["probability"] for token in shown["tokens"][-2:]]
    assert math.isclose(shown["spans"][1]["probability"], inside[0] * inside[1])


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_one_result_for_each_line_in_order(run: Run, tmp_path: Path, source: str) -> None:
    text = "leave Taipei\n\n   \narrive Osaka\r\nlast"
    (tmp_path / "in.txt").write_text(text, "utf-8", newline="")
    given = tmp_path / "in.txt" if source == "file" else "-"
    shown = run("tag", "--input", given, "--json", stdin=text.encode()).stdout.splitlines()
    tokens = [[token["text"] for token in json.loads(line)["tokens"]] for line in shown]
    assert [["leave", "Taipei"], [], [], ["arrive", "Osaka"], ["last"]] == tokens


def test_tokens_that_are_cut_already_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("leave\tVB\nNew York\tNN\n\n\nto, go\n", "utf-8")
    result = run("tag", "--input", tmp_path / "in.tsv", "--input-format", "tsv", "--output", "tsv")
    assert 3 == result.exit_code  # the last line lacks a column
    (tmp_path / "in.tsv").write_text("leave\tVB\nNew York\tNN\n\n\nto, go\tX\n", "utf-8")
    result = run("tag", "--input", tmp_path / "in.tsv", "--input-format", "tsv", "--output", "tsv")
    assert ["leave", "New York", "", "to, go", ""] == [
        line.partition("\t")[0] for line in result.stdout.splitlines()
    ]


def test_many_lines_are_labelled_as_one_by_one(run: Run, tmp_path: Path) -> None:
    """Enough lines for the compiled kernels, which must agree with NumPy line by line."""
    one = run("tag", LEAVE).stdout
    (tmp_path / "in.txt").write_text(f"{LEAVE}\narrive Osaka\n" * 500, "utf-8")
    lines = run("tag", "--input", tmp_path / "in.txt").stdout.splitlines(keepends=True)
    assert [one] * 500 == lines[::2]


def test_the_model_of_this_folder_goes_before_the_bundled_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "default.npz").write_bytes(b"damaged")
    assert 4 == run("tag", LEAVE).exit_code
    assert 0 == run("tag", LEAVE, env={"RNNCLI_MODEL": str(bundled("models/default.npz"))}).exit_code


def test_evaluate_prints_its_contract(run: Run) -> None:
    shown = json.loads(run("evaluate", "--json", "--confusion").stdout)
    assert (600, 7387, "IOB2") == (shown["sentences"], shown["tokens"], shown["scheme"])
    assert shown["f1"] > 0.9
    wrong = sum(row["tokens"] for row in shown["confusion"])
    assert math.isclose(shown["accuracy"], 1 - wrong / shown["tokens"])
    types = shown["per_type"].values()
    correct, gold, predicted = (sum(kind[key] for kind in types) for key in ("correct", "gold", "predicted"))
    assert math.isclose(shown["f1"], 2 * correct / (gold + predicted))


def test_evaluate_shows_types_unknown_words_and_confusions(run: Run) -> None:
    shown = run("evaluate", "--confusion").stdout
    for word in ("departure_time", "unknown words", "Tags taken for others", "all"):
        assert word in shown


def test_inspect_memory_shows_the_models_own_pair(run: Run) -> None:
    shown = json.loads(run("inspect-memory", "--json").stdout)
    assert ["arrive Taipei on November 2nd", LEAVE] == [each["text"] for each in shown["texts"]]
    names = ["layer 1 forward", "layer 1 backward"]
    assert names == [memory["name"] for memory in shown["texts"][0]["memories"]]
    a, b = (each["memories"][0]["values"] for each in shown["texts"])
    by_hand = [math.dist(x, y) for x, y in zip(a, b, strict=True)]
    assert shown["distances"][0]["values"] == pytest.approx(by_hand, rel=1e-5)
    # Read backward, both texts are the same until their first word.
    assert [0, 0, 0, 0] == shown["distances"][1]["values"][1:]
    assert shown["distances"][1]["values"][0] > 1


@pytest.mark.parametrize("texts", [[], ["leave Taipei"], ["leave Taipei", "please leave Taipei on Monday"]])
def test_inspect_memory_fits_80_columns(run: Run, texts: list[str]) -> None:
    shown = run("inspect-memory", *texts, env={"COLUMNS": "80"}).stdout
    assert "Memory: layer 1 forward" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "Taipei" in shown


def test_three_texts_are_too_many(run: Run) -> None:
    assert 2 == run("inspect-memory", "a", "b", "c").exit_code
