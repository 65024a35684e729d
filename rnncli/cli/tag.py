"""``rnncli tag``: label a text, or a file line by line."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli import show
from rnncli.cli.options import (
    ForceOption,
    ModelOption,
    OverwriteOption,
    ThreadsOption,
    command,
    find_model,
    refuse_file_name,
)
from rnncli.cli.tag_output import Writer
from rnncli.config import ReadOptions
from rnncli.errors import ModelError, RnncliError, UsageError

if TYPE_CHECKING:
    from rnncli.data.reading import File
    from rnncli.data.sentence import Sentence
    from rnncli.tagging import Tagged, Tagger

CHECKED_TOKENS = 2_000  # whose columns are compared with those of the model
MOST_WAITING = 16_384  # sentences of stdin that are read before they are labelled
EXAMPLE = 'rnncli tag "leave Taipei on November 2nd"'


TextArgument = Annotated[str | None, typer.Argument(metavar="TEXT", help="The text to label.", show_default=False)]
InputOption = Annotated[
    str | None,
    typer.Option("--input", "-i", metavar="FILE", help="Label a file: a text on each line, or tokens; - is stdin."),
]
ToOption = Annotated[
    Literal["line", "tsv", "jsonl", "conll", "conllu", "csv"],
    typer.Option(
        help="Write a readable line, lines of token<TAB>tag, a JSON object on each line, or a labelled file."
    ),
]
OutOption = Annotated[
    str | None,
    typer.Option("--out", "-o", metavar="FILE", help="File to write to; without it, or with -, stdout."),
]
NbestOption = Annotated[
    int,
    typer.Option("--nbest", metavar="N", min=0, max=1000, help="The N most probable labellings of each sentence."),
]
KeepOption = Annotated[
    bool,
    typer.Option(
        "--keep-columns", help="With --to tsv, conll or csv: keep all columns of the file; the new tag comes last."
    ),
]


@command("tag")
def tag(
    text: TextArgument = None,
    source: InputOption = None,
    to: ToOption = "line",
    out: OutOption = None,
    nbest: NbestOption = 0,
    keep: KeepOption = False,
    model: ModelOption = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Label a text, or every line of a file or of a pipe.

    There is one result for each line, in order, also for a line without tokens. With --nbest there are up to N
    results, each with the probability of all its tags together; --to tsv then writes token, rank, probability and
    tag, and a blank line after each labelling. A model that was trained on columns between token and tag needs
    these columns here too, so it labels only files that have them.

    Example: rnncli tag "leave Taipei on November 2nd"

    Example: rnncli tag --input requests.txt --to tsv --out labelled.tsv

    Example: echo "leave Taipei" | rnncli tag
    """
    is_piped = text is None and source is None and not sys.stdin.isatty()
    if is_piped:
        source = "-"
    if (text is None) == (source is None):
        raise UsageError("give a text or --input FILE", hint=EXAMPLE)
    if text is not None and not force:
        refuse_file_name(text, "--input")
    to = "jsonl" if json_output else to
    _check_output(to, nbest, keep, source)
    from rnncli import writing
    from rnncli.modelfile import load
    from rnncli.tagging import Tagger

    path = None if out in (None, "-") else Path(str(out))
    tagger = Tagger(load(find_model(model)), threads, nbest)
    if text is not None or options.format == "text":
        _refuse_text(tagger)
    with nullcontext() if path is None else writing.writing(path) as file:
        writer = Writer(tagger, to, file, keep)
        if source is None:
            _label_text(writer, text or "")
        else:
            _label_file(writer, source, options, force)
    if path is not None:
        show.written(path)
    if is_piped and not writer.results:
        show.note(f"note: stdin holds no line; give a text: {EXAMPLE}")


def _check_output(to: str, nbest: int, keep: bool, source: str | None) -> None:
    """Refuse options of the output that do not go together."""
    if nbest and to not in ("line", "tsv", "jsonl"):
        raise UsageError(f"--nbest cannot be written --to {to}", hint="give --to line, tsv or jsonl")
    if keep and (source is None or nbest or to not in ("tsv", "conll", "csv")):
        hint = "rnncli tag --input FILE --to tsv --keep-columns"
        raise UsageError("--keep-columns needs a file, and --to tsv, conll or csv, without --nbest", hint=hint)


