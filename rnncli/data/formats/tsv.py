"""TSV: columns separated by TAB, a blank line between sentences."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rnncli.data.faults import Faults
from rnncli.data.formats import columns
from rnncli.data.formats.format import Contents, Format, Names, Wanted
from rnncli.data.formats.token_lines import format_sentence
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines


def cut(text: str) -> list[str]:
    """The columns of a line. Blanks around a field are not part of it, except that a token may be one blank."""
    cells = text.split("\t")
    if " " in text:
        return [" " if cells[0] == " " else cells[0].strip(" "), *(cell.strip(" ") for cell in cells[1:])]
    return cells


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether most lines have the same number of columns; without labels all of several, most without a blank."""
    lines = [line for line in head if line.strip() and not line.startswith(("#", columns.DOCUMENT))]
    rows = [cut(line) for line in lines]
    width = columns.usual_width(rows)
    alike = [row for row in rows if len(row) == width]
    if width < 2 or not columns.nearly_all(len(alike), len(rows)) or _blanks_separate(lines, width):
        return False
    if labelled or columns.are_tags([row[-1] for row in alike]):
        return True
    with_blanks = sum(any(" " in cell for cell in row) for row in rows)
    return len(alike) == len(rows) > 1 and with_blanks <= 0.1 * len(rows)


def _blanks_separate(lines: Sequence[str], width: int) -> bool:
    """Whether blanks separate columns too: with them all lines have the same number of columns.

    Where TABs alone give each line the same number too, the second column must be one of tags, which occur again
    more often than tokens. In "New York" or "Sentence: 1" the second word does not.
    """
    divided = [[piece for piece in line.replace("\t", " ").split(" ") if piece] for line in lines]
    widths = {len(pieces) for pieces in divided}
    if len(lines) < 3 or len(widths) > 1 or widths.pop() <= width:
        return False
    if len({line.count("\t") for line in lines}) > 1:
        return True
    return len({pieces[0] for pieces in divided}) > len({pieces[1] for pieces in divided})


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read a file of TAB-separated columns; all lines must have as many.

    TABs at the end of every line are no column.
    """
    head = [line for line in lines.head(wanted.labelled) if line.strip() and line[0] != "#"]
    if head and all(line.rstrip(" ").endswith("\t") for line in head):
        return read_rows(lines, lambda text: cut(text.rstrip("\t ")), wanted, faults)
    return read_rows(lines, cut, wanted, faults)


def read_rows(lines: Lines, cut: columns.Cut, wanted: Wanted, faults: Faults) -> Contents:
    """Read a file whose lines ``cut`` divides into columns. If one is chosen by name, the first line names them."""
    head = [line for line in lines.head(wanted.labelled) if line.strip()]
    names: list[str] = []
    numbered = iter(lines)
    if head and columns.is_named(wanted.columns):
        names = cut(head[0])
        numbered = islice(numbered, next(i for i, line in enumerate(lines.head()) if line.strip()) + 1, None)
    rows = [cut(line) for line in head if not line.startswith(("#", columns.DOCUMENT))] or list(map(cut, head))
    # Where labels are needed, lines of one column are faults, even if they are most.
    width = len(names) or columns.usual_width(row for row in rows if len(row) > wanted.labelled)
    layout = columns.layout(wanted, width, names, faults.name)
    sentences = columns.sentences(numbered, cut, layout, wanted, faults)
    return Contents(layout.in_words(), sentences, layout.all_names())


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """Token first, tag last, features between."""
    checked = columns.Checked(FORMAT.name, "\t", holds_blank=True)
    for sentence in sentences:
        rows = checked.rows(sentence)
        yield "".join(columns.lines_before(sentence, "\t")) + format_sentence(rows)


FORMAT = Format(
    "tsv", "columns between TABs: token first, tag last", fits, read, write, frozenset({"comments", "documents"})
)
