"""The paths of the bundled model and the sample data: in an installed package, or next to it in a source tree."""

from pathlib import Path

from rnncli.errors import FileError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the path of a bundled file such as ``models/default.npz``; a missing one is a :class:`.FileError`."""
    for root in (_PACKAGE / "bundled", _PACKAGE.parent):
        if (root / name).is_file():
            return root / name
    raise FileError("this installation has no such file", where=name, hint="install rnncli again")
