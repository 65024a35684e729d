"""A long sentence in blocks has the tags and the probabilities of the whole sentence, to the last bit."""

import tracemalloc

import numpy as np
import pytest
from networks import NETWORKS, VALUES, WORDS, spec_of

from rnncli.data.batch import NONE_MASKED, Batch
from rnncli.data.tags import Scheme
from rnncli.network import long, output
from rnncli.plain import decoding

TOKENS = 29


@pytest.fixture
def sentence(batch):
    """One sentence of 29 tokens, as a network sees it."""
    rng = np.random.default_rng(3)
    ids = np.stack([rng.integers(0, n, TOKENS) for n in (WORDS, VALUES)]).astype(np.int32)

    def of(spec):
        return Batch(ids, batch.of(spec).bags, NONE_MASKED, np.arange(TOKENS + 1))

    return of


def both(spec, parameters, sentence, allowed, with_probabilities, tokens):
    """The labels of the whole sentence, and of its blocks."""
    chain = decoding.chain(spec, parameters, allowed)
    arguments = spec, parameters, sentence(spec), parameters.transposed(), chain, with_probabilities
    return output.label(*arguments), long.label(tokens, *arguments)


def assert_same(whole, blocks):
    for one, other in zip(whole, blocks, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("output_layer", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_blocks_give_what_the_whole_sentence_gives(arch, cell, output_layer, layers, neighbours, sentence, drawn):
    names = "embedding+onehot+ngram+columns"
    settings = {"layers": layers, "window": 2, "neighbours": neighbours, "features": names, "hidden": 21}
    spec = spec_of(arch, cell, decoder=output_layer, **settings)
    for dtype in (np.float32, np.float64):
        parameters = drawn(spec, dtype)
        for tokens in (1, 4, 28, 100):
            assert_same(*both(spec, parameters, sentence, None, True, tokens))


@pytest.mark.parametrize("most_stored", [0, 10**6])
@pytest.mark.parametrize("spread", [1.0, 200.0])  # beyond a range of 32, marginals are computed in float64
@pytest.mark.parametrize("output_layer", ["softmax", "crf"])
@pytest.mark.parametrize("arch", ["hybrid", "bidirectional"])
def test_forbidden_moves_and_scores_that_are_computed_again(
    arch, output_layer, spread, most_stored, sentence, drawn, monkeypatch
):
    monkeypatch.setattr(long, "MOST_STORED_NUMBERS", most_stored)
    spec = spec_of(arch, "simple", decoder=output_layer, window=1)
    parameters = drawn(spec, np.float32)
    for name in decoding.CRF if output_layer == "crf" else ():
        parameters[name][...] *= spread
    allowed = Scheme("IOB2").moves(["O", "B-x", "I-x", "I-y"])
    for with_probabilities in (True, False):
        for tokens in (1, 10):
            assert_same(*both(spec, parameters, sentence, allowed, with_probabilities, tokens))


def peak(function):
    """The most memory that Python and NumPy had at once."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("layers", [1, 2])
def test_memory_grows_by_the_block(layers, batch, drawn):
    spec = spec_of("bidirectional", "lstm", decoder="crf", layers=layers, hidden=40)
    parameters = drawn(spec, np.float32)
    one = np.zeros((2, 4_000), np.int32)
    sentence = Batch(one, batch.of(spec).bags, NONE_MASKED, np.arange(len(one[0]) + 1))
    arguments = spec, parameters, sentence, parameters.transposed(), decoding.chain(spec, parameters, None)
    whole, blocks = peak(lambda: output.label(*arguments)), peak(lambda: long.label(50, *arguments))
    assert blocks < whole / 8
