"""Every cell equals the NumPy recurrence, central differences and PyTorch; a row does not depend on its batch."""

import itertools

import numpy as np
import pytest

from rnncli.config import CELLS, NetworkSpec
from rnncli.data.batch import pack
from rnncli.network import recurrent
from rnncli.network.arena import Arena
from rnncli.network.recurrent import LayerStates
from rnncli.plain import cells
from rnncli.plain.activation import ACTIVATIONS

LENGTHS = (1, 7, 3, 0, 2, 5, 4, 6)  # every length from 1 to 7, and an empty sentence
STARTS = np.cumsum([0, *LENGTHS])
STEP = 1e-5

each_cell = pytest.mark.parametrize("cell", CELLS)
each_direction = pytest.mark.parametrize("directions", [1, 2])
each_type = pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-6)])


@pytest.fixture
def packed():
    return pack(STARTS, np.arange(len(LENGTHS)))


def spec_of(cell, directions, units):
    """A network of one layer of these cells."""
    arch = {1: "elman", 2: "bidirectional"}[directions]
    return NetworkSpec(arch=arch, cell=cell, hidden=units)


def draw(cell, directions, units, dtype, rows=STARTS[-1]):
    """Input products a, weight W and bias, of a size that leaves no gate near 0 or 1 for good."""
    rng = np.random.default_rng(2)
    gates = len(CELLS[cell].gates)
    a = rng.standard_normal((rows, directions * gates * units))
    weight = rng.standard_normal((directions, gates * units, units)) / np.sqrt(units)
    bias = rng.standard_normal(directions * units if CELLS[cell].recurrent_bias else 0)
    return a.astype(dtype), weight.astype(dtype), bias.astype(dtype)


def forward(cell, a, weight, bias, offsets):
    """Run the kernels of a layer on a copy of ``a``."""
    directions, _, units = weight.shape
    transposed = np.swapaxes(weight, 1, 2).copy()
    return recurrent.forward(spec_of(cell, directions, units), a.copy(), transposed, bias, offsets, Arena())


def backward(cell, dh, states, weight, bias, offsets):
    """The gradients of a, weight and bias, the last two as sums over tokens of what the kernels leave."""
    directions, _, units = weight.shape
    states = LayerStates(*(array.copy() for array in states))
    if len(CELLS[cell].gates) == 1:
        states = states._replace(gates=states.h)
    products = recurrent.backward(spec_of(cell, directions, units), states, dh.copy(), weight, offsets, Arena())
    before = np.split(products.h_before, directions, axis=1)
    dweight = [part.T @ before[r] for r, part in enumerate(np.split(products.dwh, directions, axis=1))]
    return products.da, np.stack(dweight), states.state.sum(axis=0) if CELLS[cell].recurrent_bias else bias


@each_type
@each_direction
@each_cell
def test_kernels_equal_the_numpy_recurrence(cell, directions, dtype, tolerance, packed):
    a, weight, bias = draw(cell, directions, 37, dtype)
    states = forward(cell, a[packed.positions], weight, bias, packed.offsets)
    for start, end in itertools.pairwise(STARTS):
        rows = np.argsort(packed.positions)[start:end]
        h, s = cells.forward(cell, a[start:end], weight, bias if len(bias) else None, ACTIVATIONS["tanh"])
        np.testing.assert_allclose(states.h[rows], h, rtol=0, atol=tolerance)
        if CELLS[cell].keeps_state:
            np.testing.assert_allclose(states.state[rows], s, rtol=tolerance, atol=tolerance)


