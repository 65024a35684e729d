"""Streams that are closed, full or cut short: no traceback, the documented exit code, and no result lost."""

import fcntl
import json
import os
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from invocations import INVOCATIONS, Invocation, files
from promises import Cases

from rnncli.cli.app import COMMANDS

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

PROGRAM = (sys.executable, "-m", "rnncli")
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")


def test_every_command_has_an_invocation() -> None:
    assert set(COMMANDS) == {invocation.command for invocation in INVOCATIONS.values()}


class Fault(NamedTuple):
    """How each stream fails: "closed", a "full" disk, a pipe whose reader has "left", or "" if it does not."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""


NONE = Fault()
FAULTS = [
    Fault(stdin="closed"),
    Fault(stdout="closed"),
    Fault(stderr="closed"),
    Fault("closed", "closed", "closed"),
    Fault(stdout="full"),
    Fault(stderr="full"),
    Fault(stdout="full", stderr="full"),
    Fault(stdout="closed", stderr="full"),
    Fault(stdout="left"),
    Fault(stderr="left"),
    Fault(stdout="left", stderr="left"),
]
# The exit code and the message where results cannot be written.
ENDS = {
    "": (0, ""),
    "closed": (5, "error: stdout: it is closed\n"),
    "full": (5, "error: stdout: No space left on device\n  what was written is not whole\n"),
    "left": (0, ""),
}
OTHERS = {
    "no argument": Invocation(()),
    "--version": Invocation(("--version",)),
    "--help": Invocation(("--help",)),
    "train --help": Invocation(("train", "--help")),
    "train --help-all": Invocation(("train", "--help-all")),
}
REFUSED = {
    "an option": (Invocation(("tag", "--nonsense"), False), 2),
    "a file": (Invocation(("evaluate", "missing.tsv"), False), 5),
    "data": (Invocation(("evaluate", "texts.txt"), False), 3),
    "a model": (Invocation(("tag", "leave", "--model", "data.tsv"), False), 4),
}


def call(words: list[str], folder: Path, fault: Fault = NONE) -> "subprocess.CompletedProcess[bytes]":
    """Run a command line in a folder."""
    reader, left = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    closed = [f"{number}>&-" for number, failure in enumerate(fault) if failure == "closed"]
    shell = ["sh", "-c", f'exec "$@" {" ".join(closed)}', "sh"] if closed else []
    stdout, stderr = ({"full": full, "left": left}.get(stream, subprocess.PIPE) for stream in fault[1:])
    with subprocess.Popen(
        [*shell, *PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=folder
    ) as child:
        os.close(left)
        os.close(full)
        written = child.communicate(timeout=120)
    return subprocess.CompletedProcess(words, child.returncode, *(text or b"" for text in written))


def written(
    invocation: Invocation, folder: Path, fault: Fault
) -> tuple["subprocess.CompletedProcess[bytes]", bytes]:
    """Run a command line in a new folder; what became of it, and the file that it wrote, which is the only one."""
    folder.mkdir()
    files(folder)
    result = call(invocation.words(), folder, fault)
    names = {path.name for path in folder.iterdir() if path.is_file()} - {"data.tsv", "texts.txt"}
    assert ({f"out{invocation.writes}"} if invocation.writes else set()) == names, fault
    return result, b"".join((folder / name).read_bytes() for name in names)


def check(invocation: Invocation, folder: Path, faults: list[Fault]) -> None:
    """Run one command line without a fault and under some, and see that all is as it is documented."""
    folder.mkdir()
    sound, whole = written(invocation, folder / "sound", NONE)
    assert (0, invocation.prints) == (sound.returncode, sound.stdout != b"")
    for number, fault in enumerate(faults):
        result, file = written(invocation, folder / str(number), fault)
        shown = result.stderr.decode()
        code, message = ENDS[fault.stdout if invocation.prints else ""]
        problem = f"{invocation.arguments}, {fault}: {shown}"
        assert (code, whole) == (result.returncode, file), problem
        assert shown.endswith(message if fault.stderr == "" else ""), problem
        assert (fault.stderr == "" and message != "") == ("error: " in shown), problem
        assert "Traceback" not in shown, problem
        assert "Exception" not in shown, problem
        if fault.stdout == "" and "--json" not in invocation.arguments:
            assert sound.stdout == result.stdout, problem
        elif fault.stdout == "":  # JSON of a training, which says how long it took
            assert json.loads(sound.stdout).keys() == json.loads(result.stdout).keys(), problem


@pytest.mark.promise("streams")
def test_a_fault_of_a_stream_costs_no_more_than_that_stream(tmp_path: Path, long: bool, cases: Cases) -> None:
    invocations = [*INVOCATIONS.values(), *OTHERS.values()]
    # By default each fault is seen by one or two of the commands.
    faults = [FAULTS if long else [FAULTS[number % len(FAULTS)]] for number in range(len(invocations))]
    folders = [tmp_path / str(number) for number in range(len(invocations))]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(check, invocations, folders, faults))
    cases.add(sum(map(len, faults)))


@pytest.mark.promise("streams")
def test_an_error_has_its_exit_code_also_where_nobody_can_read_it(tmp_path: Path, long: bool, cases: Cases) -> None:
    files(tmp_path)
    every = [(*case, fault) for case in REFUSED.values() for fault in FAULTS]
    for invocation, code, fault in every if long else every[::9]:
        result = call(invocation.words(), tmp_path, fault)
        assert (code, b"") == (result.returncode, result.stdout)
        assert (fault.stderr == "") == result.stderr.count(b"error: "), fault
        assert fault.stderr == "" or result.stderr == b"", fault
        cases.add()


@pytest.mark.promise("streams")
def test_a_training_goes_on_when_the_reader_of_its_progress_leaves(booking_tsv: Path, tmp_path: Path) -> None:
    words = ("train", str(booking_tsv), "--out", "m.npz", "--epochs", "3", "--hidden", "4", "--seed", "5")
    with subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, cwd=tmp_path) as child:
        assert child.stderr
        child.stderr.readline()
        child.stderr.close()
        assert 0 == child.wait(60)
    whole = subprocess.run([*PROGRAM, *words, "--quiet", "--out", "whole.npz"], cwd=tmp_path, check=True)
    assert 0 == whole.returncode
    assert (tmp_path / "whole.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()


@pytest.mark.promise("streams")
def test_a_full_pipe_that_nobody_reads_holds_up_no_training(tmp_path: Path) -> None:
    files(tmp_path)
    _, writer = full_pipe()
    # As the program, with less patience.
    quick = "from rnncli.cli import streams; streams.PATIENCE = 0.2; from rnncli.__main__ import main; main()"
    words = INVOCATIONS["train"].words()
    result = subprocess.run(
        [sys.executable, "-c", quick, *words], stdout=subprocess.PIPE, stderr=writer, cwd=tmp_path, timeout=60
    )
    os.close(writer)
    assert (0, 1) == (result.returncode, json.loads(result.stdout)["epochs"])
    assert (tmp_path / "out.npz").is_file()


def full_pipe() -> tuple[int, int]:
    """The ends of a pipe that is full."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"\n" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
        return reader, writer


