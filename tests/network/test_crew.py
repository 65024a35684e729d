"""What a network computes is the same to the last bit, however many share the work and whoever comes to do it."""

import itertools

import numpy as np
import pytest
from networks import NETWORKS, TAGS, VALUES, WORDS, parts_of, spec_of

from rnncli.data.batch import Encoded, pack
from rnncli.kernels import shared
from rnncli.network import crew, output
from rnncli.network.backward import backward
from rnncli.network.forward import Dropout, forward
from rnncli.network.gradients import Descent, Step
from rnncli.network.output import Weights
from rnncli.network.room import Room

ALL_INPUTS = "embedding+onehot+ngram+columns"


@pytest.fixture
def corpus(batch):
    """50 sentences of 0 to 9 tokens: enough to be shared by five."""
    rng = np.random.default_rng(3)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 10, 50))])
    count = int(starts[-1])
    ids = np.stack([rng.integers(0, n, count) for n in (WORDS, VALUES)]).astype(np.int32)
    return Encoded(ids[0], ids, [], rng.integers(0, TAGS, count).astype(np.int32), starts)


def learned(board, spec, parameters, corpus, batch):
    """Everything that three steps leave."""
    given, parameters = parameters, parameters.copy()
    corpus = corpus._replace(bags=[batch.bags(part.name) for part in parts_of(spec)])
    room, losses = Room(board), []
    descent, keys = Descent(spec, parameters, "adam"), itertools.count(7)
    packed = pack(corpus.starts, np.arange(len(corpus.lengths)))
    hidden, gold = corpus.words[packed.positions] == 2, corpus.tags[packed.positions]
    forced = np.where(gold % 2 == 0, gold, np.int32(-1)) if spec.architecture.keeps_output else None
    seen = corpus.batch(packed, hidden)
    for number in (1, 2, 3):
        room.clear()
        trace = forward(spec, parameters, seen, Dropout(0.3, keys), descent.turned, forced, room)
        rest = packed.offsets, 0.01, Weights(np.zeros(0, np.float32)), descent.gradient
        loss = output.loss(spec, parameters, trace, gold, *rest)
        omega = 0.1 if (spec.cell, spec.arch) in [("simple", "elman"), ("simple", "bidirectional")] else 0.0
        found = backward(spec, parameters, trace, loss.do, packed.offsets, descent.gradient, forced, omega)
        descent.add_tables(seen, found, room)
        losses += [loss.total, descent.norm(room)]
        descent.step(Step(0.5, 0.01, number), room)
    assert all(parameters[name].tolist() != given[name].tolist() for name in parameters)
    assert descent.turned.flat.tobytes() == parameters.transposed().flat.tobytes()
    assert not descent.gradient.flat.any()
    return losses, parameters.flat.tobytes()


@pytest.mark.parametrize("kind", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_no_bit_depends_on_who_does_the_work(arch, cell, kind, corpus, batch, drawn):
    spec = spec_of(arch, cell, layers=2, hidden=21, window=1, input=ALL_INPUTS, output=kind)
    parameters = drawn(spec, np.float32)
    expected = learned(shared.ALONE, spec, parameters, corpus, batch)
    for parts in (2, 3, 5):
        assert expected == learned(shared.board(parts), spec, parameters, corpus, batch)
    for threads in (2, 3):
        with crew.of(threads) as helped:
            helped.wake()
            assert expected == learned(helped.board, spec, parameters, corpus, batch)


def test_helpers_go_home():
    with crew.of(4) as helped:
        helpers = helped._helpers
        assert all(helper.is_alive() for helper in helpers)
    assert 3 == len(helpers)
    assert not any(helper.is_alive() for helper in helpers)


def test_helpers_go_home_when_something_fails():
    with pytest.raises(ValueError, match="of no use"), crew.of(2) as helped:
        helpers = helped._helpers
        helped.wake()
        raise ValueError("of no use")
    assert not any(helper.is_alive() for helper in helpers)
