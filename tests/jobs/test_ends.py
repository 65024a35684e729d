"""Processes of jobs that end: by themselves, with the one that started them, and in place of it."""

import os
import signal
from pathlib import Path

import job_functions
import pytest
from processes import children, program, runs, wait_until

from rnncli.errors import RnncliError
from rnncli.jobs import Job, Processes, run

TESTS = Path(__file__).parent.parent


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


CASES = [
    ("1", "SIGTERM"),
    ("2", "SIGINT"),
    ("2", "SIGHUP"),
    ("2", "SIGKILL"),
    ("local:2", "SIGINT"),
    ("local:2", "SIGKILL"),
]


@pytest.mark.promise("interrupt")
@pytest.mark.parametrize(("place", "name"), CASES)
def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path, place, name):
    """Nothing is lost, done twice or half, and no process stays."""
    number = getattr(signal, name)
    count = 9
    keys = [job.key for job in job_functions.jobs(tmp_path, count)]
    command = (TESTS / "job_functions.py", tmp_path, count, 0.2, place)
    with program(*command) as first:
        done = [first.stdout.readline().strip(), first.stdout.readline().strip()]
        below = children(first.pid)
        assert len(below) >= (0 if place == "1" else 2)
        os.killpg(first.pid, number)  # as a terminal does
        rest, errors = first.communicate(timeout=30)
        done += rest.split()
        assert first.returncode == (-number if name == "SIGKILL" else 128 + number)
        assert errors == ("" if name == "SIGKILL" else "interrupted\n")
        wait_until(lambda: not any(map(runs, below)))
    assert len(done) < count
    out = tmp_path / "out"
    assert {path.name for path in out.glob("*.txt")} >= set(done)
    for path in out.glob("*.txt"):
        assert path.read_text() == (tmp_path / "in" / path.name).read_text().upper()
    assert name == "SIGKILL" or not list(out.glob(".*"))
    entries = (out / "manifest.jsonl").read_text()
    assert all(f'{{"key": "{key}"' in entries for key in done)

    with program(*command) as second:
        rest, errors = second.communicate(timeout=60)
        assert (second.returncode, errors) == (0, "")
    assert sorted(rest.split()) == [key for key in keys if f'{{"key": "{key}"' not in entries]
    assert sorted(path.name for path in out.iterdir()) == [*keys, "manifest.jsonl"]


def test_a_long_job_ends_with_the_process_that_has_begun_it(tmp_path):
    seconds = 100
    with program(TESTS / "job_functions.py", tmp_path, 2, seconds, 2) as killed:
        wait_until(lambda: len(list((tmp_path / "out").glob(".*.tmp"))) == 2)
        below = children(killed.pid)
        killed.kill()
        wait_until(lambda: not any(map(runs, below)), 30)
    assert not list((tmp_path / "out").glob(".rnncli*"))
    assert not list((tmp_path / "out").glob("*.txt"))
