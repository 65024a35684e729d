"""The commands do what their contracts say, on the bundled model and corpus."""

import dataclasses
import hashlib
import json
import math
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rnncli.modelfile import load
from rnncli.resources import bundled

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

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
    result = run(
        "train", booking_tsv, "--dev", booking_tsv, "--force", "--out", out, "--epochs", "1", "--hidden", "4"
    )
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
    arguments = ["train", booking_tsv, "--out", out, "--epochs", "100000", "--hidden", "4"]
    command = [sys.executable, "-m", "rnncli", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch   2/"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert 130 == process.returncode
    best_epoch = load(out).provenance["best_epoch"]
    assert best_epoch >= 1
    assert re.search(r"^interrupted after \d+ of 100000 epochs$", rest, re.MULTILINE)
    assert f"\nepoch {best_epoch} was saved: " in rest
    assert f"\nwrote   {out}\n" in rest
    assert "\nnext: rnncli tag" in rest


QUICK = ("--hidden", "4", "--embedding", "4", "--ngram", "4", "--epochs", "2", "--threads", "1")


@pytest.fixture
def noise_tsv(tmp_path: Path) -> Path:
    """Tags without a rule, so that scores rise and fall."""
    rng = np.random.default_rng(1)
    rows = [f"w{rng.integers(9)}\t{'OXY'[rng.integers(3)]}\n" + "\n" * (i % 4 == 3) for i in range(240)]
    path = tmp_path / "noise.tsv"
    path.write_text("".join(rows))
    return path


EPOCH = re.compile(r"^epoch +(\d+)/\d+  loss [\d.]+  dev accuracy ([\d.]+)  clipped \d+/\d+(.*)$", re.MULTILINE)


def test_new_highs_are_marked_and_the_saved_epoch_is_explained(run: Run, noise_tsv: Path) -> None:
    reasons = set()
    for seed in range(1, 5):
        arguments = ("--hidden", "8", "--epochs", "9", "--seed", seed, "--learning-rate", "0.05", "--json")
        result = run("train", noise_tsv, "--out", "m.npz", *arguments)
        lines = EPOCH.findall(result.stderr)
        assert 9 == len(lines)
        scores = [float(score) for _, score, _ in lines]
        for number, score, mark in lines:
            is_high = float(score) > max([-1.0, *scores[: int(number) - 1]])
            assert ("  new high" if is_high else "") == mark
        best_epoch = json.loads(result.stdout)["best_epoch"]
        reason = "it has the highest dev accuracy"
        if scores[best_epoch - 1] < max(scores):
            shown = f"({max(scores):.2f}, epoch {scores.index(max(scores)) + 1})"
            reason = f"the last one within a standard error of the highest dev accuracy {shown}"
        assert f"\nepoch {best_epoch} was saved: {reason}\n" in result.stderr
        reasons.add(reason.split()[0])
    assert {"it", "the"} == reasons


def test_the_end_is_shown_as_far_as_it_is_planned(run: Run, noise_tsv: Path) -> None:
    result = run("train", noise_tsv, "--out", "m.npz", "--patience", "2", "--hidden", "8", "--json")
    shown = json.loads(result.stdout)
    ends = re.findall(r"^epoch +\d+/(\S+)  loss", result.stderr, re.MULTILINE)
    assert {"~80", str(shown["epochs"])} == set(ends)
    assert len(ends) == shown["epochs"] == int(ends[-1])


def test_a_refit_is_said_to_have_no_score(run: Run, booking_tsv: Path) -> None:
    result = run("train", booking_tsv, "--out", "m.npz", "--json", *QUICK)
    shown = json.loads(result.stdout)
    assert (30, 1) == (shown["refit"]["sentences"], shown["refit"]["epochs"])
    assert 3 == shown["dev"]["sentences"]
    assert re.search(r"refit +1 epochs on 30 sentences; dev F1 is that before it", result.stderr)
    provenance = load("m.npz").provenance
    del shown["refit"]["seconds"]
    assert shown["refit"] == provenance["refit"]
    assert shown["dev"] == provenance["dev"]
    reached = shown["refit"]["reached"]
    assert {"sentences": 30, "epochs": 1, **reached} == json.loads(run("info", "m.npz", "--json").stdout)["refit"]
    assert "1 more epochs on 30 sentences, those for development too" in run("info", "m.npz").stdout
    assert "1 more epochs on 30 sentences, those for development too" in run("info", "m.npz", "--card").stdout
    verified = run("verify", "m.npz", "--data", booking_tsv, "--json")
    (score,) = [check for check in json.loads(verified.stdout)["checks"] if check["name"] == "score"]
    assert ("ok", reached["f1"]) == (score["state"], score["values"]["reached"])
    without = run("train", booking_tsv, "--out", "m.npz", "--json", "--refit", "no", *QUICK)
    assert json.loads(without.stdout)["refit"] is None
    assert shown["dev"] == json.loads(without.stdout)["dev"]
    assert "refit" not in load("m.npz").provenance
    given = run("train", booking_tsv, "--dev", booking_tsv, "--force", "--out", "m.npz", "--json", *QUICK)
    assert json.loads(given.stdout)["refit"] is None


def test_a_single_sentence_is_refitted_with_other_development_data(
    run: Run, booking_tsv: Path, tmp_path: Path
) -> None:
    one = tmp_path / "one.tsv"
    one.write_text(booking_tsv.read_text("utf-8").split("\n\n")[0] + "\n")
    options = ("--out", "m.npz", "--json", "--force", *QUICK)
    alone = json.loads(run("train", one, *options, "--refit", "yes").stdout)
    with_dev = json.loads(run("train", one, *options, "--refit", "yes", "--dev", booking_tsv).stdout)
    assert (None, 31) == (alone["refit"], with_dev["refit"]["sentences"])


def test_the_time_of_all_parts_is_the_whole(run: Run, booking_tsv: Path) -> None:
    time = json.loads(run("train", booking_tsv, "--out", "m.npz", "--json", *QUICK).stdout)["time"]
    total = time.pop("total")
    assert {"reading", "training", "scoring", "saving", "other"} <= time.keys()
    student = run("train", booking_tsv, "--out", "m.npz", "--json", "--unlabelled", booking_tsv, *QUICK)
    assert "labelling" in json.loads(student.stdout)["time"]
    assert total == pytest.approx(sum(time.values()), abs=0.01)
    assert min(time.values()) >= 0


def test_the_best_of_several_seeds_is_kept(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    arguments = ("train", booking_tsv, "--dev", booking_tsv, "--force", "--json", *QUICK)
    result = run(*arguments, "--out", tmp_path / "model.npz", "--seed", "5", "--seeds", "3")
    assert 0 == result.exit_code
    shown = json.loads(result.stdout)
    runs = shown["seeds"]["runs"]
    assert [5, 6, 7] == [each["seed"] for each in runs]
    scores = [each["f1"] for each in runs]
    assert len(set(scores)) > 1  # or any of them would be the best
    best = runs[scores.index(max(scores))]
    assert (best["seed"], best["best_epoch"], best["f1"]) == (
        shown["seed"],
        shown["best_epoch"],
        shown["dev"]["f1"],
    )
    assert statistics.mean(scores) == pytest.approx(shown["seeds"]["mean"])
    assert statistics.stdev(scores) == pytest.approx(shown["seeds"]["standard_deviation"])
    assert f"over 3; {best['seed']} is best" in result.stderr
    assert best["seed"] == load(tmp_path / "model.npz").training_spec.seed

    # It is the model that its seed alone would have made.
    alone = json.loads(run(*arguments, "--out", tmp_path / "alone.npz", "--seed", best["seed"]).stdout)
    assert shown["sha256"] == alone["sha256"]
    assert [best] == alone["seeds"]["runs"]
    assert (best["f1"], 0.0) == (alone["seeds"]["mean"], alone["seeds"]["standard_deviation"])


def test_vectors_of_words_in_the_data_become_part_of_the_model(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    vectors, out = tmp_path / "words.vec", tmp_path / "model.npz"
    vectors.write_text("4 3\ntaipei 1 2 3\nunheard 4 5 6\nleave -1 0.5 0\n13th 7 8 9\n", "utf-8")
    result = run("train", booking_tsv, "--vectors", vectors, "--out", out, *QUICK)
    assert 0 == result.exit_code
    assert "input   embedding, ngram, vectors; " in result.stderr
    assert "vectors 4 of 3 numbers; " in result.stderr
    model = load(out)
    names = model.inputs.lists()["vectors"]
    table = dict(zip(names, model.parameters["input/vectors"].tolist(), strict=True))
    assert {"taipei": [1, 2, 3], "leave": [-1, 0.5, 0], "00th": [7, 8, 9], "13th": [7, 8, 9]} == table
    assert 0 == run("tag", LEAVE, "--model", out).exit_code  # the file is no longer needed


@pytest.fixture
def columns_tsv(booking_tsv: Path, tmp_path: Path) -> Path:
    """The small corpus with two columns between token and tag."""
    path = tmp_path / "columns.tsv"
    rows = [line.split("\t") for line in booking_tsv.read_text("utf-8").splitlines()]
    path.write_text("".join(f"{r[0]}\t{r[0][0]}\t{len(r[0])}\t{r[1]}\n" if len(r) > 1 else "\n" for r in rows))
    return path


@pytest.mark.parametrize(
    ("options", "next_words"),
    [
        (("--columns", "token=1,tag=4,pos=2"), "--input {path} --columns token=1,tag=4,pos=2"),
        (("--columns", "token=1,tag=4", "--format", "tsv"), "'{text}'"),
    ],
)
def test_the_next_command_reads_what_the_training_read(
    run: Run, columns_tsv: Path, tmp_path: Path, options: tuple[str, ...], next_words: str
) -> None:
    text = "".join(f"w{i}\ta\tb\tX{i % 2}\n" + "\n" * (i % 3 == 2) for i in range(60))
    columns_tsv.write_text(text)  # no token has two tags, so there is no pair of examples
    out = tmp_path / "model.npz"
    result = run("train", columns_tsv, "--out", out, *options, *QUICK)
    expected = next_words.format(path=columns_tsv, text="w0 w1 w2")
    assert f"next: rnncli tag --model {out} {expected}" == result.stderr.splitlines()[-1]
    words = shlex.split(result.stderr.splitlines()[-1])[2:]
    assert 0 == run(*words).exit_code


def test_formats_without_columns_keep_none(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("leave Taipei\nreach Tokyo now\n")
    result = run("tag", "--input", path, "--to", "tsv", "--keep-columns")
    assert (2, "") == (result.exit_code, result.stdout)
    assert "text has no columns to keep" in result.stderr


def test_a_model_of_columns_is_trained_scored_and_used_on_files_that_have_them(
    run: Run, columns_tsv: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model.npz"
    result = run("train", columns_tsv, "--dev", columns_tsv, "--force", "--out", out, *QUICK, "--column", "3")
    assert 0 == result.exit_code
    assert "input   embedding, ngram, column1, column2; " in result.stderr
    assert f"next: rnncli tag --model {out} --input {columns_tsv}\n" in result.stderr
    assert [3, 3] == [table.width for table in load(out).inputs.tables[2:]]
    scores = json.loads(run("evaluate", columns_tsv, "--model", out, "--json").stdout)
    stored = json.loads(json.dumps(load(out).provenance["dev"]))
    assert stored == {name: scores[name] for name in stored}
    (tmp_path / "in.tsv").write_text("leave\tl\t5\nTaipei\tT\t6\n\nunheard\t?\t7\n")
    tagged = run("tag", "--input", tmp_path / "in.tsv", "--format", "tsv", "--to", "tsv", "--model", out)
    tokens = [line.partition("\t")[0] for line in tagged.stdout.splitlines()]
    assert (0, ["leave", "Taipei", "", "unheard", ""]) == (tagged.exit_code, tokens)
    # The columns may be left alone, and then nobody needs them.
    result = run("train", columns_tsv, "--out", out, "--features", "ngram", *QUICK)
    assert (0, 0) == (result.exit_code, run("tag", LEAVE, "--model", out).exit_code)
    assert 0 == load(out).inputs.columns


@pytest.mark.parametrize(
    "options",
    [
        ("--arch", "elman", "--cell", "gru", "--layers", "2", "--window", "0", "--decoder", "softmax"),
        ("--arch", "hybrid", "--feedback", "mixed", "--features", "onehot", "--transitions", "any"),
        ("--class-weight", "balanced", "--features", "embedding+ngram", "--transitions", "legal"),
    ],
)
def test_what_a_network_is_can_be_chosen(
    run: Run, booking_tsv: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out = tmp_path / "model.npz"
    result = run("train", booking_tsv, "--out", out, *QUICK, *options)
    assert 0 == result.exit_code, result.stderr
    model = load(out)
    saved = dataclasses.asdict(model.network_spec) | dataclasses.asdict(model.training_spec)
    for flag, value in zip(options[::2], options[1::2], strict=True):
        assert value == str(saved[flag.removeprefix("--").replace("-", "_")])
    assert 0 == run("tag", LEAVE, "--model", out).exit_code


def test_weights_of_tags_are_read_from_a_file(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    weights, kinds = tmp_path / "weights.tsv", []
    for number, text in enumerate(("O\t1\n", "O\t0.001\n")):
        weights.write_text(text)
        out = tmp_path / f"{number}.npz"
        assert 0 == run("train", booking_tsv, "--out", out, "--class-weight", weights, *QUICK).exit_code
        kinds.append(load(out).parameters.flat.tolist())
        # The name of somebody's file is not kept, the weights are.
        assert ("file", {"O": float(text[2:])}) == (
            load(out).training_spec.class_weight,
            load(out).provenance["class_weights"],
        )
    plain = tmp_path / "plain.npz"
    run("train", booking_tsv, "--out", plain, *QUICK)
    assert load(plain).parameters.flat.tolist() == kinds[0] != kinds[1]


def test_weights_of_tags_may_come_from_a_pipe_for_all_seeds(run: Run, booking_tsv: Path, tmp_path: Path) -> None:
    arguments = ("train", booking_tsv, "--seeds", "2", "--out", tmp_path / "model.npz", *QUICK)
    assert 0 == run(*arguments, "--class-weight", "-", stdin=b"O\t0.5\n").exit_code
    assert {"O": 0.5} == load(tmp_path / "model.npz").provenance["class_weights"]


def read_readings(text: str) -> list[tuple[float, str]]:
    rows = [line.split("  ", 1) for line in text.splitlines()]
    return [(float(probability), marked) for probability, marked in rows]


def test_the_n_best_readings_come_with_their_probabilities(run: Run) -> None:
    readings = read_readings(run("tag", LEAVE, "--nbest", "3").stdout)
    assert 3 == len({marked for _, marked in readings})
    probabilities = [probability for probability, _ in readings]
    assert sorted(probabilities, reverse=True) == probabilities
    assert 0.5 < sum(probabilities) <= 1.0002  # rounded to four digits
    assert run("tag", LEAVE).stdout == readings[0][1] + "\n"


def test_the_n_best_readings_as_tsv_are_sentences_with_rank_and_probability(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "labelled.tsv"
    result = run("tag", LEAVE, "--nbest", "3", "--to", "tsv", "--out", out)
    assert (0, "") == (result.exit_code, result.stdout)
    assert f"wrote   {out}\n" in result.stderr
    shown = json.loads(run("tag", LEAVE, "--nbest", "3", "--json").stdout)["nbest"]
    *readings, end = out.read_text("utf-8").split("\n\n")
    assert (3, "") == (len(readings), end)
    for rank, (reading, expected) in enumerate(zip(readings, shown, strict=True), 1):
        rows = [line.split("\t") for line in reading.split("\n")]
        assert (LEAVE.split(), expected["tags"]) == ([row[0] for row in rows], [row[3] for row in rows])
        assert {(str(rank), f"{expected['probability']:.6g}")} == {(row[1], row[2]) for row in rows}
    assert "nbest" not in json.loads(run("tag", LEAVE, "--json").stdout)
    # The tags are where the reader of labelled files looks for them.
    assert 0 == run("tag", LEAVE, "--nbest", "1", "--to", "tsv", "--out", out, "--overwrite").exit_code
    assert 1.0 == json.loads(run("evaluate", out, "--json").stdout)["accuracy"]


@pytest.mark.parametrize("to", ["line", "tsv", "jsonl", "html"])
def test_what_is_written_to_a_file_is_what_stdout_gets(run: Run, tmp_path: Path, to: str) -> None:
    (tmp_path / "in.txt").write_text("leave Taipei\n\nhello \u202e\x1b\n", "utf-8")
    arguments = ("tag", "--input", "in.txt", "--to", to)
    shown = run(*arguments, "--quiet").stdout
    assert "" == run(*arguments, "--out", "out.txt").stdout
    assert shown == (tmp_path / "out.txt").read_text("utf-8")
    assert shown == run(*arguments, "--out", "-").stdout


def test_a_device_is_written_and_not_replaced(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        content = pool.submit(pipe.read_text, "utf-8")
        assert 0 == run("tag", "hello", "--to", "tsv", "--out", pipe).exit_code
        assert "hello\tO\n\n" == content.result(timeout=60)
    assert pipe.is_fifo()


def test_each_line_of_a_slow_pipe_is_answered_at_once(trained: "Trained") -> None:
    arguments = ["tag", "--model", str(trained.path), "--to"]
    for to, end in (("line", "\n"), ("jsonl", "\n"), ("tsv", "\n\n")):
        with subprocess.Popen(
            [sys.executable, "-m", "rnncli", *arguments, to], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            for text in ("leave Taipei", "hello", "arrive Taipei"):  # the next is written after the answer was read
                child.stdin.write(f"{text}\n".encode())
                child.stdin.flush()
                answer = b""
                while not answer.endswith(end.encode()):
                    answer += os.read(child.stdout.fileno(), 1)
                assert text.split()[0].encode() in answer
            child.stdin.write(b"last")  # without a line end
            child.stdin.close()
            assert b"last" in child.stdout.read()
        assert 0 == child.returncode


def test_each_sentence_of_a_slow_pipe_is_answered_at_once(trained: "Trained") -> None:
    arguments = ["tag", "--model", str(trained.path), "--format", "tsv", "--to", "tsv"]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for word in ("hello", "goodbye"):
            child.stdin.write(f"{word}\n\n")
            child.stdin.flush()
            assert f"{word}\tO\n" == child.stdout.readline()
            assert "\n" == child.stdout.readline()
        child.stdin.close()
    assert 0 == child.returncode


def test_piped_text_is_labelled_and_an_empty_pipe_says_so(run: Run) -> None:
    assert 2 == run("tag", stdin=b"leave Taipei\nhello\n").stdout.count("\n")
    empty = run("tag", stdin=b"")
    assert (0, "") == (empty.exit_code, empty.stdout)
    assert empty.stderr.endswith(
        'note: stdin holds no line; give a text: rnncli tag "leave Taipei on November 2nd"\n'
    )
    assert "" == run("tag", "--quiet", stdin=b"").stderr


def test_lines_before_a_fault_in_a_pipe_are_answered(run: Run) -> None:
    result = run("tag", stdin=b"hello\ncaf\xe9\n")
    assert (3, "hello\n") == (result.exit_code, result.stdout)


def test_without_a_model_option_the_model_is_named(
    run: Run, trained: "Trained", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = (("tag", "leave"), ("evaluate",), ("inspect-memory", "leave"), ("inspect-gradients", "leave"))
    for command in commands:
        line = f"model   {bundled('models/default.npz')}, which comes with rnncli"
        assert [line] == [line for line in run(*command).stderr.splitlines() if line.startswith("model ")], command
        assert "" == run(*command, "--quiet").stderr
        assert "model   " not in run(*command, "--model", trained.path).stderr
    (tmp_path / "models").mkdir()
    (tmp_path / "models/default.npz").write_bytes(trained.path.read_bytes())
    assert f"model   models/default.npz, in {tmp_path}\n" == run("tag", "leave").stderr


@pytest.mark.parametrize(
    "command",
    [("tag", "到台北"), ("inspect-memory", "到台北"), ("inspect-gradients", "到台北"), ("info",), ("verify",)],
)
def test_a_bundled_model_has_a_name(
    run: Run, trained: "Trained", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = run(*command, "--model", bundled("models/zh.npz"))
    assert 0 == expected.exit_code
    assert expected.stdout == run(*command, "--model", "zh").stdout
    assert expected.stdout == run(*command, env={"RNNCLI_MODEL": "zh"}).stdout
    (tmp_path / "zh").write_bytes(trained.path.read_bytes())  # a file goes before a name
    assert run(*command, "--model", "./zh").stdout == run(*command, "--model", "zh").stdout != expected.stdout


def test_a_bundled_model_is_not_written_over(run: Run) -> None:
    result = run("tag", "到台北", "--model", "zh", "--out", bundled("models/zh.npz"), "--overwrite")
    assert 2 == result.exit_code
    assert "would replace a file that is read" in result.stderr


def test_a_line_without_tokens_has_no_readings_and_its_line_all_the_same(run: Run) -> None:
    arguments = ("tag", "--input", "-", "--nbest", "2")
    assert "\n" == run(*arguments, stdin=b"\n").stdout
    assert "\n" == run(*arguments, "--to", "tsv", stdin=b"\n").stdout
    assert [2, 0, 2] == [
        len(json.loads(line).get("nbest", []))
        for line in run(*arguments, "--json", stdin=b"leave\n\nTaipei\n").stdout.splitlines()
    ]


def test_tag_prints_a_readable_line(run: Run) -> None:
    assert "leave [Taipei: departure] on [November 2nd: departure_time]\n" == run("tag", LEAVE).stdout


def test_tag_prints_tsv(run: Run) -> None:
    tags = ["O", "B-departure", "O", "B-departure_time", "I-departure_time"]
    lines = [f"{token}\t{tag}\n" for token, tag in zip(LEAVE.split(), tags, strict=True)]
    assert "".join(lines) + "\n" == run("tag", LEAVE, "--to", "tsv").stdout


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
    result = run("tag", "--input", tmp_path / "in.tsv", "--format", "tsv", "--to", "tsv")
    assert 3 == result.exit_code  # the last line lacks a column
    (tmp_path / "in.tsv").write_text("leave\tVB\nNew York\tNN\n\n\nto, go\tX\n", "utf-8")
    result = run("tag", "--input", tmp_path / "in.tsv", "--format", "tsv", "--to", "tsv")
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


def test_evaluate_tells_how_far_probabilities_can_be_trusted(run: Run) -> None:
    shown = json.loads(run("evaluate", "--json").stdout)
    bins = shown["calibration"]["bins"]
    assert shown["tokens"] == sum(each["tokens"] for each in bins)
    right = sum(each["tokens"] * (each["accuracy"] or 0) for each in bins)
    assert shown["accuracy"] * shown["tokens"] == pytest.approx(right)
    gaps = [each["tokens"] * abs(each["accuracy"] - each["probability"]) for each in bins if each["tokens"]]
    assert shown["calibration"]["ece"] == pytest.approx(sum(gaps) / shown["tokens"])
    assert f"expected calibration error {100 * shown['calibration']['ece']:.2f}\n" in run("evaluate").stdout


def test_evaluate_shows_types_unknown_words_and_confusions(run: Run) -> None:
    shown = run("evaluate", "--confusion").stdout
    for word in ("departure_time", "unknown words", "Confused tags", "all"):
        assert word in shown


def test_inspect_memory_shows_the_models_own_pair(run: Run) -> None:
    shown = json.loads(run("inspect-memory", "--json").stdout)
    assert ["arrive Taipei on November 2nd", LEAVE] == [each["text"] for each in shown["texts"]]
    names = ["layer 1 forward", "layer 1 backward"]
    assert names == [memory["name"] for memory in shown["texts"][0]["memories"]]
    a, b = (each["memories"][0]["values"] for each in shown["texts"])
    by_hand = [math.dist(x, y) for x, y in zip(a, b, strict=True)]
    assert shown["distances"][0]["values"] == pytest.approx(by_hand, rel=1e-5)
    # Read backward, both texts are the same until their first word is seen.
    seen = load(bundled("models/default.npz")).network_spec.window + 1
    assert [0] * (5 - seen) == shown["distances"][1]["values"][seen:]
    assert shown["distances"][1]["values"][0] > 1


@pytest.mark.parametrize("texts", [[], ["leave Taipei"], ["leave Taipei", "please leave Taipei on Monday"]])
def test_inspect_memory_fits_80_columns(run: Run, texts: list[str]) -> None:
    shown = run("inspect-memory", *texts, env={"COLUMNS": "80"}).stdout
    assert "Memory: layer 1 forward" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "Taipei" in shown


@pytest.mark.parametrize(
    ("cell", "scale"), [("simple", "(▁ 0 … █ "), ("lstm", "(▁ -1 … █ 1)"), ("gru", "(▁ -1 … █ 1)")]
)
def test_memory_is_drawn_on_the_scale_of_its_cell(
    run: Run, booking_tsv: Path, tmp_path: Path, cell: str, scale: str
) -> None:
    """φ is that of simple units alone; the gated ones lie between −1 and 1 whatever it is."""
    out = tmp_path / "model.npz"
    run("train", booking_tsv, "--out", out, *QUICK, "--arch", "elman", "--activation", "relu", "--cell", cell)
    assert scale in " ".join(run("inspect-memory", "leave Taipei", "--model", out).stdout.split()) + " "


def test_three_texts_are_too_many(run: Run) -> None:
    assert 2 == run("inspect-memory", "a", "b", "c").exit_code


def test_compilation_is_announced_when_it_begins_and_only_then(program, booking_tsv, tmp_path):
    """By every command, also if other kernels are in the cache; not with --quiet."""
    note = "compiling kernels (some seconds, once for this processor) …"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    small = ("--arch", "fnn", "--features", "embedding", "--decoder", "softmax", "--transitions", "any")
    train = ("train", booking_tsv, *QUICK, *small, "--out", "model.npz")
    log = program(*train, env=env).stderr
    assert 1 == log.count(note)
    assert log.index(note) < log.index("epoch   1")
    assert note not in program(*train, env=env).stderr
    label = ("tag", "--input", "lines.txt", "--model", "model.npz")
    (tmp_path / "lines.txt").write_text("arrive Taipei on May 2nd\n" * 12_000, "utf-8")  # enough for the kernels
    first = program(*label, env=env)
    recognised = "lines.txt: text; a text on each line"
    shares = re.compile(r"\d+ % after .*\n")  # on a slow machine
    assert f"{recognised}\n{note}\n" == shares.sub("", first.stderr)
    assert f"{recognised}\n" == shares.sub("", program(*label, env=env).stderr)
    (kernel,) = (tmp_path / "cache").rglob("window.neighbours-*.nbc")
    kernel.write_bytes(kernel.read_bytes()[:-1])
    again = program(*label, env=env)
    damaged, compiling = [line for line in shares.sub("", again.stderr).splitlines() if line != recognised]
    assert damaged.startswith("the kernel cache is damaged, kernels are compiled again: ")
    assert note == compiling
    assert first.stdout == again.stdout
    kernel.unlink()
    assert "" == program(*label, "--quiet", env=env).stderr
    assert kernel.exists()


def test_json_of_a_long_text_is_written_in_pieces_with_the_same_bytes(
    run: Run, trained: "Trained", monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "leave New York on June 13th arrive Taipei on Sunday"
    for options in ((), ("--nbest", "7")):
        whole = run("tag", text, "--json", "--model", trained.path, *options).stdout
        for items in (1, 2, 5, 9):
            monkeypatch.setattr("rnncli.tag_output.JSON_ITEMS", items)
            assert whole == run("tag", text, "--json", "--model", trained.path, *options).stdout
            monkeypatch.undo()
        assert json.loads(whole)["spans"]
    whole = run("tag", "hello there", "--json", "--model", trained.path).stdout
    monkeypatch.setattr("rnncli.tag_output.JSON_ITEMS", 1)
    assert whole == run("tag", "hello there", "--json", "--model", trained.path).stdout


def test_many_tags_in_a_crf_are_warned_of(
    run: Run, booking_tsv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("train", booking_tsv, "--out", tmp_path / "m.npz", "--epochs", "1", "--hidden", "4")
    assert "million pairs" not in run(*arguments).stderr
    monkeypatch.setattr("rnncli.cli.train_view.MANY_TAGS", 9)
    assert "million pairs" not in run(*arguments).stderr  # not slow
    monkeypatch.setattr("rnncli.cli.train_view.PAIRS_A_SECOND", 100)
    warning = "9 tags: a CRF compares 0 million pairs of tags for every token, about "
    assert warning in run(*arguments).stderr
    assert "million pairs" not in run(*arguments, "--decoder", "softmax").stderr
