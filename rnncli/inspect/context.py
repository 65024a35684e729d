"""The memory of a whole model over a corpus: how far connectivity reaches, and how much context tags need."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.data.batch import Encoded
from rnncli.data.tsv import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.inspect.connectivity import plain
from rnncli.inspect.progress import Progress, part, silent
from rnncli.inspect.reader import Norm, Reader
from rnncli.model import Model
from rnncli.parameters import Array

# Share of decisions that must be those of the full run for a context to have settled them.
SETTLED = 0.99
# Tokens of cut copies that are labelled at once.
CHUNK_TOKENS = 1 << 18


class Curve(NamedTuple):
    """Mean connectivity by signed lag: below 0 earlier tokens, above 0 later ones."""

    pairs: list[int]  # of a target and a token at each lag
    gradient: list[float | None]  # mean of ‖∂s/∂x(t)‖ as a share of the target's largest
    ablation: list[float | None]  # mean of |s(text) − s(text without token t)| as a share of the target's largest
    half_life: dict[str, dict[str, float | None]]  # tokens, by measure and side, before and after

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return self._asdict()


class Decay(NamedTuple):
    """How connectivity falls with distance, over all targets and for each tag that they are given."""

    lags: list[int]  # −largest … largest
    sentences: int
    overall: Curve
    tags: dict[str, Curve]

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        tags = {tag: curve.as_dict() for tag, curve in self.tags.items()}
        return {"lags": self.lags, "sentences": self.sentences, "overall": self.overall.as_dict(), "tags": tags}


def decay(model: Model, sentences: Sequence[Sentence], largest: int = 20, progress: Progress = silent) -> Decay:
    """Average connectivity by lag; targets are all tokens, s the score of the tag that each is given.

    Each target's row is divided by its own largest value, so that all targets weigh the same and a network that
    copies from afar, whose own token counts for nothing, is measured too.

    largest  lag up to which is averaged
    """
    if largest < 0:
        raise UsageError(f"a lag of {largest} tokens", hint="give 0 or more")
    encoded = _encode(model, sentences)
    norm = Norm(model.network_spec, model.parameters)
    # For each tag and lag: the pairs, the sum of either measure.
    sums = np.zeros((3, len(model.tags), 2 * largest + 1))
    for number in np.flatnonzero(encoded.lengths):
        progress(encoded.starts[number] / encoded.starts[-1], "decay with distance")
        reader = Reader(model, encoded, int(number), norm)
        targets = np.arange(reader.count)
        lag = targets[None, :] - targets[:, None]
        near = np.abs(lag) <= largest
        tags = np.broadcast_to(reader.tags[:, None], lag.shape)[near]
        measures = (np.ones(lag.shape), _shares(reader.gradient(targets)), _shares(reader.effect(targets)))
        for total, values in zip(sums, measures, strict=True):
            np.add.at(total, (tags, lag[near] + largest), values[near])
    curves = {tag: _curve(sums[:, i]) for i, tag in enumerate(model.tags) if sums[0, i].any()}
    lags = list(range(-largest, largest + 1))
    return Decay(lags, len(sentences), _curve(sums.sum(axis=1)), curves)


def _encode(model: Model, sentences: Sequence[Sentence]) -> Encoded:
    encoded = model.encode([each.tokens for each in sentences], [each.columns for each in sentences])
    if not len(encoded.words):
        raise DataError("no token to look at", hint="give a corpus with at least one sentence")
    return encoded


def _shares(values: Array) -> Array:
    """Each row as shares of its largest absolute value; a row of zeros stays one."""
    values = np.abs(values)
    largest = values.max(axis=1, keepdims=True)
    return np.asarray(values / np.where(largest > 0, largest, 1))


def _curve(sums: Array) -> Curve:
    pairs, *totals = sums
    means = [np.divide(total, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0) for total in totals]
    middle = len(pairs) // 2
    half = {
        name: {"before": half_life(mean[middle::-1]), "after": half_life(mean[middle:])}
        for name, mean in zip(("gradient", "ablation"), means, strict=True)
    }
    return Curve(pairs.astype(int).tolist(), plain(means[0]), plain(means[1]), half)


def half_life(means: Array) -> float | None:
    """The lag at which a curve, from lag 0 outward, first falls under half of its largest value.

    It is looked for after the lag of the largest value, and read off the straight line between two lags. ``None``
    where there is no such lag. (A line fitted to log mean against lag would take the decay to be exponential, which
    it is not with windows, gates or a copying network.)
    """
    known = means[: int(np.argmax(np.isnan(means)))] if np.isnan(means).any() else means
    if not len(known) or known.max() <= 0:
        return None
    peak = int(known.argmax())
    half = known[peak] / 2
    for lag in range(peak + 1, len(known)):
        if known[lag] < half:
            before = known[lag - 1]
            return float(lag - 1 + (before - half) / (before - known[lag]))
    return None


class Settling(NamedTuple):
    """What a number of tokens of context decides, for k = 0 … largest and then for all."""

    tokens: int
    agreement: list[float]  # share of the tokens that are given the tag of the full run
    accuracy: list[float] | None  # share of those with a gold tag that are given it; None where none has one
    settled: int | None  # smallest k whose agreement is at least 99 %

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return self._asdict()


class Side(NamedTuple):
    """The context on one side of the token that is decided is cut; the other side stays as it is."""

    overall: Settling
    tags: dict[str, Settling]  # by the tag of the full run

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        tags = {tag: each.as_dict() for tag, each in self.tags.items()}
        return {"overall": self.overall.as_dict(), "tags": tags}


class Needed(NamedTuple):
    """How many tokens of context decisions need."""

    k: list[int | None]  # 0 … largest, then None for all
    before: Side  # only the last k tokens are given
    after: Side | None  # only the next k tokens are given; None for a network that reads forward alone

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        after = None if self.after is None else self.after.as_dict()
        return {"k": self.k, "before": self.before.as_dict(), "after": after}


def context_needed(
    model: Model,
    sentences: Sequence[Sentence],
    largest: int = 10,
    threads: int = 1,
    progress: Progress = silent,
) -> Needed:
    """Label every token again with its context cut to k tokens, for k = 0 … largest.

    The text itself is cut, and the memory before it is empty. What stands on the other side stays.
    """
    if largest < 0:
        raise UsageError(f"a context of {largest} tokens", hint="give 0 or more")
    encoded = _encode(model, sentences)
    full = labelling.predict(model, encoded, threads, with_probabilities=False).tags
    gold = _gold(model, sentences)
    sides = model.network_spec.architecture.directions
    first = _cut(model, encoded, full, largest, False, threads, part(progress, 0, sides))
    before, after = _side(model, first, full, gold), None
    if sides == 2:
        second = _cut(model, encoded, full, largest, True, threads, part(progress, 1, sides))
        after = _side(model, second, full, gold)
    return Needed([*range(largest + 1), None], before, after)


def _gold(model: Model, sentences: Sequence[Sentence]) -> NDArray[np.int32]:
    """The gold tag of each token: −1 for a tag that the model does not know, −2 where there is none."""
    numbers = {tag: number for number, tag in enumerate(model.tags)}
    gold = [[numbers.get(tag, -1) for tag in each.tags] or [-2] * len(each.tokens) for each in sentences]
    return np.array(list(itertools.chain.from_iterable(gold)), np.int32)


def _cut(
    model: Model,
    encoded: Encoded,
    full: NDArray[np.int32],
    largest: int,
    ahead: bool,
    threads: int,
    progress: Progress,
) -> list[NDArray[np.int32]]:
    """The tags of all tokens with 0 … ``largest`` tokens before them, or after them, and then with all.

    A text that is cut at one place decides the tokens 0, 1, 2, … away from there, so each sentence is labelled once
    for each of its tokens, not once for each number of tokens.
    """
    runs = [full.copy() for _ in range(largest + 1)]
    starts = np.repeat(encoded.starts[:-1], encoded.lengths)
    ends = np.repeat(encoded.starts[1:], encoded.lengths)
    token = np.arange(len(full))
    first, end = (starts, token + 1) if ahead else (token, ends)
    for some in _chunks(np.flatnonzero(end - first < ends - starts), end - first):
        progress(some[0] / len(full), "context that decisions need")
        lengths = (end - first)[some]
        at = np.concatenate([[0], np.cumsum(lengths)])
        positions = np.arange(at[-1]) + np.repeat(first[some] - at[:-1], lengths)
        copies = encoded._replace(
            words=encoded.words[positions], ids=encoded.ids[:, positions], tags=encoded.tags[positions], starts=at
        )
        found = labelling.predict(model, copies, threads, with_probabilities=False).tags
        for k, run in enumerate(runs):
            long = lengths > k
            if ahead:
                run[some[long] - k] = found[at[1:][long] - 1 - k]
            else:
                run[some[long] + k] = found[at[:-1][long] + k]
    return [*runs, full]


def _chunks(tokens: Array, lengths: Array) -> Iterator[Array]:
    """Cut a list of copies, known by the tokens at which they are cut, into runs of bounded length in sum."""
    number = np.cumsum(lengths[tokens]) // CHUNK_TOKENS
    for each in np.split(tokens, np.flatnonzero(np.diff(number)) + 1):
        if len(each):
            yield each


def _side(model: Model, runs: list[Array], full: Array, gold: Array) -> Side:
    tags = {tag: full == number for number, tag in enumerate(model.tags)}
    overall = _settling(runs, full, gold, np.ones(len(full), np.bool_))
    return Side(overall, {tag: _settling(runs, full, gold, of) for tag, of in tags.items() if of.any()})


def _settling(runs: list[Array], full: Array, gold: Array, of: NDArray[np.bool_]) -> Settling:
    agreement = [float((run == full)[of].mean()) for run in runs]
    known = of & (gold > -2)
    accuracy = [float((run == gold)[known].mean()) for run in runs] if known.any() else None
    settled = next((k for k, share in enumerate(agreement[:-1]) if share >= SETTLED), None)
    return Settling(int(of.sum()), agreement, accuracy, settled)
