"""Labelled sentences that a program gives, not a file: pairs of lists, columns, tables of pandas and polars.

They are read as files of JSON or CSV with the same content are, so that the same checks apply. No library of tables
is imported: a table is whatever has columns with names.
"""

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeGuard

from rnncli.arguments import shown
from rnncli.config import ReadOptions
from rnncli.data.faults import Faults
from rnncli.data.formats import csv, records
from rnncli.data.formats.format import Contents, Names, Wanted
from rnncli.data.formats.jsonl import FORMAT
from rnncli.data.formats.jsonvalues import Value, has_half_pair
from rnncli.data.reading import LABELLED, Corpus, chosen
from rnncli.data.sentence import Sentence, check
from rnncli.errors import DataError, UsageError

# The name of a file, or labelled sentences as :func:`corpus` reads them.
Labelled: TypeAlias = str | os.PathLike[str] | Iterable[Any]
HINT = 'give the name of a file, a list of (tokens, tags), or columns: {"tokens": […], "tags": […]}'
_PAIR = "a tuple (tokens, tags) of two lists of texts"
_SAMPLE = 1_000  # rows by which the columns are recognised


def corpus(name: str, data: Any, options: ReadOptions, wanted: Wanted = LABELLED) -> Corpus:
    """Labelled sentences as if they had been read from a file.

    name  what they are called in messages
    data  a :class:`.Corpus`; or a list of (tokens, tags), of :class:`.Sentence` or of records such as
          ``{"tokens": […], "tags": […]}``; or columns by their names, in a dict, a table of pandas or polars, or a
          data set of ``datasets``: with a sentence in each row, or with a token in each row and a column that says
          which sentence it is of

    What is of another type is a :class:`.UsageError`; faults of the sentences are one :class:`.DataError`.
    """
    if isinstance(data, Corpus):
        return data
    name = f"<{name}>"
    if options.format != "auto" or options.encoding:
        raise UsageError("format and encoding are those of a file", where=name, hint="leave them out")
    wanted = chosen(wanted, options)
    faults = Faults(name)
    table = _columns(name, data)
    if table is None:
        rows = list(_several(name, data))
        if rows and all(isinstance(row, Sentence) for row in rows):
            contents = _of_sentences(name, rows, faults)
        else:
            contents = _of_records((_record(name, *row) for row in enumerate(rows, 1)), wanted, faults)
    elif _has_tokens_in_rows(table, wanted):
        contents = _of_tokens(name, table, wanted, faults)
    else:
        of_rows = (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
        contents = _of_records((_plain_record(name, *row) for row in enumerate(of_rows, 1)), wanted, faults)
    sentences = [_numbered(sentence, n) for n, sentence in enumerate(contents.sentences, 1) if sentence.tokens]
    faults.raise_any()
    if not sentences:
        raise DataError("no token in these sentences", where=name, hint=HINT)
    return Corpus(name, sentences, f"{name}  {contents.layout}", FORMAT.name, contents.names)


def is_file(data: object) -> TypeGuard[str | Path]:
    """Whether this is the name of a file, and not what :func:`corpus` reads."""
    return isinstance(data, str | bytes | os.PathLike)


def _refuse(where: str, expected: str, value: object, hint: str = HINT) -> NoReturn:
    raise UsageError(f"expected {expected}, got {shown(value)}", where=where, hint=hint)


def _several(name: str, data: Any) -> Iterable[Any]:
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Iterable):
        _refuse(name, "labelled sentences", data)
    return data


def _numbered(sentence: Sentence, number: int) -> Sentence:
    """A sentence whose place is its number."""
    lines = (number,) * len(sentence.tokens)
    return sentence._replace(line=number, extra=sentence.extra._replace(lines=lines))


# A list of sentences.


def _of_sentences(name: str, rows: Sequence[Sentence], faults: Faults) -> Contents:
    """Sentences that were read before, with their columns."""
    width = len(rows[0].columns[0]) if rows[0].columns else 0
    for number, row in enumerate(rows, 1):
        where = f"{name}, sentence {number}"
        try:
            check(row)
        except UsageError as error:
            raise UsageError(error.message, where=where, hint=error.hint) from None
        if any(len(cells) != width for cells in row.columns):
            raise DataError(f"expected {width} columns beside each token", where=where)
    checked = ({"tokens": list(row.tokens), "tags": list(row.tags)} for row in rows)
    list(_of_records(checked, LABELLED, faults).sentences)
    names = Names([str(number) for number in range(2, width + 2)])
    return Contents(f"{len(rows):,} sentences", iter(rows), names)


