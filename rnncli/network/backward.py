"""The backward pass: from the gradient of the scores to those of all parameters, by BPTT."""

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.kernels import activation, feedback, matmul, simple
from rnncli.network.forward import Layer, Trace, hidden_weight
from rnncli.network.parameters import Array, Parameters


def backward(
    spec: NetworkSpec, parameters: Parameters, trace: Trace, do: Array, gradient: dict[str, Array]
) -> Array:
    """Add the gradients of the dense parameters to ``gradient``; return the gradient of the looked-up rows.

    do       (N, K)  ∂L/∂o; overwritten where the output is fed back
    returns  (N, E)  ∂L/∂(row of the table) of every token, to be scattered by ``trace.words``
    """
    architecture, code = spec.architecture, activation.CODES[spec.activation]
    v, top = parameters["output/V"], trace.layers[-1]
    if architecture.keeps_output:
        dh = _feedback(spec, parameters, trace, do, gradient)
    dread = np.empty_like(top.h) if not architecture.keeps_output else np.empty((0, 0), do.dtype)
    # With feedback dh is known already, and what is left of the output layer are its weights.
    matmul.project_backward(do, top.read, v, gradient["output/V"], gradient["output/c"], dread)

    for number in range(spec.layers, 0, -1):
        name, layer = f"layer{number}/", trace.layers[number - 1]
        if not (architecture.keeps_output and number == spec.layers):
            dh = _through_mask(dread, layer.mask)
            if architecture.keeps_hidden:
                previous = np.empty((len(dh), spec.hidden), dh.dtype)
                simple.backward(
                    dh, layer.h, parameters[name + "W"], trace.offsets, code, gradient[name + "W"], previous
                )
            else:
                activation.backward(dh, layer.h, code)
        if number == 1 and spec.input == "onehot":
            gradient[name + "b"][...] += dh.sum(axis=0)
            return dh
        dread = np.empty_like(layer.x)
        matmul.project_backward(
            dh, layer.x, parameters[name + "U"], gradient[name + "U"], gradient[name + "b"], dread
        )
    return _through_mask(dread, trace.input_mask)


def _through_mask(dread: Array, mask: Array) -> Array:
    """Turn the gradient of mask ∘ h into that of h, in place."""
    return np.multiply(dread, mask, out=dread) if len(mask) else dread


def _feedback(
    spec: NetworkSpec, parameters: Parameters, trace: Trace, do: Array, gradient: dict[str, Array]
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
        trace.y,
        weight,
        parameters[name + "Wy"],
        parameters["output/V"],
        trace.offsets,
        activation.CODES[spec.activation],
    )
    feedback.weights_backward(
        dh,
        layer.h,
        trace.y,
        trace.offsets,
        hidden_weight(spec, gradient, name),
        gradient[name + "Wy"],
        np.empty_like(layer.h),
        g,
    )
    return dh
