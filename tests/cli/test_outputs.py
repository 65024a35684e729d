"""The files that commands write: what they never replace, and what is left after they end before their time."""

import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import typer
from promises import Cases

from rnncli import modelfile, writing
from rnncli.cli import app  # noqa: F401 (registers the commands)
from rnncli.cli.outputs import INPUTS, OUTPUTS
from rnncli.cli.registry import COMMANDS

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

Run = Callable[..., "Result"]
TINY = ("--epochs", "1", "--hidden", "4")


def parameters(command: str) -> dict[str, list[str]]:
    """The parameters of a command that name files, and the words that come before such a name."""
    names_files = {}
    for name, parameter in inspect.signature(COMMANDS[command].run).parameters.items():
        if not get_args(parameter.annotation):  # no option
            continue
        kind, info = get_args(parameter.annotation)[:2]
        is_file = (info.metavar or "").startswith(("FILE", "IN", "OUT", "TRAIN", "TEST", "MODEL", "POOL"))
        if is_file or Path in (kind, *get_args(kind)) or name == "class_weight":
            is_argument = isinstance(info, typer.models.ArgumentInfo)
            flag = "input" if name == "source" else name.replace("_", "-")
            names_files[name] = [] if is_argument else [f"--{flag}"]
    return names_files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_file_of_a_command_is_known() -> None:
    for command in COMMANDS:
        written = OUTPUTS.get(command, {})
        assert set(parameters(command)) == set(written) | (set(INPUTS) & set(parameters(command))), command


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("command", OUTPUTS)
def test_no_command_writes_over_a_file_that_it_reads(
    run: Run, tmp_path: Path, command: str, trained: "Trained", cases: Cases
) -> None:
    words_of = parameters(command)
    reading = sorted(words_of.keys() - OUTPUTS[command])
    assert reading
    for written in OUTPUTS[command]:
        for read in reading:
            source, link = tmp_path / f"{written}-{read}", tmp_path / f"{written}-{read}-link"
            source.write_text("# empty\n")
            link.hardlink_to(source)
            words = [*command.split(), *words_of[read], source]
            if command == "convert":
                words += [] if read == "source" else [__file__]
                words += [link, "--to", "tsv"]
            else:
                words += [*words_of[written], link]
                words += {"memory-task": ["copy"], "export": ["--to", "npz"]}.get(command, [])
                if command == "compare":
                    words += [__file__] * 2
            if command == "tag" and read != "source":
                words.append("hello")
            if command == "study next" and read != "pool":
                words.append(__file__)
            for force in cases.counted(((), ("--overwrite",))):
                result = run(*words, *force)
                assert (2, "") == (result.exit_code, result.stdout), result.stderr
                expected = rf"error: \S+ {link} would replace a file that is read: \S+ {source}\n"
                assert re.match(expected, result.stderr)
            assert "# empty\n" == source.read_text()
    assert {".tmp", ".lock"}.isdisjoint(Path(name).suffix for name in names(tmp_path))


@pytest.mark.promise("own-files")
def test_the_model_that_is_used_by_itself_is_an_input_too(run: Run, tmp_path: Path, trained: "Trained") -> None:
    model = tmp_path / "models" / "default.npz"
    model.parent.mkdir()
    shutil.copy(trained.path, model)
    result = run("tag", "hello", "--out", "models/default.npz", "--overwrite")
    message = "--out models/default.npz would replace a file that is read: --model models/default.npz"
    assert (2, f"error: {message}\n") == (result.exit_code, result.stderr.partition("  ")[0])
    assert trained.path.read_bytes() == model.read_bytes()


# Every way of writing, and what its output is called.
WRITING = {
    "train": ("train", "{data}", *TINY, "--out={out}"),
    "train --log-gradients": ("train", "{data}", *TINY, "--out=m.npz", "--log-gradients={out}"),
    "train --plot": ("train", "{data}", *TINY, "--out=m.npz", "--plot={out}"),
    "tag": ("tag", "hello", "--out={out}"),
    "tag in pieces": ("tag", "--input={data}", "--to", "conll", "--out={out}"),
    "tag --to html": ("tag", "--input={data}", "--to", "html", "--out={out}"),
    "evaluate": ("evaluate", "{data}", "--errors={out}"),
    "compare": ("compare", "{data}", "{data}", "{data}", "--differences={out}"),
    "convert": ("convert", "{data}", "{out}", "--to", "jsonl"),
    "export": ("export", "--half", "--to", "npz", "--out={out}"),
    "inspect-memory --html": ("inspect-memory", "hello", "--html={out}"),
    "inspect-memory --svg": ("inspect-memory", "hello", "--svg={out}"),
    "inspect-gradients": ("inspect-gradients", "hello", "--svg={out}"),
    "memory-task": ("memory-task", "copy", "--sentences", "3", "--out={out}"),
}


