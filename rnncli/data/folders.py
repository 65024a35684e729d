"""The files that are named one by one, by patterns, or as the folders that hold them."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rnncli import arguments
from rnncli.errors import FileError, UsageError

_HINT = "for example: rnncli tag 'in/*.jsonl.gz' --out-dir out"


class Input(NamedTuple):
    """A file to read, and its path below the folder that was named, or before the first sign of a pattern."""

    path: Path
    relative: Path


class Inputs(NamedTuple):
    """Files in the order of their paths, each once.

    left_out  paths of a folder that are not read: links to folders, pipes, devices
    excluded  how many files are in the folder of the outputs
    """

    files: list[Input]
    left_out: list[Path]
    excluded: int


def find(patterns: Sequence[str], out: Path) -> Inputs:
    """Find files. Names that begin with a dot are only read where they are named.

    out  the folder of the outputs, which are never inputs

    Raises :class:`.UsageError` for a pattern that matches nothing and for inputs that lie in ``out``,
    :class:`.FileError` for a path that does not exist.
    """
    if not patterns:
        raise UsageError("give files, folders or patterns", hint=_HINT)
    found: dict[str, Input] = {}
    left_out: list[Path] = []
    excluded = 0
    folder = out.resolve()
    for pattern in patterns:
        if not pattern or "\0" in pattern:
            raise UsageError("the name of an input is empty or holds NUL", hint=_HINT)
        root, paths = _matches(pattern)
        if _is_in(root, folder):
            hint = "write the results to another folder"
            raise UsageError("the inputs lie in the folder of --out-dir", where=pattern, hint=hint)
        for path in paths:
            if _is_in(path, folder):
                excluded += not path.is_dir()
            elif path.is_file() or (path.is_symlink() and not path.exists()):  # what is labelled says what is wrong
                found.setdefault(os.path.abspath(path), Input(path, path.relative_to(root)))  # noqa: PTH100
            else:
                left_out.append(path)
    if not found:
        what = "no file that is not an output" if excluded else "no file"
        raise UsageError(f"there is {what} to label", where=" ".join(patterns), hint="name other files or folders")
    return Inputs(sorted(found.values(), key=lambda item: str(item.path)), left_out, excluded)


def _matches(pattern: str) -> tuple[Path, list[Path]]:
    """The folder below which paths are kept, and the paths that a pattern matches."""
    path = Path(pattern)
    if path.is_dir():
        return path, list(_walk(path))
    if os.path.lexists(path):
        return path.parent, [path]
    if not glob.has_magic(pattern):
        near = arguments.nearest_path(path)
        raise FileError("no such file or folder", where=pattern, hint=f"did you mean {near}?" if near else "")
    plain: list[str] = []
    for part in path.parts:
        if glob.has_magic(part):
            break
        plain.append(part)
    paths: list[Path] = []
    for match in map(Path, glob.glob(pattern, recursive=True)):  # noqa: PTH207  Path.glob reads hidden files too
        is_folder = match.is_dir() and not match.is_symlink()
        paths += _walk(match) if is_folder and "**" not in path.parts else [] if is_folder else [match]
    if not paths:
        raise UsageError("no file matches this pattern", where=pattern, hint="put a pattern in quotes: 'in/*.txt'")
    return Path(*plain), paths


def _walk(folder: Path) -> Iterator[Path]:
    """All that is below a folder and no folder itself; links to folders are not followed, which may be loops."""

    def refuse(error: OSError) -> None:
        raise FileError(error.strerror or str(error), where=str(error.filename))

    for name, folders, files in os.walk(folder, onerror=refuse):
        links = [entry for entry in folders if Path(name, entry).is_symlink()]
        folders[:] = sorted(entry for entry in folders if not entry.startswith(".") and entry not in links)
        yield from (Path(name, entry) for entry in (*files, *links) if not entry.startswith("."))


def _is_in(path: Path, folder: Path) -> bool:
    """Whether a path, not what it links to, is a folder or lies in it."""
    place = path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()
    return place == folder or folder in place.parents or (path.is_dir() and path.resolve() == folder)
