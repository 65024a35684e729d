"""Sentences of records: objects of JSON with tokens and tags, or with a text and spans in it."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any, NamedTuple

from rnncli.data.faults import Fault, Faults, shown
from rnncli.data.formats.charspans import (
    FORCED,
    ProblemError,
    distinct,
    in_lines,
    iob2,
    located,
    on_tokens,
    parse,
)
from rnncli.data.formats.exports import MINIMAL, Exports, Record
from rnncli.data.formats.format import Contents, Names, Wanted
from rnncli.data.formats.jsonvalues import Value, Values
from rnncli.data.formats.layout import Layout, kind_of, layout
from rnncli.data.sentence import Extra, Sentence
from rnncli.data.textfile import Lines
from rnncli.data.tokenize import Token, tokenizer
from rnncli.errors import DataError

_log = logging.getLogger(__name__)

# Fields that rnncli writes: features, lists by their names; starts of tokens that do not follow from the text;
# comments, which begin with "#"; the line that begins a document, or "".
COLUMNS = "columns"
STARTS = "starts"
COMMENTS = "comments"
DOCUMENT = "document"
_SAMPLE = 100  # records that are read to recognise the fields
TOKENIZER = "words+characters"  # cuts texts in any script, where none is chosen
_LINE = re.compile(r"[^\r\n]+")
_BREAK = re.compile(r"[\t\r\n]")


@cache
def _say(text: str) -> None:
    """Log a text once, also where a file is read twice."""
    _log.info(text)


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read the records of a file of JSON: an array of them, or one after another."""
    return of_values(Values(lines, faults), wanted, faults)


def of_values(values: Iterable[Value], wanted: Wanted, faults: Faults) -> Contents:
    """Read such records."""
    reader = _Reader(wanted, faults)
    records = reader.records(values)
    sample = list(islice(records, _SAMPLE if wanted.labelled else 1))
    if not sample:
        faults.raise_any()
        if reasons := reader.left_out():
            raise DataError(f"all records are left out: {reasons}", where=faults.name)
        return Contents("no records", iter(()))
    try:
        reader.prepare([item.record for item in sample])
    except DataError:
        faults.raise_any()  # records that are wrong may be why no field fits
        raise
    sentences = reader.sentences(chain(sample, records))
    return Contents(reader.layout.in_words(reader.tokenizer, reader.features), sentences, Names(reader.features))


class _Located(NamedTuple):
    """A record and where it begins in the file."""

    line: int
    column: int
    record: Record
    value: dict[str, Any] | None = None  # the object that it comes from, if that is this record alone


