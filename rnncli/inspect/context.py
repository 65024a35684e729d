"""The memory of a model over a corpus: connectivity by distance, and how much context the tags need."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli import labelling
from rnncli.data.batch import Encoded
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.inspect.attribution import Attribution, Norm
from rnncli.inspect.connectivity import plain
from rnncli.inspect.progress import Progress, part, silent
from rnncli.model import Model
from rnncli.parameters import Array

# The share of tags that must be those of the full context, for a shorter context to be enough.
SETTLED = 0.99
# Tokens of cut sentences that are labelled at once.
CHUNK_TOKENS = 1 << 18


class LagCurve(NamedTuple):
    """Mean connectivity by signed lag: below 0 earlier tokens, above 0 later ones."""

    pairs: list[int]  # how many pairs of a target and a token there are at each lag
    gradient: list[float | None]  # mean of ‖∂s/∂x(t)‖ as a share of the target's largest
    ablation: list[float | None]  # mean of |s(text) − s(text without token t)| as a share of the target's largest
    half_life: dict[str, dict[str, float | None]]  # in tokens, by measure and by side (before, after)

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return self._asdict()


class Decay(NamedTuple):
    """How connectivity falls with distance, over all targets and by their predicted tag."""

    lags: list[int]  # −largest … largest
    sentences: int
    overall: LagCurve
    tags: dict[str, LagCurve]

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        tags = {tag: curve.as_dict() for tag, curve in self.tags.items()}
        return {"lags": self.lags, "sentences": self.sentences, "overall": self.overall.as_dict(), "tags": tags}


def decay(model: Model, sentences: Sequence[Sentence], largest: int = 20, progress: Progress = silent) -> Decay:
    """Average connectivity by lag. Targets are all tokens; s is the score of a target's predicted tag.

    Each target's row is divided by its largest value. So all targets have the same weight, also those of a network
    that copies: there the score does not depend on the target's own token.

    largest  the largest lag that is measured

    Raises UsageError for a negative lag, DataError for a corpus without tokens.
    """
    if largest < 0:
        raise UsageError(f"a lag of {largest} tokens", hint="give 0 or more")
    encoded = _encode(model, sentences)
    norm = Norm(model.network_spec, model.parameters)
    # For each tag and lag: the number of pairs, the sum of the gradients, the sum of the ablations.
    sums = np.zeros((3, len(model.tags), 2 * largest + 1))
    for number in np.flatnonzero(encoded.lengths):
        progress(encoded.starts[number] / encoded.starts[-1], "decay with distance")
        attribution = Attribution(model, encoded, int(number), norm)
        targets = np.arange(attribution.count)
        lag = targets[None, :] - targets[:, None]
        near = np.abs(lag) <= largest
        tags = np.broadcast_to(attribution.tags[:, None], lag.shape)[near]
        gradient = _shares(attribution.gradient(targets))
        ablation = _shares(attribution.effect(targets))
        for total, values in zip(sums, (np.ones(lag.shape), gradient, ablation), strict=True):
            np.add.at(total, (tags, lag[near] + largest), values[near])
    curves = {tag: _curve(sums[:, i]) for i, tag in enumerate(model.tags) if sums[0, i].any()}
    lags = list(range(-largest, largest + 1))
    return Decay(lags, len(sentences), _curve(sums.sum(axis=1)), curves)


def _encode(model: Model, sentences: Sequence[Sentence]) -> Encoded:
    encoded = model.encode([s.tokens for s in sentences], [s.columns for s in sentences])
    if not len(encoded.words):
        raise DataError("this corpus has no token", hint="give a corpus with at least one sentence")
    return encoded


def _shares(values: Array) -> Array:
    """Divide each row by its largest absolute value; a row of zeros stays as it is."""
    values = np.abs(values)
    largest = values.max(axis=1, keepdims=True)
    return np.asarray(values / np.where(largest > 0, largest, 1))


def _curve(sums: Array) -> LagCurve:
    pairs, *totals = sums
    means = [np.divide(total, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0) for total in totals]
    middle = len(pairs) // 2
    half_lives = {
        name: {"before": half_life(mean[middle::-1]), "after": half_life(mean[middle:])}
        for name, mean in zip(("gradient", "ablation"), means, strict=True)
    }
    return LagCurve(pairs.astype(int).tolist(), plain(means[0]), plain(means[1]), half_lives)


def half_life(means: Array) -> float | None:
    """The lag, after that of the largest value, at which a curve first falls below half of that value.

    ``means`` begins at lag 0. Between two lags the curve is a straight line. ``None`` where there is no such lag.
    (A line fitted to log mean against lag would assume that the decay is exponential. With windows, gates or a
    network that copies it is not.)
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
    """The tags with a context of k tokens, for k = 0 … largest and then for the full context."""

    tokens: int
    agreement: list[float]  # share of the tokens whose tag is that of the full context
    accuracy: list[float] | None  # share of the tokens with a gold tag whose tag is right; None where none has one
    settled: int | None  # the smallest k with an agreement of at least 99 %

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        return self._asdict()


