"""``rnncli inspect-memory``: the memory of the network, token by token, and what its tags depend on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rnncli.cli import files, show
from rnncli.cli.options import (
    ForceOption,
    ModelOption,
    OverwriteOption,
    command,
    find_model,
    refuse_file_name,
)
from rnncli.cli.printable import printable_values
from rnncli.config import ReadOptions
from rnncli.errors import UsageError

if TYPE_CHECKING:
    from rnncli.data.reading import Corpus
    from rnncli.model import Model


# Times weights, from which a text takes more than some seconds.
MANY_PAIRS = 1e10

TextsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="One text, or two to compare.", show_default=False),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="WORD|N",
        help="Show what this token's tag rests on: a word, or a number from 1; else every tagged span.",
    ),
]
MeasureOption = Annotated[
    Literal["gradient", "contribution", "ablation"],
    typer.Option(help="The measure of what a tag rests on; JSON and the page have all three."),
]
MatrixOption = Annotated[bool, typer.Option("--matrix", help="Show what every token's tag rests on.")]
DetailsOption = Annotated[
    bool, typer.Option("--details", help="Also how far the measures agree, and which units hardly do anything.")
]
CorpusOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Labelled file: how far the whole model remembers, in numbers."),
]
UnitOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="The contexts of --corpus that drive this unit most, up and down."),
]
MemoryOption = Annotated[str, typer.Option(metavar="NAME", help='Where --unit is: "layer 1 forward", "output", …')]
CompareOption = Annotated[
    Path | None, typer.Option(metavar="MODEL", help="Another model to show beside this one.", show_default=False)
]
HtmlOption = Annotated[str | None, typer.Option(metavar="FILE", help="Write one page that shows all of it.")]
SvgOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write a figure of what tags rest on: of --target, or of every token."),
]


@command("inspect-memory")
def inspect_memory(
    texts: TextsArgument = None,
    target: TargetOption = None,
    measure: MeasureOption = "ablation",
    matrix: MatrixOption = False,
    details: DetailsOption = False,
    corpus: CorpusOption = None,
    unit: UnitOption = None,
    memory: MemoryOption = "",
    compare: CompareOption = None,
    html: HtmlOption = None,
    svg: SvgOption = None,
    model: ModelOption = None,
    force: ForceOption = False,
    overwrite: OverwriteOption = False,
    json_output: bool = False,
    *,
    options: ReadOptions,
) -> None:
    """Show the memory of a network, and what tags rest on.

    One text is shown with the tokens that each tagged span rests on and a heat map of the memories; two are shown
    side by side, with where their memories and their tags part. Without a text it is the model's own example pair;
    with --corpus and no text, the model as a whole.

    What a tag rests on is shown by one of three measures of the tag's score. ablation: how much it falls when the
    token is replaced by the unknown word. contribution: the token's share of it, by integrated gradients. gradient:
    how steeply it changes with the token's input.

    Example: rnncli inspect-memory "arrive Taipei" "leave Taipei"

    Example: rnncli inspect-memory "leave Taipei" --target Taipei --html page.html

    Example: rnncli inspect-memory "leave Taipei" --matrix --svg figure.svg
    """
    from rnncli.modelfile import load

    if unit is not None and corpus is None:
        raise UsageError(
            "--unit needs --corpus FILE", hint="the contexts that drive it are those of a labelled file"
        )
    if memory and unit is None:
        raise UsageError("--memory needs --unit", hint="give --unit N")
    if svg is not None and corpus is not None and not texts:
        raise UsageError("--svg draws a text, and there is none", hint="give a text with --corpus")
    path = find_model(model)
    loaded = load(path)
    compared = None if compare is None else load(compare)
    chosen = _texts(loaded, texts, corpus)
    for text in texts or [] if not force else []:
        refuse_file_name(text, "--corpus")
    labelled = None if corpus is None else files.read_for(loaded, corpus, options, force)
    document = _document(loaded, chosen, labelled, unit, memory, compared)
    document["model"]["file"] = path.name
    if compare is not None:
        document["compare"]["model"]["file"] = compare.name
    targets = _targets(document["texts"], target)
    _write(document, html, svg, measure, None if matrix or target is None else targets)
    if json_output:
        show.data(show.json_line(document))
    elif "-" not in (html, svg):
        _draw(document, measure, targets, matrix, details, target is not None)


def _texts(model: "Model", texts: list[str] | None, corpus: str | None) -> list[str]:
    """The texts to show: the arguments, else the model's example pair; with a corpus and no argument none."""
    chosen = texts or ([] if corpus is not None else model.provenance.get("examples") or [])
    if not (corpus is not None and not chosen) and not 1 <= len(chosen) <= 2:
        raise UsageError(f"expected one text or two, got {len(chosen)}", hint="put each text in quotes")
    return chosen


