"""``rnncli check``: the report, its JSON, its exit code; and what train, evaluate and tag refuse unless --force."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rnncli import api
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.modelfile import load

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "1", "--threads", "1")
CLEAN, DATA, USAGE, FILE = 0, 3, 2, 5

TRAIN = """leave\tO
Taipei\tB-departure

leave\tO
Taipei\tB-destination

from\tO
New\tB-departure
York\tI-departure
now\tO

to\tO
New\tB-destination
York\tI-destination
on\tO
May\tB-day
"""
DEV = """leave\tO
Oslo\tB-departure

go\tO
tomorrow\tB-when
"""


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "train.tsv"
    path.write_text(TRAIN)
    return path


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    path = tmp_path / "dev.tsv"
    path.write_text(DEV)
    return path


def report(result: "Result", code: int = CLEAN) -> dict[str, Any]:
    assert code == result.exit_code, result.stderr
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def test_the_json_of_clean_files(run: Run, train: Path, dev: Path) -> None:
    """The whole contract; what it says of the time depends on the machine."""
    document = report(run("check", train, dev, "--json", "--threads", "1"))
    seconds = document["training"].pop("seconds")
    assert seconds > 0
    training = TrainingSpec().resolved(NetworkSpec().resolved(False, False, True), 4)
    assert {
        "version": 1,
        "clean": True,
        "fault_count": 0,
        "files": [
            {
                "file": str(train),
                "format": "tsv",
                "recognised": f"{train}: tsv; token in column 1, tag in column 2",
                "sentences": 4,
                "tokens": 13,
                "words": 9,
                "lengths": {"min": 2, "median": 2, "p95": 5, "max": 5},
                "tags": {
                    "O": 6,
                    "B-departure": 2,
                    "B-destination": 2,
                    "I-departure": 1,
                    "I-destination": 1,
                    "B-day": 1,
                },
                "spans": {"departure": 2, "destination": 2, "day": 1},
                "rare_tags": {
                    "B-day": 1,
                    "I-departure": 1,
                    "I-destination": 1,
                    "B-departure": 2,
                    "B-destination": 2,
                },
                "repeated_sentences": 1,
                "compared_with_first": None,
                "fault_count": 0,
                "faults": [],
                "warnings": [],
            },
            {
                "file": str(dev),
                "format": "tsv",
                "recognised": f"{dev}: tsv; token in column 1, tag in column 2",
                "sentences": 2,
                "tokens": 4,
                "words": 4,
                "lengths": {"min": 2, "median": 2, "p95": 2, "max": 2},
                "tags": {"O": 2, "B-departure": 1, "B-when": 1},
                "spans": {"departure": 1, "when": 1},
                "rare_tags": {"B-departure": 1, "B-when": 1, "O": 2},
                "repeated_sentences": 0,
                "compared_with_first": {
                    "unknown_tokens": 3,
                    "unknown_words": 3,
                    "unseen_tags": {"B-when": 1},
                    "shared_sentences": 0,
                },
                "fault_count": 0,
                "faults": [],
                "warnings": [],
            },
        ],
        "labelled_differently": [
            {
                "tokens": ["leave", "Taipei"],
                "labellings": [
                    {"tags": ["O", "B-departure"], "times": 1, "file": str(train), "line": 1},
                    {"tags": ["O", "B-destination"], "times": 1, "file": str(train), "line": 4},
                ],
            }
        ],
        "equal_contexts": [],
        "training": {
            "scheme": "IOB2",
            "tokenizer": "words",
            "reproduced": 1.0,
            "digits": "zero",
            "sentences": 4,
            "tokens": 13,
            "epochs": training.most_epochs(13),
            "batch": training.batch,
            "threads": 1,
        },
    } == document


def test_a_token_with_several_tags_in_equal_context_is_named_with_both_lines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("we\tO\nsee\tO\nOslo\tB-city\n.\tO\n\nok\tO\n\nyes\tO\nwe\tO\nsee\tO\nOslo\tO\n.\tO\n")
    (context,) = report(run("check", path, "--json"))["equal_contexts"]
    assert {
        "before": ["we", "see"],
        "token": "Oslo",
        "after": ["."],
        "tags": [
            {"tag": "B-city", "times": 1, "file": str(path), "line": 3},
            {"tag": "O", "times": 1, "file": str(path), "line": 11},
        ],
    } == context
    shown = run("check", path).stdout
    assert "we see [Oslo] ." in shown
    assert f"B-city 1 ×, first in {path}:3" in " ".join(shown.split())


FAULTY: dict[str, tuple[bytes, list[tuple[str, int | None]]]] = {
    "lines that cannot be read": (
        TRAIN.replace("on\tO\n", "on\n").replace("May\t", "\t").encode(),
        [("format", 15), ("format", 16)],
    ),
    "a tag that cannot stand there": (TRAIN.replace("B-day", "I-day").encode(), [("order", 16)]),
    "a tag that the scheme does not have": (TRAIN.replace("now\tO", "now\t0").encode(), [("tags", 10)]),
    "a tag that cannot begin a sentence": (TRAIN.replace("from\tO", "from\tI-x").encode(), [("order", 7)]),
    "two headers": (
        b"token\ttag\n" + TRAIN.encode() + b"\nword\ttag\nthanks\tO\n",
        [("tags", 1), ("data", 1), ("tags", 19)],
    ),
    "tokens that count": (
        "".join(f"{i}\t{word}\tO\n" for i, word in enumerate("abcdef", 1)).encode(),
        [("data", 1)],
    ),
    "not UTF-8": (TRAIN.encode() + b"\ncaf\xe9\tO\n", [("format", 18)]),
    "a text": (b"leave Taipei now\n\nthank you\n", [("format", None)]),
    "nothing": (b"", [("format", None)]),
    "damaged": (gzip.compress(TRAIN.encode())[:-12], [("format", None)]),
}


@pytest.mark.parametrize(("content", "faults"), FAULTY.values(), ids=FAULTY)
def test_faults_are_named_with_their_lines_and_the_other_file_is_read(
    run: Run, dev: Path, tmp_path: Path, content: bytes, faults: list[tuple[str, int | None]]
) -> None:
    path = tmp_path / "faulty.tsv"
    path.write_bytes(content)
    document = report(run("check", dev, path, "--json"), DATA)
    assert not document["clean"]
    first, second = document["files"]
    assert (2, 0) == (first["sentences"], first["fault_count"])
    assert faults == [(fault["kind"], fault["line"]) for fault in second["faults"]]
    assert all(fault["message"] for fault in second["faults"])
    # The same for people.
    result = run("check", dev, path)
    assert DATA == result.exit_code
    assert f"Faults of {path}: {len(faults)}" in result.stdout
    for _, line in faults:
        assert f"\n{path}{f':{line}' if line else ''}:" in result.stdout


@pytest.mark.parametrize("content", [content for content, _ in FAULTY.values()], ids=FAULTY)
def test_a_faulty_first_file_does_not_hide_the_others(run: Run, dev: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "faulty.tsv"
    path.write_bytes(content)
    first, second = report(run("check", path, dev, "--json"), DATA)["files"]
    assert first["fault_count"]
    assert 2 == second["sentences"]
    assert 4 == second["tokens"]


def test_what_could_be_read_is_counted_beside_the_faults(run: Run, train: Path) -> None:
    train.write_text(TRAIN.replace("York\tI-departure\n", "York\n"))
    (file,) = report(run("check", train, "--json"), DATA)["files"]
    assert (4, 12, 1) == (file["sentences"], file["tokens"], file["fault_count"])


def test_only_the_first_faults_are_shown_but_all_are_counted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("a\tO\n\n" * 60 + "b\n" * 50 + "\nc\tB-x\n")
    shown = run("check", path).stdout
    assert 20 == shown.count(f"\n{path}:")
    assert "… and 30 more; --all shows them" in shown
    assert 50 == run("check", path, "--all").stdout.count(f"\n{path}:")
    (file,) = report(run("check", path, "--json"), DATA)["files"]
    assert (50, 50) == (file["fault_count"], len(file["faults"]))


def test_the_training_data_among_the_other_files_are_a_fault(run: Run, train: Path, dev: Path) -> None:
    document = report(run("check", train, dev, train, "--json"), DATA)
    assert [0, 0, 1] == [file["fault_count"] for file in document["files"]]
    assert "this file is also the training data" == document["files"][2]["faults"][0]["message"]


def test_the_report_fits_80_columns_without_colour(run: Run, train: Path, dev: Path) -> None:
    shown = run("check", train.name, dev.name).stdout
    assert "\x1b" not in shown
    assert [] == [line for line in shown.splitlines() if len(line) > 80]
    for words in (
        "4; 1 occurred before in the file",
        "13 of 9 words",
        "2 to 5 tokens a sentence; median 2; 95 % have at most 5",
        "3 tokens, 75.0 %, of 3 words",
        "1: B-when 1",
        "train.tsv:1 and train.tsv:4",
        "Taipei: B-departure and B-destination",
        "rnncli train train.tsv --dev dev.tsv would choose",
    ):
        assert words in shown


def test_many_files_fit_80_columns_too(run: Run, train: Path, tmp_path: Path) -> None:
    names = [f"part {i} of a file with a long name.tsv" for i in range(12)]
    for i, name in enumerate(names):
        (tmp_path / name).write_text(TRAIN.replace("Taipei", f"Taipei{i}"))
    result = run("check", train.name, *names)
    assert CLEAN == result.exit_code
    # A command is not broken, since it may be copied.
    assert [] == [line for line in result.stdout.splitlines() if len(line) > 80 and not line.startswith("rnncli ")]
    assert f"rnncli train train.tsv --dev '{names[0]}' would choose" in result.stdout


@pytest.mark.parametrize("with_dev", [False, True])
def test_training_chooses_what_check_says(
    run: Run, booking_tsv: Path, dev: Path, tmp_path: Path, with_dev: bool
) -> None:
    out = tmp_path / "model.npz"
    options = ("--dev", dev) if with_dev else ()
    said = report(run("check", booking_tsv, *([dev] if with_dev else []), "--json"))["training"]
    small = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--patience", "1", "--threads", "1")
    assert CLEAN == run("train", booking_tsv, *options, "--out", out, *small).exit_code
    model = load(out)
    made = (model.training_spec.batch, model.scheme.text, model.tokenizer)
    assert made == (said["batch"], said["scheme"], said["tokenizer"])
    assert model.provenance["epochs"] <= said["epochs"]
    assert model.provenance["sentences"] == said["sentences"]
    assert model.network_spec.digits == said["digits"]


def test_the_sentences_for_development_do_not_choose_the_tokenizer(run: Run, tmp_path: Path) -> None:
    """Of ten sentences one is kept for development; where it is the odd one, the others decide alone."""
    path = tmp_path / "train.tsv"
    usual, unusual = "I\tO\nsee\tO\nOslo\tB-x\n", "I\tO\ndo\tO\nn't\tO\nsee\tO\nOslo\tB-x\n"
    chosen = []
    for odd in range(10):
        path.write_text("\n".join(unusual if number == odd else usual for number in range(10)))
        said = report(run("check", path, "--json"))["training"]
        options = {"epochs": 1, "hidden": 4, "embedding": 4, "ngram": 4, "force": True}
        trained = api.train(path, out=tmp_path / "model.npz", **options)
        chosen.append((trained.model.tokenizer, trained.model.provenance["tokens"], trained.model.reproduced))
        assert chosen[-1] == (said["tokenizer"], said["tokens"], said["reproduced"])
    assert [("words", 27, 1.0)] == [choice for choice in chosen if choice[0] == "words"]


def test_control_characters_of_a_file_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("a\x1b[31m\tB-\x1b[31m\nb\tO\n\na\x1b[31m\tO\nb\tO\n\nc\tO\tX\x1b[0m\n")
    result = run("check", path)
    assert DATA == result.exit_code
    assert "\x1b" not in result.stdout + result.stderr


def test_files_are_read_as_the_options_say(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_bytes("1 café O NN\n2 Oslo B-city NN\n\n1 now O RB\n".encode("cp1252"))
    options = ("--format", "conll", "--columns", "token=2,tag=3", "--encoding", "cp1252", "--json")
    document = report(run("check", path, *options))
    assert {"O": 2, "B-city": 1} == document["files"][0]["tags"]
    assert report(run("check", "-", *options, stdin=path.read_bytes()))["files"][0]["file"] == "stdin"


def test_a_missing_file_is_an_error_of_the_system(run: Run, train: Path) -> None:
    result = run("check", train, "missing.tsv")
    assert (FILE, "") == (result.exit_code, result.stdout)
    assert "missing.tsv: no such file" in result.stderr


def test_columns_in_other_numbers_are_a_warning(run: Run, train: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.tsv"
    other.write_text("leave\tVB\tO\nOslo\tNN\tB-departure\n")
    document = report(run("check", train, other, "--json"))
    assert document["files"][1]["warnings"] == [f"{train} has no columns beside token and tag, this file has 1"]


# What the other commands refuse, and do with --force.


def refused(result: "Result", message: str, code: int = DATA) -> None:
    assert (code, "") == (result.exit_code, result.stdout)
    assert message in result.stderr


def test_train_refuses_what_cannot_be_right(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "swapped.tsv", tmp_path / "model.npz"
    rows = [line.split("\t")[::-1] for line in booking_tsv.read_text("utf-8").splitlines()]
    path.write_text("\n".join("\t".join(row) for row in rows), "utf-8")
    refused(run("train", path, "--out", out, *QUICK), "the token column holds the tags")
    refused(run("train", booking_tsv, "--dev", path, "--out", out, *QUICK), "the token column holds the tags")
    refused(run("evaluate", path), "the token column holds the tags")
    assert not out.exists()
    forced = run("train", path, "--out", out, "--force", *QUICK)
    assert CLEAN == forced.exit_code
    assert "warning: " in forced.stderr
    assert out.exists()


def test_train_refuses_the_training_data_as_development_data(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    copy = tmp_path / "copy.tsv"
    copy.write_bytes(booking_tsv.read_bytes())
    for name in (booking_tsv, copy):
        refused(run("train", booking_tsv, "--dev", name, "--out", out, *QUICK), "training data")
    assert CLEAN == run("train", booking_tsv, "--dev", copy, "--force", "--out", out, *QUICK).exit_code
    # A file of one sentence is both, because it cannot be divided.
    (tmp_path / "one.tsv").write_text("leave\tO\nOslo\tB-city\n")
    assert CLEAN == run("train", tmp_path / "one.tsv", "--out", out, *QUICK).exit_code


def test_train_refuses_development_data_with_other_tags(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    dev = tmp_path / "dev.tsv"
    dev.write_text("the\tDET\ncat\tNOUN\nsleeps\tVERB\nwell\tADV\n")
    result = run("train", booking_tsv, "--dev", dev, "--out", tmp_path / "model.npz", *QUICK)
    refused(result, "none of the tags is in the training data: here DET, NOUN, VERB, ADV; there B-departure")


@pytest.mark.parametrize("option", ["--out", "--log-gradients"])
def test_train_does_not_write_over_what_it_reads(run: Run, booking_tsv: Path, option: str) -> None:
    before = booking_tsv.read_bytes()
    files = ("--out", "model.npz", option, booking_tsv) if option != "--out" else (option, booking_tsv)
    refused(
        run("train", booking_tsv, *files, "--force", *QUICK),
        f"{option} {booking_tsv} would replace a file that is read",
        USAGE,
    )
    assert before == booking_tsv.read_bytes()


def test_evaluate_refuses_a_file_with_other_tags(run: Run, trained: "Trained", tmp_path: Path) -> None:
    path = tmp_path / "test.tsv"
    path.write_text("the\tDET\ncat\tNOUN\nsleeps\tVERB\nwell\tADV\n")
    refused(
        run("evaluate", path, "--model", trained.path),
        "none of the tags is in the model: here DET, NOUN, VERB, ADV",
    )
    assert CLEAN == run("evaluate", path, "--model", trained.path, "--force").exit_code


def test_evaluate_says_that_a_file_is_the_training_data(run: Run, trained: "Trained", booking_tsv: Path) -> None:
    result = run("evaluate", booking_tsv, "--model", trained.path)
    assert CLEAN == result.exit_code
    assert "warning: the model was trained on these sentences" in result.stderr


def test_evaluate_says_that_a_refit_was_trained_on_the_development_data(
    run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    train, dev = tmp_path / "train.tsv", tmp_path / "dev.tsv"
    sentences = booking_tsv.read_text("utf-8").split("\n\n")
    train.write_text("\n\n".join(sentences[:20]) + "\n")
    dev.write_text("\n\n".join(sentences[20:]))
    for refit in ("yes", "no"):
        options = ("--refit", refit, "--out", "m.npz", "--hidden", "4", "--epochs", "1", "--force")
        assert CLEAN == run("train", train, "--dev", dev, *options).exit_code
        result = run("evaluate", dev, "--model", "m.npz")
        assert ("warning: the model was trained on these sentences" in result.stderr) == (refit == "yes")


@pytest.fixture
def of_columns(run: Run, booking_tsv: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A model that reads a column, and the file that it was trained on."""
    path, out = tmp_path / "columns.tsv", tmp_path / "columns.npz"
    rows = [line.split("\t") for line in booking_tsv.read_text("utf-8").splitlines()]
    path.write_text("".join(f"{r[0]}\tK{len(r[0]) % 4}\t{r[1]}\n" if len(r) > 1 else "\n" for r in rows))
    assert CLEAN == run("train", path, "--out", out, *QUICK).exit_code
    return out, path