def _of_records(rows: Iterable[dict[str, Any]], wanted: Wanted, faults: Faults) -> Contents:
    """Records with a sentence each."""
    return records.of_values((Value(number, 0, row) for number, row in enumerate(rows, 1)), wanted, faults)


def _record(name: str, number: int, row: Any) -> dict[str, Any]:
    """The record of a sentence of a list."""
    where = f"{name}, sentence {number}"
    if isinstance(row, Sentence):
        row = row.tokens, row.tags
    if isinstance(row, Mapping):
        return _plain_record(name, number, row)
    if isinstance(row, list) and row and all(isinstance(part, tuple) for part in row):
        _refuse(where, _PAIR, row, "this seems to be a list of (token, tag): give tuple(zip(*sentence))")
    if not isinstance(row, tuple) or len(row) != 2:  # a list of two lists may be two lists of tokens
        _refuse(where, _PAIR, row)
    tokens, tags = (_texts(where, what, part) for what, part in zip(("token", "tag"), row, strict=True))
    if len(tokens) != len(tags):
        message = f"{len(tokens)} tokens, but {len(tags)} tags"
        raise DataError(message, where=where, hint="every token needs one tag")
    return {"tokens": tokens, "tags": tags}


def _texts(where: str, what: str, values: Any) -> list[Any]:
    """The tokens or the tags of a sentence; numbers, which may have names, are left to the reader of records."""
    plain = _plain(values)
    if not isinstance(plain, list):
        _refuse(where, f"a list of {what}s", values)
    for number, value in enumerate(plain, 1):
        is_number = what == "tag" and type(value) is int
        if not isinstance(value, str) and not is_number:
            hint = 'decode it: value.decode("utf-8")' if isinstance(value, bytes) else f"every {what} is a text"
            _refuse(f"{where}, {what} {number}", "a text", value, hint)
    if has_half_pair(plain):
        raise DataError(f"a {what} has half of a surrogate pair", where=where)
    return plain


def _plain_record(name: str, number: int, row: Mapping[Any, Any]) -> dict[str, Any]:
    """The fields of a record, as JSON has them."""
    fields = {str(field): _plain(value) for field, value in row.items()}
    texts = {field: value for field, value in fields.items() if isinstance(value, list | str)}
    if any(has_half_pair(value) for value in texts.values() if not _is_ascii(value)):
        raise DataError("a text has half of a surrogate pair", where=f"{name}, sentence {number}")
    return fields


def _is_ascii(value: Any) -> bool:
    return value.isascii() if isinstance(value, str) else all(isinstance(v, str) and v.isascii() for v in value)


def _plain(value: Any) -> Any:
    """Lists for sequences and arrays of any library, and Python's own texts and whole numbers in them."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    for method in ("tolist", "to_list"):
        if hasattr(value, method):
            value = getattr(value, method)()
            break
    if isinstance(value, list | tuple):
        return [item if type(item) in (str, int) else _plain(item) for item in value]
    return int(value) if isinstance(value, Integral) and value is not True and value is not False else value


# Columns with names.


def _columns(name: str, data: Any) -> dict[str, list[Any]] | None:
    """The columns of a table, all of one length; ``None`` if this is none."""
    fields = data.keys() if isinstance(data, Mapping) else getattr(data, "column_names", None)
    fields = getattr(data, "columns", None) if fields is None else fields
    if fields is None or isinstance(data, str):
        return None
    if isinstance(data, Mapping) and any(hasattr(part, "column_names") for part in data.values()):
        raise UsageError(
            f"this has several parts: {', '.join(map(str, data))}", where=name, hint="give one: data[NAME]"
        )
    features = getattr(data, "features", None) or {}
    table = {}
    for field in fields:
        column = _plain(data[field])
        column = column if isinstance(column, list) else [_plain(v) for v in _several(f"{name}, {field}", column)]
        names = _names_of(features.get(field)) if isinstance(features, Mapping) else None
        table[str(field)] = column if names is None else _named(f"{name}, {field}", column, names)
    if len(table) < len(list(fields)):
        raise UsageError("two columns have the same name", where=name)
    sizes = {field: len(column) for field, column in table.items()}
    if len(set(sizes.values())) > 1:
        counts = ", ".join(f"{field} {size:,}" for field, size in sizes.items())
        raise UsageError(f"the columns have different numbers of rows: {counts}", where=name)
    return table


def _names_of(feature: Any) -> Sequence[str] | None:
    """The names of the numbers of a column, where a data set of ``datasets`` has some."""
    inner = getattr(feature, "feature", feature)
    names = getattr(inner, "names", None)
    return names if isinstance(names, list) else None


def _named(where: str, column: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The same column with names in place of numbers."""

    def name(row: int, value: Any) -> Any:
        if type(value) is not int:
            return value
        if not 0 <= value < len(names):
            message = f"number {value}, but there are {len(names)} names, from number 0 on"
            raise DataError(message, where=f"{where}, row {row}")
        return names[value]

    return [
        [name(row, item) for item in value] if isinstance(value, list) else name(row, value)
        for row, value in enumerate(column, 1)
    ]


