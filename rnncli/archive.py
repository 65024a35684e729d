"""Files of one JSON header and named arrays: written whole or not at all, checked completely when read.

Nothing in a file is ever executed, and reading takes memory in proportion to the size of the file. There is one
form of a file: every byte is part of an array's number or of the header, or follows from those. A file in which
any byte differs is refused. :mod:`rnncli.container` computes the bytes between the arrays.
"""

import hashlib
import io
import json
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rnncli import arguments, container, system, writing
from rnncli.container import AGAIN
from rnncli.errors import FileError, ModelError, RnncliError
from rnncli.resources import MODELS

Array = NDArray[Any]
T = TypeVar("T")

_HEADER = "header.npy"
_LARGEST_HEADER = 16 * 2**20  # bytes; one for 44,000 tags with their scores has 7 MB
_LARGEST_TEXT = 32 * 2**20  # bytes of its text in memory, where each character takes as many as the widest
# Brackets, commas and colons of a header. Each stands for an object of Python, of at most about 150 bytes.
_MOST_MARKS = 2**19
_DEEPEST = 32  # lists and objects inside each other
_PIECE = 2**20  # bytes that are read and checked at once

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def text_array(text: str) -> Array:
    """The UTF-8 bytes of a text as an array, (bytes,) uint8."""
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def write(path: Path, header: dict[str, Any], arrays: Mapping[str, Array]) -> str:
    """Write a file, whole or not at all; return its SHA-256. The key ``sha256`` is added to the written header.

    A header that :func:`read` would refuse is a :class:`.ModelError`, and nothing is written.
    """
    text = header_text(path, header, arrays)
    whole = hashlib.sha256()
    with writing.writing(path) as file:
        for chunk in _chunks(text, arrays):
            whole.update(chunk)
            file.write(chunk)
    return whole.hexdigest()


def header_text(path: Path, header: dict[str, Any], arrays: Mapping[str, Array]) -> str:
    """The header of a file with its hashes; errors are those of :func:`write`, and name ``path``."""
    hashes = {f"{name}.npy": _sha256(array) for name, array in arrays.items()}
    try:
        text = "".join(_dump({**header, "sha256": hashes}))
        _check_header(text.encode("utf-8"))
    except ValueError as error:  # not finite, nested in itself, or no Unicode
        raise ModelError(f"not saved: its header cannot be written ({error})", where=str(path)) from error
    except ModelError as error:
        raise ModelError(f"not saved: {error.message}", where=str(path)) from error
    return text


