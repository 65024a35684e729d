"""Whether rnncli works on this machine: the installation, the machine, and a self-test in another process."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rnncli.diagnosis import machine, selftest
from rnncli.diagnosis.check import Check, all_hold

VERSION = 1  # of the JSON
SHOWN = 3  # lines of what a process said before it ended
LONGEST = 900.0  # seconds of the self-test, which takes a minute if it compiles kernels on a slow machine

# The package is that of this process, wherever it is; nothing else is taken from its folder or the current one.
_CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import rnncli
del sys.path[0]
from rnncli.diagnosis import selftest
def write(line):
    sys.stdout.write(line)
    sys.stdout.flush()
selftest.report(write)
"""


class Diagnosis(NamedTuple):
    """The outcome of all checks."""

    checks: list[Check]
    seconds: float  # of the self-test

    @property
    def is_well(self) -> bool:
        """Whether no check failed."""
        return all_hold(self.checks)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli doctor``."""
        return {
            "version": VERSION,
            "well": self.is_well,
            "seconds": round(self.seconds, 2),
            "checks": [check.as_dict() for check in self.checks],
        }


def diagnose(
    terminal: Callable[[], Check], done: Callable[[float, str], None] = lambda share, name: None
) -> Diagnosis:
    """Look at everything that matters. No fault raises an error; it is a check that failed.

    terminal  checks what the output is shown on
    done      called with the share that is done and the name of the test that runs
    """
    looks: dict[str, Callable[[], Check]] = {
        "rnncli": machine.rnncli,
        "python": machine.python,
        "libraries": machine.libraries,
        "system": machine.system,
        "processor": machine.processor,
        "memory": machine.memory,
        "folder": machine.folder,
        "terminal": terminal,
        "variables": machine.variables,
    }
    checks = [_looked(name, look) for name, look in looks.items()]
    began = time.perf_counter()
    try:
        checks.extend(_tested(done))
    except Exception as error:
        checks.append(_broken("self-test", error))
    return Diagnosis([_without_home(check) for check in checks], time.perf_counter() - began)


def _looked(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as error:
        return _broken(name, error)


def _broken(name: str, error: Exception) -> Check:
    return Check(name, "failed", f"{type(error).__name__}: {error}", "please report this")


def _tested(done: Callable[[float, str], None]) -> Iterator[Check]:
    """Run the self-test in a process of its own, and yield the outcome of each test."""
    waiting = list(selftest.TESTS)
    package = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-P", "-X", "faulthandler", "-c", _CHILD, str(package)]
    done(0.0, f"testing {waiting[0]}")
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            errors="replace", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
    except (OSError, ValueError) as error:
        yield from _not_tested(waiting, f"a process for the self-test cannot be started: {error}")
        return
    said = []
    timer = threading.Timer(LONGEST, child.kill)
    with child:
        try:
            timer.start()
            for line in child.stdout or ():
                if line.startswith(selftest.MARK):
                    outcome = Check(**json.loads(line.removeprefix(selftest.MARK)))
                    waiting.remove(outcome.name)
                    yield outcome
                    done(1 - len(waiting) / len(selftest.TESTS), f"testing {waiting[0] if waiting else ''}")
                elif line.strip():
                    said.append(line.strip())
            child.wait()
        finally:
            timer.cancel()
            child.kill()
    if waiting:
        yield from _not_tested(waiting, _end_of(child.returncode), said)


def _end_of(code: int) -> str:
    """How a process ended that should not have ended."""
    if code >= 0:
        return f"the self-test ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the self-test was ended by {name}"


# What it means that a process was ended by a signal.
_HINTS = {
    "SIGILL": "compiled code does not fit this processor: unset NUMBA_CPU_NAME, and empty the cache of kernels",
    "SIGKILL": "there was too little memory, or it took too long",
}


def _not_tested(names: Sequence[str], why: str, said: Sequence[str] = ()) -> Iterator[Check]:
    """The test during which the process ended, and those after it."""
    hint = next((hint for name, hint in _HINTS.items() if name in why), "install rnncli again")
    text = f"{why}: {'; '.join(said[-SHOWN:])}" if said else why
    yield Check(names[0], "failed", text, hint)
    for name in names[1:]:
        yield Check(name, "not checked", f"{names[0]} failed")


def _without_home(check: Check) -> Check:
    """The same check with ~ for the folder of the user, so that it can be shown to others."""
    return Check(*(_replaced(value) for value in check))


def _replaced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    if isinstance(value, str):
        for home in _homes():
            value = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", value)
    return value


@functools.cache
def _homes() -> list[str]:
    """The folders of the user: the one that HOME names, and the one that the system knows."""
    homes = [os.environ.get("HOME", "")]
    with suppress(ImportError, KeyError):
        import pwd

        homes.append(pwd.getpwuid(os.getuid()).pw_dir)
    return [home for home in homes if len(Path(home).parts) > 1]
