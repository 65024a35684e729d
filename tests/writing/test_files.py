"""writing.files: the file at a path is the old whole one or the new whole one, with the permissions it had."""

import errno
import logging
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from promises import Cases

from rnncli import writing
from rnncli.errors import FileError
from rnncli.writing import processes, temporary

# Whether this is root of a machine and not of a container, which may have one user only.
HAS_USERS = os.getuid() == 0 and int(Path("/proc/self/uid_map").read_text().split()[2]) > 2**16


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that is there already, in a folder of its own."""
    path = tmp_path / "folder" / "model.npz"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The file at the path.


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b c\n" / "é.txt"
    writing.write_text(path, "tö\n")
    assert "tö\n".encode() == path.read_bytes()
    assert ["é.txt"] == names(path.parent)


def test_after_an_error_the_old_file_is_there_and_no_other(old: Path) -> None:
    for exception in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(exception), writing.writing(old) as file:
            file.write(b"new" * 100_000)
            file.flush()
            assert 2 == len(names(old.parent))
            raise exception
        assert b"old" == old.read_bytes()
        assert ["model.npz"] == names(old.parent)


def test_folders_that_were_made_for_nothing_are_removed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing.writing(tmp_path / "a" / "b" / "out.txt"):
        raise ZeroDivisionError
    assert [] == names(tmp_path)


def test_a_reader_of_the_old_file_goes_on(old: Path) -> None:
    with old.open("rb") as reader:
        writing.write(old, memoryview(b"new"))
        assert b"old" == reader.read()
    assert b"new" == old.read_bytes()


def test_a_name_of_255_bytes_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127 + "n")
    with writing.lock(path):
        writing.write(path, memoryview(b"new"))
        writing.write(path, memoryview(b"newer"))
    assert b"newer" == path.read_bytes()
    assert [path.name] == names(tmp_path)


def test_a_path_is_taken_as_it_was_when_the_writing_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    with writing.writing(Path("out.txt")) as file:
        file.write(b"new")
        monkeypatch.chdir(tmp_path / "there")
    assert ["out.txt", "there"] == names(tmp_path)


def test_without_a_current_folder_a_whole_path_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    writing.check([writing.Output("--out", tmp_path / "out.txt", writing.TEXT)], {"--input": "in.txt"})
    writing.write_text(tmp_path / "out.txt", "new")
    assert "new" == (tmp_path / "out.txt").read_text()
    with pytest.raises(FileError, match=r"out\.txt: could not be written: No such file"):
        writing.write_text(Path("out.txt"), "new")


# Permissions and owner.


@pytest.mark.promise("whole-file")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path, cases: Cases) -> None:
    for mask in cases.counted((0o000, 0o022, 0o077, 0o027)):
        path = tmp_path / f"{mask:o}"
        before = os.umask(mask)
        try:
            writing.write_text(path, "new")
        finally:
            os.umask(before)
        assert 0o666 & ~mask == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.promise("whole-file")
def test_the_permissions_of_the_old_file_are_kept(old: Path, cases: Cases) -> None:
    for mode in cases.counted((0o600, 0o640, 0o644, 0o666, 0o664, 0o755)):
        old.chmod(mode)
        writing.write(old, memoryview(b"%o" % mode))
        assert (mode, b"%o" % mode) == (stat.S_IMODE(old.stat().st_mode), old.read_bytes())


def test_a_file_is_private_until_it_has_its_permissions(old: Path) -> None:
    old.chmod(0o640)
    with writing.writing(old) as file:
        assert 0o600 == stat.S_IMODE(os.fstat(file.fileno()).st_mode)


@pytest.mark.skipif(not HAS_USERS, reason="only root of the machine can give a file to another user")
@pytest.mark.promise("whole-file")
def test_the_owner_of_the_old_file_is_kept(old: Path) -> None:
    os.chown(old, 12345, 23456)
    old.chmod(0o640)
    writing.write(old, memoryview(b"new"))
    status = old.stat()
    assert (12345, 23456, 0o640) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


@pytest.mark.skipif(not HAS_USERS, reason="only root of the machine can give a file to another group")
@pytest.mark.parametrize("error", [errno.EPERM, errno.EINVAL])
def test_another_group_gets_no_permission_that_it_had_not(
    old: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(error, os.strerror(error))

    os.chown(old, 12345, 23456)
    old.chmod(0o664)
    monkeypatch.setattr(os, "fchown", refuse)  # as for a user who is in no such group
    writing.write(old, memoryview(b"new"))
    assert 0o644 == stat.S_IMODE(old.stat().st_mode)


def test_attributes_of_users_are_kept(old: Path) -> None:
    try:
        os.setxattr(old, "user.source", b"corpus 7")
    except OSError:
        pytest.skip("this file system has no attributes")
    writing.write(old, memoryview(b"new"))
    assert b"corpus 7" == os.getxattr(old, "user.source")


# Links.


@pytest.mark.promise("whole-file")
@pytest.mark.parametrize("is_there", [True, False])
def test_through_a_link_the_target_is_replaced_and_the_link_stays(
    tmp_path: Path, is_there: bool, cases: Cases
) -> None:
    for number, link_text in cases.counted(enumerate(("target/file", "./target/../target/file", "second"))):
        folder = tmp_path / str(number)
        target = folder / "target" / "file"
        target.parent.mkdir(parents=True)
        if is_there:
            target.write_text("old")
            target.chmod(0o640)
        (folder / "second").symlink_to(target)
        link = folder / "link"
        link.symlink_to(link_text)
        writing.write_text(link, "new")
        assert "new" == target.read_text()
        assert Path(link_text) == link.readlink()
        assert ["file"] == names(target.parent)
        assert ["link", "second", "target"] == names(folder)
        if is_there:
            assert 0o640 == stat.S_IMODE(target.stat().st_mode)


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match="Too many levels of symbolic links"):
        writing.write_text(tmp_path / "a", "new")
    with pytest.raises(FileError, match="cannot write here: Too many levels of symbolic links"):
        writing.check([writing.Output("--out", tmp_path / "a", writing.TEXT)], {})
    with pytest.raises(FileError, match="Too many levels of symbolic links"), writing.lock(tmp_path / "a"):
        pass
    assert ["a", "b"] == names(tmp_path)


def test_another_name_of_the_old_file_keeps_it(old: Path) -> None:
    other = old.with_name("other")
    other.hardlink_to(old)
    writing.write(old, memoryview(b"new"))
    assert (b"old", b"new") == (other.read_bytes(), old.read_bytes())


# Streams.


@pytest.mark.promise("own-files")
def test_a_fifo_gets_what_is_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = os.urandom(300_000)  # more than a pipe holds
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        thread = threading.Thread(target=writing.write, args=(pipe, memoryview(content)))
        thread.start()
        output, _ = reader.communicate(timeout=60)
        thread.join()
    assert content == output
    assert pipe.is_fifo()
    assert ["pipe"] == names(tmp_path)


def test_who_waits_for_the_reader_of_a_fifo_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rnncli")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=writing.write_text, args=(pipe, "new"))
    thread.start()
    while not caplog.messages:
        assert thread.is_alive()
    assert "new" == pipe.read_text()
    thread.join()
    assert [f"waiting for a program that reads {pipe} …"] == caplog.messages


def test_a_reader_that_closes_the_pipe_ends_the_writing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(BrokenPipeError), writing.writing(pipe) as file:
        os.close(reader)
        file.write(b"new" * 100_000)
    assert pipe.is_fifo()


def test_a_full_pipe_that_does_not_wait_gets_everything(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    content = os.urandom(500_000)
    with os.fdopen(reader, "rb") as file:
        thread = threading.Thread(target=writing.write, args=(Path(f"/dev/fd/{writer}"), memoryview(content)))
        thread.start()
        assert content == file.read(len(content))
        thread.join()
    os.close(writer)


WRITE_NEW = """
import sys
from pathlib import Path
from rnncli import writing
writing.write_text(Path(sys.argv[1]), "new")
"""


@pytest.mark.promise("own-files")
@pytest.mark.parametrize("name", ["/dev/fd/1", "/proc/self/fd/1", "-", "stdout", "link"])
def test_stdout_goes_on_after_what_it_has(tmp_path: Path, name: str) -> None:
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    (tmp_path / "link").symlink_to("stdout")
    log = tmp_path / "log.txt"
    log.write_text("old ")
    with log.open("a") as file:
        subprocess.run([sys.executable, "-c", WRITE_NEW, name], stdout=file, cwd=tmp_path, check=True)
    assert "old new" == log.read_text()
    assert ["link", "log.txt", "stdout"] == names(tmp_path)


@pytest.mark.promise("own-files")
def test_devices_are_written_and_stay(device: Callable[[str], Path], cases: Cases) -> None:
    writing.write_text(device("null"), "new")
    with pytest.raises(FileError, match="could not be written: No space left on device"):
        writing.write_text(device("full"), "new")
    for name in cases.counted(("null", "full")):
        assert device(name).is_char_device()


# The order of what is done.


@pytest.mark.promise("whole-file")
@pytest.mark.parametrize("is_there", [True, False])
def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    path = tmp_path / "new" / "file"
    if is_there:
        path.parent.mkdir()
        path.write_text("old")
    calls: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            target = arguments[0]
            if isinstance(target, int):
                target = Path(f"/proc/self/fd/{target}").readlink()
            calls.append(f"{name} {'temporary' if '.rnncli-' in str(target) else Path(str(target)).name}")
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("write", "fsync", "replace", "mkdir"):
        watch(name)
    writing.write_text(path, "new")
    made = [] if is_there else ["mkdir new", f"fsync {tmp_path.name}"]
    assert [*made, "write temporary", "fsync temporary", "replace temporary", "fsync new"] == calls


# What a killed process has left.


def left(folder: Path, process: processes.Process) -> Path:
    path = folder / f".rnncli-{process.machine}-{process.pid}-{process.start}-0123abcd.tmp"
    path.write_text("half")
    return path


@pytest.mark.promise("no-leftovers")
def test_what_a_killed_process_left_is_removed_and_what_a_running_one_needs_stays(tmp_path: Path) -> None:
    this = processes.this_process()
    child = subprocess.Popen(["sleep", "60"])
    other = processes.Process(this.machine, child.pid, processes._start(child.pid))
    running = [left(tmp_path, this), left(tmp_path, other)]
    reused = left(tmp_path, other._replace(start="1"))  # the number of a process that has ended
    foreign = left(tmp_path, processes.Process("0123456789ab", child.pid, "1"))
    old_foreign = left(tmp_path, processes.Process("ba9876543210", child.pid, "1"))
    past = old_foreign.stat().st_mtime - temporary.DAY - 60
    os.utime(old_foreign, (past, past))
    guards = [tmp_path / ".rnncli-0123456789abcdef.lock", tmp_path / ".rnncli-fedcba9876543210.lock"]
    others = [
        tmp_path / name for name in (".rnncli-notes.tmp", ".rnncli-notes.lock", "rnncli.tmp", ".model.npz.abc")
    ]
    for path in (*guards, *others):
        path.write_text("kept")
    for path in (guards[0], *others):
        os.utime(path, (past, past))
    try:
        writing.write_text(tmp_path / "out", "new")
        assert all(path.exists() for path in (*running, foreign, guards[1], *others))
        assert not guards[0].exists()
        assert not reused.exists()
        assert not old_foreign.exists()
        child.kill()  # it is a zombie until it is waited for
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        writing.check([writing.Output("--out", tmp_path / "out", writing.TEXT)], {}, overwrite=True)
        assert [True, False] == [path.exists() for path in running]
    finally:
        child.kill()
        child.wait()