def _chunks(text: str, arrays: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a file with this header."""
    return container.chunks({_HEADER: text_array(text), **{f"{name}.npy": array for name, array in arrays.items()}})


def _sha256(array: Array) -> str:
    """The SHA-256 of a member."""
    digest = hashlib.sha256(container.npy_header(array.dtype, array.shape))
    digest.update(container.bytes_of(array))
    return digest.hexdigest()


def _dump(header: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of a header, piece by piece."""
    return json.JSONEncoder(ensure_ascii=False, indent=1, allow_nan=False).iterencode(header)


def _check_header(text: bytes | bytearray) -> None:
    """Refuse a header that would take much memory, before it is parsed."""
    if len(text) > _LARGEST_HEADER or sum(map(text.count, (b"[", b"{", b",", b":"))) > _MOST_MARKS:
        raise ModelError("the header is too large")
    units = np.frombuffer(text, np.uint8)
    characters = int(np.count_nonzero(units & 0xC0 != 0x80))
    widest = units.max(initial=0)
    if characters * (4 if widest >= 0xF0 else 2 if widest >= 0xC4 else 1) > _LARGEST_TEXT:
        raise ModelError("the header is too large")
    if b"\n" + b" " * (_DEEPEST + 1) in text:
        raise ModelError("the header is too deep")


def parsed_header(text: bytes | bytearray) -> dict[str, Any]:
    """The object that a header is; one that is too large is a :class:`.ModelError` before it is parsed."""
    _check_header(text)
    header = json.loads(text.decode("utf-8"))
    if not isinstance(header, dict):
        raise ModelError("the header is damaged")
    return header


class Members:
    """The members of an open file; each is checked when it is read.

    header  the JSON object, as it is in the file
    files   the names of the other members, in their order: ``weights.npy``
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        members = container.read_members(file, size)
        first = members.pop(0)
        if first.name != _HEADER:
            raise ModelError("not a model: it has no header", hint='models are made by "rnncli train"')
        self._members = {member.name: member for member in members}
        self._unread = dict(self._members)
        self.files = list(self._members)
        if first.size > _LARGEST_HEADER:
            raise ModelError("the header is too large")
        content = self._bytes(first, "header")
        self.header = parsed_header(content)
        self._text = content.decode("utf-8")

    def holds(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> bool:
        """Tell, without reading a member, whether its size is that of an array of this shape and type."""
        kind = np.dtype(dtype)
        numbers = 1
        for length in shape:  # Python's integers: no product of sizes that a header claims overflows
            numbers *= length
        member = self._members[f"{name}.npy"]
        return member.size == len(container.npy_header(kind, shape)) + numbers * kind.itemsize

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> Array:
        """Return a member of exactly this shape and type; a NaN or infinity in it is a :class:`.ModelError`."""
        self._check_size(name, shape, np.dtype(dtype))
        array = np.empty(shape, dtype)
        self.read_into(name, array)
        return array

    def read_into(self, name: str, array: Array) -> None:
        """Fill an array, in C order, with a member of its shape and type; errors are those of :meth:`array`."""
        self._check_size(name, array.shape, array.dtype)
        numbers = array.reshape(-1).view(np.uint8)
        is_finite = True
        for piece in self._pieces(self._members[f"{name}.npy"], name, array.dtype, array.shape, numbers):
            if sys.byteorder == "big":
                piece.view(array.dtype).byteswap(inplace=True)
            if array.dtype.kind == "f":
                is_finite = is_finite and bool(np.isfinite(piece.view(array.dtype)).all())
        if not is_finite:
            raise ModelError(f"{name} holds a number that is not finite (NaN or infinity)")

    def data(self, name: str) -> bytearray:
        """Return a member of bytes, (any,) uint8."""
        return self._bytes(self._members[f"{name}.npy"], name)

    def text(self, name: str) -> str:
        """Return a member that holds UTF-8 bytes."""
        return self.data(name).decode("utf-8")

    def finish(self) -> None:
        """Check what nobody has read: other members, and that the header is written as :func:`write` does."""
        scratch = np.empty(_PIECE, np.uint8)
        for name, member in list(self._unread.items()):
            sizes = (min(_PIECE, member.size - start) for start in range(0, member.size, _PIECE))
            for _ in self._checked(member, name.removesuffix(".npy"), (scratch[:size] for size in sizes)):
                pass
        start = 0
        for piece in _dump(self.header):
            if not self._text.startswith(piece, start):
                break
            start += len(piece)
        if start != len(self._text) or list(self.header["sha256"]) != self.files:
            raise ModelError("damaged: its header is not written as rnncli writes it", hint=AGAIN)

    def _check_size(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if not self.holds(name, shape, dtype):
            raise ModelError(f"{name} does not have the size of {dtype} numbers of shape {shape}", hint=AGAIN)

    def _bytes(self, member: container.Member, name: str) -> bytearray:
        """The content of a member of bytes."""
        kind = np.dtype(np.uint8)
        size = member.size - len(container.npy_header(kind, (0,)))
        if size < 0:
            raise ModelError(f"{name} is not an array of bytes", hint=AGAIN)
        content = bytearray(size)
        for _ in self._pieces(member, name, kind, (size,), np.frombuffer(content, np.uint8)):
            pass
        return content

    def _pieces(
        self, member: container.Member, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], numbers: Array
    ) -> Iterator[Array]:
        """Read a member of this type and shape into ``numbers``, bytes, and yield them piece by piece."""
        expected = container.npy_header(dtype, shape)
        first = np.empty(len(expected), np.uint8)
        rest = (numbers[start : start + _PIECE] for start in range(0, numbers.size, _PIECE))
        for count, piece in enumerate(self._checked(member, name, (first, *rest))):
            if count:
                yield piece
            elif piece.tobytes() != expected:
                raise ModelError(f"{name} is not an array of {dtype} of shape {shape}", hint=AGAIN)

    def _checked(self, member: container.Member, name: str, pieces: Iterable[Array]) -> Iterator[Array]:
        """Fill pieces of memory with a member, one after another, and yield each; then compare its hashes."""
        digest = hashlib.sha256()
        crc = 0
        self._file.seek(member.content)
        for piece in pieces:
            if self._file.readinto(piece.data) != piece.size:  # type: ignore[attr-defined]
                raise ModelError("it became shorter while it was read", hint="wait until it is written")
            digest.update(piece.data)
            crc = zlib.crc32(piece.data, crc)
            yield piece
        expected = digest.hexdigest() if member.name == _HEADER else self.header["sha256"][member.name]
        if (crc, digest.hexdigest()) != (member.crc, expected):
            raise ModelError(f"{name} is damaged: its SHA-256 is not the one in the header", hint=AGAIN)
        self._unread.pop(member.name, None)


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn every exception that a missing, damaged or hostile file can cause into one clear error."""
    name = str(path)
    try:
        yield
    except FileNotFoundError as error:
        near = arguments.nearest_path(path)
        others = f'"rnncli train" makes one; {" and ".join(MODELS)} come with rnncli'
        hint = f"did you mean {near}?" if near else others
        raise FileError("no such model", where=name, hint=hint) from error
    except FileError as error:
        raise FileError(error.message, where=name, hint=error.hint) from error
    except RnncliError as error:
        raise ModelError(error.message, where=name, hint=error.hint) from error
    except OSError as error:
        raise FileError(error.strerror or str(error), where=name) from error
    except MemoryError as error:
        raise FileError(
            "not enough memory to open it", where=name, hint="it needs twice the size of the file"
        ) from error
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise ModelError(f"damaged header ({error})"[:300], where=name, hint=AGAIN) from error


def check_kind(mode: int) -> None:
    """Refuse what is no regular file: it might never end, or wait for ever."""
    for is_kind, kind in _KINDS:
        if is_kind(mode):
            raise FileError(f"is {kind}, not a model")


def _open(path: str, flags: int) -> int:
    """Open a file without waiting: the file that was looked at may have been replaced by a pipe."""
    return os.open(path, flags | system.WITHOUT_WAITING)


def read(path: Path, build: Callable[[Members], T]) -> T:
    """Open a file and return ``build(members)``. A damaged file is a ModelError, a missing one a FileError."""
    with errors_of(path):
        check_kind(path.stat().st_mode)
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            check_kind(status.st_mode)
            return _built(file, status.st_size, build)


def rebuild(path: Path, text: str, arrays: Mapping[str, Array], build: Callable[[Members], T]) -> T:
    """What :func:`read` returns for a file of this header and these arrays, which came from another kind of file.

    path  of that file, for errors
    """
    with errors_of(path), io.BytesIO() as file:
        for chunk in _chunks(text, arrays):
            file.write(chunk)
        return _built(file, file.tell(), build)


def _built(file: IO[bytes], size: int, build: Callable[[Members], T]) -> T:
    members = Members(file, size)
    built = build(members)
    members.finish()
    return built
