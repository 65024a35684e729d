"""What it costs to run jobs in several processes and on a Dask cluster: idle time and CPU time.

    python benchmarks/jobs.py [--jobs 16] [--rounds 3] [--json FILE]

Each job labels a text of 1 MB and writes tokens with their tags. Two processes do the same jobs at every place, in
turns: ``Processes``, ``local:2`` of Dask, and ``dask scheduler`` with two ``dask worker``, which are programs of
their own. Of the time from the first begin of a job to the last end, what is not in jobs is idle. The CPU time of
all other processes, such as the client and the scheduler, is a share of the same time. Jobs that do nothing show
the cost of one.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import report

from rnncli import jobs, modelfile, writing
from rnncli.data import reading
from rnncli.resources import bundled
from rnncli.tagging import Tagger

WORKERS = 2
MEGABYTE = 10**6


def load(path: Path) -> Tagger:
    """The tagger of a model, with one thread."""
    return Tagger(modelfile.load(path), threads=1)


def label(*, model: jobs.Blob, inputs: list[Path], output: Path) -> jobs.Counts:
    """Label the sentences of a text."""
    tagger = jobs.once(load, model)
    with inputs[0].open(encoding="utf-8") as lines, writing.writing(output) as file:
        for piece in tagger.tsv(line.rstrip("\n") for line in lines):
            file.write(piece.encode())
    return {}


def nothing(*, inputs: list[Path], output: None) -> jobs.Counts:
    """Do nothing."""
    return {}


@contextmanager
def dask_programs(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a scheduler with workers on this machine, and the numbers of their processes."""
    no_profile = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
    environment = os.environ | no_profile | {"PYTHONPATH": os.pathsep.join(sys.path)}
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    where = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
    file = folder / "scheduler.json"
    scheduler = ["scheduler", "--port", "0", "--scheduler-file", str(file), *where]
    worker = [
        "worker",
        "--scheduler-file",
        str(file),
        "--nthreads",
        "1",
        "--no-nanny",
        "--local-directory",
        str(folder),
        *where,
    ]
    programs = []
    try:
        for command in (scheduler, *[worker] * WORKERS):
            programs.append(subprocess.Popen([sys.executable, "-m", "dask", *command], **quiet))
            while not file.exists():
                time.sleep(0.1)
        time.sleep(5)  # until the workers are there
        yield str(json.loads(file.read_text())["address"]), [program.pid for program in programs]
    finally:
        for program in reversed(programs):
            program.terminate()
        for program in programs:
            program.wait()


def texts(folder: Path, count: int) -> list[Path]:
    """Texts of 1 MB, a sentence of the bundled corpus on each line."""
    sentences = reading.read(str(bundled("sample_data/train.tsv"))).sentences
    lines = itertools.cycle(" ".join(sentence.tokens) for sentence in sentences)
    paths = []
    for number in range(count):
        paths.append(folder / f"{number:03}.txt")
        size = 0
        with paths[-1].open("w", encoding="utf-8") as file:
            while size < MEGABYTE:
                size += file.write(next(lines) + "\n")
    return paths


def cpu(processes: list[int]) -> float:
    """Seconds of CPU that this process and others have used."""
    ticks = 0
    for number in processes:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def share(made: list[jobs.Job], place: jobs.Place, folder: Path, others: list[int]) -> dict[str, float]:
    """What a run costs beside its jobs.

    seconds  from the first begin of a job to the last end
    idle     the share of this time outside of jobs
    cpu      CPU time of all processes but those of the jobs, as a share of this time of two processors
    """
    began = time.perf_counter()
    used = cpu(others)
    inside = 0.0
    first = float("inf")
    for outcome in jobs.run(made, folder, place=place):
        end = time.perf_counter() - began
        inside += outcome.seconds
        first = min(first, end - outcome.seconds)
    time_of_all = WORKERS * (end - first)
    return {"seconds": end - first, "idle": 1 - inside / time_of_all, "cpu": (cpu(others) - used) / time_of_all}


def cost(place: jobs.Place, folder: Path, count: int = 400) -> float:
    """Milliseconds for each job that does nothing, once the processes run."""
    made = [jobs.Job(f"{number:04}", "jobs:nothing", {}) for number in range(count)]
    ends = [time.perf_counter() for _ in jobs.run(made, folder, place=place)]
    return 1000 * (ends[-1] - ends[count // 4]) / (count - 1 - count // 4)


def rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A line for each place: medians of the rounds."""
    lines = []
    for place in dict.fromkeys(record["place"] for record in records):
        those = [record for record in records if record["place"] == place]
        medians = {key: statistics.median(record[key] for record in those) for key in ("idle", "cpu", "ms")}
        idle = [100 * record["idle"] for record in those]
        lines.append(
            {
                "place": place,
                "% of the time idle": f"{100 * medians['idle']:.1f}",
                "from–to": f"{min(idle):.1f}–{max(idle):.1f}",
                "% of CPU beside jobs": f"{100 * medians['cpu']:.1f}",
                "ms for an empty job": f"{medians['ms']:.1f}",
            }
        )
    return lines


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--jobs", type=int, default=16, help="texts of 1 MB")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model = jobs.Blob.of(bundled("models/default.npz"))
    load(model.path).tag("compiles the kernels")
    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, dask_programs(Path(name)) as (address, programs):
        folder = Path(name)
        paths = texts(folder, options.jobs)
        places = {
            "two processes": jobs.Processes(WORKERS),
            "Dask, local:2": jobs.cluster(f"local:{WORKERS}"),
            "Dask, programs": jobs.cluster(address),
        }
        for number, (place, where) in itertools.product(range(options.rounds), places.items()):
            out = folder / f"{number}-{place}"
            made = [jobs.Job(p.name, "jobs:label", {"model": model}, (p,), out / p.name) for p in paths]
            records.append(
                {
                    "place": place,
                    "round": number,
                    **share(made, where, out, programs if where == places["Dask, programs"] else []),
                }
            )
            records[-1]["ms"] = cost(where, folder / f"{number}-{place}-nothing")
            print(records[-1], file=sys.stderr)
    report.publish(f"{options.jobs} jobs of 1 MB", rows(records), records, options.json)


if __name__ == "__main__":
    main()
