"""The backward pass in plain NumPy: the gradients of many scalars of one sentence in one sweep, by BPTT.

Where :mod:`rnncli.network.backward` sums one loss over a batch, this keeps M scalars of one sentence apart, and
each step of the sweep is a product of an (M, ·) block. A scalar is known by its gradient with respect to the
scores: for the score of tag k at token t, a 1 at [t, k]. Nothing is dropped and no tag is forced.
Equations: docs/math.md.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from rnncli.config import NetworkSpec
from rnncli.network import cells
from rnncli.network.parameters import Array
from rnncli.network.reference import Trace, seen

# φ'(a) from h = φ(a)
SLOPES: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).astype(h.dtype),
    "sigmoid": lambda h: h * (1 - h),
    "identity": np.ones_like,
}


class Sweep(NamedTuple):
    """Gradients of M scalars s. With S sentences side by side all have an axis more, before M."""

    dx: Array  # (M, T, D) ∂s/∂ what the parts of the input (not one-hot) give for token t, before the window
    da: Array  # (M, T, R·G·H) ∂s/∂ the input product of layer 1, which is what one-hot inputs are added to
    dh: list[Array]  # for each layer, lowest first, (M, T, R·H): the whole ∂s/∂h(t), through every path
    dy: Array | None  # (M, T, K) the whole ∂s/∂ŷ(t) that is fed back; None where no output is


class Products(NamedTuple):
    """What :func:`products` finds, time first; (T, …, M, ·) each."""

    da: Array
    dh: list[Array]
    dy: Array | None


def sweep(spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, do: Array) -> Sweep:
    """Find the gradients of M scalars.

    trace  of :func:`rnncli.network.reference.forward`
    do     (M, T, K) ∂s/∂o, o being the scores before the softmax; S sentences side by side: (S, M, T, K)
    """
    found = products(spec, parameters, trace, np.moveaxis(do, -2, 0))
    dx = _inputs(spec, parameters, found.da)
    dh = [np.moveaxis(each, 0, -2) for each in found.dh]
    dy = None if found.dy is None else np.moveaxis(found.dy, 0, -2)
    return Sweep(np.moveaxis(dx, 0, -2), np.moveaxis(found.da, 0, -2), dh, dy)


def products(spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, do: Array) -> Products:
    """The sweep down to the input product of layer 1.

    do  (T, M, K); S sentences side by side: (T, S, M, K)
    """
    v = parameters["output/V"]
    do = do.astype(v.dtype, copy=False)
    hidden: list[Array] = []
    da, dy = do, None
    for number in range(spec.layers, 0, -1):
        name = f"layer{number}/"
        # With an axis for M, each array of the trace meets the blocks of the sweep.
        a, h, c = (np.expand_dims(each[number - 1], -2) for each in (trace.a, trace.h, trace.c))
        w, slope = parameters.get(name + "W"), SLOPES[spec.activation](h)
        if spec.architecture.keeps_output and number == spec.layers:
            da, dh, dy = _feedback(slope, np.expand_dims(trace.y, -2), w, parameters[name + "Wy"], v, do)
        else:
            dh = _times(do, v) if number == spec.layers else _times(da, parameters[f"layer{number + 1}/U"])
            if w is None:
                da = dh * slope
            elif spec.cell == "lstm":
                da = _lstm(a, h, c, w, dh)
            elif spec.cell == "gru":
                da = _gru(a, h, w, parameters[name + "bn"], dh)
            else:
                da = _simple(slope, w, dh)
        hidden.append(dh)
    return Products(da, hidden[::-1], dy)


def _times(x: Array, w: Array) -> Array:
    """X w along the last axis as one product."""
    return np.asarray((x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[1]))


def _inputs(spec: NetworkSpec, parameters: Mapping[str, Array], da: Array) -> Array:
    """∂s/∂x̄(t), summed over the places of the window at which token t is seen; (T, …, M, D)."""
    u = parameters.get("layer1/U")
    places = 2 * spec.window + 1
    width = 0 if u is None else u.shape[1] // places
    dx = np.zeros((*da.shape[:-1], width), da.dtype)
    for place in range(places if u is not None else 0):
        to, of = seen(len(da), place - spec.window)
        dx[of] += _times(da[to], np.asarray(u)[:, place * width : (place + 1) * width])
    return dx


def _before(x: Array) -> Array:
    """What was there a step before: x(t−1), 0 at first."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def _steps(d: Array) -> Iterator[tuple[int, slice]]:
    """The steps from the last to the first, each with the rows of M that a gradient can have reached by then.

    Where s is the score of one token, that is half of them, if targets are in the order of the text.
    """
    reached = (d != 0).any(axis=-1)
    while reached.ndim > 2:
        reached = reached.any(axis=1)
    first, end = d.shape[-2], 0
    for t in range(len(d) - 1, -1, -1):
        rows = np.flatnonzero(reached[t])
        if len(rows):
            first, end = min(first, int(rows[0])), max(end, int(rows[-1]) + 1)
        yield t, slice(min(first, end), end)


