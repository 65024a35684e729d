"""The cache of compiled kernels: a private folder for each version, and a file for each kernel and signature.

Numba does not notice an edit to a jitted function in another file, so the name of the folder holds a hash of all
kernel sources, the versions and the processor. A file is a pickle with machine code: it is loaded only from where
no other user can write, and only if its SHA-256 is right. A file appears in one step when it is complete, and no
file refers to another, so several processes can use the folder at once.
"""

import hashlib
import logging
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
import platformdirs

from rnncli.kernels import internals
from rnncli.writing import files, temporary

# Folders of other versions are removed after DAYS without use; only the FOLDERS that were used last are kept.
DAYS = 30
FOLDERS = 8

_DIGEST = hashlib.sha256().digest_size
_log = logging.getLogger(__name__)


def source_hash() -> str:
    """Return 16 hexadecimal digits that change with any kernel source, a version that matters, or the CPU."""
    versions = sys.implementation.cache_tag, numba.__version__, llvmlite.__version__, np.__version__
    digest = hashlib.sha256(" ".join([*map(str, versions), llvm.get_host_cpu_name()]).encode())
    digest.update(llvm.get_host_cpu_features().flatten().encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


_logged: set[str] = set()


def _log_once(level: int, message: str, detail: str = "") -> None:
    """Log a message the first time that it is given, with the detail of that time."""
    if message not in _logged:
        _logged.add(message)
        _log.log(level, message + detail)


def _is_private_group(group: int) -> bool:
    """Tell whether this user is the only member of a group; never true of group 0, which containers may share."""
    import grp
    import pwd

    try:
        name, _, _, members = grp.getgrgid(group)
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return False
    return group != 0 and name == user and set(members) <= {user}


def _check_private(folder: Path, is_parent: bool) -> None:
    """Raise ``PermissionError`` if a user other than this one and root could change what is in a folder."""
    if not hasattr(os, "getuid"):
        return
    status = folder.stat()
    if status.st_uid not in (0, os.getuid()):
        raise PermissionError(f"{folder} belongs to another user")
    # In a sticky folder such as /tmp others can add entries, but not rename or remove ours.
    if is_parent and status.st_mode & stat.S_ISVTX:
        return
    by_group = status.st_mode & stat.S_IWGRP and not _is_private_group(status.st_gid)
    if by_group or status.st_mode & stat.S_IWOTH:
        raise PermissionError(f"others may write to {folder}")


def _private_folder() -> Path:
    """Make the folder for this version of the kernels; raise ``OSError`` if that cannot be made private."""
    base = Path(platformdirs.user_cache_dir("rnncli", appauthor=False))
    if not base.is_absolute():  # else whoever packed the current folder chose the code in it
        raise PermissionError(f"{base} is not an absolute path")
    path = base.resolve() / "kernels" / source_hash()
    for parent in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            parent.mkdir(mode=0o700)
            parent.chmod(0o700)  # a umask of 0o777 would keep this user out of it too
        _check_private(parent, is_parent=parent != path)
    return path


def _remove_old_folders(path: Path) -> None:
    """Mark a folder as used now; remove old folders of other versions."""
    with suppress(OSError):
        os.utime(path)
        folders = [folder for folder in path.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", folder.name)]
        ages = sorted((time.time() - folder.stat().st_mtime, folder) for folder in folders if folder != path)
        for number, (age, folder) in enumerate(ages, 1):
            if number > FOLDERS or age > DAYS * 24 * 3600:
                shutil.rmtree(folder, ignore_errors=True)


def _find_folder() -> tuple[Path | None, str]:
    """The folder of the cache, or the reason why there is none."""
    try:
        path = _private_folder()
    except OSError as error:
        return None, f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except RuntimeError as error:  # there is no home directory
        return None, str(error)
    _remove_old_folders(path)
    temporary.remove_leftovers(path)
    return path, ""


CACHE_DIRECTORY, _REASON = _find_folder()


def is_empty() -> bool:
    """Tell whether the cache has no kernel of this version, so that the first use of a kernel compiles it."""
    return CACHE_DIRECTORY is None or not any(CACHE_DIRECTORY.glob("*.nbc"))


class State(NamedTuple):
    """What is in the cache now."""

    folder: Path | None  # None if there is none
    reason: str  # why there is none, or why nothing can be written there; "" if all is well
    kernels: int  # files of this version
    size: int  # bytes of them
    others: int  # folders of other versions


def state() -> State:
    """Look at the cache, and try whether a file can be written there."""
    folder = CACHE_DIRECTORY
    if folder is None:
        return State(None, _REASON, 0, 0, 0)
    reason = ""
    try:
        files.try_to_write(folder)
    except OSError as error:
        reason = error.strerror or str(error)
    sizes = []
    others = 0
    with suppress(OSError):
        sizes = [path.stat().st_size for path in folder.glob("*.nbc")]
        others = sum(path.is_dir() for path in folder.parent.iterdir()) - 1
    return State(folder, reason, len(sizes), sum(sizes), others)


def processor() -> tuple[str, list[str]]:
    """The name of the processor that kernels are compiled for, and its features, as LLVM calls them."""
    features = llvm.get_host_cpu_features()
    return llvm.get_host_cpu_name(), sorted(name for name, is_there in features.items() if is_there)


class KernelCache(internals.NullCache):  # type: ignore[misc]
    """The cache of one kernel, with the methods that Numba calls before and after it compiles."""

    def __init__(self, kernel: Callable[..., Any]) -> None:
        self._name = f"{kernel.__module__.rpartition('.')[2]}.{kernel.__qualname__}"

    def _file(self, signature: Any, codegen: Any) -> tuple[Path | None, bytes]:
        """The path of a kernel's file, ``None`` without a cache, and the key that its SHA-256 covers too."""
        key = f"{self._name} {signature} {codegen.magic_tuple()}".encode()
        name = f"{self._name}-{hashlib.sha256(key).hexdigest()[:16]}.nbc"
        return CACHE_DIRECTORY and CACHE_DIRECTORY / name, key

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return a kernel from its file; ``None``, so that Numba compiles it, if the file is missing or damaged."""
        target_context.refresh()
        path, key = self._file(sig, target_context.codegen())
        try:
            if path:
                content = path.read_bytes()
                if hashlib.sha256(key + content[_DIGEST:]).digest() != content[:_DIGEST]:
                    raise ValueError("its SHA-256 is wrong")
                return internals.rebuild_result(target_context, *internals.loads(content[_DIGEST:]))
        except FileNotFoundError:
            pass
        except Exception as error:
            message = "the kernel cache is damaged, kernels are compiled again: "
            _log_once(logging.WARNING, message, f"{path}: {error}")
            _remove(path)
        when = "once for this processor" if path else f"at every start: {_REASON}; XDG_CACHE_HOME sets the place"
        _log_once(logging.INFO, f"compiling kernels (some seconds, {when}) …")
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write a compiled kernel to its file."""
        path, key = self._file(sig, data.codegen)
        if path is None or data.library.has_dynamic_globals:
            return
        content = internals.dumps(internals.reduce_result(data))
        new = temporary.new_path(path.parent)
        try:
            with new.open("xb") as file:
                new.chmod(0o600)  # whatever the umask
                file.write(hashlib.sha256(key + content).digest() + content)
            new.replace(path)
        except OSError as error:
            _log_once(logging.WARNING, f"compiled kernels cannot be kept in {path.parent}: {error.strerror}")
        finally:
            _remove(new)


def _remove(path: Path | None) -> None:
    """Remove a file, or a folder of its name, if possible."""
    if path is None:
        return
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
