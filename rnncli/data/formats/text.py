"""Text without labels: every line is a text of its own, also an empty one."""

from collections.abc import Iterable, Iterator, Sequence

from rnncli.data.faults import Faults
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


FORMAT = Format("text", "a text on each line, without labels", fits, read, write, frozenset({"text"}))
