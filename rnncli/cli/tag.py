"""``rnncli tag``: label a text, a file line by line, or folders of files."""

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli import arguments
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
from rnncli.config import JobOptions, ReadOptions
from rnncli.errors import ModelError, RnncliError, UsageError
from rnncli.marks import Tones

if TYPE_CHECKING:
    from rnncli.tag_output import Marks, Writer
    from rnncli.tagging import Tagged

MOST_WAITING = 16_384  # sentences of stdin that are read before they are labelled
EXAMPLE = 'rnncli tag "leave Taipei on November 2nd"'


TextArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TEXT",
        help="The text to label; with --out-dir files, folders and patterns in quotes.",
        show_default=False,
    ),
]
InputOption = Annotated[
    str | None,
    typer.Option("--input", "-i", metavar="FILE", help="Label a file: a text on each line, or tokens; - is stdin."),
]
ToOption = Annotated[
    Literal["line", "tsv", "jsonl", "conll", "conllu", "csv", "html"] | None,
    typer.Option(
        help="Write a readable line (the default), lines of token<TAB>tag, a JSON object on each line (the default "
        "with --out-dir), a labelled file, or a page with coloured marks.",
        show_default=False,
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


OutDirOption = Annotated[
    str | None,
    typer.Option(
        "--out-dir",
        metavar="FOLDER",
        help="Label many files, and write each to the same path in this folder, packed as it was.",
    ),
]
TextFieldOption = Annotated[
    str,
    typer.Option(
        "--text-field",
        metavar="NAME",
        help="Field of JSON Lines, or column of Parquet, with the text; all others are kept.",
        show_default=False,
    ),
]
ResultFieldOption = Annotated[
    str,
    typer.Option(
        "--result-field",
        metavar="NAME",
        help="With --text-field: the field to add; without it spans, or tokens for a model without spans.",
        show_default=False,
    ),
]
PartOption = Annotated[
    float,
    typer.Option(
        "--part",
        metavar="MB",
        min=0.0,
        help="With --out-dir: divide larger files, so that several processes share one; 0 divides none.",
    ),
]


@command("tag")
def tag(
    texts: TextArgument = None,
    source: InputOption = None,
    to: ToOption = None,
    out: OutOption = None,
    nbest: NbestOption = 0,
    keep: KeepOption = False,
    out_dir: OutDirOption = None,
    text_field: TextFieldOption = "",
    result_field: ResultFieldOption = "",
    part: PartOption = 32.0,
    model: ModelOption = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    threads: ThreadsOption = 0,
    json_output: bool = False,
    *,
    options: ReadOptions,
    running: JobOptions,
) -> None:
    """Label a text, the lines of a file, or many files.

    There is one result for each line, in order, also for a line without tokens. With --nbest there are up to N
    results, each with the probability of all its tags together; --to tsv then writes token, rank, probability and
    tag, and a blank line after each labelling. A model that was trained on columns between token and tag needs
    these columns here too, so it labels only files that have them. With --out-dir a second call does only what is
    not done yet, and --json prints a summary.

    Example: rnncli tag "leave Taipei on November 2nd"

    Example: rnncli tag --input requests.txt --to tsv --out labelled.tsv

    Example: rnncli tag --input requests.txt --to html --out labelled.html

    Example: echo "leave Taipei" | rnncli tag

    Example: rnncli tag 'in/*.jsonl.gz' --text-field body --out-dir labelled --jobs 2
    """
    to = to or ("jsonl" if out_dir is not None or text_field or json_output else "line")
    if out_dir is not None:
        from rnncli.cli import tag_folder

        _check_output(to, nbest, keep, out_dir, text_field, result_field)
        if source or out:
            raise UsageError("--out-dir needs no --input and no --out", hint=tag_folder.EXAMPLE)
        if to == "line":
            raise UsageError(
                "--to line is for people", hint="with --out-dir give --to jsonl, tsv or another format"
            )
        how = tag_folder.How(to, nbest, keep, text_field, result_field, part, force, options)
        folder = Path(arguments.path("--out-dir", out_dir))
        tag_folder.tag_folder(texts or [], folder, find_model(model), how, running, threads, overwrite, json_output)
        return
    if running != JobOptions():
        raise UsageError("--jobs, --cluster, --shard and --on-error need --out-dir", hint="give --out-dir FOLDER")
    if texts and len(texts) > 1:
        hint = f"put the text in quotes: {EXAMPLE}"
        raise UsageError(f"one argument too many: {' '.join(texts[1:])}", hint=hint)
    text = texts[0] if texts else None
    is_piped = text is None and source is None and not sys.stdin.isatty()
    if is_piped:
        source = "-"
    if (text is None) == (source is None):
        raise UsageError("give a text or --input FILE", hint=EXAMPLE)
    if text is not None and not force:
        refuse_file_name(text, "--input")
    to = "jsonl" if json_output else to
    _check_output(to, nbest, keep, source or "", text_field, result_field)
    from rnncli import writing
    from rnncli.modelfile import load
    from rnncli.tag_output import Writer, refuse_text, types
    from rnncli.tagging import Tagger

    path = None if out in (None, "-") else Path(str(out))
    tagger = Tagger(load(find_model(model)), threads, nbest)
    if text is not None or options.format == "text":
        refuse_text(tagger)
    with nullcontext() if path is None else writing.writing(path) as file:
        output = _Output(file, to, types(tagger))
        writer = Writer(tagger, to, output.put, keep, output.mark, result_field, force)
        if source is None:
            _label_text(writer, text or "")
        else:
            _label_file(writer, source, options, output, text_field)
    if path is not None:
        show.written(path)
    if is_piped and not writer.results:
        show.note(f"note: stdin holds no line; give a text: {EXAMPLE}")


class _Output:
    """Where results go: a file, or stdout if there is none."""

    def __init__(self, file: IO[bytes] | None, to: str, types: list[str]) -> None:
        self.file = file
        self.is_on_terminal = not file and sys.stdout.isatty()  # people see the results at once
        self._tones = Tones(types) if self.is_on_terminal else None
        # A line for people is printable already, and may have colours.
        self.put: Callable[[str], object] = sys.stdout.write if to == "line" else show.data
        if file:
            self.put = lambda text: file.write(text.encode("utf-8"))

    def flush(self) -> None:
        """Let the reader of stdout see what was written."""
        if not self.file:
            sys.stdout.flush()

    def mark(self, text: str, marks: "Marks") -> str:
        """A line for people."""
        return show.labelled_line(text, marks, self._tones)


def _check_output(to: str, nbest: int, keep: bool, source: str, field: str, added: str) -> None:
    """Refuse options of the output that do not go together."""
    if nbest and to not in ("line", "tsv", "jsonl"):
        raise UsageError(f"--nbest cannot be written --to {to}", hint="give --to line, tsv or jsonl")
    if keep and (not source or nbest or to not in ("tsv", "conll", "csv")):
        hint = "rnncli tag --input FILE --to tsv --keep-columns"
        raise UsageError("--keep-columns needs a file, and --to tsv, conll or csv, without --nbest", hint=hint)
    if field and (not source or nbest or to != "jsonl"):
        hint = "rnncli tag --input FILE --text-field NAME"
        raise UsageError("--text-field needs a file, and writes JSON Lines, without --nbest", hint=hint)
    if added and not field:
        raise UsageError("--result-field needs --text-field", hint="rnncli tag --input FILE --text-field NAME")


def _label_text(writer: "Writer", text: str) -> None:
    if not writer.writes_files:
        writer.write(writer.label_texts([text]))
        return
    from rnncli.data.formats.format import Names
    from rnncli.data.sentence import Extra, Sentence

    writer.write(writer.label_as_file([Sentence([], [], [], 1, Extra(text=text))], Names()))


def _label_file(writer: "Writer", source: str, options: ReadOptions, output: "_Output", field: str) -> None:
    """Label the texts or the sentences of a file and write the results."""
    from rnncli.data import text_field
    from rnncli.data.formats.format import Wanted
    from rnncli.data.reading import reading, reading_lines
    from rnncli.data.watch import Watch
    from rnncli.labelling import until_error

    waiting: list[Any] = []
    label: Callable[[Iterable[Any]], Iterable[Tagged | str]] = writer.label_lines

    def answer() -> None:
        """Label and write what was read of stdin, so that nobody waits for it."""
        try:
            writer.write(label(waiting))
        except ModelError as error:
            error.where = "stdin"  # sentences are numbered from the last answer on
            raise
        output.flush()
        waiting.clear()

    watch = Watch(answer)
    is_piped = source == "-"
    failures: list[RnncliError] = []  # of reading: what comes before one is labelled
    with show.progress() as progress, ExitStack() as opened:

        def show_share() -> None:
            if not output.is_on_terminal:
                progress.update(watch.share, f"labelling {source}")

        items: Iterable[Any]
        if field:
            lines, faults = opened.enter_context(reading_lines(source, options, watch=watch))
            items = until_error(text_field.read(lines, field, writer.added, faults), failures)
        else:
            wanted = Wanted(labelled=False, cells=writer.writes_files, force=writer.force)
            file = opened.enter_context(reading(source, options, wanted, at_once=True, watch=watch))
            if not (is_piped and file.format == "text"):
                show.note(file.description)
            file = file._replace(sentences=until_error(file.sentences, failures))
            label = writer.labels(file, options)
            items = writer.items(file, is_piped)
        if is_piped and not writer.writes_files:
            _collect(items, waiting, answer)
        else:
            writer.write(label(items), show_share)
        if failures:
            raise _of_reading(failures[0], writer, output)


def _of_reading(error: RnncliError, writer: "Writer", output: "_Output") -> RnncliError:
    """The error that ended the reading; whoever wanted a file learns how to get what comes before it."""
    if output.file and writer.results:
        hint = "a file is written whole or not at all; without --out, what comes before is written"
        error.hint = "\n  ".join(filter(None, [error.hint, hint]))
    return error


def _collect(items: Iterable[Any], waiting: list[Any], answer: Callable[[], None]) -> None:
    """Collect the items of stdin and answer when there are many.

    A fast pipe is labelled in large blocks. When it is empty, ``answer`` is called by its watch.
    """
    for item in items:
        waiting.append(item)
        if len(waiting) == MOST_WAITING:
            answer()
    answer()