def _has_tokens_in_rows(table: Mapping[str, Sequence[Any]], wanted: Wanted) -> bool:
    """Whether a row is a token and not a sentence: there is no column of lists, as of spans in a text."""
    column = wanted.columns.get("token", "")
    looked_at = [table[column]] if column in table else list(table.values())
    return bool(table) and not any(isinstance(value, list) for values in looked_at for value in values[:_SAMPLE])


def _of_tokens(name: str, table: Mapping[str, Sequence[Any]], wanted: Wanted, faults: Faults) -> Contents:
    """The sentences of a table with a token in each row, as of such a file of CSV."""
    fields = list(table)
    rows = [[_cell(value) for value in row] for row in zip(*table.values(), strict=True)]
    layout = csv.chosen(fields, rows[:_SAMPLE], wanted, name)
    if layout.sentence is None:
        hint = f'choose it: columns="sentence=NAME"; the columns: {", ".join(fields)}'
        raise UsageError("no column says which sentence a token is of", where=name, hint=hint)
    read = layout.columns
    assert read.tag is not None
    tag = fields[read.tag]
    if wanted.tag_names:
        table = {**table, tag: _named(f"{name}, {tag}", table[tag], wanted.tag_names)}
        rows = [[_cell(value) for value in row] for row in zip(*table.values(), strict=True)]
    for column in (read.token, read.tag, *read.features):
        _check_column(name, fields[column], table[fields[column]])
    _check_order(name, fields[layout.sentence], [row[layout.sentence] for row in rows])
    words = f"{read.in_words()}, sentences by column {fields[layout.sentence]}"
    return Contents(words, csv.sentences(enumerate(rows, 1), layout, wanted, faults), read.all_names())


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _check_column(name: str, field: str, values: Sequence[Any]) -> None:
    """Refuse what is no text, or an empty one, where tokens, tags or features are expected."""
    for number, value in enumerate(values, 1):
        where = f"{name}, row {number}"
        if value is None or value != value or value == "":
            hint = "pandas.read_csv(…, keep_default_na=False) keeps words such as NA and null"
            raise DataError(f"no text in {field}", where=where, hint=hint)
        if not isinstance(value, str):
            _refuse(where, f"a text in {field}", value, f'make texts of them: data["{field}"].astype(str)')
        if not value.strip(" ") or any(end in value for end in "\t\n\r") or has_half_pair(value):
            raise DataError(f"a blank, a TAB or a line end in {field}: {shown(value)}", where=where)


def _check_order(name: str, field: str, sentences: Sequence[str]) -> None:
    """Refuse a sentence whose tokens do not stand together."""
    seen: set[str] = set()
    row = 1
    for sentence, rows in itertools.groupby(sentence for sentence in sentences if sentence):
        if sentence in seen:
            message = f"the rows of sentence {sentence} in {field} do not stand together"
            raise DataError(message, where=f"{name}, row {row}", hint="sort the rows by sentence")
        seen.add(sentence)
        row += sum(1 for _ in rows)
