"""``rnncli tag``: label a text, or a file line by line."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli import show
from rnncli.cli.options import ForceOption, ModelOption, ThreadsOption, command, find_model, refuse_file_name
from rnncli.config import ReadOptions
from rnncli.errors import ModelError, RnncliError, UsageError

if TYPE_CHECKING:
    from rnncli.data.reading import File
    from rnncli.data.sentence import Sentence
    from rnncli.tagging import Tagged, Tagger

JSON_ITEMS = 10_000  # tokens or spans that are formatted at once
CHECKED_TOKENS = 2_000  # whose columns are compared with those of the model
MOST_WAITING = 16_384  # sentences of stdin that are read before they are labelled
EXAMPLE = 'rnncli tag "leave Taipei on November 2nd"'


@command("tag")
def tag(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text to label.", show_default=False)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input", "-i", metavar="FILE", help="Label a file: a text on each line, or tokens; - is stdin."
        ),
    ] = None,
    to: Annotated[
        Literal["line", "tsv", "jsonl"],
        typer.Option(help="Write a readable line, lines of token<TAB>tag, or one JSON object on each line."),
    ] = "line",
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="File to write to; without it, or with -, stdout."),
    ] = None,
    nbest: Annotated[
        int,
        typer.Option(
            "--nbest", metavar="N", min=0, max=1000, help="The N most probable labellings of each sentence."
        ),
    ] = 0,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep-columns", help="With --to tsv: keep all columns of the file, and add the tag at the end."
        ),
    ] = False,
    model: ModelOption = None,
    force: ForceOption = False,
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
    if keep and (source is None or to != "tsv" or nbest):
        raise UsageError("--keep-columns needs a file of columns and --to tsv, without --nbest")
    from rnncli import archive
    from rnncli.modelfile import load
    from rnncli.tagging import Tagger

    path = None if out in (None, "-") else Path(str(out))
    if path is not None:
        archive.check_writable(path, "--out labelled.txt", is_model=False)
    tagger = Tagger(load(find_model(model)), threads, nbest)
    columns = tagger.model.inputs.columns
    if columns and (text is not None or options.format == "text"):
        number = "a column" if columns == 1 else f"{columns} columns"
        hint = "give a file that has it: --input FILE"
        raise UsageError(f"this model reads {number} beside each token", hint=hint)
    with nullcontext() if path is None else archive.writing(path) as file:
        writer = _Writer(tagger, to, file, keep)
        if source is None:
            writer.write(writer.label_texts([text or ""]))
        else:
            _label_file(writer, source, options, force)
    if path is not None:
        show.written(path)
    if is_piped and not writer.results:
        show.note(f"note: stdin holds no line; give a text: {EXAMPLE}")


class _Writer:
    """Labels sentences and writes the results."""

    def __init__(self, tagger: "Tagger", to: str, file: IO[bytes] | None, keep: bool) -> None:
        self.tagger = tagger
        self.keep = keep
        self._file = file
        self._format: Callable[[Tagged], Iterable[str]] = {"line": self._line, "tsv": _tsv, "jsonl": _json}[to]
        # A line for people is printable already, and may have colours.
        self._put = self._put_in_file if file else sys.stdout.write if to == "line" else show.data
        in_blocks = to == "tsv" and not tagger.nbest
        # The results are strings if they are formatted in blocks.
        self.label_texts: Callable[[Iterable[str]], Iterable[Tagged | str]] = (
            tagger.tsv if in_blocks else tagger.stream
        )
        self.label_sentences: Callable[[Iterable[Any]], Iterable[Tagged | str]] = (
            self._label_beside if keep else tagger.tsv_sentences if in_blocks else tagger.stream_sentences
        )
        self.results = 0

    @property
    def is_on_terminal(self) -> bool:
        """Whether people see the results at once."""
        return not self._file and sys.stdout.isatty()

    def write(self, results: "Iterable[Tagged | str]", after_each: Callable[[], None] = lambda: None) -> None:
        """Write results; a function is called after each."""
        for result in results:
            self.results += 1
            for piece in [result] if isinstance(result, str) else self._format(result):
                self._put(piece)
            after_each()

    def flush(self) -> None:
        """Let the reader of stdout see what was written."""
        if not self._file:
            sys.stdout.flush()

    def _label_beside(self, sentences: "Iterable[Sentence]") -> Iterator[str]:
        """Label sentences of a file; every column of each token is kept, and its tag comes last."""
        from rnncli.data.formats.tsv import format_sentence

        waiting: deque[Sentence] = deque()

        def remembered() -> "Iterator[Sentence]":
            for sentence in sentences:
                waiting.append(sentence)
                yield sentence

        for tagged in self.tagger.stream_sentences(remembered()):
            cells = waiting.popleft().extra.cells or [(token.text,) for token in tagged.tokens]
            tags = (token.tag for token in tagged.tokens)
            yield format_sentence((*row, tag) for row, tag in zip(cells, tags, strict=True))

    def _put_in_file(self, text: str) -> None:
        assert self._file
        self._file.write(text.encode("utf-8"))

    def _line(self, result: "Tagged") -> Iterable[str]:
        if result.readings:
            return [
                f"{r.probability:.4f}  {self._marked(result.read_as(r, self.tagger.model.scheme))}\n"
                for r in result.readings
            ]
        return [self._marked(result) + "\n"]

    def _marked(self, result: "Tagged") -> str:
        if not self.tagger.model.scheme.has_spans:
            marks = [(token.start, token.end, token.tag) for token in result.tokens]
        else:
            marks = [(span.start, span.end, span.type) for span in result.spans]
        return show.labelled_line(result.text, marks, self.is_on_terminal)


def _label_file(writer: _Writer, source: str, options: ReadOptions, force: bool) -> None:
    """Label the texts or the sentences of a file and write the results."""
    from rnncli.data.formats.format import Wanted
    from rnncli.data.reading import reading
    from rnncli.data.watch import Watch

    waiting: list[Any] = []
    label = writer.label_texts

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
    wanted = Wanted(labelled=False, cells=writer.keep, force=force)
    with show.progress() as progress, reading(source, options, wanted, at_once=True, watch=watch) as file:
        show.note(file.description)
        if file.format == "text":
            items: Iterable[Any] = (sentence.extra.text or "" for sentence in file.sentences)
        else:
            label = writer.label_sentences
            items = _checked(writer.tagger, file, source == "-", force)
        if source == "-":
            _collect(items, waiting, answer)
        elif writer.is_on_terminal:
            writer.write(label(items))
        else:
            writer.write(label(items), lambda: progress.update(watch.share, f"labelling {source}"))


def _checked(tagger: "Tagger", file: "File", is_piped: bool, force: bool) -> "Iterator[Sentence]":
    """The sentences of a file, whose columns must be those of the model; of a pipe only the first is awaited."""
    from rnncli.data.plausibility import peeked
    from rnncli.tagging import check_file

    first, sentences = peeked(file.sentences, 1 if is_piped else CHECKED_TOKENS)
    check_file(tagger.model, file.name, first, force)
    return sentences


def _collect(items: Iterable[Any], waiting: list[Any], answer: Callable[[], None]) -> None:
    """Collect the items of stdin and answer when there are many or an error ends them.

    A fast pipe is labelled in large blocks. When it is empty, ``answer`` is called by its watch.
    """
    try:
        for item in items:
            waiting.append(item)
            if len(waiting) == MOST_WAITING:
                answer()
    except RnncliError:
        answer()
        raise
    answer()


def _tsv(result: "Tagged") -> Iterable[str]:
    from rnncli.data.formats.tsv import format_sentence

    if not result.readings:  # a line without tokens
        return [format_sentence([])]
    texts = [token.text for token in result.tokens]
    sentences = []
    for rank, reading in enumerate(result.readings, 1):
        probability = f"{reading.probability:.6g}"
        rows = [(token, str(rank), probability, tag) for token, tag in zip(texts, reading.tags, strict=True)]
        sentences.append(format_sentence(rows))
    return sentences


def _json(result: "Tagged") -> Iterable[str]:
    if len(result.tokens) > JSON_ITEMS:
        return _json_in_pieces(result)
    return [show.json_line(result.as_dict())]


def _json_in_pieces(result: "Tagged") -> Iterator[str]:
    """The same JSON in pieces: as one string, that of a long text would take several times its memory."""
    lists: dict[str, list[Any]] = {"tokens": result.tokens, "spans": result.spans}
    if result.readings:
        lists["nbest"] = result.readings
    for number, (name, items) in enumerate(lists.items()):
        yield f'{", " if number else "{"}"{name}": ['
        for first in range(0, len(items), JSON_ITEMS):
            piece = [item._asdict() for item in items[first : first + JSON_ITEMS]]
            yield (", " if first else "") + show.json_line(piece)[1:-2]
        yield "]"
    yield "}\n"
