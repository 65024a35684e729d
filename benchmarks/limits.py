"""How near training and tagging come to the processor's limit, and how they scale.

    python benchmarks/limits.py [--data TRAIN.tsv] [--rounds 5] [--json FILE]

Floating-point operations per token are counted from the table of parameters: 2 for each weight that a token is
multiplied by, three times that in training. The limit is NumPy's matrix product on one thread, measured in turns.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import report

from rnncli import labelling, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.sentence import Sentence
from rnncli.model import Model
from rnncli.resources import bundled

SIMPLE = NetworkSpec(
    arch="bidirectional",
    cell="simple",
    features="embedding",
    window=0,
    embedding=96,
    decoder="softmax",
    transitions="any",
)
NETWORKS = {
    "simple units, words alone": SIMPLE,
    "lstm, words alone": dataclasses.replace(SIMPLE, cell="lstm"),
    "gru, words alone": dataclasses.replace(SIMPLE, cell="gru"),
    "default": NetworkSpec(),
}
TRAINING = TrainingSpec(batch=32, epochs=1)
SIZE = 512  # of the matrices of the limit
TOKENS = 60_000  # of one measurement of scaling


def sgemm() -> float:
    """Floating-point operations a second of one product in NumPy."""
    a, b = (np.random.default_rng(1).random((SIZE, SIZE), np.float32) for _ in range(2))
    out, count = np.empty_like(a), 40
    np.matmul(a, b, out=out)
    began = time.perf_counter()
    for _ in range(count):
        np.matmul(a, b, out=out)
    return 2 * SIZE**3 * count / (time.perf_counter() - began)


def operations(model: Model) -> int:
    """Floating-point operations of one token's forward pass, in products with weights."""
    dense = [row for row in model.parameters.rows if not row.is_table and len(row.shape) > 1]
    return 2 * sum(row.size for row in dense)


def train(
    sentences: Sequence[Sentence], spec: NetworkSpec, threads: int, settings: TrainingSpec = TRAINING
) -> float:
    """Tokens a second of one epoch."""
    model = training.prepare(sentences, spec, settings)
    return training.train(model, sentences, threads=threads, score=lambda _: 0.0).tokens_per_second


def tag(sentences: Sequence[Sentence], spec: NetworkSpec, threads: int, probabilities: bool = False) -> float:
    """Tokens a second of labelling, from integers to tags."""
    model = training.prepare(sentences, spec, TRAINING)
    encoded = model.encode([each.tokens for each in sentences] * 4, [each.columns for each in sentences] * 4)
    began = time.perf_counter()
    labelling.predict(model, encoded, threads, probabilities)
    return len(encoded.words) / (time.perf_counter() - began)


def generated(tokens: int, length: int, tags: int, words: int = 5_000) -> list[Sentence]:
    """Sentences of one length whose words follow Zipf's law and whose tags follow the words."""
    rng = np.random.default_rng(1)
    drawn = np.minimum(rng.zipf(1.3, (max(1, tokens // length), length)), words)
    rows = [[f"w{number}" for number in row] for row in drawn.tolist()]
    named = [[f"t{number % tags}" for number in row] for row in drawn.tolist()]
    return [Sentence(row, own, [()] * length, 1) for row, own in zip(rows, named, strict=True)]


def in_turns(rounds: int, sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Measure every side once a round; the first round, in which kernels are loaded, does not count."""
    turns = [{name: side() for name, side in sides.items()} for _ in range(rounds + 1)][1:]
    return {name: [turn[name] for turn in turns] for name in sides}


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """The median of the rounds' ratios, with the smallest and the largest."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def shares(sentences: Sequence[Sentence], rounds: int) -> list[dict[str, Any]]:
    """For each network the speed of the limit, and of training and tagging with one and two threads."""
    records = []
    for name, spec in NETWORKS.items():
        sides: dict[str, Callable[[], float]] = {"sgemm": sgemm}
        for threads in (1, 2):
            sides[f"train {threads}"] = lambda spec=spec, threads=threads: train(sentences, spec, threads)
            sides[f"tag {threads}"] = lambda spec=spec, threads=threads: tag(sentences, spec, threads)
        flops = operations(training.prepare(sentences, spec, TRAINING))
        records.append({"network": name, "operations": flops, **in_turns(rounds, sides)})
    return records


def share_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the first table: the share of the limit, and what a second thread brings."""
    flops = record["operations"]
    used = {
        kind: [times * flops * speed for speed in record[f"{kind} 1"]] for kind, times in (("train", 3), ("tag", 1))
    }
    return {
        "network": record["network"],
        "operations a token": f"{flops:,}",
        "SGEMM, GFLOP/s": f"{statistics.median(record['sgemm']) / 1e9:.0f}",
        "training, tokens/s": f"{statistics.median(record['train 1']):,.0f}",
        "share": ratio(used["train"], record["sgemm"]),
        "2 threads": ratio(record["train 2"], record["train 1"]),
        "labelling, tokens/s": f"{statistics.median(record['tag 1']):,.0f}",
        "share ": ratio(used["tag"], record["sgemm"]),
        "2 threads ": ratio(record["tag 2"], record["tag 1"]),
    }


def scaling(rounds: int) -> list[dict[str, Any]]:
    """Tokens a second on generated sentences, one thing changed at a time, on one thread."""
    crf = dataclasses.replace(SIMPLE, decoder="crf")
    settings: list[tuple[str, NetworkSpec, int, int]] = [
        *((f"length {n}", SIMPLE, n, 50) for n in (5, 15, 50, 150, 500)),
        *((f"hidden {n}", dataclasses.replace(SIMPLE, hidden=n), 15, 50) for n in (32, 64, 128, 256, 512)),
        *((f"{n} tags, softmax", SIMPLE, 15, n) for n in (10, 50, 120, 500)),
        *((f"{n} tags, crf", crf, 15, n) for n in (10, 50, 120, 500)),
        ("120 tags, lstm, softmax", dataclasses.replace(SIMPLE, cell="lstm"), 15, 120),
        ("120 tags, lstm, crf", dataclasses.replace(crf, cell="lstm"), 15, 120),
    ]
    records = []
    for name, spec, length, tags in settings:
        data = generated(TOKENS, length, tags)
        batch = dataclasses.replace(TRAINING, batch=max(1, math.ceil(32 * 15 / length)))  # equal tokens
        sides = {
            "train": lambda data=data, spec=spec, batch=batch: train(data, spec, 1, batch),
            "tag": lambda data=data, spec=spec: tag(data, spec, 1),
        }
        records.append({"setting": name, **in_turns(rounds, sides)})
    return records


def scaling_row(record: Mapping[str, Any]) -> dict[str, str]:
    """A line of the second table."""
    speeds = {kind: f"{statistics.median(record[kind]):,.0f}" for kind in ("train", "tag")}
    return {
        "simple units, words alone": record["setting"],
        "training, tokens/s": speeds["train"],
        "labelling, tokens/s": speeds["tag"],
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sentences = reading.read(options.data or str(bundled("sample_data/train.tsv"))).sentences
    records = shares(sentences, options.rounds)
    title = "Share of the limit, one thread, and what a second thread brings"
    report.publish(title, [share_row(record) for record in records])
    more = scaling(options.rounds)
    rows = [scaling_row(record) for record in more]
    report.publish("Scaling, one thread", rows, [*records, *more], options.json)


if __name__ == "__main__":
    main()
