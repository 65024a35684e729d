"""What several test files share: a small corpus, a model trained on it once, forged models, the program."""

import hashlib
import io
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings
from network_fixtures import batch, drawn  # noqa: F401  fixtures of tests/plain and tests/network
from promises import PROMISES, Cases, Record

if TYPE_CHECKING:
    from typer.testing import Result

    from rnncli.api import Trained
    from rnncli.model import Model

# Examples are a function of the test, so a run repeats; how fast the machine is plays no part.
settings.register_profile("rnncli", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("rnncli")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this suite."""
    parser.addoption("--long", action="store_true", help="run hundreds of faults and minutes of fuzzing")
    parser.addoption(
        "--axe", metavar="FILE", help="axe.min.js to check pages with, such as that of the newest axe-core"
    )
    parser.addoption("--record", metavar="FILE", help="write how many cases of each promise were run, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of tests that prove a promise."""
    config.addinivalue_line("markers", "promise(name): proves a promise of docs/reliability.md")
    config.stash[_RECORD] = Record(config.getoption("--record"))
    # Signals that are ignored here, as in a background job, would be ignored by the programs that tests start.
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name) and signal.getsignal(number := getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the counts."""
    session.config.stash[_RECORD].write()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Count the cases of the promise that a test proves: those of its fixture ``cases``, else one."""
    report = yield
    if call.when == "call" and not report.skipped:
        cases = getattr(item, "funcargs", {}).get("cases")
        count = cases.count if cases and cases.count else 1
        for mark in item.iter_markers("promise"):
            test = item.nodeid.split("[")[0]
            item.config.stash[_RECORD].add(mark.args[0], test, count, report.failed)
    return report


_RECORD = pytest.StashKey[Record]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse marks of promises that do not exist."""
    for item in items:
        for mark in item.iter_markers("promise"):
            if mark.args[0] not in PROMISES:
                raise pytest.UsageError(f"{item.nodeid}: no promise {mark.args[0]!r} in tests/promises.py")


@pytest.fixture
def cases() -> Cases:
    """Counts the cases of a test that runs many: ``cases.add()``."""
    return Cases()


@pytest.fixture(scope="session")
def long(pytestconfig: pytest.Config) -> bool:
    """Whether the long runs were asked for; a test takes more of its cases then."""
    return bool(pytestconfig.getoption("--long"))


CITIES = (("Taipei",), ("New", "York"), ("Kaohsiung",))
DAYS = (("May", "2nd"), ("June", "13th"), ("Sunday",), ("10:30", "today"))
VERBS = {"leave": "departure", "arrive": "destination"}


def _labelled(tokens: tuple[str, ...], kind: str) -> list[tuple[str, str]]:
    return [(token, f"{'I' if i else 'B'}-{kind}") for i, token in enumerate(tokens)]


def _rows() -> Iterator[list[tuple[str, str]]]:
    """24 bookings, told apart by their first word alone, and 6 sentences without a span."""
    for verb, kind in VERBS.items():
        for city in CITIES:
            for day in DAYS:
                yield [(verb, "O"), *_labelled(city, kind), ("on", "O"), *_labelled(day, f"{kind}_time")]
    for word in ("hello", "thanks", "please", "goodbye", "yes", "no"):
        yield [(word, "O"), ("there", "O"), (".", "O")]


@pytest.fixture(scope="session")
def booking_text() -> str:
    """The small corpus as a labelled file."""
    return "".join("".join(f"{token}\t{tag}\n" for token, tag in rows) + "\n" for rows in _rows())


@pytest.fixture(scope="session")
def booking_tsv(tmp_path_factory: pytest.TempPathFactory, booking_text: str) -> Path:
    """The small corpus on disk."""
    path = tmp_path_factory.mktemp("corpus") / "booking.tsv"
    path.write_text(booking_text, "utf-8", newline="")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, booking_tsv: Path) -> "Trained":
    """A model of eight units that has seen the small corpus a few times, and knows it well."""
    from rnncli import api

    out = tmp_path_factory.mktemp("model") / "tiny.npz"
    options: dict[str, Any] = {
        "hidden": 8,
        "embedding": 8,
        "ngram": 8,
        "epochs": 12,
        "batch": 4,
        "learning_rate": 0.05,
        "dropout": 0.0,
    }
    return api.train(booking_tsv, booking_tsv, out, force=True, **options)


@pytest.fixture
def tiny(trained: "Trained") -> "Model":
    """The trained model, read anew, so that a test may spoil it."""
    from rnncli.modelfile import load

    return load(trained.path)


Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def _array_file(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.fixture
def forge(trained: "Trained", tmp_path: Path) -> Callable[..., Path]:
    """Write a copy of the trained model, or of another, in which something was changed.

    ``change(header, members)`` edits the JSON header and the other members (name -> bytes) in place. All hashes
    are made to fit again, so that not they but the check in question has to refuse the file.
    """

    def forged(
        change: Change, compression: int = zipfile.ZIP_STORED, rehash: bool = True, of: Path = trained.path
    ) -> Path:
        with zipfile.ZipFile(of) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        header = json.loads(np.load(io.BytesIO(members.pop("header.npy"))).tobytes())
        change(header, members)
        if rehash and "sha256" in header:
            header["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
        text = json.dumps(header, ensure_ascii=False, indent=1).encode()
        members = {"header.npy": _array_file(np.frombuffer(text, np.uint8)), **members}
        path = tmp_path / "forged.npz"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
        return path

    return forged


@pytest.fixture(autouse=True)
def _undisturbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the caller's shell reaches a test, and no interrupt handler outlives one."""
    for name in [name for name in os.environ if name.startswith("RNNCLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # what fails only when it is flushed must fail here
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., "Result"]:
    """Run a command line in this process, in an empty folder: ``run("tag", "text", env={…}, stdin=b"…")``."""
    from typer.testing import CliRunner

    from rnncli.cli.app import program

    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, stdin: bytes | None = None, env: dict[str, str] | None = None) -> "Result":
        return CliRunner().invoke(program(), [str(argument) for argument in arguments], input=stdin, env=env)

    return invoke


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run ``python -m rnncli`` in an empty folder."""

    def start(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
        usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": tmp_path, "timeout": 120}
        words = [sys.executable, "-m", "rnncli", *map(str, arguments)]
        return subprocess.run(words, text=True, encoding="utf-8", check=False, **(usual | options))

    return start


@pytest.fixture
def device(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give a device such as ``null``; to root, who could replace that of the system, a copy of it."""
    folder = tmp_path_factory.mktemp("devices")

    def copied(name: str) -> Path:
        original, copy = Path("/dev") / name, folder / name
        if os.getuid() == 0 and not copy.exists():
            with suppress(PermissionError):  # root of a container may not
                os.mknod(copy, stat.S_IFCHR | 0o666, original.stat().st_rdev)
        return copy if copy.exists() else original

    return copied
