"""Where the bundled model and the sample data lie: inside an installed package, or beside it in a checkout."""

from pathlib import Path

from rnncli.errors import FileError

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the path of a bundled file such as ``models/default.npz``; :class:`FileError` where it is missing."""
    for root in (_PACKAGE / "bundled", _PACKAGE.parent):
        if (root / name).is_file():
            return root / name
    raise FileError("this installation has no such file", where=name, hint="install rnncli again")
