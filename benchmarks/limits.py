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
from collections.abc import Callable, Sequence
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


def shares(sentences: Sequence[Sentence], rounds: int) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """For each network the share of the limit, and what a second thread brings."""
    rows, records = [], []
    for name, spec in NETWORKS.items():
        flops = operations(training.prepare(sentences, spec, TRAINING))
        sides: dict[str, Callable[[], float]] = {"sgemm": sgemm}
        for threads in (1, 2):
            sides[f"train {threads}"] = lambda spec=spec, threads=threads: train(sentences, spec, threads)
            sides[f"tag {threads}"] = lambda spec=spec, threads=threads: tag(sentences, spec, threads)
        found = in_turns(rounds, sides)
        records.append({"network": name, "operations": flops, **found})
        used = {kind: [times * flops * v for v in found[f"{kind} 1"]] for kind, times in (("train", 3), ("tag", 1))}
        rows.append({
            "network": name,
            "operations a token": f"{flops:,}",
            "SGEMM, GFLOP/s": f"{statistics.median(found['sgemm']) / 1e9:.0f}",
            "training, tokens/s": f"{statistics.median(found['train 1']):,.0f}",
            "share": ratio(used["train"], found["sgemm"]),
            "2 threads": ratio(found["train 2"], found["train 1"]),
            "tagging, tokens/s": f"{statistics.median(found['tag 1']):,.0f}",
            "share ": ratio(used["tag"], found["sgemm"]),
            "2 threads ": ratio(found["tag 2"], found["tag 1"]),
        })  # fmt: skip
    return rows, records


def scaling(rounds: int) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
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
    rows, records = [], []
    for name, spec, length, tags in settings:
        data = generated(TOKENS, length, tags)
        batch = dataclasses.replace(TRAINING, batch=max(1, math.ceil(32 * 15 / length)))  # equal tokens
        sides = {
            "train": lambda data=data, spec=spec, batch=batch: train(data, spec, 1, batch),
            "tag": lambda data=data, spec=spec: tag(data, spec, 1),
        }
        found = in_turns(rounds, sides)
        records.append({"setting": name, **found})
        speeds = {kind: f"{statistics.median(found[kind]):,.0f}" for kind in sides}
        rows.append({"": name, "training, tokens/s": speeds["train"], "tagging, tokens/s": speeds["tag"]})
    return rows, records


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sentences = reading.read(options.data or str(bundled("sample_data/train.tsv"))).sentences
    rows, records = shares(sentences, options.rounds)
    report.publish("Share of the limit, one thread, and what a second thread brings", rows)
    more, further = scaling(options.rounds)
    report.publish("Scaling, one thread", more, [*records, *further], options.json)


if __name__ == "__main__":
    main()
