"""Whatever call of the system fails, and whenever the process is killed, a file is the old one or the new one."""

import errno
import functools
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from promises import Cases

from rnncli import api, modelfile, writing
from rnncli.errors import FileError
from rnncli.training import Epoch, Listener
from rnncli.writing import files

if TYPE_CHECKING:
    from rnncli.model import Model

OLD, NEW = b"old" * 30_000, b"new" * 50_000
ERRORS = (errno.ENOSPC, errno.EIO, errno.EINTR)
# Calls that fail because of a disk that is full or broken, and go on to do so; a name can be removed all the same.
OF_DISKS = ("open", "write", "fsync", "replace", "mkdir", "fchmod", "setxattr")
CALLS = (
    *OF_DISKS,
    *("close", "unlink", "rmdir", "stat", "lstat", "fstat", "readlink", "scandir", "utime"),
    *("fchown", "listxattr", "getxattr", "dup", "link"),
)


class Faults:
    """Makes the N-th call of the system fail, or all of a disk from the N-th on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number: int | None = None  # of the next call; ``None`` between two cases
        for name in CALLS:
            monkeypatch.setattr(os, name, self._failing(name, getattr(os, name)))

    @contextmanager
    def at(self, number: int, error: int, forever: bool = False) -> Iterator[None]:
        """In this block the call of this number fails; ``failed`` is its name, "" if there were not so many."""
        self.number, self.last, self.error, self.forever, self.failed = 0, number, error, forever, ""
        try:
            yield
        finally:
            self.number = None

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **options: Any) -> Any:
            if self.number is None:
                return call(*arguments, **options)
            self.number += 1
            is_now = self.number == self.last
            if is_now:
                self.failed = name
            if is_now or (self.forever and self.failed and name in OF_DISKS):
                if name == "close":  # the system closes a file even if that fails
                    call(*arguments, **options)
                raise OSError(self.error, os.strerror(self.error))
            return call(*arguments, **options)

        return instead


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    monkeypatch.setattr(files, "_PAUSE", 0)
    return Faults(monkeypatch)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plain(folder: Path) -> Path:
    return folder / "file"


def linked(folder: Path) -> Path:
    (folder / "link").symlink_to("file")
    return folder / "link"


def in_new_folder(folder: Path) -> Path:
    return folder / "a" / "b" / "file"


def write_whole(path: Path) -> None:
    writing.write(path, memoryview(NEW))


def write_pieces(path: Path) -> None:
    with writing.writing(path) as file:
        for start in range(0, len(NEW), 40_000):
            file.write(NEW[start : start + 40_000])


# Where a file is, whether there is an old one, how it is written, and whether an error stays.
Situation = tuple[Callable[[Path], Path], bool, Callable[[Path], None], bool]
ALL: list[Situation] = list(
    itertools.product((plain, linked, in_new_folder), (True, False), (write_whole, write_pieces), (False, True))
)
SOME: list[Situation] = [
    (plain, True, write_whole, False),
    (plain, True, write_pieces, True),
    (linked, False, write_pieces, False),
    (linked, True, write_whole, True),
    (in_new_folder, False, write_whole, False),
]


def check_after(folder: Path, path: Path, is_there: bool, is_written: bool, failed: str) -> None:
    """What must hold after a call of this name has failed: a whole file, with its permissions, and no other."""
    if is_written:
        assert NEW == path.read_bytes()
    elif is_there or path.exists():
        assert path.read_bytes() in (OLD, NEW)
    if is_there:
        assert 0o640 == path.stat().st_mode & 0o777
    if failed not in ("unlink", "rmdir"):  # what cannot be removed stays
        others = [each for each in folder.rglob("*") if each.is_file() and not each.samefile(path)]
        assert [] == others
        assert path.exists() or set(names(folder)) <= {"link"}


@pytest.mark.promise("whole-file")
@pytest.mark.promise("no-leftovers")
def test_whatever_call_fails_the_file_is_the_old_or_the_new_one(
    tmp_path: Path, faults: Faults, long: bool, cases: Cases
) -> None:
    for place, is_there, write, stays in ALL if long else SOME:
        for error in ERRORS[:2] if stays else ERRORS:  # a call is not interrupted for ever
            written = []
            while not written or faults.failed:
                folder = tmp_path / f"{cases.count}"
                folder.mkdir()
                path = place(folder)
                if is_there:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(OLD)
                    path.chmod(0o640)
                with faults.at(len(written) + 1, error, stays):
                    try:
                        write(path)
                        written.append(True)
                    except FileError as problem:
                        assert problem.where == str(path)
                        written.append(False)
                check_after(folder, path, is_there, written[-1], faults.failed)
                cases.add()
            assert written[-1]
            assert len(written) > 15
            # An error that passes is passed over, where all of the content is there.
            assert (written.count(False) < 10) == (write is write_whole and error != errno.ENOSPC and not stays)


@pytest.mark.promise("whole-file")
def test_after_a_call_that_fails_once_a_model_is_written_all_the_same(
    tmp_path: Path, faults: Faults, tiny: "Model", cases: Cases
) -> None:
    path = tmp_path / "model.npz"
    modelfile.save(tiny, path)
    whole = path.read_bytes()
    for number in range(1, 1_000):
        path.write_bytes(b"")
        with faults.at(number, errno.EIO), suppress(FileError):
            writing.or_elsewhere(path, functools.partial(modelfile.save, tiny))
        if path.read_bytes() == whole and not faults.failed:
            break
        if faults.failed in ("write", "fsync", "replace", "close", "open"):
            assert whole == path.read_bytes(), f"{faults.failed}, call {number}"
            cases.add()
    assert cases.count >= 5


def test_the_error_of_the_work_is_not_hidden_by_one_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ZeroDivisionError), writing.writing(tmp_path / "out") as file:
        file.write(b"new")  # it waits in a buffer
        monkeypatch.setattr(os, "write", fail)
        raise ZeroDivisionError
    assert [] == names(tmp_path)


@pytest.mark.promise("one-writer")
def test_whatever_call_fails_a_lock_is_held_or_refused(tmp_path: Path, faults: Faults, cases: Cases) -> None:
    for error in ERRORS:
        for number in range(1, 1_000):
            folder = tmp_path / f"{error}-{number}"
            path = folder / "a" / "model.npz"
            folder.mkdir()
            with faults.at(number, error):
                try:
                    with writing.lock(path):
                        assert ".model.npz.lock" in names(path.parent)
                except FileError:
                    pass
            if faults.failed not in ("unlink", "rmdir"):
                assert [] == [each for each in folder.rglob("*") if "lock" in each.name], faults.failed
            if not faults.failed:
                break
            cases.add()
            shutil.rmtree(folder)


# Full disks.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "rnncli-test", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let the tests mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, free: int) -> None:
    """Fill a disk so that about so many bytes are free."""
    (folder / "filling").unlink(missing_ok=True)
    status = os.statvfs(folder)
    (folder / "filling").write_bytes(b"x" * max(0, status.f_bavail * status.f_bsize - free))


@pytest.mark.promise("whole-file")
def test_on_a_full_disk_the_old_file_stays(small_disk: Path, cases: Cases) -> None:
    path = small_disk / "model.npz"
    path.write_bytes(OLD)
    for free in cases.counted(range(0, 180_000, 4_096)):
        fill(small_disk, free)
        try:
            writing.write(path, memoryview(NEW))
            assert NEW == path.read_bytes()
            assert free > len(NEW)
        except FileError as error:
            assert error.message == "could not be written: No space left on device"
            assert OLD == path.read_bytes()
        assert ["filling", "model.npz"] == names(small_disk)
        path.write_bytes(OLD)


@pytest.mark.promise("no-leftovers")
def test_a_lock_is_removed_though_the_disk_has_become_full(small_disk: Path) -> None:
    with writing.lock(small_disk / "model.npz"):
        fill(small_disk, 0)
    assert ["filling"] == names(small_disk)


LIMITED = """
import resource, sys
from pathlib import Path
from rnncli import writing
from rnncli.errors import FileError
folder, step = Path(sys.argv[1]), int(sys.argv[2])
(folder / "model.npz").write_bytes(b"old")
content = memoryview(bytes(100_000))
for limit in range(100_001, 3, -step):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    (folder / "model.npz").write_bytes(b"old")
    try:
        writing.write(folder / "model.npz", content)
        assert limit >= len(content)
    except FileError as error:
        assert error.message == "could not be written: File too large", error
        assert (folder / "model.npz").read_bytes() == b"old"
    assert len(list(folder.iterdir())) == 1
    print(limit)
