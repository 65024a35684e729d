"""The bytes of a container: a zip archive of ``.npy`` arrays that are not compressed, in one form alone.

All bytes beside the numbers of the arrays follow from the names, types and shapes of the arrays and from the CRC-32
of the members. So a reader computes them too, and compares. They are those that Python's zipfile and NumPy 2 write
on Linux; the fields are described in PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3, and in NumPy's NEP 1.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.errors import ModelError

Array = NDArray[Any]

MOST_MEMBERS = 1_000
AGAIN = "train or copy it again"  # the cure of damage
_LONGEST_NAME = 200
_LIMIT = 2**31 - 1  # zip files state larger numbers in extra fields of 64 bits
_IN_EXTRA = 0xFFFFFFFF
_PLAIN, _LARGE = 20, 45  # version of the zip format that is needed, times ten
_DATE = 1 << 5 | 1  # 1980-01-01
_ON_UNIX, _MODE = 3, 0o600 << 16

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LARGE_LOCATOR = struct.Struct("<4sLQL")
_LOCAL_SIGN = b"PK\3\4"
_NPY_SIGN = b"\x93NUMPY\1\0"


class Member(NamedTuple):
    """A member of a container."""

    name: str
    size: int  # bytes, with its .npy header
    crc: int
    start: int  # where its local header begins

    @property
    def content(self) -> int:
        """Where its bytes begin."""
        return self.start + len(_local_header(self.name, self.size, self.crc))


def npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """The bytes of an array in C order before its numbers, in ``.npy`` format 1.0."""
    sizes = tuple(map(int, shape))
    text = f"{{'descr': {dtype.newbyteorder('<').str!r}, 'fortran_order': False, 'shape': {sizes}, }}"
    if sizes:
        text += " " * (21 - len(str(sizes[0])))  # where NumPy could write a larger number later
    text += " " * (64 - (len(_NPY_SIGN) + 2 + len(text) + 1) % 64) + "\n"
    return _NPY_SIGN + struct.pack("<H", len(text)) + text.encode("ascii")


def bytes_of(array: Array) -> memoryview:
    """The numbers of an array in C order as bytes, little-endian; a view where the array is stored so."""
    stored = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return stored.reshape(-1).view(np.uint8).data


def chunks(arrays: Mapping[str, Array]) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a container with these arrays, by the names of its members."""
    members = []
    start = 0
    for name, array in arrays.items():
        first = npy_header(array.dtype, array.shape)
        rest = bytes_of(array)
        member = Member(name, len(first) + rest.nbytes, zlib.crc32(rest, zlib.crc32(first)), start)
        yield _local_header(*member[:3]) + first
        yield rest
        members.append(member)
        start = member.content + member.size
    yield _directory(members, start)


def read_members(file: IO[bytes], size: int) -> list[Member]:
    """Read what stands between the members of a file of so many bytes; their content is not read.

    Any byte that differs from what :func:`chunks` yields is a :class:`.ModelError`.
    """
    members: list[Member] = []
    start = 0
    while len(members) <= MOST_MEMBERS:
        file.seek(start)
        fixed = file.read(_LOCAL.size)
        if fixed[:4] != _LOCAL_SIGN:
            break
        member = _read_local_header(file, fixed, start)
        members.append(member)
        start = member.content + member.size
        if start > size:
            raise ModelError("members claim more bytes than the file has", hint=AGAIN)
    if not members:
        raise ModelError("damaged or not a model", hint='models are made by "rnncli train"')
    if len(members) > MOST_MEMBERS or len({member.name for member in members}) < len(members):
        raise ModelError("too many members, or two with one name", hint=AGAIN)
    directory = _directory(members, start)
    file.seek(start)
    if size - start != len(directory) or file.read(len(directory)) != directory:
        raise ModelError("damaged or not written by rnncli: wrong bytes after its members", hint=AGAIN)
    return members


def _read_local_header(file: IO[bytes], fixed: bytes, start: int) -> Member:
    if len(fixed) < _LOCAL.size:
        raise ModelError("damaged or not a model: it ends too early")
    *_, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(fixed)
    if name_length > _LONGEST_NAME:
        raise ModelError("damaged: the name of a member is too long")
    name = file.read(name_length)
    extra = file.read(extra_length)
    shown = repr(name.decode("ascii", "replace"))[:80]
    if flags & 1:
        raise ModelError(f"member {shown} is encrypted")
    if method or size != packed:
        raise ModelError(f"member {shown} is compressed; models are stored plainly")
    if size == _IN_EXTRA and len(extra) >= 12:
        (size,) = struct.unpack_from("<Q", extra, 4)
    if not name.isascii() or fixed + name + extra != _local_header(name.decode("ascii"), size, crc):
        raise ModelError(f"damaged or not written by rnncli: wrong bytes before member {shown}", hint=AGAIN)
    return Member(name.decode("ascii"), size, crc, start)


def _is_large(size: int) -> bool:
    return size * 1.05 > _LIMIT


def _local_header(name: str, size: int, crc: int) -> bytes:
    """What stands before a member."""
    is_large = _is_large(size)
    extra = struct.pack("<2H2Q", 1, 16, size, size) if is_large else b""
    shown = _IN_EXTRA if is_large else size
    version = _LARGE if is_large else _PLAIN
    encoded = name.encode("ascii")
    fixed = _LOCAL.pack(_LOCAL_SIGN, version, 0, 0, 0, _DATE, crc, shown, shown, len(encoded), len(extra))
    return fixed + encoded + extra


def _directory(members: Iterable[Member], start: int) -> bytes:
    """What stands after the members, of which the last ends before byte ``start``."""
    entries = [_entry(member) for member in members]
    count = len(entries)
    length = sum(map(len, entries))
    end = b""
    if max(start, length) > _LIMIT:
        end += _LARGE_END.pack(b"PK\6\6", 44, _LARGE, _LARGE, 0, 0, count, count, length, start)
        end += _LARGE_LOCATOR.pack(b"PK\6\7", 0, start + length, 1)
    shown = min(start, _IN_EXTRA)
    end += _END.pack(b"PK\5\6", 0, 0, count, count, length, shown, 0)
    return b"".join([*entries, end])


def _entry(member: Member) -> bytes:
    """The entry of a member in the directory."""
    name = member.name.encode("ascii")
    size = member.size
    start = member.start
    numbers = [size, size] if size > _LIMIT else []
    if start > _LIMIT:
        numbers.append(start)
        start = _IN_EXTRA
    extra = struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    version = _LARGE if numbers or _is_large(size) else _PLAIN
    shown = _IN_EXTRA if size > _LIMIT else size
    lengths = (len(name), len(extra), 0, 0, 0)
    fields = (version, _ON_UNIX, version, 0, 0, 0, 0, _DATE, member.crc, shown, shown, *lengths, _MODE, start)
    return _CENTRAL.pack(b"PK\1\2", *fields) + name + extra
