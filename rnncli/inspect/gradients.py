"""Gradients by distance: ‖∂L(t)/∂h(t−k)‖ for k = 0, 1, …, with measures of the recurrent weights.

L(t) = −log ŷ(t)[tag] is the loss of one token: of its gold tag where that is known, else of its predicted tag.
ŷ is the softmax of the token's own scores, also with a CRF: the CRF connects tags without using the memory. k is
counted in the order of reading, so for a layer that reads backward t−k is to the right of t. Equations:
docs/math.md, "Gradients by distance".
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnncli import labelling, memory
from rnncli.config import CELLS, NetworkSpec
from rnncli.data.batch import Encoded
from rnncli.data.sentence import Sentence
from rnncli.errors import UsageError
from rnncli.inspect import chart
from rnncli.inspect.progress import Progress, silent
from rnncli.model import Model
from rnncli.parameters import Array
from rnncli.plain import jacobian
from rnncli.plain.backward import sweep
from rnncli.plain.forward import Trace
from rnncli.plain.limits import check
from rnncli.tables import image, table

ALL, HIDDEN, OUTPUT = "all", "hidden", "output"
# The share of a gradient that is left after ten steps: below the first it vanishes, above the second it explodes.
VANISHING, EXPLODING = 0.1, 10.0
# How many numbers the arrays of one backward pass may hold.
MOST_NUMBERS = 1 << 23
# How many steps have their Jacobian computed: each needs the largest singular value of a matrix.
MOST_STEPS = 24


class NormCurve(NamedTuple):
    """‖∂L(t)/∂h(t−k)‖ of a layer and direction for k = 0, 1, …, over all tokens t that have a token t−k."""

    name: str  # layer 1; layer 1 forward, layer 1 backward
    path: str  # ALL; where ŷ is fed back also OUTPUT (only through ŷ) and HIDDEN (only through h)
    mean: list[float]
    low: list[float]  # the 10th percentile
    high: list[float]  # the 90th percentile
    left: list[float]  # the mean of the norm at k as a share of the norm at 0
    tokens: list[int]  # how many tokens t there are

    @property
    def factor(self) -> float | None:
        """The factor ρ of one step, by least squares from log left(k) = k log ρ; ``None`` without steps."""
        k = np.arange(len(self.left), dtype=np.float64)
        left = np.array(self.left, np.float64)
        count = np.array(self.tokens, np.float64)
        used = (k > 0) & (left > 0)
        if not used.any():
            return None
        k, left, count = k[used], left[used], count[used]
        return float(np.exp((count * k * np.log(left)).sum() / (count * k * k).sum()))


class Weight(NamedTuple):
    """One recurrent matrix: that of a gate, or Wy V, the path from h(t−1) through the output."""

    name: str
    part: str
    radius: float  # the spectral radius: the largest absolute eigenvalue
    largest: float  # the largest singular value


class StepNorm(NamedTuple):
    """‖∂m(t)/∂m(t−1)‖₂, the largest singular value of one step's Jacobian; m is h, for LSTM (h, c)."""

    name: str
    mean: float
    low: float
    high: float
    tokens: int


class Verdict(NamedTuple):
    """Whether the gradient of a layer's memory vanishes, with the factor that decides it."""

    name: str
    word: str  # vanishing, healthy, exploding; unknown where no token has a token before it
    factor: float | None  # NormCurve.factor, of one step
    after_ten: float | None  # factor¹⁰, which is compared with the thresholds


class Gradients(NamedTuple):
    """Everything that ``inspect-gradients`` shows about a model."""

    sentences: int
    tokens: int
    gold: int  # how many tokens have the gold tag in their L(t)
    curves: list[NormCurve]
    weights: list[Weight]
    steps: list[StepNorm]
    verdicts: list[Verdict]

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{verdict.name} {verdict.word}" for verdict in self.verdicts)
        return f"<gradients by distance over {self.tokens:,} tokens: {verdicts}>"

    def _repr_html_(self) -> str:
        paths = {ALL: "", HIDDEN: ", h alone", OUTPUT: ", ŷ alone"}
        lines = [chart.Line(c.name + paths[c.path], c.mean, c.low, c.high) for c in self.curves]
        drawn = chart.curves("Gradients by distance", "distance k in tokens", "‖∂L(t)/∂h(t−k)‖", lines)
        rows = [
            [v.name, v.word, *("–" if n is None else f"{n:.3g}" for n in (v.factor, v.after_ten))]
            for v in self.verdicts
        ]
        return image(drawn, repr(self)) + table("", ["", "verdict", "a step back ×", "ten ×"], rows)

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        lists = ("curves", "weights", "steps", "verdicts")
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in lists}
        return self._asdict() | rows | {"thresholds": {"vanishing": VANISHING, "exploding": EXPLODING}}


