"""What a network computes is the same to the last bit for any number of parts and of threads."""

import itertools

import numpy as np
import pytest
from networks import NETWORKS, TAGS, VALUES, WORDS, parts_of, spec_of

from rnncli.data.batch import Encoded, pack
from rnncli.kernels import parallel
from rnncli.network.arena import Arena
from rnncli.network.forward import NONE_FORCED, Dropout
from rnncli.network.gradient import add_gradient
from rnncli.network.optimiser import Optimiser
from rnncli.network.output import Objective, Target, Weights
from rnncli.network.team import ThreadTeam, team_size
from rnncli.threads import available_cpus

ALL_INPUTS = "embedding+onehot+ngram+columns"


@pytest.fixture
def corpus(batch):
    """50 sentences of 0 to 9 tokens: enough for five parts."""
    rng = np.random.default_rng(3)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 10, 50))])
    count = int(starts[-1])
    ids = np.stack([rng.integers(0, n, count) for n in (WORDS, VALUES)]).astype(np.int32)
    return Encoded(ids[0], ids, [], rng.integers(0, TAGS, count).astype(np.int32), starts)


def learned(queue, spec, parameters, corpus, batch):
    """Everything that three steps leave."""
    given, parameters = parameters, parameters.copy()
    corpus = corpus._replace(bags=[batch.bags(part.name) for part in parts_of(spec)])
    arena = Arena(queue)
    optimiser = Optimiser(spec, parameters, "adam")
    keys = itertools.count(7)
    packed = pack(corpus.starts, np.arange(len(corpus.lengths)))
    gold = corpus.tags[packed.positions]
    forced = np.where(gold % 2 == 0, gold, np.int32(-1)) if spec.architecture.keeps_output else NONE_FORCED
    seen = corpus.batch(packed, corpus.words[packed.positions] == 2)
    omega = 0.1 if (spec.cell, spec.arch) in [("simple", "elman"), ("simple", "bidirectional")] else 0.0
    objective = Objective(0.01, Weights(np.zeros(0, np.float32)), omega)
    losses = []
    for _ in range(3):
        arena.clear()
        losses.append(add_gradient(optimiser, seen, Target.of(gold), objective, arena, Dropout(0.3, keys), forced))
        losses.append(optimiser.norm(arena))
        optimiser.step(0.01, 0.5, arena)
    assert all(parameters[name].tolist() != given[name].tolist() for name in parameters)
    assert optimiser.transposed.flat.tobytes() == parameters.transposed().flat.tobytes()
    assert not optimiser.gradient.flat.any()
    return losses, parameters.flat.tobytes()


@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_no_bit_depends_on_the_number_of_parts_or_threads(arch, cell, kind, corpus, batch, drawn):
    spec = spec_of(arch, cell, layers=2, hidden=21, window=1, features=ALL_INPUTS, decoder=kind)
    parameters = drawn(spec, np.float32)
    expected = learned(parallel.SERIAL, spec, parameters, corpus, batch)
    for parts in (2, 3, 5):
        assert expected == learned(parallel.work_queue(parts), spec, parameters, corpus, batch)
    for threads in (2, 3):
        with ThreadTeam(threads) as team:
            team.wake()
            assert expected == learned(team.queue, spec, parameters, corpus, batch)


def test_workers_end_with_the_block():
    with ThreadTeam(4) as team:
        workers = team._workers
        assert all(worker.is_alive() for worker in workers)
    assert 3 == len(workers)
    assert not any(worker.is_alive() for worker in workers)


def test_workers_end_when_the_block_raises():
    with pytest.raises(ValueError, match="some error"), ThreadTeam(2) as team:
        workers = team._workers
        team.wake()
        raise ValueError("some error")
    assert not any(worker.is_alive() for worker in workers)


def test_no_worker_is_started_that_could_have_no_part():
    with ThreadTeam(parallel.MOST_PARTS + 8) as team:
        assert parallel.MOST_PARTS - 1 == len(team._workers)


@pytest.mark.parametrize(
    ("directions", "batch", "most"), [(1, 1, 2), (1, 8, 2), (1, 9, 4), (2, 16, 8), (2, 500, 32)]
)
def test_a_team_is_no_larger_than_the_cpus_and_the_work_allow(directions, batch, most):
    for threads in (0, 1, 2, 3, 8, 100):
        asked = threads or 10_000
        assert min(asked, available_cpus(), most) == team_size(threads, directions, batch)
