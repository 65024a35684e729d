"""Hostile model files: code, bombs, sizes that lie, broken archives. ``python tests/attacks/models.py FOLDER``."""

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from attack import MARK, Attacks, endless_zeros, main

from rnncli import archive, modelfile, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence

ATTACKS = Attacks(code=4)
Members = dict[str, bytes]
FIRST_DATE = (1980, 1, 1, 0, 0, 0)


class Code:
    """An object whose pickle makes a file when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"open({MARK!r}, 'w').close()",)


def good(path: Path) -> None:
    """Write an honest model."""
    sentence = Sentence(["leave", "Taipei", "now"], ["O", "B-city", "O"], [()] * 3, 1)
    spec = NetworkSpec(arch="elman", hidden=4, embedding=4, ngram=4)
    modelfile.save(training.prepare([sentence] * 3, spec, TrainingSpec(epochs=1)), path)


def parts(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """The header and the arrays of an honest model."""
    good(path)
    return parts_of(path)


def parts_of(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """The header and the arrays of an archive, as :func:`.archive.write` takes them."""
    with np.load(path) as arrays:
        content = {name: arrays[name] for name in arrays.files}
    header = json.loads(content.pop("header").tobytes())
    header.pop("sha256", None)
    return header, content


Parts = Callable[[Path], tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]]


def with_header(change: Callable[[dict[str, Any]], None], parts: Parts = parts) -> Callable[[Path], None]:
    """Write an honest archive, by default a model, whose header was changed."""

    def write(path: Path) -> None:
        header, arrays = parts(path)
        change(header)
        archive.write(path, header, arrays)

    return write


def members(path: Path) -> Members:
    good(path)
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(path: Path, content: Members, compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in content.items():
            info = zipfile.ZipInfo(name, FIRST_DATE)
            info.compress_type = compression
            file.writestr(info, data)


def npy(description: str, data: bytes = b"", version: int = 1) -> bytes:
    """An array file with any header."""
    text = description.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


@ATTACKS.add
def pickle_as_model(path: Path) -> None:
    path.write_bytes(pickle.dumps(Code()))


@ATTACKS.add
def pickle_as_header(path: Path) -> None:
    zipped(path, {**members(path), "header.npy": pickle.dumps(Code())})


@ATTACKS.add
def object_array_as_header(path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([Code()], object), allow_pickle=True)
    zipped(path, {**members(path), "header.npy": stream.getvalue()})


@ATTACKS.add
def object_array_as_every_weight(path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([Code()], object), allow_pickle=True)
    content = members(path)
    zipped(path, {name: data if name == "header.npy" else stream.getvalue() for name, data in content.items()})


@ATTACKS.add
def pickle_beside_the_others(path: Path) -> None:
    zipped(path, {**members(path), "data.pkl": pickle.dumps(Code())})


@ATTACKS.add
def code_in_the_description_of_an_array(path: Path) -> None:
    code = f"__import__('builtins').open({MARK!r}, 'w')"
    description = f"{{'descr': '<f4', 'fortran_order': {code}, 'shape': (2,)}}"
    zipped(path, {**members(path), "header.npy": npy(description, b"\0" * 8)})


@ATTACKS.add
def description_of_300_megabytes(path: Path) -> None:
    zipped(path, {**members(path), "header.npy": npy(" " * 300_000_000, version=2)}, zipfile.ZIP_DEFLATED)


@ATTACKS.add
def bomb_of_zeros(path: Path) -> None:
    bomb = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (50000000,)}".ljust(118), b"\0" * 200_000_000)
    zipped(path, {**members(path), "header.npy": bomb}, zipfile.ZIP_DEFLATED)


@ATTACKS.add
def array_of_petabytes(path: Path) -> None:
    claim = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000000)}".ljust(118))
    content = members(path)
    zipped(path, {name: data if name == "header.npy" else claim for name, data in content.items()})


@ATTACKS.add
def array_of_negative_size(path: Path) -> None:
    claim = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -8)}".ljust(118), b"\0" * 32)
    content = members(path)
    zipped(path, {name: data if name == "header.npy" else claim for name, data in content.items()})


@ATTACKS.add
def hundred_thousand_members(path: Path) -> None:
    zipped(path, {**members(path), **{f"parameters/{n}.npy": b"" for n in range(100_000)}})


@ATTACKS.add
def members_that_overlap(path: Path) -> None:
    """Two thousand entries of the directory that all name the bytes of one member."""
    zipped(path, {"header.npy": b"\0" * 100_000})
    data = path.read_bytes()
    start = data.rindex(b"PK\x01\x02")
    end = data.rindex(b"PK\x05\x06")
    entry = data[start:end]
    count = 2_000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, start, 0)
    path.write_bytes(data[:start] + entry * count + tail)


@ATTACKS.add
def names_that_leave_the_folder(path: Path) -> None:
    zipped(path, {**members(path), "../../escaped.npy": b"x", "/tmp/escaped.npy": b"x", "a\\..\\b": b"x"})


@ATTACKS.add
def one_name_twice(path: Path) -> None:
    content = members(path)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in [*content.items(), *content.items()]:
            info = zipfile.ZipInfo(name, FIRST_DATE)
            file.NameToInfo.pop(name, None)  # else it warns
            file.writestr(info, data)


@ATTACKS.add
def no_members(path: Path) -> None:
    zipped(path, {})


@ATTACKS.add
def half_a_model(path: Path) -> None:
    good(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@ATTACKS.add
def weights_that_are_not_finite(path: Path) -> None:
    header, arrays = parts(path)
    changed = {name: np.full_like(a, np.nan) if a.dtype == np.float32 else a for name, a in arrays.items()}
    archive.write(path, header, changed)


ATTACKS.read_as(5)(endless_zeros)


def header_of(text: bytes) -> Callable[[Path], None]:
    """Write an archive whose header is this text."""

    def write(path: Path) -> None:
        stream = io.BytesIO()
        np.save(stream, np.frombuffer(text, np.uint8))
        zipped(path, {**members(path), "header.npy": stream.getvalue()})

    return write


def _add(name: str, write: Callable[[Path], None]) -> None:
    write.__name__ = name
    ATTACKS.add(write)


_add("header_of_deep_lists", header_of(b"[" * 1_000_000))
_add("header_of_deep_objects", header_of(b'{"a":' * 1_000_000))
_add("header_of_empty_objects", header_of(b"[" + b"{}," * 2_000_000 + b"{}]"))
_add("header_of_many_keys", header_of(json.dumps({str(n): n for n in range(200_000)}).encode()))
_add("header_with_a_long_number", header_of(b'{"format": ' + b"9" * 100_000 + b"}"))
_add("header_with_nan", header_of(b'{"format": NaN}'))
_add("header_that_is_not_utf8", header_of(b"\xff\xfe{}"))
_add("format_of_the_future", with_header(lambda header: header.update(format=10**9)))
_add("format_as_text", with_header(lambda header: header.update(format="2")))
for _key, _value in {
    "layers": 10**30, "hidden": 10**30, "window": -1, "arch": ["elman"], "cell": None, "hidden_float": 1e300,
}.items():  # fmt: skip
    _field = _key.removesuffix("_float")
    _add(
        f"network_{_key}",
        with_header(lambda header, field=_field, value=_value: header["network"].update({field: value})),
    )
_add("no_network", with_header(lambda header: header.pop("network")))
_add("tags_twice", with_header(lambda header: header.update(tags=["O", "O", "O"])))
_add("tags_as_text", with_header(lambda header: header.update(tags="OOO")))
ATTACKS.content(
    empty=b"", text=b"leave\tO\n" * 1_000, only_the_end=b"PK\x05\x06" + b"\0" * 18, zip_start=b"PK\x03\x04" * 1_000
)

if __name__ == "__main__":
    main(ATTACKS)