def gradients(model: Model, sentences: Sequence[Sentence], progress: Progress = silent) -> Gradients:
    """Measure the gradients of a model over some sentences.

    A gold tag that the model does not know, for example "", counts as none. Raises UsageError for a network
    without memory.
    """
    _check(model.network_spec)
    encoded = _encoded(model, sentences)
    with np.errstate(all="ignore"):  # what overflows is seen in the results
        norm_curves = _curves(model, encoded, progress)
        steps = _steps(model, encoded)
    for curve in norm_curves:
        check(np.array([curve.mean, curve.low, curve.high, curve.left]))
    return Gradients(
        len(sentences),
        len(encoded.words),
        int((encoded.tags >= 0).sum()),
        norm_curves,
        list(_weights(model.network_spec, model.parameters)),
        steps,
        [_verdict(curve) for curve in norm_curves if curve.path == ALL],
    )


def curves(model: Model, sentences: Sequence[Sentence]) -> list[NormCurve]:
    """Only the curves of :func:`gradients`; none for a network without memory."""
    architecture = model.network_spec.architecture
    has_memory = architecture.keeps_hidden or architecture.keeps_output
    return _curves(model, _encoded(model, sentences), silent) if has_memory else []


def _check(spec: NetworkSpec) -> None:
    if not (spec.architecture.keeps_hidden or spec.architecture.keeps_output):
        raise UsageError(
            f"--arch {spec.arch} keeps nothing in memory, so no gradient goes back", hint="give another --model"
        )


def _encoded(model: Model, sentences: Sequence[Sentence]) -> Encoded:
    return model.encode(*zip(*((s.tokens, s.columns, s.tags) for s in sentences), strict=True))


