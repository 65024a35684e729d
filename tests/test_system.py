"""rnncli tag works where the system has nothing but what Windows and macOS have as well."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "rnncli"

# Takes away what Windows does not have, and then is the program.
CHILD = """
import builtins, io, os, select, signal, sys

# Loaded by the standard library and NumPy, each of which has its own way on other systems.
import platform, shutil, socket, subprocess, tempfile, threading, typing, concurrent.futures, numpy, typer
import rich.console, platformdirs, sysconfig, threadpoolctl

sysconfig.get_config_vars()

MISSING = ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog", "readline")
for name in MISSING:
    sys.modules[name] = None
OF_OS = (
    "fork forkpty fchown fchmod chown lchown getuid geteuid getgid getegid getgroups uname mkfifo mknod killpg "
    "nice setsid getpgid getpgrp sched_getaffinity sched_setaffinity sched_yield statvfs sysconf getloadavg "
    "listxattr getxattr setxattr memfd_create O_CLOEXEC O_NONBLOCK O_NOCTTY O_DIRECTORY O_NOFOLLOW set_blocking "
    "get_blocking WNOHANG wait waitpid wait3 wait4 pread pwrite"
)
for name in OF_OS.split():
    if hasattr(os, name):
        delattr(os, name)
OF_SIGNAL = "SIGHUP SIGPIPE SIGALRM SIGCHLD SIGUSR1 SIGUSR2 SIGQUIT SIGKILL setitimer pause pthread_kill sigwait"
for name in OF_SIGNAL.split():
    if hasattr(signal, name):
        delattr(signal, name)

def refused(*_):
    raise OSError(10038, "an operation was attempted on something that is not a socket")

def without_proc(call):
    def called(path, *arguments, **options):
        if isinstance(path, (str, os.PathLike)) and str(path).startswith(("/proc", "/sys", "/dev/fd")):
            raise FileNotFoundError(2, "no such file", str(path))
        return call(path, *arguments, **options)
    return called

def ending(pid, number):
    raise AssertionError("os.kill ends a process on Windows")

select.select = refused
for name in ("PIPE_BUF", "poll", "epoll"):
    delattr(select, name)
os.kill = ending
sys.platform = "win32"
builtins.open = io.open = without_proc(io.open)
os.stat = without_proc(os.stat)
os.readlink = without_proc(os.readlink)
from rnncli.__main__ import main
main()
"""


def on_windows(folder: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the program without what Windows lacks."""
    script = folder / "child.py"
    script.write_text(CHILD, "utf-8")
    command = [sys.executable, str(script), *words]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", cwd=folder, check=False, timeout=120
    )


LABELLED = "leave\tO\nTaipei\tB-departure\n\n"


def test_tag_needs_nothing_that_windows_lacks(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("leave Taipei\n" * 3)
    (tmp_path / "old.tsv").write_text("before")
    runs = [
        (("tag", "leave Taipei", "--to", "tsv"), "", LABELLED),
        (("tag", "--to", "tsv"), "leave Taipei\n", LABELLED),
        (("tag", "--input", "texts.txt", "--to", "tsv", "--out", "new.tsv"), "", ""),
        (("tag", "--input", "texts.txt", "--to", "tsv", "--out", "old.tsv", "--overwrite"), "", ""),
    ]
    for words, stdin, expected in runs:
        result = on_windows(tmp_path, *words, stdin=stdin)
        assert (0, expected) == (result.returncode, result.stdout), result.stderr
        assert "Traceback" not in result.stderr
    assert [LABELLED * 3] * 2 == [(tmp_path / name).read_text() for name in ("new.tsv", "old.tsv")]
    assert {"child.py", "texts.txt", "old.tsv", "new.tsv"} == {path.name for path in tmp_path.iterdir()}


def test_an_error_is_one_sentence_there_too(tmp_path: Path) -> None:
    result = on_windows(tmp_path, "tag", "hello", "--model", "none.npz")
    assert (5, "") == (result.returncode, result.stdout)
    assert result.stderr.startswith("error: none.npz: no such model")
