"""Labelling from file to file beside CRFsuite, reading of each format, and memory by the size of the corpus.

    python benchmarks/files.py [--data TRAIN.tsv] [--crf-env DIR] [--rounds 5] [--largest 1000000] [--json FILE]

A text with a sentence a line goes in, lines of token and tag come out; whole processes are timed, start included.
CRFsuite runs in an environment of its own with features of the words, their affixes and shapes in a window of two.
"""

import gzip
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import report

from rnncli import api
from rnncli.data import reading
from rnncli.data.formats import token_lines
from rnncli.data.formats.format import Names
from rnncli.data.formats.registry import FORMATS
from rnncli.data.sentence import Sentence
from rnncli.resources import bundled

NETWORKS: dict[str, dict[str, Any]] = {
    "simple units, words alone": {"cell": "simple", "features": "embedding", "embedding": 96, "window": 0,
                                  "decoder": "softmax", "transitions": "any"},
    "default": {},
}  # fmt: skip
# Runs a command, then says how much memory its largest child took.
MEASURED = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"seconds": seconds, "megabytes": peak / 1024 if sys.platform != "darwin" else peak / 2**20}))
"""


def run(*command: str) -> dict[str, float]:
    """Seconds and peak memory of a command, in megabytes."""
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def rnncli(*arguments: str) -> list[str]:
    """The command line of rnncli under this Python."""
    return [sys.executable, "-m", "rnncli", *arguments]


def write(path: Path, sentences: Sequence[Sentence], tokens: int, labelled: bool) -> int:
    """Write sentences again and again until there are so many tokens; return how many there are."""
    count = 0
    again = itertools.cycle(sentences)
    with path.open("w", encoding="utf-8") as file:
        while count < tokens:
            each = next(again)
            rows = zip(each.tokens, each.tags, strict=True)
            file.write(token_lines.format_sentence(rows) if labelled else " ".join(each.tokens) + "\n")
            count += len(each.tokens)
    return count


def tagging(
    sentences: Sequence[Sentence], folder: Path, crf: Path, rounds: int, tokens: int
) -> Iterator[dict[str, Any]]:
    """Every tagger in turns on one text, 1 and 2 threads."""
    text, train = folder / "text.txt", folder / "train.tsv"
    count = write(text, sentences, tokens, labelled=False)
    write(train, sentences, 50_000, labelled=True)
    side = str(Path(__file__).with_name("crf_side.py"))
    subprocess.run([crf, side, "train", train, folder / "crf.model"], check=True, stdout=subprocess.DEVNULL)
    short = folder / "short.txt"  # CRFsuite is given a tenth
    fewer = write(short, sentences, count // 10, labelled=False)
    commands: dict[str, tuple[int, list[str]]] = {
        "CRFsuite": (fewer, [str(crf), side, "tag", str(short), str(folder / "crf.model")])
    }
    for name, options in NETWORKS.items():
        model = folder / f"{len(commands)}.npz"
        api.train(train, train, model, 2, epochs=1, **options)
        for threads in ("1", "2"):
            arguments = ["tag", "-i", str(text), "-o", "tsv", "--model", str(model), "--threads", threads]
            commands[f"{name}, {threads} thread{'s' * (threads > '1')}"] = count, rnncli(*arguments)
    turns = [{name: run(*command) for name, (_, command) in commands.items()} for _ in range(rounds)]
    for name, (size, _) in commands.items():
        yield {
            "tagger": name,
            "tokens": size,
            "speeds": [size / turn[name]["seconds"] for turn in turns],
            "megabytes": max(turn[name]["megabytes"] for turn in turns),
        }


def tagging_row(record: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """A line of the first table."""
    ratios = [a / b for a, b in zip(record["speeds"], base["speeds"], strict=True)]
    return {
        "file to file": record["tagger"],
        "tokens/s": f"{statistics.median(record['speeds']):,.0f}",
        **report.compared(ratios),
        "memory, MB": f"{record['megabytes']:.0f}",
    }


def memory(sentences: Sequence[Sentence], folder: Path, largest: int) -> Iterator[dict[str, Any]]:
    """Time and peak memory of labelling, and of training for some batches, by the number of tokens."""
    model, size = folder / "1.npz", 10_000
    while size <= largest:
        data, text = folder / "data.tsv", folder / "text.txt"
        count = write(data, sentences, size, labelled=True)
        write(text, sentences, size, labelled=False)
        code = TRAIN_A_LITTLE.format(data=str(data), out=str(folder / "unused.npz"))
        tag = run(*rnncli("tag", "-i", str(text), "-o", "tsv", "--model", str(model)))
        train = run(sys.executable, "-c", code)
        yield {"tokens": count, "tag": tag, "train": train}
        size *= 10


TRAIN_A_LITTLE = """
import os
from rnncli import api