def test_the_gold_tags_are_not_the_column_that_a_model_reads(
    run: Run, of_columns: tuple[Path, Path], booking_tsv: Path, tmp_path: Path
) -> None:
    model, path = of_columns
    result = run("tag", "--input", booking_tsv, "--model", model)
    refused(result, "the model reads a column beside each token; column 2 here holds tags")
    assert CLEAN == run("tag", "--input", booking_tsv, "--model", model, "--force").exit_code
    assert CLEAN == run("tag", "--input", path, "--model", model).exit_code
    reordered = tmp_path / "reordered.tsv"
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    reordered.write_text("".join(f"{r[0]}\t{r[2]}\t{r[1]}\n" if len(r) > 1 else "\n" for r in rows))
    refused(run("evaluate", reordered, "--model", model), "none of the tags is in the model")


@pytest.mark.parametrize("text", ["requests.txt", "./requests.txt", "-"])
def test_the_name_of_a_file_is_no_text(run: Run, trained: "Trained", tmp_path: Path, text: str) -> None:
    (tmp_path / "requests.txt").write_text("leave Taipei\n")
    refused(run("tag", text, "--model", trained.path), f"--input {text} reads it", USAGE)
    assert CLEAN == run("tag", text, "--force", "--model", trained.path).exit_code


