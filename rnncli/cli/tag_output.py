"""How ``rnncli tag`` writes what it has labelled: lines for people, TSV, JSON Lines, labelled files."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from rnncli.cli import show

if TYPE_CHECKING:
    from rnncli.data.formats.format import Names
    from rnncli.data.sentence import Sentence
    from rnncli.tagging import Tagged, Tagger

JSON_ITEMS = 10_000  # tokens or spans that are formatted at once


class Writer:
    """Labels sentences and writes the results.

    to    "line", "tsv", "jsonl", or the name of a format of labelled files
    file  to write to; ``None`` is stdout
    keep  whether the other columns of a file are written too, between token and tag
    """

    def __init__(self, tagger: "Tagger", to: str, file: IO[bytes] | None, keep: bool) -> None:
        self.tagger = tagger
        self.to = to
        self.keep = keep
        self.file = file
        self._format: Callable[[Tagged], Iterable[str]] = {"line": self._line, "tsv": _tsv}.get(to, _json)
        # A line for people is printable already, and may have colours.
        self._put = self._put_in_file if file else sys.stdout.write if to == "line" else show.data
        # The results are strings if they are formatted in blocks.
        in_blocks = to == "tsv" and not tagger.nbest
        self.label_texts: Callable[[Iterable[str]], Iterable[Tagged | str]] = (
            tagger.tsv if in_blocks else tagger.stream
        )
        self.label_sentences: Callable[[Iterable[Sentence]], Iterable[Tagged | str]] = (
            tagger.tsv_sentences if in_blocks else tagger.stream_sentences
        )
        self.results = 0

    @property
    def writes_files(self) -> bool:
        """Whether a whole file is written in a format of labelled files, by :meth:`label_as_file`."""
        return self.keep or self.to not in ("line", "tsv", "jsonl")

    @property
    def is_on_terminal(self) -> bool:
        """Whether people see the results at once."""
        return not self.file and sys.stdout.isatty()

    def write(self, results: "Iterable[Tagged | str]", after_each: Callable[[], None] = lambda: None) -> None:
        """Write results; a function is called after each."""
        for result in results:
            self.results += 1
            for piece in [result] if isinstance(result, str) else self._format(result):
                self._put(piece)
            after_each()

    def flush(self) -> None:
        """Let the reader of stdout see what was written."""
        if not self.file:
            sys.stdout.flush()

    def label_as_file(self, sentences: "Iterable[Sentence]", names: "Names") -> Iterator[str]:
        """Label sentences and give the pieces of a file; ``names`` are those of the file that is read.

        From CoNLL-U to CoNLL-U everything else is kept. The tags are written in the column ``names.tag``, or, if it
        is None, in a column TAG of their own, which makes the file CoNLL-U Plus.
        """
        from rnncli.data.formats import conllu
        from rnncli.data.formats.registry import FORMATS

        labelled = self._labelled(sentences, names)
        if self.to == "conllu" and "FORM" in names.cells:
            if names.tag is None:
                labelled, names = conllu.with_tag_column(labelled, names)
        else:
            others = [name for i, name in enumerate(names.cells) if i != names.token]
            names = names._replace(features=others if self.keep else (), cells=(), tag=None)
        yield from FORMATS[self.to].write(labelled, names)

    def _labelled(self, sentences: "Iterable[Sentence]", names: "Names") -> "Iterator[Sentence]":
        """The sentences with the tags of the model."""
        waiting: deque[Sentence] = deque()

        def remembered() -> "Iterator[Sentence]":
            for sentence in sentences:
                waiting.append(sentence)
                yield sentence

        for tagged in self.tagger.stream_sentences(remembered()):
            sentence = waiting.popleft()
            cells = sentence.extra.cells
            columns: list[tuple[str, ...]] = [()] * len(tagged.tokens)
            if self.keep and cells:
                columns = [tuple(c for i, c in enumerate(row) if i != names.token) for row in cells]
            extra = sentence.extra
            if extra.text is not None:
                extra = extra._replace(starts=[token.start for token in tagged.tokens])
            yield sentence._replace(
                tokens=[token.text for token in tagged.tokens],
                tags=[token.tag for token in tagged.tokens],
                columns=columns,
                extra=extra,
            )

    def _put_in_file(self, text: str) -> None:
        assert self.file
        self.file.write(text.encode("utf-8"))

    def _line(self, result: "Tagged") -> Iterable[str]:
        if not result.readings:
            return [self._marked(result) + "\n"]
        scheme = self.tagger.model.scheme
        return [f"{r.probability:.4f}  {self._marked(result.read_as(r, scheme))}\n" for r in result.readings]

    def _marked(self, result: "Tagged") -> str:
        if not self.tagger.model.scheme.has_spans:
            marks = [(token.start, token.end, token.tag) for token in result.tokens]
        else:
            marks = [(span.start, span.end, span.type) for span in result.spans]
        return show.labelled_line(result.text, marks, self.is_on_terminal)


def _tsv(result: "Tagged") -> Iterable[str]:
    from rnncli.data.formats.token_lines import format_sentence

    if not result.readings:  # a line without tokens
        return [format_sentence([])]
    texts = [token.text for token in result.tokens]
    sentences = []
    for rank, reading in enumerate(result.readings, 1):
        probability = f"{reading.probability:.6g}"
        rows = [(token, str(rank), probability, tag) for token, tag in zip(texts, reading.tags, strict=True)]
        sentences.append(format_sentence(rows))
    return sentences


def _json(result: "Tagged") -> Iterable[str]:
    if len(result.tokens) > JSON_ITEMS:
        return _json_in_pieces(result)
    return [show.json_line(result.as_dict())]


def _json_in_pieces(result: "Tagged") -> Iterator[str]:
    """The same JSON in pieces: as one string, that of a long text would take several times its memory."""
    lists: dict[str, list[Any]] = {"tokens": result.tokens, "spans": result.spans}
    if result.readings:
        lists["nbest"] = result.readings
    for number, (name, items) in enumerate(lists.items()):
        yield f'{", " if number else "{"}"{name}": ['
        for first in range(0, len(items), JSON_ITEMS):
            piece = [item._asdict() for item in items[first : first + JSON_ITEMS]]
            yield (", " if first else "") + show.json_line(piece)[1:-2]
        yield "]"
    yield "}\n"
