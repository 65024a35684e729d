"""Text without labels: every line is a text of its own, also an empty one."""

from collections.abc import Iterable, Iterator, Sequence

from rnncli.data.faults import Faults
from rnncli.data.formats import columns
from rnncli.data.formats.format import Contents, Format, Names, Wanted
from rnncli.data.sentence import Extra, Sentence
from rnncli.data.textfile import Lines
from rnncli.errors import DataError

HINT = "every line needs a token and its tag, and every sentence a blank line after it"


def fits(head: Sequence[str], labelled: bool) -> bool:
    """Whether it may be text; it is tried last, and any file without labels may be."""
    return not labelled


def read(lines: Lines, wanted: Wanted, faults: Faults) -> Contents:
    """Read texts, which have no tokens yet; where labels are needed, this is a :class:`.DataError`."""
    if wanted.labelled:
        raise DataError("a text without labels", where=faults.name, hint=HINT)
    sentences = (Sentence([], [], [], number, Extra(text=text)) for number, text in lines)
    return Contents("a text on each line", sentences)


def write(sentences: Iterable[Sentence], names: Names) -> Iterator[str]:
    """The text of each sentence; its tokens joined by blanks where there is none."""
    for sentence in sentences:
        text = " ".join(sentence.tokens) if sentence.extra.text is None else sentence.extra.text
        yield text.replace("\n", " ") + "\n"


def looks_labelled(lines: Sequence[str]) -> bool:
    """Whether lines that are to be read as texts are rather lines of a token and its tags.

    There are blank lines, all others have the same number of words, and the last words are few and not lower-case;
    or these are at least five words.
    """
    rows = [line.split() for line in lines if line.strip() and line[0] != "#"]
    widths = {len(row) for row in rows}
    if len(rows) < 8 or all(map(str.strip, lines)) or len(widths) > 1 or 1 in widths:
        return False
    if widths.pop() >= 5:
        return True
    last = {row[-1] for row in rows}
    first = {row[0] for row in rows}
    return 1 < len(last) <= 0.5 * min(len(first), len(rows)) and not any(map(str.islower, last))


def holds_tags(lines: Sequence[str]) -> bool:
    """Whether many of the words are tags of spans or O, or nearly all have a tag: house/NN.

    So it is in lines of words and then of tags, and where both are on each line.
    """
    words = [word for line in lines for word in line.split()]
    pairs = [word.rpartition(mark) for word in words if (mark := next(filter(word[1:].count, "/|_;"), ""))]
    if len(pairs) >= max(8, 0.9 * len(words)) and len({pair[2] for pair in pairs}) <= 0.5 * len(pairs):
        return True
    tags = [word for word in words if word == "O" or columns.SPAN_TAG.fullmatch(word)]
    return len(words) >= 8 and len(tags) >= 0.3 * len(words) and "O" in tags and set(tags) != {"O"}


MOST_COLUMNS = 100  # of a token; lines with more blanks are texts


def looks_like_text(lines: Sequence[str], is_divided: bool) -> bool:
    """Whether lines that need a token and its tag are rather texts: no TAB, and not the same number of words.

    is_divided  whether most lines have equally many words, so that the others may be faults; then only very long
                lines are texts
    """
    rows = [line.split() for line in lines if line.strip()]
    if not rows or any("\t" in line.strip() for line in lines):
        return False
    widths = set(map(len, rows))
    return max(widths) > (MOST_COLUMNS if is_divided else 2) and (is_divided or len(widths) > 1)


FORMAT = Format(
    "text",
    "a text on each line, without labels",
    fits,
    read,
    write,
    frozenset({"text"}),
    frozenset({"tags", "columns"}),
)
