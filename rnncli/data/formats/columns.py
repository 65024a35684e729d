"""Files with a token on each line and a blank line between sentences: which column is what, and the sentences."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rnncli.data.faults import Fault, Faults, shown
from rnncli.data.formats.format import Names, Wanted
from rnncli.data.sentence import NOTHING, Extra, Sentence
from rnncli.errors import DataError, UsageError
from rnncli.spec import suggestion

DOCUMENT = "-DOCSTART-"
PLUS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")  # the first line of CoNLL-U Plus
NEW_DOCUMENT = re.compile(r"#\s*newdoc\b")
_ROLES = ("token", "tag", "sentence")
_OTHER_NAMES = {"word": "token", "form": "token", "label": "tag", "ner": "tag"}
_HINT = "for example --columns token=1,tag=4,pos=2"
_REMEMBERED = 2**16  # lines whose columns are kept, since many lines occur again
# What comments say in the files of well-known corpora; other lines that begin with # may be tokens.
_COMMENT = re.compile(
    r"# *(id|sent_?id|text|newdoc|newpar|doc|document|begin|end|sentence|source|meta|global\.columns)\b|#.* = "
)
SPAN_TAG = re.compile(r"[BIESLUM][-_].+|.+[-_][BIESLUM]")

Cut = Callable[[str], list[str]]


def parse(choice: str) -> dict[str, str]:
    """``"token=2,tag=4"`` -> the number or name of the column for each role; UsageError for any other text."""
    columns: dict[str, str] = {}
    for item in choice.split(",") if choice else []:
        role, _, column = (part.strip() for part in item.partition("="))
        if not role or not column:
            raise UsageError(f'--columns: "{item}" is not ROLE=COLUMN', hint=_HINT)
        if role in columns:
            raise UsageError(f'--columns: "{role}" is given twice', hint=_HINT)
        columns[role] = column
    for role in columns:
        usual = _OTHER_NAMES.get(role.lower(), role.lower().removesuffix("s"))
        if role not in _ROLES and usual in _ROLES and usual not in columns:
            raise UsageError(f'--columns: "{role}" would be a feature', hint=f"write {usual}={columns[role]}")
    if any(int(column) == 0 for column in columns.values() if is_number(column)):
        raise UsageError("--columns: columns are numbered from 1, or from -1 for the last", hint=_HINT)
    return columns


class Layout(NamedTuple):
    """Which column holds what; numbers count from 0."""

    width: int  # columns of every line; 0: not known yet
    token: int
    tag: int | None
    features: tuple[int, ...]
    names: tuple[str, ...] = ()  # of all columns; empty where the file names none

    def in_words(self) -> str:
        """For example "token in column 1, tag in column 2"."""

        def of(i: int) -> str:
            return f"column {self.names[i]}" if self.names and self.names[i] else f"column {i + 1}"

        words = [f"token in {of(self.token)}"]
        if self.tag is not None:
            words.append(f"tag in {of(self.tag)}")
        if self.features:
            words.append(f"features in {', '.join(of(i).removeprefix('column ') for i in self.features)}")
        return ", ".join(words)

    def all_names(self) -> Names:
        """The names of the features and of all columns."""
        features = [self.names[i] if self.names else str(i + 1) for i in self.features]
        return Names(features, self.names or [""] * self.width, self.token, self.tag)


def usual_width(rows: Iterable[Sequence[str]]) -> int:
    """The number of columns that most of these lines have; 0 if there is none."""
    widths = Counter(len(row) for row in rows)
    return widths.most_common(1)[0][0] if widths else 0


def nearly_all(alike: int, lines: int) -> bool:
    """Whether so many lines are alike that the others are faults in a file of columns."""
    return alike >= 0.7 * lines or alike == lines - 1 >= 2


def are_tags(cells: Sequence[str]) -> bool:
    """Whether nearly all of these last cells of lines are tags of spans; words at the ends of texts are not."""
    spans = sum(SPAN_TAG.fullmatch(cell) is not None for cell in cells)
    outside = cells.count("O")
    return spans + outside >= 0.9 * len(cells) and spans > 0 and (outside > 0 or spans > 4)


def is_number(column: str) -> bool:
    """Whether a column is chosen by its number; -1 is the last."""
    return re.fullmatch(r"-?[0-9]+", column) is not None


def is_named(columns: Mapping[str, str]) -> bool:
    """Whether a column is chosen by its name, which the first line of the file then gives."""
    return not all(is_number(column) for column in columns.values())


def layout(wanted: Wanted, width: int, names: Sequence[str] = (), name: str = "") -> Layout:
    """Choose the columns of a file: by default the token is in the first, the tag in the last, features between.

    Only the columns of :attr:`.Wanted.columns` are read, if there are any. Without labels all other columns are
    features. Raises :class:`.DataError` for a column that the file does not have; ``name`` is the file's.
    """
    chosen = wanted.columns
    if width < 1 + wanted.labelled:  # every line will be a fault
        return Layout(0, 0, 1 if wanted.labelled else None, ())
    numbers = {role: number_of(role, column, width, names, name) for role, column in chosen.items()}
    token = numbers.pop("token", 0)
    if numbers.pop("sentence", None) is not None:
        hint = "here a blank line ends a sentence; a column of sentences is read by --format csv"
        raise DataError("--columns sentence: only csv has such a column", where=name, hint=hint)
    tag = numbers.pop("tag", width - 1 if token != width - 1 else 0)
    if tag == token and wanted.labelled:
        raise DataError("token and tag are in one column", where=name, hint="choose two: --columns token=1,tag=2")
    for role, number in numbers.items():
        if wanted.labelled and number == tag:
            hint = "a feature must be known before the tag is"
            raise DataError(
                f"--columns {role}={chosen[role]}: this is the column of the tag", where=name, hint=hint
            )
    features = tuple(numbers.values())
    if not chosen:
        features = tuple(i for i in range(width) if i != token and not (wanted.labelled and i == tag))
    return Layout(width, token, tag if wanted.labelled else None, features, tuple(names))


def number_of(role: str, column: str, width: int, names: Sequence[str], name: str) -> int:
    """The number from 0 of a column that is chosen by its number or its name; DataError if there is none."""
    same = [i for i in range(len(names)) if names[i] == column]
    same = same or [i for i in range(len(names)) if names[i].lower() == column.lower()]
    if len(same) == 1:
        return same[0]
    if is_number(column) and abs(int(column)) <= width:
        return int(column) - 1 if int(column) > 0 else width + int(column)
    hint = f"it has {width} columns"
    if names:
        close = suggestion(column, names)
        hint = f"its columns: {', '.join(names)}" if is_number(column) or close.startswith("known") else close
    problem = "there are several such columns" if same else "there is no such column"
    raise DataError(f"--columns {role}={column}: {problem}", where=name, hint=hint)


def sentences(
    numbered: Iterable[tuple[int, str]], cut: Cut, layout: Layout, wanted: Wanted, faults: Faults
) -> Iterator[Sentence]:
    """Cut lines into sentences. Comments and ends of documents are kept in :class:`.Extra`."""
    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    comments: list[str] = []
    document: str | None = None
    same: dict[str, str] = {}  # one string for all cells that are alike, where a whole file is kept
    rows_of_lines: dict[str, tuple[str, ...]] = {}
    reader = _Reader(layout, wanted)
    for number, text in numbered:
        row = rows_of_lines.get(text)
        if row is None:
            if not text or text.isspace():
                if rows:
                    yield reader.sentence(rows, numbers, comments, document)
                    rows, numbers, comments, document = [], [], [], None
                continue
            cells = cut(text)
            if text[0] == "#" and is_comment(text, len(cells), layout.width, not rows):
                comments.append(text)
                document = text if NEW_DOCUMENT.match(text) else document
                continue
            if cells[0] == DOCUMENT or text.startswith(f"{DOCUMENT} "):
                if rows:
                    yield reader.sentence(rows, numbers, comments, document)
                    rows, numbers, comments = [], [], []
                document = text
                continue
            if (len(cells) != layout.width or "" in cells) and (fault := reader.fault(number, text, cells)):
                faults.add(fault)
                continue
            row = tuple(map(same.setdefault, cells, cells) if wanted.labelled else cells)
            if text[0] != "#":
                if len(rows_of_lines) == _REMEMBERED:
                    rows_of_lines.clear()
                rows_of_lines[text] = row
        rows.append(row)
        numbers.append(number)
    if rows:
        yield reader.sentence(rows, numbers, comments, document)


def is_comment(text: str, cells: int, width: int, is_first: bool) -> bool:
    """Whether a line that begins with # is a comment and not a token.

    It is one if its columns are not as many as a token's and it comes before a sentence or goes on with a blank; or
    if it says what comments say.
    """
    says_something = width > 1 and _COMMENT.match(text) is not None
    if cells != width:
        return says_something or ((is_first or text[:2] in ("#", "# ")) and (width > 1 or " " in text))
    return is_first and says_something


class _Reader:
    """Makes sentences of the rows of a file."""

    def __init__(self, layout: Layout, wanted: Wanted) -> None:
        self.layout = layout
        self.wanted = wanted

    def sentence(
        self, rows: list[tuple[str, ...]], numbers: list[int], comments: list[str], document: str | None
    ) -> Sentence:
        """Make a sentence of the cells of its tokens."""
        columns = list(zip(*rows, strict=True))
        tokens = list(columns[self.layout.token])
        tags = list(columns[self.layout.tag]) if self.layout.tag is not None else []
        features = list(zip(*(columns[i] for i in self.layout.features), strict=True)) or [()] * len(rows)
        extra = NOTHING
        lines = None if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers
        if lines or comments or document is not None or self.wanted.cells:
            cells = rows if self.wanted.cells else None
            extra = Extra(lines=lines, comments=tuple(comments), document=document, cells=cells)
        return Sentence(tokens, tags, features, numbers[0], extra)

    def fault(self, number: int, text: str, cells: list[str]) -> Fault | None:
        """What is wrong with the columns of a line."""
        layout = self.layout
        if self.wanted.labelled and len(cells) < 2 and layout.width <= 2:
            hint = "separate token and tag by one TAB character"
            return Fault(number, len(text) + 1, "expected token<TAB>tag, found one column", text, hint)
        if len(cells) != layout.width:
            message = f"expected {layout.width} columns as in the other lines, found {len(cells)}"
            return Fault(number, 1, message, text, "every line needs the same number of columns")
        for i, cell in enumerate(cells):
            if not cell and (i in (layout.token, layout.tag) or (self.wanted.labelled and i in layout.features)):
                what = "token" if i == layout.token else "tag" if i == layout.tag else f"column {i + 1}"
                column = text.replace("\t", "\0", i).find("\t") + 1 if i < len(cells) - 1 else len(text) + 1
                hint = "every column needs at least one character"
                if i in layout.features and not self.wanted.columns and layout.tag is not None:
                    hint += f"; to leave it out: --columns token={layout.token + 1},tag={layout.tag + 1}"
                return Fault(number, column, f"empty {what}", text, hint)
        return None


def rows_of(sentence: Sentence) -> Iterator[tuple[str, ...]]:
    """The cells of each token for the way out: token first, tag last if there is one, features between."""
    columns = sentence.columns or [()] * len(sentence.tokens)
    if not sentence.tags:
        yield from ((token, *features) for token, features in zip(sentence.tokens, columns, strict=True))
        return
    for token, features, tag in zip(sentence.tokens, columns, sentence.tags, strict=True):
        yield (token, *features, tag)


def lines_before(sentence: Sentence, separator: str) -> Iterator[str]:
    """The comments of a sentence and the line that begins its document, for files of columns."""
    width = len(next(rows_of(sentence), ()))
    document = sentence.extra.document
    if document is not None and document not in sentence.extra.comments:
        is_line = document.startswith(DOCUMENT) and "\n" not in document
        yield f"{document if is_line else separator.join([DOCUMENT, *['O'] * (width - 1)])}\n\n"
    for comment in sentence.extra.comments:
        cells = comment.replace("\t", separator).split(separator)
        is_read_back = is_comment(comment, sum(map(bool, cells)), width, is_first=True)
        if comment[:1] == "#" and is_read_back and not names_columns(comment):
            yield f"{comment}\n"


def names_columns(comment: str) -> bool:
    """Whether a comment is the first line of CoNLL-U Plus, which names the columns of that file."""
    return PLUS.match(comment) is not None


class Checked:
    """Checks that a format of columns can hold the cells of sentences; each cell is checked once.

    name         of the format
    separator    of its columns; "" if it can hold any
    holds_blank  whether a token may be one blank
    """

    def __init__(self, name: str, separator: str, holds_blank: bool = False) -> None:
        self._name = name
        self._holds_blank = holds_blank
        self._separator = separator
        self._barred = re.compile({"\t": r"[\t\r\n]", " ": r"[ \t\r\n]"}.get(separator, r"[\r\n]"))
        self._fine: set[str] = set()

    def rows(self, sentence: Sentence) -> list[tuple[str, ...]]:
        """The cells of a sentence; DataError, with the line and the cure, for what the format cannot hold."""
        rows = list(rows_of(sentence))
        for number, row in enumerate(rows):
            if not self._fine.issuperset(row):
                for i, cell in enumerate(row):
                    if cell != " " or not (i == 0 and self._holds_blank):
                        self._check(cell, sentence, number)
            if self._separator and (problem := self._problem(row, number)):
                raise self._error(row[0], problem, sentence, number)
        return rows

    def _problem(self, row: Sequence[str], number: int) -> str:
        """What a whole line would be read as, if not as a token."""
        line = self._separator.join(row)
        if row[0] == DOCUMENT or row[0].startswith(f"{DOCUMENT} "):
            return "would begin a document"
        if line[0] == "#" and is_comment(line, len(row), len(row), number == 0):
            return "would be read as a comment"
        return "would be read as a blank line" if line.isspace() else ""

    def _check(self, cell: str, sentence: Sentence, number: int) -> None:
        barred = self._barred.search(cell)
        if barred:
            kind = {"\t": "a TAB", " ": "a blank"}.get(barred[0], "a line end")
            raise self._error(cell, f"holds {kind}", sentence, number)
        if not cell:
            raise self._error(cell, "is empty", sentence, number)
        if cell != cell.strip(" "):
            raise self._error(cell, "has a blank at an end", sentence, number)
        if cell[0] == "\ufeff" and (cell != "\ufeff" or self._separator == " "):
            raise self._error(cell, "begins with a byte order mark", sentence, number)
        self._fine.add(cell)

    def _error(self, cell: str, problem: str, sentence: Sentence, number: int) -> DataError:
        message = f"{shown(cell)} {problem}, so {self._name} cannot hold it"
        return DataError(message, where=f"line {sentence.line_of(number)}", hint="write JSON Lines: --to jsonl")