class _Reader:
    """Makes sentences of the records of a file; problems become faults."""

    def __init__(self, wanted: Wanted, faults: Faults) -> None:
        self.wanted = wanted
        self.layout = Layout()
        self.tokenizer = TOKENIZER if wanted.tokenizer == "auto" else wanted.tokenizer
        self.features: tuple[str, ...] = ()
        self._faults = faults
        self._exports = Exports(wanted)
        self._forced: Counter[str] = Counter()

    def records(self, values: Iterable[Value]) -> Iterator[_Located]:
        for line, column, value in values:
            try:
                records = self._exports.plain(value)
                if self.wanted.labelled or not isinstance(value, dict):
                    yield from (_Located(line, column, record) for record in records)
                    continue
                first = list(islice(records, 2))
                whole = value if len(first) == 1 else None
                yield from (_Located(line, column, record, whole) for record in chain(first, records))
            except ProblemError as problem:
                self._faults.add(Fault(line, column, problem.message, "", problem.hint))

    def prepare(self, sample: Sequence[Record]) -> None:
        """Recognise the fields."""
        self.layout = layout(sample, self.wanted, self._faults.name)
        columns = next((c for record in sample if (c := self._columns(record.fields))), {})
        self.features = self.layout.features or tuple(columns)

    def sentences(self, records: Iterable[_Located]) -> Iterator[Sentence]:
        for located_record in records:
            line, column = located_record.line, located_record.column
            try:
                yield from self._sentences(located_record)
            except ProblemError as problem:
                self._faults.add(Fault(line, column, problem.message, "", problem.hint))
        if reasons := self.left_out():
            _say(f"{self._faults.name}: records left out: {reasons}")
        if self._forced:
            _say(f"{self._faults.name}: spans: {_counted(self._forced)}")

    def left_out(self) -> str:
        """How many records hold no finished labels, and why."""
        return _counted(self._exports.left_out)

    def _sentences(self, located_record: _Located) -> Iterator[Sentence]:
        line, _, record, value = located_record
        fields = dict(record.fields)
        if self.layout.tokens:
            texts = _texts(fields.pop(self.layout.tokens, None), self.layout.tokens)
            text, starts = self._text_of(fields, texts, record)
        else:
            texts = []
            starts = None
            text = fields.pop(self.layout.text, None)
            if not isinstance(text, str):
                raise ProblemError(f"no text in {self.layout.text}")
        if self.layout.spans:
            if text is None:
                raise ProblemError("spans of characters, but no text", "give the text, or the start of every token")
            tokens = tokenizer(self.tokenizer).tokenize(text) if starts is None else _tokens(texts, starts)
            spans = fields.pop(self.layout.spans, None)
            yield from self._of_spans(located_record, text, tokens, spans, fields)
            return
        if not texts and self.wanted.labelled:
            return
        tags = self._tags(fields.pop(self.layout.tags, None), len(texts)) if self.layout.tags else []
        columns = self._feature_rows(fields, len(texts))
        comments = _own_comments(fields)
        document = _own_document(fields)
        lines = (line,) * len(texts)
        extra = Extra(lines, text, starts, comments, document, fields=fields or None, value=value)
        yield Sentence(texts, tags, columns, line, extra)

    def _text_of(
        self, fields: dict[str, Any], texts: list[str], record: Record
    ) -> tuple[str | None, list[int] | None]:
        """The text of tokens and where they start in it, as far as the record says or they occur in it in order."""
        text = fields.get(self.layout.text) if self.layout.text else None
        starts = record.starts or self._written_starts(fields, len(texts))
        if not isinstance(text, str):
            if starts is not None:
                return _rebuilt(texts, starts), starts
            if record.blanks is None:
                return None, None
            text = "".join(t + " " * blank for t, blank in zip(texts, record.blanks, strict=True)).rstrip(" ")
            return text, find(text, texts)
        if starts is None:
            starts = find(text, texts)
        elif not _are_at(texts, starts, text):
            raise ProblemError("the tokens are not in the text where they start")
        if starts is None:
            return None, None
        del fields[self.layout.text]
        return text, starts

    def _written_starts(self, fields: dict[str, Any], count: int) -> list[int] | None:
        starts = fields.get(STARTS)
        is_own = isinstance(starts, list) and len(starts) == count and kind_of(starts) == "numbers"
        return fields.pop(STARTS) if is_own else None

    def _of_spans(
        self, located_record: _Located, text: str, tokens: list[Token], items: Any, fields: dict[str, Any]
    ) -> Iterator[Sentence]:
        """The sentences of a text, one for each of its lines, with the tags of its spans."""
        line, column, _, _ = located_record
        if items is not None and not isinstance(items, list):
            raise ProblemError(f"{self.layout.spans} is no list of spans: {shown(str(items))}")
        fields_given = located_record.record.fields
        is_minimal = located_record.record.tool == MINIMAL  # which has no field where there is no span
        if items is None and self.layout.spans not in fields_given and not is_minimal:
            raise ProblemError(f"no field {self.layout.spans}", "a text without spans has an empty list")
        problems: list[ProblemError] = []
        located_spans = located(text, [parse(item) for item in items or []])
        marked = in_lines(text, distinct(text, located_spans, problems), problems)
        tokens = [token for token in tokens if not token.text.isspace()]
        spans = on_tokens(text, tokens, marked, problems)
        if self.wanted.force:
            self._forced.update(FORCED[problem.hint] for problem in problems)
        elif problems:
            for problem in problems:
                self._faults.add(Fault(line, column, problem.message, "", problem.hint))
            return
        tags = iob2(spans, len(tokens))
        first = 0
        for match in _LINE.finditer(text):
            last = first
            while last < len(tokens) and tokens[last].end <= match.end():
                last += 1
            if first < last:
                starts = [token.start - match.start() for token in tokens[first:last]]
                extra = Extra((line,) * len(starts), match.group(), starts, fields=fields or None)
                texts = [token.text for token in tokens[first:last]]
                yield Sentence(texts, tags[first:last], [()] * len(texts), line, extra)
            first = last

    def _tags(self, tags: Any, count: int) -> list[str]:
        """The tags of the tokens, checked; numbers are replaced by their names."""
        field = self.layout.tags
        if isinstance(tags, list) and len(tags) != count:
            raise ProblemError(f"{count} tokens, but {len(tags)} tags", "every token needs one tag")
        names = self.wanted.tag_names
        if isinstance(tags, list) and any(type(tag) is int for tag in tags):
            if not names:
                hint = (
                    "give the names in their order: --tag-names O,B-PER,I-PER,… (of a data set of Hugging Face, "
                    f'features["{field}"].feature.names)'
                )
                raise DataError(f"the tags in {field} are numbers", where=self._faults.name, hint=hint)
            wrong = next((tag for tag in tags if type(tag) is int and not 0 <= tag < len(names)), None)
            if wrong is not None:
                raise ProblemError(f"tag number {wrong}, but {len(names)} names are given, from number 0 on")
            tags = [names[tag] if type(tag) is int else tag for tag in tags]
        return _texts(tags, field)

    def _columns(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The field of features, if rnncli wrote it."""
        columns = fields.get(COLUMNS)
        is_own = (
            isinstance(columns, dict) and columns and all(kind_of(c) in ("texts", "") for c in columns.values())
        )
        return columns if is_own and not self.wanted.columns and self.layout.tokens else {}  # type: ignore[return-value]

    def _feature_rows(self, fields: dict[str, Any], count: int) -> list[tuple[str, ...]]:
        """The features of the tokens, which are then no further fields."""
        if not self.features:
            return [()] * count
        source = fields if self.layout.features else fields.pop(COLUMNS, {})
        columns = []
        for name in self.features:
            column = source.pop(name, None) if isinstance(source, dict) else None
            if not isinstance(column, list) or len(column) != count:
                raise ProblemError(f"no value of {name} for every token")
            columns.append(_texts(column, name))
        return list(zip(*columns, strict=True)) if count else []


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())


def _texts(values: Any, field: str) -> list[str]:
    """A list of texts that are not empty and within one line."""
    if values is None:
        raise ProblemError(f"no field {field}")
    if not isinstance(values, list):
        raise ProblemError(f"no list of texts in {field}")
    if not set(map(type, values)) <= {str}:
        wrong = next(value for value in values if not isinstance(value, str))
        raise ProblemError(f"{field} holds {shown(str(wrong))}, which is no text")
    if "" in values:
        raise ProblemError(f"an empty text in {field}, number {values.index('') + 1}")
    if _BREAK.search("".join(values)):
        wrong = next(value for value in values if _BREAK.search(value))
        raise ProblemError(f"{field} holds {shown(wrong)}, which has a TAB or a line end")
    return values


def _own_comments(fields: dict[str, Any]) -> tuple[str, ...]:
    """The comments that rnncli wrote, which are then no further field."""
    comments = fields.get(COMMENTS)
    is_own = kind_of(comments) == "texts" and all(line[:1] == "#" and "\n" not in line for line in comments or ())
    return tuple(fields.pop(COMMENTS)) if is_own else ()


def _own_document(fields: dict[str, Any]) -> str | None:
    """The line that begins a document, if rnncli wrote it; it is then no further field."""
    document = fields.get(DOCUMENT)
    is_own = isinstance(document, str) and bool(re.fullmatch(r"|(-DOCSTART-|#).*", document))
    return fields.pop(DOCUMENT) if is_own else None


def _tokens(texts: Sequence[str], starts: Sequence[int]) -> list[Token]:
    return [Token(text, start, start + len(text)) for text, start in zip(texts, starts, strict=True)]


def find(text: str, tokens: Sequence[str]) -> list[int] | None:
    """Where the tokens start in a text, one after another; ``None`` if they are not in it or something is between.

    Between tokens there may be only blanks and characters that are not shown.
    """
    starts = []
    position = 0
    for token in tokens:
        start = text.find(token, position)
        if start < 0 or any(c.isprintable() and not c.isspace() for c in text[position:start]):
            return None
        starts.append(start)
        position = start + len(token)
    return starts


def _are_at(texts: Sequence[str], starts: Sequence[int], text: str) -> bool:
    """Whether the tokens are in a text where they start, one after another."""
    position = 0
    for token, start in zip(texts, starts, strict=True):
        if start < position or not text.startswith(token, start):
            return False
        position = start + len(token)
    return True


def _rebuilt(texts: Sequence[str], starts: Sequence[int]) -> str:
    """A text with blanks between tokens that start here."""
    pieces = []
    position = 0
    for text, start in zip(texts, starts, strict=True):
        if start < position:
            raise ProblemError(f"the token {shown(text)} starts at {start}, inside the one before")
        pieces += [" " * (start - position), text]
        position = start + len(text)
    return "".join(pieces)
