"""Ctrl-C, SIGTERM and SIGHUP at any moment: quiet, with 130, 143 or 129, and without a file that is not whole."""

import itertools
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from invocations import INVOCATIONS, Invocation, files
from promises import Cases

if TYPE_CHECKING:
    from rnncli.api import Trained

PROGRAM = (sys.executable, "-m", "rnncli")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
CAUGHT = re.compile(r"^SigCgt:\s*(\w+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="this system does not say which signals a process receives"
)


def wait_for_start(child: "subprocess.Popen[Any]") -> None:
    """Wait until a program receives SIGTERM. What comes before that is Python's own start."""
    while child.poll() is None:
        caught = CAUGHT.search(Path(f"/proc/{child.pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.0005)


def stopped(words: list[str], folder: Path, number: int, moment: float) -> tuple[int, bytes, bytes]:
    """Run a command line and send it a signal so many seconds after its start; exit code, stdout and stderr."""
    with subprocess.Popen(
        [*PROGRAM, *words], stdin=subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, cwd=folder
    ) as child:
        wait_for_start(child)
        time.sleep(moment)
        child.send_signal(number)
        out, shown = child.communicate(timeout=120)
    return child.returncode, out, shown


def check(invocation: Invocation, folder: Path, count: int, seed: int) -> None:
    """Stop one command line so many times."""
    files(folder)
    names = invocation.command.split()
    words = [*names, "--quiet", *invocation.words()[len(names) :]]
    out = folder / f"out{invocation.writes}"
    whole = b""
    if invocation.writes:
        subprocess.run([*PROGRAM, *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        whole = out.read_bytes()
        out.unlink()
    rng = np.random.default_rng(seed)
    allowed = {out.name, f"{out.name}.checkpoint"}  # with which a training can go on
    for k in range(seed, seed + count):
        number, code = list(CODES.items())[k % len(CODES)]
        moment = rng.uniform(0, 0.2 if k % 2 else 1.0)  # a half of them while modules are loaded
        result, _, shown = stopped(words, folder, number, moment)
        problem = f"{invocation.arguments}, {moment:.4f} s: {result}, {shown.decode()}"
        assert result in (0, code), problem
        assert shown in (b"", b"interrupted\n"), problem  # the word comes before --quiet is read
        others = ("data.tsv", "texts.txt", "data.tsv.study")
        written = {path.name: path for path in folder.iterdir() if path.name not in others}
        assert written.keys() <= (allowed if result else {out.name}), problem
        if result == 0 and invocation.writes:
            assert whole == written[out.name].read_bytes(), problem
        for path in written.values():
            path.unlink()


@pytest.mark.promise("interrupt")
def test_a_command_that_is_stopped_at_any_moment_is_quiet(tmp_path: Path, long: bool, cases: Cases) -> None:
    count = 60 if long else 2
    folders = [tmp_path / str(number) for number in range(len(INVOCATIONS))]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(check, INVOCATIONS.values(), folders, itertools.repeat(count), itertools.count()))
    cases.add(count * len(INVOCATIONS))


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize("number", CODES)
def test_one_word_says_why_it_ended(trained: "Trained", number: int) -> None:
    words = ("tag", "--input", "-", "--model", str(trained.path))
    with subprocess.Popen([*PROGRAM, *words], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write("leave Taipei\n")
        child.stdin.flush()
        assert "leave [Taipei: departure]\n" == child.stdout.readline()
        child.send_signal(number)
        assert ("", "interrupted\n") == child.communicate(timeout=60)
    assert CODES[number] == child.returncode


@pytest.mark.promise("interrupt")
def test_what_was_written_before_an_interrupt_is_a_whole_part(
    trained: "Trained", tmp_path: Path, long: bool, cases: Cases
) -> None:
    source = tmp_path / "many.txt"
    source.write_text("".join(f"leave Taipei on May {number}\n" for number in range(5_000)))
    words = ["tag", "--input", source.name, "--to", "tsv", "--model", str(trained.path), "--quiet"]
    whole = subprocess.run([*PROGRAM, *words], cwd=tmp_path, capture_output=True, check=True).stdout
    rng = np.random.default_rng(3)
    for _ in range(50 if long else 2):
        with subprocess.Popen([*PROGRAM, *words], cwd=tmp_path, stdout=PIPE) as child:
            assert child.stdout
            first = child.stdout.readline()
            time.sleep(rng.uniform(0, 0.3))  # in which the pipe is full, or not yet
            child.send_signal(signal.SIGINT)
            written = first + child.stdout.read()
        assert whole.startswith(written)
        assert written.endswith(b"\n")
        cases.add()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_is_ignored_stays_ignored(trained: "Trained", number: int) -> None:
    ignoring = ("sh", "-c", f'trap "" {int(number)}; exec "$@"', "sh")  # as nohup, and a script with "&"
    words = (*ignoring, *PROGRAM, "tag", "--input", "-", "--model", str(trained.path))
    with subprocess.Popen(words, stdin=PIPE, stdout=PIPE) as child:
        wait_for_start(child)
        child.send_signal(number)
        assert (b"leave [Taipei: departure]\n", None) == child.communicate(b"leave Taipei\n", timeout=60)
    assert 0 == child.returncode


def script(text: str) -> Callable[[], "subprocess.Popen[str]"]:
    """Start a script that writes a line when it waits for a signal."""
    head = "import time\nfrom rnncli.cli import signals\nsignals.install()\n"
    return lambda: subprocess.Popen([sys.executable, "-c", head + text], stdout=PIPE, stderr=PIPE, text=True)


SLOW_TO_CLEAN_UP = """
try:
    with signals.handled_by(signals.stop):
        print("ready", flush=True)
        time.sleep(60)
except signals.Stopped as stopped:
    print("cleaning", flush=True)
    time.sleep(1)
    print("cleaned", flush=True)
    raise SystemExit(stopped.exit_code)
"""
IN_A_DESTRUCTOR = """
class Slow:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(60)

try:
    with signals.handled_by(signals.stop):
        Slow()
        time.sleep(60)
except signals.Stopped as stopped:
    print("stopped", stopped.exit_code, flush=True)
"""
PRINTED_BY_C_CODE = """
import sys
for error in (signals.Stopped(15), ValueError("shown")):
    sys.excepthook(type(error), error, None)  # C code calls it when it cannot import a module
"""


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize(("together", "end"), [(0.0, ""), (60.0, "cleaned\n")])
def test_the_second_signal_ends_at_once_unless_it_was_sent_with_the_first(together: float, end: str) -> None:
    with script(f"signals.TOGETHER = {together}\n{SLOW_TO_CLEAN_UP}")() as child:
        for word in ("ready\n", "cleaning\n"):
            assert child.stdout
            assert word == child.stdout.readline()
            child.send_signal(signal.SIGTERM)
        assert (end, "") == child.communicate(timeout=30)
    assert 143 == child.returncode


def test_a_signal_in_a_destructor_is_not_lost() -> None:
    with script(IN_A_DESTRUCTOR)() as child:
        assert child.stdout
        assert "ready\n" == child.stdout.readline()
        child.send_signal(signal.SIGHUP)
        assert ("stopped 129\n", "") == child.communicate(timeout=30)


def test_a_signal_while_c_code_imports_a_module_is_not_printed() -> None:
    with script(PRINTED_BY_C_CODE)() as child:
        assert ("", "ValueError: shown\n") == child.communicate(timeout=30)
