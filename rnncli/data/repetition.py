"""Sentences that occur again, and tokens whose label differs where the tokens around them do not.

Tokens and tags become numbers, and sentences and contexts become 64-bit hashes of these, so that millions of tokens
are compared by sorting. What is returned was compared as texts again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncli.data.sentence import Sentence

CONTEXT = 2  # tokens on each side
# Odd constants of SplitMix64 (Steele, Lea and Flood 2014) and of the golden ratio.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)

Hashes = NDArray[np.uint64]
Longs = NDArray[np.int64]


class Position(NamedTuple):
    """A sentence of one of several files; all numbers count from 0."""

    file: int
    sentence: int


class Labelling(NamedTuple):
    """One way in which a sentence is labelled, how many times it is labelled so, and where it is first."""

    tags: list[str]
    times: int
    first: Position


class Relabelled(NamedTuple):
    """A sentence that occurs several times and is labelled in several ways, the most frequent one first."""

    tokens: list[str]
    labellings: list[Labelling]


class Use(NamedTuple):
    """A tag of a token in some context, how many times the token has it there, and where it does first."""

    tag: str
    times: int
    first: Position
    token: int  # of the sentence, from 0


class Ambiguous(NamedTuple):
    """A token that has several tags between the same neighbours, the most frequent tag first."""

    token: str
    before: list[str]  # up to CONTEXT tokens; fewer where the sentence begins
    after: list[str]
    uses: list[Use]


class Repetition:
    """Compares the sentences of several files; a repeated one counts from its second time on.

    repeated  for each file, how many of its sentences occurred before in it
    shared    for each file, how many of its sentences are in the first file too
    """

    def __init__(self, files: Sequence[Sequence[Sentence]]) -> None:
        self._files = files
        self._sentences = list(chain.from_iterable(files))
        self._file = np.repeat(np.arange(len(files)), [len(sentences) for sentences in files])
        self._lengths = np.array([len(sentence.tokens) for sentence in self._sentences], np.int64)
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._words = _numbers(chain.from_iterable(sentence.tokens for sentence in self._sentences))
        self._tags = _numbers(chain.from_iterable(sentence.tags for sentence in self._sentences))
        self._text_hash = self._of_sentences(self._words)
        self._groups = _grouped(self._text_hash)
        self.repeated = [self._count_repeated(number) for number in range(len(files))]
        of_first = self._text_hash[self._file == 0]
        self.shared = [int(np.isin(self._text_hash[self._file == n], of_first).sum()) for n in range(len(files))]

    def _of_sentences(self, numbers: Longs) -> Hashes:
        """A hash of each sentence: the sum of those of its numbers with their positions."""
        position = np.arange(len(numbers)) - np.repeat(self._starts, self._lengths)
        mixed = _mixed(numbers.astype(np.uint64) + position.astype(np.uint64) * _STEP)
        return np.add.reduceat(mixed, self._starts) if len(mixed) else np.zeros(0, np.uint64)

    def _count_repeated(self, file: int) -> int:
        hashes = self._text_hash[self._file == file]
        return len(hashes) - len(np.unique(hashes))

    def _position(self, sentence: int) -> Position:
        file = int(self._file[sentence])
        return Position(file, sentence - int(np.searchsorted(self._file, file)))

    def relabelled(self) -> list[Relabelled]:
        """The sentences that are labelled in several ways, in the order in which they occur first."""
        tag_hash = self._of_sentences(self._tags)
        differing = []
        for group in self._groups:
            if len(np.unique(tag_hash[group])) > 1:
                differing.append(self._labellings(group.tolist()))
        return [sentence for sentence in differing if len(sentence.labellings) > 1]

    def _labellings(self, group: list[int]) -> Relabelled:
        tokens = self._sentences[group[0]].tokens
        ways: dict[tuple[str, ...], list[int]] = {}
        for number in group:
            if self._sentences[number].tokens == tokens:
                ways.setdefault(tuple(self._sentences[number].tags), []).append(number)
        labellings = [
            Labelling(list(tags), len(numbers), self._position(numbers[0])) for tags, numbers in ways.items()
        ]
        return Relabelled(tokens, sorted(labellings, key=lambda labelling: -labelling.times))

    def ambiguous(self) -> list[Ambiguous]:
        """The tokens with several tags between the same neighbours; what one tag outweighs most comes first.

        Of a repeated sentence only the first occurrence counts.
        """
        is_first = np.ones(len(self._sentences), bool)
        for group in self._groups:
            is_first[group[1:]] = False
        hashes = self._contexts()
        chosen = np.flatnonzero(np.repeat(is_first, self._lengths))
        results = []
        for group in _grouped(hashes[chosen]):
            positions = chosen[group]
            if len(np.unique(self._tags[positions])) > 1:
                results.append(self._uses(positions.tolist()))
        several = [ambiguous for ambiguous in results if len(ambiguous.uses) > 1]
        return sorted(several, key=lambda a: (a.uses[1].times / a.uses[0].times, -a.uses[0].times))

    def _contexts(self) -> Hashes:
        """A hash of each token with its neighbours; before and after a sentence there is nothing, number 0."""
        count = len(self._words)
        total = np.zeros(count, np.uint64)
        sentence = np.repeat(np.arange(len(self._sentences)), self._lengths)
        for offset in range(-CONTEXT, CONTEXT + 1):
            neighbour = np.arange(count) + offset
            inside = np.clip(neighbour, 0, count - 1)
            exists = (neighbour == inside) & (sentence[inside] == sentence)
            word = np.where(exists, self._words[inside] + 1, 0).astype(np.uint64)
            total += _mixed(word + np.uint64((offset + CONTEXT) * int(_STEP) % 2**64))
        return total

    def _uses(self, positions: list[int]) -> Ambiguous:
        located = []
        for position in positions:
            sentence = int(np.searchsorted(self._starts, position, "right")) - 1
            located.append((sentence, position - int(self._starts[sentence])))
        window = self._window(*located[0])
        uses: dict[str, list[tuple[int, int]]] = {}
        for sentence, number in located:
            if self._window(sentence, number) == window:
                uses.setdefault(self._sentences[sentence].tags[number], []).append((sentence, number))
        before, token, after = window
        ordered = sorted(uses.items(), key=lambda item: -len(item[1]))
        return Ambiguous(
            token,
            before,
            after,
            [Use(tag, len(at), self._position(at[0][0]), at[0][1]) for tag, at in ordered],
        )

    def _window(self, sentence: int, token: int) -> tuple[list[str], str, list[str]]:
        tokens = self._sentences[sentence].tokens
        return tokens[max(0, token - CONTEXT) : token], tokens[token], tokens[token + 1 : token + 1 + CONTEXT]


def differences(first: Sequence[str], second: Sequence[str]) -> Iterator[int]:
    """The positions at which two lists of tags differ."""
    return (i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b)


def _numbers(texts: Iterable[str]) -> Longs:
    """A number for each text, the same for the same text."""
    known: dict[str, int] = {}
    return np.fromiter((known.setdefault(text, len(known)) for text in texts), np.int64)


def _mixed(values: Hashes) -> Hashes:
    """Spread 64-bit numbers evenly: the last steps of SplitMix64."""
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))


def _grouped(hashes: Hashes) -> list[Longs]:
    """The numbers of equal hashes, of those that occur several times; groups in the order of their first number."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(order) else order
    ends = np.append(starts[1:], len(order))
    several = np.flatnonzero(ends - starts > 1)
    several = several[np.argsort(order[starts[several]])]
    return [order[starts[i] : ends[i]] for i in several.tolist()]
