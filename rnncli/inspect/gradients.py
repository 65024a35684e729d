"""How far gradients reach back: ‖∂L(t)/∂h(t−k)‖ by distance k, and what the recurrent weights say about it.

L(t) = −log ŷ(t)[tag] is the loss of one token: of its gold tag where that is known, else of the tag it is given.
ŷ is the softmax of the token's own scores, also under a CRF, whose chain links tags past all memory. Where a layer
reads backward, "back" is to the right: k is counted in the order of reading. Equations: docs/math.md, "Gradients by
distance".
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncli import labelling
from rnncli.config import CELLS, NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.data.tsv import Sentence
from rnncli.errors import UsageError
from rnncli.inspect.progress import Progress, silent
from rnncli.model import Model
from rnncli.parameters import Array
from rnncli.plain import jacobian
from rnncli.plain.backward import sweep
from rnncli.plain.forward import Trace

ALL, HIDDEN, OUTPUT = "all", "hidden", "output"
# What is left of a gradient after ten steps: below, it vanishes; above, it explodes.
VANISHING, EXPLODING = 0.1, 10.0
# Numbers that the arrays of one sweep may have.
MOST_NUMBERS = 1 << 23
# Steps whose Jacobian is looked at; for each, the largest singular value of a matrix is found.
MOST_STEPS = 24


class Curve(NamedTuple):
    """‖∂L(t)/∂h(t−k)‖ of a layer and direction for k = 0, 1, …, over all tokens t that have one so far back."""

    name: str  # layer 1; layer 1 forward, layer 1 backward
    path: str  # ALL; where the output is kept also through it alone (OUTPUT) and through h alone (HIDDEN)
    mean: list[float]
    low: list[float]  # a tenth of the tokens lies below
    high: list[float]  # a tenth lies above
    left: list[float]  # mean share of the norm at k = 0
    tokens: list[int]  # how many

    @property
    def factor(self) -> float | None:
        """What one more step leaves: ρ of log left(k) = k log ρ, by least squares; ``None`` without steps."""
        k, left, count = (np.array(each, np.float64) for each in (range(len(self.left)), self.left, self.tokens))
        used = (k > 0) & (left > 0)
        if not used.any():
            return None
        k, left, count = k[used], left[used], count[used]
        return float(np.exp((count * k * np.log(left)).sum() / (count * k * k).sum()))


class Weight(NamedTuple):
    """One recurrent matrix: a gate's, or Wy V, by which h(t−1) acts through the output."""

    name: str
    part: str
    radius: float  # spectral: the largest absolute eigenvalue
    largest: float  # singular value


class Step(NamedTuple):
    """‖∂m(t)/∂m(t−1)‖₂, the largest singular value of one step, over tokens; m is h, or (h, c) of LSTM."""

    name: str
    mean: float
    low: float
    high: float
    tokens: int


class Verdict(NamedTuple):
    """Whether the gradient of a layer's memory vanishes, with the number that this rests on."""

    name: str
    word: str  # vanishing, healthy, exploding; unknown where no token has one before it
    factor: float | None  # of a step: Curve.factor
    after_ten: float | None  # factor¹⁰, which the thresholds are about


class Gradients(NamedTuple):
    """Everything that ``inspect-gradients`` shows of a model."""

    sentences: int
    tokens: int
    gold: int  # tokens whose L(t) is that of the gold tag
    curves: list[Curve]
    weights: list[Weight]
    steps: list[Step]
    verdicts: list[Verdict]

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        lists = ("curves", "weights", "steps", "verdicts")
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in lists}
        return self._asdict() | rows | {"thresholds": {"vanishing": VANISHING, "exploding": EXPLODING}}


def gradients(model: Model, sentences: Sequence[Sentence], progress: Progress = silent) -> Gradients:
    """Look at a model through some sentences; a tag that the model does not know, "" say, counts as not given."""
    _check(model.network_spec)
    encoded = _encoded(model, sentences)
    found = _curves(model, encoded, progress)
    return Gradients(
        len(sentences),
        len(encoded.words),
        int((encoded.tags >= 0).sum()),
        found,
        list(_weights(model.network_spec, model.parameters)),
        _steps(model, encoded),
        [_verdict(curve) for curve in found if curve.path == ALL],
    )


def curves(model: Model, sentences: Sequence[Sentence]) -> list[Curve]:
    """The curves of :func:`gradients` alone; none for a network that keeps nothing."""
    architecture = model.network_spec.architecture
    is_kept = architecture.keeps_hidden or architecture.keeps_output
    return _curves(model, _encoded(model, sentences), silent) if is_kept else []


def _check(spec: NetworkSpec) -> None:
    if not (spec.architecture.keeps_hidden or spec.architecture.keeps_output):
        raise UsageError(
            f"--arch {spec.arch} keeps nothing in memory, so no gradient goes back", hint="give another --model"
        )


def _encoded(model: Model, sentences: Sequence[Sentence]) -> Encoded:
    return model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))


