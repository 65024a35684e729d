"""archive.py: files are written whole or not at all, and read without trust."""

import hashlib
import io
import json
import os
import pickle
import socket
import stat
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncli import archive, writing
from rnncli.errors import FileError, ModelError

WEIGHTS = np.arange(6, dtype=np.float32).reshape(2, 3)
NOTES = "十一月\u2028\0 ok"


def npy(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_claiming(text: str, data: bytes = b"") -> bytes:
    """A member whose .npy header says ``text``."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin1") + data


def header(**hashes: bytes) -> bytes:
    sha256 = {f"{name}.npy": hashlib.sha256(data).hexdigest() for name, data in hashes.items()}
    return npy(np.frombuffer(json.dumps({"sha256": sha256}, indent=1).encode(), np.uint8))


def zipped(path: Path, members: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> Path:
    """A container in the form that rnncli writes, whatever its members hold."""
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
    return path


def weights_of(path: Path) -> list[list[float]]:
    rows: list[list[float]] = archive.read(path, lambda file: file.array("weights", (2, 3))).tolist()
    return rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.npz"


@pytest.fixture
def written(path: Path) -> Path:
    archive.write(path, {"format": 1}, {"weights": WEIGHTS, "notes": archive.text_array(NOTES)})
    return path


def test_what_is_written_is_read_again(written: Path) -> None:
    def everything(file: archive.Members) -> tuple[Any, ...]:
        return file.header["format"], file.files, file.array("weights", (2, 3)).tolist(), file.text("notes")

    assert (1, ["weights.npy", "notes.npy"], WEIGHTS.tolist(), NOTES) == archive.read(written, everything)


def test_numpy_can_open_the_file(written: Path) -> None:
    with np.load(written, allow_pickle=False) as file:
        assert WEIGHTS.tolist() == file["weights"].tolist()
        assert NOTES == file["notes"].tobytes().decode()


def test_equal_content_makes_equal_bytes_and_their_hash_is_returned(tmp_path: Path) -> None:
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    hashes = [archive.write(path, {"a": "é"}, {"weights": WEIGHTS}) for path in (one, other)]
    assert one.read_bytes() == other.read_bytes()
    assert [hashlib.sha256(one.read_bytes()).hexdigest()] * 2 == hashes


def test_members_are_stored_plainly(written: Path) -> None:
    with zipfile.ZipFile(written) as file:
        assert {zipfile.ZIP_STORED} == {member.compress_type for member in file.infolist()}


def test_members_do_not_tell_when_they_were_written(written: Path) -> None:
    with zipfile.ZipFile(written) as file:
        assert {(1980, 1, 1, 0, 0, 0)} == {member.date_time for member in file.infolist()}


def test_the_header_holds_the_hash_of_every_other_member(written: Path) -> None:
    with zipfile.ZipFile(written) as file:
        expected = {name: hashlib.sha256(file.read(name)).hexdigest() for name in file.namelist()}
    del expected["header.npy"]
    assert expected == archive.read(written, lambda file: file.header["sha256"])


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_file_gets_the_permissions_that_the_user_asks_for(path: Path, mask: int, expected: int) -> None:
    before = os.umask(mask)
    try:
        archive.write(path, {}, {})
    finally:
        os.umask(before)
    assert expected == stat.S_IMODE(path.stat().st_mode)


# Files that are refused. Each is small; what it claims is not.


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.promise("no-code")
@pytest.mark.parametrize("name", ["weights", "header"])
def test_a_pickle_is_not_executed(path: Path, name: str) -> None:
    mark = path.with_name("executed")
    objects = np.empty(1, object)
    objects[0] = Evil(mark)
    for data in (pickle.dumps(Evil(mark)), npy(objects)):
        members = {"header.npy": header(weights=data), "weights.npy": npy(WEIGHTS), f"{name}.npy": data}
        with pytest.raises(ModelError, match=rf": {name} (is not an array|does not have the size)"):
            weights_of(zipped(path, members.items()))
    assert not mark.exists()
    pickle.loads(pickle.dumps(Evil(mark)))
    assert mark.exists()  # the attack itself works


@pytest.mark.promise("memory")
def test_a_deflate_bomb_is_not_inflated(path: Path) -> None:
    bomb = npy(np.zeros(25_000_000, np.float32))
    zipped(path, [("header.npy", header(weights=bomb)), ("weights.npy", bomb)], zipfile.ZIP_DEFLATED)
    del bomb
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    with pytest.raises(ModelError, match=r"member 'header\.npy' is compressed"):
        weights_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["weights.npy", "header.npy"])
def test_two_members_with_one_name_are_refused(path: Path, name: str) -> None:
    data = npy(WEIGHTS)
    members = [("header.npy", header(weights=data)), ("weights.npy", data)]
    with pytest.raises(ModelError, match="two with one name"):
        weights_of(zipped(path, [*members, (name, dict(members)[name])]))


def test_more_members_than_any_model_has_are_refused(path: Path) -> None:
    data = npy(WEIGHTS)
    many = [("header.npy", header(weights=data)), ("weights.npy", data), *((f"{i}.npy", b"") for i in range(999))]
    with pytest.raises(ModelError, match="too many members"):
        weights_of(zipped(path, many))
    archive.write(path, {}, {"weights": WEIGHTS, **{str(i): WEIGHTS for i in range(998)}})
    assert WEIGHTS.tolist() == weights_of(path)


def claim(path: Path, name: str, size: int) -> None:
    """Let both headers of a member say that it has ``size`` bytes."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    struct.pack_into("<LL", data, entry + 20, size, size)
    struct.pack_into("<LL", data, data.index(name.encode()) - 12, size, size)
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["weights.npy", "header.npy"])
def test_a_member_that_claims_more_bytes_than_the_file_has_is_refused(written: Path, name: str) -> None:
    claim(written, name, 300_000_000)
    with pytest.raises(ModelError, match=r"claim more bytes than the file has|wrong bytes after its members"):
        weights_of(written)