def _simple(slope: Array, w: Array, dh: Array) -> Array:
    """δ(t) = ∂s/∂h(t) ∘ φ'(a(t)); ∂s/∂h(t) gains Wᵀ δ(t+1), in place."""
    da = np.zeros_like(dh)
    for weight, f, d, out in zip(w, *(cells.directions(x, len(w)) for x in (slope, dh, da)), strict=True):
        for t, rows in _steps(d):
            now = d[t][..., rows, :]
            if t + 1 < len(d):
                now += _times(out[t + 1][..., rows, :], weight)
            np.multiply(now, f[t], out=out[t][..., rows, :])
    return da


def _lstm(a: Array, h: Array, c: Array, w: Array, dh: Array) -> Array:
    """BPTT through LSTM cells, whose gates are computed again from a and h; dh gains what comes back, in place."""
    da = np.zeros((*dh.shape[:-1], a.shape[-1]), dh.dtype)
    for weight, inputs, h_r, s, d, out in zip(
        w, *(cells.directions(x, len(w)) for x in (a, h, c, dh, da)), strict=True
    ):
        i, f, g, o = np.split(inputs + _times(_before(h_r), weight.T), 4, axis=-1)
        i, f, g, o, tanh = cells.sigmoid(i), cells.sigmoid(f), np.tanh(g), cells.sigmoid(o), np.tanh(s)
        through = o * (1 - tanh * tanh)  # from h to the cell state
        own = np.stack([g * i * (1 - i), _before(s) * f * (1 - f), i * (1 - g * g)], axis=-2)
        shown = tanh * o * (1 - o)
        gates = out.reshape(*d.shape[:-1], 4, d.shape[-1])  # the columns of one direction stay views
        ds = np.zeros_like(d[0]) if len(d) else d
        for t, rows in _steps(d):
            now, state, to = d[t][..., rows, :], ds[..., rows, :], gates[t][..., rows, :, :]
            if t + 1 < len(d):
                now += _times(out[t + 1][..., rows, :], weight)
                state *= f[t + 1]
            state += now * through[t]
            np.multiply(state[..., None, :], own[t], out=to[..., :3, :])
            np.multiply(now, shown[t], out=to[..., 3, :])
    return da


def _gru(a: Array, h: Array, w: Array, bias: Array, dh: Array) -> Array:
    """BPTT through GRU cells, whose gates are computed again from a and h; dh gains what comes back, in place."""
    da = np.zeros((*dh.shape[:-1], a.shape[-1]), dh.dtype)
    for weight, inputs, h_r, extra, d, out in zip(
        w, *(cells.directions(x, len(w)) for x in (a, h, bias[None], dh, da)), strict=True
    ):
        memory = _before(h_r)
        of_r, of_z, u = np.split(_times(memory, weight.T), 3, axis=-1)
        a_r, a_z, a_n = np.split(inputs, 3, axis=-1)
        u = u + extra[0]
        r, z = cells.sigmoid(a_r + of_r), cells.sigmoid(a_z + of_z)
        n = np.tanh(a_n + r * u)
        to_n, to_r, to_z = (1 - z) * (1 - n * n), u * r * (1 - r), (memory - n) * z * (1 - z)
        units = d.shape[-1]
        for t, rows in _steps(d):
            now, to = d[t][..., rows, :], out[t][..., rows, :]
            if t + 1 < len(d):
                back = out[t + 1][..., rows, :].copy()
                back[..., 2 * units :] *= r[t + 1]
                now += d[t + 1][..., rows, :] * z[t + 1] + _times(back, weight)
            np.multiply(now, to_n[t], out=to[..., 2 * units :])
            np.multiply(to[..., 2 * units :], to_r[t], out=to[..., :units])
            np.multiply(now, to_z[t], out=to[..., units : 2 * units])
    return da


def _feedback(
    slope: Array, y: Array, w: Array | None, wy: Array, v: Array, do: Array
) -> tuple[Array, Array, Array]:
    """BPTT through the output that is fed back, and through h where that is kept too; ∂s/∂a, ∂s/∂h, ∂s/∂ŷ."""
    da = np.empty((*do.shape[:-1], len(wy)), do.dtype)
    dh, dy = np.empty_like(da), np.zeros_like(do)
    for t in range(len(do) - 1, -1, -1):
        if t + 1 < len(do):
            dy[t] = _times(da[t + 1], wy)
        error = do[t] + y[t] * (dy[t] - (dy[t] * y[t]).sum(axis=-1, keepdims=True))
        dh[t] = _times(error, v)
        if w is not None and t + 1 < len(do):
            dh[t] += _times(da[t + 1], w[0])
        np.multiply(dh[t], slope[t], out=da[t])
    return da, dh, dy