class Side(NamedTuple):
    """The context on one side of the labelled token is cut; the other side stays as it is."""

    overall: Settling
    tags: dict[str, Settling]  # by the tag with the full context

    def as_dict(self) -> dict[str, Any]:
        """Every number, for JSON."""
        tags = {tag: settling.as_dict() for tag, settling in self.tags.items()}
        return {"overall": self.overall.as_dict(), "tags": tags}


class Needed(NamedTuple):
    """How many tokens of context the tags need."""

    k: list[int | None]  # 0 … largest, then None for the full context
    before: Side  # only the last k tokens are read
    after: Side | None  # only the next k tokens are read; None for a network that reads only forward

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

    The text itself is cut, so the memory is empty where it begins. The context on the other side stays.

    Raises UsageError for a negative context, DataError for a corpus without tokens.
    """
    if largest < 0:
        raise UsageError(f"a context of {largest} tokens", hint="give 0 or more")
    encoded = _encode(model, sentences)
    full = labelling.predict(model, encoded, threads, with_probabilities=False).tags
    gold = _gold(model, sentences)
    tokens = list(itertools.chain.from_iterable(sentence.tokens for sentence in sentences))
    sides = model.network_spec.architecture.directions
    cut = _cut(model, encoded, tokens, full, largest, False, threads, part(progress, 0, sides))
    before = _side(model, cut, full, gold)
    after = None
    if sides == 2:
        cut = _cut(model, encoded, tokens, full, largest, True, threads, part(progress, 1, sides))
        after = _side(model, cut, full, gold)
    return Needed([*range(largest + 1), None], before, after)


def _gold(model: Model, sentences: Sequence[Sentence]) -> NDArray[np.int32]:
    """The gold tag of each token: −1 for a tag that the model does not know, −2 where there is none."""
    numbers = {tag: number for number, tag in enumerate(model.tags)}
    gold = [[numbers.get(tag, -1) for tag in s.tags] or [-2] * len(s.tokens) for s in sentences]
    return np.array(list(itertools.chain.from_iterable(gold)), np.int32)


def _cut(
    model: Model,
    encoded: Encoded,
    tokens: Sequence[str],
    full: NDArray[np.int32],
    largest: int,
    ahead: bool,
    threads: int,
    progress: Progress,
) -> list[NDArray[np.int32]]:
    """The tags of all tokens with 0 … ``largest`` tokens before them (``ahead``: after them), then with all.

    One cut of a sentence gives the tags of the tokens 0, 1, 2, … away from the cut. So each sentence is labelled
    once for each of its tokens, and not once more for each number of tokens.
    """
    tags_by_k = [full.copy() for _ in range(largest + 1)]
    starts = np.repeat(encoded.starts[:-1], encoded.lengths)
    ends = np.repeat(encoded.starts[1:], encoded.lengths)
    token = np.arange(len(full))
    first, end = (starts, token + 1) if ahead else (token, ends)
    for cuts in _chunks(np.flatnonzero(end - first < ends - starts), end - first):
        progress(cuts[0] / len(full), "context that decisions need")
        lengths = (end - first)[cuts]
        cut_starts = np.concatenate([[0], np.cumsum(lengths)])
        positions = np.arange(cut_starts[-1]) + np.repeat(first[cuts] - cut_starts[:-1], lengths)
        cut_sentences = model.inputs.cut(encoded, tokens, positions, cut_starts)
        predicted = labelling.predict(model, cut_sentences, threads, with_probabilities=False).tags
        for k, tags in enumerate(tags_by_k):
            is_longer = lengths > k
            if ahead:
                tags[cuts[is_longer] - k] = predicted[cut_starts[1:][is_longer] - 1 - k]
            else:
                tags[cuts[is_longer] + k] = predicted[cut_starts[:-1][is_longer] + k]
    return [*tags_by_k, full]


def _chunks(tokens: Array, lengths: Array) -> Iterator[Array]:
    """Divide the tokens at which sentences are cut into chunks, so that the cut sentences of a chunk are bounded.

    lengths  of the cut sentence that belongs to each token of the corpus
    """
    number = np.cumsum(lengths[tokens]) // CHUNK_TOKENS
    for chunk in np.split(tokens, np.flatnonzero(np.diff(number)) + 1):
        if len(chunk):
            yield chunk


def _side(model: Model, tags_by_k: list[Array], full: Array, gold: Array) -> Side:
    has_tag = {tag: full == number for number, tag in enumerate(model.tags)}
    overall = _settling(tags_by_k, full, gold, np.ones(len(full), np.bool_))
    by_tag = {tag: _settling(tags_by_k, full, gold, chosen) for tag, chosen in has_tag.items() if chosen.any()}
    return Side(overall, by_tag)


def _settling(tags_by_k: list[Array], full: Array, gold: Array, chosen: NDArray[np.bool_]) -> Settling:
    agreement = [float((tags == full)[chosen].mean()) for tags in tags_by_k]
    with_gold = chosen & (gold > -2)
    accuracy = [float((tags == gold)[with_gold].mean()) for tags in tags_by_k] if with_gold.any() else None
    settled = next((k for k, share in enumerate(agreement[:-1]) if share >= SETTLED), None)
    return Settling(int(chosen.sum()), agreement, accuracy, settled)
