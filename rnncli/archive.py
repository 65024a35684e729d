"""Safe ``.npz`` files of one JSON header and named arrays: written atomically, checked completely when read.

Nothing in a file is ever executed, and reading takes memory in proportion to the size of the file. There are no
pickles and no compression, no member may claim more bytes than it has, and the header holds the SHA-256 of every
array.
"""

import errno
import hashlib
import io
import json
import math
import struct
import tokenize
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncli import arguments, writing
from rnncli.errors import FileError, ModelError, RnncliError

Array = NDArray[Any]
T = TypeVar("T")

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # so that equal content makes equal bytes
_MOST_MEMBERS = 1_000
_LARGEST_HEADER = 64 * 2**20  # bytes
_HEADER = "header.npy"


def text_array(text: str) -> Array:
    """The UTF-8 bytes of a text as an array, (bytes,) uint8."""
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def write(path: Path, header: dict[str, Any], arrays: Mapping[str, Array]) -> str:
    """Write a file, whole or not at all; return its SHA-256. The key ``sha256`` is added to the written header."""
    content = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}
    text = json.dumps({**header, "sha256": hashes}, ensure_ascii=False, allow_nan=False, indent=1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {_HEADER: _npy(text_array(text)), **content}.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data)
    writing.write(path, buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


class Members:
    """The members of an open file; an array or text is checked when it is read."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive = archive
        members = archive.infolist()
        self.files = {member.filename for member in members} - {_HEADER}
        if len(members) > _MOST_MEMBERS or len({member.filename for member in members}) != len(members):
            raise ModelError("too many members, or two with one name")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise ModelError(f"member {member.filename[:80]!r} is compressed; models are stored plainly")
        if sum(member.file_size for member in members) > size:
            raise ModelError("members claim more bytes than the file has")
        if _HEADER not in archive.namelist():
            raise ModelError("not a model: it has no header", hint='models are made by "rnncli train"')
        if archive.getinfo(_HEADER).file_size > _LARGEST_HEADER:
            raise ModelError("the header is too large")
        self.header = json.loads(_array(archive.read(_HEADER), "header", np.dtype("u1"), None).tobytes())
        if not isinstance(self.header, dict):
            raise ModelError("the header is damaged")

    def holds(self, name: str, shape: tuple[int, ...]) -> bool:
        """Tell, without reading a member, whether it is large enough for a float32 array of this shape."""
        return self._archive.getinfo(f"{name}.npy").file_size >= 4 * math.prod(shape)

    def array(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return a float32 member of exactly this shape; a NaN or infinity in it is a :class:`.ModelError`."""
        array = _array(self._checked(name), name, np.dtype("<f4"), shape)
        if not np.isfinite(array).all():
            raise ModelError(f"{name} holds a number that is not finite (NaN or infinity)")
        return array

    def text(self, name: str) -> str:
        """Return a member that holds UTF-8 bytes."""
        return _array(self._checked(name), name, np.dtype("u1"), None).tobytes().decode("utf-8")

    def _checked(self, name: str) -> bytes:
        data = self._archive.read(f"{name}.npy")
        if hashlib.sha256(data).hexdigest() != self.header["sha256"][f"{name}.npy"]:
            raise ModelError(f"{name} is damaged: its SHA-256 is not the one in the header")
        return data


def _array(data: bytes, name: str, dtype: np.dtype[Any], shape: tuple[int, ...] | None) -> Array:
    """Read a ``.npy`` member of the expected type, order and shape; ``None`` is the shape of any one axis."""
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ModelError(f"{name} is not an array of .npy format 1.0")
    stream = io.BytesIO(data)
    stream.seek(8)
    stored, fortran, kind = np.lib.format.read_array_header_1_0(stream)
    start = stream.tell()
    fits = len(stored) == 1 if shape is None else stored == shape
    if kind != dtype or not fits or (fortran and len(stored) > 1):
        raise ModelError(f"{name} holds {kind} of shape {stored}, expected {dtype} of {shape or 'one axis'}")
    if len(data) - start != math.prod(stored) * dtype.itemsize:
        raise ModelError(f"{name} is longer or shorter than its shape says")
    return np.frombuffer(data, dtype, offset=start).reshape(stored)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """Turn every exception that a missing, damaged or hostile file can cause into one clear error."""
    name = str(path)
    hint = "train or copy it again"
    try:
        yield
    except FileNotFoundError as error:
        near = arguments.nearest_path(path)
        hint = f"did you mean {near}?" if near else '"rnncli train" makes one'
        raise FileError("no such model", where=name, hint=hint) from error
    except IsADirectoryError as error:
        raise FileError("is a directory, not a model", where=name) from error
    except RnncliError as error:
        raise ModelError(error.message, where=name, hint=error.hint) from error
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # EINVAL: the zip directory points before the file's beginning
            raise ModelError("damaged or not a model", where=name, hint=hint) from error
        raise FileError(error.strerror or str(error), where=name) from error
    except (zipfile.BadZipFile, EOFError, MemoryError, RuntimeError, struct.error) as error:
        raise ModelError(f"damaged or not a model ({error})", where=name, hint=hint) from error
    except (ValueError, TypeError, LookupError, OverflowError, SyntaxError, tokenize.TokenError) as error:
        raise ModelError(f"damaged header ({error})"[:300], where=name, hint=hint) from error


def read(path: Path, build: Callable[[Members], T]) -> T:
    """Open a file and return ``build(members)``. A damaged file is a ModelError, a missing one a FileError."""
    with _errors_of(path):
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            return build(Members(archive, size))
