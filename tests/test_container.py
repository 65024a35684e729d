"""container.py: one form of a file, byte by byte; whatever differs is refused."""

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import damaged_models
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from promises import Cases
from untrained_models import EVERYTHING, untrained

from rnncli import archive, container, modelfile
from rnncli.api import Trained
from rnncli.errors import ModelError

ARRAYS = {
    "header.npy": np.arange(200, dtype=np.uint8),
    "parameters/layer1/W.npy": np.ones((2, 3, 5), np.float32),
    "empty.npy": np.zeros(0, np.uint8),
    "no rows.npy": np.zeros((0, 7), np.float32),
    "number.npy": np.float64(3).reshape(()),
    "columns first.npy": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "big end first.npy": np.arange(3, dtype=">f4"),
}


def by_zipfile(arrays: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """What Python and NumPy write, which is what rnncli wrote in its first versions."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            stored = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
            np.lib.format.write_array(member, stored, version=(1, 0))
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), member.getvalue())
    return stream.getvalue()


# Sizes above the limit are stated in 64 bits. The true limit is 2 GB.
@pytest.mark.promise("formats")
@pytest.mark.parametrize("limit", [2**31 - 1, 100, 134, 200, 250, 320, 400, 1_000, 1_500])
def test_a_container_is_what_zipfile_and_numpy_write(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    monkeypatch.setattr(container, "_LIMIT", limit)
    written = b"".join(bytes(chunk) for chunk in container.chunks(ARRAYS))
    assert by_zipfile(ARRAYS) == written
    members = container.read_members(io.BytesIO(written), len(written))
    assert list(ARRAYS) == [member.name for member in members]
    for member, array in zip(members, ARRAYS.values(), strict=True):
        stream = io.BytesIO(written[member.content : member.content + member.size])
        assert array.tolist() == np.load(stream).tolist()


@pytest.mark.parametrize("shape", [(), (0,), (1,), (10**9,), (10**20,), (1, 1), (10**6, 10**6), (2, 512, 128)])
def test_the_header_of_an_array_is_what_numpy_writes(shape: tuple[int, ...]) -> None:
    for kind in ("<f4", "|u1", "<i8"):
        stream = io.BytesIO()
        fields = {"descr": kind, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, fields)
        assert stream.getvalue() == container.npy_header(np.dtype(kind), shape)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The smallest model there is: a few kilobytes, most of them names and shapes."""
    path = tmp_path_factory.mktemp("small") / "small.npz"
    modelfile.save(untrained({"words": ["a"]}, arch="fnn", hidden=1), path)
    return path.read_bytes()


@pytest.fixture
def refused(tmp_path: Path, cases: Cases) -> Callable[[str, bytes], str]:
    """Check that a file is refused with one error; returns its message."""
    path = tmp_path / "damaged.npz"

    def check(what: str, data: bytes) -> str:
        cases.add()
        path.write_bytes(data)
        with pytest.raises(ModelError) as caught:
            modelfile.load(path)
            pytest.fail(f"{what}: loads")
        assert str(path) == caught.value.where, what
        return caught.value.message

    return check


Refused = Callable[[str, bytes], str]


@pytest.mark.promise("damaged")
def test_every_changed_byte_is_refused(small: bytes, tmp_path: Path, cases: Cases, long: bool) -> None:
    path = tmp_path / "damaged.npz"
    path.write_bytes(small)
    masks = (*(1 << bit for bit in range(8)), 0xFF) if long else (0x01, 0x80)
    descriptor = os.open(path, os.O_RDWR)
    for position, byte in cases.counted(damaged_models.flips(small, masks)):
        os.pwrite(descriptor, byte, position)
        with pytest.raises(ModelError):
            modelfile.load(path)
            pytest.fail(f"byte {position} of {len(small)} is {byte!r}")
        os.pwrite(descriptor, small[position : position + 1], position)
    os.close(descriptor)
    assert small == path.read_bytes()
    modelfile.load(path)


@pytest.mark.promise("damaged")
def test_every_truncation_is_refused(small: bytes, tmp_path: Path, cases: Cases) -> None:
    path = tmp_path / "damaged.npz"
    path.write_bytes(small)
    modelfile.load(path)
    for size in cases.counted(reversed(range(len(small)))):
        os.truncate(path, size)
        with pytest.raises(ModelError):
            modelfile.load(path)
            pytest.fail(f"the first {size} bytes")


@pytest.mark.promise("damaged")
def test_bytes_that_are_put_in_are_refused(small: bytes, refused: Refused, long: bool) -> None:
    for what, data in damaged_models.insertions(small, 1 if long else 13):
        refused(what, data)


@pytest.mark.promise("damaged")
def test_bytes_that_follow_are_refused(small: bytes, refused: Refused) -> None:
    for what, data in damaged_models.tails(small):
        assert "wrong bytes after its members" in refused(what, data)


@pytest.mark.promise("damaged")
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_archives_of_the_same_members_are_refused(small: bytes, refused: Refused) -> None:
    assert small == damaged_models.zipped(damaged_models.members_of(small))
    for what, data in damaged_models.other_zips(small):
        refused(what, data)


@pytest.mark.promise("damaged")
def test_other_spellings_of_the_same_header_are_refused(trained: Trained, refused: Refused) -> None:
    data = trained.path.read_bytes()
    assert data == damaged_models.with_header(data, damaged_models.header_text(data))
    for what, other in damaged_models.other_headers(data):
        refused(what, other)


@st.composite
def _models(draw: st.DrawFn) -> Any:
    """Untrained models of all kinds, with any provenance and words."""
    arch, cell = draw(st.sampled_from([("fnn", "simple"), ("jordan", "simple"), ("bidirectional", "gru")]))
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=5)
    words = draw(st.lists(texts, unique=True, max_size=6))
    features = draw(st.sampled_from(["embedding", "onehot", "ngram", EVERYTHING]))
    digits = draw(st.sampled_from(["keep", "zero"]))
    model = untrained({"words": words, "ngram": words}, arch=arch, cell=cell, features=features, digits=digits)
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
    values = st.recursive(leaves, lambda value: st.lists(value) | st.dictionaries(st.text(max_size=3), value))
    model.provenance = {"rnncli": "0.1.0", "more": draw(values)}
    model.divided = draw(st.lists(texts, max_size=2))
    model.stored_training = draw(st.none() | st.just({"seed": 1, "later": draw(values)}))
    return model


