"""What the modules of attacks share: a hostile file is written by a function, and is refused with an exit code."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

MARK = "EXECUTED"  # the file that code inside a hostile file would make


class Attack(NamedTuple):
    """A hostile file: who writes it, and the exit code of the command that reads it."""

    write: Callable[[Path], None]
    code: int


class Attacks(dict[str, Attack]):
    """The attacks of a module by name."""

    def __init__(self, code: int) -> None:
        """``code``: the exit code that refuses a file, where an attack has no other."""
        super().__init__()
        self._code = code

    def add(self, function: Callable[[Path], None]) -> Callable[[Path], None]:
        """Add a function that writes a file."""
        self[function.__name__] = Attack(function, self._code)
        return function

    def read_as(self, code: int) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
        """Add a function whose file ends with another exit code; 0 if it can be read."""

        def added(function: Callable[[Path], None]) -> Callable[[Path], None]:
            self[function.__name__] = Attack(function, code)
            return function

        return added

    def content(self, **contents: bytes) -> None:
        """Add files of these bytes."""
        for name, content in contents.items():
            self[name] = Attack(lambda path, content=content: path.write_bytes(content) and None, self._code)


def endless_zeros(path: Path) -> None:
    """A file that never ends, for every module that has it among its attacks."""
    path.symlink_to("/dev/zero")


def write_all(attacks: Mapping[str, Attack], folder: Path) -> None:
    """Write every hostile file into a folder, under the name of its attack."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, attack in attacks.items():
        attack.write(folder / name)


def main(attacks: Mapping[str, Attack]) -> None:
    """Write the files into the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python {sys.argv[0]} FOLDER")
    write_all(attacks, Path(sys.argv[1]))
    sys.stdout.write(f"{len(attacks)} files in {sys.argv[1]}\n")
