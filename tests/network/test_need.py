"""The memory that training needs: estimates below what is taken, and refusals before it is taken."""

import json
import subprocess
import sys

import pytest

from rnncli import memory, training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError

# The options of networks and trainings, and of the data: sentences, and the number of tags.
CASES = [
    {"hidden": 300, "batch": 8},
    {"hidden": 300, "batch": 8, "neighbours": "joined"},
    {"hidden": 16, "batch": 200, "embedding": 500},
    {"hidden": 32, "ngram": 1_000},
    {"hidden": 40, "batch": 200, "epochs": 1},
    {"hidden": 100, "batch": 200, "arch": "hybrid", "epochs": 1},
    {"hidden": 100, "batch": 200, "layers": 2, "arch": "elman", "cell": "gru"},
    {"hidden": 1_200, "arch": "elman", "optimiser": "sgd"},
    {"hidden": 800, "arch": "jordan", "embedding": 1_000},
    {"hidden": 4_000, "arch": "fnn"},
    {"hidden": 16, "tags": 1_500},
    {"hidden": 150, "batch": 200, "epochs": 1},
    {"hidden": 48, "batch": 200, "window": 3, "dropout": 0.0},
    {"hidden": 150, "batch": 200, "arch": "elman", "features": "onehot", "epochs": 1},
]

# Prints the estimate for a case and how much memory was taken. Each case has a process without memory left over.
CHILD = """
import dataclasses, json, sys
from rnncli import training
from rnncli.config import NetworkSpec, TrainingSpec
from rnncli.data.sentence import Sentence
from rnncli.network import need

def sentences(tags):
    return [Sentence([f"w{(7 * i + j) % 300}" for j in range(40)], [f"t{(i * 40 + j) % tags}" for j in range(40)],
                     [()] * 40, 1) for i in range(200)]

def resident(field):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(field))

def train(case):
    case = {"epochs": 2, **case}
    data = sentences(case.pop("tags", 5))
    fields = {item.name for item in dataclasses.fields(TrainingSpec)}
    settings = TrainingSpec(**{name: value for name, value in case.items() if name in fields})
    network = NetworkSpec(**{name: value for name, value in case.items() if name not in fields})
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # sets VmHWM, the largest VmRSS, to VmRSS
    model = training.prepare(data, network, settings)
    training.train(model, data, threads=1, score=lambda model: 1.0)
    spec, settings, rows = model.network_spec, model.training_spec, model.parameters.rows
    return need.needed(spec, rows, settings, [40] * 200, len(model.tags)), resident("VmHWM") - before

case = json.loads(sys.argv[1])
train({**case, "hidden": 4, "embedding": 4, "ngram": 4, "tags": 5, "batch": 8, "epochs": 1})  # load the kernels
print(json.dumps(train(case)))
"""


@pytest.mark.promise("limits")
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory by /proc")
def test_estimates_are_a_little_less_than_what_is_taken(cases, long):
    for case in CASES if long else CASES[:2]:
        command = [sys.executable, "-c", CHILD, json.dumps(case)]
        child = subprocess.run(command, capture_output=True, text=True, check=True)
        estimate, taken = json.loads(child.stdout)
        assert 0.5 * taken < estimate < taken, case
        cases.add()


def sentences(tags=3, tokens=100):
    return [
        Sentence(
            [chr(0x4E00 + j) for j in range(tokens)], [f"t{j % tags}" for j in range(tokens)], [()] * tokens, 1
        )
    ]


MB = 10**6
# A network, a size of batches, the data, how much memory there is, and what the hint names.
REFUSED = {
    "hidden": (NetworkSpec(hidden=65_536, layers=64), 0, sentences(), 1e12, "lower --hidden or --layers"),
    "embedding": (
        NetworkSpec(hidden=1, embedding=65_536, ngram=1, neighbours="joined"),
        0,
        sentences(),
        80 * MB,
        "lower --embedding,",
    ),
    "ngram": (
        NetworkSpec(hidden=1, embedding=1, ngram=65_536),
        0,
        sentences() * 2,
        30 * MB,
        "lower --window, --embedding or --ngram",
    ),
    "window": (NetworkSpec(hidden=100, window=64), 0, sentences(), 30 * MB, "lower --window"),
    "window, joined": (
        NetworkSpec(hidden=100, window=64, neighbours="joined"),
        0,
        sentences(),
        100 * MB,
        "lower --hidden, --window",
    ),
    "tags": (NetworkSpec(hidden=1), 0, sentences(1_500, 1_500), 40 * MB, "--decoder softmax"),
    "batch": (NetworkSpec(hidden=100), 1_000_000, sentences(3, 10) * 10_000, 500 * MB, "lower --batch"),
}


@pytest.mark.promise("limits")
@pytest.mark.parametrize(("network", "batch", "data", "available", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_fit_is_refused_before_it_is_allocated(network, batch, data, available, hint, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: available)
    with pytest.raises(UsageError) as raised:
        training.prepare(data, network, TrainingSpec(batch=batch))
    assert "would take at least" in raised.value.message
    assert memory.size(int(available)) + " are available" in raised.value.message
    assert hint in raised.value.hint


def test_what_fits_exactly_is_not_refused(monkeypatch):
    needed = []
    monkeypatch.setattr(memory, "check", lambda count, what, hint: needed.append(count))
    training.prepare(sentences(), NetworkSpec(), TrainingSpec())
    monkeypatch.undo()
    monkeypatch.setattr(memory, "available", lambda: float(max(needed)))
    training.prepare(sentences(), NetworkSpec(), TrainingSpec())
    monkeypatch.setattr(memory, "available", lambda: float(max(needed) - 1))
    with pytest.raises(UsageError):
        training.prepare(sentences(), NetworkSpec(), TrainingSpec())
