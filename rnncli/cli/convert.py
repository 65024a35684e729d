"""``rnncli convert``: write a labelled file in another format or another tag scheme."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncli.cli import show
from rnncli.cli.options import ForceOption, OverwriteOption, command
from rnncli.cli.printable import printable
from rnncli.config import FORMATS, ReadOptions, SpanScheme, TargetName, is_tokenizer
from rnncli.errors import DataError, UsageError

if TYPE_CHECKING:
    from rnncli.data.conversion import Conversion
    from rnncli.data.formats.format import Format, Wanted
    from rnncli.data.sentence import Sentence


@command("convert")
def convert(
    source: Annotated[
        str, typer.Argument(metavar="IN", help="Labelled sentences; - is stdin.", show_default=False)
    ],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="The new file, packed if its name ends in .gz, .xz or .zst; - is stdout.",
            show_default=False,
        ),
    ],
    to: Annotated[
        TargetName | None,
        typer.Option(help="Format of OUT; without it the suffix of OUT decides.", show_default=False),
    ] = None,
    scheme: Annotated[
        SpanScheme | None,
        typer.Option(help="Write the same spans with tags of another scheme.", show_default=False),
    ] = None,
    tokenizer: Annotated[
        str, typer.Option(help="How texts with spans are cut into tokens, as in rnncli train.")
    ] = "auto",
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    json_output: bool = False,
    *,
    reading: ReadOptions,
) -> None:
    """Write a labelled file in another format or tag scheme.

    The format of IN is recognised by its content. OUT gets its name only when it is complete. What the new format
    cannot hold is said at the end. The formats doccano, prodigy, label-studio and entities hold texts with spans.

    Example: rnncli convert train.conll train.jsonl

    Example: rnncli convert annotations.json train.tsv --scheme IOBES
    """
    from rnncli.data.formats.format import Wanted
    from rnncli.data.formats.registry import FORMATS as ROWS

    target = ROWS[format_of(out, to)]
    if scheme and target.scheme:
        raise UsageError(f"{target.name} holds spans and no tags", hint="leave out --scheme")
    if tokenizer != "auto" and not is_tokenizer(tokenizer):
        hint = "for example whitespace, characters, words"
        raise UsageError(f'--tokenizer: "{tokenizer}" is no tokenizer', hint=hint)
    wanted = Wanted(tokenizer=tokenizer, labelled=reading.format != "text", cells=True, force=force)
    conversion = _converted(source, out, target, scheme, reading, wanted)
    _report(conversion, out, json_output)


def _converted(
    source: str, out: str, target: "Format", scheme: str | None, options: ReadOptions, wanted: "Wanted"
) -> "Conversion":
    """Read ``source`` and write ``out``."""
    from rnncli.data.conversion import Conversion
    from rnncli.data.reading import reading
    from rnncli.data.respelling import respelling
    from rnncli.data.tags import Scheme
    from rnncli.data.watch import Watch

    to_scheme = scheme or (Scheme(target.scheme) if target.scheme else None)
    conversion = Conversion(target)
    first_share = 0.0  # of the time, for a first reading
    with show.progress(f"writing {out}") as progress, writer(out) as write:

        def show_share(share: float) -> None:
            progress.update(first_share + (1 - first_share) * share, f"{conversion.sentences:,} sentences")

        watch = Watch(after_read=show_share)
        with reading(source, options, wanted, at_once=out == "-", watch=watch) as file:
            show.note(file.description)
            sentences: Iterable[Sentence] = file.sentences
            if to_scheme and not Path(source).is_file():  # stdin and pipes cannot be read twice
                sentences = list(sentences)
                conversion.respelling = respelling(to_scheme, (s.tags for s in sentences), file.name)
            elif to_scheme:  # the scheme is recognised by all tags, so the file is read twice
                first_share = 0.5
                first_watch = Watch(after_read=lambda share: progress.update(share / 2, "reading the tags"))
                with reading(source, options, wanted, watch=first_watch) as first:
                    conversion.respelling = respelling(to_scheme, (s.tags for s in first.sentences), file.name)
            for piece in conversion.write(sentences, file.names):
                write(piece)
        if not conversion.sentences:
            raise DataError("no sentence in this file", where=file.name)
        if not conversion.tokens and "text" not in target.keeps:
            raise DataError(f"these are texts without tokens, which {target.name} cannot hold", where=file.name)
    return conversion


def format_of(out: str, to: str | None) -> str:
    """The format of the new file by --to, else by the suffix of its name."""
    from rnncli.data.formats.registry import SUFFIXES
    from rnncli.data.packing import SUFFIXES as PACKED

    if to is not None:
        return to
    path = Path(out.lower())
    suffix = path.with_suffix("").suffix if path.suffix in PACKED else path.suffix
    if suffix not in SUFFIXES:
        hint = f"name it by --to: {', '.join(FORMATS)}"
        raise UsageError(f'the name "{printable(out)}" does not say which format to write', hint=hint)
    return SUFFIXES[suffix]


@contextmanager
def writer(out: str) -> Iterator[Callable[[str], object]]:
    """Give a function that writes text to stdout, or to a file that gets its name when the block ends."""
    if out == "-":
        yield show.data
        return
    from rnncli import writing
    from rnncli.data.packing import packing

    with writing.writing(Path(out)) as file, packing(file, out) as packed:
        text = io.TextIOWrapper(packed, "utf-8", newline="")
        yield text.write
        text.detach()


def _report(conversion: "Conversion", out: str, json_output: bool) -> None:
    """Say what was written, and what could not be kept."""
    losses = conversion.losses()
    if losses:
        show.note(f"not kept in {conversion.target.name}: {', '.join(losses)}")
    respelling = conversion.respelling
    if respelling and respelling.source.name == "io":
        show.note("tags without B and I: neighbours with the same tag are one span")
    malformed = respelling.malformed if respelling else 0
    if malformed:
        show.note(f"warning: malformed tags ({malformed:,}); spans begin and end by the rules of conlleval")
    name = "stdout" if out == "-" else out
    show.written(f"{name}: {conversion.sentences:,} sentences, {conversion.tokens:,} tokens")
    if json_output:
        result = {
            "out": out,
            "format": conversion.target.name,
            "sentences": conversion.sentences,
            "tokens": conversion.tokens,
            "malformed": malformed,
            "not_kept": losses,
        }
        show.data(show.json_line(result))
