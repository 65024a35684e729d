"""Packed files: gzip and xz, and zstd by an extra."""

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from rnncli.errors import UsageError

GZIP = b"\x1f\x8b"
XZ = b"\xfd7zXZ\0"
ZSTD = b"\x28\xb5\x2f\xfd"
PACKED = (GZIP, XZ, ZSTD)  # what packed files begin with
SUFFIXES = (".gz", ".xz", ".zst")
_LEVEL = 6  # of gzip; zstd has its usual one
_ZSTD_BLOCK = 2_048  # bytes that are read at once: they may hold 30,000 times as many


def unpacked(start: bytes, file: IO[bytes], name: str) -> IO[bytes]:
    """What is in a packed file; ``start`` are its first bytes, which are still to be read."""
    if start.startswith(GZIP):
        return cast(IO[bytes], gzip.GzipFile(fileobj=file))
    if start.startswith(XZ):
        return lzma.LZMAFile(file)
    frames: Any = _Frames(file, _zstandard(name).ZstdDecompressor())
    return io.BufferedReader(frames)


class _Frames(io.RawIOBase):
    """What is in the frames of a zstd file. The reader of zstandard takes one that is cut off for a whole one."""

    def __init__(self, file: IO[bytes], decompressor: Any) -> None:
        self._file = file
        self._decompressor = decompressor
        self._frame: Any = None  # that is not read to its end
        self._packed = b""
        self._data = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._data:
            packed = self._packed or self._file.read(_ZSTD_BLOCK)
            self._packed = b""
            if not packed:
                if self._frame:
                    raise EOFError("the last frame is cut off")
                return 0
            self._frame = self._frame or self._decompressor.decompressobj()
            self._data = self._frame.decompress(packed)
            if self._frame.eof:
                self._packed = self._frame.unused_data
                self._frame = None
        count = min(len(buffer), len(self._data))
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


@contextmanager
def packing(file: IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """Pack what is written to a file, as the suffix of its name says; equal data give equal bytes."""
    suffix = name.lower()
    if suffix.endswith(".gz"):
        with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
            yield cast(IO[bytes], packed)
    elif suffix.endswith(".xz"):
        with lzma.LZMAFile(file, "wb") as packed:
            yield packed
    elif suffix.endswith(".zst"):
        with _zstandard(name).ZstdCompressor().stream_writer(file, closefd=False) as packed:
            yield packed
    else:
        yield file


def check(name: str) -> None:
    """Raise :class:`.UsageError` if files with the suffix of this name cannot be packed here."""
    if name.lower().endswith(".zst"):
        _zstandard(name)


def damages() -> tuple[type[Exception], ...]:
    """What is raised for packed data that are damaged."""
    errors: list[type[Exception]] = [EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile]
    try:
        import zstandard
    except ImportError:
        return tuple(errors)
    return (*errors, zstandard.ZstdError)


def _zstandard(name: str) -> Any:
    try:
        import zstandard
    except ImportError as error:
        hint = 'pip install "rnncli[zstd]", or pack it by gzip'
        raise UsageError("files packed by zstd need the extra zstd", where=name, hint=hint) from error
    return zstandard
