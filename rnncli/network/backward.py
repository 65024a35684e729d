"""The backward pass: from the gradient of the scores to those of all parameters and of the input, by BPTT."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, feedback, matmul, simple
from rnncli.network import inputs, recurrent, regulariser
from rnncli.network.arena import Arena
from rnncli.network.forward import Layer, Trace, hidden_weight
from rnncli.network.parameters import Array, Parameters
from rnncli.network.recurrent import Products


class Found(NamedTuple):
    """What reaches the input layer, whose tables are another matter: see :mod:`rnncli.network.optimiser`."""

    dx: Array  # (N, D) gradient of what the parts of the input give for each token
    das: list[Array]  # (N, R·G·H) of each layer's input product, from the last; of layer 1 that of one-hot inputs


def backward(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    do: Array,
    offsets: Array,
    gradient: Mapping[str, Array],
    forced: Array | None = None,
    omega: float = 0.0,
) -> Found:
    """Add the gradients of all weights and biases to ``gradient``; find that of the input.

    do        (N, K)  ∂L/∂o; overwritten where the output is fed back
    gradient  by the names of the parameters; those of the moves of a CRF are left alone
    forced    as in the forward pass
    omega     weight of Pascanu's regulariser, whose gradient is added to that of W; see :mod:`.regulariser`
    """
    architecture, arena = spec.architecture, trace.arena
    v, top = parameters["output/V"], trace.layers[-1]
    if architecture.keeps_output:
        da = _feedback(spec, parameters, trace, do, offsets, forced)
        _fed_back(spec, parameters, trace, da, offsets, gradient, omega)
    else:
        dread = arena.like(top.h)
        matmul.project_backward(arena.queue, do, v[None], dread)
    matmul.add_product(arena.queue, do, top.read, 1, gradient["output/V"])
    matmul.add_sum(arena.queue, do, gradient["output/c"])

    das = []
    for number in range(spec.layers, 0, -1):
        name, layer = f"layer{number}/", trace.layers[number - 1]
        if not (architecture.keeps_output and number == spec.layers):
            dh = layer.mask.drop(dread, arena, dread)
            found = recurrent.backward(spec, layer.hidden, dh, parameters.get(name + "W"), offsets, arena)
            da = found.da
            _recurrent(spec, parameters, name, layer, found, offsets, gradient, omega, arena)
        das.append(da)
        matmul.add_sum(arena.queue, da, gradient[name + "b"])
        if name + "U" not in parameters:
            return Found(layer.x, das)
        matmul.add_product(arena.queue, da, layer.x, 1, gradient[name + "U"])
        dread = arena.like(layer.x)
        matmul.project_backward(arena.queue, da, parameters[name + "U"][None], dread)
    dx = inputs.look_around_backward(spec, dread, offsets, arena)
    return Found(trace.input_mask.drop(dx, arena, dx), das)


def _recurrent(
    spec: NetworkSpec,
    parameters: Parameters,
    name: str,
    layer: Layer,
    found: Products,
    offsets: Array,
    gradient: Mapping[str, Array],
    omega: float,
    arena: Arena,
) -> None:
    """Add the gradients of a layer's recurrent parameters."""
    if not spec.architecture.keeps_hidden:
        return
    if omega:
        code = activation.CODES[spec.activation]
        regulariser.add(omega, parameters[name + "W"], found.da, found.before, offsets, code, arena)
    of_w = gradient[name + "W"]
    matmul.add_product(arena.queue, found.dwh, found.before, len(of_w), of_w.reshape(-1, spec.hidden))
    if spec.cell == "gru":
        matmul.add_sum(arena.queue, layer.hidden.state, gradient[name + "bn"])


def _feedback(
    spec: NetworkSpec, parameters: Parameters, trace: Trace, do: Array, offsets: Array, forced: Array | None
) -> Array:
    """Run BPTT through the fed-back output; return the gradient of the top layer's input product."""
    name, layer = f"layer{spec.layers}/", trace.layers[-1]
    dh, g = trace.arena.like(layer.h), trace.arena.like(do)
    feedback.backward(
        trace.arena.queue,
        do,
        dh,
        g,
        layer.h,
        *layer.mask,
        trace.o,
        np.empty(0, np.int32) if forced is None else forced,
        hidden_weight(spec, parameters, name),
        parameters[name + "Wy"],
        parameters["output/V"],
        offsets,
        activation.CODES[spec.activation],
    )
    return dh


def _fed_back(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    da: Array,
    offsets: Array,
    gradient: Mapping[str, Array],
    omega: float,
) -> None:
    """Add the gradients of what a layer with feedback remembers by: ŷ(t−1), and h(t−1)."""
    arena, layer = trace.arena, f"layer{spec.layers}/"

    def before() -> Iterator[tuple[Array, Array]]:
        yield trace.fed, gradient[layer + "Wy"]
        if spec.architecture.keeps_hidden:
            yield trace.layers[-1].h, gradient[layer + "W"][0]

    for memory, of_weight in before():
        shifted = arena.like(memory)
        simple.shift(arena.queue, memory, 1, offsets, shifted)
        if omega and memory is not trace.fed:
            code = activation.CODES[spec.activation]
            regulariser.add(omega, parameters[layer + "W"], da, shifted, offsets, code, arena)
        matmul.add_product(arena.queue, da, shifted, 1, of_weight)
