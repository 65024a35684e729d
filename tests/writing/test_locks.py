"""writing.locks: one process at a time writes a file, and what an ended one left is no lock."""

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from promises import Cases

from rnncli import writing
from rnncli.errors import FileError
from rnncli.writing import locks, processes

HOLD = """
import sys
from pathlib import Path
from rnncli import writing
from rnncli.errors import FileError
try:
    with writing.lock(*sys.argv[1:]):
        print("locked", flush=True)
        sys.stdin.read()
except FileError as error:
    print(error, flush=True)
"""


@contextmanager
def holder(*paths: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds locks; its first line is read already."""
    command = [sys.executable, "-c", HOLD, *map(str, paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert "locked\n" == child.stdout.readline()
            yield child
        finally:
            child.kill()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(path: Path) -> str:
    with pytest.raises(FileError) as caught, writing.lock(path):
        pass
    assert str(path) == caught.value.where
    return f"{caught.value.message}; {caught.value.hint}"


@pytest.mark.promise("one-writer")
def test_the_second_is_refused_and_told_who_writes(tmp_path: Path, cases: Cases) -> None:
    path = tmp_path / "new" / "model.npz"
    link = tmp_path / "link"
    link.symlink_to(path)
    with holder(path) as child:
        for name in cases.counted((path, tmp_path / "new" / ".." / "new" / "model.npz", link)):
            message = refused(name)
            assert message.startswith(f"process {child.pid} on {os.uname().nodename} writes it, since 2")
            assert message.endswith("; wait until it has ended, or write another file")
        with writing.lock(path.with_name("other.npz")):
            assert [".model.npz.lock", ".other.npz.lock"] == names(path.parent)
        child.communicate("")
    with writing.lock(path):
        assert [".model.npz.lock"] == names(path.parent)
    assert [] == names(path.parent)


@pytest.mark.promise("one-writer")
def test_of_several_files_all_are_locked_or_none(tmp_path: Path) -> None:
    log = tmp_path / "log.json"
    with holder(log):
        with pytest.raises(FileError, match="writes it"), writing.lock(tmp_path / "model.npz", log, None):
            pass
        assert [".log.json.lock"] == names(tmp_path)


@pytest.mark.promise("one-writer")
def test_one_process_cannot_write_a_file_twice_either(tmp_path: Path) -> None:
    with writing.lock(tmp_path / "model.npz"):
        assert f"process {os.getpid()} on" in refused(tmp_path / "model.npz")


def test_a_lock_ends_with_an_error_and_the_error_is_its_own(tmp_path: Path) -> None:
    for exception in (OSError("of the work"), KeyboardInterrupt(), SystemExit()):
        with pytest.raises(type(exception)) as caught, writing.lock(tmp_path / "a" / "model.npz"):
            raise exception
        assert exception is caught.value
        assert [] == names(tmp_path)


def test_streams_need_no_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("/dev/null", tmp_path / "pipe", "-"):
        with writing.lock(name), writing.lock(name):
            pass
    assert ["pipe"] == names(tmp_path)


def test_readers_and_the_writing_itself_do_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    path.write_text("old")
    with holder(path):
        assert "old" == path.read_text()
        writing.write_text(path, "new")
        assert "new" == path.read_text()


# Locks that are left.


@pytest.mark.promise("one-writer")
def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    with holder(path) as child:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # its number is still in use
        with writing.lock(path):
            assert str(os.getpid()) in (tmp_path / ".model.npz.lock").read_text()
            assert f"process {os.getpid()} on" in refused(path)
    assert [] == names(tmp_path)


def write_lock(path: Path, silent: float = 0.0, **changes: object) -> Path:
    """Write a lock as another process would have, whose last sign of life was so many seconds ago."""
    machine, pid, start = processes.this_process()
    values = {"rnncli": "0123456789abcdef", "machine": machine, "pid": pid, "start": start, "host": "other"}
    file = path.with_name(f".{path.name}.lock")
    file.write_text(json.dumps({**values, "since": "2026-01-01 10:00:00 +0000", **changes}))
    os.utime(file, (time.time() - silent, time.time() - silent))
    return file


@pytest.mark.promise("one-writer")
def test_a_number_that_another_process_has_now_is_no_holder(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_lock(path)
    assert "process" in refused(path)
    write_lock(path, start="1")
    with writing.lock(path):
        pass
    assert [] == names(tmp_path)


@pytest.mark.promise("one-writer")
def test_another_machine_holds_a_lock_as_long_as_it_shows_life(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    file = write_lock(path, locks.SILENCE - 60, machine="0123456789ab", pid=1)
    message = refused(path)
    assert message == (
        "process 1 on other writes it, since 2026-01-01 10:00:00 +0000; wait until it has ended, or write another "
        f"file; if it does not run any more, remove {file}"
    )
    write_lock(path, locks.SILENCE + 60, machine="0123456789ab", pid=1)
    with writing.lock(path):
        pass
    assert [] == names(tmp_path)


@pytest.mark.promise("one-writer")
def test_a_lock_shows_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "SIGNS", 0.01)
    file = tmp_path / ".model.npz.lock"
    with writing.lock(tmp_path / "model.npz"):
        os.utime(file, (0, 0))
        while file.stat().st_mtime < 1:
            time.sleep(0.01)
    assert [] == names(tmp_path)


def test_a_lock_that_is_empty_is_one_for_a_while(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    file = tmp_path / ".model.npz.lock"
    file.touch()
    assert "another process begins to write it; try again in a moment" == refused(path)
    os.utime(file, (0, 0))
    with writing.lock(path):
        pass
    assert [] == names(tmp_path)


@pytest.mark.promise("own-files")
@pytest.mark.parametrize(
    "content",
    ["notes", "{}", "[1]", "[" * 100_000, '{"rnncli": "../../x", "machine": "", "pid": 1}', "\0" * 5000, "\udcff"],
    ids=range(7),
)
def test_a_file_that_is_no_lock_is_not_removed(tmp_path: Path, content: str) -> None:
    file = tmp_path / ".model.npz.lock"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    os.utime(file, (0, 0))
    with pytest.raises(FileError) as caught, writing.lock(tmp_path / "model.npz"):
        pass
    assert f"{file}: is not a lock of rnncli\n  remove it if it is of no use" == str(caught.value)
    assert content == file.read_bytes().decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "dangling link"])
def test_what_is_no_file_is_no_lock(tmp_path: Path, kind: str) -> None:
    file = tmp_path / ".model.npz.lock"
    {
        "folder": file.mkdir,
        "fifo": lambda: os.mkfifo(file),
        "link": lambda: file.symlink_to("/dev/zero"),
        "dangling link": lambda: file.symlink_to("none"),
    }[kind]()
    with pytest.raises(FileError, match="is not a lock of rnncli"), writing.lock(tmp_path / "model.npz"):
        pass
    assert [file.name] == names(tmp_path)


@pytest.mark.promise("one-writer")
def test_a_file_system_without_links_has_locks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "model.npz"
    for process in ({}, {"start": "1"}):
        write_lock(path, **process)
        if not process:
            assert "writes it" in refused(path)
            continue
        with writing.lock(path):
            assert f"process {os.getpid()} on" in refused(path)
    assert [] == names(tmp_path)


# Several that want the same lock at one moment. Each notes its turn in a file that only one may have.

RACE = """
import os, sys, time
from pathlib import Path
from rnncli import writing
from rnncli.errors import FileError
folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
turn = folder / "turn"
print("ready", flush=True)
start = float(sys.stdin.readline())
for number in range(rounds):
    stale = folder / f"{number}"
    time.sleep(max(0, start + number * 0.02 - time.time()))
    try:
        with writing.lock(stale):
            os.close(os.open(folder / f"{number}.turn", os.O_CREAT | os.O_EXCL))  # fails if there are two
            time.sleep(0.004)
            os.unlink(folder / f"{number}.turn")
            print("won", number, flush=True)
    except FileError as error:
        assert "write" in str(error) or "No such file" in str(error), error
"""


@pytest.mark.promise("one-writer")
@pytest.mark.parametrize("guarded", [False, True])
def test_of_several_that_find_a_lock_left_one_gets_it(
    tmp_path: Path, long: bool, guarded: bool, cases: Cases
) -> None:
    rounds = 500 if long else 40
    for number in range(rounds):
        write_lock(tmp_path / str(number), start="1", rnncli=f"{number:016x}")
        if guarded:  # by one that was killed while it removed the lock
            guard = write_lock(tmp_path / "guard", start="1", rnncli=f"{number + rounds:016x}")
            guard.rename(tmp_path / f".rnncli-{number:016x}.lock")
    command = [sys.executable, "-c", RACE, str(tmp_path), str(rounds)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert "ready\n" == child.stdout.readline()
    start = time.time() + 0.05
    outputs: list[tuple[str, str]] = [("", "")] * len(children)

    def run(number: int) -> None:
        outputs[number] = children[number].communicate(f"{start}\n", timeout=120)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(children))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [""] * len(children) == [error for _, error in outputs]
    won = {line for output, _ in outputs for line in output.splitlines()}
    assert {f"won {number}" for number in range(rounds)} <= won
    assert [] == names(tmp_path)
    cases.add(rounds)
