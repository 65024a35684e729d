"""CSV with a header: a token on each line, sentences by a column or by blank lines; fields may be quoted."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from rnncli.data.faults import Fault, Faults
from rnncli.data.formats import columns
from rnncli.data.formats.columns import Layout, number_of
from rnncli.data.formats.format import Contents, Format, Names, Wanted
from rnncli.data.sentence import NOTHING, Extra, Sentence
from rnncli.data.textfile import Lines
from rnncli.errors import DataError

# Names of columns as people write them, without signs and in small letters; the first that a file has is used.
_TOKEN = ("token", "word", "form", "text", "tokens", "words")
_TAGS = (
    ("tag",),
    ("label", "ner", "nertag", "nertags", "tags", "labels", "iob", "bio", "iobtag", "biotag", "nerlabel", "gold"),
    ("pos", "upos", "xpos", "postag", "chunk", "chunktag", "slot", "entity", "entitytype"),
)
_SENTENCE = ("sentence", "sentenceid", "sentenceidx", "sentencenumber", "sentenceno", "sent", "sentid", "sentidx")
_DOCUMENT = ("docid", "doc", "document", "documentid")
_DELIMITERS = {",": "commas", ";": "semicolons", "|": "bars", "\t": "TABs"}


class _Table(NamedTuple):
    """How a file is divided into columns."""

    delimiter: str
    names: Sequence[str]  # empty if there is no header
    rows: Sequence[Sequence[str]]  # the first rows, with the header
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL


class TableLayout(NamedTuple):
    """Which column holds what."""

    columns: Layout
    sentence: int | None  # the column that says which sentence a token belongs to


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether the first line names columns that tokens and tags usually have, or all lines have as many fields.

    Without labels all lines must have as many, and tokens must be tokens; a text may begin with "Text, please".
    """
    table = _table(head, ",;|\t" if _are_quoted(head) else ",;|")
    rows = [row for row in table.rows if row]
    width = columns.usual_width(rows)
    alike = [row for row in rows if len(row) == width]
    if table.names and _usual(table.names, _TOKEN) is not None:
        are_columns = width > 1 and len(alike) == len(rows) and not _are_texts(table)
        return bool(_tags(table.names)) if labelled else are_columns
    if not labelled or (table.delimiter != "\t" and any("\t" in line for line in head)):
        return False
    without_blanks = [row for row in alike if not any(" " in cell.strip() for cell in row)]
    return width > 1 and len(without_blanks) >= 0.9 * len(rows)


def _are_quoted(head: Sequence[str]) -> bool:
    """Whether nearly all lines with a TAB, after the first of them, end in a quoted field."""
    last = [cells[1] for line in head if len(cells := line.rstrip(" ").rsplit("\t", 1)) == 2][1:]
    quoted = sum(len(cell) > 2 and cell[0] == cell[-1] == '"' for cell in last)
    return quoted >= 0.9 * len(last) > 0


