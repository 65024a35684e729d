"""Signals and kills of ``rnncli train``: what is kept, and that going on gives the model of a whole training."""

import contextlib
import hashlib
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promises import Cases

from rnncli.modelfile import load

EXIT_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
QUICK = (
    "--hidden",
    "4",
    "--embedding",
    "4",
    "--ngram",
    "4",
    "--batch",
    "8",
    "--threads",
    "1",
    "--decoder",
    "softmax",
    "--force",
)
EPOCHS = ("--epochs", "60")


def usual_signals() -> None:
    """Let the program receive the signals that may be switched off for the tests, as a shell does for ``&``."""
    for name in EXIT_CODES:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def start(folder: Path, *words: object, **options: Any) -> "subprocess.Popen[str]":
    """Begin ``rnncli train``."""
    arguments = [sys.executable, "-m", "rnncli", "train", *map(str, words)]
    given: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "preexec_fn": usual_signals,
        **options,
    }
    return subprocess.Popen(arguments, cwd=folder, text=True, **given)


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until there is a file."""
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def paste(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command of rnncli that was shown, in a shell."""
    assert command.startswith("rnncli ")
    python = shlex.quote(sys.executable)
    words = f"{python} -m {command}"
    return subprocess.run(
        ["bash", "-c", words], cwd=folder, text=True, capture_output=True, timeout=120, check=False
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def how_to_go_on(notes: str) -> str:
    (command,) = [line.removeprefix("go on:  ") for line in notes.splitlines() if line.startswith("go on:")]
    return command


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, booking_tsv: Path) -> str:
    """The SHA-256 of the model of a training that nothing stops."""
    folder = tmp_path_factory.mktemp("unbroken")
    with start(folder, booking_tsv, "--dev", booking_tsv, *QUICK, *EPOCHS, "-o", "m.npz") as process:
        process.communicate()
    return sha256(folder / "m.npz")


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize("name", EXIT_CODES)
def test_the_first_signal_saves_the_model_and_a_checkpoint(
    name: str, booking_tsv: Path, tmp_path: Path, unbroken: str
) -> None:
    out = tmp_path / "a 'model'.npz"
    with start(tmp_path, booking_tsv, "--dev", booking_tsv, *QUICK, *EPOCHS, "-o", out.name) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch   3/"):
                break
        process.send_signal(getattr(signal, name))
        _, notes = process.communicate(timeout=60)
    assert EXIT_CODES[name] == process.returncode
    assert "Traceback" not in notes
    assert load(out).provenance["epochs"] >= 3
    assert [out, out.with_name(f"{out.name}.checkpoint")] == sorted(tmp_path.glob("a*"))
    if name != "SIGTERM":
        return
    resumed = paste(how_to_go_on(notes), tmp_path)
    assert 0 == resumed.returncode, resumed.stderr
    assert "resumed " in resumed.stderr
    assert unbroken == sha256(out)
    assert [out] == sorted(tmp_path.iterdir())


