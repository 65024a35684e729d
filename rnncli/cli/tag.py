"""``rnncli tag``: label a text, or a file line by line."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli import show
from rnncli.cli.options import ModelOption, ThreadsOption, command, find_model
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.data.tags import Scheme
    from rnncli.tagging import Tagged, Tagger

JSON_ITEMS = 10_000  # tokens or spans that are formatted at once


@command("tag")
def tag(
    text: Annotated[str | None, typer.Argument(help="The text to label.", show_default=False)] = None,
    source: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="FILE", help="Label a file line by line; - is stdin."),
    ] = None,
    input_format: Annotated[
        Literal["text", "tsv"],
        typer.Option(
            help="What the file holds: one text on each line, or one token on each line and a blank line between "
            "sentences."
        ),
    ] = "text",
    output: Annotated[
        Literal["line", "tsv", "jsonl"],
        typer.Option(
            "--output", "-o", help="A readable line, lines of token<TAB>tag, or one JSON object on each line."
        ),
    ] = "line",
    nbest: Annotated[
        int,
        typer.Option(
            "--nbest", metavar="N", min=0, max=1000, help="The N most probable labellings of each sentence."
        ),
    ] = 0,
    model: ModelOption = None,
    threads: ThreadsOption = 0,
    json_output: bool = False,
) -> None:
    """Label a text, or every line of a file.

    There is one result for each line, in order, also for a line without tokens. With --nbest there are up to N
    results, each with the probability of all its tags together. A model that was trained on columns between token
    and tag needs these columns here too, so it accepts only --input-format tsv.

    Example: rnncli tag "leave Taipei on November 2nd"

    Example: rnncli tag --input requests.txt --output tsv
    """
    if (text is None) == (source is None):
        raise UsageError("give a text or --input FILE", hint='rnncli tag "leave Taipei on November 2nd"')
    from rnncli.modelfile import load
    from rnncli.tagging import Tagger

    tagger = Tagger(load(find_model(model)), threads, nbest)
    columns = tagger.model.inputs.columns
    if columns and (text is not None or input_format == "text"):
        number = "a column" if columns == 1 else f"{columns} columns"
        hint = "give a file that has it: --input FILE --input-format tsv"
        raise UsageError(f"this model reads {number} beside each token", hint=hint)
    output_format = "jsonl" if json_output else output
    scheme = tagger.model.scheme
    formatted = {"line": _line, "tsv": _tsv, "jsonl": _json}[output_format]
    as_tsv = output_format == "tsv" and not nbest
    for result in _labelled(tagger, text, source, input_format, as_tsv):
        for piece in [result] if isinstance(result, str) else formatted(result, scheme):
            show.data(piece)
        if sys.stdout.isatty():
            sys.stdout.flush()


def _labelled(
    tagger: "Tagger", text: str | None, source: str | None, input_format: str, as_tsv: bool
) -> "Iterator[Tagged | str]":
    """Label the text or the file. With ``as_tsv`` the results are strings to write, lines of token and tag."""
    label_texts = tagger.tsv if as_tsv else tagger.stream
    label_sentences = tagger.tsv_sentences if as_tsv else tagger.stream_sentences
    if source is None:
        yield from label_texts([text or ""])
        return
    from rnncli.data import tsv
    from rnncli.tagging import BLOCK_SENTENCES

    # At a terminal the user waits for the answer to each line.
    block = 1 if source == "-" and sys.stdin.isatty() else BLOCK_SENTENCES
    faults = tsv.Faults("stdin" if source == "-" else source)

    def until_fault(numbered_lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        for numbered_line in numbered_lines:
            faults.raise_any()
            yield numbered_line
        faults.raise_any()

    with tsv.opened(source) as file:
        lines = until_fault(tsv.lines(file, faults))
        if input_format == "text":
            yield from label_texts((text for _, text in lines), block)
        else:
            sentences = tsv.parse(lines, faults, labelled=False)
            yield from label_sentences(sentences, block)
            faults.raise_any()


def _line(result: "Tagged", scheme: "Scheme") -> Iterable[str]:
    if result.readings:
        return [f"{r.probability:.4f}  {_marked(result.read_as(r, scheme), scheme)}\n" for r in result.readings]
    return [_marked(result, scheme) + "\n"]


def _marked(result: "Tagged", scheme: "Scheme") -> str:
    if not scheme.has_spans:
        marks = [(token.start, token.end, token.tag) for token in result.tokens]
    else:
        marks = [(span.start, span.end, span.type) for span in result.spans]
    return show.labelled_line(result.text, marks)


def _tsv(result: "Tagged", scheme: "Scheme") -> Iterable[str]:
    from rnncli.data.tsv import format_sentence

    if not result.readings:  # a line without tokens
        return [format_sentence([])]
    texts = [token.text for token in result.tokens]
    return [format_sentence(zip(texts, reading.tags, strict=True)) for reading in result.readings]


def _json(result: "Tagged", scheme: "Scheme") -> Iterable[str]:
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
