"""Time to label one sentence in a process that goes on, beside spaCy; and whether the quicker way is chosen.

    python benchmarks/latency.py [--spacy-env DIR] [--no-spacy] [--rounds 5] [--choices 3] [--json FILE]

The second table begins each measurement in a fresh process: NumPy labels at once, the kernels have to be loaded. It
counts the time of the processor, so that other programs play no part; both ways take one thread.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import report

import rnncli
from rnncli import labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.modelfile import save
from rnncli.resources import bundled

TEXT = "leave Taipei on November 2nd and arrive in New York"
WAYS = {"kernels": True, "NumPy": False, "chosen": None}
TAGS, TOKENS, LENGTH = (10, 100, 400, 1_600), (1, 10, 20, 100, 200, 1_000, 5_000, 10_000), 10
MOST = 4.0  # seconds by estimate, beyond which NumPy is not tried
# Labels so many tokens with a model, which is loaded before: seconds from then on, and again when all is loaded.
ONE_WAY = """
import sys, time
from rnncli import labelling, modelfile
path, tokens, length, way = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), eval(sys.argv[4])
model = modelfile.load(path)
words = [f"w{i % 300}" for i in range(tokens)]
encoded = model.encode([words[i : i + length] for i in range(0, tokens, length)])
labeller = labelling.Labeller(model, way)
for _ in range(1 if way is None else 12):
    if time.process_time() > 5:
        break
    began = time.process_time()
    list(labeller.stream([(None, encoded)]))
    print(time.process_time() - began, flush=True)
"""


def seconds(call: Callable[[], object], calls: int) -> list[float]:
    """The time of each of some calls."""
    found = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return found


def warm(environment: Path | None, rounds: int, calls: int) -> list[dict[str, Any]]:
    """All taggers in turns on one sentence; the median of each round."""
    taggers: dict[str, Callable[[], list[float]]] = {}
    for way in ("kernels", "NumPy"):
        tagger = rnncli.load()
        tagger._labeller = labelling.Labeller(tagger.model, WAYS[way])
        taggers[f"rnncli, {way}"] = lambda tagger=tagger: seconds(lambda: tagger.tag(TEXT), calls)
    side, data = str(Path(__file__).with_name("spacy_side.py")), str(bundled("sample_data/train.tsv"))
    servers = []
    for component in ("tagger", "ner") if environment else ():
        python = report.python_with(environment, "spacy")
        command = [str(python), side, "latency", data, component]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdin
        assert server.stdout
        version = server.stdout.readline().strip()

        def ask(server: Any = server) -> list[float]:
            server.stdin.write(f"{calls}\t{TEXT}\n")
            server.stdin.flush()
            found: list[float] = json.loads(server.stdout.readline())
            return found

        taggers[f"spaCy {version}, {component}"] = ask
    for ask_once in taggers.values():
        ask_once()
    turns = [{name: statistics.median(ask_once()) for name, ask_once in taggers.items()} for _ in range(rounds)]
    for server in servers:
        server.communicate()
    return [{"tagger": name, "seconds": [turn[name] for turn in turns]} for name in taggers]


def warm_row(record: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """A line of the first table."""
    ratios = [a / b for a, b in zip(record["seconds"], base["seconds"], strict=True)]
    milliseconds = f"{statistics.median(record['seconds']) * 1e3:.2f}"
    return {"one sentence of 10 tokens": record["tagger"], "ms": milliseconds, **report.compared(ratios)}


def draw(tags: int, path: Path) -> None:
    """Save an untrained default network with so many tags."""
    rng = np.random.default_rng(1)
    rows = -(-tags // LENGTH)
    sentences = [
        Sentence(
            [f"w{word}" for word in rng.integers(300, size=LENGTH)],
            [f"T{(row * LENGTH + i) % tags}" for i in range(LENGTH)],
            [()] * LENGTH,
            row + 1,
        )
        for row in range(rows)
    ]
    save(training.prepare(sentences, NetworkSpec(), TrainingSpec()), path)


def choices(rounds: int) -> Iterator[dict[str, Any]]:
    """Each way in turns on each size; fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        for tags in TAGS:
            path = Path(folder) / f"{tags}.npz"
            draw(tags, path)
            for tokens in TOKENS:
                tried = [way for way in WAYS if way != "NumPy" or tokens * tags * tags * 12e-9 < MOST]
                turns = [{way: one_way(path, tokens, WAYS[way]) for way in tried} for _ in range(rounds)]
                yield {"tags": tags, "tokens": tokens, "turns": turns}


def one_way(path: Path, tokens: int, way: bool | None) -> list[float]:
    """Seconds of the first time in a fresh process and, if the way is given, of the next."""
    command = [sys.executable, "-c", ONE_WAY, str(path), str(tokens), str(LENGTH), str(way)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in done.stdout.split()]


def choice_row(record: dict[str, Any]) -> dict[str, str]:
    """A line of the second table; a ratio is that of medians."""
    first = {way: statistics.median(turn[way][0] for turn in record["turns"]) for way in record["turns"][0]}
    later = {
        way: statistics.median(min(turn[way][1:] or turn[way]) for turn in record["turns"])
        for way in first
        if way != "chosen"
    }
    shown = {
        "tags": f"{record['tags']:,}",
        "tokens": f"{record['tokens']:,}",
        "NumPy, ms": f"{first['NumPy'] * 1e3:,.1f}" if "NumPy" in first else "–",
        "kernels, ms": f"{first['kernels'] * 1e3:,.1f}",
        "chosen, ms": f"{first['chosen'] * 1e3:,.1f}",
        "ratio": f"{first['chosen'] / min(first.get('NumPy', np.inf), first['kernels']):.2f}",
    }
    warm_ratio = later["kernels"] / min(later.values())
    return {**shown, "loaded, ms": f"{later['kernels'] * 1e3:,.2f}", "ratio, loaded": f"{warm_ratio:.2f}"}


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    default = Path(tempfile.gettempdir()) / "rnncli-spacy"
    parser.add_argument("--spacy-env", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--no-spacy", action="store_true", help="time rnncli alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200, help="of each tagger in a round")
    parser.add_argument("--choices", type=int, default=3, help="rounds of the second table")
    options: argparse.Namespace = parser.parse_args()
    found = warm(None if options.no_spacy else options.spacy_env, options.rounds, options.calls)
    report.publish("A process that goes on", [warm_row(each, found[0]) for each in found])
    sizes = list(choices(options.choices))
    rows = [choice_row(each) for each in sizes]
    report.publish("The way that is chosen, in a fresh process", rows, [*found, *sizes], options.json)


if __name__ == "__main__":
    main()