def _curves(model: Model, encoded: Encoded, progress: Progress) -> list[Curve]:
    tags = encoded.tags
    if (tags < 0).any():
        tags = np.where(tags < 0, labelling.predict(model, encoded, with_probabilities=False).tags, tags)
    spec = model.network_spec
    norms_by_distance: dict[tuple[str, str], list[list[Array]]] = {}
    for number, (start, end) in enumerate(itertools.pairwise(encoded.starts)):
        if start == end:
            continue
        trace = labelling.trace(model, encoded, number)
        most = max(1, MOST_NUMBERS // ((end - start) * trace.h[0].shape[1]))
        for first in range(0, end - start, most):
            progress((start + first) / len(tags), "gradients by distance")
            for key, norms, sign in _norms(spec, model.parameters, trace, tags[start:end], first, most):
                by_distance = norms_by_distance.setdefault(key, [])
                for k, values in enumerate(_by_distance(norms, first, sign)):
                    if k == len(by_distance):
                        by_distance.append([])
                    by_distance[k].append(values)
    return [_curve(*key, by_distance) for key, by_distance in norms_by_distance.items()]


def _norms(
    spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, tags: Array, first: int, most: int
) -> Iterator[tuple[tuple[str, str], Array, int]]:
    """Yield name and path, the norms (M, T) of ∂L(t)/∂h(s) for t = first, …, and the sign of a step back."""
    rows = np.arange(first, min(len(tags), first + most))
    do = np.zeros((len(rows), *trace.o.shape), trace.o.dtype)
    do[np.arange(len(rows)), rows] = trace.y[rows]
    do[np.arange(len(rows)), rows, tags[rows]] -= 1
    arch, top = spec.architecture, f"layer{spec.layers}/"
    for path, blocked in ((ALL, None), (HIDDEN, "Wy"), (OUTPUT, "W")):
        if path != ALL and not arch.keeps_output:
            continue
        used = dict(parameters)
        if blocked and top + blocked in used:  # the states stay those of the whole network
            used[top + blocked] = np.zeros_like(used[top + blocked])
        dh = sweep(spec, used, trace, do).dh
        for layer in range(1, spec.layers + 1):
            # Below the top nothing keeps the output, so there is one path alone, and without h(t−1) none.
            if layer < spec.layers and arch.keeps_output and (path != ALL or not arch.keeps_hidden):
                continue
            parts = np.split(dh[layer - 1].astype(np.float64), arch.directions, axis=2)
            for name, part, sign in zip(names(spec, layer), parts, (1, -1), strict=False):
                yield (name, path), np.linalg.norm(part, axis=2), sign


def names(spec: NetworkSpec, layer: int) -> list[str]:
    """What a layer's directions are called."""
    if spec.architecture.directions == 1:
        return [f"layer {layer}"]
    return [f"layer {layer} forward", f"layer {layer} backward"]


def _by_distance(norms: Array, first: int, sign: int) -> Iterator[Array]:
    """For k = 0, 1, … pairs (2, ·): the norms at distance k, and those of the same targets at distance 0."""
    targets = np.arange(first, first + len(norms))
    own = norms[np.arange(len(norms)), targets]
    for k in range(norms.shape[1]):
        place = targets - sign * k
        there = (place >= 0) & (place < norms.shape[1])
        yield np.stack([norms[np.flatnonzero(there), place[there]], own[there]])


def _curve(name: str, path: str, by_distance: list[list[Array]]) -> Curve:
    rows: list[tuple[Any, ...]] = []
    for parts in by_distance:
        values, own = np.concatenate(parts, axis=1)
        if not len(values):
            break
        low, high = np.quantile(values, (0.1, 0.9))
        alive = own > 0
        left = float((values[alive] / own[alive]).mean()) if alive.any() else 0.0
        rows.append((float(values.mean()), float(low), float(high), left, len(values)))
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Curve(name, path, *columns)


def _weights(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Iterator[Weight]:
    for layer in range(1, spec.layers + 1):
        w = parameters.get(f"layer{layer}/W")
        for name, weight in zip(names(spec, layer), [] if w is None else w, strict=False):
            for gate, part in zip(CELLS[spec.cell].gates, np.split(weight, spec.gates), strict=True):
                yield _weight(name, f"W {gate}".strip(), part)
    if spec.architecture.keeps_output:
        both = parameters[f"layer{spec.layers}/Wy"].astype(np.float64) @ parameters["output/V"]
        yield _weight(f"layer {spec.layers}", "Wy V", both)


def _weight(name: str, part: str, w: Array) -> Weight:
    w = w.astype(np.float64)
    return Weight(name, part, float(np.abs(np.linalg.eigvals(w)).max()), float(np.linalg.norm(w, 2)))


def _steps(model: Model, encoded: Encoded) -> list[Step]:
    """Look at steps spread evenly over all sentences."""
    spec = model.network_spec
    every = [(number, t) for number, length in enumerate(encoded.lengths) for t in range(1, length)]
    chosen = [every[i] for i in np.unique(np.linspace(0, len(every) - 1, min(MOST_STEPS, len(every))).astype(int))]
    found: dict[str, list[float]] = {}
    for number, rows in itertools.groupby(chosen, key=lambda row: row[0]):
        trace, steps = labelling.trace(model, encoded, number), [t for _, t in rows]
        for layer in range(1, spec.layers + 1):
            if layer < spec.layers and not spec.architecture.keeps_hidden:
                continue
            for r, name in enumerate(names(spec, layer)):
                for t in steps:
                    j = jacobian.step(spec, model.parameters, trace, layer, r, t).astype(np.float64)
                    found.setdefault(name, []).append(float(np.sqrt(np.linalg.eigvalsh(j @ j.T)[-1].clip(0))))
    rows = ((name, values, np.quantile(values, (0.1, 0.9)).tolist()) for name, values in found.items())
    return [Step(name, float(np.mean(values)), low, high, len(values)) for name, values, (low, high) in rows]


def _verdict(curve: Curve) -> Verdict:
    factor = curve.factor
    if factor is None:
        return Verdict(curve.name, "unknown", None, None)
    left = factor**10
    word = "vanishing" if left < VANISHING else "exploding" if left > EXPLODING else "healthy"
    return Verdict(curve.name, word, factor, left)
