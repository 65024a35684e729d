"""The backward pass: from the gradient of the scores to the factors of all parameters' gradients, by BPTT."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, feedback, matmul, simple
from rnncli.network import inputs, recurrent, regulariser
from rnncli.network.forward import Layer, Trace, hidden_weight
from rnncli.network.gradients import Factors
from rnncli.network.parameters import Array, Parameters
from rnncli.network.recurrent import Products


class Found(NamedTuple):
    """What a backward pass finds; see :class:`rnncli.network.gradients.Slopes`."""

    dx: Array
    da: Array
    factors: dict[tuple[str, int], Factors]


def backward(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    do: Array,
    offsets: Array,
    forced: Array | None = None,
    omega: float = 0.0,
) -> Found:
    """Find the gradient of the input and the factors of those of the weights.

    do      (N, K)  ∂L/∂o; overwritten where the output is fed back
    forced  as in the forward pass
    omega   weight of Pascanu's regulariser, whose gradient is added to that of W; see :mod:`.regulariser`
    """
    architecture = spec.architecture
    v, top = parameters["output/V"], trace.layers[-1]
    factors = {("output/V", 0): Factors(do, 0, top.read, 0), ("output/c", 0): _bias(do)}
    if architecture.keeps_output:
        da = _feedback(spec, parameters, trace, do, offsets, forced)
        factors |= _fed_back(spec, trace, da, offsets)
        if omega:
            _regularise(spec, parameters, trace, da, factors, offsets, spec.layers, omega)
    else:
        dread = trace.room.like(top.h)
        matmul.project_backward(do, v, dread)

    for number in range(spec.layers, 0, -1):
        name, layer = f"layer{number}/", trace.layers[number - 1]
        if not (architecture.keeps_output and number == spec.layers):
            dh = _through_mask(dread, layer.mask)
            found = recurrent.backward(spec, layer.hidden, dh, parameters.get(name + "W"), offsets, trace.room)
            da = found.da
            factors |= _recurrent(spec, name, layer, found)
            if omega:
                _regularise(spec, parameters, trace, da, factors, offsets, number, omega)
        factors[name + "b", 0] = _bias(da)
        if name + "U" not in parameters:
            return Found(layer.x, da, factors)
        factors[name + "U", 0] = Factors(da, 0, layer.x, 0)
        dread = trace.room.like(layer.x)
        matmul.project_backward(da, parameters[name + "U"], dread)
    dx = inputs.look_around_backward(spec, dread, offsets, trace.room)
    return Found(_through_mask(dx, trace.input_mask), da, factors)


def _bias(dout: Array) -> Factors:
    return Factors(dout, 0, np.empty((0, 0), dout.dtype), 0)


def _recurrent(spec: NetworkSpec, name: str, layer: Layer, found: Products) -> dict[tuple[str, int], Factors]:
    """The factors of the gradients of a layer's recurrent parameters, a block for each direction."""
    if not spec.architecture.keeps_hidden:
        return {}
    factors = {
        (name + "W", r): Factors(found.dwh, r * spec.gates * spec.hidden, found.before, r * spec.hidden)
        for r in range(spec.architecture.directions)
    }
    return factors | ({(name + "bn", 0): _bias(layer.hidden.state)} if spec.cell == "gru" else {})


def _regularise(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    da: Array,
    factors: dict[tuple[str, int], Factors],
    offsets: Array,
    number: int,
    omega: float,
) -> None:
    """Add the gradient of Pascanu's regulariser to that of a layer's W, whose directions share ``before``."""
    name, code = f"layer{number}/W", activation.CODES[spec.activation]
    regulariser.add(omega, parameters[name], da, factors[name, 0].x, offsets, code, trace.room)


def _through_mask(dread: Array, mask: Array) -> Array:
    """Turn the gradient of mask ∘ h into that of h, in place."""
    return np.multiply(dread, mask, out=dread) if len(mask) else dread


def _feedback(
    spec: NetworkSpec, parameters: Parameters, trace: Trace, do: Array, offsets: Array, forced: Array | None
) -> Array:
    """Run BPTT through the fed-back output; return the gradient of the top layer's input product."""
    name, layer = f"layer{spec.layers}/", trace.layers[-1]
    dh, g = trace.room.like(layer.h), trace.room.like(do)
    feedback.backward(
        do,
        dh,
        g,
        layer.h,
        layer.mask,
        trace.o,
        np.empty(0, np.int32) if forced is None else forced,
        hidden_weight(spec, parameters, name),
        parameters[name + "Wy"],
        parameters["output/V"],
        offsets,
        activation.CODES[spec.activation],
    )
    return dh


def _fed_back(spec: NetworkSpec, trace: Trace, da: Array, offsets: Array) -> dict[tuple[str, int], Factors]:
    """The factors of the gradients of what a layer with feedback remembers by: ŷ(t−1), and h(t−1)."""

    def before() -> Iterator[tuple[str, Array]]:
        yield "Wy", trace.fed
        if spec.architecture.keeps_hidden:
            yield "W", trace.layers[-1].h

    factors = {}
    for name, memory in before():
        shifted = trace.room.like(memory)
        simple.shift(memory, 1, offsets, shifted)
        factors[f"layer{spec.layers}/{name}", 0] = Factors(da, 0, shifted, 0)
    return factors
