"""Files with a token on each line and a blank line between sentences: which column is what, and the sentences."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rnncli.config import suggestion
from rnncli.data.faults import Fault, Faults
from rnncli.data.formats.format import Wanted
from rnncli.data.sentence import NOTHING, Extra, Sentence
from rnncli.errors import DataError, UsageError

DOCUMENT = "-DOCSTART-"
_ROLES = ("token", "tag", "sentence")
_LINES_COMPARED = 1_000

Cut = Callable[[str], list[str]]


def parse(choice: str) -> dict[str, str]:
    """``"token=2,tag=4"`` -> the number or name of the column for each role; UsageError for any other text."""
    hint = "for example --columns token=1,tag=4,pos=2"
    columns: dict[str, str] = {}
    for item in choice.split(",") if choice else []:
        role, _, column = (part.strip() for part in item.partition("="))
        if not role or not column:
            raise UsageError(f'--columns: "{item}" is not ROLE=COLUMN', hint=hint)
        if role in columns:
            raise UsageError(f'--columns: "{role}" is given twice', hint=hint)
        columns[role] = column
    numbers = [column for column in columns.values() if column.isdecimal()]
    if any(int(column) < 1 for column in numbers):
        raise UsageError("--columns: columns are numbered from 1", hint=hint)
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


def usual_width(rows: Iterable[list[str]]) -> int:
    """The number of columns that most of these lines have; 0 if there is none."""
    widths = Counter(len(row) for row in rows)
    return widths.most_common(1)[0][0] if widths else 0


def is_named(columns: Mapping[str, str]) -> bool:
    """Whether a column is chosen by its name, which the first line of the file then gives."""
    return any(not column.isdecimal() for column in columns.values())


def layout(wanted: Wanted, width: int, names: Sequence[str] = (), name: str = "") -> Layout:
    """Choose the columns of a file: by default the token is in the first, the tag in the last, features between.

    Only the columns of :attr:`.Wanted.columns` are read, if there are any. Without labels all other columns are
    features. Raises :class:`.DataError` for a column that the file does not have; ``name`` is the file's.
    """
    chosen = wanted.columns
    if width < 1 + wanted.labelled:  # every line will be a fault
        return Layout(0, 0, 1 if wanted.labelled else None, ())
    numbers = {role: _number(role, column, width, names, name) for role, column in chosen.items()}
    token = numbers.pop("token", 0)
    numbers.pop("sentence", None)
    tag = numbers.pop("tag", width - 1) if wanted.labelled else None
    if tag == token:
        raise DataError("token and tag are in one column", where=name, hint="choose two: --columns token=1,tag=2")
    features = tuple(numbers.values())
    if not chosen:
        features = tuple(i for i in range(width) if i not in (token, tag))
    return Layout(width, token, tag, features, tuple(names))


def _number(role: str, column: str, width: int, names: Sequence[str], name: str) -> int:
    if column in names:
        return list(names).index(column)
    if column.isdecimal() and int(column) <= width:
        return int(column) - 1
    hint = f"its columns: {', '.join(names)}" if names else f"it has {width} columns"
    if names and not column.isdecimal():
        hint = suggestion(column, names)
    raise DataError(f"--columns {role}={column}: there is no such column", where=name, hint=hint)


def sentences(
    numbered: Iterable[tuple[int, str]], cut: Cut, layout: Layout, wanted: Wanted, faults: Faults
) -> Iterator[Sentence]:
    """Cut lines into sentences. Comments and ends of documents are kept in :class:`.Extra`."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    comments: list[str] = []
    document: str | None = None
    same: dict[str, str] = {}  # one string for all cells that are alike, where a whole file is kept
    reader = _Reader(layout, wanted)
    for number, text in numbered:
        if text.isspace() or not text:
            if rows:
                yield reader.sentence(rows, numbers, comments, document)
                rows, numbers, comments, document = [], [], [], None
            continue
        cells = cut(text)
        if text[0] == "#" and reader.is_comment(text, cells, not rows):
            comments.append(text)
            continue
        if cells[0] == DOCUMENT:
            if rows:
                yield reader.sentence(rows, numbers, comments, document)
                rows, numbers, comments = [], [], []
            document = text
            continue
        if (len(cells) != layout.width or "" in cells) and (fault := reader.fault(number, text, cells)):
            faults.add(fault)
            continue
        rows.append(list(map(same.setdefault, cells, cells)) if wanted.labelled else cells)
        numbers.append(number)
    if rows:
        yield reader.sentence(rows, numbers, comments, document)


class _Reader:
    """Makes sentences of the rows of a file."""

    def __init__(self, layout: Layout, wanted: Wanted) -> None:
        self.layout = layout
        self.wanted = wanted

    def is_comment(self, text: str, cells: list[str], is_first: bool) -> bool:
        """Whether a line that begins with # is a comment and not a token.

        It is if its columns are not as many as a token's, or if it comes before a sentence and names something, as
        "# text = …" and "# newdoc" do.
        """
        if len(cells) != self.layout.width:
            return self.layout.width > 1 or " " in text
        names_something = " = " in text or text.split()[1:] in (["newdoc"], ["newpar"])
        return is_first and names_something

    def sentence(
        self, rows: list[list[str]], numbers: list[int], comments: list[str], document: str | None
    ) -> Sentence:
        """Make a sentence of the cells of its tokens."""
        columns = list(zip(*rows, strict=True))
        tokens = list(columns[self.layout.token])
        tags = list(columns[self.layout.tag]) if self.layout.tag is not None else []
        features = list(zip(*(columns[i] for i in self.layout.features), strict=True)) or [()] * len(rows)
        extra = NOTHING
        lines = None if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers
        if lines or comments or document is not None or self.wanted.cells:
            cells = [tuple(row) for row in rows] if self.wanted.cells else None
            extra = Extra(lines=lines, comments=tuple(comments), document=document, cells=cells)
        return Sentence(tokens, tags, features, numbers[0], extra)

    def fault(self, number: int, text: str, cells: list[str]) -> Fault | None:
        """What is wrong with the columns of a line."""
        layout = self.layout
        if self.wanted.labelled and len(cells) < 2:
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
                return Fault(number, column, f"empty {what}", text, hint)
        return None
