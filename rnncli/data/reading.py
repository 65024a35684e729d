"""The one reader of labelled files: opens a file, recognises its format, gives its sentences."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from rnncli.config import ReadOptions
from rnncli.data.faults import Fault, Faults
from rnncli.data.formats import columns, conll, text, token_lines, tsv
from rnncli.data.formats.columns import rows_of
from rnncli.data.formats.format import Format, Names, Wanted
from rnncli.data.formats.registry import FORMATS
from rnncli.data.opening import Part, name_of, opened, opened_part
from rnncli.data.sentence import Sentence
from rnncli.data.textfile import Lines
from rnncli.data.watch import Watch
from rnncli.errors import DataError

AUTO = "auto"
OF_COLUMNS = ("tsv", "conll", "conllu", "csv")


AS_USUAL = ReadOptions()
LABELLED = Wanted()
NAMELESS = Names()


class File(NamedTuple):
    """A file that is being read."""

    name: str
    format: str
    description: str  # what was recognised, in one line
    sentences: Iterator[Sentence]
    names: Names


class Corpus(NamedTuple):
    """A labelled file: its name, its sentences, and what was recognised."""

    name: str
    sentences: list[Sentence]
    description: str = ""
    format: str = tsv.FORMAT.name
    names: Names = NAMELESS

    def __repr__(self) -> str:
        return f"<{len(self.sentences):,} sentences of {self.name}>"

    @property
    def sha256(self) -> str:
        """The SHA-256 of the sentences as TSV with a blank line between them; the same for any format."""
        digest = hashlib.sha256()
        end = ""
        for sentence in self.sentences:
            piece = token_lines.format_sentence(rows_of(sentence))
            digest.update((end + piece[:-1]).encode())
            end = "\n"
        return digest.hexdigest()


def recognise(head: Sequence[str], labelled: bool) -> Format:
    """The format of a file that begins with these lines; TSV, whose faults are then reported, if none fits."""
    return next((row for row in FORMATS.values() if row.fits(head, labelled)), tsv.FORMAT)


def _chosen(head: Sequence[str], choice: str, wanted: Wanted, name: str) -> Format:
    """The format that was chosen, or else recognised; a :class:`.DataError` for labels where texts are read."""
    recognised = recognise(head, wanted.labelled)
    if recognised is text.FORMAT and wanted.columns:  # which texts do not have
        recognised = recognise(head, labelled=True)
    row = recognised if choice == AUTO else FORMATS[choice]
    if row is text.FORMAT and not wanted.labelled and not wanted.force:
        message = "these lines are not texts but tokens with their tags"
        if recognised is not row:
            hint = f"--format {recognised.name} labels the tokens; --force labels each line as a text"
            raise DataError(message, where=name, hint=hint)
        if choice == AUTO and text.holds_tags(head):
            message = "these lines are not texts: they hold tags"
            raise DataError(message, where=name, hint="--force labels each line as a text")
        if choice == AUTO and text.looks_labelled(head):
            hint = "--format conll labels the tokens, --format text each line as a text"
            raise DataError(message, where=name, hint=hint)
    may_be_text = choice == AUTO and wanted.labelled and row in (tsv.FORMAT, conll.FORMAT)
    if may_be_text and text.looks_like_text(head, is_divided=row is conll.FORMAT):
        raise DataError("a text without labels", where=name, hint=text.HINT)
    return row


def _named(sentences: Iterable[Sentence], names: Sequence[str], faults: Faults) -> Iterator[Sentence]:
    """The same sentences, with the names of tags that are numbers; numbers from ``len(names)`` on are faults."""
    numbers = {str(number): name for number, name in enumerate(names)}
    for sentence in sentences:
        for token, tag in enumerate(sentence.tags):
            if tag.isdecimal() and tag not in numbers:
                message = f"--tag-names has {len(names)} names, from number 0 on, and none for this tag"
                faults.add(Fault(sentence.line_of(token), 1, message, tag))
        yield sentence._replace(tags=[numbers.get(tag, tag) for tag in sentence.tags])


def chosen(wanted: Wanted, options: ReadOptions) -> Wanted:
    """The same with the columns and the names of tags that were chosen."""
    names = tuple(name.strip() for name in options.tag_names.split(",")) if options.tag_names else ()
    return wanted._replace(columns=columns.parse(options.columns), tag_names=names or wanted.tag_names)


@contextmanager
def reading(
    path: str,
    options: ReadOptions = AS_USUAL,
    wanted: Wanted = LABELLED,
    at_once: bool = False,
    faults: Faults | None = None,
    watch: Watch | None = None,
    part: Part | None = None,
) -> Iterator[File]:
    """Open a file and recognise its format. The sentences can be read while the block runs; ``-`` is stdin.

    at_once  raise a fault when it is read; else all of them after the block, or with :func:`read`
    faults   collects the faults of the lines, none of which is raised then
    watch    is told how much was read, and when the writer of a pipe lets us wait
    part     of the file, whose sentences are read; the format and the columns are those of the whole file
    """
    wanted = chosen(wanted, options)
    name = name_of(path)
    collected = Faults(name, at_once) if faults is None else faults
    with ExitStack() as stack:
        lines = Lines(stack.enter_context(opened(path, watch)), collected, options.encoding, path)
        head = lines.head(wanted.labelled)
        row = _chosen(head, options.format, wanted, name)
        if part:
            lines = _lines_of(part, stack, path, collected, head)
        contents = row.read(lines, wanted, collected)
        sentences = contents.sentences
        if options.tag_names and row.name in OF_COLUMNS and wanted.labelled:
            sentences = _named(sentences, wanted.tag_names, collected)
        encoding = "" if lines.encoding == "utf-8" else f", {lines.encoding.upper()}"
        description = f"{name}: {row.name}{encoding}; {contents.layout}"
        yield File(name, row.name, description, sentences, contents.names)
    if faults is None:
        collected.raise_any()


@contextmanager
def reading_lines(
    path: str, options: ReadOptions = AS_USUAL, watch: Watch | None = None, part: Part | None = None
) -> Iterator[tuple[Lines, Faults]]:
    """Open a file whose lines stand for themselves, or a part of it; a fault is raised when it is read."""
    faults = Faults(name_of(path), at_once=True)
    with ExitStack() as stack:
        if part:
            yield _lines_of(part, stack, path, faults, []), faults
        else:
            file = stack.enter_context(opened(path, watch))
            yield Lines(file, faults, options.encoding, path), faults


def _lines_of(part: Part, stack: ExitStack, path: str, faults: Faults, start: list[str]) -> Lines:
    """The lines of a part of a file in UTF-8; the first part may begin with a byte order mark."""
    file = stack.enter_context(opened_part(path, part))
    return Lines(file, faults, "utf-8" if part.start else "", path, first=part.line, start=start)


def read(
    path: str, options: ReadOptions = AS_USUAL, wanted: Wanted = LABELLED, watch: Watch | None = None
) -> Corpus:
    """Read a labelled file; all faults are reported together as one :class:`.DataError`."""
    with reading(path, options, wanted, watch=watch) as file:
        sentences = list(file.sentences)
    if not sentences:
        raise DataError("no token in this file", where=file.name, hint="expected lines of token<TAB>tag")
    return Corpus(file.name, sentences, file.description, file.format, file.names)
