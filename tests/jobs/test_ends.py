"""Processes of jobs that end: by themselves, with the one that started them, and in place of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import job_functions
import pytest

from rnncli.errors import RnncliError
from rnncli.jobs import Job, Processes, run

TESTS = Path(__file__).parent.parent


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    below = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            below += [int(path.parent.name), *children(int(path.parent.name))]
    return below


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_job_whose_process_ends_is_done_again_once(tmp_path):
    made = job_functions.jobs(tmp_path, 12)
    for times in (1, 9):
        log = tmp_path / f"log-{times}"
        made.insert(3, Job(f"die-{times}", "job_functions:die", {"times": times, "log": str(log)}))
    outcomes = {
        outcome.key: outcome for outcome in run(made, tmp_path / "out", place=Processes(2), on_error="skip")
    }
    assert len(outcomes) == 14
    assert (tmp_path / "log-1").read_text() == "xx"
    assert (tmp_path / "log-9").read_text() == "xx"
    assert [key for key, outcome in outcomes.items() if outcome.fault] == ["die-9"]
    fault = outcomes["die-9"].fault
    assert fault.message == "the process of the job ended by signal 9 (Killed), 2 times"
    assert fault.traceback == ""
    with pytest.raises(RnncliError, match="die-9: the process of the job ended by signal 9"):
        list(run(made, tmp_path / "out", place=Processes(2)))


def start(folder: Path, count: int, seconds: float, workers: int = 2) -> subprocess.Popen[str]:
    command = [sys.executable, str(TESTS / "job_functions.py"), str(folder), str(count), str(seconds), str(workers)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [TESTS.parent, TESTS]))}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path, name, workers):
    """Nothing is lost, done twice or half, and no process stays, whoever gets the signal."""
    number = getattr(signal, name)
    count = 8
    keys = [job.key for job in job_functions.jobs(tmp_path, count)]
    program = start(tmp_path, count, 0.2, workers)
    done = [program.stdout.readline().strip(), program.stdout.readline().strip()]
    below = children(program.pid)
    assert len(below) >= (workers if workers > 1 else 0)
    if name == "SIGINT":
        os.killpg(program.pid, number)  # as a terminal does
    else:
        os.kill(program.pid, number)
    rest, errors = program.communicate(timeout=30)
    done += rest.split()
    assert program.returncode == (-number if name == "SIGKILL" else 128 + number)
    assert errors == ("" if name == "SIGKILL" else "interrupted\n")
    wait_until(lambda: not any(map(runs, below)))
    assert len(done) < count
    out = tmp_path / "out"
    assert {path.name for path in out.glob("*.txt")} >= set(done)
    for path in out.glob("*.txt"):
        assert path.read_text() == (tmp_path / "in" / path.name).read_text().upper()
    if name != "SIGKILL":
        assert list(out.glob(".*")) == []
    entries = (out / "manifest.jsonl").read_text()
    assert all(f'{{"key": "{key}"' in entries for key in done)

    again = start(tmp_path, count, 0.2, workers)
    rest, errors = again.communicate(timeout=60)
    assert errors == ""
    assert again.returncode == 0
    assert sorted(rest.split()) == [key for key in keys if f'{{"key": "{key}"' not in entries]
    assert len(list(out.glob("*.txt"))) == count
    assert list(out.glob(".*")) == []
