"""Every gradient of the sweep equals central differences, in float64, by value; and what the kernels find."""

import typing

import numpy as np
import pytest
from networks import NETWORKS, TAGS, spec_of

from rnncli.config import CELLS, Activation
from rnncli.network.backward import backward
from rnncli.network.forward import forward
from rnncli.parameters import Parameters
from rnncli.plain import cells
from rnncli.plain import forward as plain
from rnncli.plain.activation import ACTIVATIONS, softmax
from rnncli.plain.backward import sweep

STEP = 1e-5
SENTENCES = (0, 1, 4)  # of one, seven and two tokens
ALL_INPUTS = "embedding+onehot+ngram+columns"


def scalars(tokens: int, many: int = 3) -> np.ndarray:
    """The gradients do (M, T, K) of some scalars: weighted sums of all scores, and the score of one tag."""
    do = np.random.default_rng(7).standard_normal((many, tokens, TAGS))
    do[0] = 0
    do[0, tokens // 2, 1] = 1
    return do


def single(tokens: int) -> np.ndarray:
    """The gradients of the scores of single tokens, in no order: none reaches all steps."""
    do = np.zeros((tokens, tokens, TAGS))
    order = np.random.default_rng(8).permutation(tokens)
    do[np.arange(tokens), order, order % TAGS] = 1
    return do


def assert_close(numeric: np.ndarray, analytic: np.ndarray) -> None:
    np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-8)


def differences(scores, array: np.ndarray, do: np.ndarray) -> np.ndarray:
    """∂Σ do ∘ o / ∂array for all scalars, (M, *shape), by central differences; ``scores()`` runs the network."""
    flat, found = array.reshape(-1), np.empty((array.size, len(do)))
    for i in range(array.size):
        kept = flat[i]
        flat[i] = kept + STEP
        above = scores()
        flat[i] = kept - STEP
        below = scores()
        flat[i] = kept
        found[i] = np.einsum("mtk,tk->m", do, above - below) / (2 * STEP)
    return found.T.reshape(len(do), *array.shape)


def scores_from_x(spec, parameters, read: plain.TokenInputs) -> np.ndarray:
    """The scores for the looked-up inputs ``read``, which need be no row of a table."""
    a = np.tile(plain.bias(spec, parameters), (len(read.x), 1))
    for place in range(2 * spec.window + 1):
        to, of = plain.pairs_at_distance(len(read.x), place - spec.window)
        a[to] += plain.product(spec, parameters, read, place)[of]
    return plain.run(spec, parameters, a).o


def check(spec, parameters, batch) -> None:
    """∂s/∂x and ∂s/∂a of a spec, for sentences of several lengths."""
    for sentence in SENTENCES:
        one = batch.of(spec, sentence=sentence)
        trace, read = plain.forward(spec, parameters, one), plain.look_up(parameters, one)
        for do in (scalars(one.tokens), single(one.tokens)):
            found, a = sweep(spec, parameters, trace, do), trace.linear.copy()
            assert_close(differences(lambda a=a: plain.run(spec, parameters, a).o, a, do), found.dlinear)
            if read.x.shape[1]:
                numeric = differences(lambda read=read: scores_from_x(spec, parameters, read), read.x, do)
                assert_close(numeric, found.dx)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_input_gradients_equal_central_differences(arch, cell, layers, batch, drawn):
    spec = spec_of(arch, cell, layers=layers)
    check(spec, drawn(spec), batch)


@pytest.mark.parametrize("activation", [name for name in typing.get_args(Activation) if name != "tanh"])
@pytest.mark.parametrize(("arch", "cell"), [row for row in NETWORKS if row[1] == "simple"])
def test_they_hold_for_every_activation(arch, cell, activation, batch, drawn):
    spec = spec_of(arch, cell, layers=2, activation=activation)
    check(spec, drawn(spec), batch)


@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize("window", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), [("fnn", "simple"), ("hybrid", "simple"), ("bidirectional", "lstm")])
def test_they_hold_for_all_inputs_through_a_window(arch, cell, window, neighbours, batch, drawn):
    spec = spec_of(arch, cell, features=ALL_INPUTS, window=window, neighbours=neighbours)
    check(spec, drawn(spec), batch)


