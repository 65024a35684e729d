"""The backward pass: from the gradient of the scores to those of all parameters and of the input, by BPTT."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, feedback, matmul, packed
from rnncli.network import inputs, recurrent, regulariser
from rnncli.network.forward import Activations, hidden_weight
from rnncli.network.recurrent import LayerGradients
from rnncli.parameters import Array, Parameters


class InputGradients(NamedTuple):
    """Gradients with respect to the input layer; :class:`.Optimiser` computes those of the tables from them."""

    dx: Array  # (N, D) gradient of the looked-up rows of all parts but one-hot, side by side
    das: list[Array]  # (N, R·G·H) of each layer's input product, top layer first; one-hot inputs use the last


def backward(
    spec: NetworkSpec,
    parameters: Parameters,
    run: Activations,
    do: Array,
    gradient: Mapping[str, Array],
    omega: float = 0.0,
) -> InputGradients:
    """Add the gradients of all weights and biases to ``gradient``; return those of the input.

    do        (N, K)  ∂L/∂o; overwritten where the output is fed back
    gradient  by the names of the parameters; those of the moves of a CRF do not change
    omega     weight of Pascanu's regulariser, whose gradient is added to that of W; see :mod:`.regulariser`
    """
    architecture = spec.architecture
    arena = run.arena
    v = parameters["output/V"]
    top = run.layers[-1]
    if architecture.keeps_output:
        da = _feedback(spec, parameters, run, do)
        _add_feedback_gradients(spec, parameters, run, da, gradient, omega)
    else:
        dinput = arena.like(top.h)
        matmul.project_backward(arena.queue, do, v[None], dinput)
    matmul.add_product(arena.queue, do, top.read, 1, gradient["output/V"])
    matmul.add_sum(arena.queue, do, gradient["output/c"])

    das = []
    for number in range(spec.layers, 0, -1):
        name = f"layer{number}/"
        layer = run.layers[number - 1]
        if not (architecture.keeps_output and number == spec.layers):
            dh = layer.mask.drop(dinput, arena, dinput)
            products = recurrent.backward(spec, layer.states, dh, parameters.get(name + "W"), run.offsets, arena)
            da = products.da
            _add_recurrent_gradients(spec, parameters, run, number, products, gradient, omega)
        das.append(da)
        matmul.add_sum(arena.queue, da, gradient[name + "b"])
        if name + "U" not in parameters:
            return InputGradients(layer.x, das)
        matmul.add_product(arena.queue, da, layer.x, 1, gradient[name + "U"])
        dinput = arena.like(layer.x)
        matmul.project_backward(arena.queue, da, parameters[name + "U"][None], dinput)
    if spec.adds_neighbours:
        dx = _add_neighbours_backward(spec, parameters, run, dinput, gradient)
    else:
        dx = inputs.look_around_backward(spec, dinput, run.offsets, arena)
    return InputGradients(run.input_mask.drop(dx, arena, dx), das)


def _add_neighbours_backward(
    spec: NetworkSpec, parameters: Parameters, run: Activations, dinput: Array, gradient: Mapping[str, Array]
) -> Array:
    """Add the gradients of P and p; return that of the vectors of the tokens, (N, D), from that of their sums."""
    arena = run.arena
    dz = arena.like(dinput)
    dz[...] = dinput
    activation.backward(arena.queue, dz, run.window.z, activation.TANH)
    matmul.add_sum(arena.queue, dz, gradient["window/p"])
    matmul.add_product(arena.queue, dz, run.window.x, 1, gradient["window/P"])
    dwide = arena.like(run.window.x)
    matmul.project_backward(arena.queue, dz, parameters["window/P"][None], dwide)
    dx = inputs.look_around_backward(spec, dwide, run.offsets, arena)
    return np.add(dx, dinput, out=dx)


def _add_recurrent_gradients(
    spec: NetworkSpec,
    parameters: Parameters,
    run: Activations,
    number: int,
    products: LayerGradients,
    gradient: Mapping[str, Array],
    omega: float,
) -> None:
    """Add the gradients of the recurrent parameters of layer ``number``."""
    if not spec.architecture.keeps_hidden:
        return
    name = f"layer{number}/"
    if omega:
        regulariser.add(spec, omega, parameters[name + "W"], products.da, products.h_before, run)
    of_w = gradient[name + "W"]
    matmul.add_product(run.arena.queue, products.dwh, products.h_before, len(of_w), of_w.reshape(-1, spec.hidden))
    if spec.recurrent_bias:  # the kernel has put ∂L/∂(W h(t−1) + bias) of the last gate in place of the state
        states = run.layers[number - 1].states
        matmul.add_sum(run.arena.queue, states.state, gradient[name + spec.recurrent_bias])


def _feedback(spec: NetworkSpec, parameters: Parameters, run: Activations, do: Array) -> Array:
    """Run BPTT through the fed-back output; return the gradient of the top layer's input product."""
    name = f"layer{spec.layers}/"
    layer = run.layers[-1]
    dh = run.arena.like(layer.h)
    g = run.arena.like(do)
    feedback.backward(
        run.arena.queue,
        do,
        dh,
        g,
        layer.h,
        *layer.mask,
        run.o,
        run.forced,
        hidden_weight(spec, parameters, name),
        parameters[name + "Wy"],
        parameters["output/V"],
        run.offsets,
        activation.CODES[spec.activation],
    )
    return dh


def _add_feedback_gradients(
    spec: NetworkSpec,
    parameters: Parameters,
    run: Activations,
    da: Array,
    gradient: Mapping[str, Array],
    omega: float,
) -> None:
    """Add the gradients of the weights of both memories: Wy of ŷ(t−1), and W of h(t−1), where h is kept."""
    arena = run.arena
    name = f"layer{spec.layers}/"

    fed_before = arena.like(run.fed)
    packed.shift(arena.queue, run.fed, 1, run.offsets, fed_before)
    matmul.add_product(arena.queue, da, fed_before, 1, gradient[name + "Wy"])
    if not spec.architecture.keeps_hidden:
        return
    h = run.layers[-1].h
    h_before = arena.like(h)
    packed.shift(arena.queue, h, 1, run.offsets, h_before)
    if omega:
        regulariser.add(spec, omega, parameters[name + "W"], da, h_before, run)
    matmul.add_product(arena.queue, da, h_before, 1, gradient[name + "W"][0])
