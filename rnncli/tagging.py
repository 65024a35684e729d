"""Streams of sentences -> streams of tagged sentences, in order, with the probability of every tag."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import islice
from math import prod
from typing import Any, NamedTuple, TypeVar

from rnncli import arguments
from rnncli.data import tsv
from rnncli.data.batch import Encoded
from rnncli.data.tags import spans
from rnncli.data.tokenize import Token, cut, tokenize
from rnncli.data.tsv import Sentence
from rnncli.errors import RnncliError
from rnncli.labelling import Labeller, Prediction, nbest
from rnncli.model import Model
from rnncli.threads import count_threads

BLOCK_SENTENCES = 4_096
AHEAD = 2  # blocks that wait to be labelled while another is written

T = TypeVar("T")
_Cut = tuple[str, list[Token], Sequence[tuple[str, ...]] | None]  # a text, its tokens, what stands beside them


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


class Reading(NamedTuple):
    """One way to label a whole sentence, and the probability of just these tags."""

    tags: list[str]
    probability: float


class Tagged(NamedTuple):
    """A sentence with its labels; ``text`` is what the offsets count in."""

    text: str
    tokens: list[TaggedToken]
    spans: list[TaggedSpan]
    readings: list[Reading] = []  # noqa: RUF012  the likeliest, best first, where they were asked for

    def read_as(self, reading: Reading) -> "Tagged":
        """The same sentence with the tags of a reading, whose spans share its probability."""
        tokens = [
            token._replace(tag=tag, probability=reading.probability)
            for token, tag in zip(self.tokens, reading.tags, strict=True)
        ]
        spans = [span._replace(probability=reading.probability) for span in _spans(self.text, tokens)]
        return Tagged(self.text, tokens, spans)

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``rnncli tag``."""
        result: dict[str, Any] = {
            "tokens": [token._asdict() for token in self.tokens],
            "spans": [span._asdict() for span in self.spans],
        }
        if self.readings:
            result["nbest"] = [reading._asdict() for reading in self.readings]
        return result


