"""The forward pass over a packed batch, composed of kernels; it keeps what the backward pass needs."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.data.batch import Batch
from rnncli.kernels import activation, feedback, matmul
from rnncli.kernels.dropout import drop
from rnncli.network import inputs, recurrent
from rnncli.network.arena import Arena
from rnncli.network.recurrent import LayerStates
from rnncli.parameters import Array, Parameters


class Mask(NamedTuple):
    """Which units a pass drops; see :mod:`rnncli.kernels.dropout`."""

    key: np.uint32
    rate: float  # 0: none

    def drop(self, x: Array, arena: Arena, out: Array | None = None) -> Array:
        """Return x without the dropped units, in ``out``, which may be x; x itself if nothing is dropped."""
        if not self.rate or not x.size:
            return x
        out = arena.like(x) if out is None else out
        drop(arena.queue, self.key, self.rate, x, out)
        return out


NO_MASK = Mask(np.uint32(0), 0.0)


class Dropout(NamedTuple):
    """The dropout of one pass: its rate, and a key, uint32, for each mask: of the input and of each layer."""

    rate: float
    keys: Iterator[int]

    def mask(self) -> Mask:
        """Draw a mask."""
        return Mask(np.uint32(next(self.keys)), self.rate)


class Layer(NamedTuple):
    """What one hidden layer read and computed."""

    x: Array  # (N, D) input; (N, 0) where one-hot inputs were looked up alone
    states: LayerStates
    mask: Mask
    read: Array  # (N, R·H) = m ∘ h, input of the layer above; without dropout h itself

    @property
    def h(self) -> Array:
        """The hidden layer, (N, R·H)."""
        return self.states.h


class Window(NamedTuple):
    """What a layer that adds neighbours read and computed; without one all are (N, 0)."""

    x: Array  # (N, (2w + 1) D) the vectors of the window, end to end
    z: Array  # (N, D) tanh(P x + p)


class Activations(NamedTuple):
    """A forward pass, row by row of the packed batch: all that a backward pass needs."""

    offsets: Array  # (T + 1,) int64 of the packed batch
    input_mask: Mask
    window: Window
    layers: list[Layer]
    o: Array  # (N, K) scores of the tags; where the output is fed back, their softmax ŷ
    fed: Array  # (N, K) what was fed back: ŷ, or the unit vector of a forced tag; the scores if nothing was
    forced: Array  # (N,) int32 the tag that was fed back in place of ŷ, −1 for ŷ itself; (0,): ŷ everywhere
    arena: Arena  # memory of these arrays and of the gradients


NONE_FORCED = np.empty(0, np.int32)


def forward(
    spec: NetworkSpec,
    parameters: Parameters,
    batch: Batch,
    dropout: Dropout | None = None,
    transposed: Mapping[str, Array] | None = None,
    forced: Array = NONE_FORCED,
    arena: Arena | None = None,
    backwards: bool = True,
) -> Activations:
    """Run a network over a packed batch up to the scores of the tags.

    dropout     only in training
    transposed  :meth:`.Parameters.transposed_weights`, if the caller has them already
    forced      (N,) int32: where the output is fed back, the tag to feed in place of ŷ; −1: ŷ itself; (0,): none
    arena       memory for the result, which is valid until the arena is cleared
    backwards   whether a backward pass may follow; if not, the window is multiplied once for each distinct word
    """
    architecture = spec.architecture
    dtype = parameters.flat.dtype
    count = batch.tokens
    transposed = transposed or parameters.transposed_weights()
    arena = arena or Arena()
    x = np.empty((count, 0), dtype)
    input_mask = NO_MASK
    window = Window(x, x)
    if backwards:
        own = inputs.gather(parameters, batch, arena)
        if dropout and own.size:
            input_mask = dropout.mask()
        own = input_mask.drop(own, arena, own)
        x = inputs.look_around(spec, own, batch.offsets, arena)
        if spec.adds_neighbours:
            window = Window(x, arena.like(own))
            matmul.project(arena.queue, x, transposed["window/P"], parameters["window/p"], window.z)
            activation.forward(arena.queue, window.z, activation.TANH)
            x = np.add(own, window.z, out=own)
    elif spec.adds_neighbours:
        x = inputs.add_neighbours(spec, parameters, transposed, batch, arena)

    layers: list[Layer] = []
    o = arena.empty((count, len(parameters["output/c"])), dtype)
    for number in range(1, spec.layers + 1):
        name = f"layer{number}/"
        a = arena.empty((count, len(parameters[name + "b"])), dtype)
        if name + "U" in transposed and (backwards or number > 1 or spec.adds_neighbours):
            matmul.project(arena.queue, x, transposed[name + "U"], parameters[name + "b"], a)
        else:
            a[:] = parameters[name + "b"]
            if name + "U" in transposed:
                inputs.project(spec, parameters, transposed[name + "U"], batch, a, arena)
        if number == 1:
            inputs.add_onehot(spec, parameters, batch, a, arena)
        if architecture.keeps_output and number == spec.layers:
            fed = arena.like(o) if len(forced) else o
            # No dropout where the output is the only memory: dev F1 on ATIS is 68 with it, 88 without.
            mask = dropout.mask() if dropout and not architecture.keeps_only_output else NO_MASK
            layer = Layer(
                x, LayerStates(a, np.empty((count, 0), dtype), a), mask, arena.like(a) if mask.rate else a
            )
            layers.append(layer)
            run = Activations(batch.offsets, input_mask, window, layers, o, fed, forced, arena)
            _feedback(spec, parameters, transposed, run)
            return run
        weight = transposed.get(name + "W")
        bias = parameters.get(name + spec.recurrent_bias)
        states = recurrent.forward(spec, a, weight, bias, batch.offsets, arena)
        mask = dropout.mask() if dropout else NO_MASK
        read = mask.drop(states.h, arena)
        layers.append(Layer(x, states, mask, read))
        x = read
    matmul.project(arena.queue, x, transposed["output/V"], parameters["output/c"], o)
    return Activations(batch.offsets, input_mask, window, layers, o, o, forced, arena)


def hidden_weight(spec: NetworkSpec, arrays: Mapping[str, Array], name: str) -> Array:
    """W of a layer that reads the output, (R, H, H), with R = 0 where it does not read the hidden layer."""
    if spec.architecture.keeps_hidden:
        return arrays[name + "W"]
    return np.empty((0, spec.hidden, spec.hidden), arrays[name + "Wy"].dtype)


def _feedback(spec: NetworkSpec, parameters: Parameters, transposed: Mapping[str, Array], run: Activations) -> None:
    """Run a top layer that reads the output: compute h, in place of the input product, ŷ, and what is fed back."""
    name = f"layer{spec.layers}/"
    layer = run.layers[-1]
    feedback.forward(
        run.arena.queue,
        layer.h,
        *layer.mask,
        layer.read,
        run.o,
        run.fed,
        run.forced,
        hidden_weight(spec, transposed, name),
        transposed[name + "Wy"],
        transposed["output/V"],
        parameters["output/c"],
        run.offsets,
        activation.CODES[spec.activation],
    )