@pytest.mark.parametrize("text", ["other.txt", "leave requests.txt", "x" * 5_000, ".", "requests"])
def test_a_text_that_names_no_file_is_labelled(run: Run, trained: "Trained", tmp_path: Path, text: str) -> None:
    (tmp_path / "requests.txt").write_text("leave Taipei\n")
    assert CLEAN == run("tag", text, "--model", trained.path).exit_code


LABELLED = {
    "TSV as text": ("leave\tO\nTaipei\tB-departure\n\nthanks\tO\n", ("--format", "text"), "--format tsv"),
    "CoNLL as text": ("leave O\nTaipei B-departure\n\nthanks O\n", ("--format", "text"), "--format conll"),
    "parts of speech": (
        "The DT\ncat NN\nsleeps VB\n\nA DT\ndog NN\nbarks VB\n\nLook VB\nMara NN\n",
        (),
        "--format conll",
    ),
}


@pytest.mark.parametrize(("content", "options", "cure"), LABELLED.values(), ids=LABELLED)
def test_a_labelled_file_is_no_text(
    run: Run, trained: "Trained", tmp_path: Path, content: str, options: tuple[str, ...], cure: str
) -> None:
    path = tmp_path / "file.txt"
    path.write_text(content)
    result = run("tag", "--input", path, "--model", trained.path, *options)
    refused(result, "these lines are not texts but tokens with their tags")
    assert cure in result.stderr
    assert CLEAN == run("tag", "--input", path, "--model", trained.path, *options, "--force").exit_code


