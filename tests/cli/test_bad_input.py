"""What can be wrong with files that are read: one clear message on stderr, the exit code, nothing written."""

import io
import json
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from refusals import DATA, FILE, MODEL, QUICK, USAGE, Forge, Program, Run, refused, said

from rnncli.modelfile import load, save

if TYPE_CHECKING:
    from rnncli.api import Trained


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
    message = f'{missing}: no such model\n  "rnncli train" makes one; default and zh come with rnncli'
    refused(run(*command, "--model", missing), FILE, message)
    # What the environment names is not passed over in silence either.
    refused(run(*command, env={"RNNCLI_MODEL": str(missing)}), FILE, message)
    refused(run(*command, "--model", tmp_path), FILE, f"{tmp_path}: is a directory, not a model")


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
