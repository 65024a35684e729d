"""What reads the hostile files, and ends with the exit code of the command that would."""

import contextlib
import io
import traceback
from collections.abc import Callable
from pathlib import Path

from rnncli.errors import RnncliError


def _command(*arguments: object) -> int:
    """Run a command line in this process."""
    from typer.testing import CliRunner

    from rnncli.cli.app import program

    result = CliRunner().invoke(program(), [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in result.stderr, result.stderr
    assert len(errors) == (result.exit_code != 0), result.stderr[:500]
    assert len(result.stderr) < 100_000, len(result.stderr)
    return result.exit_code


def _called(function: Callable[[], object]) -> int:
    try:
        function()
    except RnncliError as error:
        str(error)
        return error.exit_code
    return 0


def model(path: Path) -> int:
    import rnncli

    return _called(lambda: rnncli.load(path).tag("leave Taipei on November 2nd"))


def checkpoint(path: Path) -> int:
    from rnncli import checkpoint

    return _called(lambda: checkpoint.read(path))


def config(path: Path) -> int:
    return _command("tag", "leave", "--config", path, "--quiet")


def log(path: Path) -> int:
    code = _command("inspect-gradients", "--log", path)
    assert code == _command("inspect-gradients", "--log", path, "--svg", "-")
    return code


def vectors(path: Path) -> int:
    from rnncli.data import vectors

    return _called(lambda: vectors.read(str(path), lambda word: True))


def weights(path: Path) -> int:
    from rnncli.data import weights

    return _called(lambda: weights.read(str(path)))


def phrases(path: Path) -> int:
    from rnncli.data import lexicon

    return _called(lambda: lexicon.read(str(path)))


def labelled(path: Path) -> int:
    from rnncli.data import reading

    return _called(lambda: reading.read(str(path)))


def text(path: Path) -> int:
    return _command("tag", "--input", path, "--format", "text", "--to", "jsonl", "--threads", 1)


READERS = {
    "models": model,
    "checkpoints": checkpoint,
    "configs": config,
    "logs": log,
    "vectors": vectors,
    "weights": weights,
    "phrases": phrases,
    "labelled": labelled,
    "texts": text,
}


def outcome(kind: str, path: Path) -> int | str:
    """The exit code with which a file is read, or the traceback of what is no error of rnncli."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return READERS[kind](path)
    except Exception:
        return traceback.format_exc(limit=-4)
