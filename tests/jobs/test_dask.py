"""A Dask cluster as the place of jobs: real schedulers and workers here, and what happens as each ends."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import job_functions
import pytest
from processes import PATH, program, wait_until

from rnncli.errors import DataError, FileError, ModelError, UsageError
from rnncli.jobs import Blob, Here, Job, cluster, run

TESTS = Path(__file__).parent.parent


class Machine:
    """A scheduler and two workers, each a program of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.workers: list[subprocess.Popen[str]] = []
        self.scheduler: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        """Start what does not run; a new scheduler has the address of the last one."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            file = self.folder / "scheduler.json"
            file.unlink(missing_ok=True)
            port = self.address.rpartition(":")[2] or 0
            options = ("--host", "127.0.0.1", "--port", port, "--scheduler-file", file, *LOOPBACK)
            self.scheduler = self.stack.enter_context(program("-m", "dask", "scheduler", *options))
            self.workers = []
            wait_until(lambda: file.exists() and file.read_text().endswith("}"))
            self.address = json.loads(file.read_text())["address"]
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.workers.append(self.add_worker())

    def add_worker(self, **environment: str) -> subprocess.Popen[str]:
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", self.folder, *LOOPBACK)
        return self.stack.enter_context(program("-m", "dask", "worker", self.address, *options, **environment))


LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with ExitStack() as stack:
        yield Machine(tmp_path_factory.mktemp("cluster"), stack)


@pytest.fixture
def machine(programs: Machine) -> Machine:
    programs.start()
    return programs


def entries(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for line in lines:
        if "key" in line:
            del line["seconds"]
            if line["output"]:
                del line["output"]["path"], line["output"]["modified"]
            if line["error"]:
                del line["error"]["traceback"]
    return lines


def check_files(out: Path, jobs: list[Job]) -> None:
    """Nothing is lost, doubled or half."""
    assert sorted(path.name for path in out.iterdir()) == sorted(["manifest.jsonl", *(job.key for job in jobs)])
    for job in jobs:
        assert job.output.read_text() == job.inputs[0].read_text().upper()
    lines = (out / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["key"] for line in lines] == sorted(job.key for job in jobs)


def test_local_workers_give_what_this_process_gives(tmp_path):
    job_functions.jobs(tmp_path, 9)
    (tmp_path / "in/04.txt").write_text("poison")
    results = []
    for name, place in (("here", Here()), ("local", cluster("local:2"))):
        out = tmp_path / name
        made = [job._replace(output=out / job.key) for job in job_functions.jobs(tmp_path, 9)]
        made += [
            Job("zero", "job_functions:divide", {"by": 0}),
            Job("square", "job_functions:square", {"number": 7}),
        ]
        outcomes = list(run(made, out, place=place, on_error="skip"))
        assert len(outcomes) == 11
        results.append((entries(out), {path.name: path.read_bytes() for path in out.glob("*.txt")}))
    assert results[0] == results[1]
    assert len(results[0][1]) == 8
    with pytest.raises(DataError, match="is poison"):
        list(run(made, tmp_path / "local", place=cluster("local:1")))


def test_a_job_that_ends_its_worker_is_done_again_once(tmp_path):
    made = job_functions.jobs(tmp_path, 8)
    for times in (1, 9):
        made.insert(
            3, Job(f"die-{times}", "job_functions:die", {"times": times, "log": str(tmp_path / f"{times}")})
        )
    outcomes = list(run(made, tmp_path / "out", place=cluster("local:2"), on_error="skip"))
    assert sorted(outcome.key for outcome in outcomes) == sorted(job.key for job in made)
    assert [outcome.key for outcome in outcomes if outcome.fault] == ["die-9"]
    assert (tmp_path / "1").read_text() == (tmp_path / "9").read_text() == "xx"


def test_workers_use_one_thread_and_get_a_file_that_they_cannot_read(tmp_path, machine):
    place = cluster(machine.address)
    made = [Job(str(number), "job_functions:process", {"seconds": 0.1}) for number in range(8)]
    counts = [outcome.counts for outcome in run(made, tmp_path / "threads", place=place)]
    assert {count["threads"] for count in counts} == {1}
    assert len({count["pid"] for count in counts}) == 2
    with (tmp_path / "model").open("w+") as model:
        model.write("hello")
        model.flush()
        path = Path(f"/proc/self/fd/{model.fileno()}")  # another file, or none, for every other process
        made = [Job(str(number), "job_functions:greet", {"model": Blob.of(path)}) for number in range(6)]
        outcomes = list(run(made, tmp_path / "sent", place=place))
        assert {outcome.counts["greeting"] for outcome in outcomes} == {"hello!"}
        assert {outcome.counts["loads"] for outcome in outcomes} == {1}
        assert {Path(outcome.counts["path"]).name for outcome in outcomes} == {made[0].arguments["model"].sha256}
        wrong = made[0].arguments["model"]._replace(sha256="0" * 64)
        with pytest.raises(ModelError, match="was changed"):
            list(run([made[0]._replace(arguments={"model": wrong})], tmp_path / "wrong", place=place))


def test_a_killed_worker_loses_nothing(tmp_path, machine):
    made = job_functions.jobs(tmp_path, 12, 0.1)
    outcomes = []
    for outcome in run(made, tmp_path / "out", place=cluster(machine.address)):
        outcomes.append(outcome.key)
        if len(outcomes) == 3:
            machine.workers[0].kill()
            machine.workers[0].wait()
            machine.start()
    assert sorted(outcomes) == [job.key for job in made]
    check_files(tmp_path / "out", made)


def test_a_killed_scheduler_ends_the_run_and_the_same_call_goes_on(tmp_path, machine):
    out = tmp_path / "out"
    made = job_functions.jobs(tmp_path, 12, 0.1)
    done = []
    with pytest.raises(FileError, match="scheduler of the cluster does not answer") as caught:
        for outcome in run(made, out, place=cluster(machine.address)):
            done.append(outcome.key)
            if len(done) == 4:
                machine.scheduler.kill()
    assert caught.value.where == machine.address
    machine.start()
    rest = [outcome.key for outcome in run(made, out, place=cluster(machine.address)) if outcome.is_new]
    assert sorted(done + rest) == [job.key for job in made]
    check_files(out, made)


def test_a_client_that_is_killed_or_stopped_can_be_started_again(tmp_path, machine):
    command = (TESTS / "job_functions.py", tmp_path, 12, 0.2, machine.address)
    made = job_functions.jobs(tmp_path, 12, 0.2)
    done = []
    for number in (signal.SIGKILL, signal.SIGINT):
        with program(*command) as client:
            done += [client.stdout.readline().strip() for _ in range(2)]
            client.send_signal(number)
            rest, errors = client.communicate(timeout=60)
            done += rest.split()
            assert errors == ("" if number == signal.SIGKILL else "interrupted\n")
    until = time.monotonic() + 60
    while list((tmp_path / "out").glob(".*")):  # workers end the jobs of a client that is gone
        assert time.monotonic() < until
        time.sleep(0.05)
    with program(*command) as client:
        rest, errors = client.communicate(timeout=60)
        assert (client.returncode, errors) == (0, "")
    assert sorted(done + rest.split()) == [job.key for job in made]
    check_files(tmp_path / "out", made)


def test_another_version_is_refused_with_both_named(tmp_path, machine):
    other = tmp_path / "other" / "rnncli-9.9.9.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: rnncli\nVersion: 9.9.9\n")
    message = r"has rnncli 9\.9\.9, and this program \d+\.\d+\.\d+"
    outcomes = run(job_functions.jobs(tmp_path, 60, 0.1), tmp_path / "out", place=cluster(machine.address))
    next(outcomes)
    worker = machine.add_worker(PYTHONPATH=os.pathsep.join([str(other.parent), PATH]))
    while "Registered to" not in worker.stderr.readline():
        pass
    with pytest.raises(UsageError, match=message):  # from the worker itself
        list(outcomes)
    with pytest.raises(UsageError, match=message) as caught:
        job = Job("square", "job_functions:square", {"number": 7})
        list(run([job], tmp_path / "none", place=cluster(machine.address)))
    assert caught.value.where.startswith("tcp://127.0.0.1:")
    assert [path.name for path in (tmp_path / "none").iterdir()] == ["manifest.jsonl"]
    worker.kill()


@pytest.mark.parametrize("address", ["", "host", "local:0", "local:", "local:two", "http://host"])
def test_an_address_that_is_none_is_refused(tmp_path, address):
    with pytest.raises(UsageError, match="--cluster: expected the address of a scheduler"):
        list(run(job_functions.jobs(tmp_path, 1), tmp_path / "out", place=cluster(address)))


def test_a_scheduler_that_does_not_answer_is_named(tmp_path, monkeypatch):
    from rnncli.jobs import dask

    monkeypatch.setattr(dask, "_CONNECTING", 0.5)
    with pytest.raises(FileError, match="no scheduler answers"):
        list(run(job_functions.jobs(tmp_path, 1), tmp_path / "out", place=cluster("tcp://127.0.0.1:1")))
