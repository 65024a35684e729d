"""The backward pass: from the gradient of the scores to those of all parameters, by BPTT."""

from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, feedback, matmul
from rnncli.network import inputs, recurrent
from rnncli.network.forward import Layer, Trace, hidden_weight
from rnncli.network.parameters import Array, Parameters


class InputGradients(NamedTuple):
    """What reaches the input of the network."""

    dx: Array  # (N, D) gradient of what the parts of the input give for each token
    da: Array  # (N, R·G·H) of layer 1's input product, which is that of one-hot inputs


def backward(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    do: Array,
    offsets: Array,
    gradient: dict[str, Array],
    forced: Array | None = None,
) -> InputGradients:
    """Add the gradients of the dense parameters to ``gradient``; return those of the input.

    do      (N, K)  ∂L/∂o; overwritten where the output is fed back
    forced  as in the forward pass
    """
    architecture = spec.architecture
    v, top = parameters["output/V"], trace.layers[-1]
    if architecture.keeps_output:
        da = _feedback(spec, parameters, trace, do, offsets, gradient, forced)
    dread = np.empty_like(top.h) if not architecture.keeps_output else np.empty((0, 0), do.dtype)
    # With feedback da is known already, and what is left of the output layer are its weights.
    matmul.project_backward(do, top.read, v, gradient["output/V"], gradient["output/c"], dread)

    for number in range(spec.layers, 0, -1):
        name, layer = f"layer{number}/", trace.layers[number - 1]
        if not (architecture.keeps_output and number == spec.layers):
            da = recurrent.backward(
                spec,
                layer.hidden,
                _through_mask(dread, layer.mask),
                parameters.get(name + "W"),
                offsets,
                gradient.get(name + "W"),
                gradient.get(name + "bn"),
            )
        if name + "U" not in parameters:
            gradient[name + "b"][...] += da.sum(axis=0)
            return InputGradients(layer.x, da)
        dread = np.empty_like(layer.x)
        matmul.project_backward(
            da, layer.x, parameters[name + "U"], gradient[name + "U"], gradient[name + "b"], dread
        )
    dx = inputs.look_around_backward(spec, dread, offsets)
    return InputGradients(_through_mask(dx, trace.input_mask), da)


def _through_mask(dread: Array, mask: Array) -> Array:
    """Turn the gradient of mask ∘ h into that of h, in place."""
    return np.multiply(dread, mask, out=dread) if len(mask) else dread


def _feedback(
    spec: NetworkSpec,
    parameters: Parameters,
    trace: Trace,
    do: Array,
    offsets: Array,
    gradient: dict[str, Array],
    forced: Array | None,
) -> Array:
    """Run BPTT through the fed-back output; return the gradient of the top layer's input product."""
    name = f"layer{spec.layers}/"
    layer: Layer = trace.layers[-1]
    weight = hidden_weight(spec, parameters, name)
    dh, g = np.empty_like(layer.h), np.empty_like(do)
    feedback.backward(
        do,
        dh,
        g,
        layer.h,
        layer.mask,
        trace.o,
        np.empty(0, np.int32) if forced is None else forced,
        weight,
        parameters[name + "Wy"],
        parameters["output/V"],
        offsets,
        activation.CODES[spec.activation],
    )
    feedback.weights_backward(
        dh,
        layer.h,
        trace.fed,
        offsets,
        hidden_weight(spec, gradient, name),
        gradient[name + "Wy"],
        np.empty_like(layer.h),
        g,
    )
    return dh