@each_direction
@each_cell
def test_gradients_equal_central_differences(cell, directions, packed):
    arrays = draw(cell, directions, 5, np.float64)
    dh = np.random.default_rng(3).standard_normal((STARTS[-1], directions * 5))

    def loss():
        return float((dh * forward(cell, *arrays, packed.offsets).h).sum())

    trace = forward(cell, *arrays, packed.offsets)
    for array, analytic in zip(arrays, backward(cell, dh, trace, *arrays[1:], packed.offsets), strict=True):
        flat, numeric = array.reshape(-1), np.empty(array.size)
        for i in range(array.size):
            kept = flat[i]
            flat[i] = kept + STEP
            above = loss()
            flat[i] = kept - STEP
            numeric[i] = (above - loss()) / (2 * STEP)
            flat[i] = kept
        assert np.linalg.norm(numeric - analytic.reshape(-1)) <= 1e-6 * np.linalg.norm(numeric)
        assert array.size == 0 or np.linalg.norm(numeric) > 1e-3, "a gradient of 0 would prove nothing"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_cell
def test_a_batch_is_its_sentences_one_by_one(cell, dtype, packed):
    a, weight, bias = draw(cell, 2, 37, dtype)
    dh = np.random.default_rng(3).standard_normal((STARTS[-1], 74)).astype(dtype)

    def run(batch):
        trace = forward(cell, a[batch.positions], weight, bias, batch.offsets)
        da, _, _ = backward(cell, dh[batch.positions], trace, weight, bias, batch.offsets)
        return np.hstack([*trace, da])

    together = run(packed)
    for sentence, (start, end) in enumerate(itertools.pairwise(STARTS)):
        alone = run(pack(STARTS, np.array([sentence])))
        # To the last bit: every row of a product is summed in the same order, whatever rows are beside it.
        assert together[np.argsort(packed.positions)[start:end]].tolist() == alone.tolist()


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_kernels_equal_pytorch(cell, dtype, tolerance, packed):
    torch = pytest.importorskip("torch", reason="PyTorch, the peer to compare with, is not installed")
    units, inputs = 37, 11
    rng = np.random.default_rng(4)
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](inputs, units, bidirectional=True)
    layer.to({np.float64: torch.float64, np.float32: torch.float32}[dtype])
    x = rng.standard_normal((STARTS[-1], inputs)).astype(dtype)
    dh = rng.standard_normal((STARTS[-1], 2 * units)).astype(dtype)

    tokens = torch.tensor(x, requires_grad=True)
    lengths = torch.tensor(np.diff(packed.offsets))
    expected, _ = layer(torch.nn.utils.rnn.PackedSequence(tokens, lengths))
    (expected.data * torch.tensor(dh)).sum().backward()

    def both(name, gradient=False):
        """A parameter, or its gradient, of both directions."""
        parameters = (getattr(layer, f"{name}_l0{direction}") for direction in ("", "_reverse"))
        return np.stack([(p.grad if gradient else p.detach()).numpy() for p in parameters])

    # PyTorch has a bias for either product: rnncli one of their sum, and the GRU's candidate its second.
    u, weight, b, extra = (both(name) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    bias = extra[:, 2 * units :].ravel().copy() if cell == "gru" else np.empty(0, dtype)
    if cell == "gru":
        extra[:, 2 * units :] = 0
    u, b = u.reshape(-1, inputs), (b + extra).ravel()
    trace = forward(cell, x @ u.T + b, weight, bias, packed.offsets)
    da, dweight, dbias = backward(cell, dh, trace, weight, bias, packed.offsets)
    db = da.sum(axis=0).reshape(2, -1)
    dextra = db if cell == "lstm" else np.hstack([db[:, : 2 * units], dbias.reshape(2, -1)])

    def assert_close(actual, wanted):
        np.testing.assert_allclose(actual, wanted, rtol=tolerance, atol=tolerance)

    assert_close(trace.h, expected.data.detach().numpy())
    assert_close(dweight, both("weight_hh", gradient=True))
    assert_close(da.T @ x, both("weight_ih", gradient=True).reshape(-1, inputs))
    assert_close(db, both("bias_ih", gradient=True))
    assert_close(dextra, both("bias_hh", gradient=True))
    assert_close(da @ u, tokens.grad.numpy())