class Some(api.Listener):
    batches = 0
    def batch(self, epochs, tokens_per_second):
        self.batches += 1
        if self.batches == 50:
            os._exit(0)

api.train({data!r}, out={out!r}, listener=Some())
"""


def memory_row(record: dict[str, Any]) -> dict[str, str]:
    """A line of the second table."""
    return {
        "tokens": f"{record['tokens']:,}",
        "labelling, s": f"{record['tag']['seconds']:.1f}",
        "memory, MB": f"{record['tag']['megabytes']:.0f}",
        "reading and 50 batches of training, s": f"{record['train']['seconds']:.1f}",
        "memory, MB ": f"{record['train']['megabytes']:.0f}",
    }


def reading_speed(sentences: Sequence[Sentence], folder: Path, tokens: int, rounds: int) -> list[dict[str, Any]]:
    """Tokens read in a second from each format, in turns."""
    again = itertools.chain.from_iterable(itertools.repeat(sentences))
    counts = itertools.accumulate(len(sentence.tokens) for sentence in itertools.cycle(sentences))
    many = [sentence for sentence, count in zip(again, itertools.takewhile(tokens.__gt__, counts), strict=False)]
    count = sum(len(sentence.tokens) for sentence in many)
    paths = {name: folder / f"train.{name}" for name in FORMATS if name != "text"}
    for name, path in paths.items():
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(FORMATS[name].write(many, Names()))
    paths["tsv, packed by gzip"] = folder / "train.tsv.gz"
    paths["tsv, packed by gzip"].write_bytes(gzip.compress(paths["tsv"].read_bytes()))
    speeds: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            began = time.perf_counter()
            reading.read(str(path))
            speeds[name].append(count / (time.perf_counter() - began))
    return [{"format": name, "tokens": count, "speeds": values} for name, values in speeds.items()]


def reading_row(record: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """A line of the table of formats; all are compared with TSV."""
    ratios = [a / b for a, b in zip(record["speeds"], base["speeds"], strict=True)]
    return {
        "format": record["format"],
        "tokens read a second": f"{statistics.median(record['speeds']):,.0f}",
        **report.compared(ratios),
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    default = platformdirs.user_cache_path("rnncli", appauthor=False) / "crfsuite"
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--crf-env", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=3_000_000, help="of the text to label")
    parser.add_argument("--largest", type=int, default=1_000_000, help="tokens of the largest corpus")
    options = parser.parse_args()
    sentences = reading.read(options.data or str(bundled("sample_data/train.tsv"))).sentences
    crf = report.python_with(options.crf_env, "python-crfsuite")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = list(tagging(sentences, folder, crf, options.rounds, options.tokens))
        report.publish("Labelling a text, from file to file", [tagging_row(each, found[0]) for each in found])
        read = reading_speed(sentences, folder, min(options.tokens, 500_000), options.rounds)
        report.publish("Reading a labelled file", [reading_row(record, read[0]) for record in read])
        sizes = list(memory(sentences, folder, options.largest))
    report.publish(
        "By the size of the corpus", [memory_row(each) for each in sizes], [*found, *read, *sizes], options.json
    )


if __name__ == "__main__":
    main()
