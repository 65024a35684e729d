"""The kernels compute what the NumPy reference computes, and what a lecture computes by hand."""

import itertools
import typing

import numpy as np
import pytest

from rnncli.config import ARCHITECTURES, Activation, NetworkSpec
from rnncli.data.batch import pack
from rnncli.kernels import matmul, simple
from rnncli.kernels.activation import IDENTITY
from rnncli.network import reference
from rnncli.network.forward import forward, label, transposed

CASES = [
    pytest.param(arch, layers, activation, kind, id=f"{arch}-{layers}-{activation}-{kind}")
    for arch in ARCHITECTURES
    for layers in (1, 2, 3)
    for activation in typing.get_args(Activation)
    for kind in ("embedding", "onehot")
]


def unpacked(batch, y):
    """Rows of a packed batch in the order of the text."""
    out = np.empty_like(y)
    out[batch.positions] = y
    return out


@pytest.mark.parametrize(("arch", "layers", "activation", "kind"), CASES)
def test_kernels_equal_the_numpy_reference(arch, layers, activation, kind, batch, drawn):
    spec = NetworkSpec(arch=arch, layers=layers, hidden=7, activation=activation, input=kind, embedding=3)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-6)):
        parameters = drawn(spec, dtype)
        trace = forward(spec, parameters, batch.words, batch.offsets)
        y, top = unpacked(batch, trace.y), unpacked(batch, trace.layers[-1].h)
        starts = batch.encoded.starts
        for start, end in itertools.pairwise(starts):
            expected = reference.forward(spec, parameters, batch.encoded.words[start:end])
            np.testing.assert_allclose(y[start:end], expected.y, rtol=0, atol=tolerance)
            np.testing.assert_allclose(top[start:end], expected.h[-1], rtol=tolerance, atol=tolerance * 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_a_batch_is_its_sentences_one_by_one(arch, dtype, batch, drawn):
    spec = NetworkSpec(arch=arch, layers=2, hidden=37, embedding=19)
    parameters = drawn(spec, dtype)
    together = unpacked(batch, forward(spec, parameters, batch.words, batch.offsets).y)
    starts = batch.encoded.starts
    for sentence in range(len(starts) - 1):
        alone = pack(starts, np.array([sentence]))
        y = forward(spec, parameters, batch.encoded.words[alone.positions], alone.offsets).y
        # To the last bit: every row of a product is summed in the same order, whatever rows are beside it.
        assert together[starts[sentence] : starts[sentence + 1]].tolist() == y.tolist()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_labels_are_the_likeliest_of_the_forward_pass(arch, batch, drawn):
    spec = NetworkSpec(arch=arch, layers=2, hidden=7, embedding=3)
    parameters = drawn(spec, np.float32)
    y = forward(spec, parameters, batch.words, batch.offsets).y
    tags, probabilities = label(spec, parameters, batch.words, batch.offsets, transposed(parameters))
    assert tags.tolist() == y.argmax(axis=1).tolist()
    np.testing.assert_allclose(probabilities, y.max(axis=1), rtol=1e-6)


def swapped(spec, parameters):
    """The same network with its directions exchanged, and with what reads them."""
    units, arrays = spec.hidden, {}
    for name, array in parameters.items():
        kind = name.rpartition("/")[2]
        if kind in ("U", "b", "Ut") and name.startswith("layer"):
            axis = 1 if kind == "Ut" else 0
            array = np.roll(array, units, axis=axis)
        if kind == "W":
            array = array[::-1]
        if (kind == "U" and not name.startswith("layer1/")) or kind == "V":
            array = np.roll(array, units, axis=1)
        arrays[name] = array
    return parameters.copy().assign(arrays)


@pytest.mark.parametrize("kind", ["embedding", "onehot"])
@pytest.mark.parametrize("layers", [1, 2])
def test_reversing_the_text_and_swapping_directions_reverses_the_output(layers, kind, batch, drawn):
    spec = NetworkSpec(arch="bidirectional", layers=layers, hidden=7, input=kind, embedding=3)
    parameters = drawn(spec)
    words = batch.encoded.words[:9]
    one = pack(np.array([0, 9]), np.array([0]))
    y = forward(spec, parameters, words, one.offsets).y
    reversed_y = forward(spec, swapped(spec, parameters), words[::-1].copy(), one.offsets).y
    np.testing.assert_allclose(reversed_y[::-1], y, rtol=0, atol=1e-13)
    assert np.abs(y - y[::-1]).max() > 1e-3  # so that the comparison means something


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
    matmul.project(x, ones, zero, h)
    simple.forward(h, ones[None], offsets, IDENTITY)
    matmul.project(h, ones, zero, o)
    assert outputs == o.tolist()


def test_a_network_without_memory_cannot_tell_contexts_apart(drawn):
    spec = NetworkSpec(arch="fnn", hidden=7, embedding=3)
    one = pack(np.array([0, 3]), np.array([0]))
    parameters = drawn(spec)
    a = forward(spec, parameters, np.array([1, 2, 3], np.int32), one.offsets).y
    b = forward(spec, parameters, np.array([4, 2, 5], np.int32), one.offsets).y
    assert a[1].tolist() == b[1].tolist()
