"""CoNLL-U and CoNLL-U Plus: the files of Universal Dependencies.

Tokens are the syntactic words. Lines of multiword tokens (1-2) and of empty nodes (1.1) are kept for the way out.
Source: https://universaldependencies.org/format.html and https://universaldependencies.org/ext-format.html.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from rnncli.data.faults import Fault, Faults
from rnncli.data.formats import columns
from rnncli.data.formats.columns import Layout, number_of
from rnncli.data.formats.format import Contents, Format, Names, Wanted
from rnncli.data.sentence import Extra, Sentence
from rnncli.data.textfile import Lines
from rnncli.errors import DataError

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
# fmt: off
UPOS = frozenset({"ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
                  "PUNCT", "SCONJ", "SYM", "VERB", "X"})
# fmt: on
_OWN_TAG = "TAG"  # the column that this writer makes for tags that are not UPOS
_EMPTY = "_"
_ID = re.compile(r"(?P<word>[1-9]\d{0,8})|(?P<first>[1-9]\d{0,8})-[1-9]\d{0,8}|\d{1,9}\.[1-9]\d{0,8}", re.ASCII)
_TEXT = re.compile(r"#\s*text\s*=\s?(.*)")
_USUAL_COMMENT = re.compile(r"#\s*(global\.columns|sent_id|text)\s*=|#\s*newdoc\b")


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether the file names its columns as CoNLL-U Plus does, or lines have ten columns that begin with an ID.

    If only comments are read yet, they must be those of CoNLL-U.
    """
    if _plus_columns(head):
        return True
    rows = [line.split("\t") for line in head if line.strip() and not line.startswith("#")]
    if not rows:
        return any(map(_USUAL_COMMENT.match, head))
    alike = sum(len(row) == len(COLUMNS) and _ID.fullmatch(row[0]) is not None for row in rows)
    return columns.nearly_all(alike, len(rows))