def _document(
    model: "Model",
    texts: list[str],
    corpus: "Corpus | None",
    unit: int | None,
    memory: str,
    compared: "Model | None",
) -> dict[str, Any]:
    from rnncli.inspect.document import Question, document
    from rnncli.inspect.progress import pairs

    sentences = [] if corpus is None else corpus.sentences
    if sentences:
        show.note(f"running over {len(sentences):,} sentences …")
    lengths = [len(model.cut(text)) for text in texts]
    if pairs(model, lengths) > MANY_PAIRS:
        show.note(f"{max(lengths):,} tokens: every tag is compared with every token, which may take minutes")
    question = Question(texts, sentences, None if unit is None else unit - 1, memory)
    with show.progress("running …", at_once=bool(sentences)) as progress:
        return document(model, question, compared, progress.update)


def _targets(texts: list[dict[str, Any]], target: str | None) -> list[list[int]]:
    """The tokens of each text that ``--target`` names, from 0; without it the first token of every span.

    Without spans it is every token with a tag other than O, or, where all tags are O, every token.
    """
    targets = [_tagged(text) if target is None else _named(text, target) for text in texts]
    if texts and not any(targets):
        tokens = [" ".join(f"{n}:{token['text']}" for n, token in enumerate(text["tokens"], 1)) for text in texts]
        raise UsageError(f'no token is "{target}"', hint="the tokens are " + " | ".join(tokens))
    return targets


def _tagged(text: dict[str, Any]) -> list[int]:
    if text["spans"]:
        return [span["start"] for span in text["spans"]]
    tagged = [number for number, token in enumerate(text["tokens"]) if token["tag"] != "O"]
    return tagged or list(range(len(text["tokens"])))


def _named(text: dict[str, Any], target: str) -> list[int]:
    """The tokens that are this word; else the token with this number."""
    tokens = [number for number, token in enumerate(text["tokens"]) if token["text"] == target]
    if not tokens:
        tokens = [number for number in range(len(text["tokens"])) if target == str(number + 1)]
    return tokens


def _write(
    document: dict[str, Any], html: str | None, svg: str | None, measure: str, targets: list[list[int]] | None
) -> None:
    """Write the page and the figure where they are asked for; ``-`` is stdout."""
    if html is None and svg is None:
        return
    from rnncli.inspect import page

    if html is not None:
        show.put(html, page.render(document))
    if svg is not None:
        show.put(svg, page.figure(document, measure, targets))


def _draw(
    document: dict[str, Any],
    measure: str,
    targets: list[list[int]],
    matrix: bool,
    details: bool,
    has_target: bool,
) -> None:
    from rnncli.cli import connectivity_views, corpus_views, memory_views

    document = printable_values(document)  # first, because the drawing measures the words
    texts = document["texts"]
    if texts and not texts[0]["memories"]:
        arch = document["model"]["arch"]
        show.note(f"{arch} keeps nothing in memory: every tag depends only on the tokens of its window")
    if len(texts) == 2:
        memory_views.contrast(document)
        position = document["parts_at"]["decision"]
        if not has_target and position is not None:  # show why the first two different tags differ
            targets = [[number] for number in document["alignment"][position]]
    elif texts:
        memory_views.decisions(document)
    memory_views.heat_maps(document, details)
    connectivity_views.lines(document, measure, targets, details)
    if matrix:
        connectivity_views.matrix(document, measure)
    if "corpus" in document:
        corpus_views.corpus(document)
