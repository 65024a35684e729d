"""``rnncli tag --out-dir`` with two processes beside one, over 100 files, packed and not; memory of a process.

    python benchmarks/folders.py [--data TRAIN.tsv] [--tokens 10000000] [--files 100] [--rounds 3] [--json FILE]

Whole commands are timed, start included. They run in turns: one process, two, one, two.
"""

import gzip
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report

from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.resources import bundled

KINDS = {"text": ".txt", "JSON Lines packed by gzip": ".jsonl.gz", "one file": ".txt"}
OPTIONS = {".txt": ["--to", "tsv"], ".jsonl.gz": ["--text-field", "body"]}
PAUSE = 0.1  # seconds between two looks at the memory


def write(folder: Path, ending: str, sentences: Sequence[Sentence], tokens: int, files: int) -> int:
    """Write sentences again and again into files until there are so many tokens; return how many there are."""
    folder.mkdir()
    count = 0
    again = itertools.cycle(sentences)
    for number in range(files):
        lines = []
        while count < tokens * (number + 1) / files:
            sentence = next(again)
            text = " ".join(sentence.tokens)
            lines.append(text if ending == ".txt" else json.dumps({"id": count, "body": text}))
            count += len(sentence.tokens)
        content = "".join(line + "\n" for line in lines).encode()
        (folder / f"{number:04}{ending}").write_bytes(gzip.compress(content, 6) if "gz" in ending else content)
    return count


def resident(pid: int) -> float:
    """The most memory that a process has held so far, in megabytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def run(source: Path, ending: str, out: Path, jobs: int) -> dict[str, Any]:
    """Label a folder once: seconds, and the peak memory of the process that needs most."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "rnncli", "tag", str(source), "--out-dir", str(out), "--json"]
    command += ["--jobs", str(jobs), "--threads", "1", "--part", "4", *OPTIONS[ending]]
    began = time.perf_counter()
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peak = 0.0
    while program.poll() is None:
        peak = max(peak, *(map(resident, [program.pid, *children(program.pid)])))
        time.sleep(PAUSE)
    seconds = time.perf_counter() - began
    assert program.stdout
    assert program.returncode == 0, "rnncli tag has failed"
    return {"seconds": seconds, "megabytes": peak, "tokens": json.load(program.stdout)["tokens"]}


def row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the table."""
    ratios = [one / two for one, two in zip(record["one"], record["two"], strict=True)]
    return {
        "files": record["files"],
        "tokens": f"{record['tokens']:,}",
        "one process, tokens/s": f"{record['tokens'] / statistics.median(record['one']):,.0f}",
        "two": f"{record['tokens'] / statistics.median(record['two']):,.0f}",
        "ratio": f"{statistics.median(ratios):.2f}",
        "from–to": f"{min(ratios):.2f}–{max(ratios):.2f}",
        "memory of a process, MB": f"{record['megabytes']:.0f}",
    }


def plan(records: Sequence[Mapping[str, Any]], tokens: int = 10**12) -> list[dict[str, str]]:
    """What so many tokens would take at the speed of one process, and files of a million tokens."""
    rows = []
    for record in records:
        speed = record["tokens"] / statistics.median(record["one"])
        days = tokens / speed / 86_400
        rows.append(
            {
                "files": record["files"],
                "tokens/s of a core": f"{speed:,.0f}",
                "days of a core": f"{days:,.0f}",
                "days of 1,000 cores": f"{days / 1_000:.1f}",
                "seconds of a core for a million tokens": f"{1e6 / speed:.1f}",
            }
        )
    return rows


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sentences = reading.read(options.data or str(bundled("sample_data/train.tsv"))).sentences
    records = []
    with tempfile.TemporaryDirectory() as name:
        for number, (kind, ending) in enumerate(KINDS.items()):
            source = Path(name, f"in-{number}")
            files = 1 if kind == "one file" else options.files
            tokens = write(source, ending, sentences, options.tokens, files)
            runs: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
            for _ in range(options.rounds):
                for jobs, results in runs.items():
                    results.append(run(source, ending, Path(name, "out"), jobs))
                    assert results[-1]["tokens"] == tokens
            records.append(
                {
                    "files": kind if files == 1 else f"{files} of {kind}",
                    "tokens": tokens,
                    "one": [result["seconds"] for result in runs[1]],
                    "two": [result["seconds"] for result in runs[2]],
                    "megabytes": max(result["megabytes"] for result in runs[1] + runs[2]),
                }
            )
    report.publish("Labelling folders", [row(record) for record in records], records, options.json)


if __name__ == "__main__":
    main()
