"""Options, places and streams that are wrong, and how the program ends: one clear message, the exit code."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from refusals import DIVERGED, FILE, INTERRUPTED, QUICK, USAGE, Program, Run, refused

from rnncli.modelfile import load
from rnncli.resources import bundled

if TYPE_CHECKING:
    from rnncli.api import Trained


@pytest.mark.parametrize("option", ["--vectors", "--class-weight"])
def test_a_missing_file_that_an_option_names_is_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, option: str
) -> None:
    missing, out = tmp_path / "none" / "missing", tmp_path / "model.npz"
    result = run("train", booking_tsv, option, missing, "--out", out, *QUICK)
    refused(result, FILE, f'{missing}: no such file\n  looked in "{missing.parent}"')
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--cell", "lstm", "--arch", "jordan"),
            "--cell lstm needs a network that keeps only its hidden layer; --arch jordan does not\n"
            "  use --arch elman or bidirectional, or --cell simple",
        ),
        (
            ("--omega", "1"),
            "--omega needs simple units that are kept; --arch bidirectional --cell lstm has none\n"
            "  use --cell simple and --arch elman, hybrid or bidirectional",
        ),
        (
            ("--features", "embeding"),
            '--features: "embeding" is not one of its values\n  did you mean "embedding"?',
        ),
        (("--features", "ngram+ngram"), '--features: "ngram+ngram" names one thing twice'),
        (("--features", "columns"), "--features columns: the training data has no column between token and tag"),
        (("--features", "vectors"), "--features vectors needs a file of word vectors\n  give it: --vectors FILE"),
        (
            ("--features", "onehot", "--vectors", "words.vec"),
            "--features onehot does not use --vectors\n  give --features onehot+vectors",
        ),
    ],
)
def test_options_that_do_not_fit_each_other_or_the_data_are_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    vectors = tmp_path / "words.vec"
    vectors.write_text("leave 1 2\n")
    refused(run("train", booking_tsv, "--out", tmp_path / "model.npz", *QUICK, *options), USAGE, message)
    assert [vectors] == list(tmp_path.iterdir())


def test_a_text_and_a_file_exclude_each_other(run: Run) -> None:
    result = run("tag", "leave", "--input", "-")
    refused(result, USAGE, 'give a text or --input FILE\n  rnncli tag "leave Taipei on November 2nd"')


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals")
def test_at_a_terminal_a_text_is_asked_for(program: Program) -> None:
    controller, terminal = os.openpty()
    result = program("tag", stdin=terminal)
    os.close(controller)
    os.close(terminal)
    message = 'error: give a text or --input FILE\n  rnncli tag "leave Taipei on November 2nd"\n'
    assert (USAGE, "", message) == (result.returncode, result.stdout, result.stderr)


def test_stdin_serves_once(run: Run, tmp_path: Path) -> None:
    result = run("train", "-", "--dev", "-", "--out", tmp_path / "model.npz", stdin=b"a\tO\n")
    refused(result, USAGE, "stdin cannot be both the training and the development data")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("train", "--arch", "elmann"), '--arch: "elmann" is not one of its values\n  did you mean "elman"?'),
        (("train", "--arch", "lstm"), '--arch: "lstm" is not one of its values\n  did you mean --cell lstm?'),
        (("train", "--hidden", "many"), '--hidden: "many" is not a whole number'),
        (("train", "--hidden", "0"), "--hidden: 0 is out of range\n  give a number from 1 to 65536"),
        (("train", "--dropout", "0.96"), "--dropout: 0.96 is out of range\n  give a number from -1 to 0.95"),
        (("train", "--dropout", "nan"), "--dropout: nan is out of range\n  give a number from -1 to 0.95"),
        (("train", "--clip", "much"), '--clip: "much" is not a number'),
        (("train", "--threads", "-1"), "--threads: -1 is out of range\n  give a number of at least 0"),
        (("train", "--cell", "lstn"), '--cell: "lstn" is not one of its values\n  did you mean "lstm"?'),
        (("train", "--decoder", "crff"), '--decoder: "crff" is not one of its values\n  did you mean "crf"?'),
        (("train", "--feedback", "x"), '--feedback: "x" is not one of its values\n  known: predicted, gold, mixed'),
        (("tag", "leave", "--nbest", "1001"), "--nbest: 1001 is out of range\n  give a number from 0 to 1000"),
        (
            ("tag", "text", "--to", "xml"),
            '--to: "xml" is not one of its values\n  known: line, tsv, jsonl, conll, conllu, csv, html',
        ),
        (("tag", "text", "--to", "json"), '--to: "json" is not one of its values\n  did you mean --to jsonl?'),
        (("train", "--hiden", "8"), "no such option: --hiden\n  did you mean --hidden?"),
        (("train", "--lr", "0.1"), "no such option: --lr\n  did you mean --learning-rate?"),
        (("train", "--column", "token=1"), '--column: "token=1" is not a whole number\n  did you mean --columns?'),
        (
            ("convert", "a", "--out", "b"),
            "no such option: --out\n  files are named without an option: rnncli convert IN OUT",
        ),
        (
            ("check", "--input", "a"),
            "no such option: --input\n  files are named without an option: rnncli check train.tsv dev.tsv",
        ),
        (("validate", "a"), 'no such command: "validate"\n  did you mean rnncli check?'),
        (("train", "--batch_size", "8"), "no such option: --batch_size\n  did you mean --batch?"),
        (("train", "--hidden-size=8"), "no such option: --hidden-size\n  did you mean --hidden?"),
        (("train", "--confusion"), "no such option: --confusion\n  --confusion is an option of rnncli evaluate"),
        (("train", "--zzz"), "no such option: --zzz\n  rnncli train --help shows the options"),
        (("train", "--input", "embedding"), "no such option: --input\n  it is now --features"),
        (("train", "--output", "crf"), "no such option: --output\n  it is now --decoder"),
        (("train", "--decoding", "free"), "no such option: --decoding\n  it is now --transitions"),
        (("tag", "leave", "--output", "tsv"), "no such option: --output\n  it is now --to"),
        (("tag", "--input-format", "tsv"), "no such option: --input-format\n  it is now --format"),
        (("memory-task", "copy", "--output", "x"), "no such option: --output\n  it is now --out"),
        (("train", "--seed"), "--seed needs a value\n  rnncli train --help shows the options"),
        (("train", "--json=3"), "--json takes no value\n  rnncli train --help shows the options"),
        (("memory-task",), "TASK is missing\n  it is copy, order or adding-sign"),
        (("train", "a.tsv", "b.tsv"), "one argument too many: b.tsv\n  development data are given by --dev FILE"),
        (
            ("tag", "leave", "it"),
            'one argument too many: it\n  put the text in quotes: rnncli tag "leave Taipei on November 2nd"',
        ),
        (("evaluat",), 'no such command: "evaluat"\n  did you mean rnncli evaluate?'),
        (("predict", "leave"), 'no such command: "predict"\n  did you mean rnncli tag?'),
        (("leave it",), "no such command: \"leave it\"\n  did you mean rnncli tag 'leave it'?"),
        (("--modle",), "no such option: --modle\n  rnncli --help shows the commands"),
    ],
)
def test_a_wrong_option_is_refused_with_the_right_one(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    refused(run(*arguments), USAGE, expected)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("train", ""), "TRAIN.tsv"),
        (("train", "--dev", ""), "--dev"),
        (("train", "--vectors="), "--vectors"),
        (("train", "--out", ""), "--out"),
        (("train", "--config", ""), "--config"),
        (("train", "--log-gradients", ""), "--log-gradients"),
        (("tag", "--input", ""), "--input"),
        (("tag", "-i", ""), "--input"),
        (("tag", "leave", "--out", ""), "--out"),
        (("tag", "leave", "-m", ""), "--model"),
        (("evaluate", ""), "TEST.tsv"),
        (("inspect-memory", "--corpus", ""), "--corpus"),
        (("inspect-memory", "--html", ""), "--html"),
        (("inspect-memory", "--compare", ""), "--compare"),
        (("inspect-gradients", "--log", ""), "--log"),
        (("memory-task", "copy", "--out", ""), "--out"),
    ],
    ids=" ".join,
)
def test_an_empty_name_of_a_file_is_refused(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], name: str
) -> None:
    refused(run(*arguments), USAGE, f"{name}: the name is empty\n  give the name of a file")
    assert [] == list(tmp_path.iterdir())


def test_an_empty_text_is_a_text(run: Run) -> None:
    assert (0, "\n") == (lambda result: (result.exit_code, result.stdout))(run("tag", ""))


@pytest.mark.parametrize(
    ("arguments", "name", "new"),
    [
        (("train",), "RNNCLI_TRAIN_INPUT", "RNNCLI_FEATURES"),
        (("train",), "RNNCLI_TRAIN_OUTPUT", "RNNCLI_DECODER"),
        (("train",), "RNNCLI_DECODING", "RNNCLI_TRANSITIONS"),
        (("tag", "leave"), "RNNCLI_TAG_INPUT", "RNNCLI_INPUT"),
        (("tag", "leave"), "RNNCLI_TAG_OUTPUT", "RNNCLI_TO"),
        (("tag", "leave"), "RNNCLI_INPUT_FORMAT", "RNNCLI_FORMAT"),
        (("memory-task", "copy"), "RNNCLI_MEMORY_TASK_OUTPUT", "--out"),
    ],
)
def test_an_old_variable_is_refused_with_the_new_one(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], name: str, new: str
) -> None:
    refused(run(*arguments, env={name: "x"}), USAGE, f"{name} has a new name\n  it is now {new}")
    assert [] == list(tmp_path.iterdir())
    other = run("memory-task" if arguments[0] != "memory-task" else "tag", "copy", "--quiet", env={name: "x"})
    assert (0, "") == (other.exit_code, other.stderr)  # it was never read there


def test_a_variable_that_sets_no_option_is_named(run: Run) -> None:
    result = run("tag", "hello", env={"RNNCLI_MODLE": "x", "RNNCLI_MODEL": str(bundled("models/default.npz"))})
    assert (0, "hello\n") == (result.exit_code, result.stdout)
    assert "note: RNNCLI_MODLE sets no option; did you mean RNNCLI_MODEL?\n" == result.stderr
    assert "" == run("tag", "hello", "--quiet", env={"RNNCLI_MODLE": "x"}).stderr
    of_tests = {"RNNCLI_TEST_DATA": "x", "RNNCLI_MODEL": str(bundled("models/default.npz"))}
    assert "" == run("tag", "hello", env=of_tests).stderr


# Places that cannot be written. The tests may run as root, who may write everywhere but below a file.


@pytest.mark.parametrize("name", ["file.txt/model.npz", "file.txt/folder/model.npz"])
def test_a_place_that_cannot_be_written_is_refused_before_the_training(
    run: Run, booking_tsv: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file.txt").write_text("kept")
    result = run("train", booking_tsv, "--out", tmp_path / name, *QUICK)
    assert (FILE, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(f"error: {tmp_path / name}: cannot write here: ")
    assert "epoch" not in result.stderr
    assert ["kept"] == [path.read_text() for path in tmp_path.iterdir()]


def test_a_directory_is_no_place_for_a_model(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = run("train", booking_tsv, "--out", tmp_path, *QUICK)
    message = f"{tmp_path}: is a directory, not a file name\n  name a file: --out model.npz"
    refused(result, FILE, message)
    assert [] == list(tmp_path.iterdir())


def test_quiet_leaves_only_errors(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = run("train", booking_tsv, "--out", tmp_path / "model.npz", "--quiet", *QUICK)
    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)
    missing = tmp_path / "missing.tsv"
    refused(run("train", missing, "--quiet"), FILE, f'{missing}: no such file\n  looked in "{tmp_path}"')


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_training_that_diverges_saves_no_model(
    program: Program, booking_tsv: Path, tmp_path: Path, optimiser: str
) -> None:
    result = program(
        *("train", booking_tsv, "--out", "model.npz", "--arch", "elman", "--activation", "relu"),
        *("--learning-rate", "1e30", "--clip", "0", "--optimiser", optimiser, "--epochs", "3", "--hidden", "4"),
    )
    assert (DIVERGED, "") == (result.returncode, result.stdout)
    assert "no longer" in result.stderr
    assert result.stderr.endswith("\n  lower --learning-rate\n")
    assert "Traceback" not in result.stderr
    assert [] == list(tmp_path.iterdir())


def test_the_first_interrupt_keeps_the_best_epoch(booking_tsv: Path, tmp_path: Path) -> None:
    arguments = ["train", str(booking_tsv), "--out", "model.npz", "--json", *QUICK, "--dropout", "0"]
    endless = ["--epochs", "1000000"]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *arguments, *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith("epoch"):
                break
        child.send_signal(signal.SIGINT)
        output, rest = child.communicate(timeout=60)
    assert INTERRUPTED == child.returncode
    assert "Traceback" not in rest
    result = json.loads(output)
    assert result["interrupted"]
    assert result["best_epoch"] == load(tmp_path / "model.npz").provenance["best_epoch"]


def test_an_interrupt_before_the_first_epoch_is_over_leaves_no_file(booking_tsv: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "train.tsv"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", "train", str(pipe), "--out", "model.npz", *QUICK],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as child:
        # Opening waits until the program reads, and so listens to the interrupt. It may end before all is written.
        with suppress(BrokenPipeError), pipe.open("wb") as file:
            child.send_signal(signal.SIGINT)
            file.write(booking_tsv.read_bytes())
        output, notes = child.communicate(timeout=60)
    assert (INTERRUPTED, "", "interrupted") == (child.returncode, output, notes.splitlines()[-1])
    assert "Traceback" not in notes
    assert [pipe] == list(tmp_path.iterdir())


@pytest.fixture
def many_lines(tmp_path: Path) -> Path:
    """More text than any pipe holds."""
    path = tmp_path / "many.txt"
    path.write_text("leave Taipei on May 2nd\n" * 5_000)
    return path


def test_a_reader_that_has_seen_enough_is_no_error(trained: "Trained", many_lines: Path) -> None:
    arguments = ["tag", "--input", str(many_lines), "--model", str(trained.path), "--to", "jsonl"]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        first = json.loads(child.stdout.readline())
        child.stdout.close()
        recognised = f"{many_lines}: text; a text on each line\n"
        assert (0, recognised) == (child.wait(timeout=60), child.stderr.read())
    assert "leave" == first["tokens"][0]["text"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("command", ["a text", "many lines", "evaluate"])
def test_a_full_disk_under_the_output_is_an_output_error(
    program: Program, trained: "Trained", booking_tsv: Path, many_lines: Path, command: str
) -> None:
    arguments = {
        "a text": ("tag", "leave"),
        "many lines": ("tag", "--input", many_lines, "--quiet"),
        "evaluate": ("evaluate", booking_tsv, "--json", "--quiet"),
    }
    with Path("/dev/full").open("w") as full:
        result = program(*arguments[command], "--model", trained.path, stdout=full)
    message = "error: stdout: No space left on device\n  what was written is not whole\n"
    assert (FILE, message) == (result.returncode, result.stderr)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ('check "$1" >&-', 5),
        ("--version >&-", 5),
        ('check "$1" 2>&-', 0),
        ("tag <&-", 0),
        ('convert "$1" "$2" <&- >&- 2>&-', 0),
    ],
)
def test_closed_streams(booking_tsv: Path, tmp_path: Path, arguments: str, code: int) -> None:
    out = tmp_path / "out.jsonl"
    result = subprocess.run(
        ["sh", "-c", f'"$0" -m rnncli {arguments}', sys.executable, booking_tsv, out],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert code == result.returncode
    assert "Traceback" not in result.stderr
    assert "Exception" not in result.stderr
    assert out.exists() == ("convert" in arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("tag", "--input", "in.tsv", "--to", "tsv", "--out", "./in.tsv"),
        ("convert", "in.tsv", "./in.tsv"),
        ("train", "in.tsv", "--out", "in.tsv"),
        ("inspect-memory", "leave Taipei", "--corpus", "in.tsv", "--html", "in.tsv"),
        ("inspect-memory", "leave Taipei", "--corpus", "in.tsv", "--svg", "./in.tsv"),
        ("inspect-gradients", "--corpus", "in.tsv", "--svg", "in.tsv"),
    ],
)
def test_a_file_that_is_read_is_not_written(
    run: Run, booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    data = booking_tsv.read_bytes()
    (tmp_path / "in.tsv").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code in (2, 5)
    assert "in.tsv" in result.stderr
    assert data == (tmp_path / "in.tsv").read_bytes()


@pytest.mark.parametrize("arguments", [("--a\nerror: b",), ("a\nerror: b",), ("train", "--arch", "a\nerror: b")])
def test_a_line_end_does_not_forge_a_second_error(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert 2 == result.exit_code
    assert 1 == len(re.findall("^error: ", result.stderr, re.MULTILINE))
    assert r"a\nerror: b" in result.stderr
