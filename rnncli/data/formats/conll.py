"""CoNLL: columns separated by blanks or TABs, a blank line between sentences, ``-DOCSTART-`` between documents."""

from collections.abc import Iterable, Iterator, Sequence

from rnncli.data.faults import Faults
from rnncli.data.formats import columns, tsv
from rnncli.data.formats.format import Contents, Format, Names, Wanted
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines


def cut(text: str) -> list[str]:
    """The columns of a line: what is between ordinary blanks and TABs."""
    return [cell for cell in text.replace("\t", " ").split(" ") if cell]


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether most lines have the same number of columns; without labels, also a last column of tags of spans.

    Lines of text may have equally many words by chance, but they do not end in such tags.
    """
    rows = [cut(line) for line in head if line.strip() and not line.startswith(("#", columns.DOCUMENT))]
    width = columns.usual_width(rows)
    alike = [row for row in rows if len(row) == width]
    is_table = width > 1 and columns.nearly_all(len(alike), len(rows))
    return is_table and (labelled or columns.are_tags([row[-1] for row in alike]))


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read a file of columns; all lines must have as many."""
    return tsv.read_rows(lines, cut, wanted, faults)


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """Token first, tag last, features between, one blank between columns."""
    checked = columns.Checked(FORMAT.name, " ")
    for sentence in sentences:
        rows = checked.rows(sentence)
        yield from columns.lines_before(sentence, " ")
        yield "".join(" ".join(row) + "\n" for row in rows) + "\n"


FORMAT = Format("conll", "columns between blanks or TABs", fits, read, write, frozenset({"comments", "documents"}))