class Pushed:
    """The scores of a network whose hidden layer, or fed-back output, is pushed: the definition, step by step.

    A push of h(t) of a layer, or of ŷ(t), reaches whatever reads it, and so its gradient is the whole one.
    """

    def __init__(self, spec, parameters, a: np.ndarray) -> None:
        self.spec, self.parameters, self.a = spec, parameters, a
        self.step, self.phi = cells.cell(spec.cell).step, ACTIVATIONS[spec.activation]

    def scores(self, layer: int, push: np.ndarray) -> np.ndarray:
        """With ``push`` (T, R·H) added to h of a layer as soon as it is computed."""
        p, spec = self.parameters, self.spec
        a = self.a
        for number in range(1, spec.layers + 1):
            name = f"layer{number}/"
            if number > 1:
                a = h @ p[name + "U"].T + p[name + "b"]  # noqa: F821
            directions, units = spec.architecture.directions, spec.hidden
            biases = cells.biases(p.get(name + spec.recurrent_bias), directions, a[0, :0])
            h, o = np.zeros((len(a), directions * units)), np.zeros((len(a), TAGS))
            for r, x in enumerate(np.split(a, directions, axis=1)):
                of = slice(r * units, (r + 1) * units)
                memory, y = np.zeros(units), np.zeros(TAGS)
                state = np.zeros(units * CELLS[spec.cell].keeps_state)
                w = p[name + "W"][r] if name + "W" in p else np.zeros((spec.gates * units, units))
                for t in range(len(a)) if r == 0 else range(len(a) - 1, -1, -1):
                    into = x[t] + p[name + "Wy"] @ y if name + "Wy" in p else x[t]
                    memory, state = self.step(into, memory, state, w, biases[r], self.phi)
                    memory = memory + (push[t, of] if number == layer else 0)
                    h[t, of] = memory
                    if name + "Wy" in p:
                        o[t] = p["output/V"] @ memory + p["output/c"]
                        y = softmax(o[t]) + (push[t] if layer == 0 else 0)
        return o if f"layer{spec.layers}/Wy" in p else h @ p["output/V"].T + p["output/c"]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_gradients_of_hidden_layers_and_of_the_output_that_is_fed_back_equal_differences(
    arch, cell, layers, batch, drawn
):
    spec = spec_of(arch, cell, layers=layers)
    parameters = drawn(spec)
    for sentence in SENTENCES:
        trace = plain.forward(spec, parameters, batch.of(spec, sentence=sentence))
        do, pushed = scalars(len(trace.o)), Pushed(spec, parameters, trace.a[0])
        found = sweep(spec, parameters, trace, do)
        for layer in range(1, layers + 1):
            push = np.zeros_like(trace.h[layer - 1])
            np.testing.assert_allclose(pushed.scores(layer, push), trace.o, rtol=1e-12)
            numeric = differences(lambda n=layer, push=push, run=pushed: run.scores(n, push), push, do)
            assert_close(numeric, found.dh[layer - 1])
        if spec.architecture.keeps_output:
            push = np.zeros_like(trace.y)
            assert_close(differences(lambda push=push, run=pushed: run.scores(0, push), push, do), found.dy)
        else:
            assert found.dy is None


@pytest.mark.parametrize(("window", "neighbours"), [(0, "joined"), (1, "joined"), (1, "added")])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_one_scalar_gives_what_the_kernels_find(arch, cell, layers, window, neighbours, batch, drawn):
    spec = spec_of(arch, cell, layers=layers, window=window, neighbours=neighbours, features=ALL_INPUTS)
    parameters = drawn(spec)
    one = batch.of(spec, sentence=1)
    do = scalars(one.tokens)
    found = sweep(spec, parameters, plain.forward(spec, parameters, one), do)
    for m in range(len(do)):
        gradient = Parameters(parameters.rows, np.float64)
        expected = backward(spec, parameters, forward(spec, parameters, one), do[m].copy(), gradient)
        np.testing.assert_allclose(found.dx[m], expected.dx, rtol=1e-9, atol=1e-12)
        of_onehot = found.dlinear[m][:, plain.Linear.of(spec, parameters).a]
        np.testing.assert_allclose(of_onehot, expected.das[-1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("neighbours", ["joined", "added"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("arch", "cell"), NETWORKS)
def test_sentences_side_by_side_are_read_and_swept_as_each_alone(arch, cell, layers, neighbours, batch, drawn):
    spec = spec_of(arch, cell, layers=layers, window=1, neighbours=neighbours)
    parameters = drawn(spec)
    a = np.random.default_rng(3).standard_normal((5, 4, len(plain.bias(spec, parameters))))
    do = np.random.default_rng(4).standard_normal((4, 3, 5, TAGS))
    together = plain.run(spec, parameters, a)
    found = sweep(spec, parameters, together, do)
    for s in range(4):
        alone = plain.run(spec, parameters, a[:, s])
        np.testing.assert_allclose(together.o[:, s], alone.o, rtol=1e-12)
        expected = sweep(spec, parameters, alone, do[s])
        np.testing.assert_allclose(found.dx[s], expected.dx, rtol=1e-9, atol=1e-12)
        for each, other in zip(found.dh, expected.dh, strict=True):
            np.testing.assert_allclose(each[s], other, rtol=1e-9, atol=1e-12)


def test_a_sweep_keeps_the_precision_of_the_parameters(batch, drawn):
    spec = spec_of("bidirectional", "lstm")
    for dtype in (np.float32, np.float64):
        parameters = drawn(spec, dtype)
        trace = plain.forward(spec, parameters, batch.of(spec, sentence=1))
        found = sweep(spec, parameters, trace, scalars(len(trace.o)))
        assert {dtype} == {array.dtype.type for array in (found.dx, found.dlinear, *found.dh)}