@pytest.mark.parametrize("name", ["new/", "new/.", "folder/../"])
@pytest.mark.parametrize("way", WRITING)
def test_a_name_of_a_folder_is_no_name_of_a_file(
    run: Run, tmp_path: Path, booking_tsv: Path, way: str, name: str
) -> None:
    result = run(*(word.format(data=booking_tsv, out=name) for word in WRITING[way]))
    assert (5, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(f"error: {name}: is a directory, not a file name\n  name a file: ")
    assert [] == names(tmp_path)


@pytest.mark.promise("own-files")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "{data}"),
        ("check", "other.tsv", "{data}", "--json"),
        ("evaluate", "{data}"),
        ("evaluate", "--json", "{data}"),
        ("verify", "--data", "{data}"),
        ("info", "{data}"),
    ],
)
def test_no_command_prints_into_a_file_that_it_reads(
    program: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], cases: Cases
) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("leave\tO\n")
    shutil.copy(data, tmp_path / "other.tsv")
    with data.open("a") as stdout:
        result = program(*(word.format(data="data.tsv") for word in words), stdout=stdout)
    output = "--json" if "--json" in words else "stdout"
    assert 2 == result.returncode
    assert re.match(rf"error: {output} would replace a file that is read: \S+ data\.tsv\n", result.stderr)
    assert "leave\tO\n" == data.read_text()
    cases.add()


