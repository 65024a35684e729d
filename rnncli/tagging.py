"""Streams of sentences -> streams of tagged sentences, in order, with the probability of every tag."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from rnncli.data.tags import spans
from rnncli.data.tokenize import Token, tokenize
from rnncli.model import Model

BLOCK_SENTENCES = 4_096


class TaggedToken(NamedTuple):
    """A token, its character offsets, its tag and the probability of that tag."""

    text: str
    start: int
    end: int
    tag: str
    probability: float


class TaggedSpan(NamedTuple):
    """A span of tokens; its probability is the product of those of its tokens' tags."""

    type: str
    text: str
    start: int
    end: int
    probability: float


class Tagged(NamedTuple):
    """A sentence with its labels; ``text`` is what the offsets count in."""

    text: str
    tokens: list[TaggedToken]
    spans: list[TaggedSpan]

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli tag``."""
        return {
            "tokens": [token._asdict() for token in self.tokens],
            "spans": [span._asdict() for span in self.spans],
        }


def joined(tokens: Sequence[str]) -> tuple[str, list[Token]]:
    """The text that tokens make when blanks join them, with their offsets in it."""
    found, start = [], 0
    for token in tokens:
        found.append(Token(token, start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), found


@dataclass
class Tagger:
    """Labels text with a model.

    >>> tagger = rnncli.load()
    >>> [span.type for span in tagger.tag("leave Taipei on November 2nd").spans]
    ['departure', 'departure_time']
    """

    model: Model
    threads: int = 1

    def tag(self, text: str) -> Tagged:
        """Cut a text into tokens as the model was trained for, and label them."""
        return next(self.stream([text]))

    def tag_tokens(self, tokens: Sequence[str]) -> Tagged:
        """Label a sentence that is cut into tokens already; offsets count in the tokens joined by blanks."""
        return next(self._stream([joined(tokens)], 1))

    def stream(self, texts: Iterable[str], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """Label texts in order, ``block`` at a time: one result for each, also for one without tokens."""
        cut = ((text, tokenize(text, self.model.tokenizer)) for text in texts)
        return self._stream(cut, block)

    def stream_tokens(self, sentences: Iterable[Sequence[str]], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """The same for sentences that are cut into tokens already."""
        return self._stream(map(joined, sentences), block)

    def _stream(self, cut: Iterable[tuple[str, list[Token]]], block: int) -> Iterator[Tagged]:
        remaining = iter(cut)
        while batch := list(islice(remaining, block)):
            encoded = self.model.encode([[token.text for token in tokens] for _, tokens in batch])
            predicted = self.model.predict(encoded, self.threads)
            tags = [self.model.tags[number] for number in predicted.tags.tolist()]
            probabilities = predicted.probabilities.tolist()
            for (text, tokens), start, end in zip(batch, encoded.starts[:-1], encoded.starts[1:], strict=True):
                yield self._tagged(text, tokens, tags[start:end], probabilities[start:end])

    def _tagged(self, text: str, tokens: list[Token], tags: list[str], probabilities: list[float]) -> Tagged:
        labelled = [
            TaggedToken(*token, tag, probability)
            for token, tag, probability in zip(tokens, tags, probabilities, strict=True)
        ]
        found = []
        for span in spans(tags) if self.model.scheme != "plain" else ():
            product = 1.0
            for probability in probabilities[span.start : span.end]:
                product *= probability
            start, end = tokens[span.start].start, tokens[span.end - 1].end
            found.append(TaggedSpan(span.type, text[start:end], start, end, product))
        return Tagged(text, labelled, found)
