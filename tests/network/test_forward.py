"""The kernels compute what the NumPy reference computes, and what a lecture computes by hand."""

import itertools
import typing

import numpy as np
import pytest
from networks import NETWORKS, spec_of

from rnncli.config import ARCHITECTURES, CELLS, Activation
from rnncli.data.tags import Scheme
from rnncli.kernels import matmul, output, simple
from rnncli.kernels.activation import IDENTITY
from rnncli.kernels.parallel import SERIAL
from rnncli.network.forward import forward
from rnncli.network.output import label
from rnncli.plain import crf, decoding
from rnncli.plain import forward as plain

CASES = [
    pytest.param(arch, cell, layers, inputs, id=f"{arch}-{cell}-{layers}-{inputs}")
    for arch, cell in NETWORKS
    for layers in (1, 2, 3)
    for inputs in ("embedding", "onehot", "embedding+onehot+ngram+columns")
]


def unpacked(batch, y):
    """Rows of a packed batch in the order of the text."""
    out = np.empty_like(y)
    out[batch.positions] = y
    return out


def assert_equal_the_reference(spec, batch, drawn, masked=None):
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 3e-6)):
        parameters = drawn(spec, dtype)
        trace = forward(spec, parameters, batch.of(spec, masked))
        if not spec.architecture.keeps_output:
            output.softmax(SERIAL, trace.o)
        y, top = unpacked(batch, trace.o), unpacked(batch, trace.layers[-1].h)
        for sentence, (start, end) in enumerate(itertools.pairwise(batch.encoded.starts)):
            if start < end:
                expected = plain.forward(spec, parameters, batch.of(spec, masked, sentence))
                np.testing.assert_allclose(y[start:end], expected.y, rtol=0, atol=tolerance)
                np.testing.assert_allclose(top[start:end], expected.h[-1], rtol=tolerance, atol=tolerance * 4)


@pytest.mark.parametrize(("arch", "cell", "layers", "inputs"), CASES)
def test_kernels_equal_the_numpy_reference(arch, cell, layers, inputs, batch, drawn):
    assert_equal_the_reference(spec_of(arch, cell, layers=layers, hidden=7, features=inputs), batch, drawn)


@pytest.mark.parametrize("activation", typing.get_args(Activation))
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_activation_equals_the_numpy_reference(arch, activation, batch, drawn):
    spec = spec_of(arch, "simple", layers=2, hidden=7, activation=activation)
    assert_equal_the_reference(spec, batch, drawn)


@pytest.mark.parametrize("window", [1, 3, 9])
@pytest.mark.parametrize(("arch", "cell"), [("fnn", "simple"), ("bidirectional", "gru")])
def test_windows_and_masked_words_equal_the_numpy_reference(arch, cell, window, batch, drawn):
    masked = np.random.default_rng(3).random(len(batch.positions)) < 0.4
    spec = spec_of(arch, cell, window=window, features="embedding+onehot+ngram+columns")
    assert_equal_the_reference(spec, batch, drawn, masked)


@pytest.mark.parametrize("inputs", ["embedding+ngram", "embedding+onehot+ngram+columns"])
@pytest.mark.parametrize("window", [1, 9])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_neighbours_that_are_added_equal_the_numpy_reference(arch, cell, window, inputs, batch, drawn):
    masked = np.random.default_rng(3).random(len(batch.positions)) < 0.4
    spec = spec_of(arch, cell, layers=2, hidden=7, neighbours="added", window=window, features=inputs)
    assert_equal_the_reference(spec, batch, drawn, masked)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_a_batch_is_its_sentences_one_by_one(arch, cell, neighbours, dtype, batch, drawn):
    spec = spec_of(arch, cell, layers=2, hidden=37, neighbours=neighbours, window=1, features="embedding+ngram")
    parameters = drawn(spec, dtype)
    together = unpacked(batch, forward(spec, parameters, batch.of(spec)).o)
    for sentence, (start, end) in enumerate(itertools.pairwise(batch.encoded.starts)):
        o = forward(spec, parameters, batch.of(spec, sentence=sentence)).o
        # To the last bit: every row of a product is summed in the same order, whatever rows are beside it.
        assert together[start:end].tolist() == o.tolist()


@pytest.mark.parametrize("inputs", ["embedding+ngram", "embedding+onehot+columns"])
@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_labels_are_the_likeliest_of_the_forward_pass(arch, cell, neighbours, inputs, batch, drawn):
    spec = spec_of(arch, cell, layers=2, hidden=7, neighbours=neighbours, window=1, features=inputs)
    parameters = drawn(spec, np.float32)
    y = forward(spec, parameters, batch.of(spec)).o
    if not spec.architecture.keeps_output:
        output.softmax(SERIAL, y)
    tags, probabilities = label(spec, parameters, batch.of(spec), parameters.transposed(), None)
    assert tags.tolist() == y.argmax(axis=1).tolist()
    np.testing.assert_allclose(probabilities, y.max(axis=1), rtol=1e-6)