UNRECOGNISED = ("tag", "tag in pieces", "evaluate", "compare", "convert", "memory-task")


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("way", WRITING)
def test_what_others_wrote_is_replaced_by_overwrite_alone(
    run: Run,
    tmp_path: Path,
    booking_tsv: Path,
    trained: "Trained",
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    cases: Cases,
) -> None:
    monkeypatch.setenv("RNNCLI_MODEL", str(trained.path))
    out = tmp_path / "folder" / "out file"
    out.parent.mkdir()
    out.write_text("important")
    out.chmod(0o640)
    words = [word.format(data=booking_tsv, out=out) for word in WRITING[way]]
    refused = run(*words)
    assert (5, "") == (refused.exit_code, refused.stdout)
    assert f"error: {out}: is there already" in refused.stderr
    assert "give --overwrite to replace it" in refused.stderr
    assert "important" == out.read_text()
    if way not in ("memory-task", "export"):
        assert 5 == run(*words, "--force").exit_code
        assert "important" == out.read_text()
    assert 0 == run(*words, "--overwrite").exit_code
    first = out.read_bytes()
    assert b"important" != first
    again = run(*words)
    assert (5 if way in UNRECOGNISED else 0) == again.exit_code, again.stderr
    assert (first, 0o640) == (out.read_bytes(), out.stat().st_mode & 0o777)
    assert ["out file"] == names(out.parent)
    cases.add(3)


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("way", WRITING)
def test_a_fifo_is_written_and_stays(
    run: Run, tmp_path: Path, booking_tsv: Path, trained: "Trained", monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("RNNCLI_MODEL", str(trained.path))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words = [word.format(data=booking_tsv, out=pipe) for word in WRITING[way]]
    copy = tmp_path / "copy.npz"
    with copy.open("wb") as file, subprocess.Popen(["cat", pipe], stdout=file) as reader:
        result = run(*words)
        if result.exit_code:  # else it would wait for a writer
            reader.kill()
        reader.wait(timeout=60)
    assert 0 == result.exit_code, result.stderr
    assert copy.stat().st_size
    assert pipe.is_fifo()
    if way == "train":
        assert modelfile.load(copy).tags
        assert ["copy.npz", "pipe"] == names(tmp_path)


def test_a_model_on_stdout_is_that_of_a_file(run: Run, tmp_path: Path, booking_tsv: Path) -> None:
    assert 0 == run("train", booking_tsv, *TINY, "--out", "m.npz").exit_code
    with (tmp_path / "stdout").open("wb") as stdout:
        command = [sys.executable, "-m", "rnncli", "train", booking_tsv, *TINY, "--out", "-"]
        subprocess.run(command, stdout=stdout, stderr=subprocess.DEVNULL, cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "stdout").read_bytes()
    assert ["m.npz", "stdout"] == names(tmp_path)


@pytest.mark.promise("streams")
def test_a_reader_that_closes_the_pipe_of_an_output_ends_the_command(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    words = ["tag", "--input", "-", "--out", "pipe"]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as child:
        with (tmp_path / "pipe").open("rb"):
            pass
        _, notes = child.communicate(b"hello\n" * 100_000, timeout=60)
    assert (0, 1) == (child.returncode, len(notes.splitlines())), notes
    assert ["pipe"] == names(tmp_path)


def test_two_outputs_on_stdout_are_refused(run: Run, booking_tsv: Path, cases: Cases) -> None:
    for words in cases.counted(
        (
            ("train", booking_tsv, "--json", "--out", "-"),
            ("convert", booking_tsv, "-", "--to", "tsv", "--json"),
            ("evaluate", "--json", "--errors", "-"),
            ("compare", booking_tsv, booking_tsv, booking_tsv, "--json", "--differences", "-"),
            ("inspect-memory", "--html", "-", "--svg", "-"),
            ("inspect-memory", "--json", "--svg", "-"),
            ("inspect-gradients", "--json", "--svg", "-"),
        )
    ):
        result = run(*words)
        assert (2, "") == (result.exit_code, result.stdout)
        assert "both write to stdout" in result.stderr
    assert json.loads(run("tag", "hello", "--json", "--out", "-").stdout)["tokens"]


# Another training.


@pytest.mark.promise("one-writer")
def test_a_second_training_is_refused_before_it_reads(
    run: Run, tmp_path: Path, booking_tsv: Path, cases: Cases
) -> None:
    out = tmp_path / "model.npz"
    for locked in cases.counted((out, tmp_path / "log.json")):
        with writing.lock(locked):
            result = run("train", booking_tsv, *TINY, "--out", out, "--log-gradients", tmp_path / "log.json")
        assert (5, "") == (result.exit_code, result.stdout)
        start = f"error: {locked}: process {os.getpid()} on {os.uname().nodename} writes it, since "
        assert result.stderr.startswith(start)
        assert [] == names(tmp_path)


# A full disk.


@pytest.mark.promise("work-kept")
def test_a_model_that_does_not_fit_on_the_disk_is_kept_elsewhere(
    run: Run, tmp_path: Path, booking_tsv: Path, device: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = device("full")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    result = run("train", booking_tsv, *TINY, "--out", full)
    kept = next((tmp_path / "state").rglob("output"))
    message = f"error: {full}: could not be written: No space left on device; it was written to {kept} instead\n"
    assert (5, "") == (result.exit_code, result.stdout)
    assert message in result.stderr
    assert modelfile.load(kept).tags


# Signals while a file is written: the input comes through a pipe, so that the command waits in the midst of it.

STREAMING = {
    "tag": ("tag", "--input", "-", "--out", "{out}", "--to", "jsonl"),
    "tag to CoNLL": ("tag", "--input", "-", "--format", "text", "--out", "{out}", "--to", "conll"),
    "convert": ("convert", "-", "{out}", "--to", "jsonl"),
    "convert packed": ("convert", "-", "{out}.gz", "--to", "jsonl"),
}
NUMBERS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def wait_for(condition: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while not condition():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.promise("no-leftovers")
@pytest.mark.promise("whole-file")
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("is_there", [False, True])
def test_no_signal_leaves_a_temporary_file(
    tmp_path: Path, number: signal.Signals, is_there: bool, long: bool, cases: Cases
) -> None:
    ways = list(STREAMING) if long else [["tag", "convert"][is_there]]
    for way in cases.counted(ways):
        folder = tmp_path / way
        folder.mkdir()
        out = folder / "out"
        words = [word.format(out=out) for word in STREAMING[way]]
        if is_there:
            Path(words[2] if way.startswith("convert") else out).write_text("old")
            words.append("--overwrite")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        with subprocess.Popen(
            [sys.executable, "-m", "rnncli", *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            assert child.stdin is not None
            child.stdin.write(b"leave\tO\nTaipei\tB-city\n\n" * 2_000)
            child.stdin.flush()
            wait_for(lambda folder=folder: any(name.endswith(".tmp") for name in names(folder)), child)
            child.send_signal(number)
            _, notes = child.communicate(timeout=60)
        assert (NUMBERS[number], b"interrupted") == (child.returncode, notes.splitlines()[-1])
        assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.promise("no-leftovers")
def test_what_sigkill_leaves_is_removed_by_the_next_run(program: Callable[..., Any], tmp_path: Path) -> None:
    words = [word.format(out="out") for word in STREAMING["tag"]]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path
    ) as child:
        wait_for(lambda: bool(names(tmp_path)), child)
        child.kill()
    assert [".tmp"] == [Path(name).suffix for name in names(tmp_path)]
    assert 0 == program("tag", "hello", "--out", "other").returncode
    assert ["other"] == names(tmp_path)


@pytest.mark.promise("no-leftovers")
@pytest.mark.parametrize("number", NUMBERS)
def test_a_training_that_is_stopped_leaves_its_model_and_its_checkpoint_alone(
    tmp_path: Path, booking_tsv: Path, number: signal.Signals
) -> None:
    words = ["train", str(booking_tsv), "--epochs", "2000", "--hidden", "4", "--out", "m.npz"]
    with subprocess.Popen(
        [sys.executable, "-m", "rnncli", *words, "--log-gradients", "log.json"],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as child:
        wait_for(lambda: (tmp_path / "log.json").exists(), child)
        assert {".m.npz.lock", ".log.json.lock"} <= set(names(tmp_path))
        child.send_signal(number)
        child.communicate(timeout=60)
    assert NUMBERS[number] == child.returncode
    assert {"log.json", "m.npz", "m.npz.checkpoint"} == set(names(tmp_path))
