"""Keeps finished work that cannot be written where it should be."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from rnncli.errors import FileError
from rnncli.writing.files import is_stream, twice

T = TypeVar("T")


def or_elsewhere(path: Path, write: Callable[[Path], T]) -> T:
    """Call ``write(path)`` by :func:`twice`; if that fails, write the file in another place.

    The first place that takes it is used: the user's folder of states, the folder for temporary files, the current
    folder; there a new folder that is private. What was written is always at one of them, but the call never
    returns then: the :class:`.FileError` names the place, or says that there is none.
    """
    try:
        return twice(path, write)
    except (FileError, BrokenPipeError) as error:
        first = error if isinstance(error, FileError) else FileError("its reader has closed it", where=str(path))
    import tempfile  # here, because it is needed only after an error

    tried = []
    name = "output" if is_stream(path) else path.name
    for place in _places():
        folder = None
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="rnncli-", dir=place))
            write(folder / name)
        except (OSError, FileError):
            tried.append(str(place))
            if folder:
                with suppress(OSError):
                    folder.rmdir()
        else:
            message = f"{first.message}; it was written to {folder / name} instead"
            raise FileError(message, where=first.where, hint="move it from there when it can be written") from first
    message = f"{first.message}; nor could it be written in {', '.join(tried)}, so it is lost"
    raise FileError(message, where=first.where, hint=first.hint) from first


def _places() -> Iterator[Path]:
    """Folders that are absolute; without a home directory or a current one there are fewer."""
    import tempfile

    import platformdirs

    sources: list[Callable[[], str]] = [
        lambda: platformdirs.user_state_dir("rnncli", appauthor=False),
        tempfile.gettempdir,
        os.getcwd,
    ]
    seen = set()
    for source in sources:
        with suppress(OSError, RuntimeError):
            place = source()
            if Path(place).is_absolute() and place not in seen:
                seen.add(place)
                yield Path(place)
