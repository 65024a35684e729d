"""What more threads bring in training, up to more than there are CPUs, and what they could bring on more CPUs.

    python benchmarks/threads.py [--data TRAIN.tsv] [--sentences 1000] [--rounds 5] [--json FILE]

The first table compares ``--threads N`` with one thread; in brackets the same if N threads were really started. The
second is computed: work is divided into parts, one thread does them all, and of each kernel only the longest part
counts, as if every part had a core of its own, at no cost. Times are CPU time.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import dataclasses
import importlib
import pkgutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import report
from limits import NETWORKS, in_turns, train

from rnncli import kernels, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.kernels import parallel
from rnncli.network.team import ThreadTeam, team_size
from rnncli.resources import bundled

SIMPLE = NETWORKS["simple units, words alone"]
TRAINED = {
    "default": NetworkSpec(),
    "simple units, both directions": SIMPLE,
    "simple units, forward": dataclasses.replace(SIMPLE, arch="elman"),
}
THREADS = (1, 2, 4, 8, 16)
PARTS = (1, 2, 4, 8, 16, 32)
BATCHES = (8, 16, 32)


@contextmanager
def replaced(module: Any, **values: Any) -> Iterator[None]:
    """Give names in a module other values while the block runs."""
    before = {name: getattr(module, name) for name in values}
    vars(module).update(values)
    try:
        yield
    finally:
        vars(module).update(before)


def measured(sentences: Sequence[Sentence], spec: NetworkSpec, batch: int, rounds: int) -> dict[str, list[float]]:
    """Tokens a second for each number of threads: as rnncli starts them, and as many as asked for."""
    settings = TrainingSpec(batch=batch, epochs=1)

    def as_asked(threads: int) -> float:
        with replaced(training, team_size=lambda threads, directions, batch: threads):
            return train(sentences, spec, threads, settings)

    sides: dict[str, Any] = {}
    for threads in THREADS:
        sides[f"{threads}"] = lambda threads=threads: train(sentences, spec, threads, settings)
        sides[f"{threads} started"] = lambda threads=threads: as_asked(threads)
    return in_turns(rounds, sides)


class Divided:
    """A kernel whose parts are done one after the other, and timed."""

    def __init__(self, kernel: Any) -> None:
        self.kernel = kernel
        self.part = kernel.py_func.__globals__["part"]
        self.total = self.longest = 0.0

    def __call__(self, queue: Any, *arguments: Any) -> None:
        """Do all parts."""
        parts, times = int(queue[parallel.PARTS]), []
        for part in range(parts):
            began = time.thread_time()
            self.part(part, parts, *arguments)
            times.append(time.thread_time() - began)
        self.total += sum(times)
        self.longest += max(times)


def divide_kernels() -> list[Divided]:
    """Replace all parallel kernels, for the rest of this process."""
    divided = []
    for name in pkgutil.iter_modules(kernels.__path__):
        module = importlib.import_module(f"rnncli.kernels.{name.name}")
        for key, value in list(vars(module).items()):
            if getattr(getattr(value, "py_func", None), "__qualname__", "").endswith(".whole"):
                divided.append(Divided(value))
                setattr(module, key, divided[-1])
    return divided


def computed(
    sentences: Sequence[Sentence], spec: NetworkSpec, batch: int, rounds: int, divided: list[Divided]
) -> dict[int, float]:
    """Seconds of an epoch if each of so many parts had a core of its own: the least of the rounds."""

    class Alone(ThreadTeam):
        def __init__(self, threads: int) -> None:
            super().__init__(1)
            self.queue = parallel.work_queue(threads)

    longest: dict[int, list[float]] = {parts: [] for parts in PARTS}
    outside = []
    settings = TrainingSpec(batch=batch, epochs=1)
    for _ in range(rounds):
        for parts in PARTS:
            for kernel in divided:
                kernel.total = kernel.longest = 0.0
            model = training.prepare(sentences, spec, settings)
            with replaced(training, ThreadTeam=Alone, team_size=lambda *_, parts=parts: parts):
                began = time.thread_time()
                training.train(model, sentences, threads=parts, score=lambda _: 0.0)
                taken = time.thread_time() - began
            longest[parts].append(sum(kernel.longest for kernel in divided))
            if parts == 1:
                outside.append(taken - sum(kernel.total for kernel in divided))
    return {parts: min(outside) + min(times) for parts, times in longest.items()}


def ratio(found: dict[str, list[float]], key: str) -> float:
    """The median over the rounds of the speed beside one thread."""
    return statistics.median(a / b for a, b in zip(found[key], found["1"], strict=True))


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--sentences", type=int, default=1_000, help="how many of them")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    corpus = reading.read(options.data or str(bundled("sample_data/train.tsv")))
    sentences = corpus.sentences[: options.sentences]
    settings = [(name, spec, batch) for name, spec in TRAINED.items() for batch in BATCHES]
    rows, records = [], []
    for name, spec, batch in settings:
        found = measured(sentences, spec, batch, options.rounds)
        speeds = {
            f"{n} threads": f"{ratio(found, f'{n}'):.2f} ({ratio(found, f'{n} started'):.2f})" for n in THREADS[1:]
        }
        rows.append({"training": name, "batch": f"{batch}", **speeds})
        records.append({"network": name, "batch": batch, "tokens a second": found})
    report.publish("Speed beside one thread", rows)
    rows, divided = [], divide_kernels()
    for name, spec, batch in settings:
        times = computed(sentences, spec, batch, options.rounds, divided)
        speeds = {f"{n} parts": f"{times[1] / times[n]:.2f}" for n in PARTS[1:]}
        with replaced(os, sched_getaffinity=lambda _: range(1_000)):
            most = team_size(0, spec.architecture.directions, batch)
        rows.append({"training": name, "batch": f"{batch}", **speeds, "most threads": f"{most}"})
        records.append({"network": name, "batch": batch, "seconds with a core for each part": times})
    report.publish("Computed speed beside one thread, a core for each part", rows, records, options.json)


if __name__ == "__main__":
    main()
