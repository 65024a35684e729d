"""What a user can get wrong: one clear message on stderr, the documented exit code, nothing written."""

import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rnncli.modelfile import load, save
from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
Program = Callable[..., "subprocess.CompletedProcess[str]"]
Forge = Callable[..., Path]

QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--threads", "1")
USAGE, DATA, MODEL, FILE, DIVERGED, INTERRUPTED = 2, 3, 4, 5, 6, 130


# What a command says of a file that it reads: its format and columns.
RECOGNISED = re.compile(r"^.*: [a-z]+(?:, [A-Z0-9-]+)?; (?:a text|token) .*\n", re.MULTILINE)


def said(result: "Result") -> str:
    """What a command said on stderr, without what it recognised."""
    return RECOGNISED.sub("", result.stderr)


def refused(result: "Result", code: int, message: str, stdout: str = "") -> None:
    """Check that a command said one thing on stderr, and nothing else but what it had labelled before."""
    assert (code, stdout) == (result.exit_code, result.stdout)
    assert f"error: {message}\n" == said(result)


FILES = {
    "empty": (b"", ": no token in this file\n  expected lines of token<TAB>tag"),
    "blank lines": (b"\n \n\n", ": no token in this file\n  expected lines of token<TAB>tag"),
    "one column": (
        b"leave\tO\nTaipei\n",
        ':2:7: expected token<TAB>tag, found one column: "Taipei"\n  separate token and tag by one TAB character',
    ),
    "empty token": (
        b"leave\tO\n\tB-city\n",
        ':2:1: empty token: "⇥B-city"\n  every column needs at least one character',
    ),
    "empty tag": (
        b"leave\tO\nTaipei\t\n",
        ':2:8: empty tag: "Taipei⇥"\n  every column needs at least one character',
    ),
    "another number of columns": (
        b"leave\tO\nTaipei\tNNP\tB-city\n",
        ':2:1: expected 2 columns as in the other lines, found 3: "Taipei⇥NNP⇥B-city"\n'
        "  every line needs the same number of columns",
    ),
    "not UTF-8": (
        "é\tO\nn".encode() + b"\xe9e\tO\n",
        ':2:2: byte 0xe9 is not UTF-8: "n\ufffde⇥O"\n  other characters are UTF-8: mend this line',
    ),
}


@pytest.mark.parametrize("command", ["train", "train --dev", "evaluate"])
@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_faulty_file_is_refused(
    run: Run, trained: "Trained", booking_tsv: Path, tmp_path: Path, command: str, content: bytes, message: str
) -> None:
    bad, out = tmp_path / "bad.tsv", tmp_path / "out"
    bad.write_bytes(content)
    out.mkdir()
    arguments = {
        "train": ("train", bad, "--out", out / "model.npz", *QUICK),
        "train --dev": ("train", booking_tsv, "--dev", bad, "--out", out / "model.npz", *QUICK),
        "evaluate": ("evaluate", bad, "--model", trained.path),
    }
    refused(run(*arguments[command]), DATA, f"{bad}{message}")
    assert [] == list(out.iterdir())


