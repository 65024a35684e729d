"""Lets one process at a time write a file. It needs no locks of the file system, and readers never wait.

A lock is a small file ``.NAME.lock`` beside the output. It is made by one call that fails if it exists, and says
which process made it. Its date shows other machines that the process still lives.

A lock whose process has ended is removed by the next one that wants it. Two of them must not both do that, because
the second could remove the new lock of the first. So whoever removes a lock first makes a guard, a second lock that
is named after the token in the first, and then looks at the first again. No token is used twice. So the lock is
either the one that was meant, and only the owner of the guard removes it, or it is another one and stays.
"""

import errno
import hashlib
import json
import os
import platform
import re
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from rnncli import system
from rnncli.errors import FileError
from rnncli.writing import temporary
from rnncli.writing.files import made
from rnncli.writing.places import find
from rnncli.writing.processes import Process, runs, this_process

SIGNS = 15.0  # seconds between two signs of life of a lock
SILENCE = 180.0  # seconds without one, after which the lock of another machine is not valid any more
_ATTEMPTS = 500  # to get a lock that others remove and make at the same moment, some of them 10 ms apart
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}  # answers where files have one name only
_LONGEST_NAME = 255  # bytes
_LARGEST = 4096  # bytes of a lock


class _Holder(NamedTuple):
    """What a lock says of the process that made it; of a lock that is just being made only the token is known."""

    token: str
    process: Process | None
    host: str = ""
    since: str = ""


@contextmanager
def lock(*paths: str | Path | None) -> Iterator[None]:
    """Keep other processes from writing these files until the block ends; a stream or ``None`` needs no lock.

    Raises :class:`.FileError` at once if another one writes one of them; it says which process that is.
    """
    with ExitStack() as stack:
        for path in paths:
            if path is not None:
                stack.enter_context(_locked(path))
        yield


@contextmanager
def _locked(path: str | Path) -> Iterator[None]:
    with _errors_of(path):
        place = find(path)
    if place.is_stream:
        yield
        return
    file = _name(place.path)
    token = os.urandom(8).hex()
    is_over = threading.Event()
    with ExitStack() as folders:
        try:
            with _errors_of(path):
                folders.enter_context(made(file.parent))
                _acquire(file, token, path)
            threading.Thread(target=_show_life, args=(file, token, is_over), daemon=True).start()
            yield
        finally:
            is_over.set()
            for remove in (_remove, _remove, _unlink):  # an error may pass; a full disk takes no guard
                with suppress(OSError, FileError):
                    remove(file, token)
                    break


@contextmanager
def _errors_of(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"could not be locked: {error.strerror or error}", where=str(path)) from error


def _name(path: Path) -> Path:
    """The lock of a file; it is named after a hash if its own name would be too long."""
    name = f".{path.name}.lock"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}.lock"
    return path.with_name(name)


def _acquire(file: Path, token: str, path: str | Path) -> None:
    """Make a lock, or raise a :class:`.FileError` that says who has it."""
    for attempt in range(_ATTEMPTS):
        if _make(file, token):
            return
        holder = _read(file)
        if holder is None:  # it was removed at this moment
            continue
        if not _is_left(file, holder) or attempt == _ATTEMPTS - 1:
            raise _refusal(file, holder, path)
        _remove(file, holder.token)
    raise FileError("other processes lock it again and again", where=str(path), hint="try again in a moment")


def _make(file: Path, token: str) -> bool:
    """Make a lock of this process, unless there is one."""
    machine, pid, start = this_process()
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    names = {"machine": machine, "pid": pid, "start": start, "host": platform.node(), "since": since}
    content = json.dumps({"rnncli": token, **names}, allow_nan=False).encode()
    new = temporary.new_path(file.parent)
    try:
        _write(new, content)
        os.link(new, file)  # so a lock always says whose it is
    except FileExistsError:
        return new.stat().st_nlink > 1  # over a network a link can be made twice by one call
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        try:
            _write(file, content)
        except FileExistsError:
            return False
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return True


def _write(file: Path, content: bytes) -> None:
    """Write a new file by one call; if that fails there is none."""
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | system.BINARY, 0o644)
    try:
        if os.write(number, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except BaseException:
        file.unlink()
        raise
    finally:
        os.close(number)


def _read(file: Path) -> _Holder | None:
    """Read a lock; ``None`` if there is none. Any other file is a :class:`.FileError`, and is never removed."""
    try:
        status = file.lstat()
        content = b"?"
        if stat.S_ISREG(status.st_mode):
            with file.open("rb") as opened:
                content = opened.read(_LARGEST)
    except FileNotFoundError:
        return None
    if not content:
        return _Holder(f"{status.st_ino:x}-{status.st_mtime_ns:x}", None)
    try:
        values = json.loads(content)
        texts = [values[name] for name in ("rnncli", "machine", "start", "host", "since")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(values["pid"], int):
            raise TypeError
        if not re.fullmatch("[0-9a-f]{16}", texts[0]):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FileError("is not a lock of rnncli", where=str(file), hint="remove it if it is of no use") from error
    token, machine, start, host, since = texts
    return _Holder(token, Process(machine, values["pid"], start), host, since)


def _is_left(file: Path, holder: _Holder) -> bool:
    """Tell whether the process that made a lock has ended without removing it."""
    is_running = runs(holder.process) if holder.process else None
    if is_running is not None:
        return not is_running
    try:
        return _now(file.parent) - file.stat().st_mtime > SILENCE
    except FileNotFoundError:
        return True  # it was removed at this moment


def _now(folder: Path) -> float:
    """The time by the clock that dates the files of a folder, which may be that of a server."""
    probe = temporary.new_path(folder)
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _remove(file: Path, token: str) -> None:
    """Remove a lock if it is the one with this token. If another process does that now, leave it to that one."""
    guard = file.with_name(f".rnncli-{token}.lock")
    if _make(guard, os.urandom(8).hex()):
        try:
            _unlink(file, token)
        finally:
            guard.unlink(missing_ok=True)
        return
    holder = _read(guard)
    if holder and _is_left(guard, holder):
        _remove(guard, holder.token)
    time.sleep(0.01)


def _unlink(file: Path, token: str) -> None:
    holder = _read(file)
    if holder and holder.token == token:
        file.unlink()


def _show_life(file: Path, token: str, is_over: threading.Event) -> None:
    """Date a lock anew until the work is over, or until it is the lock of another process."""
    while not is_over.wait(SIGNS):
        with suppress(OSError, FileError):
            holder = _read(file)
            if holder is None or holder.token != token:
                return
            os.utime(file)


def _refusal(file: Path, holder: _Holder, path: str | Path) -> FileError:
    if holder.process is None:
        return FileError("another process begins to write it", where=str(path), hint="try again in a moment")
    problem = f"process {holder.process.pid} on {holder.host} writes it, since {holder.since}"
    hint = "wait until it has ended, or write another file"
    if runs(holder.process) is None:
        hint += f"; if it does not run any more, remove {file}"
    return FileError(problem, where=str(path), hint=hint)