@pytest.mark.promise("damaged")
@settings(max_examples=30)
@given(model=_models())
def test_what_is_loaded_is_saved_as_the_same_bytes(model: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = tmp_path_factory.getbasetemp() / "first.npz"
    second = tmp_path_factory.getbasetemp() / "second.npz"
    try:
        modelfile.save(model, first)
    except ModelError as error:  # a surrogate
        assert "not saved" in error.message
        return
    loaded = modelfile.load(first)
    assert model == loaded
    modelfile.save(loaded, second)
    assert first.read_bytes() == second.read_bytes()


def test_members_that_nobody_reads_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    archive.write(path, {}, {"read": np.ones(3, np.float32), "unread": np.ones(3_000_000, np.uint8)})
    assert {} == archive.read(path, lambda file: {key: file.header[key] for key in file.header if key != "sha256"})
    data = bytearray(path.read_bytes())
    data[-5_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="unread is damaged"):
        archive.read(path, lambda file: file.array("read", (3,)))


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else []


NOT_SAVED = {
    "not a number": ({"f1": float("nan")}, "not saved: its header cannot be written"),
    "half a character": ({"examples": ["\ud800"]}, "not saved: its header cannot be written"),
    "too deep": ({"a": nested(33)}, "not saved: the header is too deep"),
    "too large": ({"a": list(range(600_000))}, "not saved: the header is too large"),
}


@pytest.mark.parametrize(("provenance", "message"), NOT_SAVED.values(), ids=NOT_SAVED)
def test_a_header_that_could_not_be_read_is_not_written(
    tmp_path: Path, provenance: dict[str, Any], message: str
) -> None:
    model = untrained()
    model.provenance = provenance
    with pytest.raises(ModelError, match=message):
        modelfile.save(model, tmp_path / "model.npz")
    assert [] == list(tmp_path.iterdir())


def _changed_while_read(path: Path) -> Iterator[Callable[[archive.Members], Any]]:
    def cut(file: archive.Members) -> None:
        os.truncate(path, 30_000)
        file.array("weights", (1_000_000,))

    def replaced(file: archive.Members) -> None:
        with path.open("r+b") as other:
            other.seek(3_000_000)
            other.write(b"x")
        file.array("weights", (1_000_000,))

    yield cut
    yield replaced


@pytest.mark.promise("damaged")
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, cases: Cases) -> None:
    path = tmp_path / "file.npz"
    for change in cases.counted(_changed_while_read(path)):
        archive.write(path, {}, {"weights": np.zeros(1_000_000, np.float32)})
        with pytest.raises(ModelError, match=r"it became shorter while it was read|SHA-256"):
            archive.read(path, change)
