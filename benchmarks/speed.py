"""Tokens a second of rnncli and of PyTorch's ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU``, all else being the same.

    python benchmarks/speed.py [--data TRAIN.tsv] [--torch-env DIR] [--rounds 5] [--json FILE]

Both sides run in turns, so that a slow moment of the machine meets both; the ratio is the median over rounds.
"""

import dataclasses
import functools
import itertools
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import platformdirs
import report

from rnncli import labelling, training
from rnncli.config import LEARNING_RATES, NetworkSpec, TrainingSpec
from rnncli.data import reading
from rnncli.data.batch import Encoded, by_length, pack, shuffled
from rnncli.data.sentence import Sentence
from rnncli.kernels.output import softmax
from rnncli.kernels.parallel import SERIAL
from rnncli.labelling import BATCH_TOKENS
from rnncli.model import Model
from rnncli.network.forward import forward
from rnncli.resources import bundled

TORCH = "2.13.0"
# What PyTorch's modules can do too: words alone, each tag by itself.
PLAIN = NetworkSpec(
    arch="bidirectional", cell="simple", hidden=128, features="embedding", window=0, embedding=96,
    decoder="softmax", transitions="any",
)  # fmt: skip
NETWORKS = {
    "simple": PLAIN,
    "elman": dataclasses.replace(PLAIN, arch="elman"),
    "lstm": dataclasses.replace(PLAIN, cell="lstm"),
    "gru": dataclasses.replace(PLAIN, cell="gru"),
}
TRAINING = TrainingSpec(batch=32, learning_rate=LEARNING_RATES["adam"], dropout=0.4)
THREADS = (1, 2)
TRAIN_TOKENS, TAG_TOKENS = 50_000, 200_000  # of one measurement, at least
TOLERANCE = 1e-5
# With more, simple units are chaotic: over the 160 tokens of a sentence two orders of a sum drift apart.
NOISE = 0.03


class Setting(NamedTuple):
    """What is timed."""

    kind: str  # train or tag
    network: str  # of NETWORKS
    threads: int  # at most