def test_a_member_that_claims_a_little_too_much_is_refused(written: Path) -> None:
    claim(written, "weights.npy", len(npy(WEIGHTS)) + 16)
    with pytest.raises(ModelError):
        weights_of(written)


def test_members_that_share_their_bytes_are_refused(path: Path) -> None:
    data = npy(np.zeros(50_000, np.float32))
    names = [f"a{i}.npy" for i in range(9)]
    zipped(path, [("header.npy", header()), *((name, data if name == "a0.npy" else b"") for name in names)])
    for name in names:
        claim(path, name, len(data))
    with pytest.raises(ModelError, match="claim more bytes than the file has"):
        weights_of(path)


SHAPES = {
    "another shape": npy(WEIGHTS.T.copy()),
    "flat": npy(WEIGHTS.ravel()),
    "float64": npy(WEIGHTS.astype(np.float64)),
    "integers": npy(WEIGHTS.astype(np.int32)),
    "the other byte order": npy(WEIGHTS.astype(">f4")),
    "columns first": npy(np.asfortranarray(WEIGHTS)),
    "fields": npy(np.zeros((2, 3), [("a", "<f4")])),
    "300 MB claimed": npy_claiming("{'descr': '<f4', 'fortran_order': False, 'shape': (75000000,)}", b"\0" * 24),
    "exabytes claimed": npy_claiming("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1" + "0" * 18 + ")}"),
    "negative": npy_claiming("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3)}", b"\0" * 24),
    "too short": npy(WEIGHTS)[:-1],
    "too long": npy(WEIGHTS) + b"\0",
    "empty": b"",
    "cut in its header": npy(WEIGHTS)[:20],
    "version 2": npy(WEIGHTS).replace(b"NUMPY\x01", b"NUMPY\x02"),
    "an expression": npy_claiming("__import__('os').getcwd()"),
    "no dictionary": npy_claiming("[1, 2]"),
    "keys missing": npy_claiming("{'descr': '<f4'}"),
    "no type": npy_claiming("{'descr': (), 'fortran_order': False, 'shape': (2, 3)}", b"\0" * 24),
    "half a type": npy_claiming("{'descr': ('<f4',), 'fortran_order': False, 'shape': (2, 3)}", b"\0" * 24),
    "brackets without end": npy_claiming("(" * 150),
    "a deep expression": npy_claiming("-" * 3000 + "1"),
    "a long header": npy_claiming(" " * 60_000),
    "an unhashable key": npy_claiming("{[]: 1}"),
    "keys that do not compare": npy_claiming("{1: 1, 'descr': 2}"),
}


# NumPy also takes headers as Python 2 wrote them, with a warning.
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
@pytest.mark.parametrize("name", ["weights", "header"])
@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_an_array_that_is_not_as_expected_is_refused(path: Path, name: str, data: bytes) -> None:
    members = {"header.npy": header(weights=data), "weights.npy": data, f"{name}.npy": data}
    zipped(path, members.items())
    with pytest.raises(ModelError) as caught:
        weights_of(path)
    assert str(path) == caught.value.where


@pytest.mark.parametrize("claimed", [23, 25, 300_000_000])
def test_text_claims_just_what_it_holds(path: Path, claimed: int) -> None:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({claimed},)}}"
    data = npy_claiming(text, b"\0" * 24)
    zipped(path, [("header.npy", header(notes=data)), ("notes.npy", data)])
    with pytest.raises(ModelError, match="notes is not an array of bytes"):
        archive.read(path, lambda file: file.text("notes"))


