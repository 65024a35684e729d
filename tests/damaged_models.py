"""Files that are nearly models: the same model in another form, or with bytes that are not the model's."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator

import numpy as np

DATE = (1980, 1, 1, 0, 0, 0)


def flips(data: bytes, masks: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
    """Each byte of a file changed by each mask; where it is, and the new byte."""
    for position, byte in enumerate(data):
        for mask in masks:
            yield position, bytes([byte ^ mask])


def insertions(data: bytes, every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Bytes that are put between those of a file, and before and after them."""
    for more in (b"\0", b"PK", b"\0" * 64):
        for position in (*range(0, len(data), every), len(data)):
            yield f"{more[:2]!r} at {position}", data[:position] + more + data[position:]


def tails(data: bytes) -> Iterator[tuple[str, bytes]]:
    """What may follow a zip archive without many readers noticing."""
    end = data[-22:]
    for more in (b"\0", b"\n", b" ", b"PK", b"\0" * 100, end, data, bytes(range(256)) * 300):
        yield f"{len(more)} bytes more", data + more
        commented = end[:-2] + len(more[:65535]).to_bytes(2, "little") + more[:65535]
        yield f"a comment of {len(more)} bytes", data[:-22] + commented


def members_of(data: bytes) -> dict[str, bytes]:
    """The members of a file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


Write = Callable[[zipfile.ZipFile, str, bytes], None]


def plainly(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write a member as rnncli does."""
    archive.writestr(zipfile.ZipInfo(name, DATE), content)


def zipped(members: dict[str, bytes], write: Write = plainly, comment: bytes = b"", before: bytes = b"") -> bytes:
    """A zip archive of members, each written by ``write``."""
    stream = io.BytesIO()
    stream.write(before)
    with zipfile.ZipFile(stream, "a" if before else "w") as archive:
        for name, content in members.items():
            write(archive, name, content)
        archive.comment = comment
    return stream.getvalue()


def _with(**fields: object) -> Write:
    """Write members with other fields of their headers."""

    def write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(name, DATE)
        for field, value in fields.items():
            setattr(info, field, value)
        archive.writestr(info, content)

    return write


def _with_zip64(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    with archive.open(zipfile.ZipInfo(name, DATE), "w", force_zip64=True) as member:
        member.write(content)


class _Stream(io.BytesIO):
    """A stream without positions: sizes follow the members."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError


def _streamed(members: dict[str, bytes]) -> bytes:
    stream = _Stream()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            plainly(archive, name, content)
    return stream.getvalue()


def other_zips(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The same members in zip archives that others write."""
    members = members_of(data)
    yield "deflated", zipped(members, _with(compress_type=zipfile.ZIP_DEFLATED))
    yield "another date", zipped(members, _with(date_time=(2026, 11, 26, 12, 0, 0)))
    yield "other permissions", zipped(members, _with(external_attr=0o644 << 16))
    yield "another system", zipped(members, _with(create_system=0))
    yield "another version", zipped(members, _with(create_version=45))
    yield "comments of members", zipped(members, _with(comment=b"a comment"))
    yield "extra fields", zipped(members, _with(extra=b"\xfe\xca\1\0x"))
    yield "internal attributes", zipped(members, _with(internal_attr=1))
    yield "large sizes", zipped(members, _with_zip64)
    yield "sizes after members", _streamed(members)
    yield "a comment", zipped(members, comment=b"a comment")
    yield "a program before it", zipped(members, before=b"#!/bin/sh\nexit\n")
    yield "another order", zipped(dict(reversed(members.items())))
    header, *others = members
    yield "two members in another order", zipped({name: members[name] for name in (header, *others[::-1])})
    for name in others:
        yield f"without {name}", zipped({other: members[other] for other in members if other != name})
        yield f"twice {name}", _twice(members, name)
    yield "a member more", zipped({**members, "more.npy": members[header]})


def _twice(members: dict[str, bytes], name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, (each, content) in enumerate([*members.items(), (name, members[name])]):
            plainly(archive, each if number < len(members) else "@" * len(name), content)
    return stream.getvalue().replace(b"@" * len(name), name.encode())


def header_text(data: bytes) -> str:
    """The text of a file's header."""
    return np.load(io.BytesIO(members_of(data)["header.npy"])).tobytes().decode()


def with_header(data: bytes, text: str | bytes) -> bytes:
    """The file with another text as its header; all else fits."""
    members = members_of(data)
    stream = io.BytesIO()
    np.save(stream, np.frombuffer(text.encode() if isinstance(text, str) else text, np.uint8))
    return zipped({**members, "header.npy": stream.getvalue()})


def other_headers(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The same header, for most readers of JSON, in other spellings."""
    text = header_text(data)
    header = json.loads(text)

    def dumped(value: object, **options: object) -> str:
        return json.dumps(value, **({"ensure_ascii": False, "indent": 1} | options))  # type: ignore[arg-type]

    assert dumped(header) == text
    texts = {
        "on one line": dumped(header, indent=None),
        "another indent": dumped(header, indent=2),
        "keys in order": dumped(header, sort_keys=True),
        "a line feed at the end": text + "\n",
        "a blank before it": " " + text,
        "a byte order mark": "\ufeff" + text,
        "a NUL after it": text + "\0",
        "carriage returns": text.replace("\n", "\r\n"),
        "an escaped letter": text.replace('"format"', '"\\u0066ormat"', 1),
        "an escaped slash": text.replace("parameters/", "parameters\\/", 1),
        "a key twice": text.replace("{\n", '{\n "format": 2,\n', 1),
        "a key twice, first otherwise": text.replace("{\n", '{\n "format": 1,\n', 1),
        "a key inside twice": text.replace('"network": {\n', '"network": {\n  "layers": 1,\n', 1),
        "a number with a point": text.replace('"layers": 1', '"layers": 1.0', 1),
        "a number with an exponent": text.replace('"layers": 1', '"layers": 1e0', 1),
        "a number with a sign": text.replace('"window": 1', '"window": -1', 1),
        "a yes": text.replace('"layers": 1', '"layers": true', 1),
        "a number with many digits": text.replace('"unknown": 0.3', '"unknown": 0.30', 1),
        "a number that is rounded": text.replace('"unknown": 0.3', '"unknown": 0.3000000000000000000001', 1),
        "a setting that is left out elsewhere": text.replace(' "window"', ' "digits": "zero",\n  "window"', 1),
        "an empty list that is left out elsewhere": text.replace(' "sha256"', ' "divided": [],\n "sha256"', 1),
        "a key more": text.replace(' "sha256"', ' "more": 1,\n "sha256"', 1),
        "a hash more": text.replace('"sha256": {\n', '"sha256": {\n  "more.npy": "",\n', 1),
        "a hash in capitals": dumped({**header, "sha256": {k: v.upper() for k, v in header["sha256"].items()}}),
        "not a number": text.replace('"clip": 1.0', '"clip": NaN', 1),
        "infinity": text.replace('"clip": 1.0', '"clip": Infinity', 1),
        "a number beyond all": text.replace('"clip": 1.0', '"clip": 1e999', 1),
        "half a character": text.replace('"provenance": {', '"provenance": {\n  "a": "\\ud800",', 1),
    }
    for name in ("network", "tags", "inputs", "scheme", "training", "provenance", "sha256"):
        moved = {key: value for key, value in header.items() if key != name}
        texts[f"{name} first"] = dumped({name: header[name], **moved})
    for name in ("network", "sha256"):
        texts[f"{name} in another order"] = dumped({**header, name: dict(reversed(header[name].items()))})
    for what, other in texts.items():
        assert other != text, what
        yield what, with_header(data, other)