"""


@pytest.mark.promise("whole-file")
def test_a_limit_on_the_size_of_files_leaves_the_old_one(tmp_path: Path, cases: Cases) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-c", LIMITED, str(folder), "2500"]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (child.returncode, child.stderr)
    cases.add(len(child.stdout.splitlines()))
    assert cases.count == 40


# Work that cannot be written where it should be.


@pytest.mark.promise("work-kept")
def test_work_that_cannot_be_written_is_kept_in_the_first_place_that_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: "Model", cases: Cases
) -> None:
    blocked = tmp_path / "no folder"
    blocked.touch()
    places = [tmp_path / name for name in ("state", "temporary", "current")]
    for fitting in (*cases.counted(range(3)), None):  # the first place that fits
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
        fits = [fitting is not None and number >= fitting for number in range(3)]
        monkeypatch.setenv("XDG_STATE_HOME", str(places[0] if fits[0] else blocked))
        monkeypatch.setattr("tempfile.tempdir", str(places[1] if fits[1] else blocked))
        monkeypatch.chdir(places[2])
        if not fits[2]:
            places[2].rmdir()
        below = blocked / "my model.npz"
        with pytest.raises(FileError) as caught:
            writing.or_elsewhere(below, lambda path: modelfile.save(tiny, path))
        error = caught.value
        assert (str(below), 5) == (error.where, error.exit_code)
        if fitting is None:
            assert error.message.startswith("could not be written: Not a directory; nor could it be written in ")
            assert error.message.endswith(", so it is lost")
            continue
        kept = re.fullmatch("could not be written: Not a directory; it was written to (.*) instead", error.message)
        assert kept
        path = Path(kept[1])
        assert path.is_relative_to(places[fitting])
        assert path.name == "my model.npz"
        assert 0o700 == path.parent.stat().st_mode & 0o777
        assert modelfile.load(path).tags == tiny.tags
        assert [path.name] == names(path.parent)


@pytest.mark.promise("no-leftovers")
def test_a_place_that_does_not_take_the_work_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths = []

    def write(path: Path) -> None:
        paths.append(path)
        raise FileError("could not be written: No space left on device")

    with pytest.raises(FileError, match="so it is lost"):
        writing.or_elsewhere(tmp_path / "out", write)
    assert 4 == len(paths)
    assert [] == [path for path in paths if path != tmp_path / "out" and path.parent.exists()]


def test_what_was_written_is_not_written_elsewhere(tmp_path: Path) -> None:
    assert 7 == writing.or_elsewhere(tmp_path / "out", lambda path: path.write_text("written"))
    assert ["out"] == names(tmp_path)


class Spoiler(Listener):
    """Replaces the folder of the output by a file after an epoch."""

    def __init__(self, folder: Path, is_deleted: bool) -> None:
        self.folder = folder
        self.is_deleted = is_deleted

    def epoch(self, epoch: Epoch) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.is_deleted:
            with suppress(FileExistsError):
                self.folder.touch(exist_ok=False)


@pytest.mark.promise("work-kept")
def test_a_training_whose_folder_is_gone_at_the_end_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, booking_tsv: Path, cases: Cases
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    out = tmp_path / "folder" / "model.npz"
    options: dict[str, Any] = {"out": out, "hidden": 4, "epochs": 1}
    api.train(booking_tsv, listener=Spoiler(out.parent, is_deleted=True), **options)
    assert modelfile.load(out).tags
    with pytest.raises(FileError, match="could not be written: Not a directory; it was written to") as caught:
        api.train(booking_tsv, listener=Spoiler(out.parent, is_deleted=False), **options)
    assert caught.value.exit_code == 5
    kept = next((tmp_path / "state").rglob("model.npz"))
    assert str(kept) in caught.value.message
    assert modelfile.load(kept).tags
    cases.add(2)


@pytest.mark.promise("work-kept")
@pytest.mark.promise("whole-file")
def test_a_training_whose_model_does_not_fit_on_the_disk_is_not_lost(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, booking_tsv: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    out = small_disk / "model.npz"
    options: dict[str, Any] = {"out": out, "hidden": 4, "epochs": 1}
    before = api.train(booking_tsv, **options).sha256
    fill(small_disk, 16_384)
    with pytest.raises(FileError, match="No space left on device; it was written to"):
        api.train(booking_tsv, seed=2, **options)
    assert before == hashlib.sha256(out.read_bytes()).hexdigest()
    assert ["filling", "model.npz"] == names(small_disk)
    assert 2 == modelfile.load(next((tmp_path / "state").rglob("model.npz"))).training_spec.seed
    fill(small_disk, 0)
    with pytest.raises(FileError, match="could not be locked: No space left on device"):
        api.train(booking_tsv, seed=2, **options)


# Kills. One process starts others that write a file again and again, and kills them at random moments.

KILL = """
import os, random, signal, sys, time
from pathlib import Path
from rnncli import modelfile, writing
folder, count, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
model = modelfile.load(sys.argv[4])
path = folder / "model.npz"
contents = []
for seed in (1, 2):
    model.provenance["seed"] = seed
    modelfile.save(model, path)
    contents.append(path.read_bytes())