def test_text_that_is_not_utf8_is_refused(path: Path) -> None:
    data = npy(np.frombuffer(b"caf\xe9", np.uint8))
    zipped(path, [("header.npy", header(notes=data)), ("notes.npy", data)])
    with pytest.raises(ModelError, match="damaged"):
        archive.read(path, lambda file: file.text("notes"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(path: Path, value: float) -> None:
    spoilt = WEIGHTS.copy()
    spoilt[1, 2] = value
    data = npy(spoilt)
    zipped(path, [("header.npy", header(weights=data)), ("weights.npy", data)])
    with pytest.raises(ModelError, match="weights holds a number that is not finite"):
        weights_of(path)


def test_a_member_of_another_file_is_refused(path: Path) -> None:
    zipped(path, [("header.npy", header(weights=npy(WEIGHTS))), ("weights.npy", npy(WEIGHTS + 1))])
    with pytest.raises(ModelError, match="SHA-256 is not the one in the header"):
        weights_of(path)


HEADERS = {
    "no JSON": b"{",
    "no object": b"[1]",
    "null": b"null",
    "empty": b"",
    "not UTF-8": b'{"a": "\xff"}',
    "without hashes": b"{}",
    "hashes are no object": b'{"sha256": 3}',
    "deeper than Python goes": b"[" * 100_000,
    "a number too long": b'{"a": ' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_no_object_is_refused(path: Path, text: bytes) -> None:
    zipped(path, [("header.npy", npy(np.frombuffer(text, np.uint8))), ("weights.npy", npy(WEIGHTS))])
    with pytest.raises(ModelError) as caught:
        weights_of(path)
    assert str(path) == caught.value.where


def test_a_header_larger_than_any_model_needs_is_refused(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_LARGEST_HEADER", 100)  # the true limit would take a file of 64 MB
    with pytest.raises(ModelError, match="the header is too large"):
        weights_of(written)


def test_a_zip_without_a_header_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match="it has no header"):
        weights_of(zipped(path, [("weights.npy", npy(WEIGHTS))]))
    np.savez(path, weights=WEIGHTS)
    with pytest.raises(ModelError, match=r"not written by rnncli: wrong bytes before member 'weights\.npy'"):
        weights_of(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all\n" * 99, b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        weights_of(path)
    assert str(path) == caught.value.where


def test_an_encrypted_member_is_refused(written: Path) -> None:
    data = bytearray(written.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + offset] |= 1
    written.write_bytes(data)
    with pytest.raises(ModelError, match="encrypted"):
        weights_of(written)


# Files that cannot be read or written.


def test_a_missing_file_is_an_input_error(path: Path) -> None:
    with pytest.raises(FileError) as caught:
        weights_of(path)
    hint = '"rnncli train" makes one; default and zh come with rnncli'
    assert f"{path}: no such model\n  {hint}" == str(caught.value)


def test_a_directory_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        weights_of(tmp_path)
    assert f"{tmp_path}: is a directory, not a model" == str(caught.value)


@pytest.mark.promise("memory")
@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes with names")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """None of these ends by itself: reading them would take all memory, or wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    kinds = {"/dev/zero": "device", "/dev/full": "device", str(tmp_path / "pipe"): "pipe"}
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    kinds[str(tmp_path / "link")] = "pipe"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        kinds[str(tmp_path / "socket")] = "socket"
        for path, kind in kinds.items():
            with pytest.raises(FileError, match=rf"is a {kind}, not a model"):
                weights_of(Path(path))


def test_a_pipe_that_takes_the_place_of_a_file_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(path)
    monkeypatch.setattr(archive, "check_kind", Replaced(archive.check_kind))
    with pytest.raises(FileError, match="is a pipe, not a model"):
        weights_of(path)


class Replaced:
    """A check that sees a regular file the first time."""

    def __init__(self, check: Callable[[int], None]) -> None:
        self.check: Callable[[int], None] = lambda mode: setattr(self, "check", check)

    def __call__(self, mode: int) -> None:
        self.check(mode)


def test_a_path_below_a_file_cannot_be_read_or_written(written: Path) -> None:
    before = written.read_bytes()
    below = written / "model.npz"
    with pytest.raises(FileError, match="Not a directory"):
        weights_of(below)
    with pytest.raises(FileError, match="could not be written"):
        archive.write(below, {}, {})
    with pytest.raises(FileError, match="cannot write here"):
        writing.check([writing.Output("--out", below, writing.MODEL)], {})
    assert [written] == list(written.parent.iterdir())
    assert before == written.read_bytes()


def test_a_directory_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(FileError, match="could not be written"):
        archive.write(target, {}, {})
    with pytest.raises(FileError, match="is a directory, not a file name"):
        writing.check([writing.Output("--out", target, writing.MODEL)], {})
    assert [target] == list(tmp_path.iterdir())


# The system stops the child's write in the middle, as it does where a disk is full.
FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from rnncli import archive
from rnncli.errors import FileError
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
try:
    archive.write(Path(sys.argv[1]), {}, {"weights": np.zeros(10_000, np.float32)})
except FileError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("exists", [True, False])
def test_a_write_that_fails_midway_leaves_everything_as_it_was(path: Path, exists: bool) -> None:
    if exists:
        archive.write(path, {}, {"weights": WEIGHTS})
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False, env=environment
    )
    assert f"{path}: could not be written: File too large\n" == child.stderr
    assert before == {file.name: file.read_bytes() for file in path.parent.iterdir()}


def test_a_file_is_replaced_whole(written: Path) -> None:
    archive.write(written, {}, {"weights": WEIGHTS + 1})
    assert (WEIGHTS + 1).tolist() == weights_of(written)
    assert [written] == list(written.parent.iterdir())