@pytest.mark.promise("interrupt")
def test_ctrl_c_at_a_terminal_is_such_a_signal(booking_tsv: Path, tmp_path: Path) -> None:
    master, terminal = os.openpty()
    take = f"import fcntl, os, termios; fcntl.ioctl({terminal}, termios.TIOCSCTTY, 0)"
    code = f"{take}; from rnncli.__main__ import main; main()"
    words = ["train", booking_tsv, *QUICK, "--epochs", "100000", "-o", "m.npz"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        pass_fds=[terminal],
        start_new_session=True,
        preexec_fn=usual_signals,
    ) as process:
        os.close(terminal)
        shown = b""
        is_pressed = False
        with contextlib.suppress(OSError):  # when the program has ended
            while piece := os.read(master, 1000):
                shown += piece
                if b"epoch   3/" in shown and not is_pressed:
                    is_pressed = True
                    os.write(master, b"\x03")
    os.close(master)
    assert 130 == process.returncode
    assert b"Traceback" not in shown
    assert re.search(rb"interrupted after \d+ of 100000 epochs", shown)
    assert b"go on:  rnncli" in shown
    assert {"m.npz", "m.npz.checkpoint"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize("name", EXIT_CODES)
def test_before_the_first_epoch_ends_there_is_a_checkpoint_alone(
    name: str, booking_text: str, booking_tsv: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data.tsv"
    data.write_text("\n".join([booking_text] * 20))
    words = (data, "--dev", booking_tsv, *QUICK, "--batch", "1", "--epochs", "1", "-o", "m.npz", "--json")
    with start(tmp_path, *words, "--checkpoint-every", "1e-6") as process:
        wait_for(tmp_path / "m.npz.checkpoint", process)
        process.send_signal(getattr(signal, name))
        output, notes = process.communicate(timeout=60)
    assert (EXIT_CODES[name], "") == (process.returncode, output)
    assert notes.splitlines()[-2:] == ["interrupted", f"go on:  {how_to_go_on(notes)}"]
    assert [tmp_path / "m.npz.checkpoint"] == list(tmp_path.glob("m*"))
    if name == "SIGTERM":
        assert 0 == paste(how_to_go_on(notes), tmp_path).returncode
        with start(tmp_path, *words, "-o", "other.npz") as process:
            process.communicate()
        assert sha256(tmp_path / "other.npz") == sha256(tmp_path / "m.npz")


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize("name", EXIT_CODES)
def test_while_files_are_read_nothing_is_kept(name: str, tmp_path: Path) -> None:
    pipe = tmp_path / "train.tsv"
    os.mkfifo(pipe)
    with start(tmp_path, pipe, *QUICK, "-o", "m.npz") as process, pipe.open("w") as file:
        file.write("leave\tO\n")
        file.flush()
        process.send_signal(getattr(signal, name))
        output, notes = process.communicate(timeout=60)
    assert (EXIT_CODES[name], "") == (process.returncode, output)
    assert "Traceback" not in notes
    assert "go on" not in notes
    assert [pipe] == list(tmp_path.iterdir())


def test_a_signal_that_is_switched_off_stays_so(booking_tsv: Path, tmp_path: Path) -> None:
    def switch_off() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    words = (booking_tsv, *QUICK, "--epochs", "60", "-o", "m.npz")
    with start(tmp_path, *words, preexec_fn=switch_off) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("epoch"):
                break
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert 0 == process.returncode


@pytest.mark.promise("resume")
def test_killed_at_any_moment(booking_tsv: Path, tmp_path: Path, unbroken: str, long: bool, cases: Cases) -> None:
    draw = random.Random(1)
    words = (booking_tsv, "--dev", booking_tsv, *QUICK, *EPOCHS, "-o", "m.npz", "--resume")
    kills = 200 if long else 4
    while cases.count < kills:
        with start(tmp_path, *words, "--checkpoint-every", "1e-6") as process:
            assert process.stderr
            if cases.count % 4:  # else also while it starts
                for line in process.stderr:
                    if line.startswith("text "):
                        break
            try:
                process.wait(draw.uniform(0, 1.2))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                cases.add()
                continue
            process.communicate()
        assert 0 == process.returncode
        assert unbroken == sha256(tmp_path / "m.npz")
        assert [tmp_path / "m.npz"] == list(tmp_path.iterdir())
    with start(tmp_path, *words) as process:
        process.communicate()
    assert 0 == process.returncode
    assert unbroken == sha256(tmp_path / "m.npz")
    assert [tmp_path / "m.npz"] == list(tmp_path.iterdir())


def test_resume_and_restart_exclude_each_other(run: Callable[..., Any], booking_tsv: Path) -> None:
    result = run("train", booking_tsv, "--resume", "--restart")
    assert (2, "error: --resume and --restart cannot both be given\n") == (result.exit_code, result.stderr)


def test_what_to_do_with_a_checkpoint_is_asked(run: Callable[..., Any], booking_tsv: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "m.npz.checkpoint"
    with start(tmp_path, *QUICK, "--batch", "1", "-o", "m.npz", "--checkpoint-every", "1e-6") as process:
        wait_for(checkpoint, process)
        process.kill()
        process.communicate()
    words = ("train", booking_tsv, "--dev", booking_tsv, *QUICK, "--epochs", "2", "-o", "m.npz")
    content = checkpoint.read_bytes()
    result = run(*words)
    assert 2 == result.exit_code
    assert result.stderr.endswith(
        "error: m.npz.checkpoint: is the checkpoint of a training that was stopped\n"
        "  --resume goes on from it; --restart deletes it and begins anew\n"
    )
    result = run(*words, "--resume")
    assert 2 == result.exit_code
    assert "--epochs 0 → 2; --batch 1 → 8; other training data; other development data\n" in result.stderr
    assert content == checkpoint.read_bytes()
    result = run(*words, "--restart")
    assert 0 == result.exit_code
    assert not checkpoint.exists()
    result = run(*words, "--resume")
    assert 0 == result.exit_code
    assert result.stderr.startswith("no checkpoint m.npz.checkpoint: the training begins at the start\n")
