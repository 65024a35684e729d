"""Sentences a second that ``rnncli serve`` labels for many connections, beside spaCy behind the same server.

    python benchmarks/serving.py [--spacy-env DIR] [--no-spacy] [--rounds 5] [--seconds 5] [--json FILE]

The requests are sent by wrk (``apt-get install wrk``) from the same machine over connections that stay open, each
of which sends its next request when it has the answer to the last. One service after the other is measured in each
round. The CPU time is that of the service alone; it depends less than the rest on what else the machine does.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import report

import rnncli
from rnncli.resources import bundled

LENGTH = 10  # tokens of a sentence
NEEDED = (
    "jinja2",
    "numba",
    "platformdirs",
    "regex",
    "threadpoolctl",
)  # by the server of rnncli, which spaCy is put behind
SIZES = {1: 64, 32: 8}  # connections by sentences of a request
BODIES = 50  # different requests, which are sent one after the other
HERE = Path(__file__).parent
# Sends the lines of a file as bodies, and writes what was measured as JSON.
SCRIPT = """
local bodies = {}
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  number = number % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[number])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Side(NamedTuple):
    """A service that listens."""

    name: str
    process: "subprocess.Popen[str]"
    url: str


def sentences() -> list[str]:
    """Different texts of ten tokens: the beginnings of bundled sentences."""
    model = rnncli.load().model
    texts = [" ".join(row[0] for row in rows[:LENGTH]) for rows in datasets.read(bundled("sample_data/train.tsv"))]
    return [text for text in dict.fromkeys(texts) if len(model.tokenize(text)) == LENGTH]


@contextmanager
def running(name: str, command: list[str], **environment: str) -> Iterator[Side]:
    """Start a service; it ends with the block."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    assert process.stdout
    try:
        line = process.stdout.readline().strip()
        if not line.startswith("http"):  # the version
            name = f"spaCy {line}, {name}"
            line = process.stdout.readline().strip()
        if not line.startswith("http"):
            raise SystemExit(f"{' '.join(command)} did not start")
        yield Side(name, process, line)
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(process: "subprocess.Popen[str]") -> float:
    """CPU time of a process until now; Linux."""
    words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def load(side: Side, script: Path, bodies: Path, connections: int, seconds: float) -> dict[str, Any]:
    """Send requests for some seconds, and return what wrk measured."""
    command = [
        "wrk",
        "-t1",
        "--timeout",
        "60s",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "-s",
        str(script),
        f"{side.url}/v1/tag",
    ]
    before = cpu_seconds(side.process)
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"BODIES": str(bodies)}
    )
    measured: dict[str, Any] = json.loads(done.stdout[done.stdout.rindex("{") :])
    if not measured["requests"]:
        raise SystemExit(f"{side.name} answered nothing within {seconds:g} seconds: raise --seconds")
    return {**measured, "cpu_seconds": round(cpu_seconds(side.process) - before, 2)}


def simple_model(folder: Path) -> Path:
    """Train a network of simple units, otherwise the default one, for a few epochs."""
    path = folder / "simple.npz"
    train = ["train", "--cell", "simple", "--epochs", "5", "--out", str(path)]
    subprocess.run([sys.executable, "-m", "rnncli", *train], check=True, stdout=sys.stderr)
    return path


def write_bodies(folder: Path, texts: list[str], size: int) -> Path:
    """Write requests of so many sentences, one a line."""
    path = folder / f"{size}.jsonl"
    groups = [[texts[(number * size + place) % len(texts)] for place in range(size)] for number in range(BODIES)]
    values = [{"text": group[0]} if size == 1 else {"texts": group} for group in groups]
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def measure(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[dict[str, Any]]:
    """All services in turns, for each size of a request."""
    simple = simple_model(folder)
    sides = []
    for name, model in (("simple units", simple), ("the default network", bundled("models/default.npz"))):
        serve = [sys.executable, "-m", "rnncli", "serve", "--port", "0", "--model", str(model)]
        sides.append(stack.enter_context(running(f"rnncli, {name}", serve)))
    if not options.no_spacy:
        python = report.python_with(options.spacy_env, "spacy", "uvicorn", "httptools", *NEEDED)
        (folder / "rnncli").symlink_to(Path(rnncli.__file__).parent)
        command = [str(python), str(HERE / "spacy_service.py"), str(bundled("sample_data/train.tsv"))]
        sides.append(stack.enter_context(running("ner", command, PYTHONPATH=str(folder))))
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    texts = sentences()
    records = []
    for size, connections in SIZES.items():
        bodies = write_bodies(folder, texts, size)
        turns: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
        for side in sides:
            load(side, script, bodies, connections, 2)
        for _ in range(options.rounds):
            for side in sides:
                turns[side.name].append(load(side, script, bodies, connections, options.seconds))
        records += [
            {"service": name, "sentences": size, "connections": connections, "turns": turn}
            for name, turn in turns.items()
        ]
    return records


def row(record: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """A line of the table; the ratio is that of sentences a second to those of the first service."""

    def rates(given: dict[str, Any]) -> list[float]:
        return [turn["requests"] * given["sentences"] / turn["microseconds"] * 1e6 for turn in given["turns"]]

    def median(key: str) -> float:
        return statistics.median(turn[key] for turn in record["turns"])

    cpu = [turn["cpu_seconds"] / (turn["requests"] * record["sentences"]) for turn in record["turns"]]
    ratios = [a / b for a, b in zip(rates(record), rates(base), strict=True)]
    return {
        "service": record["service"],
        "sentences a request": str(record["sentences"]),
        "connections": str(record["connections"]),
        "sentences/s": f"{statistics.median(rates(record)):,.0f}",
        "p50, ms": f"{median('p50') / 1e3:.1f}",
        "p99, ms": f"{median('p99') / 1e3:.1f}",
        "CPU µs a sentence": f"{statistics.median(cpu) * 1e6:.0f}",
        "errors": str(sum(turn["errors"] for turn in record["turns"])),
        **report.compared(ratios),
    }


def rows(records: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The table; ratios are to the first service with as many sentences a request."""
    bases = {record["sentences"]: record for record in reversed(records)}
    return [row(record, bases[record["sentences"]]) for record in records]


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    default = Path(tempfile.gettempdir()) / "rnncli-spacy-service"
    parser.add_argument("--spacy-env", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--no-spacy", action="store_true", help="measure rnncli alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of each service in a round")
    options: argparse.Namespace = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is needed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        records = measure(options, Path(folder), stack)
    report.publish("The service under load", rows(records), records, options.json)


if __name__ == "__main__":
    main()
