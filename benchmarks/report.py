"""What the benchmarks share: a Markdown table on stdout, JSON beside it, and the name of the machine."""

import argparse
import fcntl
import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=layout)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here")
    return parser


def python_with(environment: Path, *packages: str) -> Path:
    """The Python of a virtual environment that holds these packages, which is made on first use."""
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    asked = [str(python), "-m", "pip", "install", "-q", *packages]
    if not python.exists():
        print(f"installing {' '.join(packages)} in {environment} …", file=sys.stderr)
        venv.create(environment, with_pip=True)
        subprocess.run(asked, check=True, stdout=sys.stderr)
    return python


def machine() -> str:
    """The processor and the versions that a figure depends on, in one line."""
    import numba
    import numpy as np

    from rnncli import __version__

    name = platform.processor() or platform.machine()
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        models = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        name = models[0] if models else name
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}"
    return f"{name}, {os.cpu_count()} cores; rnncli {__version__}, {versions}"


def markdown(rows: Sequence[Mapping[str, str]]) -> str:
    """A Markdown table; its columns are the keys of the first row, and all but the first lie to the right."""
    heads = list(rows[0])
    widths = [max(2, len(head), *(len(row[head]) for row in rows)) for head in heads]  # a rule is at least -:
    sides = [str.ljust, *[str.rjust] * (len(heads) - 1)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(side(c, w) for side, c, w in zip(sides, cells, widths, strict=True)) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heads), line(rule), *(line([row[head] for head in heads]) for row in rows)])


def compared(ratios: Sequence[float]) -> dict[str, str]:
    """The columns of a comparison: the median of the rounds' ratios, the smallest and the largest."""
    return {"ratio": f"{statistics.median(ratios):.1f}", "from–to": f"{min(ratios):.1f}–{max(ratios):.1f}"}


def publish(
    title: str,
    rows: Sequence[Mapping[str, str]],
    records: Sequence[Mapping[str, Any]] = (),
    path: Path | None = None,
) -> None:
    """Print the table; write the measurements that it was made from as JSON where a path is given."""
    print(f"\n**{title}** ({machine()})\n\n{markdown(rows)}\n", flush=True)
    if path:
        save(path, title, records)


def save(path: Path, title: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Write measurements as JSON, each on a line of its own."""
    head = json.dumps({"title": title, "machine": machine()}, indent=1, ensure_ascii=False)
    lines = ",\n".join("  " + json.dumps(record, ensure_ascii=False) for record in records)
    new = path.with_suffix(".new")
    new.write_text(f'{head[:-2]},\n "measurements": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    new.replace(path)  # so that a process that is killed leaves the file whole


def saved(path: Path | None) -> list[dict[str, Any]]:
    """The measurements that a file holds; none if there is no file."""
    if path is None or not path.exists():
        return []
    return list(json.loads(path.read_text("utf-8"))["measurements"])


def add(path: Path, title: str, record: Mapping[str, Any]) -> None:
    """Write one more measurement to a file, to which other processes may add at the same time."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        save(path, title, [*saved(path), record])