def write(number):
    model.provenance["seed"] = number % 2 + 1
    if kind == "locked":
        with writing.lock(path):
            modelfile.save(model, path)
    else:
        modelfile.save(model, path)
start = time.perf_counter()
write(1)
longest = 3 * (time.perf_counter() - start)
draws = random.Random(7)
left = changed = 0
for number in range(count):
    before = path.read_bytes()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        for again in range(10**9):
            write(again)
            os.write(writer, b".")
    os.read(reader, 1)  # it has begun
    time.sleep(draws.random() * longest)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    content = path.read_bytes()
    assert content in contents, f"{len(content)} bytes after kill {number}"
    changed += content != before
    left += len(list(folder.iterdir())) - 1
    write(number)
    assert [path] == list(folder.iterdir()), list(folder.iterdir())
print(f'{{"left": {left}, "changed": {changed}}}')
"""


@pytest.mark.promise("whole-file")
@pytest.mark.promise("no-leftovers")
@pytest.mark.parametrize("kind", ["plain", "locked"])
def test_a_process_that_is_killed_leaves_a_whole_file_and_the_next_one_tidies(
    tmp_path: Path, long: bool, kind: str, trained: api.Trained, cases: Cases
) -> None:
    count = 200 if long else 15
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-c", KILL, str(folder), str(count), kind, str(trained.path)]
    child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert "" == child.stderr
    result = json.loads(child.stdout)
    assert result["left"]  # the kills did come while files were written
    cases.add(count)
