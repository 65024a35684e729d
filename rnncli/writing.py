"""Files of results: checked before the work begins, and written whole or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from rnncli.errors import FileError


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all."""
    write(path, memoryview(text.encode("utf-8")))


def check_writable(path: Path, example: str = "--out model.npz", is_model: bool = True) -> None:
    """Raise :class:`FileError` now if a file could not be written here after hours of training.

    A model may replace only a model, and nothing else may replace one.

    example   the option that names the file, and a name
    is_model  whether a model will be written
    """
    option = example.split()[0]
    if path.is_dir():
        raise FileError("is a directory, not a file name", where=str(path), hint=f"name a file: {example}")
    if path.is_file() and path.stat().st_size and _is_archive(path) != is_model:
        problem = "is no model, so a model does not replace it" if is_model else "is a model, which is not replaced"
        raise FileError(problem, where=str(path), hint=f"choose another {option}")
    if path.exists() and not path.is_file():  # a device or a pipe, which is written itself
        if not os.access(path, os.W_OK):
            problem = f"cannot write here: {os.strerror(errno.EACCES)}"
            raise FileError(problem, where=str(path), hint=f"choose another {option}")
        return
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent  # folders are made when the file is written
    try:
        with NamedTemporaryFile(dir=folder, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise FileError(
            f"cannot write here: {error.strerror}", where=str(path), hint=f"choose another {option}"
        ) from error


def write(path: Path, content: memoryview) -> None:
    """Write bytes, whole or not at all."""
    with writing(path) as file:
        file.write(content)


def _is_archive(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return file.read(2) == b"PK"
    return False


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that gets its name when the block ends; after an error there is none, or the old one.

    What the system refuses becomes a :class:`.FileError`. What is no regular file, as a pipe, is written at once.
    """
    temporary = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
            temporary = Path(new.name)
            yield new
            new.flush()
            os.fsync(new.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # a temporary file is private at first
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise FileError(f"could not be written: {error.strerror}", where=str(path)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    with suppress(OSError):  # some systems cannot sync a directory
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