@dataclass
class Task:
    """The corpus and an untrained model of each network."""

    sentences: list[Sentence]
    models: dict[str, Model]
    corpus: Encoded
    bulk: Encoded  # the corpus again and again, without tags
    epochs: int

    @classmethod
    def read(cls, path: str) -> "Task":
        """Read a corpus; make models with weights noisy enough that no bias is 0 and tags differ."""
        sentences = reading.read(path).sentences
        models = {name: training.prepare(sentences, spec, TRAINING) for name, spec in NETWORKS.items()}
        rng = np.random.default_rng(1)
        for model in models.values():
            for name, array in model.parameters.items():
                if name not in model.parameters.tables:
                    array += rng.normal(0, NOISE, array.shape)
        first, tokens = models["simple"], [sentence.tokens for sentence in sentences]
        corpus = first.encode(tokens, tags=[sentence.tags for sentence in sentences])
        bulk = first.encode(tokens * -(-TAG_TOKENS // len(corpus.words)))
        return cls(sentences, models, corpus, bulk, -(-TRAIN_TOKENS // len(corpus.words)))

    def save(self, path: Path) -> None:
        """Write what the PyTorch side needs: integers, an epoch's batches, weights."""
        arrays: dict[str, Any] = {
            "words": self.corpus.words, "tags": self.corpus.tags, "starts": self.corpus.starts,
            "once": self.models["simple"].inputs.words.counts == 1,
            "bulk/words": self.bulk.words, "bulk/starts": self.bulk.starts,
        }  # fmt: skip
        epoch = shuffled(self.corpus, TRAINING.batch, np.random.default_rng(1))
        for name, batches in ("train", list(epoch)), ("tag", list(by_length(self.bulk, BATCH_TOKENS))):
            arrays |= {f"{name}/order": np.concatenate(batches), f"{name}/sizes": [len(b) for b in batches]}
        for network, model in self.models.items():
            arrays |= {f"{network}/{name}": array for name, array in model.parameters.items()}
        np.savez(path, **arrays)


class Torch:
    """The other side, a process that answers one JSON line for each."""

    def __init__(self, environment: Path, data: Path) -> None:
        command = [
            report.python_with(environment, f"torch=={TORCH}", "numpy"),
            Path(__file__).with_name("torch_side.py"),
            data,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._read()["torch"]

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        if not (line := self.process.stdout.readline()):
            raise SystemExit("the PyTorch side ended; see its message above")
        return dict(json.loads(line))

    def ask(self, **request: Any) -> float:
        """Send a request; return the seconds that it took."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return float(self._read()["seconds"])


def measure_ours(task: Task, setting: Setting) -> float:
    """Tokens a second of rnncli, by the code that trains and tags in earnest."""
    if setting.kind == "train":
        spec = dataclasses.replace(TRAINING, epochs=task.epochs)
        model = training.prepare(task.sentences, NETWORKS[setting.network], spec)
        result = training.train(model, task.sentences, threads=setting.threads, score=lambda _: 0.0)
        return result.tokens_per_second
    began = time.perf_counter()
    labelling.predict(task.models[setting.network], task.bulk, setting.threads)
    return len(task.bulk.words) / (time.perf_counter() - began)


def measure_theirs(task: Task, torch: Torch, setting: Setting, variant: dict[str, Any]) -> float:
    """Tokens a second of PyTorch in one of its variants."""
    same = {"rate": TRAINING.learning_rate, "clip": TRAINING.clip}
    same |= {"unknown": TRAINING.unknown, "dropout": TRAINING.dropout}
    cell = NETWORKS[setting.network].cell
    seconds = torch.ask(do=setting.kind, network=setting.network, cell=cell, epochs=task.epochs, **same, **variant)
    tokens = len(task.corpus.words) * task.epochs if setting.kind == "train" else len(task.bulk.words)
    return tokens / seconds


def variants(kind: str, threads: int) -> Iterator[dict[str, Any]]:
    """Every way to write it in PyTorch. Threads may cost more than they bring, so one is tried too."""
    for layout in ("packed", "padded"):
        for used in {1, threads}:
            if kind == "train":
                for sparse in (False, True):
                    yield {"layout": layout, "threads": used, "sparse": sparse}
            else:  # each operation on all threads, or each batch on its own
                yield {"layout": layout, "threads": used, "pool": threads // used}


def describe(variant: dict[str, Any]) -> str:
    """A variant in words."""
    words = [variant["layout"], f"{variant['threads']} thread{'s' * (variant['threads'] > 1)} an operation"]
    if "sparse" in variant:
        words.append("sparse embedding" if variant["sparse"] else "dense embedding")
    return ", ".join([*words, "a batch a thread"] if variant.get("pool", 1) > 1 else words)


def compare(task: Task, torch: Torch, directory: Path) -> float:
    """Largest difference between both sides' probabilities of all tags for all tokens, over all layouts."""
    largest, size, path = 0.0, len(task.corpus.words), directory / "probabilities.npy"
    for network, model in task.models.items():
        ours = np.empty((len(task.bulk.words), len(model.tags)), np.float32)
        for sentences in by_length(task.bulk, BATCH_TOKENS):
            packed = pack(task.bulk.starts, sentences)
            y = forward(model.network_spec, model.parameters, task.bulk.batch(packed)).o
            softmax(SERIAL, y)
            ours[packed.positions] = y
        for variant in variants("tag", 1):
            measure_theirs(task, torch, Setting("tag", network, 1), {**variant, "out": str(path)})
            largest = max(largest, float(np.abs(np.load(path)[:size] - ours[:size]).max()))
    return largest


def measure(task: Task, torch: Torch, setting: Setting, rounds: int) -> dict[str, Any]:
    """Time both sides in turns. PyTorch's time in a round is that of the fastest way.

    Two runs of each choose the ways: the fastest on one thread an operation, and the fastest on all, which
    a busy machine slows down out of proportion.
    """
    run = functools.partial(measure_theirs, task, torch, setting)
    trials = [(max(run(way), run(way)), way) for way in variants(setting.kind, setting.threads)]
    fastest = {way["threads"]: way for _, way in sorted(trials, key=lambda trial: trial[0])}
    measure_ours(task, setting)  # loads the kernels
    ours, theirs, written = [], [], []
    for _ in range(rounds):
        ours.append(measure_ours(task, setting))
        speed, name = max((run(way), describe(way)) for way in fastest.values())
        theirs.append(speed)
        written.append(name)
    return {
        **setting._asdict(),
        "rnncli": ours,
        "torch": theirs,
        "ratios": [a / b for a, b in zip(ours, theirs, strict=True)],
        "torch_variant": statistics.mode(written),
        "torch_trials": {describe(way): speed for speed, way in trials},
    }


def row(record: dict[str, Any]) -> dict[str, str]:
    """A line of the table."""
    return {
        "": f"{record['kind']}, {record['network']}, {record['threads']} thread{'s' * (record['threads'] > 1)}",
        "rnncli": f"{statistics.median(record['rnncli']):,.0f}",
        "PyTorch": f"{statistics.median(record['torch']):,.0f}",
        **report.compared(record["ratios"]),
        "PyTorch written": record["torch_variant"],
    }


def main() -> None:
    """Run the benchmark."""
    parser = report.options(__doc__)
    default = platformdirs.user_cache_path("rnncli", appauthor=False) / f"torch-{TORCH}"
    parser.add_argument("--data", help="labelled sentences; else the bundled corpus")
    parser.add_argument("--torch-env", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--network", action="append", choices=NETWORKS, help="may be given again; else all")
    options = parser.parse_args()
    task = Task.read(options.data or str(bundled("sample_data/train.tsv")))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "data.npz"
        task.save(path)
        torch = Torch(options.torch_env, path)
        difference = compare(task, torch, Path(directory))
        print(f"largest difference between the two sides' probabilities: {difference:.1e}", flush=True)
        if not difference < TOLERANCE:
            raise SystemExit("the two sides do not compute the same")
        chosen = itertools.product(("train", "tag"), options.network or NETWORKS, THREADS)
        settings = itertools.starmap(Setting, chosen)
        records = [measure(task, torch, setting, options.rounds) for setting in settings]
    title = f"Tokens a second beside PyTorch {torch.version}, {len(task.corpus.words):,} tokens"
    report.publish(title, [row(record) for record in records], records, options.json)


if __name__ == "__main__":
    main()