def test_the_tags_given_are_the_best_path_of_the_chain_and_their_probabilities_its_marginals(batch, drawn):
    for arch, cell in NETWORKS:
        spec = spec_of(arch, cell, decoder="crf")
        parameters = drawn(spec)
        by = decoding.chain(spec, parameters, None)
        tags, probabilities = label(spec, parameters, batch.of(spec), parameters.transposed(), by)
        tags, probabilities = unpacked(batch, tags), unpacked(batch, probabilities)
        for sentence, (start, end) in enumerate(itertools.pairwise(batch.encoded.starts)):
            if start < end:
                o = plain.forward(spec, parameters, batch.of(spec, sentence=sentence)).o
                assert list(crf.viterbi(o, *by)) == tags[start:end].tolist()
                expected = crf.marginals(o, *by)[np.arange(end - start), tags[start:end]]
                np.testing.assert_allclose(probabilities[start:end], expected, rtol=1e-9)


def test_a_constrained_softmax_gives_the_best_of_what_is_allowed(batch, drawn):
    spec = spec_of("elman", "simple")
    parameters, allowed = drawn(spec), Scheme("IOBES").moves(["S-x", "I-x", "B-x", "E-x"])
    by = decoding.chain(spec, parameters, allowed)
    tags, probabilities = label(spec, parameters, batch.of(spec), parameters.transposed(), by)
    tags, probabilities = unpacked(batch, tags), unpacked(batch, probabilities)
    free = 0
    for sentence, (start, end) in enumerate(itertools.pairwise(batch.encoded.starts)):
        if start < end:
            y = plain.forward(spec, parameters, batch.of(spec, sentence=sentence)).y
            best = max(
                (path for path in itertools.product(range(4), repeat=int(end - start)) if legal(path, allowed)),
                key=lambda path: np.log(y[np.arange(len(path)), path]).sum(),
            )
            assert list(best) == tags[start:end].tolist()
            np.testing.assert_allclose(probabilities[start:end], y[np.arange(len(best)), best], rtol=1e-12)
            free += list(best) != y.argmax(axis=1).tolist()
    assert free  # somewhere the constraint changed the answer


def legal(path, allowed):
    goes_on = all(allowed.follow[i, j] for i, j in itertools.pairwise(path))
    return goes_on and allowed.first[path[0]] and allowed.last[path[-1]]


def swapped(spec, parameters):
    """The same network with its directions exchanged, and with what reads them."""
    units, gated, arrays = spec.hidden, spec.gates * spec.hidden, {}
    for name, array in parameters.items():
        kind = name.rpartition("/")[2]
        if kind in ("U", "b"):
            array = np.roll(array, gated, axis=0)
        if kind == "onehot":
            array = np.roll(array, gated, axis=1)
        if kind == "bn":
            array = np.roll(array, units, axis=0)
        if kind == "W":
            array = array[::-1]
        if (kind == "U" and not name.startswith("layer1/")) or kind == "V":
            array = np.roll(array, units, axis=1)
        arrays[name] = array
    return parameters.copy().assign(arrays)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("inputs", ["embedding", "onehot"])
@pytest.mark.parametrize("layers", [1, 2])
def test_reversing_the_text_and_swapping_directions_reverses_the_output(layers, inputs, cell, batch, drawn):
    spec = spec_of("bidirectional", cell, layers=layers, hidden=7, features=inputs)
    parameters = drawn(spec)
    alone = batch.of(spec, sentence=1)
    o = forward(spec, parameters, alone).o
    reversed_o = forward(spec, swapped(spec, parameters), alone._replace(ids=alone.ids[:, ::-1].copy())).o
    np.testing.assert_allclose(reversed_o[::-1], o, rtol=0, atol=1e-13)
    assert np.abs(o - o[::-1]).max() > 1e-3  # so that the comparison means something


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([[1, 1], [1, 1], [2, 2]], [[4, 4], [12, 12], [32, 32]]),
        ([[2, 2], [1, 1], [1, 1]], [[8, 8], [20, 20], [44, 44]]),
        ([[1, 1], [2, 2], [1, 1]], [[4, 4], [16, 16], [36, 36]]),
    ],
)
def test_the_worked_example_of_a_lecture(inputs, outputs):
    """All weights 1, no bias, linear units, memory starting at 0; the order of the inputs matters."""
    x, ones, zero = np.array(inputs, np.float32), np.ones((2, 2), np.float32), np.zeros(2, np.float32)
    offsets = np.arange(4)
    h, o = np.empty((3, 2), np.float32), np.empty((3, 2), np.float32)
    matmul.project(SERIAL, x, ones, zero, h)
    simple.forward(SERIAL, h, h[:, :0], h, ones[None], zero[:0], offsets, IDENTITY)
    matmul.project(SERIAL, h, ones, zero, o)
    assert outputs == o.tolist()


@pytest.mark.parametrize("window", [0, 1])
def test_a_network_without_memory_sees_its_window_and_no_more(window, batch, drawn):
    spec = spec_of("fnn", "simple", window=window)
    parameters, alone = drawn(spec), batch.of(spec, sentence=1)
    o = forward(spec, parameters, alone).o
    ids = alone.ids.copy()
    ids[0, 0] = (ids[0, 0] + 1) % 6
    changed = np.flatnonzero((forward(spec, parameters, alone._replace(ids=ids)).o != o).any(axis=1))
    assert list(range(window + 1)) == changed.tolist()