def test_a_text_has_no_labels(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "requests.txt"
    path.write_text("leave Taipei on Monday\nthank you\n")
    result = run("train", path, "--out", tmp_path / "model.npz", *QUICK)
    refused(result, f"{path}: a text without labels\n  every line needs a token and its tag")


def test_an_empty_name_is_no_file(run: Run, booking_tsv: Path) -> None:
    for arguments in (
        ("train", ""),
        ("train", booking_tsv, "--dev", ""),
        ("evaluate", ""),
        ("check", ""),
        ("tag", "--input", ""),
        ("tag", "leave", "--model", ""),
        ("train", booking_tsv, "--out", ""),
    ):
        result = run(*arguments)
        assert result.exit_code in (USAGE, FILE), arguments
        assert re.search("name of (a|the) file|is a directory", result.stderr), arguments


def test_what_is_kept_for_development_is_said(run: Run, train: Path, tmp_path: Path) -> None:
    (tmp_path / "one.tsv").write_text("leave\tO\nTaipei\tB-city\n")
    assert "data         3 sentences with 9 tokens; the others are kept for" in run("check", train).stdout
    words = "data         1 sentences with 2 tokens, which are the development data too"
    assert words in run("check", tmp_path / "one.tsv").stdout


def test_tags_without_letters_are_noted_as_in_training(run: Run, tmp_path: Path) -> None:
    (tmp_path / "stanford.tsv").write_text("I\tO\nsaw\tO\nAda\tPER\nObi\tPER\nthere\tO\n")
    document = report(run("check", tmp_path / "stanford.tsv", "--json"), CLEAN)
    (note,) = document["files"][0]["warnings"]
    assert "--scheme io" in note
    trained = run(
        "train", tmp_path / "stanford.tsv", "--out", tmp_path / "model.npz", "--epochs", "1", "--hidden", "4"
    )
    assert f"warning: {note}" in trained.stderr


def test_stdin_is_a_dash_in_the_command_and_is_read_once(run: Run, booking_tsv: Path) -> None:
    data = booking_tsv.read_bytes()
    assert "rnncli train - would choose" in run("check", "-", stdin=data).stdout
    assert f"rnncli train - --dev {booking_tsv} would choose" in run("check", "-", booking_tsv, stdin=data).stdout
    twice = run("check", "-", "-", stdin=data)
    assert (2, "") == (twice.exit_code, twice.stdout)
    assert "stdin is given twice" in twice.stderr
