"""A long sentence in blocks has the tags and the probabilities of the whole sentence, to the last bit."""

import numpy as np
import pytest
from networks import NETWORKS, TAGS, VALUES, WORDS, spec_of

from rnncli.data.batch import NONE_MASKED, Batch
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
    transposed, by = parameters.transposed(), decoding.chain(spec, parameters, allowed)
    arguments = spec, parameters, sentence(spec), transposed, by, with_probabilities
    return output.label(*arguments), long.label(*arguments, tokens=tokens)


def assert_same(whole, blocks):
    for one, other in zip(whole, blocks, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("output_layer", ["softmax", "crf"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_blocks_give_what_the_whole_sentence_gives(arch, cell, output_layer, layers, sentence, drawn):
    names = "embedding+onehot+ngram+columns"
    spec = spec_of(arch, cell, output=output_layer, layers=layers, window=2, input=names, hidden=21)
    for dtype in (np.float32, np.float64):
        parameters = drawn(spec, dtype)
        for tokens in (1, 4, 28, 100):
            assert_same(*both(spec, parameters, sentence, None, True, tokens))