def _plus_columns(head: Sequence[str]) -> list[str]:
    first = next((line for line in head if line.strip()), "")
    plus = columns.PLUS.match(first)
    return plus[1].split() if plus else []


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read FORM and UPOS, or the columns that are wanted; a CoNLL-U Plus file without UPOS has its tags last."""
    head = lines.head(wanted.labelled)
    names = _plus_columns(head) or list(COLUMNS)
    layout = _layout(wanted, names, faults.name)
    _check_tags([row for line in head if len(row := line.split("\t")) == len(names)], layout, faults.name)
    return Contents(layout.in_words(), _sentences(lines, layout, wanted, faults), layout.all_names())


def _layout(wanted: Wanted, names: Sequence[str], name: str) -> Layout:
    chosen = dict(wanted.columns)
    if "sentence" in chosen:
        raise DataError("--columns sentence: a blank line ends a sentence here", where=name, hint="leave it out")
    if "FORM" not in names and "token" not in chosen:
        hint = f"its columns: {', '.join(names)}; choose one: --columns token=NAME"
        raise DataError("there is no column FORM", where=name, hint=hint)
    usual_tag = next((column for column in (_OWN_TAG, "UPOS") if column in names), names[-1])
    own_features = [] if chosen or usual_tag == "UPOS" else [n for n in names if n not in (*COLUMNS, usual_tag)]
    numbers = {role: number_of(role, column, len(names), names, name) for role, column in chosen.items()}
    token = numbers.pop("token") if "token" in numbers else names.index("FORM")
    tag = numbers.pop("tag") if "tag" in numbers else names.index(usual_tag)
    features = (*numbers.values(), *(names.index(feature) for feature in own_features))
    if wanted.labelled and tag in (token, *features):
        hint = f"choose another for the tag: --columns tag=NAME; its columns: {', '.join(names)}"
        raise DataError(f"the column {names[tag]} cannot be the tag and something else", where=name, hint=hint)
    return Layout(len(names), token, tag if wanted.labelled else None, features, tuple(names))


def _check_tags(rows: Sequence[Sequence[str]], layout: Layout, name: str) -> None:
    """DataError if the column of the tags is empty."""
    words = [row for row in rows if _is_word(row, layout)]
    if layout.tag is None or not words or any(row[layout.tag] != _EMPTY for row in words):
        return
    filled = [
        column
        for number, column in enumerate(layout.names)
        if column not in ("ID", "HEAD", "FORM", "LEMMA", "MISC") and any(row[number] != _EMPTY for row in words)
    ]
    column = layout.names[layout.tag]
    hint = f"choose another: --columns tag={filled[0]}" if filled else "there is no other column with tags"
    raise DataError(f"the column {column} is empty (_)", where=name, hint=hint)


def _is_word(row: Sequence[str], layout: Layout) -> bool:
    if "ID" not in layout.names:
        return not row[0].startswith("#")
    return row[layout.names.index("ID")].isdecimal()


class _Lines(NamedTuple):
    """The lines of a sentence."""

    comments: list[str]
    words: list[tuple[str, ...]]  # the cells of each
    numbers: list[int]
    others: list[tuple[int, str]]  # number of words before, line


def _sentences(lines: Lines, layout: Layout, wanted: Wanted, faults: Faults) -> Iterator[Sentence]:
    identifier = layout.names.index("ID") if "ID" in layout.names else None
    same: dict[str, str] = {}
    sentence = _Lines([], [], [], [])
    expected = 1  # the ID of the next word
    for number, line in chain(lines, [(0, "")]):
        if not line or line.isspace():
            if sentence.words:
                yield _sentence(sentence, layout, wanted)
            if sentence.words or not number:  # comments may have a blank line after them
                sentence = _Lines([], [], [], [])
            expected = 1
            continue
        if line[0] == "#" and (identifier == 0 or line.count("\t") + 1 != layout.width):
            if (plus := columns.PLUS.match(line)) and tuple(plus[1].split()) != layout.names:
                hint = "divide the file: its parts have different columns"
                faults.add(Fault(number, 1, "other columns than at the start of the file", line, hint))
            elif sentence.words:
                sentence.others.append((len(sentence.words), line))
            else:
                sentence.comments.append(line)
            continue
        cells = line.split("\t")
        if len(cells) == layout.width and identifier is not None and cells[identifier] == str(expected):
            fault = _empty(number, line, cells, layout)
        else:
            fault = _fault(number, line, cells, layout, identifier, expected)
        if identifier is not None and identifier < len(cells) and (kind := _ID.fullmatch(cells[identifier])):
            expected = int(kind["word"]) + 1 if kind["word"] else expected
        if fault:
            faults.add(fault)
            continue
        if identifier is not None and not cells[identifier].isdecimal():
            sentence.others.append((len(sentence.words), line))
            continue
        sentence.words.append(tuple(map(same.setdefault, cells, cells) if wanted.labelled else cells))
        sentence.numbers.append(number)


def _fault(
    number: int, line: str, cells: Sequence[str], layout: Layout, identifier: int | None, expected: int
) -> Fault | None:
    """What is wrong with a line that is no comment."""
    if len(cells) != layout.width:
        message = f"expected {layout.width} columns, found {len(cells)}"
        return Fault(number, 1, message, line, "columns are separated by one TAB character; an empty one holds _")
    if identifier is not None:
        kind = _ID.fullmatch(cells[identifier])
        if not kind:
            hint = "words are numbered 1, 2, 3; 1-2 is a multiword token, 1.1 an empty node"
            return Fault(number, 1, "not the ID of a word", line, hint)
        start = kind["word"] or kind["first"]
        if start and int(start) != expected:
            hint = "a blank line is missing before it" if start == "1" else "is a line missing?"
            return Fault(number, 1, f"expected ID {expected}, found {start}", line, hint)
        if not kind["word"]:
            return None
    return _empty(number, line, cells, layout)


def _empty(number: int, line: str, cells: Sequence[str], layout: Layout) -> Fault | None:
    """A fault if the token or the tag is missing."""
    for what, column in (("token", layout.token), ("tag", layout.tag)):
        if column is not None:
            cell = cells[column].strip(" ")
            if cell and cell != _EMPTY:
                continue
            position = sum(map(len, cells[:column])) + column + 1
            if not cell:
                return Fault(number, position, f"empty {what}", line, "every column needs at least one character")
            if what == "tag" and layout.names[column] == "UPOS":
                return Fault(number, position, "the tag is not given (_)", line, "give every word its UPOS")
    return None


def _sentence(lines: _Lines, layout: Layout, wanted: Wanted) -> Sentence:
    tokens = [cells[layout.token].strip(" ") for cells in lines.words]
    tags = [] if layout.tag is None else [cells[layout.tag].strip(" ") for cells in lines.words]
    features = [tuple(cells[i].strip(" ") for i in layout.features) for cells in lines.words]
    numbers = lines.numbers
    document = next((line for line in lines.comments if columns.NEW_DOCUMENT.match(line)), None)
    text, starts = _text(lines, layout, tokens)
    extra = Extra(
        lines=None if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers,
        text=text,
        starts=starts,
        comments=tuple(lines.comments),
        document=document,
        cells=lines.words if wanted.cells else None,
        rows=tuple(lines.others),
    )
    return Sentence(tokens, tags, features, numbers[0], extra)


def _text(lines: _Lines, layout: Layout, tokens: Sequence[str]) -> tuple[str | None, list[int] | None]:
    """The text of a sentence, and where its words start, if they follow each other in it.

    The words of a multiword token have starts only if they are its parts, as "do" and "n't" are of "don't".
    """
    text = next((match[1] for line in lines.comments if (match := _TEXT.match(line))), None)
    column = layout.names.index("MISC") if "MISC" in layout.names else None
    says_blanks = column is not None and any("SpaceAfter=No" in cells[column] for cells in lines.words)
    says_blanks = says_blanks or any("SpaceAfter=No" in line for _, line in lines.others)
    if text is None and not says_blanks:
        return None, None
    units = list(_units(lines, layout, tokens, column))
    if text is None:
        text = "".join(unit.form + " " * unit.space_after for unit in units).rstrip(" ")
    starts: list[int] | None = []
    position = 0
    for unit in units:
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith(unit.form, position):
            return text, None
        if "".join(unit.words) != unit.form:
            starts = None
        for word in unit.words:
            if starts is not None:
                starts.append(position)
            position += len(word) if starts is not None else 0
        position = position if starts is not None else position + len(unit.form)
    return text, starts


class _Unit(NamedTuple):
    """A word or a multiword token as it is written."""

    form: str
    words: Sequence[str]
    space_after: bool


def _units(lines: _Lines, layout: Layout, tokens: Sequence[str], misc: int | None) -> Iterator[_Unit]:
    ranges = {before: line.split("\t") for before, line in lines.others if _is_range(line)}
    number = 0
    while number < len(tokens):
        cells: Sequence[str] = lines.words[number]
        end = number + 1
        form = tokens[number]
        if number in ranges:
            cells = ranges[number]
            end = max(end, int(cells[0].split("-")[1]))
            form = cells[layout.token]
        space_after = misc is None or "SpaceAfter=No" not in cells[misc].split("|")
        yield _Unit(form, tokens[number:end], space_after)
        number = end


def _is_range(line: str) -> bool:
    kind = _ID.fullmatch(line.split("\t", 1)[0])
    return kind is not None and kind["first"] is not None


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """Write CoNLL-U; cells and lines that come from such a file stay as they are, except for the tags.

    Other tags than UPOS get a column of their own, TAG, so that no column of Universal Dependencies holds what it
    is not defined for. This is CoNLL-U Plus. Columns between token and tag need it too.
    """
    sentences = iter(sentences)
    first = next(sentences, None)
    if first is None:
        return
    sentences = chain([first], sentences)
    if "FORM" in names.cells and first.extra.cells is not None:
        yield from _write_cells(sentences, names)
        return
    checked = columns.Checked(FORMAT.name, "\t")
    is_upos: bool | None = None
    for sentence in sentences:
        rows = checked.rows(sentence)
        if not rows:
            continue
        if any(" " in row for row in rows):
            message = f"a cell is one blank, so {FORMAT.name} cannot hold it"
            raise DataError(message, where=f"line {sentence.line}", hint="write JSON Lines: --to jsonl")
        if is_upos is None:
            features = len(rows[0]) - 1 - bool(sentence.tags)
            is_upos = UPOS.issuperset(sentence.tags) and not features
            if not is_upos:
                given = [*names.features, *[""] * features][:features]
                feature_names = [_column_name(name, number) for number, name in enumerate(given, 1)]
                yield f"# global.columns = {' '.join(['ID', 'FORM', *feature_names, 'MISC', _OWN_TAG])}\n"
        yield "".join(_comments(sentence)) + "".join(_new_rows(sentence, rows, is_upos)) + "\n"


def _column_name(name: str, number: int) -> str:
    """A name for a column that is not in the standard, without blanks."""
    name = "_".join(name.upper().split())
    return f"COLUMN{number}" if not name or name.isdecimal() or name in (*COLUMNS, _OWN_TAG) else name


def _comments(sentence: Sentence) -> Iterator[str]:
    extra = sentence.extra
    if extra.document is not None and extra.document not in extra.comments:
        yield "# newdoc\n"
    comments = [line for line in extra.comments if line.startswith("#") and "\n" not in line]
    yield from (f"{line}\n" for line in comments if not columns.names_columns(line))
    if extra.text is not None and not any(map(_TEXT.match, comments)):
        text = re.sub("[\r\n]", " ", extra.text)
        yield f"# text = {text}\n"


def _new_rows(sentence: Sentence, rows: Sequence[Sequence[str]], is_upos: bool) -> Iterator[str]:
    starts = sentence.extra.starts
    for i, row in enumerate(rows):
        misc = _EMPTY
        if starts is not None and i + 1 < len(rows) and starts[i + 1] == starts[i] + len(row[0]):
            misc = "SpaceAfter=No"
        tag = sentence.tags[i] if sentence.tags else _EMPTY
        features = row[1 : len(row) - bool(sentence.tags)]
        if is_upos:
            cells = [str(i + 1), row[0], _EMPTY, tag, *[_EMPTY] * 5, misc]
        else:
            cells = [str(i + 1), row[0], *features, misc, tag]
        yield "\t".join(cells) + "\n"


def _write_cells(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """Write sentences whose cells are those of a CoNLL-U file."""
    for sentence in sentences:
        extra = sentence.extra
        if extra.cells is None:
            raise DataError("the columns of a sentence are missing", where=f"line {sentence.line}")
        others = _by_position(extra.rows)
        lines = [*extra.comments]
        for i, cells in enumerate(extra.cells):
            lines += others.get(i, [])
            row = list(cells)
            if sentence.tags and names.tag is not None and row[names.tag].strip(" ") != sentence.tags[i]:
                row[names.tag] = sentence.tags[i]
            lines.append("\t".join(row))
        lines += others.get(len(extra.cells), [])
        yield "".join(f"{line}\n" for line in lines) + "\n"


def with_tag_column(sentences: Iterable[Sentence], names: Names) -> tuple[Iterator[Sentence], Names]:
    """Add a column for tags to sentences of a CoNLL-U file, which is then CoNLL-U Plus; its names too."""
    cells = [*names.cells, _OWN_TAG]
    header = f"# global.columns = {' '.join(cells)}"

    def widened() -> Iterator[Sentence]:
        for number, sentence in enumerate(sentences):
            extra = sentence.extra
            comments = tuple(line for line in extra.comments if not columns.names_columns(line))
            yield sentence._replace(
                extra=extra._replace(
                    comments=comments if number else (header, *comments),
                    cells=[(*row, _EMPTY) for row in extra.cells or ()],
                    rows=tuple((position, f"{line}\t{_EMPTY}") for position, line in extra.rows),
                )
            )

    return widened(), names._replace(cells=cells, tag=len(cells) - 1)


def _by_position(rows: Sequence[tuple[int, str]]) -> dict[int, list[str]]:
    lines: dict[int, list[str]] = {}
    for position, line in rows:
        lines.setdefault(position, []).append(line)
    return lines


FORMAT = Format(
    "conllu",
    "CoNLL-U and CoNLL-U Plus of Universal Dependencies",
    fits,
    read,
    write,
    frozenset({"names", "comments", "documents", "text", "rows"}),
)