def _refuse_text(tagger: "Tagger") -> None:
    """Refuse to label a text with a model that reads columns beside each token."""
    columns = tagger.model.inputs.columns
    if columns:
        number = "a column" if columns == 1 else f"{columns} columns"
        hint = f"give a file with {'it' if columns == 1 else 'them'}: --input FILE"
        raise UsageError(f"this model reads {number} beside each token", hint=hint)


def _label_text(writer: Writer, text: str) -> None:
    if not writer.writes_files:
        writer.write(writer.label_texts([text]))
        return
    from rnncli.data.formats.format import Names
    from rnncli.data.sentence import Extra, Sentence

    writer.write(writer.label_as_file([Sentence([], [], [], 1, Extra(text=text))], Names()))


def _label_file(writer: Writer, source: str, options: ReadOptions, force: bool) -> None:
    """Label the texts or the sentences of a file and write the results."""
    from rnncli.data.formats.format import Wanted
    from rnncli.data.reading import OF_COLUMNS, reading
    from rnncli.data.watch import Watch
    from rnncli.labelling import until_error

    waiting: list[Any] = []
    label: Callable[[Iterable[Any]], Iterable[Tagged | str]] = writer.label_texts

    def answer() -> None:
        """Label and write what was read of stdin, so that nobody waits for it."""
        try:
            writer.write(label(waiting))
        except ModelError as error:
            error.where = "stdin"  # sentences are numbered from the last answer on
            raise
        writer.flush()
        waiting.clear()

    watch = Watch(answer)
    wanted = Wanted(labelled=False, cells=writer.writes_files, force=force)
    failures: list[RnncliError] = []  # of reading: what comes before one is labelled
    with show.progress() as progress, reading(source, options, wanted, at_once=True, watch=watch) as file:
        is_text = file.format == "text"
        if is_text:
            _refuse_text(writer.tagger)
        if not (is_text and source == "-"):
            show.note(file.description)
        if writer.keep and file.format not in OF_COLUMNS:
            hint = "leave out --keep-columns"
            raise UsageError(f"{file.format} has no columns to keep", where=file.name, hint=hint)
        file = file._replace(sentences=until_error(file.sentences, failures))
        items: Iterable[Any] = file.sentences if is_text else _checked(writer.tagger, file, source == "-", force)

        def show_share() -> None:
            if not writer.is_on_terminal:
                progress.update(watch.share, f"labelling {source}")

        if writer.writes_files:
            names = file.names._replace(tag=_tag_column(writer.tagger, file, options))
            writer.write(writer.label_as_file(items, names), show_share)
        else:
            if is_text:
                items = (sentence.extra.text or "" for sentence in items)
            else:
                label = writer.label_sentences
            if source == "-":
                _collect(items, waiting, answer)
            else:
                writer.write(label(items), show_share)
        if failures:
            raise _of_reading(failures[0], writer)


def _of_reading(error: RnncliError, writer: Writer) -> RnncliError:
    """The error that ended the reading; whoever wanted a file learns how to get what comes before it."""
    if writer.file and writer.results:
        hint = "a file is written whole or not at all; without --out, what comes before is written"
        error.hint = "\n  ".join(filter(None, [error.hint, hint]))
    return error


def _tag_column(tagger: "Tagger", file: "File", options: ReadOptions) -> int | None:
    """The number of the column of a CoNLL-U file that gets the new tags, from 0; ``None`` for a new one.

    It is the column that was chosen, else UPOS, if the model's tags are such.
    """
    from rnncli.data.formats.columns import parse
    from rnncli.data.formats.conllu import UPOS

    names = [name.upper() for name in file.names.cells]
    chosen = parse(options.columns).get("tag", "UPOS" if UPOS.issuperset(tagger.model.tags) else "").upper()
    return names.index(chosen) if chosen in names else None


def _checked(tagger: "Tagger", file: "File", is_piped: bool, force: bool) -> "Iterator[Sentence]":
    """The sentences of a file, whose columns must be those of the model; of a pipe only the first is awaited."""
    from rnncli.data.plausibility import peeked
    from rnncli.evaluation import check_file

    first, sentences = peeked(file.sentences, 1 if is_piped else CHECKED_TOKENS)
    check_file(tagger.model, file.name, first, force)
    return sentences


def _collect(items: Iterable[Any], waiting: list[Any], answer: Callable[[], None]) -> None:
    """Collect the items of stdin and answer when there are many.

    A fast pipe is labelled in large blocks. When it is empty, ``answer`` is called by its watch.
    """
    for item in items:
        waiting.append(item)
        if len(waiting) == MOST_WAITING:
            answer()
    answer()
