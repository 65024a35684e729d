"""``rnncli verify``: what holds of a model file, and what fails with exit code 4."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rnncli import modelfile
from rnncli.diagnosis import agreement
from rnncli.diagnosis.agreement import Agreement
from rnncli.diagnosis.verification import verify

if TYPE_CHECKING:
    from promises import Cases
    from typer.testing import Result

    from rnncli.api import Trained
    from rnncli.model import Model

Run = Callable[..., "Result"]
HOLDS, USAGE, DATA, MODEL, FILE = 0, 2, 3, 4, 5
QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "2", "--threads", "1")


def states(run: Run, code: int, *arguments: object) -> dict[str, tuple[str, str]]:
    """State and text of every check."""
    result = run("verify", *arguments, "--json")
    assert code == result.exit_code, result.stderr
    document = json.loads(result.stdout)
    assert (1, code == HOLDS) == (document["version"], document["holds"])
    return {check["name"]: (check["state"], check["text"]) for check in document["checks"]}


def test_everything_holds_of_a_trained_model_and_its_development_data(
    run: Run, trained: "Trained", booking_tsv: Path
) -> None:
    result = run("verify", trained.path, "--data", booking_tsv, "--sha256", trained.sha256.upper(), "--json")
    assert HOLDS == result.exit_code, result.stderr
    document = json.loads(result.stdout)
    checks = document.pop("checks")
    assert {
        "version": 1,
        "holds": True,
        "sha256": trained.sha256,
        "format": modelfile.format_of(trained.model),
        "rnncli": "0.1.0",
        "data_sha256": trained.model.provenance["data_sha256"],
    } == document
    assert [(name, "ok") for name in ("file", "sha256", "round trip", "labels", "score")] == [
        (check["name"], check["state"]) for check in checks
    ]
    weights = sum(array.size for array in trained.model.parameters.values())
    size = trained.path.stat().st_size
    assert {"bytes": size, "weights": weights} == checks[0]["values"]
    assert (15, 120, 0) == tuple(checks[3]["values"][key] for key in ("sentences", "tokens", "differing"))
    f1 = trained.dev.f1
    assert {"metric": "f1", "stored": f1, "reached": f1, "sentences": 30} == checks[4]["values"]
    assert f"stored: dev F1 {100 * f1:.2f}, reached {100 * f1:.2f} on this file" == checks[4]["text"]


def test_what_cannot_be_checked_is_said_and_fails_if_it_was_asked_for(
    run: Run, tiny: "Model", booking_tsv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.npz"
    modelfile.save(tiny, path)
    found = states(run, HOLDS, path)
    assert ("not checked", "there is none to compare with") == found["sha256"]
    assert ("not checked", f"stored: dev F1 {100 * tiny.provenance['dev']['f1']:.2f}") == found["score"]
    del tiny.provenance["dev"]
    modelfile.save(tiny, path)
    assert ("not checked", "the file holds no score") == states(run, HOLDS, path)["score"]
    assert ("failed", "the file holds no score") == states(run, MODEL, path, "--data", booking_tsv)["score"]


def test_another_hash_than_the_expected_one_fails(run: Run, trained: "Trained") -> None:
    found = states(run, MODEL, trained.path, "--sha256", "0" * 64)
    assert ("failed", f"is not the expected {'0' * 64}") == found["sha256"]
    assert {"failed"} == {state for name, (state, _) in found.items() if name == "sha256"}
    for wrong in ("0" * 63, "g" * 64, "abc"):
        result = run("verify", trained.path, "--sha256", wrong)
        assert (USAGE, "") == (result.exit_code, result.stdout)
        assert result.stderr.startswith("error: --sha256: expected 64 hexadecimal digits\n")


def test_a_lower_score_fails(run: Run, trained: "Trained", booking_text: str, tmp_path: Path) -> None:
    data = tmp_path / "dev.tsv"
    data.write_text(booking_text.replace("B-departure\n", "B-destination\n", 3), "utf-8")
    state, text = states(run, MODEL, trained.path, "--data", data)["score"]
    assert "failed" == state
    assert text.startswith(f"stored: dev F1 {100 * trained.dev.f1:.2f}, reached ")
    assert ", reached 9" in text or ", reached 8" in text
    result = run("evaluate", data, "--model", trained.path, "--json")
    assert f"F1 {100 * trained.dev.f1:.2f}, reached {100 * json.loads(result.stdout)['f1']:.2f}; " in text


def test_data_of_another_size_fail(run: Run, trained: "Trained", booking_text: str, tmp_path: Path) -> None:
    data = tmp_path / "dev.tsv"
    data.write_text("".join(f"{rows}\n\n" for rows in booking_text.split("\n\n")[:20]), "utf-8")
    state, text = states(run, MODEL, trained.path, "--data", data)["score"]
    tokens = sum(bool(line) for line in data.read_text("utf-8").split("\n"))
    of = f"of 30 sentences, 140 tokens; this file has 20 sentences, {tokens} tokens"
    assert ("failed", f"stored: dev F1 {100 * trained.dev.f1:.2f}, {of}") == (state, text)


def test_a_score_on_a_share_of_the_training_file_is_checked_with_that_file(
    run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    assert 0 == run("train", booking_tsv, "--out", "model.npz", "--dev-share", "0.2", *QUICK).exit_code
    model = modelfile.load(tmp_path / "model.npz")
    state, text = states(run, HOLDS, "model.npz", "--data", booking_tsv)["score"]
    assert ("ok", True) == (state, text.endswith(" on its share of this file, which it was trained on at last"))
    assert 6 == model.provenance["dev"]["sentences"]
    # A student has another seed than the one that chose the share, as the run that --seeds kept may have.
    assert 0 == run("train", booking_tsv, "--out", "student.npz", "--unlabelled", booking_tsv, *QUICK).exit_code
    assert 2 == modelfile.load(tmp_path / "student.npz").training_spec.seed
    assert "ok" == states(run, HOLDS, "student.npz", "--data", booking_tsv)["score"][0]
    # Older files do not say by which seed.
    model.training_spec = dataclasses.replace(model.training_spec, seed=7)
    del model.provenance["dev_seed"]
    modelfile.save(model, tmp_path / "other.npz")
    state, text = states(run, MODEL, "other.npz", "--data", booking_tsv)["score"]
    assert "failed" == state
    assert text.startswith("this is the training data, and which 6 sentences, ")


def test_plain_tags_are_compared_by_accuracy(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "pos.tsv"
    data.write_text("leave\tVB\nOslo\tNN\n\narrive\tVB\nRome\tNN\nnow\tRB\n")
    assert 0 == run("train", data, "--dev", data, "--force", "--out", "model.npz", *QUICK).exit_code
    state, text = states(run, HOLDS, "model.npz", "--data", data, "--force")["score"]
    dev = modelfile.load(tmp_path / "model.npz").provenance["dev"]
    shown = f"{100 * dev['accuracy']:.2f}"
    assert ("ok", f"stored: dev accuracy {shown}, reached {shown} on this file") == (state, text)


@pytest.mark.promise("damaged")
def test_every_changed_byte_and_every_cut_is_seen(
    trained: "Trained", tmp_path: Path, cases: "Cases", long: bool
) -> None:
    content = trained.path.read_bytes()
    path = tmp_path / "model.npz"
    rng = np.random.default_rng(5)
    for place in cases.counted(rng.integers(len(content), size=3_000 if long else 60).tolist()):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        result = verify(path)
        assert not result.holds, place
        assert hashlib.sha256(flipped).hexdigest() == result.sha256
    for changed in cases.counted(
        (content + b"\0", content[:-1], content[: len(content) // 2], b"\0" + content, b"")
    ):
        path.write_bytes(changed)
        assert not verify(path).holds


def test_a_damaged_file_is_reported_with_what_was_not_checked(run: Run, trained: "Trained", tmp_path: Path) -> None:
    content = bytearray(trained.path.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.npz").write_bytes(content)
    found = states(run, MODEL, "model.npz", "--data", "missing.tsv")
    assert "failed" == found["file"][0]
    assert {("not checked", "the file could not be opened")} == {
        found[name] for name in ("round trip", "labels", "score")
    }
    shown = run("verify", "model.npz", env={"COLUMNS": "80"})
    assert MODEL == shown.exit_code
    assert "model.npz: a check failed\n  failed       file         " in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.promise("finite")
def test_weights_too_large_to_compute_with_fail(run: Run, tiny: "Model", tmp_path: Path) -> None:
    tiny.parameters["output/V"][...] = 3e38
    modelfile.save(tiny, tmp_path / "model.npz")
    found = states(run, MODEL, "model.npz")
    assert "failed" == found["labels"][0]
    assert ("ok", "ok") == (found["file"][0], found["round trip"][0])


def test_missing_files_are_errors_of_input(run: Run, trained: "Trained") -> None:
    for arguments in (("missing.npz",), (trained.path, "--data", "missing.tsv")):
        result = run("verify", *arguments)
        assert (FILE, "") == (result.exit_code, result.stdout)


@pytest.mark.parametrize("command", ["info", "verify"])
def test_what_is_no_file_is_refused_at_once(run: Run, tmp_path: Path, command: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/zero", "/dev/null", "."):
        result = run(command, name)
        assert (FILE, "") == (result.exit_code, result.stdout), name


def test_a_model_of_another_format_says_what_made_it(run: Run, forge: Callable[..., Path]) -> None:
    for number, words in ((1, "an older rnncli (format 1)"), (99, "a newer rnncli (format 99)")):
        path = forge(lambda header, members, number=number: header.update(format=number))
        assert ("failed", f"made by {words}") == states(run, MODEL, path)["file"]


def test_faulty_data_are_refused(run: Run, trained: "Trained", tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("leave\tO\nTaipei\n")
    result = run("verify", trained.path, "--data", "dev.tsv")
    assert (DATA, "") == (result.exit_code, result.stdout)


def test_without_a_temporary_folder_the_round_trip_is_not_checked(
    run: Run, trained: "Trained", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/none")
    state, text = states(run, HOLDS, trained.path)["round trip"]
    assert ("not checked", "no temporary file can be written: No such file or directory") == (state, text)


def test_a_model_that_reads_columns_is_checked_with_values_that_it_knows(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("leave\tVB\tO\nOslo\tNN\tB-city\n\nto\tTO\tO\nRome\tNN\tB-city\n")
    assert 0 == run("train", data, "--out", "model.npz", "--column", "2", *QUICK).exit_code
    assert "ok" == states(run, HOLDS, "model.npz")["labels"][0]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"tags": (0, 1)}, "failed"),
        ({"probabilities": (0, 0.4)}, "failed"),
        ({"probabilities": (0, float("nan"))}, "failed"),
        ({"probabilities": (0, 0.9004)}, "ok"),  # the last digits of float32
        ({"tags": (1, 1)}, "ok"),  # two tags of probability 0.5
        ({"tags": (2, 0)}, "failed"),  # the same probability, but it is too high for two tags
    ],
)
def test_both_ways_of_labelling_are_compared_by_value(changes: dict[str, Any], state: str) -> None:
    plain = agreement.Prediction(np.array([0, 0, 1], np.int32), np.array([0.9, 0.5, 0.7], np.float32))
    compiled = agreement.Prediction(plain.tags.copy(), plain.probabilities.copy())
    for name, (place, value) in changes.items():
        getattr(compiled, name)[place] = value
    assert state == agreement.judged(agreement.compared(1, plain, compiled)).state


def test_a_difference_says_what_to_do() -> None:
    check = agreement.judged(Agreement(15, 120, 3, 0.25))
    assert "NumPy and the kernels label 3 of 120 tokens differently" == check.text
    assert "see rnncli doctor" in check.hint
