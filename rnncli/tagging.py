"""Tagging: streams of texts or sentences in, tagged sentences out, in order, with the probability of every tag."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from rnncli import arguments, modelfile
from rnncli.data.batch import Encoded
from rnncli.data.formats import token_lines
from rnncli.data.sentence import Sentence, check, check_columns
from rnncli.data.tags import Scheme
from rnncli.data.tokenize import Token
from rnncli.errors import RnncliError
from rnncli.labelling import Labeller, Prediction, nbest
from rnncli.marks import Mark, fragment
from rnncli.model import Model
from rnncli.resources import bundled
from rnncli.threads import count_threads

BLOCK_SENTENCES = 4_096
BLOCK_TOKENS = 1 << 16  # after which a block of fewer sentences ends, so that long texts take no more memory
AHEAD = 2  # blocks that are read and labelled while the result of another is written

SHOWN = 300  # characters of a labelled text in its repr

USUAL = Scheme("IOB2")

T = TypeVar("T")
_Columns = Sequence[tuple[str, ...]]  # the columns of each token
_Tokenized = tuple[str, list[Token], _Columns | None]  # a text, its tokens, their columns


def load(model: str | Path | None = None, threads: int = 1) -> "Tagger":
    """Load a model to label text with it.

    model    a file; by default the model that comes with rnncli
    threads  that label at once; 0: one for each available CPU

    Raises :class:`.FileError` and :class:`.ModelError`.

    >>> rnncli.load().tag("leave Taipei on November 2nd").spans[0].type
    'departure'
    """
    return Tagger(modelfile.load(bundled("models/default.npz") if model is None else model), threads)


class TaggedToken(NamedTuple):
    """A token, its character offsets, its tag and the probability of that tag."""

    text: str
    start: int
    end: int
    tag: str
    probability: float


class TaggedSpan(NamedTuple):
    """A span of tokens; its probability is the product of the probabilities of its tags."""

    type: str
    text: str
    start: int
    end: int
    probability: float


class Reading(NamedTuple):
    """One way to label a whole sentence, and the probability of all these tags together."""

    tags: list[str]
    probability: float


class Tagged(NamedTuple):
    """A sentence with its labels; all offsets count characters of ``text``."""

    text: str
    tokens: list[TaggedToken]
    spans: list[TaggedSpan]
    readings: list[Reading] = []  # noqa: RUF012  the most probable, best first, if any were requested

    def __repr__(self) -> str:
        pieces = []
        position = 0
        for span in self.spans:
            pieces.append(f"{self.text[position : span.start]}[{self.text[span.start : span.end]}: {span.type}]")
            position = span.end
        line = "".join([*pieces, self.text[position:]])
        return f"<tagged {line if len(line) <= SHOWN else line[: SHOWN - 1] + '…'}>"

    def _repr_html_(self) -> str:
        marks = [Mark(span.start, span.end, span.type, span.probability) for span in self.spans]
        if not marks:  # tags that mark no spans
            marks = [Mark(t.start, t.end, t.tag, t.probability) for t in self.tokens if t.tag not in ("O", "o")]
        return fragment([(self.text, marks)])

    def read_as(self, reading: Reading, scheme: Scheme = USUAL) -> "Tagged":
        """The same sentence with the tags of a reading; tokens and spans have the probability of the reading.

        scheme  that of the tags, ``tagger.model.scheme``
        """
        tokens = [
            token._replace(tag=tag, probability=reading.probability)
            for token, tag in zip(self.tokens, reading.tags, strict=True)
        ]
        spans = [span._replace(probability=reading.probability) for span in _spans(self.text, tokens, scheme)]
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
    """The text of tokens that are joined by blanks, and the tokens with their offsets in it."""
    located = []
    start = 0
    for token in tokens:
        located.append(Token(token, start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), located


def _spans(text: str, tokens: Sequence[TaggedToken], scheme: Scheme) -> list[TaggedSpan]:
    """The spans that the tags mark."""
    labelled = []
    for span in scheme.spans([token.tag for token in tokens]):
        inside = tokens[span.start : span.end]
        start = inside[0].start
        end = inside[-1].end
        probability = prod(token.probability for token in inside)
        labelled.append(TaggedSpan(span.type, text[start:end], start, end, probability))
    return labelled


@dataclass
class Tagger:
    """Labels text with a model. A text that it cannot label is a UsageError; a missing column is a DataError.

    >>> tagger = rnncli.load()
    >>> [span.type for span in tagger.tag("leave Taipei on November 2nd").spans]
    ['departure', 'departure_time']
    """

    model: Model
    threads: int = 1  # 0: one for each available CPU
    nbest: int = 0  # how many readings of each sentence to compute
    kernels: bool | None = None  # whether the kernels label, or NumPy; None chooses the faster

    def __repr__(self) -> str:
        return f"<tagger with {self.model!r}>"

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

        columns  the columns of each token, for a model that was trained on columns
        """
        words = list(arguments.texts("tokens", tokens, "tag(text) cuts a text into tokens"))
        rows = None if columns is None else check_columns(columns, len(words))
        return next(self._stream([(*joined(words), rows)], 1))

    def stream(self, texts: Iterable[str], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """Label texts in order, ``block`` at a time: one result for each text, also for a text without tokens."""
        return self._stream(
            ((text, self.model.tokenize(text), None) for text in _checked(texts)), _block_size(block)
        )

    def stream_sentences(self, sentences: Iterable[Sentence], block: int = BLOCK_SENTENCES) -> Iterator[Tagged]:
        """The same for sentences of a file that are cut into tokens already; one with a text alone is cut here.

        Offsets count in the text of the sentence, if the file has it, else in the tokens joined by blanks.
        """
        checked = _checked_sentences(sentences)
        return self._stream(map(self._located, checked), _block_size(block))

    def _located(self, sentence: Sentence) -> _Tokenized:
        text = sentence.extra.text
        if text is None:
            return (*joined(sentence.tokens), sentence.columns)
        if not sentence.tokens:
            return text, self.model.tokenize(text), None
        starts = sentence.extra.starts
        if starts is None:
            return (*joined(sentence.tokens), sentence.columns)
        located = zip(sentence.tokens, starts, strict=True)
        return text, [Token(token, start, start + len(token)) for token, start in located], sentence.columns

    def tsv(self, texts: Iterable[str], block: int = BLOCK_SENTENCES) -> Iterator[str]:
        """Label texts as lines of token and tag, a string for each block: much faster, as it needs no offsets."""
        return self._tsv(((self.model.cut(text), None) for text in _checked(texts)), _block_size(block))

    def tsv_sentences(self, sentences: Iterable[Sentence], block: int = BLOCK_SENTENCES) -> Iterator[str]:
        """The same for sentences of a file that are cut into tokens already."""
        checked = _checked_sentences(sentences)
        return self._tsv(map(self._cut, checked), _block_size(block))

    def _cut(self, sentence: Sentence) -> tuple[list[str], _Columns | None]:
        if sentence.tokens or sentence.extra.text is None:
            return sentence.tokens, sentence.columns
        return self.model.cut(sentence.extra.text), None

    def _tsv(self, items: Iterable[tuple[list[str], _Columns | None]], block: int) -> Iterator[str]:
        def read() -> Iterator[tuple[list[str], Encoded]]:
            for block_items in _blocks(items, block, lambda item: len(item[0])):
                sentences, columns = zip(*block_items, strict=True)
                encoded = self.model.encode(sentences, columns if self.model.inputs.columns else None)
                yield [token for tokens in sentences for token in tokens], encoded

        for tokens, encoded, prediction in self._labelled(read(), block, with_probabilities=False):
            yield token_lines.format_block(tokens, encoded.starts, prediction.tags, self.model.tags)

    def _stream(self, items: Iterable[_Tokenized], block: int) -> Iterator[Tagged]:
        def read() -> Iterator[tuple[list[_Tokenized], Encoded]]:
            for block_items in _blocks(items, block, lambda item: len(item[1])):
                columns = [[()] * len(tokens) if rows is None else rows for _, tokens, rows in block_items]
                sentences = [[token.text for token in tokens] for _, tokens, _ in block_items]
                yield block_items, self.model.encode(sentences, columns)

        for block_items, encoded, prediction in self._labelled(read(), block):
            tags = [self.model.tags[number] for number in prediction.tags.tolist()]
            probabilities = prediction.probabilities.tolist()
            for number, (text, tokens, _) in enumerate(block_items):
                start, end = encoded.starts[number : number + 2]
                readings = self._readings(encoded, number) if self.nbest and start < end else []
                yield self._tagged(text, tokens, tags[start:end], probabilities[start:end], readings)

    def _labelled(
        self, blocks: Iterable[tuple[T, Encoded]], block: int, with_probabilities: bool = True
    ) -> Iterator[tuple[T, Encoded, Prediction]]:
        ahead = (
            AHEAD if block > 1 else 0
        )  # with blocks of one line, the answer to a line must not wait for the next
        return self._labeller.stream(blocks, self.threads, ahead, with_probabilities)

    @cached_property
    def _labeller(self) -> Labeller:
        return Labeller(self.model, self.kernels)

    def _readings(self, encoded: Encoded, sentence: int) -> list[Reading]:
        names = self.model.tags
        sequences = nbest(self.model, encoded, sentence, self.nbest)
        return [Reading([names[number] for number in tags], probability) for tags, probability in sequences]

    def _tagged(
        self, text: str, tokens: list[Token], tags: list[str], probabilities: list[float], readings: list[Reading]
    ) -> Tagged:
        labelled = [
            TaggedToken(*token, tag, probability)
            for token, tag, probability in zip(tokens, tags, probabilities, strict=True)
        ]
        return Tagged(text, labelled, _spans(text, labelled, self.model.scheme), readings)


def _checked(texts: Iterable[str]) -> Iterator[str]:
    """Check now that this is an iterable of texts, and check each text when it is read."""
    texts = arguments.several("texts", texts, "several texts", "tag(text) labels one")
    return (arguments.text("text", text, "tag_tokens(tokens) labels a list of tokens") for text in texts)


def _checked_sentences(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """The same for sentences; their tags are not checked."""
    sentences = arguments.several("sentences", sentences, "several sentences", "tag(text) labels a text")
    return (check(sentence, labelled=False) for sentence in sentences)


def _block_size(size: int) -> int:
    return arguments.whole_number("block", size, 1, "it is how many sentences are labelled at a time")


def _blocks(items: Iterable[T], size: int, tokens_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Divide into lists of ``size``, or of about :data:`BLOCK_TOKENS` if that is less.

    If reading an item fails, the items before it are yielded first.
    """
    block: list[T] = []
    tokens = 0
    try:
        for item in items:
            block.append(item)
            tokens += tokens_of(item)
            if len(block) == size or tokens >= BLOCK_TOKENS:
                yield block
                block = []
                tokens = 0
    except RnncliError:
        if block:
            yield block
        raise
    if block:
        yield block
