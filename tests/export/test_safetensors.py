"""rnncli export --to safetensors and back: the same bytes, and nothing of a stranger's file is trusted."""

import json
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from networks import NETWORKS
from promises import Cases
from safetensors.numpy import load_file, save_file
from untrained_models import EVERYTHING, untrained

from rnncli import modelfile
from rnncli.errors import FileError, ModelError
from rnncli.export import safetensors
from rnncli.export.half import halved
from rnncli.model import Model

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained

KEY = safetensors.KEY
Arrays = dict[str, np.ndarray[Any, Any]]


def exported(model: Model, path: Path) -> Path:
    path.write_bytes(safetensors.write(model, path))
    return path


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_the_way_back_gives_the_bytes_of_the_model(tmp_path: Path, arch: str, cell: str, half: bool) -> None:
    model = untrained(arch=arch, cell=cell, features=EVERYTHING, decoder="crf")
    model.tags[0] = 'é"\\\u2028'
    model = halved(model, "") if half else model
    modelfile.save(model, tmp_path / "one.npz")
    path = exported(model, tmp_path / "model.safetensors")
    modelfile.save(safetensors.read(path), tmp_path / "other.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    assert path.read_bytes() == safetensors.write(safetensors.read(path), path)


def test_the_command_goes_both_ways(run: Callable[..., "Result"], trained: "Trained", tmp_path: Path) -> None:
    assert 0 == run("export", trained.path, "--out", "m.safetensors").exit_code
    assert 0 == run("export", trained.path, "--out", "m.safetensors").exit_code  # it is a file of rnncli
    result = run("export", "m.safetensors", "--to", "npz", "--out", "m.npz", "--json")
    assert 0 == result.exit_code, result.stderr
    size = trained.path.stat().st_size
    assert {"out": "m.npz", "to": "npz", "half": False, "bytes": {"m.npz": size}} == json.loads(result.stdout)
    assert trained.path.read_bytes() == (tmp_path / "m.npz").read_bytes()


def setting(key: str, value: object) -> Callable[[Arrays, dict[str, str]], None]:
    """Change a key of the header."""

    def change(arrays: Arrays, metadata: dict[str, str]) -> None:
        header = json.loads(metadata[KEY])
        header[key] = value
        metadata[KEY] = json.dumps(header, ensure_ascii=False, indent=1)

    return change


def tensor(name: str, change: Callable[[Any], Any]) -> Callable[[Arrays, dict[str, str]], None]:
    """Change a tensor, or add one."""

    def changed(arrays: Arrays, metadata: dict[str, str]) -> None:
        arrays[name] = change(arrays.get(name))

    return changed


def text(change: Callable[[str], str]) -> Callable[[Arrays, dict[str, str]], None]:
    """Change the text of the header."""

    def changed(arrays: Arrays, metadata: dict[str, str]) -> None:
        metadata[KEY] = change(metadata[KEY])

    return changed


NAN = np.float32(np.nan)
V = "parameters/output/V"
ATTACKS: dict[str, tuple[Callable[[Arrays, dict[str, str]], None], str]] = {
    "another weight": (tensor(V, lambda array: array + 1), "its SHA-256 is not the one in the header"),
    "a weight that is no number": (tensor(V, lambda array: array * NAN), "is damaged|is not finite"),
    "float64": (tensor(V, lambda array: array.astype(np.float64)), "does not have the size"),
    "float16": (tensor(V, lambda array: array.astype(np.float16)), "does not have the size"),
    "integers": (tensor(V, lambda array: array.astype(np.int32)), "is not an array|is damaged"),
    "another shape": (tensor(V, lambda array: array.T.copy()), "does not have the size|is not an array"),
    "one axis": (tensor(V, lambda array: array.reshape(-1)), "does not have the size|is not an array"),
    "a list of numbers": (tensor("words", lambda array: array.astype(np.float32)), "words is not an array"),
    "a list with two axes": (tensor("words", lambda array: array[None]), "words is not an array"),
    "a tensor more": (tensor("more", lambda _: np.zeros(1, np.float32)), "do not fit its header"),
    "a name of a path": (tensor("../x", lambda _: np.zeros(1, np.float32)), "do not fit its header"),
    "a tensor less": (lambda arrays, _: arrays.__delitem__(V), "do not fit its header"),
    "no header": (lambda _, metadata: metadata.clear(), 'its metadata have no "rnncli"'),
    "no JSON": (text(lambda header: header[:-1]), "damaged header"),
    "no object": (text(lambda header: "[]"), "the header is damaged"),
    "no hashes": (text(lambda header: "{}"), "damaged header"),
    "deep": (text(lambda header: "[\n" + "\n".join(" " * n + "[" for n in range(1, 99))), "too deep"),
    "many objects": (text(lambda header: "[" + "[]," * 2**19), "too large"),
    "another form": (text(lambda header: header.replace("\n ", "\n  ", 1)), "not written as rnncli writes it"),
    "a newer format": (setting("format", 99), "made by a newer rnncli"),
    "the format of float16": (setting("format", 4), "does not have the size"),
    "another architecture": (setting("tags", ["O"]), "does not have the size"),
}


@pytest.mark.promise("damaged")
@pytest.mark.parametrize(("change", "message"), ATTACKS.values(), ids=ATTACKS)
def test_a_forged_file_is_refused_and_nothing_is_written(
    run: Callable[..., "Result"],
    tiny: Model,
    tmp_path: Path,
    change: Callable[[Arrays, dict[str, str]], None],
    message: str,
) -> None:
    path = exported(tiny, tmp_path / "model.safetensors")
    arrays = load_file(path)
    size = struct.unpack("<Q", path.read_bytes()[:8])[0]
    metadata = dict(json.loads(path.read_bytes()[8 : 8 + size])["__metadata__"])
    change(arrays, metadata)
    save_file(arrays, path, metadata)
    with pytest.raises(ModelError, match=message):
        safetensors.read(path)
    result = run("export", path, "--out", "model.npz")
    assert (4, "") == (result.exit_code, result.stdout)
    assert ["model.safetensors"] == [name.name for name in tmp_path.iterdir()]


@pytest.mark.promise("damaged")
def test_a_file_that_differs_in_a_byte_is_refused_or_loads_as_it_is(
    tmp_path: Path, cases: Cases, long: bool
) -> None:
    path = exported(untrained(hidden=2), tmp_path / "model.safetensors")
    data = path.read_bytes()
    for position in range(0, len(data), 1 if long else 23):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        path.write_bytes(changed)
        with suppress(ModelError):
            assert changed == safetensors.write(safetensors.read(path), path), position
        cases.add()


@pytest.mark.promise("damaged")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\3\4",
        b"\x80\x04}q.",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**25 + 1) + b" " * 99,
        struct.pack("<Q", 100) + b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
        struct.pack("<Q", 64)
        + b'{"a":{"dtype":"F32","shape":[1073741824],"data_offsets":[0,16]}}'.ljust(64)
        + bytes(16),
    ],
)
def test_what_is_no_file_of_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        safetensors.read(path)


def test_a_pipe_a_folder_and_nothing_are_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    messages = {"pipe": "is a pipe, not a model", "folder": "is a directory", "none": "no such model"}
    for name, message in messages.items():
        with pytest.raises(FileError, match=message):
            safetensors.read(tmp_path / f"{name}.safetensors")
