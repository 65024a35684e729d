"""Functions of jobs for tests, which the processes of jobs import by name, and a program that runs some of them."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rnncli import writing
from rnncli.errors import DataError
from rnncli.jobs import Blob, Here, Job, Processes, cluster, once, run
from rnncli.threads import count_threads

LOADS = []


def load(path: Path, word: str) -> str:
    LOADS.append(path)
    return path.read_text() + word


def upper(*, inputs: list[Path], output: Path, seconds: float = 0.0) -> dict[str, Any]:
    """Write a file in capital letters; a part of it is written before the pause."""
    text = inputs[0].read_text()
    if "poison" in text:
        raise DataError("is poison", where=str(inputs[0]), hint="do not drink it")
    with writing.writing(output) as file:
        file.write(text[:1].upper().encode())
        file.flush()
        time.sleep(seconds)
        file.write(text[1:].upper().encode())
    return {"letters": len(text)}


def square(*, number: int, inputs: list[Path], output: None) -> dict[str, Any]:
    return {"square": number**2}


def divide(*, by: int, inputs: list[Path], output: None) -> dict[str, Any]:
    return {"result": 1 / by}


def give(*, value: str, inputs: list[Path], output: None) -> dict[str, Any]:
    return {"value": float(value)}


def process(*, inputs: list[Path], output: None, seconds: float = 0.0) -> dict[str, Any]:
    """What a job sees of its process."""
    time.sleep(seconds)
    return {"pid": os.getpid(), "threads": count_threads(0), "blas": os.environ.get("OPENBLAS_NUM_THREADS", "")}


def greet(*, model: Blob, inputs: list[Path], output: None) -> dict[str, Any]:
    return {"greeting": once(load, model, "!"), "loads": len(LOADS), "path": str(model.path)}


def die(*, times: int, log: str, inputs: list[Path], output: None) -> dict[str, Any]:
    """End the process, as memory that is exhausted does, the first so many times."""
    with Path(log).open("a") as file:
        file.write("x")
    if Path(log).stat().st_size <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return {}


def jobs(folder: Path, count: int, seconds: float = 0.0) -> list[Job]:
    """Jobs that write ``in/N.txt`` in capital letters to ``out/N.txt``."""
    made = []
    for number in range(count):
        source = folder / "in" / f"{number:02}.txt"
        if not source.exists():
            source.parent.mkdir(exist_ok=True)
            source.write_text(f"text number {number}\n" * (number + 1))
        target = folder / "out" / source.name
        work = source.stat().st_size
        made.append(Job(source.name, "job_functions:upper", {"seconds": seconds}, (source,), target, work))
    return made


def main() -> None:
    """Run jobs in several processes, and print the key of each that is done now: FOLDER COUNT SECONDS PLACE."""
    folder = Path(sys.argv[1])
    workers = sys.argv[4]
    place = Here() if workers == "1" else Processes(int(workers)) if workers.isdecimal() else cluster(workers)
    for outcome in run(jobs(folder, int(sys.argv[2]), float(sys.argv[3])), folder / "out", place=place):
        if outcome.is_new:
            sys.stdout.write(f"{outcome.key}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    from rnncli.cli import signals
    from rnncli.cli.app import exit_codes

    signals.install()
    with exit_codes():
        main()
