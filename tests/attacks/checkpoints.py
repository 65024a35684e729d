"""Hostile checkpoints, read by ``train --resume``. ``python tests/attacks/checkpoints.py FOLDER``."""

import functools
import io
import pickle
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from attack import MARK, Attacks, endless_zeros, main

import models
from rnncli import api, archive, checkpoint
from rnncli.training import Listener

ATTACKS = Attacks(code=4)


class _StopAtOnce(Listener):
    """Stops a training after the second batch of its second epoch."""

    def __init__(self) -> None:
        self.batches = 0

    def batch(self, epochs: float, tokens_per_second: float) -> None:
        self.batches += 1

    def should_stop(self) -> bool:
        return self.batches > 2


def good(path: Path) -> None:
    """Write an honest checkpoint."""
    path.write_bytes(_honest())


@functools.cache
def _honest() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.tsv"
        data.write_text("leave\tO\nTaipei\tB-city\n\n" * 12, "utf-8")
        out = Path(folder) / "model.npz"
        sizes: dict[str, Any] = {"hidden": 3, "embedding": 2, "ngram": 2, "epochs": 3, "batch": 6}
        api.train(data, data, out, arch="elman", force=True, listener=_StopAtOnce(), checkpoint_every=1, **sizes)
        return checkpoint.path_of(out).read_bytes()


def parts(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """The header and the arrays of an honest checkpoint."""
    good(path)
    return models.parts_of(path)


def with_header(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Write an honest checkpoint whose header was changed."""
    return models.with_header(change, parts)


def _members(path: Path) -> dict[str, bytes]:
    archive.write(path, *parts(path))
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


@ATTACKS.add
def pickle_as_checkpoint(path: Path) -> None:
    path.write_bytes(pickle.dumps(models.Code()))


@ATTACKS.add
def pickle_as_header(path: Path) -> None:
    models.zipped(path, {**_members(path), "header.npy": pickle.dumps(models.Code())})


@ATTACKS.add
def object_array_as_every_weight(path: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([models.Code()], object), allow_pickle=True)
    content = _members(path)
    models.zipped(
        path, {name: data if name == "header.npy" else stream.getvalue() for name, data in content.items()}
    )


@ATTACKS.add
def code_as_options(path: Path) -> None:
    header, arrays = parts(path)
    header["options"] = f"__import__('builtins').open({MARK!r}, 'w')"
    archive.write(path, header, arrays)


@ATTACKS.add
def model_as_checkpoint(path: Path) -> None:
    models.good(path)


@ATTACKS.add
def half_a_checkpoint(path: Path) -> None:
    archive.write(path, *parts(path))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@ATTACKS.add
def weights_that_are_not_finite(path: Path) -> None:
    header, arrays = parts(path)
    archive.write(path, header, {name: np.full_like(array, np.inf) for name, array in arrays.items()})


@ATTACKS.add
def weights_of_another_size(path: Path) -> None:
    header, arrays = parts(path)
    archive.write(path, header, {name: array[:-1] for name, array in arrays.items()})


ATTACKS.read_as(5)(endless_zeros)


def _add(name: str, write: Callable[[Path], None]) -> None:
    write.__name__ = name
    ATTACKS.add(write)


for _key in ("kind", "format", "options", "data", "parameters", "runs", "failures", "state"):
    _add(f"no_{_key}", with_header(lambda header, key=_key: header.pop(key)))
    for _name, _value in {"null": None, "text": "x", "list": [[]], "huge": 10**30, "negative": -1}.items():
        _add(f"{_key}_is_{_name}", with_header(lambda header, key=_key, value=_value: header.update({key: value})))
    _add(f"unknown_key_beside_{_key}", with_header(lambda header, key=_key: header.update({f"{key}2": 0})))
ATTACKS.content(empty=b"", text=b"leave\tO\n" * 1_000, zip_start=b"PK\x03\x04" * 1_000)

if __name__ == "__main__":
    main(ATTACKS)
