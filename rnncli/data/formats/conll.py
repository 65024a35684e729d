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
    """Whether nearly all lines have the same number of columns; without labels, also a last column of tags.

    Lines of text may have equally many words by chance, and few tags begin with B or I and occur again.
    """
    rows = [cut(line) for line in head if line.strip() and not line.startswith("#")]
    width = columns.usual_width(rows)
    alike = [row for row in rows if len(row) == width]
    if width < 2 or len(alike) < 0.95 * len(rows):
        return False
    tags = {row[-1] for row in alike}
    return labelled or ("O" in tags and any(tag[:2] in ("B-", "I-", "S-", "U-") for tag in tags))


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read a file of columns; all lines must have as many."""
    return tsv.read_rows(lines, cut, wanted, faults)


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """Token first, tag last, features between, one blank between columns."""
    for sentence in sentences:
        if sentence.extra.document is not None:
            yield f"{sentence.extra.document}\n\n"
        rows = zip(sentence.tokens, sentence.columns, sentence.tags, strict=True)
        yield "".join(" ".join((token, *features, tag)) + "\n" for token, features, tag in rows) + "\n"


FORMAT = Format("conll", "columns between blanks or TABs", fits, read, write, frozenset({"comments", "documents"}))
