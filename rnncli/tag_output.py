"""What ``rnncli tag`` writes of sentences: lines for people, TSV, JSON Lines, labelled files, pages."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rnncli.data.faults import shown
from rnncli.data.formats.token_lines import format_sentence
from rnncli.data.sentence import Sentence
from rnncli.errors import DataError, UsageError
from rnncli.json_text import json_line
from rnncli.marks import Mark, page
from rnncli.tagging import Tagged, Tagger

if TYPE_CHECKING:  # all formats are loaded where a file is read, not to label one text
    from rnncli.config import ReadOptions
    from rnncli.data.formats.format import Names
    from rnncli.data.reading import File
    from rnncli.data.text_field import Line

JSON_ITEMS = 10_000  # tokens or spans that are formatted at once
IN_LINES = ("line", "tsv", "jsonl")  # what is written sentence by sentence; all else is a whole file

Marks = Sequence[tuple[int, int, str]]  # start, end and label of each span of a text


class Writer:
    """Labels sentences and writes the results.

    to     "line", "tsv", "jsonl", "html", or the name of a format of labelled files
    put    writes a piece of a result
    keep   whether the other columns of a file are written too, between token and tag
    mark   makes a line for people of a text and its marks, for "line"
    added  name of the field that is added to lines of JSON; "" is :func:`result_name`
    force  replace fields of JSON that have the name of a result
    """

    def __init__(
        self,
        tagger: Tagger,
        to: str,
        put: Callable[[str], object],
        keep: bool = False,
        mark: Callable[[str, Marks], str] = lambda text, marks: text,
        added: str = "",
        force: bool = False,
    ) -> None:
        self.tagger = tagger
        self.to = to
        self.keep = keep
        self.added = added or result_name(tagger)
        self.results = 0
        self.tokens = 0  # of the results
        self.errors = 0  # lines that could not be labelled
        self._put = put
        self._mark = mark
        self.force = force
        self._format: Callable[[Tagged], Iterable[str]] = {"line": self._line, "tsv": _tsv}.get(to, _json)
        # The results are strings if they are formatted in blocks.
        self._in_blocks = to == "tsv" and not tagger.nbest

    @property
    def writes_files(self) -> bool:
        """Whether :meth:`label_as_file` writes a whole file: a page, or one in a format of labelled files."""
        return self.keep or self.to not in IN_LINES

    def write(self, results: Iterable[Tagged | str], after_each: Callable[[], None] = lambda: None) -> None:
        """Write results; a function is called after each."""
        for result in results:
            if isinstance(result, str):
                self._put(result)
            else:
                self.results += 1
                self.tokens += len(result.tokens)
                for piece in self._format(result):
                    self._put(piece)
            after_each()

    def items(self, file: "File", is_piped: bool = False) -> Iterable[Any]:
        """The texts or the sentences of a file; :class:`.DataError` if it is not one for the model.

        is_piped  whether somebody may wait for the answer to the first sentence before there is a second
        """
        from rnncli.data.reading import OF_COLUMNS
        from rnncli.evaluation import checked

        if file.format == "text":
            refuse_text(self.tagger)
        if self.keep and file.format not in OF_COLUMNS:
            hint = "leave out --keep-columns"
            raise UsageError(f"{file.format} has no columns to keep", where=file.name, hint=hint)
        if file.format == "text":
            if self.writes_files:
                return file.sentences
            return (sentence.extra.text or "" for sentence in file.sentences)
        # The columns must be those of the model; of a pipe only the first sentence is awaited.
        return checked(self.tagger.model, file.name, file.sentences, self.force, at_once=is_piped)

    def labels(self, file: "File", options: "ReadOptions") -> Callable[[Iterable[Any]], Iterable[Tagged | str]]:
        """What labels the :meth:`items` of a file, all at once or some after others."""
        if self.writes_files:
            names = file.names._replace(tag=self._tag_column(file.names, options))
            return partial(self.label_as_file, names=names)
        return self.label_texts if file.format == "text" else self.label_sentences

    def label_texts(self, texts: Iterable[str]) -> Iterable[Tagged | str]:
        """Label texts."""
        return self._counted(self.tagger.tsv(self._tally(texts))) if self._in_blocks else self.tagger.stream(texts)

    def label_sentences(self, sentences: Iterable[Sentence]) -> Iterable[Tagged | str]:
        """Label sentences; those that come from objects of JSON get these back, with their fields in order."""
        if self._in_blocks:
            return self._counted(self.tagger.tsv_sentences(self._tally(sentences)))
        if self.to == "jsonl":
            return self._records(sentences)
        return self.tagger.stream_sentences(sentences)

    def label_lines(self, lines: "Iterable[Line]") -> Iterator[str]:
        """Label lines of JSON: the result becomes one more field of each."""
        from rnncli.data import text_field

        waiting: deque[Line] = deque()
        texts = (line.text or "" for line in _remembered(lines, waiting))
        for tagged in self.tagger.stream(texts):
            line = waiting.popleft()
            if line.text is not None:
                self.results += 1
                self.tokens += len(tagged.tokens)
                yield text_field.with_field(line.raw, self.added, marks(tagged, self.tagger))
            elif line.error:
                self.errors += 1
                yield text_field.with_error(line)
            else:
                yield line.raw + "\n"

    def label_as_file(self, sentences: Iterable[Sentence], names: "Names") -> Iterator[str]:
        """Label sentences and give the pieces of a file; ``names`` are those of the file that is read.

        From CoNLL-U to CoNLL-U everything else is kept. The tags are written in the column ``names.tag``, or, if it
        is None, in a column TAG of their own, which makes the file CoNLL-U Plus.
        """
        from rnncli.data.formats import conllu
        from rnncli.data.formats.registry import FORMATS

        if self.to == "html":
            yield from page(self._texts(sentences), types(self.tagger))
            return
        labelled = self._labelled(sentences, names)
        if self.to == "conllu" and "FORM" in names.cells:
            if names.tag is None:
                labelled, names = conllu.with_tag_column(labelled, names)
        else:
            others = [name for i, name in enumerate(names.cells) if i != names.token]
            names = names._replace(features=others if self.keep else (), cells=(), tag=None)
        yield from FORMATS[self.to].write(labelled, names)

    def _texts(self, sentences: Iterable[Sentence]) -> Iterator[tuple[str, Iterable[Mark]]]:
        """The texts of a page with their marks: the spans, or, where tags mark none, the tokens."""
        scheme = self.tagger.model.scheme
        for tagged in self.tagger.stream_sentences(sentences):
            self.results += 1
            self.tokens += len(tagged.tokens)
            if scheme.has_spans:
                yield tagged.text, (Mark(s.start, s.end, s.type, s.probability) for s in tagged.spans)
            else:
                yield tagged.text, (Mark(t.start, t.end, t.tag, t.probability) for t in tagged.tokens)

    def _labelled(self, sentences: Iterable[Sentence], names: "Names") -> Iterator[Sentence]:
        """The sentences with the tags of the model."""
        waiting: deque[Sentence] = deque()
        for tagged in self.tagger.stream_sentences(_remembered(sentences, waiting)):
            sentence = waiting.popleft()
            self.results += 1
            self.tokens += len(tagged.tokens)
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

    def _records(self, sentences: Iterable[Sentence]) -> Iterator[Tagged | str]:
        """The results of sentences, in the objects that these come from, if they come from some."""
        waiting: deque[Sentence] = deque()
        for tagged in self.tagger.stream_sentences(_remembered(sentences, waiting)):
            sentence = waiting.popleft()
            value = sentence.extra.value
            if value is None:
                yield tagged
                continue
            result = tagged.as_dict()
            both = next((name for name in result if name in value and value[name] != sentence.tokens), None)
            if both and not self.force:
                message = f"there is a field {shown(both)} already"
                raise DataError(message, where=f"line {sentence.line}", hint="--force replaces it")
            self.results += 1
            self.tokens += len(tagged.tokens)
            yield json_line({**value, **result})

    def _tag_column(self, names: "Names", options: "ReadOptions") -> int | None:
        """The number of the column of a CoNLL-U file that gets the new tags, from 0; ``None`` for a new one.

        It is the column that was chosen, else UPOS, if the model's tags are such.
        """
        from rnncli.data.formats import columns, conllu

        cells = [name.upper() for name in names.cells]
        usual = "UPOS" if conllu.UPOS.issuperset(self.tagger.model.tags) else ""
        chosen = columns.parse(options.columns).get("tag", usual).upper()
        return cells.index(chosen) if chosen in cells else None

    def _tally(self, items: Iterable[Any]) -> Iterator[Any]:
        """The same items, counted as results."""
        for item in items:
            self.results += 1
            yield item

    def _counted(self, blocks: Iterable[str]) -> Iterator[str]:
        """The same blocks of lines of a token; a blank line after each sentence is none."""
        read = self.results
        for block in blocks:
            self.tokens += block.count("\n")
            yield block
        self.tokens -= self.results - read

    def _line(self, result: Tagged) -> Iterable[str]:
        if not result.readings:
            return [self._marked(result) + "\n"]
        scheme = self.tagger.model.scheme
        return [f"{r.probability:.4f}  {self._marked(result.read_as(r, scheme))}\n" for r in result.readings]

    def _marked(self, result: Tagged) -> str:
        if not self.tagger.model.scheme.has_spans:
            marks = [(token.start, token.end, token.tag) for token in result.tokens]
        else:
            marks = [(span.start, span.end, span.type) for span in result.spans]
        return self._mark(result.text, marks)


def refuse_text(tagger: Tagger) -> None:
    """Refuse to label a text with a model that reads columns beside each token."""
    columns = tagger.model.inputs.columns
    if columns:
        number = "a column" if columns == 1 else f"{columns} columns"
        hint = f"give a file with {'it' if columns == 1 else 'them'}: --input FILE"
        raise UsageError(f"this model reads {number} beside each token", hint=hint)


def types(tagger: Tagger) -> list[str]:
    """What a model can mark: the types of its spans, or its tags where these mark none; sorted."""
    scheme = tagger.model.scheme
    if not scheme.has_spans:
        return sorted(tagger.model.tags)
    kinds = {scheme.type_of(tag) for tag in tagger.model.tags}
    return sorted(kind for kind in kinds if kind is not None)


def result_name(tagger: Tagger) -> str:
    """The name of the field or column that is added where a text is one field of several."""
    return "spans" if tagger.model.scheme.has_spans else "tokens"


def marks(tagged: Tagged, tagger: Tagger) -> list[dict[str, Any]]:
    """The value of that field: the spans, or, where tags mark none, the tokens, each with its tag."""
    if not tagger.model.scheme.has_spans:
        return [token._asdict() for token in tagged.tokens]
    return [
        {
            "text": span.text,
            "start": span.start,
            "end": span.end,
            "tag": span.type,
            "probability": span.probability,
        }
        for span in tagged.spans
    ]


def _remembered(items: Iterable[Any], waiting: deque[Any]) -> Iterator[Any]:
    """The same items, of which each is added to ``waiting`` before it is labelled."""
    for item in items:
        waiting.append(item)
        yield item


def _tsv(result: Tagged) -> Iterable[str]:
    if not result.readings:  # a line without tokens
        return [format_sentence([])]
    texts = [token.text for token in result.tokens]
    sentences = []
    for rank, reading in enumerate(result.readings, 1):
        probability = f"{reading.probability:.6g}"
        rows = [(token, str(rank), probability, tag) for token, tag in zip(texts, reading.tags, strict=True)]
        sentences.append(format_sentence(rows))
    return sentences


def _json(result: Tagged) -> Iterable[str]:
    if len(result.tokens) > JSON_ITEMS:
        return _json_in_pieces(result)
    return [json_line(result.as_dict())]


def _json_in_pieces(result: Tagged) -> Iterator[str]:
    """The same JSON in pieces: as one string, that of a long text would take several times its memory."""
    lists: dict[str, list[Any]] = {"tokens": result.tokens, "spans": result.spans}
    if result.readings:
        lists["nbest"] = result.readings
    for number, (name, items) in enumerate(lists.items()):
        yield f'{", " if number else "{"}"{name}": ['
        for first in range(0, len(items), JSON_ITEMS):
            piece = [item._asdict() for item in items[first : first + JSON_ITEMS]]
            yield (", " if first else "") + json_line(piece)[1:-2]
        yield "]"
    yield "}\n"