@pytest.mark.parametrize("command", ["train", "evaluate", "tag"])
def test_a_missing_file_is_refused(run: Run, trained: "Trained", tmp_path: Path, command: str) -> None:
    missing = tmp_path / "none" / "missing.tsv"
    arguments = {
        "train": ("train", missing, "--out", tmp_path / "model.npz"),
        "evaluate": ("evaluate", missing, "--model", trained.path),
        "tag": ("tag", "--input", missing, "--model", trained.path),
    }
    refused(run(*arguments[command]), FILE, f'{missing}: no such file\n  looked in "{missing.parent}"')
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["train", "evaluate", "tag"])
def test_a_directory_instead_of_a_file_is_refused(
    run: Run, trained: "Trained", tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    arguments = {
        "train": ("train", folder, "--out", tmp_path / "model.npz"),
        "evaluate": ("evaluate", folder, "--model", trained.path),
        "tag": ("tag", "--input", folder, "--model", trained.path),
    }
    message = f"{folder}: is a directory, not a file\n  name a file inside it"
    refused(run(*arguments[command]), FILE, message)
    assert [folder] == list(tmp_path.iterdir())


def test_a_file_of_the_wrong_width_for_development_is_refused(run: Run, tmp_path: Path) -> None:
    train, dev, out = tmp_path / "train.tsv", tmp_path / "dev.tsv", tmp_path / "model.npz"
    train.write_text("leave\tVB\tO\nTaipei\tNN\tB-city\n\nhello\tUH\tO\n")
    dev.write_text("leave\tO\nOslo\tB-city\n")
    result = run("train", train, "--dev", dev, "--out", out, *QUICK)
    message = f"{dev}: {train} has a column beside token and tag, this file has none"
    refused(result, DATA, f"{message}\n  choose the same: --columns token=1,tag=-1")
    assert not out.exists()
    result = run("train", train, "--dev", dev, "--out", out, "--columns", "token=1,tag=-1", *QUICK)
    assert 0 == result.exit_code


def test_columns_that_nobody_reads_may_differ(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    of_columns, out = tmp_path / "columns.tsv", tmp_path / "model.npz"
    of_columns.write_text("leave\tVB\tO\nOslo\tNN\tB-departure\n")
    assert 0 == run("train", booking_tsv, "--dev", of_columns, "--out", out, *QUICK).exit_code
    ignored = ("--features", "embedding", "--out", out)
    assert 0 == run("train", of_columns, "--dev", booking_tsv, *ignored, *QUICK).exit_code
    assert 0 == run("evaluate", of_columns, "--model", out).exit_code


def test_text_that_is_not_utf8_is_refused(run: Run, trained: "Trained") -> None:
    result = run("tag", "--input", "-", "--model", trained.path, stdin=b"leave Taipei\ncaf\xc3\xa9 caf\xe9\n")
    message = 'stdin:2:9: byte 0xe9 is not UTF-8: "café caf\ufffd"'
    refused(
        result,
        DATA,
        f"{message}\n  other characters are UTF-8: mend this line",
        "leave [Taipei: departure]\n",
    )


def test_a_faulty_token_file_to_label_is_refused(run: Run, trained: "Trained", tmp_path: Path) -> None:
    bad = tmp_path / "bad.tsv"
    bad.write_bytes(b"leave\tVB\n\tNN\n\nTaipei\tNN\n")
    result = run("tag", "--input", bad, "--format", "tsv", "--model", trained.path)
    refused(result, DATA, f'{bad}:2:1: empty token: "⇥NN"\n  every column needs at least one character')


COLUMNS = "leave\tVB\tO\nTaipei\tNN\tB-x\n\narrive\tVB\tO\nOsaka\tNN\tB-x\n"


@pytest.fixture
def of_columns(run: Run, tmp_path: Path) -> Path:
    """A model that reads a column between token and tag."""
    (tmp_path / "columns.tsv").write_text(COLUMNS)
    result = run("train", tmp_path / "columns.tsv", "--out", tmp_path / "columns.npz", "--quiet", *QUICK)
    assert (0, "") == (result.exit_code, said(result))
    return tmp_path / "columns.npz"


def test_a_model_of_columns_takes_no_raw_text(run: Run, of_columns: Path) -> None:
    message = "this model reads a column beside each token\n"
    hint = "  give a file with it: --input FILE"
    refused(run("tag", "leave Taipei", "--model", of_columns), USAGE, message + hint)
    refused(run("tag", "--input", "-", "--model", of_columns, stdin=b"leave\n"), USAGE, message + hint)


def test_a_file_without_the_columns_that_a_model_reads_is_refused(
    run: Run, of_columns: Path, booking_tsv: Path
) -> None:
    fewer = "the model reads a column beside each token; this file has none\n"
    fewer += "  give a file with the columns that the model was trained on"
    refused(run("evaluate", booking_tsv, "--model", of_columns), DATA, f"{booking_tsv}: {fewer}")
    message = "this model reads a column beside each token, and there are fewer\n"
    message += "  a model trained with --features embedding+ngram needs none"
    refused(run("inspect-memory", "leave Taipei", "--model", of_columns), DATA, message)
    arguments = ("tag", "--input", "-", "--format", "tsv", "--model", of_columns)
    refused(run(*arguments, stdin=b"leave\nTaipei\n"), DATA, f"stdin: {fewer}")
    assert 0 == run(*arguments, stdin=b"leave\tVB\nTaipei\tNN\n").exit_code


WEIGHTS = {
    "no number": ("O\theavy\n", ':1:3: not a weight: "heavy"\n  give a number above 0; 1 changes nothing'),
    "nought": ("O\t0\n", ':1:3: not a weight: "0"\n  give a number above 0; 1 changes nothing'),
    "another tag": (
        "O\t1\nB-departur\t2\n",
        ':2:1: training never shows this tag: "B-departur"\n  did you mean "B-departure"?',
    ),
    "one column": (
        "O 1\n",
        ':1:4: expected tag<TAB>weight, found one column: "O 1"\n  separate tag and weight by one TAB character',
    ),
    "empty": ("", ": no weight in this file\n  expected lines of tag<TAB>weight"),
}


@pytest.mark.parametrize(("content", "message"), WEIGHTS.values(), ids=WEIGHTS)
def test_a_faulty_file_of_weights_is_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, content: str, message: str
) -> None:
    bad, out = tmp_path / "weights.tsv", tmp_path / "model.npz"
    bad.write_text(content)
    result = run("train", booking_tsv, "--class-weight", bad, "--out", out, *QUICK)
    refused(result, DATA, f"{bad}{message}")
    assert [bad] == list(tmp_path.iterdir())


VECTORS = {
    "another length": (
        b"leave 1 2\nTaipei 1\n",
        ':2:1: expected 2 numbers after the word, found 1: "Taipei 1"\n'
        "  every word needs as many numbers as the first, or the header says",
    ),
    "something else": (
        b"leave\tO\n",
        ':1:8: expected a number at the end: "leave\u21e5O"\n'
        "  expected lines of a word and its numbers, one blank before each number",
    ),
    "cut off": (
        b"3 2\nleave 1 2\n",
        ":1:1: the header says that there are 3 rows, found 1\n  the file is cut off or damaged; fetch it again",
    ),
    "packed": (b"\x1f\x8b\x08", ": the compressed file is damaged or cut off\n  copy or fetch it again"),
    "empty": (
        b"",
        ": no word vector in this file\n  expected lines of a word and its numbers, one blank before each number",
    ),
}


@pytest.mark.parametrize(("content", "message"), VECTORS.values(), ids=VECTORS)
def test_a_faulty_file_of_vectors_is_refused(
    run: Run, booking_tsv: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    bad = tmp_path / "words.vec"
    bad.write_bytes(content)
    result = run("train", booking_tsv, "--vectors", bad, "--out", tmp_path / "model.npz", *QUICK)
    refused(result, DATA, f"{bad}{message}")
    assert [bad] == list(tmp_path.iterdir())


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
        (("train", "--dropout", "0.96"), "--dropout: 0.96 is out of range\n  give a number from 0 to 0.95"),
        (("train", "--dropout", "nan"), "--dropout: nan is out of range\n  give a number from 0 to 0.95"),
        (("train", "--clip", "much"), '--clip: "much" is not a number'),
        (("train", "--threads", "-1"), "--threads: -1 is out of range\n  give a number of at least 0"),
        (("train", "--cell", "lstn"), '--cell: "lstn" is not one of its values\n  did you mean "lstm"?'),
        (("train", "--decoder", "crff"), '--decoder: "crff" is not one of its values\n  did you mean "crf"?'),
        (("train", "--feedback", "x"), '--feedback: "x" is not one of its values\n  known: predicted, gold, mixed'),
        (("tag", "leave", "--nbest", "1001"), "--nbest: 1001 is out of range\n  give a number from 0 to 1000"),
        (
            ("tag", "text", "--to", "xml"),
            '--to: "xml" is not one of its values\n  known: line, tsv, jsonl, conll, conllu, csv',
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


# Models.


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def npy(array: np.ndarray[Any, Any], allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle)
    return stream.getvalue()


def bad_model(kind: str, trained: "Trained", forge: Forge, mark: Path) -> Path:
    def change(header: dict[str, Any], members: dict[str, bytes]) -> None:
        name = "parameters/output/V.npy"
        weights = np.load(io.BytesIO(members[name]))
        if kind == "NaN":
            weights[0, 0] = np.nan
            members[name] = npy(weights)
        elif kind == "pickle":
            members[name] = pickle.dumps(Evil(mark)) + b"\0" * 1_000
        elif kind == "object":
            members[name] = npy(np.array([Evil(mark)], object), allow_pickle=True) + b"\0" * 1_000

    path = forge(change)
    if kind == "truncated":
        os.truncate(path, path.stat().st_size // 2)
    elif kind == "empty":
        os.truncate(path, 0)
    elif kind == "text":
        path.write_text("leave\tO\n")
    return path


SIZE = "parameters/output/V does not have the size that the header gives it: (9, 16)\n  train or copy it again"
MODELS = {
    "NaN": "parameters/output/V holds a number that is not finite (NaN or infinity)\n  train or copy it again",
    "pickle": SIZE,
    "object": SIZE,
    "truncated": "members claim more bytes than the file has\n  train or copy it again",
    "empty": 'damaged or not a model\n  models are made by "rnncli train"',
    "text": 'damaged or not a model\n  models are made by "rnncli train"',
}
COMMANDS = [("tag", "leave Taipei"), ("evaluate",), ("inspect-memory", "leave Taipei"), ("inspect-gradients",)]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("kind", "message"), MODELS.items())
def test_a_bad_model_is_refused_and_not_executed(
    run: Run, trained: "Trained", forge: Forge, tmp_path: Path, command: tuple[str, ...], kind: str, message: str
) -> None:
    mark = tmp_path / "executed"
    path = bad_model(kind, trained, forge, mark)
    refused(run(*command, "--model", path), MODEL, f"{path}: {message}")
    assert not mark.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_model_is_refused(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    missing = tmp_path / "missing.npz"
    message = f'{missing}: no such model\n  "rnncli train" makes one'
    refused(run(*command, "--model", missing), FILE, message)
    # What the environment names is not passed over in silence either.
    refused(run(*command, env={"RNNCLI_MODEL": str(missing)}), FILE, message)
    refused(run(*command, "--model", tmp_path), FILE, f"{tmp_path}: is a directory, not a model")


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


# What looks odd and is allowed.


def test_a_tag_that_training_never_showed_is_a_warning(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    dev, out = tmp_path / "dev.tsv", tmp_path / "model.npz"
    dev.write_text("leave\tO\nTaipei\tB-unheard\n")
    result = run("train", booking_tsv, "--dev", dev, "--out", out, "--json", *QUICK)
    assert 0 == result.exit_code
    warning = "warning: tags in dev that training never shows, so none can be right: B-unheard"
    assert warning in result.stderr.splitlines()
    assert 0.0 == json.loads(result.stdout)["dev"]["f1"]
    assert load(out).provenance["dev"] == json.loads(result.stdout)["dev"]

    evaluated = run("evaluate", dev, "--model", out, "--json")
    warning = "warning: tags that the model does not know, so none can be right: B-unheard\n"
    warning += "warning: 1 sentence is too few for intervals that can be relied on\n"
    assert (0, warning) == (evaluated.exit_code, said(evaluated))
    assert 1 == json.loads(evaluated.stdout)["per_type"]["unheard"]["gold"]


def test_a_sentence_of_ten_thousand_tokens_is_learned_and_labelled(run: Run, tmp_path: Path) -> None:
    path, out, words = tmp_path / "long.tsv", tmp_path / "model.npz", ["leave", "Taipei"] * 5_000
    path.write_text("".join(f"{word}\t{tag}\n" for word, tag in zip(words, ["O", "B-x"] * 5_000, strict=True)))
    assert 0 == run("train", path, "--force", "--out", out, *QUICK).exit_code
    labelled = run("tag", "--input", path, "--to", "tsv", "--model", out)
    rows = [line.split("\t") for line in labelled.stdout.splitlines()[:-1]]
    assert words == [word for word, _ in rows]
    assert {tag for _, tag in rows} <= {"O", "B-x"}
    one_line = run("tag", "--input", "-", "--json", "--model", out, stdin=" ".join(words).encode())
    assert words == [token["text"] for token in json.loads(one_line.stdout)["tokens"]]


def test_there_is_a_result_for_every_line_also_without_tokens(run: Run, trained: "Trained") -> None:
    arguments = ("tag", "--input", "-", "--to", "jsonl", "--model", trained.path)
    result = run(*arguments, stdin=b"leave Taipei\n\n   \r\n.")
    counts = [len(json.loads(line)["tokens"]) for line in result.stdout.splitlines()]
    assert (0, "", [2, 0, 0, 1]) == (result.exit_code, said(result), counts)
    assert (0, "", "") == tuple(getattr(run(*arguments, stdin=b""), n) for n in ("exit_code", "stdout", "stderr"))


def test_quiet_leaves_only_errors(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    result = run("train", booking_tsv, "--out", tmp_path / "model.npz", "--quiet", *QUICK)
    assert (0, "", "") == (result.exit_code, result.stdout, result.stderr)
    missing = tmp_path / "missing.tsv"
    refused(run("train", missing, "--quiet"), FILE, f'{missing}: no such file\n  looked in "{tmp_path}"')


# The real program.


def test_the_program_ends_with_the_exit_code_and_no_traceback(
    program: Program, trained: "Trained", forge: Forge, tmp_path: Path
) -> None:
    missing = program("train", "missing.tsv", "--out", "out.npz")
    assert (FILE, "") == (missing.returncode, missing.stdout)
    assert f'error: missing.tsv: no such file\n  looked in "{tmp_path}"\n' == missing.stderr
    mark = tmp_path / "executed"
    pickled = bad_model("pickle", trained, forge, mark)
    refusal = program("tag", "leave", "--model", pickled)
    assert (MODEL, "", f"error: {pickled}: {MODELS['pickle']}\n") == (
        refusal.returncode,
        refusal.stdout,
        refusal.stderr,
    )
    assert [pickled] == list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["tag", "inspect-memory"])
def test_a_text_that_no_encoding_explains_is_refused(program: Program, trained: "Trained", command: str) -> None:
    result = program(command, os.fsdecode(b"caf\xe9"), "--model", trained.path)
    message = "error: the text is not UTF-8\n  check the encoding of the terminal\n"
    assert (DATA, "", message) == (result.returncode, result.stdout, result.stderr)


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
        with pipe.open("wb") as file:  # which waits until the program reads, and so listens to the interrupt
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


@pytest.fixture
def huge(trained: "Trained", tmp_path: Path) -> Path:
    """A model whose weights are finite numbers, and cannot be computed with."""
    model = load(trained.path)
    model.parameters.flat[...] *= 1e30
    save(model, tmp_path / "huge.npz")
    return tmp_path / "huge.npz"


@pytest.mark.parametrize("way", ["NumPy", "kernels"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("tag", "leave Taipei"),
        ("tag", "leave Taipei", "--json"),
        ("tag", "leave Taipei", "--to", "tsv"),
        ("tag", "leave Taipei", "--to", "tsv", "--nbest", "2"),
        ("tag", "leave Taipei", "--json", "--nbest", "2"),
        ("tag", "--input", "texts.txt", "--json"),
        ("evaluate", "gold.tsv"),
        ("evaluate", "gold.tsv", "--json", "--confusion"),
        ("inspect-memory", "leave Taipei", "--json"),
        ("inspect-memory", "leave Taipei", "--html", "-"),
        ("inspect-memory", "--corpus", "gold.tsv", "--json"),
        ("inspect-gradients", "leave Taipei"),
        ("inspect-gradients", "--corpus", "gold.tsv", "--json"),
    ],
    ids=" ".join,
)
def test_a_model_that_cannot_be_computed_with_never_says_nan(
    run: Run, program: Program, tmp_path: Path, huge: Path, arguments: tuple[str, ...], way: str
) -> None:
    (tmp_path / "gold.tsv").write_text("leave\tO\nTaipei\tB-destination\n\n" * 3, "utf-8")
    (tmp_path / "texts.txt").write_text("leave Taipei\n" * 3, "utf-8")
    arguments = (*arguments, "--model", str(huge))
    # A process that has trained labels by the kernels, a fresh one by NumPy.
    result = run(*arguments) if way == "kernels" else program(*arguments)
    code = result.exit_code if way == "kernels" else result.returncode
    assert (MODEL, "") == (code, result.stdout), result.stderr
    message = "error: the weights of this model are too large to compute with"
    assert [message, "  train it again with a lower --learning-rate"] == result.stderr.splitlines()[-2:]


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
