"""The Jacobian of one step of a memory, ∂m(t)/∂m(t−1), in plain NumPy: the factor of each step of BPTT.

m is h, or the pair (h, s) of a cell that also keeps a state s. If the output is kept, ŷ(t−1) depends on
h(t−1), so for jordan and hybrid ∂h(t)/∂h(t−1) contains Wy and V too.
Equations: docs/math.md, "Gradients by distance".
"""

from collections.abc import Mapping

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.plain import Array, cells
from rnncli.plain.activation import SLOPES
from rnncli.plain.forward import Trace
from rnncli.plain.steps import directions


def step(
    spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, layer: int, direction: int, t: int
) -> Array:
    """Return ∂m(t)/∂m(t−1), (M, M); h comes before s.

    layer      from 1
    direction  0 forward, 1 backward
    t          the step in the order in which the direction reads, from 1: step 0 has no step before
    """
    name = f"layer{layer}/"
    count = spec.architecture.directions
    a, h, s = (directions(arrays[layer - 1], count)[direction] for arrays in (trace.a, trace.h, trace.s))
    slope = SLOPES[spec.activation](h)
    if spec.architecture.keeps_output and layer == spec.layers:
        y = trace.y[t - 1]
        of_softmax = np.diag(y) - np.outer(y, y)
        through = parameters[name + "Wy"] @ of_softmax @ parameters["output/V"]
        if spec.architecture.keeps_hidden:
            through = parameters[name + "W"][direction] + through
        return np.asarray(slope[t][:, None] * through)
    w = parameters[name + "W"][direction]
    bias = cells.biases(parameters.get(name + spec.recurrent_bias), count, h[0])[direction]
    return cells.cell(spec.cell).jacobian(a, h, s, w, bias, slope, t)
