"""Wall time of commands from a cold start, as multiples of ``python -c "import numpy"``, and compile times.

    python benchmarks/cold_start.py [--rounds 7] [--cold-rounds 3] [--json FILE]

"First batch" ends when ``rnncli.api.train`` has learned from one batch. Its time with an empty kernel cache
less that with a warm one is the time to compile an architecture.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import report

from rnncli.config import ARCHITECTURES

BASELINE = 'python -c "import numpy"'
# os._exit: nothing is saved and nothing is waited for once the batch is done.
FIRST_BATCH = """
import os, sys
from rnncli import api

class First(api.Listener):
    def batch(self, epochs, tokens_per_second):
        os._exit(0)

api.train(arch=sys.argv[1], listener=First(), out="model.npz")
"""
COMMANDS = {
    BASELINE: ["-c", "import numpy"],
    'python -c "import typer"': ["-c", "import typer"],
    'python -c "import numba"': ["-c", "import numba"],
    "rnncli --help": ["-m", "rnncli", "--help"],
    'rnncli tag "leave Taipei on November 2nd"': ["-m", "rnncli", "tag", "leave Taipei on November 2nd"],
    "rnncli inspect-memory": ["-m", "rnncli", "inspect-memory"],
    "first batch of train": ["-c", FIRST_BATCH, "bidirectional"],
}


def seconds(arguments: Sequence[str], cache: Path) -> float:
    """Wall time of a fresh Python, in a folder without models and with this user cache."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "LOCALAPPDATA": str(cache)}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=folder, stdout=subprocess.DEVNULL, check=True
        )
        return time.perf_counter() - began


def commands(rounds: int, cache: Path) -> list[dict[str, Any]]:
    """Every command in turns, with warm kernels; each round's times over that round's baseline."""
    for arguments in COMMANDS.values():
        seconds(arguments, cache)
    turns = [{name: seconds(each, cache) for name, each in COMMANDS.items()} for _ in range(rounds)]
    return [
        {"name": name, "seconds": [t[name] for t in turns], "ratios": [t[name] / t[BASELINE] for t in turns]}
        for name in COMMANDS
    ]


def compiling(rounds: int) -> list[dict[str, Any]]:
    """The first batch of each architecture with an empty cache, then again with what that filled."""
    found: dict[str, dict[str, list[float]]] = {arch: {"cold": [], "warm": []} for arch in ARCHITECTURES}
    for _ in range(rounds):
        for arch, times in found.items():
            with tempfile.TemporaryDirectory() as cache:
                for state in ("cold", "warm"):
                    times[state].append(seconds(["-c", FIRST_BATCH, arch], Path(cache)))
    return [{"name": arch, **times} for arch, times in found.items()]


def command_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the first table."""
    return {
        "": f"`{record['name']}`",
        "seconds": f"{statistics.median(record['seconds']):.2f}",
        **report.compared(record["ratios"]),
    }


def compile_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the second table."""
    spent = [cold - warm for cold, warm in zip(record["cold"], record["warm"], strict=True)]
    return {
        "first batch": record["name"],
        "empty cache, s": f"{statistics.median(record['cold']):.1f}",
        "warm cache, s": f"{statistics.median(record['warm']):.1f}",
        "compiling, s": f"{statistics.median(spent):.1f}",
        "from–to": f"{min(spent):.1f}–{max(spent):.1f}",
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of the commands, with warm kernels")
    parser.add_argument("--cold-rounds", type=int, default=3, help="with an empty kernel cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        warm = commands(options.rounds, Path(cache))
    report.publish("Cold start", [command_row(record) for record in warm])
    cold = compiling(options.cold_rounds)
    report.publish("Compiling", [compile_row(record) for record in cold], [*warm, *cold], options.json)


if __name__ == "__main__":
    main()