def joined(tokens: Sequence[str]) -> tuple[str, list[Token]]:
    """The text that tokens make when blanks join them, with their offsets in it."""
    placed = []
    start = 0
    for token in tokens:
        placed.append(Token(token, start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), placed


def _spans(text: str, tokens: Sequence[TaggedToken]) -> list[TaggedSpan]:
    """The spans that the tags mark."""
    labelled = []
    for span in spans([token.tag for token in tokens]):
        inside = tokens[span.start : span.end]
        start, end = inside[0].start, inside[-1].end
        labelled.append(
            TaggedSpan(span.type, text[start:end], start, end, prod(token.probability for token in inside))
        )
    return labelled


@dataclass
class Tagger:
    """Labels text with a model. What it cannot label is a UsageError, or a DataError where a column is missing.

    >>> tagger = rnncli.load()
    >>> [span.type for span in tagger.tag("leave Taipei on November 2nd").spans]
    ['departure', 'departure_time']
    """

    model: Model
    threads: int = 1  # 0: one for each available CPU
    nbest: int = 0  # how many readings of each sentence to give

    def __post_init__(self) -> None:
        arguments.instance("model", self.model, Model, "rnncli.load(path) opens a model as a Tagger")
        self.threads = count_threads(self.threads)
        self.nbest = arguments.whole_number("nbest", self.nbest, 0)

    def __getstate__(self) -> dict[str, Any]:
        """A copy, also one in another process, makes its own :class:`Labeller`."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def tag(self, text: str) -> Tagged:
        """Cut a text into tokens as the model was trained for, and label them."""
        return next(self.stream([text]))

    def tag_tokens(self, tokens: Sequence[str], columns: Sequence[tuple[str, ...]] | None = None) -> Tagged:
        """Label a sentence that is cut into tokens already; offsets count in the tokens joined by blanks.

        columns  what stands beside each token, for a model that was trained to read it
        """
        words = list(arguments.texts("tokens", tokens, "tag(text) cuts a text into tokens"))
        rows = None if columns is None else tsv.check_columns(columns, len(words))
        return next(self._stream([(*joined(words), rows)], 1))

    def stream(self, texts: Iterable[str], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """Label texts in order, ``block`` at a time: one result for each, also for one without tokens."""
        return self._stream(
            ((text, tokenize(text, self.model.tokenizer), None) for text in _checked(texts)), _block_size(block)
        )

    def stream_sentences(self, sentences: Iterable[Sentence], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """The same for sentences of a file that are cut into tokens already."""
        checked = _checked_sentences(sentences)
        return self._stream(
            ((*joined(sentence.tokens), sentence.columns) for sentence in checked), _block_size(block)
        )

    def tsv(self, texts: Iterable[str], block: int = BLOCK_SENTENCES) -> Iterator[str]:
        """Label texts as lines of token and tag, a string for each block; without offsets it is much faster."""
        return self._tsv(((cut(text, self.model.tokenizer), None) for text in _checked(texts)), _block_size(block))

    def tsv_sentences(self, sentences: Iterable[Sentence], block: int = BLOCK_SENTENCES) -> Iterator[str]:
        """The same for sentences of a file that are cut into tokens already."""
        checked = _checked_sentences(sentences)
        return self._tsv(((sentence.tokens, sentence.columns) for sentence in checked), _block_size(block))

    def _tsv(self, cut: Iterable[tuple[list[str], Sequence[tuple[str, ...]] | None]], block: int) -> Iterator[str]:
        def read() -> Iterator[tuple[list[str], Encoded]]:
            for batch in _blocks(cut, block):
                sentences, columns = zip(*batch, strict=True)
                encoded = self.model.encode(sentences, columns if self.model.inputs.columns else None)
                yield [token for tokens in sentences for token in tokens], encoded

        for tokens, encoded, prediction in self._labelled(read(), block, with_probabilities=False):
            yield tsv.format_block(tokens, encoded.starts, prediction.tags, self.model.tags)

    def _stream(self, cut: Iterable[_Cut], block: int) -> Iterator[Tagged]:
        def read() -> Iterator[tuple[list[_Cut], Encoded]]:
            for batch in _blocks(cut, block):
                columns = [beside if beside is not None else [()] * len(tokens) for _, tokens, beside in batch]
                sentences = [[token.text for token in tokens] for _, tokens, _ in batch]
                yield batch, self.model.encode(sentences, columns)

        for batch, encoded, prediction in self._labelled(read(), block):
            tags = [self.model.tags[number] for number in prediction.tags.tolist()]
            probabilities = prediction.probabilities.tolist()
            for number, (text, tokens, _) in enumerate(batch):
                start, end = encoded.starts[number : number + 2]
                readings = self._readings(encoded, number) if self.nbest and start < end else []
                yield self._tagged(text, tokens, tags[start:end], probabilities[start:end], readings)

    def _labelled(
        self, blocks: Iterable[tuple[T, Encoded]], block: int, with_probabilities: bool = True
    ) -> Iterator[tuple[T, Encoded, Prediction]]:
        ahead = AHEAD if block > 1 else 0  # where somebody types, every line is answered at once
        return self._labeller.stream(blocks, self.threads, ahead, with_probabilities)

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.model)

    def _readings(self, encoded: Encoded, sentence: int) -> list[Reading]:
        names = self.model.tags
        likeliest = nbest(self.model, encoded, sentence, self.nbest)
        return [Reading([names[number] for number in tags], probability) for tags, probability in likeliest]

    def _tagged(
        self, text: str, tokens: list[Token], tags: list[str], probabilities: list[float], readings: list[Reading]
    ) -> Tagged:
        labelled = [
            TaggedToken(*token, tag, probability)
            for token, tag, probability in zip(tokens, tags, probabilities, strict=True)
        ]
        return Tagged(text, labelled, [] if self.model.scheme == "plain" else _spans(text, labelled), readings)


def _checked(texts: Iterable[str]) -> Iterator[str]:
    """Check at once that there may be several texts, and each of them when it is read."""
    texts = arguments.several("texts", texts, "several texts", "tag(text) labels one")
    return (arguments.text("text", text, "tag_tokens(tokens) labels a list of tokens") for text in texts)


def _checked_sentences(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """The same for sentences; their tags do not count."""
    sentences = arguments.several("sentences", sentences, "several sentences", "tag(text) labels a text")
    return (tsv.check(sentence, labelled=False) for sentence in sentences)


def _block_size(size: int) -> int:
    return arguments.whole_number("block", size, 1, "it is how many sentences are labelled at a time")


def _blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut into lists of ``size``. Before an error in reading is raised, what was read before it is given out."""
    remaining = iter(items)
    while True:
        block: list[T] = []
        try:
            block.extend(islice(remaining, size))
        except RnncliError:
            if block:
                yield block
            raise
        if not block:
            return
        yield block
