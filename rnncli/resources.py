"""The paths of the bundled models and the sample data: in an installed package, or next to it in a source tree."""

from pathlib import Path

from rnncli.errors import FileError

_PACKAGE = Path(__file__).resolve().parent
# Names of the bundled models: of the English and of the Chinese part of the sample data.
MODELS = ("default", "zh")


def bundled(name: str) -> Path:
    """Return the path of a bundled file such as ``models/default.npz``; a missing one is a :class:`.FileError`."""
    for root in (_PACKAGE / "bundled", _PACKAGE.parent):
        if (root / name).is_file():
            return root / name
    raise FileError("this installation has no such file", where=name, hint="install rnncli again")


def model(path: str | Path) -> Path:
    """Return the file of a model: ``path`` if there is such a file, else the bundled model of this name."""
    path = Path(path)
    return bundled(f"models/{path}.npz") if str(path) in MODELS and not path.is_file() else path