@pytest.fixture
def many_lines(tmp_path: Path) -> Path:
    """More text than any pipe holds."""
    path = tmp_path / "many.txt"
    path.write_text("".join(f"leave Taipei on May {number}\n" for number in range(5_000)))
    return path


@pytest.mark.promise("streams")
@pytest.mark.parametrize("is_full", [False, True])
def test_a_stdout_that_does_not_wait_loses_nothing(
    trained: "Trained", many_lines: Path, tmp_path: Path, is_full: bool
) -> None:
    words = ["tag", "--input", str(many_lines), "--to", "tsv", "--model", str(trained.path)]
    expected = call(words, tmp_path).stdout
    reader, writer = full_pipe() if is_full else os.pipe()
    os.set_blocking(writer, False)
    with subprocess.Popen([*PROGRAM, *words, "--quiet"], stdout=writer, stderr=subprocess.PIPE) as child:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            received = b"".join(iter(lambda: time.sleep(0.001) or pipe.read1(5_000), b""))
        assert (0, b"") == (child.wait(60), child.stderr.read() if child.stderr else b"")
    assert expected == received.lstrip(b"\n")


@pytest.mark.promise("streams")
def test_a_stdin_that_does_not_wait_is_read_to_its_end(trained: "Trained", many_lines: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    content = many_lines.read_bytes()

    def feed() -> None:
        with os.fdopen(writer, "wb", 0) as pipe:
            for start in range(0, len(content), 40_000):
                pipe.write(content[start : start + 40_000])
                while fcntl.ioctl(reader, termios.FIONREAD, bytes(4)) != bytes(4):
                    time.sleep(0.01)
                time.sleep(0.05)  # in which there is nothing to read

    feeder = threading.Thread(target=feed)
    feeder.start()
    words = ("tag", "--to", "tsv", "--model", str(trained.path))
    result = subprocess.run([*PROGRAM, *words], stdin=reader, capture_output=True, timeout=60)
    feeder.join()
    os.close(reader)
    assert (0, b"") == (result.returncode, result.stderr)
    assert content.count(b"\n") == result.stdout.count(b"\n\n")


BAD = {
    "texts": ("leave Taipei\n", b"caf\xe9\n", 'byte 0xe9 is not UTF-8: "caf\ufffd"', 4),
    "tsv": ("leave\tO\nTaipei\tB-x\n\n", b"a\tb\tc\n\n", "expected 2 columns as in the other lines, found 3: ", 1),
    "tsv bytes": ("leave\tO\nTaipei\tB-x\n\n", b"\xff\tO\n\n", "byte 0xff is not UTF-8: ", 1),
    "jsonl": ('{"tokens": ["leave", "Taipei"], "tags": ["O", "B-x"]}\n', b'{"tokens": ["a",}\n', "not JSON: ", 17),
    "jsonl NUL": (
        '{"tokens": ["leave", "Taipei"], "tags": ["O", "B-x"]}\n',
        b'{"tokens": ["a\0"], "tags": ["O"]}\n',
        "not JSON: ",
        15,
    ),
    "conllu": (
        "1\tleave\t_\tV\t_\t_\t0\t_\t_\t_\n2\tTaipei\t_\tN\t_\t_\t0\t_\t_\t_\n\n",
        b"1\tx\n\n",
        "expected 10 columns, found 2: ",
        1,
    ),
}


@pytest.mark.promise("streams")
@pytest.mark.parametrize("kind", BAD)
def test_what_comes_before_a_fault_is_labelled(
    run: Callable[..., "Result"], trained: "Trained", tmp_path: Path, kind: str, cases: Cases
) -> None:
    sentence, bad, message, column = BAD[kind]
    for count in (3, 9_000):
        good = (sentence * count).encode()
        (tmp_path / "good").write_bytes(good)
        (tmp_path / "bad").write_bytes(good + bad + good[:1_000])
        for to in ("line", "tsv", "jsonl", "conll", "conllu", "csv", "html") if count == 3 else ("tsv",):
            words = ("tag", "--to", to, "--model", trained.path, "--quiet", "--input")
            expected = run(*words, "good").stdout
            assert expected.count("Taipei") >= count
            for name in ("bad", "-"):
                result = run(*words, name, stdin=(tmp_path / "bad").read_bytes() if name == "-" else None)
                assert (3, expected) == (result.exit_code, result.stdout)
                line = good.count(b"\n") + 1
                where = f"error: {'stdin' if name == '-' else name}:{line}:{column}: {message}"
                assert result.stderr.startswith(where)
                cases.add()


@pytest.mark.promise("streams")
def test_the_program_writes_what_it_has_before_it_says_what_is_wrong(trained: "Trained", tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"leave Taipei\n" * 9_000 + b"\xff\n")
    words = ("tag", "--input", "bad.txt", "--model", str(trained.path), "--quiet")
    result = subprocess.run(  # in one pipe
        [*PROGRAM, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
    )
    assert 3 == result.returncode
    assert result.stdout.startswith(b"leave [Taipei: departure]\n" * 9_000 + b"error: bad.txt:9001:1: byte 0xff")


def test_a_file_is_not_written_up_to_a_fault(
    run: Callable[..., "Result"], trained: "Trained", tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes(b"leave Taipei\n" * 9 + b"\xff\n")
    out = tmp_path / "out.txt"
    out.write_text("old\n")
    result = run("tag", "-i", "bad.txt", "-o", out, "--to", "tsv", "--model", trained.path, "--overwrite")
    assert 3 == result.exit_code
    assert "bad.txt:10:1: byte 0xff is not UTF-8" in result.stderr
    hint = "\n  a file is written whole or not at all; without --out, what comes before is written\n"
    assert result.stderr.endswith(hint)
    assert "old\n" == out.read_text()


class Terminal:
    """A terminal of its own, and the program at it."""

    def __init__(self, *words: object, is_controlling: bool = True, **streams: Any) -> None:
        self.controller, end = os.openpty()
        # The first terminal that a new session opens gets to control it: Ctrl-C and hanging up send signals.
        shell = ["sh", "-c", 'exec "$@" 3<"$0"', os.ttyname(end)] if is_controlling else []
        arguments = [*shell, *PROGRAM, *map(str, words)]
        streams = {"stdin": end, "stdout": end, "stderr": end, **streams}
        self.child = subprocess.Popen(arguments, start_new_session=True, **streams)
        os.close(end)

    def type(self, text: bytes) -> None:
        """Type on the keyboard."""
        os.write(self.controller, text)

    def read_until(self, word: bytes) -> bytes:
        """What is shown until a word is."""
        shown = b""
        while word not in shown:
            shown += os.read(self.controller, 4096)
        return shown

    def hang_up(self) -> int:
        """Close the terminal, and wait for the exit code."""
        os.close(self.controller)
        return self.child.wait(60)


def test_ctrl_d_ends_what_a_terminal_is_asked_for(trained: "Trained") -> None:
    terminal = Terminal("tag", "--input", "-", "--model", trained.path)
    terminal.type(b"leave Taipei\n")
    terminal.read_until(b"departure")
    terminal.type(b"\x04")
    assert 0 == terminal.child.wait(30)
    terminal.hang_up()


@pytest.mark.promise("interrupt")
def test_ctrl_c_at_a_terminal_ends_the_program(trained: "Trained") -> None:
    terminal = Terminal("tag", "--input", "-", "--model", trained.path)
    terminal.type(b"leave Taipei\n")
    terminal.read_until(b"departure")
    terminal.type(b"\x03")
    terminal.read_until(b"^Cinterrupted\r\n")
    assert 130 == terminal.child.wait(30)
    terminal.hang_up()


@pytest.mark.promise("interrupt")
def test_a_terminal_that_hangs_up_ends_the_program(trained: "Trained") -> None:
    terminal = Terminal("tag", "--input", "-", "--model", trained.path)
    terminal.type(b"leave Taipei\n")
    terminal.read_until(b"departure")
    assert 129 == terminal.hang_up()


@pytest.mark.promise("streams")
def test_a_terminal_that_hangs_up_without_a_signal_costs_no_training(booking_tsv: Path, tmp_path: Path) -> None:
    words = ("train", booking_tsv, "--out", tmp_path / "m.npz", "--epochs", "2", "--hidden", "4")
    terminal = Terminal(*words, is_controlling=False)
    terminal.read_until(b"reading")
    assert 0 == terminal.hang_up()
    assert (tmp_path / "m.npz").is_file()


@pytest.mark.promise("streams")
def test_results_for_a_terminal_that_hung_up_are_an_error(trained: "Trained") -> None:
    reader, writer = os.pipe()
    terminal = Terminal("tag", "--model", trained.path, is_controlling=False, stdin=reader)
    os.close(terminal.controller)
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(b"leave Taipei\n")
    assert 5 == terminal.child.wait(30)