def _key(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _usual(names: Sequence[str], usual: Sequence[str]) -> int | None:
    keys = [_key(name) for name in names]
    return next((keys.index(name) for name in usual if name in keys), None)


def _tags(names: Sequence[str]) -> list[int]:
    """The columns that may hold the tags, by the most usual names that the file has."""
    keys = [_key(name) for name in names]
    candidates = [[number for number, key in enumerate(keys) if key in usual] for usual in _TAGS]
    return next((numbers for numbers in candidates if numbers), [])


def _are_texts(table: _Table) -> bool:
    """Whether the column of the tokens holds whole texts."""
    token = _usual(table.names, _TOKEN)
    cells = [row[token] for row in table.rows[1:] if token is not None and token < len(row)]
    return sum(" " in cell.strip() for cell in cells) > 0.5 * len(cells)


def _table(head: Sequence[str], delimiters: str) -> _Table:
    """Choose the delimiter: one with which the first line names columns, else that which gives most columns."""
    tables = []
    for delimiter in delimiters:
        quoting = _quoting(head, delimiter)
        try:
            rows = list(csv.reader([f"{line}\n" for line in head], delimiter=delimiter, quoting=quoting))
        except csv.Error:
            continue
        first = next((row for row in rows if row), [])
        is_header = _usual(first, _TOKEN) is not None and (bool(_tags(first)) or len(set(map(_key, first))) > 1)
        width = columns.usual_width([row for row in rows if row])
        alike = sum(len(row) == width for row in rows)
        tables.append(((is_header, width > 1, alike), _Table(delimiter, first if is_header else [], rows, quoting)))
    return max(tables, key=lambda item: item[0], default=((), _Table(",", [], [])))[1]


def _quoting(head: Sequence[str], delimiter: str) -> Literal[0, 3]:
    """Whether fields may be quoted.

    They are not where a field is one quotation mark, none has one at both ends, and all lines have as many fields.
    """
    rows = [line.split(delimiter) for line in head if line.strip()]
    marked = {cell for row in rows for cell in row if cell[:1] == '"' == cell[-1:]}
    is_plain = marked == {'"'} and len(set(map(len, rows))) == 1
    return csv.QUOTE_NONE if is_plain else csv.QUOTE_MINIMAL


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read a table with a header; without one the columns must be chosen by number."""
    table = _table(lines.head(wanted.labelled), ",;|\t")
    if columns.is_named(wanted.columns) and not table.names:
        table = table._replace(names=next((row for row in table.rows if row), []))
    layout = _choose(table, wanted, faults.name)
    words = [f"columns between {_DELIMITERS[table.delimiter]}", layout.columns.in_words()]
    if layout.sentence is not None:
        words.append(f"sentences by column {table.names[layout.sentence] if table.names else layout.sentence + 1}")
    rows = _rows(lines, table, faults)
    return Contents(", ".join(words), sentences(rows, layout, wanted, faults), layout.columns.all_names())


def chosen(names: Sequence[str], rows: Sequence[Sequence[str]], wanted: Wanted, name: str) -> TableLayout:
    """The columns of a table that is no file; these are some of its rows."""
    return _choose(_Table(",", names, [names, *rows]), wanted, name)


def _choose(table: _Table, wanted: Wanted, name: str) -> TableLayout:
    """Choose the columns by --columns, or by their usual names."""
    names = table.names
    width = len(names) or columns.usual_width([row for row in table.rows if row])
    header = f"its columns: {', '.join(names)}" if names else f"it has {width} columns"
    chosen = {role: number_of(role, column, width, names, name) for role, column in wanted.columns.items()}
    token = chosen.pop("token", _usual(names, _TOKEN))
    if token is None:
        hint = f"choose by number or name: --columns token=1,tag=2; {header}"
        raise DataError("no header says which column holds the tokens", where=name, hint=hint)
    if not wanted.columns and _are_texts(table):
        hint = "give a token on each line, or a text file without labels"
        raise DataError(f"column {names[token]} holds whole texts, not tokens", where=name, hint=hint)
    sentence = chosen.pop("sentence", _usual(names, _SENTENCE))
    if sentence is None:
        sentence = _usual(names, _DOCUMENT)
    tag = chosen.pop("tag", None)
    if tag is None and wanted.labelled:
        candidates = _tags(names)
        if len(candidates) != 1:
            problem = "no header says which column holds the tags"
            if candidates:
                problem = f"several columns may hold the tags: {', '.join(names[i] for i in candidates)}"
            hint = f"choose one: --columns tag=NAME; {header}"
            raise DataError(problem, where=name, hint=hint)
        tag = candidates[0]
    features = tuple(chosen.values())
    if not wanted.columns:  # as in tsv: between token and tag, and without labels all after the token
        end = tag if tag is not None else next(iter(_tags(names)), width)
        features = tuple(number for number in range(token + 1, end) if number != sentence)
    if wanted.labelled and tag in (token, *features):
        raise DataError("a column cannot be the tag and something else", where=name, hint=header)
    layout = Layout(width, token, tag if wanted.labelled else None, features, tuple(names))
    return TableLayout(layout, sentence if sentence not in (token, tag) else None)


def _rows(lines: Lines, table: _Table, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, cells) of each row; a field may hold line ends."""
    reader = csv.reader((f"{text}\n" for _, text in lines), delimiter=table.delimiter, quoting=table.quoting)
    is_header = bool(table.names)
    number = 1
    try:
        for cells in reader:
            if is_header and cells:
                is_header = False
            else:
                yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        faults.add(_unclosed(number, str(error)))


def _unclosed(number: int, text: str) -> Fault:
    hint = 'write a quotation mark as """" where fields are quoted, or save the file with TABs and without quotes'
    return Fault(number, 1, "a quotation mark is not closed", text, hint)


def sentences(
    rows: Iterable[tuple[int, list[str]]], layout: TableLayout, wanted: Wanted, faults: Faults
) -> Iterator[Sentence]:
    """The sentences of rows, each with the number of its line."""
    words: list[list[str]] = []
    numbers: list[int] = []
    current = ""
    for number, cells in rows:
        stripped = cells
        if any(" " in cell for cell in cells):
            stripped = [" " if cell == " " else cell.strip(" ") for cell in cells]
        if not any(stripped):
            if words:
                yield _sentence(words, numbers, layout.columns, wanted)
                words, numbers = [], []
            continue
        if fault := _fault(number, stripped, layout, wanted):
            faults.add(fault)
            continue
        name = stripped[layout.sentence] if layout.sentence is not None else ""
        if name and name != current:
            if words:
                yield _sentence(words, numbers, layout.columns, wanted)
                words, numbers = [], []
            current = name
        words.append(stripped)
        numbers.append(number)
    if words:
        yield _sentence(words, numbers, layout.columns, wanted)


def _fault(number: int, cells: Sequence[str], layout: TableLayout, wanted: Wanted) -> Fault | None:
    """What is wrong with a row."""
    width = layout.columns.width
    if len(cells) != width:
        if any("\n" in cell and ("," in cell or ";" in cell) for cell in cells):
            return _unclosed(number, ",".join(cells))
        pattern = "the header" if layout.columns.names else "the other lines"
        message = f"expected {width} columns as in {pattern}, found {len(cells)}"
        return Fault(number, 1, message, ",".join(cells), "quote fields that hold the delimiter")
    needed = {"token": layout.columns.token}
    if layout.columns.tag is not None:
        needed["tag"] = layout.columns.tag
    for what, column in needed.items():
        if "\n" in cells[column]:
            return _unclosed(number, ",".join(cells))
        if not cells[column]:
            return Fault(number, 1, f"empty {what}", ",".join(cells), f"every row needs a {what}")
    for column in layout.columns.features if wanted.labelled else ():
        if not cells[column]:
            hint = "every column needs at least one character"
            return Fault(number, 1, f"empty column {column + 1}", ",".join(cells), hint)
    return None


def _sentence(words: Sequence[list[str]], numbers: list[int], layout: Layout, wanted: Wanted) -> Sentence:
    extra = NOTHING
    lines = None if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers
    if lines or wanted.cells:
        extra = Extra(lines=lines, cells=[tuple(cells) for cells in words] if wanted.cells else None)
    tokens = [cells[layout.token] for cells in words]
    tags = [] if layout.tag is None else [cells[layout.tag] for cells in words]
    features = [tuple(cells[i] for i in layout.features) for cells in words]
    return Sentence(tokens, tags, features, numbers[0], extra)


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """A header, and a row for each token: the number of its sentence, the token, its columns, its tag."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    checked = columns.Checked(FORMAT.name, "", holds_blank=True)
    number = 0
    for sentence in sentences:
        rows = checked.rows(sentence)
        if not rows:
            continue
        if not number:
            features = len(rows[0]) - 1 - bool(sentence.tags)
            given = [*names.features, *[""] * features][:features]
            feature_names = [_feature_name(name, i) for i, name in enumerate(given, 1)]
            writer.writerow(["sentence", "token", *feature_names, *["tag"] * bool(sentence.tags)])
        number += 1
        writer.writerows((number, *row) for row in rows)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _feature_name(name: str, number: int) -> str:
    is_taken = _key(name) in (*_TOKEN, *_TAGS[0], *_SENTENCE, *_DOCUMENT)
    return f"column{number}" if not name or name.isdecimal() or is_taken else name


FORMAT = Format("csv", "a table with a header and a token on each line", fits, read, write, frozenset({"names"}))