def _curves(model: Model, encoded: Encoded, progress: Progress) -> list[NormCurve]:
    spec = model.network_spec
    pairs = int((encoded.lengths**2).sum())  # of a token and one before it, or of one after it
    needed = 8 * spec.architecture.directions * pairs  # the norm of each and the one that it is compared with
    memory.check(needed, f"the gradients of {pairs:,} pairs of tokens", "give a shorter text or fewer sentences")
    tags = encoded.tags
    if (tags < 0).any():
        tags = np.where(tags < 0, labelling.predict(model, encoded, with_probabilities=False).tags, tags)
    norms_by_distance: dict[tuple[str, str], list[list[Array]]] = {}
    for number, (start, end) in enumerate(itertools.pairwise(encoded.starts)):
        if start == end:
            continue
        trace = labelling.trace(model, encoded, number)
        targets_at_once = max(1, MOST_NUMBERS // ((end - start) * trace.h[0].shape[1]))
        for first in range(0, end - start, targets_at_once):
            progress((start + first) / len(tags), "gradients by distance")
            targets = np.arange(first, min(end - start, first + targets_at_once))
            for key, norms, sign in _norms(spec, model.parameters, trace, tags[start:end], targets):
                by_distance = norms_by_distance.setdefault(key, [])
                for k, values in enumerate(_by_distance(norms, targets, sign)):
                    if k == len(by_distance):
                        by_distance.append([])
                    by_distance[k].append(values)
    return [_curve(*key, by_distance) for key, by_distance in norms_by_distance.items()]


def _norms(
    spec: NetworkSpec, parameters: Mapping[str, Array], trace: Trace, tags: Array, targets: Array
) -> Iterator[tuple[tuple[str, str], Array, int]]:
    """Yield (name, path), the norms (M, T) of ∂L(t)/∂h(s) for M targets t, and 1, or −1 for a backward layer."""
    rows = np.arange(len(targets))
    do = np.zeros((len(targets), *trace.o.shape), trace.o.dtype)
    do[rows, targets] = trace.y[targets]
    do[rows, targets, tags[targets]] -= 1
    arch = spec.architecture
    top = f"layer{spec.layers}/"
    for path, blocked in ((ALL, None), (HIDDEN, "Wy"), (OUTPUT, "W")):
        if path != ALL and not arch.keeps_output:
            continue
        backward_parameters = dict(parameters)
        if blocked and top + blocked in parameters:  # the trace is still that of the whole network
            backward_parameters[top + blocked] = np.zeros_like(parameters[top + blocked])
        dh = sweep(spec, backward_parameters, trace, do).dh
        for layer in range(1, spec.layers + 1):
            # Only the top layer reads ŷ(t−1). So a lower layer has only the path through h, or none without h(t−1).
            if layer < spec.layers and arch.keeps_output and (path != ALL or not arch.keeps_hidden):
                continue
            parts = np.split(dh[layer - 1].astype(np.float64), arch.directions, axis=2)
            for name, part, sign in zip(names(spec, layer), parts, (1, -1), strict=False):
                yield (name, path), np.linalg.norm(part, axis=2), sign


def names(spec: NetworkSpec, layer: int) -> list[str]:
    """The names of a layer's directions."""
    if spec.architecture.directions == 1:
        return [f"layer {layer}"]
    return [f"layer {layer} forward", f"layer {layer} backward"]


def _by_distance(norms: Array, targets: Array, sign: int) -> Iterator[Array]:
    """For k = 0, 1, … an array (2, ·): the norms at distance k, and those of the same targets at distance 0."""
    at_target = norms[np.arange(len(norms)), targets]
    for k in range(norms.shape[1]):
        position = targets - sign * k
        is_inside = (position >= 0) & (position < norms.shape[1])
        yield np.stack([norms[np.flatnonzero(is_inside), position[is_inside]], at_target[is_inside]])


def _curve(name: str, path: str, by_distance: list[list[Array]]) -> NormCurve:
    rows: list[tuple[Any, ...]] = []
    for parts in by_distance:
        values, at_target = np.concatenate(parts, axis=1)
        if not len(values):
            break
        low, high = np.quantile(values, (0.1, 0.9))
        positive = at_target > 0
        left = float((values[positive] / at_target[positive]).mean()) if positive.any() else 0.0
        rows.append((float(values.mean()), float(low), float(high), left, len(values)))
    columns = [list(column) for column in zip(*rows, strict=True)]
    return NormCurve(name, path, *columns)


def _weights(spec: NetworkSpec, parameters: Mapping[str, Array]) -> Iterator[Weight]:
    for layer in range(1, spec.layers + 1):
        w = parameters.get(f"layer{layer}/W")
        for name, weight in zip(names(spec, layer), [] if w is None else w, strict=False):
            for gate, part in zip(CELLS[spec.cell].gates, np.split(weight, spec.gates), strict=True):
                yield _weight(name, f"W {gate}".strip(), part)
    if spec.architecture.keeps_output:
        through_output = parameters[f"layer{spec.layers}/Wy"].astype(np.float64) @ parameters["output/V"]
        yield _weight(f"layer {spec.layers}", "Wy V", through_output)


def _weight(name: str, part: str, w: Array) -> Weight:
    w = w.astype(np.float64)
    return Weight(name, part, float(np.abs(np.linalg.eigvals(w)).max()), float(np.linalg.norm(w, 2)))


def _steps(model: Model, encoded: Encoded) -> list[StepNorm]:
    """Measure steps spread evenly over all sentences."""
    spec = model.network_spec
    steps = [(number, t) for number, length in enumerate(encoded.lengths) for t in range(1, length)]
    chosen = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, min(MOST_STEPS, len(steps))).astype(int))]
    norms_by_name: dict[str, list[float]] = {}
    for number, steps_of_sentence in itertools.groupby(chosen, key=lambda step: step[0]):
        trace = labelling.trace(model, encoded, number)
        times = [t for _, t in steps_of_sentence]
        for layer in range(1, spec.layers + 1):
            if layer < spec.layers and not spec.architecture.keeps_hidden:
                continue
            for r, name in enumerate(names(spec, layer)):
                for t in times:
                    j = jacobian.step(spec, model.parameters, trace, layer, r, t).astype(np.float64)
                    check(j)
                    norm = float(np.sqrt(np.linalg.eigvalsh(j @ j.T)[-1].clip(0)))
                    norms_by_name.setdefault(name, []).append(norm)
    rows = ((name, values, np.quantile(values, (0.1, 0.9)).tolist()) for name, values in norms_by_name.items())
    return [StepNorm(name, float(np.mean(values)), low, high, len(values)) for name, values, (low, high) in rows]


def _verdict(curve: NormCurve) -> Verdict:
    factor = curve.factor
    if factor is None:
        return Verdict(curve.name, "unknown", None, None)
    left = factor**10
    word = "vanishing" if left < VANISHING else "exploding" if left > EXPLODING else "healthy"
    return Verdict(curve.name, word, factor, left)
